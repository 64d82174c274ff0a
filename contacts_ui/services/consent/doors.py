"""Every way in which staff stop texts, one function each. Other doors: `opt_in`, `phone_numbers`, `vendor_events`.

Nothing outside this package writes statements or desired state.

Each door commits to our own database before it calls a vendor. Then it waits for the vendors no longer than one click
may take; what they have not answered by then is delivered in the background.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contacts_ui.models import DesiredState, Disagreement, LedgerEntry, OptOut, Statement, Vendor
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.permissions import Staff, require
from contacts_ui.services import audit_log
from contacts_ui.services.consent import desired_state, disagreements, held_presses, record, stops
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import Judgment, Said, Verdict
from contacts_ui.services.consent.stops import Stop, as_seen, said_in_words, write_stop
from contacts_ui.services.consent.types import Request, Seen

# Details of how they asked belong to a press that is no older than this.
DETAILS_MAX_AGE: Final = timedelta(days=1)


def press_stop(*, staff: Staff, seen: Seen) -> Judgment:
    """Press *Do not text*: hold it for `UNDO_SECONDS`. A second press sends it at once (rule 5). Raises NotAllowed."""
    require(staff, "stop_texts")
    keys: Collection[int] = ()
    with transaction.atomic():
        audit_log.take_turn()
        press = None
        if written := stops.end_hold(seen.number):
            keys = written.keys
        elif settings.UNDO_SECONDS:
            press = held_presses.hold(staff=staff, seen=seen)
        else:
            keys = stops.write(_stop_of_staff(staff, seen, Request())).keys
    if press:
        held_presses.send_in_time(press)
    deliver_now(keys)
    return judge_one(seen)


def unsend(*, staff: Staff, seen: Seen) -> Judgment:
    """Take back a press that is still held. Raises NotAllowed, held_presses.CannotUnsend."""
    require(staff, "stop_texts")
    held_presses.unsend(staff=staff, number=seen.number)
    return judge_one(seen)


def tell_now(*, staff: Staff, seen: Seen) -> Judgment:
    """End the hold and tell the vendors now; do nothing without a hold. Raises NotAllowed."""
    require(staff, "stop_texts")
    end_hold(seen.number)
    return judge_one(seen)


def end_hold(number: str) -> None:
    """Send the press that is held for a number, even if what ended the hold fails (rule 5)."""
    if not record.is_held(number):
        return
    with transaction.atomic():
        audit_log.take_turn()
        written = stops.end_hold(number)
    deliver_now(written.keys if written else ())


def stop(*, staff: Staff, seen: Seen, request: Request) -> Judgment:
    """Stop texts at once, with how they asked, or add that to a bare press (rule 5). Raises NotAllowed."""
    require(staff, "stop_texts")
    deliver_now(record_stop(staff=staff, seen=seen, request=request))
    return judge_one(seen)


def record_stop(
    *, staff: Staff, seen: Seen, request: Request, said: Said | None = None, batch: bool = False
) -> Collection[int]:
    """Do as `stop`, but call no vendor; return the keys to deliver.

    `batch` is for jobs and imports, which have checked the permission: their stops are carried over, never details.
    `said` is when a file says that they asked; by default, what `request` says.
    """
    with transaction.atomic():
        audit_log.take_turn()
        pressed = stops.end_hold(seen.number)
        if not batch and (bare := stop_without_details(seen.number, request)):
            entry = _add_details(staff, seen, request, bare)
            if judge_one(seen).verdict is Verdict.DISAGREE:
                # A vendor can text them again by now, so it has to be told.
                return desired_state.want_stop(entry)
            return pressed.keys if pressed else ()
        return stops.write(_stop_of_staff(staff, seen, request, said, batch=batch)).keys


def _stop_of_staff(
    staff: Staff, seen: Seen, request: Request, said: Said | None = None, *, batch: bool = False
) -> Stop:
    source = Source.STAFF if request.is_bare else Source.PERSON
    carried = batch or not request.by_person
    return Stop(
        seen,
        Source.CARRIED_OVER if carried else source,
        said or request.said(timezone.now()),
        staff,
        request,
        status=seen.stopped_status,
        batch=batch,
        repeats=batch and stops.is_told(seen.number),
    )


def stop_without_details(number: str, request: Request) -> OptOut | None:
    """Return the opt-out of a bare press, if it still counts and has no details yet."""
    newest = OptOut.objects.filter(number=number, ended_at=None).order_by("-pk").first()
    if newest is None or newest.reason or newest.channel != Channel.UNRECORDED:
        return None
    if (request.asked_at or timezone.now()) > newest.recorded_at + DETAILS_MAX_AGE:
        # They asked again later.
        return None
    said = Statement.objects.filter(ledger_entry=newest.ledger_entry_id, source=Source.STAFF)
    return newest if said.exists() else None


def _add_details(staff: Staff, seen: Seen, request: Request, bare: OptOut) -> LedgerEntry:
    """Record how they asked: another statement, and no second opt-out."""
    said = request.said(timezone.now())
    entry = audit_log.record(
        action=Action.STOP_DETAILED,
        staff=staff,
        number=seen.number,
        contact_id=seen.contact_id,
        channel=request.channel,
        reason=request.reason,
        asked_at=request.asked_at,
        before=as_seen(seen),
        after={"opt_out": bare.pk, **said_in_words(said)},
        answer={"request": bare.ledger_entry_id},
    )
    record.add(
        entry,
        kind=StatementKind.STOP,
        source=Source.PERSON,
        said=said,
        status=seen.stopped_status,
        words=request.reason,
    )
    stops.withdraw_requests(entry)
    stops.add_details(bare, entry)
    return entry


def repair(*, staff: Staff, keys: Collection[int]) -> list[Disagreement]:
    """Tell every vendor again of these stops (rule 10); return those that were open. Raises NotAllowed."""
    require(staff, "review_opt_outs")
    require(staff, "stop_texts")
    repaired, told = [], []
    for key in keys:
        begun = repair_one(staff=staff, key=key)
        if begun is not None:
            repaired.append(key)
            told += begun
    deliver_now(told)
    disagreements.close_agreed()
    return list(Disagreement.objects.filter(pk__in=repaired))


def repair_one(*, staff: Staff, key: int, batch: bool = False) -> list[int] | None:
    """Write one repair, but call no vendor; None if it is over or its stop is on its way. Raises NotAllowed."""
    require(staff, "stop_texts")
    with transaction.atomic():
        audit_log.take_turn()
        row = Disagreement.objects.select_for_update().filter(pk=key, closed_at=None).first()
        on_its_way = DesiredState.objects.filter(do_not_text=True, state=DeliveryState.ON_ITS_WAY)
        if row is None or on_its_way.filter(number=row.number).exists():
            return None
        stops.end_hold(row.number)
        entry = audit_log.record(
            action=Action.DISAGREEMENT_REPAIRED,
            staff=staff,
            number=row.number,
            contact_id=row.contact_id,
            before={"opt_in_status": row.status, "kind": row.kind, "label": row.label},
            after={"do_not_text": True},
        )
        row.closed_by = entry.staff_name
        row.save(update_fields=["closed_by"])
        if record.standing_of(row.number).stopped:
            return desired_state.want_stop(entry, batch=batch)
        # A vendor holds a stop that newer consent had answered here. When in doubt, the stop wins.
        seen = Seen(row.number, row.contact_id, row.label, row.status, row.found_at)
        words = "Stopped at both vendors, because they disagreed."
        request = Request(reason=words, by_person=False)
        written = write_stop(_stop_of_staff(staff, seen, request, batch=batch))
        return list(written.keys) if written else []


def try_stop_again(*, staff: Staff, seen: Seen) -> Judgment:
    """Send the stop on record to the vendors again; without one, press. Raises NotAllowed."""
    require(staff, "stop_texts")
    with transaction.atomic():
        audit_log.take_turn()
        stops.end_hold(seen.number)
        stopped = record.standing_of(seen.number).stopped
        keys = desired_state.want_stop(_retried(staff, seen)) if stopped else []
        if stopped:
            stops.note_retry(seen.number)
    if not stopped:
        return press_stop(staff=staff, seen=seen)
    deliver_now(keys)
    return judge_one(seen)


def tell_untold(*, staff: Staff, seen: Seen, reason: str) -> LedgerEntry | None:
    """Schedule a stop for vendors that were never told; None if all were. For jobs, which checked the permission."""
    with transaction.atomic():
        audit_log.take_turn()
        state = record.state_of(seen.number)
        if state is None or not state.untold:
            return None
        entry = _retried(staff, seen, reason)
        desired_state.want_stop(entry, again=False, batch=True)
        return entry


def _retried(staff: Staff, seen: Seen, reason: str = "") -> LedgerEntry:
    return audit_log.record(
        action=Action.STOP_RETRIED,
        staff=staff,
        number=seen.number,
        contact_id=seen.contact_id,
        reason=reason,
        before=as_seen(seen),
        after={"do_not_text": True},
    )


# --- What a vendor refused ----------------------------------------------------------------------------


class NotRefusedNow(Exception):
    """It was tried again, resolved, or changed in the meantime; `desired` is its present state."""

    def __init__(self, desired: DesiredState) -> None:
        super().__init__(desired.pk)
        self.desired = desired


def retry_refused(*, staff: Staff, pk: int, version: int) -> DesiredState:
    """Send again what a vendor refused at `version`; return the row as it is at the deadline of a click.

    Raises NotAllowed, DesiredState.DoesNotExist, NotRefusedNow.
    """
    with transaction.atomic():
        row = _refused(staff, pk, version)
        _record_decision(
            row, Action.STOP_RETRIED if row.do_not_text else Action.CONSENT_RETRIED, staff
        )
        # Telling again is not saying again (rule 10): the entry stays.
        desired_state.set_desired_state(
            number=row.number,
            vendor=Vendor(row.vendor),
            do_not_text=row.do_not_text,
            opt_in_status=row.opt_in_status,
            entry=row.ledger_entry,
        )
        if row.do_not_text:
            stops.note_retry(row.number, [Vendor(row.vendor)])
        record.refresh_verdicts([row.number])
    deliver_now([pk])
    return DesiredState.objects.select_related("ledger_entry").get(pk=pk)


def resolve_refused(*, staff: Staff, pk: int, version: int, note: str) -> DesiredState:
    """Resolve by hand what a vendor refused, with a note on what was done instead. Nothing more is sent for it.

    Raises NotAllowed, DesiredState.DoesNotExist, NotRefusedNow.
    """
    with transaction.atomic():
        row = _refused(staff, pk, version)
        action = Action.STOP_SETTLED if row.do_not_text else Action.CONSENT_SETTLED
        _record_decision(row, action, staff, note)
        row.state, row.settled_version, row.due_at = DeliveryState.SETTLED, row.version, None
        row.answer = note[:500]
        row.save(update_fields=["state", "settled_version", "due_at", "answer"])
        stops.note_outcome(row)
        record.refresh_verdicts([row.number])
    return row


def _refused(staff: Staff, pk: int, version: int) -> DesiredState:
    """Return the refused row, locked, if `staff` may decide about it and it is still at `version`."""
    require(staff, "review_opt_outs")
    audit_log.take_turn()
    rows = DesiredState.objects.select_for_update(of=("self",)).select_related("ledger_entry")
    row = rows.get(pk=pk)
    if not row.do_not_text:
        require(staff, "lift_stops")
    if row.state != DeliveryState.REFUSED or row.version != version:
        raise NotRefusedNow(row)
    return row


def _record_decision(row: DesiredState, action: Action, staff: Staff, note: str = "") -> None:
    audit_log.record(
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
