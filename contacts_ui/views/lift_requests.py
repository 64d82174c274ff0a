"""Asking for a stop to be lifted, and deciding about it."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts_ui.forms import DecisionForm, LiftRequestFilterForm, LiftRequestForm
from contacts_ui.models import LiftRequest
from contacts_ui.models.ledger import Channel
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.permissions import Staff
from contacts_ui.services import lift_requests, lifting
from contacts_ui.services.consent import Seen, judge_one
from contacts_ui.services.troubles import VendorError
from contacts_ui.services.verdicts import STATUS_WORDS
from contacts_ui.views.addresses import safe_next, with_changes
from contacts_ui.views.consent_answer import (
    answer,
    home_of,
    out_of_the_dialog,
    panel_now,
    panel_of,
    read_now,
    receipt_words,
    unavailable,
    view_of,
)
from contacts_ui.views.consent_panel import UNREADABLE_NUMBER
from contacts_ui.views.guards import StaffRequest, permission

PAGE = 50
ALREADY_ASKED = "A request for this number is waiting already. A manager decides about it."
NOTHING_TO_LIFT = "Nobody holds a stop for this number, so there is nothing to lift."
OWN_REQUEST = "You asked for this yourself, so somebody else decides about it."


@require_http_methods(["GET", "HEAD", "POST"])
@permission("ask_lift")
def ask_lift(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Ask the managers to lift the stop of one person, with the evidence of consent."""
    try:
        seen = read_now(contact_id)
    except VendorError as error:
        return unavailable(request, contact_id, error)
    form = LiftRequestForm(request.POST if request.method == "POST" else None)
    if form.is_bound and not seen.number:
        form.add_error(None, UNREADABLE_NUMBER)
    if not form.is_bound or not form.is_valid():
        return _ask_page(request, seen, form)
    try:
        lifting.ask(
            staff=request.user,
            seen=seen,
            status=form.cleaned_data["status"],
            evidence=form.evidence(),
        )
    except lifting.AlreadyAsked:
        form.add_error(None, ALREADY_ASKED)
        return _ask_page(request, seen, form, status=409)
    except lifting.NothingToLift:
        form.add_error(None, NOTHING_TO_LIFT)
        return _ask_page(request, seen, form, status=409)
    if request.htmx:
        shown = panel_of(request, seen, judge_one(seen), asked=True, receipt=True)
        return out_of_the_dialog(answer(request, shown), contact_id)
    messages.success(request, f"{seen.label}: asked for. A manager decides.")
    return redirect(home_of(request, contact_id))


def _ask_page(
    request: StaffRequest, seen: Seen, form: LiftRequestForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "consent": panel_now(request, seen),
        "form": form,
        "form_url": reverse("ask-lift", args=[seen.contact_id]),
        "heading": f"Ask to text {seen.label} again?",
        "submit": "Ask a manager",
        "view": view_of(request),
        "here": home_of(request, seen.contact_id),
        "explanation": (
            "Only with their own consent. They stay stopped until a manager has approved it; "
            "your name and this evidence go into the ledger."
        ),
    }
    template = "contacts/consent.html#dialog" if request.htmx else "contacts/consent.html"
    return TemplateResponse(
        request, template, context, status=422 if form.errors and status == 200 else status
    )


@require_POST
@permission("ask_lift")
def lift_request_withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take one's own request back."""
    home = reverse("contact-list")
    try:
        withdrawn = lifting.withdraw(staff=request.user, pk=pk)
    except LiftRequest.DoesNotExist as error:
        raise Http404 from error
    except lifting.NotTheirs:
        messages.error(request, "Only who asked for it can withdraw it.")
        return redirect(safe_next(request, home))
    except lifting.AlreadyDecided as late:
        messages.warning(request, _what_became(late.request))
        return redirect(safe_next(request, home))
    messages.success(request, "Your request is withdrawn. They stay stopped.")
    return redirect(safe_next(request, _person(withdrawn) or home))


@require_safe
@permission("lift_stops")
def lift_request_list(request: StaffRequest) -> HttpResponse:
    """What waits for a decision, the oldest first, and below it what was decided."""
    return _list_page(request)


@require_POST
@permission("lift_stops")
def lift_request_decision(request: StaffRequest, pk: int) -> HttpResponse:
    """Approve a request, or decline it with a note."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _list_page(request, complaint=(pk, form), status=422)
    note = form.cleaned_data["note"]
    try:
        if form.cleaned_data["decision"] == DecisionForm.DECLINE:
            declined = lifting.decline(staff=request.user, pk=pk, note=note)
            messages.success(request, f"{declined.label}: declined. They stay stopped.")
        else:
            approved, judgement = lifting.approve(staff=request.user, pk=pk, note=note)
            messages.success(request, f"{approved.label}: approved. {receipt_words(judgement)}")
    except LiftRequest.DoesNotExist as error:
        raise Http404 from error
    except lifting.OwnRequest:
        messages.error(request, OWN_REQUEST)
        return _list_page(request, status=403)
    except lifting.AlreadyDecided as late:
        messages.warning(request, f"{late.request.label}: {_what_became(late.request)}")
        return _list_page(request, status=409)
    return redirect(safe_next(request, reverse("lift-request-list")))


def _list_page(
    request: StaffRequest,
    *,
    complaint: tuple[int, DecisionForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    filters = LiftRequestFilterForm(request.GET)
    wanted = filters.wanted()
    page = Paginator(lift_requests.decided(wanted), PAGE).get_page(request.GET.get("page"))
    context = {
        "filter_form": filters,
        "filtered": bool(request.GET.keys() - {"page"}),
        "waiting": [_row(request.user, each, complaint) for each in lift_requests.waiting(wanted)],
        "decided": [_row(request.user, each) for each in page],
        "newer_url": with_changes(request, page=page.number - 1) if page.has_previous() else "",
        "older_url": with_changes(request, page=page.number + 1) if page.has_next() else "",
        "total": page.paginator.count,
        "here": request.get_full_path() if request.method != "POST" else "",
        "own_request": OWN_REQUEST,
        "expires_days": settings.LIFT_REQUEST_EXPIRES_DAYS,
    }
    return TemplateResponse(request, "lift_requests/list.html", context, status=status)


def _row(
    staff: Staff, asked: LiftRequest, complaint: tuple[int, DecisionForm] | None = None
) -> dict[str, Any]:
    form = complaint[1] if complaint and complaint[0] == asked.pk else DecisionForm()
    return {
        "request": asked,
        "wants": STATUS_WORDS.get(asked.opt_in_status, asked.opt_in_status),
        "channel": Channel(asked.consent_channel).label.lower(),
        "state": LiftRequestState(asked.state).label,
        "person_url": _person(asked),
        "form": form,
        "may_approve": lifting.may_approve(staff, asked),
    }


def _person(asked: LiftRequest) -> str:
    if asked.contact_id:
        return reverse("contact-detail", args=[asked.contact_id])
    return f"{reverse('contact-list')}?{urlencode({'q': asked.number})}"


def _what_became(asked: LiftRequest) -> str:
    """Who decided first, for somebody who comes too late."""
    who = f" by {asked.decided_by_name}" if asked.decided_by_name else ""
    note = f" “{asked.note}”" if asked.note else ""
    return f"nothing was changed: it was {asked.get_state_display().lower()}{who} already.{note}"
