"""Opt a person in with evidence, or ask a second person to; and *We stopped the wrong person*."""

from typing import Any, Final, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.views.decorators.http import require_http_methods, require_POST

from contacts_ui.forms.consent import LiftForm, WrongPersonForm
from contacts_ui.models import Disagreement, Statement
from contacts_ui.models.ledger import Channel
from contacts_ui.models.lift_request import LiftRequestKind
from contacts_ui.permissions import Staff, may
from contacts_ui.services.consent import disagreements, lift_requests, record
from contacts_ui.services.consent.opt_in import (
    RecordChanged,
    can_tell_wrong_person,
    change_opt_in_status,
)
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import EvidenceRefused, Judgment, OptInStatus
from contacts_ui.services.consent.types import Evidence, Seen
from contacts_ui.services.vendors.vendor_errors import VendorError
from contacts_ui.sign_in.confirmation import confirmed_recently
from contacts_ui.template_filters import when
from contacts_ui.views.consent_answer import (
    answer,
    home_of,
    out_of_the_dialog,
    panel_of,
    read_now,
    receipt,
    receipt_words,
    view_of,
)
from contacts_ui.views.consent_panel import UNREADABLE_NUMBER
from contacts_ui.views.errors import unavailable
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.statement_words import said_at, source_of, statement_in_words

ALREADY_ASKED: Final = "A request for this number is already waiting. A manager decides about it."
NOTHING_TO_LIFT: Final = "There is no stop for this number, so there is nothing to lift."
RECORD_CHANGED: Final = (
    "Something was recorded for this number since you opened this form. Read it below. "
    "If their consent is newer, save again."
)
CANNOT_TELL: Final = (
    "We can't tell whether they also stopped texts themselves. Ask them, and record their answer."
)
TEXT_START: Final = (
    "Their carrier blocks texts to this number. Only the person can end that, by texting START."
)


class _Wording(NamedTuple):
    """What the form says, by who decides."""

    heading: str
    submit: str
    explanation: str


_DECIDES = _Wording(
    "May we text {}?",
    "Save with this evidence",
    "Only with their own consent. Your name and this evidence go into the audit log. "
    "The vendors are told only the new status.",
)
_ASKS = _Wording(
    "Ask to text {} again?",
    "Ask a manager",
    "Only with their own consent. They stay stopped until a manager approves it. "
    "Your name and this evidence go into the audit log.",
)
_ASKS_ANOTHER = _Wording(
    "May we text {}?",
    "Ask another manager",
    "Only with their own consent. A second person decides: nothing changes until another manager "
    "approves it. Your name and this evidence go into the audit log.",
)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("lift_stops")
@confirmed_recently
def opt_in(request: StaffRequest, contact_id: int = 0, number: str = "") -> HttpResponse:
    """Lift a stop or opt someone in, with the evidence of consent; with four eyes ask another manager to."""
    return _handle(request, contact_id, number, asks=settings.FOUR_EYES)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("ask_lift")
def ask_lift(request: StaffRequest, contact_id: int = 0, number: str = "") -> HttpResponse:
    """Ask the managers to lift the stop of one person, with the evidence of consent."""
    return _handle(request, contact_id, number, asks=True)


@require_POST
@permission("ask_lift")
def wrong_person(request: StaffRequest, contact_id: int = 0, number: str = "") -> HttpResponse:
    """Ask a second person to take back a press that stopped the wrong person (rule 6). Never consent."""
    try:
        page = _Page(request, read_now(contact_id, number), asks=True)
    except VendorError as error:
        return unavailable(request, error, contact_id, stops=False)
    form = WrongPersonForm(request.POST, auto_id="id_wrong_%s")
    if not form.is_valid():
        return page.response(page.form(), wrong=form, status=422)
    now = timezone.now()
    evidence = Evidence("", Channel.UNRECORDED, now, form.cleaned_data["reason"], exact=True)
    try:
        lift_requests.ask(
            staff=request.user,
            seen=page.seen,
            status=OptInStatus.SUBSCRIBED,
            evidence=evidence,
            kind=LiftRequestKind.WRONG_PERSON,
        )
    except (lift_requests.CannotTell, RecordChanged):
        return page.response(page.form(), wrong=form, status=409)
    except lift_requests.AlreadyAsked:
        form.add_error(None, ALREADY_ASKED)
        return page.response(page.form(), wrong=form, status=409)
    return page.asked()


def _handle(request: StaffRequest, contact_id: int, number: str, *, asks: bool) -> HttpResponse:
    try:
        page = _Page(request, read_now(contact_id, number), asks=asks)
    except VendorError as error:
        return unavailable(request, error, contact_id, stops=False)
    form = page.form(request.POST if request.method == "POST" else None)
    if form.is_bound and not page.seen.number:
        form.add_error(None, UNREADABLE_NUMBER)
    if not form.is_bound or not form.is_valid():
        return page.response(form, status=422 if form.errors else 200)
    given: dict[str, Any] = {
        "staff": request.user,
        "seen": page.seen,
        "status": form.cleaned_data["status"],
        "evidence": form.evidence(),
        "version": form.cleaned_data["version"],
    }
    try:
        if not asks:
            return page.saved(change_opt_in_status(**given))
        lift_requests.ask(**given)
    except EvidenceRefused as refused:
        form.refuse(refused)
        return page.response(form, status=422)
    except RecordChanged:
        return page.response(page.reopened(), status=409)
    except lift_requests.AlreadyAsked:
        form.add_error(None, ALREADY_ASKED)
        return page.response(form, status=409)
    except lift_requests.NothingToLift:
        form.add_error(None, NOTHING_TO_LIFT)
        return page.response(form, status=409)
    return page.asked()


class _Page:
    """The form about one person, in a dialog or as a page of its own, and its answers."""

    def __init__(self, request: StaffRequest, seen: Seen, *, asks: bool) -> None:
        self.request, self.seen, self.asks = request, seen, asks

    def form(self, data: Any = None) -> LiftForm:
        """Return the form for the present record, filled with `data` if it was sent."""
        judgment = judge_one(self.seen)
        own = told_back_words(lift_requests.told_back([self.seen.number]).get(self.seen.number, []))
        seen = seen_again(self.seen.number)
        return LiftForm(data, asks=self.asks, version=judgment.version, own_stops=own, seen=seen)

    def reopened(self) -> LiftForm:
        """Return the form as typed, for the record with what arrived in the meantime."""
        data = self.request.POST.copy()
        data["version"] = str(judge_one(self.seen).version)
        form = self.form(data)
        form.add_error(None, RECORD_CHANGED)
        return form

    def response(
        self, form: LiftForm, *, status: int, wrong: WrongPersonForm | None = None
    ) -> HttpResponse:
        """Return the page of the form, with the stop that it answers."""
        request, judgment = self.request, judge_one(self.seen)
        wording = self._wording()
        context = {
            "consent": panel_of(request, self.seen, judgment),
            "form": form,
            "form_url": self._address("opt-in" if self._is_for_deciders() else "ask-lift"),
            "heading": wording.heading.format(self.seen.label),
            "submit": wording.submit,
            "explanation": wording.explanation,
            "view": view_of(request),
            "here": home_of(request, self.seen.contact_id),
            **self._standing(request.user, judgment),
            **self._wrong_person(judgment, wrong),
        }
        template = "contacts/opt_in.html#dialog" if request.htmx else "contacts/opt_in.html"
        return TemplateResponse(request, template, context, status=status)

    def saved(self, judgment: Judgment) -> HttpResponse:
        """Return each vendor's answer; a carrier's block outlasts a lift (rule 13)."""
        note = ""
        if lift_requests.blocked_by_carrier([self.seen.number]):
            note = f"{receipt_words(judgment)} {TEXT_START}"
        shown = receipt(self.request, self.seen, judgment, note=note)
        return out_of_the_dialog(shown, self.seen.contact_id)

    def asked(self) -> HttpResponse:
        """Return that a request is waiting now."""
        request, seen = self.request, self.seen
        if request.htmx:
            shown = panel_of(request, seen, judge_one(seen), asked=True, receipt=True)
            return out_of_the_dialog(answer(request, shown), seen.contact_id)
        who = "Another manager" if may(request.user, "lift_stops") else "A manager"
        messages.success(request, f"{seen.label}: request sent. {who} decides.")
        return redirect(home_of(request, seen.contact_id))

    def _wording(self) -> _Wording:
        if not self.asks:
            return _DECIDES
        both = settings.FOUR_EYES and may(self.request.user, "lift_stops")
        return _ASKS_ANOTHER if both else _ASKS

    def _standing(self, staff: Staff, judgment: Judgment) -> dict[str, Any]:
        rights = {"names": may(staff, "stop_texts"), "words": may(staff, "view_audit")}
        blocked = bool(lift_requests.blocked_by_carrier([self.seen.number]))
        stop = record.answered_stop(self.seen.number) if judgment.stop else None
        return {
            "stop": statement_in_words(stop, **rights) if stop else None,
            "text_start": TEXT_START if blocked else "",
            "deciders": lift_requests.deciders() if settings.FOUR_EYES else None,
        }

    def _wrong_person(self, judgment: Judgment, wrong: WrongPersonForm | None) -> dict[str, Any]:
        """Return the form *We stopped the wrong person*, or why we can't tell."""
        if judgment.stop is None:
            return {"may_be_wrong_person": False}
        return {
            "may_be_wrong_person": True,
            "wrong_url": self._address("wrong-person"),
            "wrong_form": (wrong or WrongPersonForm(auto_id="id_wrong_%s"))
            if can_tell_wrong_person(self.seen.number)
            else None,
            "cannot_tell": CANNOT_TELL,
            "wrong_open": wrong is not None,
        }

    def _is_for_deciders(self) -> bool:
        match = self.request.resolver_match
        return bool(match and str(match.url_name).endswith("opt-in"))

    def _address(self, name: str) -> str:
        """Return where a form of this page posts to: the number's address, or else the contact's."""
        match = self.request.resolver_match
        if number := match.kwargs.get("number") if match else "":
            return reverse(f"number-{name}", args=[number])
        return reverse(name, args=[self.seen.contact_id or 0])


def seen_again(number: str) -> dict[str, Any]:
    """Return the initial values if SlickText shows a stopped person as subscribed (rule 3)."""
    for row in disagreements.subscribed_again(number) if number else ():
        return {"consent_words": seen_words(row), "consent_at": row.changed_at}
    return {}


def seen_words(row: Disagreement) -> str:
    """Return what SlickText shows of a stopped person, in words."""
    source = f", source “{row.source}”" if row.source else ""
    since = strip_tags(when(row.changed_at)) if row.changed_at else ""
    return f"SlickText shows them as subscribed{source}{f', since {since}' if since else ''}."


def told_back_words(told_back: list[Statement]) -> list[tuple[str, str]]:
    """Return stops reported back to us, as choices for *our own*."""
    return [
        (str(stop.pk), f"{source_of(stop, names=False)}, {strip_tags(said_at(stop))}")
        for stop in told_back
    ]
