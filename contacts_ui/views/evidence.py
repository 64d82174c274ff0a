"""The evidence sheet: one printable page with all that is known about one number."""

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from contacts_ui.models import DesiredState, LedgerEntry, OptOut, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.opt_out import OPEN, OptOutState
from contacts_ui.phone import mask, to_e164
from contacts_ui.services.consent import renewal
from contacts_ui.services.consent.rules import NO_CONTACT, STATUS_WORDS, Verdict
from contacts_ui.services.review.evidence import Holding, Request, Sheet, sheet
from contacts_ui.services.review.numbers import NumberFacts
from contacts_ui.services.review.texts_after_stop import watched
from contacts_ui.services.security import exported
from contacts_ui.template_filters import exactly
from contacts_ui.views.durations import every, in_words
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.history import is_quoted
from contacts_ui.views.ledger_words import entry_in_full
from contacts_ui.views.possible_opt_outs import decision_of
from contacts_ui.views.statement_words import said_at, statement_in_words
from contacts_ui.views.text_words import text_in_words, watched_in_words

# An old address may hold a number; a mistyped id is longer.
TYPED_MAX_LETTERS: Final = 40

TOLD_ONCE: Final = (
    "We tell CloudContactAI about this stop only once. If it is lifted there, we won't notice."
)
TOLD_AGAIN: Final = (
    "CloudContactAI can't be read. We tell it about this stop again {how_often},"
    " so a stop that was lifted there comes back."
)
READ_BACK: Final = "We read this stop back from CloudContactAI. If it is not seen for {how_long}, we send it again."
ENDED: Final = {
    OptOutState.LIFTED.value: "texts were allowed again",
    OptOutState.UNDONE.value: "the stop was undone as a mistake",
    OptOutState.RENEWED.value: "texts were stopped again",
}


@require_safe
@permission("view_audit")
def evidence(request: StaffRequest, number: str) -> HttpResponse:
    """Show every request about one number, with its answers and deadline, and its audit log entries."""
    made = sheet(number)
    exported(request.user, "evidence", rows=len(made.entries), number=mask(number))
    context = {
        "sheet": made,
        "made_by": request.user.get_full_name() or request.user.get_username(),
        "zone": timezone.get_current_timezone_name(),
        "answer": _answer(made.facts),
        "since": made.facts.stopped_since and said_at(made.facts.stopped_since, exactly),
        "statements": [
            statement_in_words(each) | {"said": said_at(each, exactly)} for each in made.statements
        ],
        "requests": [_request_in_words(each, made.made_at) for each in made.requests],
        "holdings": [_holding_in_words(each, made.facts) for each in made.holdings],
        "texts": [text_in_words(each, exactly) for each in made.texts],
        "watched": [watched_in_words(each) for each in watched()],
        "entries": [entry_in_full(entry) for entry in made.entries],
        "last_stop": _last_stop(made),
        "messages_written": [
            {"message": each, "decision": decision_of(each)} for each in made.messages
        ],
    }
    return TemplateResponse(request, "evidence/sheet.html", context)


@require_safe
@permission("view_audit")
def evidence_by_number(request: StaffRequest, typed: str) -> HttpResponse:
    """Redirect from an old address, which had the number in its path."""
    number = to_e164(typed) if len(typed) <= TYPED_MAX_LETTERS else None
    if not number and not LedgerEntry.objects.filter(number=typed).exists():
        raise Http404("The audit log has no entry about this number.")
    return redirect("evidence", number=number or typed, permanent=True)


def _answer(facts: NumberFacts) -> str:
    """Return the first sentence of the sheet: what was true when it was made."""
    judgment = facts.judgment
    if judgment.held and not judgment.stop:
        return "Texts to this number are being stopped."
    if judgment.verdict is Verdict.DISAGREE:
        return f"The vendors disagree about this number. {judgment.reason}"
    return {
        Verdict.DO_NOT_TEXT: "Texts to this number are stopped.",
        Verdict.MAY_TEXT: "Texts to this number are allowed.",
        Verdict.NOT_SUBSCRIBED: "This number is not subscribed to texts.",
        Verdict.NOT_KNOWN: "It is not known whether this number may be texted.",
    }[judgment.verdict]


def _last_stop(made: Sheet) -> dict[str, Any] | None:
    stops = [each for each in made.requests if each.is_stop]
    # One that was told again in another way has no deadline of its own.
    stops = [each for each in stops if each.opt_out] or stops
    stopped = made.facts.stopped_since is not None
    return _request_in_words(stops[-1], made.made_at) if stops and stopped else None


def _request_in_words(request: Request, now: datetime) -> dict[str, Any]:
    entry = request.entry
    status = str(entry.after.get("opt_in_status") or "")
    return {
        "entry": entry,
        "is_stop": request.is_stop,
        "quoted": is_quoted(entry),
        "asked_at": request.asked_at,
        "asked_apart": entry.asked_at is not None,
        "name": entry.before.get("label") or "",
        "staff": entry.staff_name or "The dashboard itself",
        "channel": entry.get_channel_display() or Channel.UNRECORDED.label,
        "consented": entry.after.get("consented") or "",
        "heading": {
            Action.STOP_REQUESTED.value: "Request to stop texts",
            Action.CONSENT_REQUESTED.value: f"Consent: status set to “{STATUS_WORDS.get(status, status)}”",
        }.get(entry.action, entry.get_action_display()),
        "answers": [
            {**entry_in_full(answer), "took": in_words((answer.at - entry.at).total_seconds())}
            for answer in request.answers
        ],
        "clock": _clock(request.opt_out, now) if request.opt_out else None,
    }


def _clock(opt_out: OptOut, now: datetime) -> dict[str, Any]:
    """Return if the deadline was met, in a word and in a sentence."""
    words, sentence = _deadline_met(opt_out, now)
    ended = ENDED.get(opt_out.ended_by, opt_out.ended_by)
    return {"opt_out": opt_out, "words": words, "sentence": sentence, "ended": ended}


def _deadline_met(opt_out: OptOut, now: datetime) -> tuple[str, str]:
    done = opt_out.completed_at
    if opt_out.state == OptOutState.SETTLED:
        return "Resolved by hand", f"A manager resolved it by hand for {opt_out.settled_for}."
    if done:
        took = in_words((done - opt_out.asked_at).total_seconds())
        met = "Met" if done <= opt_out.due_at else "Not met"
        return met, f"Every connected vendor had confirmed the stop {took} after the person asked."
    if opt_out.state not in OPEN:
        return "Ended first", "A later request took its place before every vendor had confirmed it."
    refused = f" {opt_out.refused_by} refused it." if opt_out.refused_by else ""
    words = "Still open" if now <= opt_out.due_at else "Not met"
    return words, f"Not every connected vendor has confirmed the stop yet.{refused}"


def _holding_in_words(holding: Holding, facts: NumberFacts) -> dict[str, Any]:
    desired = holding.desired
    said = next(each for each in facts.judgment.vendors if each.vendor is holding.vendor)
    newer = said.at and (
        desired is None or desired.confirmed_at is None or said.at > desired.confirmed_at
    )
    return {
        "vendor": holding.vendor.label,
        "connected": holding.connected,
        "desired": desired,
        "asked_for": _words(desired.do_not_text, desired.opt_in_status) if desired else "",
        "confirmed": _confirmed(desired) if desired else "",
        "state": DeliveryState(desired.state).label if desired else "",
        "read": said if newer else None,
        "held_at": said.at if said.is_held else None,
        "gone": bool(desired and desired.shows_none),
        "kept": _kept_in_words(holding),
    }


def _kept_in_words(holding: Holding) -> str:
    """Return how a stop is kept at CloudContactAI: told again, or read back; "" for anything else."""
    desired = holding.desired
    if not (desired and desired.do_not_text and desired.confirms_stop and holding.connected):
        return ""
    if holding.vendor != Vendor.CLOUDCONTACTAI:
        return ""
    days = settings.STOP_RENEWAL_DAYS
    if not days:
        return TOLD_ONCE
    if renewal.is_read_back():
        return READ_BACK.format(how_long=in_words(days * 86400))
    return TOLD_AGAIN.format(how_often=every(days))


def _confirmed(desired: DesiredState) -> str:
    if desired.confirmed_at is None or desired.confirmed_do_not_text is None:
        return ""
    if desired.vendor == Vendor.SLICKTEXT and not desired.confirmed_opt_in_status:
        return NO_CONTACT
    return _words(desired.confirmed_do_not_text, desired.confirmed_opt_in_status)


def _words(do_not_text: bool, status: str) -> str:
    if status:
        return STATUS_WORDS.get(status, status)
    return "Do not text" if do_not_text else "Texts allowed"
