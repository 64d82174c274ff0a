"""Lift requests: the list of those that wait and were decided, your own, and deciding."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from contacts_ui.forms.lift_requests import DecisionForm, LiftRequestFilterForm
from contacts_ui.models import LiftRequest, Vendor
from contacts_ui.models.ledger import Channel
from contacts_ui.models.lift_request import LiftRequestKind, LiftRequestState
from contacts_ui.permissions import Staff, may
from contacts_ui.services.consent import disagreements, lift_requests
from contacts_ui.services.consent.rules import STATUS_WORDS, VENDOR_CLOCK_TOLERANCE, EvidenceRefused
from contacts_ui.services.consent.types import AlreadyDecided, Seen
from contacts_ui.services.review import inbox
from contacts_ui.services.vendors.vendor_errors import VendorError
from contacts_ui.sign_in.confirmation import ask, is_fresh
from contacts_ui.views.addresses import person_url, safe_next
from contacts_ui.views.consent_answer import read_now, receipt_words
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.opt_in import CANNOT_TELL, TEXT_START, seen_words, told_back_words
from contacts_ui.views.paging import Page, ids_in
from contacts_ui.views.statement_words import statement_in_words

UNDATED: Final = (
    "{} doesn't say when they wrote this, so it can't lift a stop. "
    "Ask them, and record their answer."
)
NOT_LATER: Final = (
    "This may be older than their newest stop, so it can't lift it. "
    "Ask them, and record their answer."
)
STARTED: Final = "Their carrier blocked texts to this number. Their START ends that block."
OWN_REQUEST: Final = "You asked for this yourself, so someone else decides about it."


@dataclass(frozen=True)
class Problem:
    """Why one request could not be decided: an error in its form, or a sentence. The form keeps what was typed."""

    pk: int
    form: DecisionForm | None = None
    sentence: str = ""


@require_POST
@permission("ask_lift")
def lift_request_withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Withdraw your own request."""
    home = reverse("contact-list")
    try:
        withdrawn = lift_requests.withdraw(staff=request.user, pk=pk)
    except LiftRequest.DoesNotExist as error:
        raise Http404 from error
    except lift_requests.NotTheirs:
        messages.error(request, "Only the person who asked can withdraw a request.")
        return redirect(safe_next(request, home))
    except AlreadyDecided as late:
        messages.warning(request, _decided_by(late.row))
        return redirect(safe_next(request, home))
    messages.success(request, f"Your request is withdrawn. {_stays(withdrawn)}")
    return redirect(safe_next(request, person_url(withdrawn.contact_id, withdrawn.number)))


@require_safe
@permission("lift_stops")
def lift_request_list(request: StaffRequest) -> HttpResponse:
    """List what waits for a decision, the oldest first, and below it what was decided."""
    return _list_page(request)


@require_safe
@permission("ask_lift")
def my_lift_requests(request: StaffRequest) -> HttpResponse:
    """List the reader's own requests and their decisions. Opening the page clears the badge."""
    own = lift_requests.own(request.user.pk)
    context = {"rows": request_rows(request.user, own), "here": request.path}
    if request.method == "GET" and lift_requests.mark_seen(request.user.pk):
        inbox.counts(fresh=True)
    return TemplateResponse(request, "lift_requests/mine.html", context)


@require_POST
@permission("lift_stops")
def lift_request_decision(request: StaffRequest, pk: int) -> HttpResponse:
    """Approve a request, or decline it with a note."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _list_page(request, problem=Problem(pk, form), status=422)
    declines = form.cleaned_data["decision"] == DecisionForm.DECLINE
    if not declines and not is_fresh(request):
        return ask(request)
    try:
        if declines:
            declined = lift_requests.decline(
                staff=request.user, pk=pk, note=form.cleaned_data["note"]
            )
            messages.success(request, f"{declined.label}: declined. {_stays(declined)}")
        else:
            _approve(request, pk, form)
    except LiftRequest.DoesNotExist as error:
        raise Http404 from error
    except lift_requests.OwnRequest:
        messages.error(request, OWN_REQUEST)
        return _list_page(request, status=403)
    except AlreadyDecided as late:
        messages.warning(request, f"{late.row.label}: {_decided_by(late.row)}")
        return _list_page(request, status=409)
    except EvidenceRefused as refused:
        return _list_page(request, problem=Problem(pk, form, refused.sentence), status=409)
    except lift_requests.CannotTell:
        return _list_page(request, problem=Problem(pk, form, CANNOT_TELL), status=409)
    return redirect(safe_next(request, reverse("lift-request-list")))


def _approve(request: StaffRequest, pk: int, form: DecisionForm) -> None:
    approved, judgment = lift_requests.approve(
        staff=request.user,
        pk=pk,
        note=form.cleaned_data["note"],
        seen=_as_read_now(LiftRequest.objects.get(pk=pk)),
        own_stops=ids_in(request.POST.getlist("own_stops")),
    )
    blocked = bool(lift_requests.blocked_by_carrier([approved.number]))
    words = f"{approved.label}: approved. {receipt_words(judgment)}"
    messages.success(request, f"{words} {_text_start(approved)}" if blocked else words)


def _as_read_now(asked: LiftRequest) -> Seen | None:
    """Return what SlickText says of the person now: a stop there that we don't know of also needs an answer."""
    if asked.state != LiftRequestState.WAITING or not asked.contact_id:
        return None
    try:
        return read_now(asked.contact_id)
    except (Http404, VendorError):
        return None


def _list_page(
    request: StaffRequest, *, problem: Problem | None = None, status: int = 200
) -> HttpResponse:
    filters = LiftRequestFilterForm(request.GET)
    wanted = filters.wanted()
    page, decided = Page.of(request), lift_requests.decided(wanted)
    rows = request_rows(request.user, decided[page.offset : page.offset + page.size])
    context = {
        "filter_form": filters,
        "filtered": bool(request.GET.keys() - {"offset"}),
        "waiting": request_rows(request.user, lift_requests.waiting(wanted), problem),
        # Stopped people who are subscribed at SlickText: by their own START, or someone else (rule 3).
        "seen_again": [
            {
                "row": each,
                "words": seen_words(each),
                "person_url": reverse("number-detail", args=[each.number]),
                "consent_url": reverse("number-opt-in", args=[each.number]),
            }
            for each in disagreements.subscribed_again()
        ],
        "may_stop": may(request.user, "stop_texts"),
        "decided": rows,
        **page.context(request, shown=len(rows), total=decided.count()),
        "here": request.get_full_path() if request.method != "POST" else "",
        "own_request": OWN_REQUEST,
        "expires_days": settings.LIFT_REQUEST_EXPIRES_DAYS,
        "deciders": lift_requests.deciders() if settings.FOUR_EYES else None,
    }
    return TemplateResponse(request, "lift_requests/list.html", context, status=status)


def request_rows(
    staff: Staff, requests: Iterable[LiftRequest], problem: Problem | None = None
) -> list[dict[str, Any]]:
    rows = list(requests)
    waiting = [each.number for each in rows if each.state == LiftRequestState.WAITING]
    told_back = lift_requests.told_back(waiting)
    # Why their START cannot be approved, and what to do.
    cannot = lift_requests.cannot_answer(
        each for each in rows if each.state == LiftRequestState.WAITING
    )
    too_old = {
        each.pk: UNDATED.format(each.texted_to) if each.undated else NOT_LATER
        for each in rows
        if each.pk in cannot
    }
    blocked = lift_requests.blocked_by_carrier(waiting)
    rights = {"names": True, "words": may(staff, "view_audit")}
    return [
        {
            "request": asked,
            "wants": wants(asked),
            "wrong_person": asked.kind == LiftRequestKind.WRONG_PERSON,
            "channel": Channel(asked.consent_channel).label.lower(),
            "state": LiftRequestState(asked.state).label,
            "person_url": person_url(asked.contact_id, asked.number),
            "stop": statement_in_words(asked.stop, **rights) if asked.stop else None,
            "told_back": told_back_words(told_back.get(asked.number, [])),
            "own_stops": {str(each) for each in asked.own_stops},
            "form": (problem and problem.pk == asked.pk and problem.form) or DecisionForm(),
            "problem": problem.sentence if problem and problem.pk == asked.pk else "",
            "may_approve": lift_requests.may_approve(staff, asked),
            "texted_at": _texted_at(asked),
            "answers_nothing": too_old.get(asked.pk, ""),
            "consent_url": reverse("opt-in", args=[asked.contact_id])
            if asked.contact_id
            else reverse("number-opt-in", args=[asked.number]),
            "text_start": _text_start(asked) if asked.number in blocked else "",
            "is_news": asked.decided_by_id != staff.pk,
        }
        for asked in rows
    ]


def wants(asked: LiftRequest) -> str:
    """Return what was asked for, in words."""
    if asked.kind == LiftRequestKind.WRONG_PERSON:
        return "we stopped the wrong person"
    status = STATUS_WORDS.get(asked.opt_in_status, asked.opt_in_status).lower()
    if asked.kind == LiftRequestKind.OPT_IN:
        return f"opt them in as {status}"
    return f"lift the stop, and set them to {status}"


def _texted_at(asked: LiftRequest) -> datetime:
    """Return when they texted START, as one moment; when it reached us if the vendor gives no time."""
    latest = asked.consent_until or asked.consent_at
    return latest if asked.undated else min(asked.consent_at + VENDOR_CLOCK_TOLERANCE, latest)


def _text_start(asked: LiftRequest) -> str:
    """Return what ends a carrier's block (rule 13): the START of this request, or one to come."""
    return STARTED if asked.texted_to == Vendor.CLOUDCONTACTAI.label else TEXT_START


def _stays(asked: LiftRequest) -> str:
    opt_in = asked.kind == LiftRequestKind.OPT_IN
    return "They are not opted in." if opt_in else "They stay stopped."


def _decided_by(asked: LiftRequest) -> str:
    """Return who decided first."""
    who = f" by {asked.decided_by_name}" if asked.decided_by_name else ""
    note = f" “{asked.note}”" if asked.note else ""
    return f"no changes. It was already {asked.get_state_display().lower()}{who}.{note}"
