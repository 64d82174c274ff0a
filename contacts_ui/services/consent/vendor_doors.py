"""The doors of what a vendor said, matched by hand or not, and of what a vendor refused."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from contacts_ui.models import Statement, Vendor, WebhookEvent, Wish
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.wish import WishState
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import pretty
from contacts_ui.services import ledger
from contacts_ui.services.consent import (
    desired_state,
    lift_requests,
    opt_outs,
    readings,
    record,
)
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.looking import judge_one
from contacts_ui.services.consent.rules import VENDOR_CLOCK_TOLERANCE, by_vendor, usable
from contacts_ui.services.consent.stops import Stop, Written, said_again, write_stop
from contacts_ui.services.consent.types import Reading, Request, Seen
from contacts_ui.services.consent.verdicts import Judgement


def cloudcontactai_marked(
    *, number: str, at: datetime | None, heard_at: datetime, label: str, event: str
) -> str:
    """Record that CloudContactAI marked a person; return what was done, in words. It can only ever stop."""
    moment, said = usable(at, heard_at), by_vendor(at, heard_at)
    told_back = desired_state.is_told_back(number, Vendor.CLOUDCONTACTAI, moment)
    written = write_stop(
        Stop(
            Seen(number, label=label),
            Source.VENDOR_MARK,
            said,
            request=Request(
                Channel.VENDOR, moment, f"CloudContactAI marked them (event {event[:150]})."
            ),
            key=f"ccai:{event}"[:200],
            told_back=told_back,
            repeats=said_again(number, said, "ccai"),
        )
    )
    return _in_words(written, told_back=told_back)


def code_reported(*, number: str, code: str, words: str, carrier: bool, heard_at: datetime) -> str:
    """Record a code by which CloudContactAI, or a carrier, says that a person asked not to be texted.

    It has no time: said at any moment up to `heard_at`. Once for each code, until texts are allowed again. While
    CloudContactAI holds our own stop, or has not taken its lift yet, its codes only say so (rule 10). Returns what was
    done, in words. Source: CloudContactAI's codes, `vendor-apis.md`; rule 13 for the carrier's.
    """
    with transaction.atomic():
        ledger.take_turn()
        told = Wish.objects.filter(number=number, vendor=Vendor.CLOUDCONTACTAI).first()
        state = record.state_of(number)
        if told and _may_hold_ours(told) and state and state.stopped and not carrier:
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
                repeats=bool(state and state.stopped) and not lift_requests.is_waiting(number),
            )
        )
    return _in_words(written, told_back=told_back)


def _may_hold_ours(told: Wish) -> bool:
    """Return True unless CloudContactAI can't hold a stop of ours yet: then its codes speak of their own."""
    unclear = told.unanswered_at is not None or bool(told.lease)
    return told.do_not_text and (bool(told.confirmed_do_not_text) or unclear)


def slicktext_hinted(reading: Reading, *, at: datetime | None, event: str) -> str:
    """Record a hint with our secret that says *unsubscribed* or *blocked*: it is a stop, said at its date (rule 11).

    `reading.read_at` is when the hint reached us, `at` its date. Returns what was done, in words.
    """
    with transaction.atomic():
        ledger.take_turn()
        told = Wish.objects.filter(number=reading.number, vendor=Vendor.SLICKTEXT).first()
        known = list(record.statements_of(reading.number))
        dated = reading._replace(changed_at=reading.changed_at or at)
        found = readings.found_in(dated, told, known)
        if dated.changed_at is None:
            # The lift before it tells two of them apart, also one that is still on its way.
            found = found._replace(key=f"{found.key}{_lifted_by(known)}")
        words = f"SlickText told us that they are “{reading.status}” ({event})."
        # What a hint says may be older than what SlickText holds by now, so nothing was seen.
        seen = replace(dated.seen, status=None, read_at=None)
        written = readings.write_with_opt_out(found, words, seen)
    return _in_words(written, told_back=found.told_back)


def _lifted_by(known: Iterable[Statement]) -> str:
    consents = [each.pk for each in known if each.kind == StatementKind.CONSENT]
    return f"after {max(consents)}" if consents else ""


def is_known(number: str, status: str | None) -> bool:
    """Return True where the record has this stopped status already, so that a hint may only repeat it."""
    if not record.is_stopped(number):
        return False
    told = Wish.objects.filter(
        number=number,
        vendor=Vendor.SLICKTEXT,
        confirmed_do_not_text=True,
        confirmed_opt_in_status=status or "",
    )
    said = Statement.objects.filter(number=number, source=Source.STATUS, status=status or "")
    return told.exists() or said.exists()


def _in_words(written: Written | None, *, told_back: bool) -> str:
    if written is None:
        return "On record already."
    if told_back:
        return "Our own stop told back, or theirs: kept, and the person stays stopped."
    return "Stopped at every connected vendor."


# --- What could not be acted on: a person decides -----------------------------------------------------


class AlreadyDecided(Exception):
    """Another person decided about this event meanwhile; `event` is how it stands."""

    def __init__(self, event: WebhookEvent) -> None:
        self.event = event
        super().__init__(event.pk)


def match_event(
    *, staff: Staff, pk: int, seen: Seen, at: datetime | None, status: str, words: str
) -> Judgement:
    """Say whose stop an event was that could not be acted on: said at its date, in the vendor's words (rule 11).

    `status` is what SlickText shall hold. Raises NotAllowed, WebhookEvent.DoesNotExist, AlreadyDecided.
    """
    require(staff, "review_opt_outs")
    require(staff, "stop_texts")
    with transaction.atomic():
        ledger.take_turn()
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
        ledger.record(
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
    """Say that nothing has to be done about an event, and why (rule 11).

    Raises NotAllowed, WebhookEvent.DoesNotExist, AlreadyDecided.
    """
    require(staff, "review_opt_outs")
    with transaction.atomic():
        ledger.take_turn()
        event = _decide(staff, pk, f"Closed: {reason}")
        ledger.record(
            action=Action.EVENT_CLOSED,
            staff=staff,
            number="",
            vendor=event.vendor,
            reason=reason,
            before={"event": pk, "outcome": event.outcome},
        )
    return event


def _decide(staff: Staff, pk: int, outcome: str) -> WebhookEvent:
    """Take the decision, once; return the event as it was. After the ledger's turn."""
    event = WebhookEvent.objects.get(pk=pk)
    decided = WebhookEvent.objects.filter(pk=pk, needs_decision=True).update(
        needs_decision=False,
        decided_by_name=ledger.name_of(staff),
        decided_at=timezone.now(),
        outcome=outcome[:300],
    )
    if not decided:
        raise AlreadyDecided(event)
    return event


# --- What a vendor refused ----------------------------------------------------------------------------


class NotRefusedNow(Exception):
    """It was tried again, settled, or changed meanwhile; `wish` is how it stands."""

    def __init__(self, wish: Wish) -> None:
        super().__init__(wish.pk)
        self.wish = wish


def try_again(*, staff: Staff, pk: int, version: int) -> Wish:
    """Send to its vendor once more what it refused; return it as it stands when the deadline of a click is over.

    `version` is the one that the manager saw. Raises NotAllowed, Wish.DoesNotExist, NotRefusedNow.
    """
    _may_decide_refusal(staff, pk)
    with transaction.atomic():
        row = _refused(pk, version)
        _record_decision(
            row, Action.STOP_RETRIED if row.do_not_text else Action.CONSENT_RETRIED, staff
        )
        desired_state.tell_again(row)
        opt_outs.tried_again(row)
        record.told([row.number])
    deliver_now([pk])
    return Wish.objects.select_related("ledger_entry").get(pk=pk)


def settle(*, staff: Staff, pk: int, version: int, note: str) -> Wish:
    """Close by hand what a vendor refused, with a note on what was done instead; nothing more is sent for it.

    Raises NotAllowed, Wish.DoesNotExist, NotRefusedNow.
    """
    _may_decide_refusal(staff, pk)
    with transaction.atomic():
        row = _refused(pk, version)
        action = Action.STOP_SETTLED if row.do_not_text else Action.CONSENT_SETTLED
        _record_decision(row, action, staff, note)
        desired_state.settle_by_hand(row, note)
        opt_outs.outcome(row)
        record.told([row.number])
    return row


def _may_decide_refusal(staff: Staff, pk: int) -> None:
    require(staff, "review_opt_outs")
    if not Wish.objects.get(pk=pk).do_not_text:
        require(staff, "lift_stops")


def _refused(pk: int, version: int) -> Wish:
    ledger.take_turn()
    row = Wish.objects.select_for_update(of=("self",)).select_related("ledger_entry").get(pk=pk)
    if row.state != WishState.REFUSED or row.version != version:
        raise NotRefusedNow(row)
    return row


def _record_decision(row: Wish, action: Action, staff: Staff, note: str = "") -> None:
    ledger.record(
        action=action,
        staff=staff,
        number=row.number,
        contact_id=row.ledger_entry.contact_id,
        vendor=row.vendor,
        reason=note,
        before={"state": row.state, "words": row.answer},
        after={"do_not_text": row.do_not_text, "opt_in_status": row.opt_in_status},
        answer={"request": row.ledger_entry_id},
    )
