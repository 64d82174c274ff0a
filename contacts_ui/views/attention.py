"""Needs attention: what a vendor refused, to be tried again or settled by hand."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from contacts_ui.forms.attention import AttentionForm, SettleForm
from contacts_ui.models import Wish
from contacts_ui.models.wish import WishState
from contacts_ui.phone import pretty
from contacts_ui.services import attention
from contacts_ui.services.attention import NotRefusedNow, Refusal
from contacts_ui.services.verdicts import STATUS_WORDS
from contacts_ui.views.guards import StaffRequest, permission


@require_safe
@permission("review_opt_outs")
def attention_list(request: StaffRequest) -> HttpResponse:
    """Everything that a vendor refused and nobody has seen to yet."""
    return _page(request)


@require_POST
@permission("review_opt_outs")
def attention_retry(request: StaffRequest, pk: int) -> HttpResponse:
    """Send it to the vendor once more."""
    form = AttentionForm(request.POST)
    try:
        refused = attention.refusal(pk)
        if not form.is_valid():
            return _page(request, status=422)
        tried = attention.try_again(staff=request.user, pk=pk, version=form.cleaned_data["version"])
    except Wish.DoesNotExist as error:
        raise Http404 from error
    except NotRefusedNow as late:
        messages.warning(request, _what_became(late.wish))
        return redirect("attention")
    level = messages.WARNING if tried.state == WishState.REFUSED else messages.SUCCESS
    messages.add_message(request, level, f"{_who(tried)}: {refused.vendor} {_answered(tried)}")
    return redirect("attention")


@require_POST
@permission("review_opt_outs")
def attention_settle(request: StaffRequest, pk: int) -> HttpResponse:
    """Close it by hand, with a note."""
    form = SettleForm(request.POST, auto_id=_auto_id(pk))
    try:
        refused = attention.refusal(pk)
        if not form.is_valid():
            return _page(request, complaint=(pk, form), status=422)
        data = form.cleaned_data
        settled = attention.settle(
            staff=request.user, pk=pk, version=data["version"], note=data["note"]
        )
    except Wish.DoesNotExist as error:
        raise Http404 from error
    except NotRefusedNow as late:
        messages.warning(request, _what_became(late.wish))
        return redirect("attention")
    stays = " They stay stopped here." if settled.do_not_text else ""
    messages.success(request, f"{_who(settled)}: settled by hand for {refused.vendor}.{stays}")
    return redirect("attention")


def _page(
    request: StaffRequest, *, complaint: tuple[int, SettleForm] | None = None, status: int = 200
) -> HttpResponse:
    context = {"rows": [_row(each, complaint) for each in attention.refusals()]}
    return TemplateResponse(request, "attention/list.html", context, status=status)


def _row(refused: Refusal, complaint: tuple[int, SettleForm] | None) -> dict[str, Any]:
    wish = refused.wish
    form = SettleForm(initial={"version": wish.version}, auto_id=_auto_id(wish.pk))
    return {
        "refused": refused,
        "wish": wish,
        "wanted": _wanted(wish),
        "who": _who(wish),
        "asked_by": wish.ledger_entry.staff_name or "the dashboard",
        "person_url": _person_url(wish),
        "form": complaint[1] if complaint and complaint[0] == wish.pk else form,
        "opened": bool(complaint and complaint[0] == wish.pk),
    }


def _auto_id(pk: int) -> str:
    return f"settle-{pk}-%s"


def _wanted(wish: Wish) -> str:
    if wish.do_not_text:
        return "Stop texts"
    status = STATUS_WORDS.get(wish.opt_in_status, "")
    return f"Change to {status.lower()}" if status else "Allow texts again"


def _who(wish: Wish) -> str:
    return attention.label_of(wish) or pretty(wish.number)


def _person_url(wish: Wish) -> str:
    contact_id = wish.ledger_entry.contact_id
    if contact_id is not None:
        return reverse("contact-detail", args=[contact_id])
    return f"{reverse('contact-list')}?{urlencode({'q': wish.number})}"


def _answered(wish: Wish) -> str:
    if wish.state == WishState.CONFIRMED:
        return "confirmed it."
    if wish.state == WishState.REFUSED:
        return f"refused it again: “{wish.answer}”"
    return "has not answered yet. It is on its way."


def _what_became(wish: Wish) -> str:
    """How it stands, for somebody who comes too late."""
    words = {
        WishState.CONFIRMED: "it is confirmed by now.",
        WishState.ON_ITS_WAY: "it is on its way again already.",
        WishState.SETTLED: "somebody has settled it by hand already.",
        WishState.EXPIRED: "it has expired.",
        WishState.REFUSED: "it was tried again meanwhile and refused once more. Look at it anew.",
    }
    return f"{_who(wish)}: nothing was changed; {words[WishState(wish.state)]}"
