"""Needs attention: what a vendor refused or said that could not be acted on, texts after a stop, reassigned numbers."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from contacts_ui.forms.attention import (
    AttentionForm,
    CloseForm,
    CloseTextForm,
    MatchForm,
    SettleForm,
)
from contacts_ui.models import SentText, WebhookEvent, Wish
from contacts_ui.models.wish import WishState
from contacts_ui.permissions import may
from contacts_ui.phone import pretty
from contacts_ui.services.consent import vendor_doors
from contacts_ui.services.consent.vendor_doors import AlreadyDecided, NotRefusedNow
from contacts_ui.services.consent.verdicts import STATUS_WORDS
from contacts_ui.services.messages import sent
from contacts_ui.services.review import attention, texted
from contacts_ui.services.review.attention import Refusal, Unplaced
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.text_words import text_in_words


@require_safe
@permission("review_opt_outs")
def attention_list(request: StaffRequest) -> HttpResponse:
    """List what waits until a person decides: refusals, events, texts after a stop, reassigned numbers."""
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
        tried = vendor_doors.try_again(
            staff=request.user, pk=pk, version=form.cleaned_data["version"]
        )
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
        settled = vendor_doors.settle(
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


@require_POST
@permission("review_opt_outs")
@permission("stop_texts")
def attention_match(request: StaffRequest, pk: int) -> HttpResponse:
    """Record an event as the stop of the number that was typed."""
    form = MatchForm(request.POST, auto_id=_event_id(pk))
    try:
        if not form.is_valid():
            WebhookEvent.objects.get(pk=pk)
            return _page(request, match=(pk, form), status=422)
        number = form.cleaned_data["number"]
        judgement = attention.match(staff=request.user, pk=pk, number=number)
    except WebhookEvent.DoesNotExist as error:
        raise Http404 from error
    except AlreadyDecided as late:
        return _already_decided(request, late.event)
    messages.success(request, f"{pretty(number)}: {judgement.reason}")
    return redirect("attention")


@require_POST
@permission("review_opt_outs")
def attention_close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close an event, with a reason."""
    form = CloseForm(request.POST, auto_id=_event_id(pk))
    try:
        if not form.is_valid():
            WebhookEvent.objects.get(pk=pk)
            return _page(request, close=(pk, form), status=422)
        vendor_doors.close_event(staff=request.user, pk=pk, reason=form.cleaned_data["reason"])
    except WebhookEvent.DoesNotExist as error:
        raise Http404 from error
    except AlreadyDecided as late:
        return _already_decided(request, late.event)
    messages.success(request, "Closed. Your reason is in the audit log.")
    return redirect("attention")


@require_POST
@permission("review_opt_outs")
def attention_text_close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close the alarm about a text, with a note on what was done."""
    form = CloseTextForm(request.POST, auto_id=_text_id(pk))
    try:
        if not form.is_valid():
            SentText.objects.get(pk=pk)
            return _page(request, close_text=(pk, form), status=422)
        closed = sent.close(staff=request.user, pk=pk, note=form.cleaned_data["note"])
    except SentText.DoesNotExist as error:
        raise Http404 from error
    except sent.AlreadyClosed as late:
        by = late.text.closed_by_name
        who = f"{by} closed it already." if by else "There is no open alarm about this text."
        messages.warning(request, f"No changes. {who}")
        return redirect("attention")
    messages.success(request, f"{pretty(closed.number)}: closed. Your note is in the audit log.")
    return redirect("attention")


def _already_decided(request: StaffRequest, event: WebhookEvent) -> HttpResponse:
    by = event.decided_by_name
    who = f"{by} decided already." if by else "It does not need a decision anymore."
    messages.warning(request, f"No changes. {who}")
    return redirect("attention")


def _page(
    request: StaffRequest,
    *,
    complaint: tuple[int, SettleForm] | None = None,
    match: tuple[int, MatchForm] | None = None,
    close: tuple[int, CloseForm] | None = None,
    close_text: tuple[int, CloseTextForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    rows = [_row(each, complaint) for each in attention.refusals()]
    events = [_event(each, match, close) for each in attention.unplaced()]
    texts = [_text(each, close_text) for each in texted.of_texts(sent.alarms())]
    passed_on = attention.reassigned()
    context = {
        "rows": rows,
        "events": events,
        "texts": texts,
        "passed_on": passed_on,
        "count": len(rows) + len(events) + len(texts) + len(passed_on),
        "may_stop": may(request.user, "stop_texts"),
    }
    return TemplateResponse(request, "attention/list.html", context, status=status)


def _event(
    found: Unplaced, match: tuple[int, MatchForm] | None, close: tuple[int, CloseForm] | None
) -> dict[str, Any]:
    pk = found.event.pk
    initial = {"number": pretty(found.number)} if found.number else {}
    own_match = match[1] if match and match[0] == pk else None
    own_close = close[1] if close and close[0] == pk else None
    return {
        "found": found,
        "event": found.event,
        "match_form": own_match or MatchForm(initial=initial, auto_id=_event_id(pk)),
        "close_form": own_close or CloseForm(auto_id=_event_id(pk)),
        "match_opened": bool(own_match),
        "close_opened": bool(own_close),
    }


def _text(found: texted.Texted, complaint: tuple[int, CloseTextForm] | None) -> dict[str, Any]:
    pk = found.text.pk
    own = complaint[1] if complaint and complaint[0] == pk else None
    return {
        **text_in_words(found),
        "form": own or CloseTextForm(auto_id=_text_id(pk)),
        "opened": bool(own),
    }


def _text_id(pk: int) -> str:
    return f"text-{pk}-%s"


def _event_id(pk: int) -> str:
    return f"event-{pk}-%s"


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
    return reverse("number-detail", args=[wish.number])


def _answered(wish: Wish) -> str:
    if wish.state == WishState.CONFIRMED:
        return "confirmed it."
    if wish.state == WishState.REFUSED:
        return f"refused it again: “{wish.answer}”"
    return "has not answered yet. It is on its way."


def _what_became(wish: Wish) -> str:
    """How it stands, for a person who comes too late."""
    words = {
        WishState.CONFIRMED: "it is confirmed by now.",
        WishState.ON_ITS_WAY: "it is on its way again already.",
        WishState.SETTLED: "it was settled by hand already.",
        WishState.EXPIRED: "it has expired.",
        WishState.REFUSED: "it was tried again meanwhile and refused once more. Look at it anew.",
    }
    return f"{_who(wish)}: nothing was changed; {words[WishState(wish.state)]}"
