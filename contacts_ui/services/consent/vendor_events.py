"""What vendors report about a stop: marks, codes, and events that a person matches to a number."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from contacts_ui.models import DesiredState, Statement, Vendor, WebhookEvent
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import pretty
from contacts_ui.services import audit_log
from contacts_ui.services.consent import desired_state, record, slicktext_readings, stops
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import VENDOR_CLOCK_TOLERANCE, Judgment, by_vendor, usable
from contacts_ui.services.consent.stops import Stop, Written, said_again, write_stop
from contacts_ui.services.consent.types import AlreadyDecided, Request, Seen


def cloudcontactai_marked(
    *, number: str, at: datetime | None, heard_at: datetime, label: str, event: str
) -> str:
    """Record that CloudContactAI marked a person as stopped; return what was done, in words."""
    moment, said = usable(at, heard_at), by_vendor(at, heard_at)
    told_back = desired_state.is_told_back(number, Vendor.CLOUDCONTACTAI, moment)
    written = write_stop(
        Stop(
            Seen(number, label=label),
            Source.VENDOR_MARK,
            said,
            request=Request(
                Channel.VENDOR,
                moment,
                f"CloudContactAI reported that they opted out (event {event[:150]}).",
            ),
            key=f"ccai:{event}"[:200],
            told_back=told_back,
            repeats=said_again(number, said, "ccai"),
        )
    )
    return _in_words(written, told_back=told_back)


def code_reported(*, number: str, code: str, words: str, carrier: bool, heard_at: datetime) -> str:
    """Record a code by which CloudContactAI, or a carrier, says that a person asked not to be texted.

    A code has no time: it counts as said at any moment up to `heard_at`, and once until texts are allowed again. While
    CloudContactAI holds our own stop, or has not taken its lift yet, its codes only say so (rule 10). Return what was
    done, in words. Source: CloudContactAI's codes, `vendor-apis.md`; rule 13 for a carrier's.
    """
    with transaction.atomic():
        audit_log.take_turn()
        told = DesiredState.objects.filter(number=number, vendor=Vendor.CLOUDCONTACTAI).first()
        state = record.state_of(number)
        # It may hold ours, unless it has not taken it yet: then its codes report theirs.
        unclear = told and (told.unanswered_at or told.lease)
        ours = told and told.do_not_text and (told.confirmed_do_not_text or unclear)
        if ours and state and state.stopped and not carrier:
            return "CloudContactAI holds the stop."
        known = list(record.statements_of(number))
        lifting = told is not None and not told.do_not_text
        taken_at = told.confirmed_at if told and told.confirmed_do_not_text is False else None
        told_back = (
            not carrier
            and lifting
            and (taken_at is None or heard_at <= taken_at + VENDOR_CLOCK_TOLERANCE)
        )
        written = write_stop(
            Stop(
                Seen(number, label=pretty(number)),
                Source.CARRIER if carrier else Source.VENDOR_CODE,
                by_vendor(None, heard_at),
                request=Request(Channel.VENDOR, heard_at, words),
                key=f"ccai:code:{code}:{_lifted_by(known)}"[:200],
                told_back=told_back,
                repeats=bool(state and state.stopped) and not stops.is_request_waiting(number),
            )
        )
    return _in_words(written, told_back=told_back)


def slicktext_hinted(reading: Seen, *, at: datetime | None, event: str) -> str:
    """Record a webhook with our secret that says *unsubscribed* or *blocked*: a stop, said at its date (rule 11).

    `reading.read_at` is when it reached us, `at` its date. Return what was done, in words.
    """
    with transaction.atomic():
        audit_log.take_turn()
        told = DesiredState.objects.filter(number=reading.number, vendor=Vendor.SLICKTEXT).first()
        known = list(record.statements_of(reading.number))
        dated = replace(reading, changed_at=reading.changed_at or at)
        found = slicktext_readings.found_in(dated, told, known)
        if dated.changed_at is None:
            # The lift before it, even one still on its way, tells two of them apart.
            found = found._replace(key=f"{found.key}{_lifted_by(known)}")
        words = f"SlickText told us that they are “{reading.status}” ({event})."
        # The event may be older than what SlickText holds now, so nothing was seen.
        seen = replace(dated, status=None, read_at=None)
        written = slicktext_readings.write_with_opt_out(found, words, seen)
    return _in_words(written, told_back=found.told_back)


def _lifted_by(known: Iterable[Statement]) -> str:
    consents = [each.pk for each in known if each.kind == StatementKind.CONSENT]
    return f"after {max(consents)}" if consents else ""


def is_known(number: str, status: str | None) -> bool:
    """Return True if the record has this stopped status already, so that the event may only repeat it."""
    if not record.is_stopped(number):
        return False
    told = DesiredState.objects.filter(
        number=number,
        vendor=Vendor.SLICKTEXT,
        confirmed_do_not_text=True,
        confirmed_opt_in_status=status or "",
    )
    said = Statement.objects.filter(number=number, source=Source.STATUS, status=status or "")
    return told.exists() or said.exists()


def _in_words(written: Written | None, *, told_back: bool) -> str:
    if written is None:
        return "Already on record."
    if told_back:
        return "Our own stop reported back, or a new one from the person. They stay stopped."
    return "Stopped at every connected vendor."


# --- What could not be matched: a person decides -----------------------------------------------------


def match_event(
    *, staff: Staff, pk: int, seen: Seen, at: datetime | None, status: str, words: str
) -> Judgment:
    """Match an event that could not be processed to a person: their stop, said at its date (rule 11).

    `status` is what SlickText should hold. Raises NotAllowed, WebhookEvent.DoesNotExist, AlreadyDecided.
    """
    require(staff, "review_opt_outs")
    require(staff, "stop_texts")
    with transaction.atomic():
        audit_log.take_turn()
        event = _decide(staff, pk, "Matched to a number.")
        moment = usable(at, event.received_at)
        written = write_stop(
            Stop(
                seen,
                Source.STATUS if event.vendor == Vendor.SLICKTEXT else Source.VENDOR_MARK,
                by_vendor(at, event.received_at),
                staff,
                Request(Channel.VENDOR, moment, words),
                status=status,
                key=f"event:{pk}",
                told_back=desired_state.is_told_back(seen.number, event.vendor, moment),
            )
        )
        audit_log.record(
            action=Action.EVENT_MATCHED,
            staff=staff,
            number=seen.number,
            vendor=event.vendor,
            asked_at=moment,
            before={"event": pk, "outcome": event.outcome},
            answer={"request": written.entry.pk if written else None},
        )
    deliver_now(written.keys if written else ())
    return judge_one(seen)


def close_event(*, staff: Staff, pk: int, reason: str) -> WebhookEvent:
    """Close an event that needs no action, and say why (rule 11). Raises as `match_event`."""
    require(staff, "review_opt_outs")
    with transaction.atomic():
        audit_log.take_turn()
        event = _decide(staff, pk, f"Closed: {reason}")
        audit_log.record(
            action=Action.EVENT_CLOSED,
            staff=staff,
            vendor=event.vendor,
            reason=reason,
            before={"event": pk, "outcome": event.outcome},
        )
    return event


def _decide(staff: Staff, pk: int, outcome: str) -> WebhookEvent:
    """Record the decision, once; return the event as it was. Call it after the audit log's turn."""
    event = WebhookEvent.objects.get(pk=pk)
    decided = WebhookEvent.objects.filter(pk=pk, needs_decision=True).update(
        needs_decision=False,
        decided_by_name=audit_log.name_of(staff),
        decided_at=timezone.now(),
        outcome=outcome[:300],
    )
    if not decided:
        raise AlreadyDecided(event)
    return event
