"""The doors of staff who stop texts, one function for each. The others: `raising`, `number_doors`, `vendor_doors`.

Nothing outside this package writes statements, or what vendors shall hold.

Each commits to our own database before any vendor is called, and then waits for the vendors no longer than one click
may take. What is not answered by then is delivered in the background.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from contacts_ui.models import (
    Disagreement,
    LedgerEntry,
    OptOut,
    Statement,
    Wish,
)
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.wish import WishState
from contacts_ui.permissions import Staff, require
from contacts_ui.services import ledger
from contacts_ui.services.consent import (
    desired_state,
    disagreements,
    held_presses,
    lift_requests,
    opt_outs,
    record,
    stops,
)
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.looking import judge_one
from contacts_ui.services.consent.stops import Stop, as_seen, said_in_words, write_stop
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.consent.verdicts import Judgement, Verdict

# What is recorded about how they asked belongs to a press that is no older than this.
SAME_REQUEST: Final = timedelta(days=1)


def press_stop(*, staff: Staff, seen: Seen) -> Judgement:
    """Press *Do not text*: hold it for `UNDO_SECONDS`; a second press sends what is held at once (rule 5).

    Raises NotAllowed.
    """
    require(staff, "stop_texts")
    keys: Collection[int] = ()
    with transaction.atomic():
        ledger.take_turn()
        press = None
        if written := stops.end_hold(seen.number):
            keys = written.keys
        elif held_presses.hold_time():
            press = held_presses.hold(staff=staff, seen=seen)
        else:
            keys = stops.write(_stop_of_staff(staff, seen, Request())).keys
    if press:
        held_presses.send_in_time(press)
    deliver_now(keys)
    return judge_one(seen)


def unsend(*, staff: Staff, seen: Seen) -> Judgement:
    """Take back a press that is still held. Raises NotAllowed, held_presses.CannotUnsend."""
    require(staff, "stop_texts")
    held_presses.unsend(staff=staff, number=seen.number)
    return judge_one(seen)


def tell_now(*, staff: Staff, seen: Seen) -> Judgement:
    """End the hold and tell the vendors at once. Does nothing where none is held. Raises NotAllowed."""
    require(staff, "stop_texts")
    end_hold(seen.number)
    return judge_one(seen)


def end_hold(number: str) -> None:
    """Send the press that is held for a number, whatever becomes of what ended it (rule 5)."""
    if not record.is_held(number):
        return
    with transaction.atomic():
        ledger.take_turn()
        written = stops.end_hold(number)
    deliver_now(written.keys if written else ())


def stop(*, staff: Staff, seen: Seen, request: Request) -> Judgement:
    """Stop texts with how they asked: at once, since words are no slip (rule 5).

    Details of a stop that was pressed without any are added to that same opt-out. Raises NotAllowed.
    """
    require(staff, "stop_texts")
    deliver_now(record_stop(staff=staff, seen=seen, request=request))
    return judge_one(seen)


def record_stop(
    *, staff: Staff, seen: Seen, request: Request, batch: bool = False
) -> Collection[int]:
    """Do as `stop`, and call no vendor; return what is to be delivered.

    `batch` is for jobs and imports, which have checked the permission: their stops are carried over, never details.
    """
    with transaction.atomic():
        ledger.take_turn()
        pressed = stops.end_hold(seen.number)
        if not batch and (bare := stop_without_details(seen.number, request)):
            entry = _add_details(staff, seen, request, bare)
            if judge_one(seen).verdict is Verdict.DISAGREE:
                # A vendor can text them again since, so it has to hear of this.
                return desired_state.want_stop(entry)
            return pressed.keys if pressed else ()
        return stops.write(_stop_of_staff(staff, seen, request, batch=batch)).keys


def _stop_of_staff(staff: Staff, seen: Seen, request: Request, *, batch: bool = False) -> Stop:
    source = Source.STAFF if request.is_bare else Source.PERSON
    if batch:
        source = Source.CARRIED_OVER
    return Stop(
        seen,
        source,
        request.said(timezone.now()),
        staff,
        request,
        status=seen.stopped_status,
        batch=batch,
    )


def stop_without_details(number: str, request: Request) -> OptOut | None:
    """Return the opt-out of a bare press that stands, if how they asked is not recorded yet."""
    newest = OptOut.objects.filter(number=number, ended_at=None).order_by("-pk").first()
    if newest is None or newest.reason or newest.channel != Channel.UNRECORDED:
        return None
    if (request.asked_at or timezone.now()) > newest.recorded_at + SAME_REQUEST:
        # They asked once more, later.
        return None
    said = Statement.objects.filter(ledger_entry=newest.ledger_entry_id, source=Source.STAFF)
    return newest if said.exists() else None


def _add_details(staff: Staff, seen: Seen, request: Request, bare: OptOut) -> LedgerEntry:
    """Record how they asked: one more statement, and no second opt-out."""
    said = request.said(timezone.now())
    entry = ledger.record(
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
    lift_requests.overtaken(entry)
    opt_outs.detailed(bare, entry)
    return entry


def repair(*, staff: Staff, keys: Collection[int]) -> list[Disagreement]:
    """Tell every vendor again of the stops of these disagreements; return those that were still open.

    The record holds these stops, or a vendor does: telling again is not saying again (rule 10). Raises NotAllowed.
    """
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
    """Write one repair, and call no vendor; None where it is over, or its stop is on its way. Raises NotAllowed."""
    require(staff, "stop_texts")
    with transaction.atomic():
        ledger.take_turn()
        row = Disagreement.objects.select_for_update().filter(pk=key, closed_at=None).first()
        if row is None or _stop_on_its_way(row.number):
            return None
        stops.end_hold(row.number)
        entry = ledger.record(
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
        # A vendor holds a stop that newer consent had answered here: in doubt the stop wins.
        seen = Seen(row.number, row.contact_id, row.label, row.status, row.found_at)
        request = Request(reason="Repaired toward stop: the vendors disagreed.")
        written = write_stop(_stop_of_staff(staff, seen, request, batch=batch))
        return list(written.keys) if written else []


def _stop_on_its_way(number: str) -> bool:
    waiting = Wish.objects.filter(number=number, do_not_text=True, state=WishState.ON_ITS_WAY)
    return waiting.exists()


def try_stop_again(*, staff: Staff, seen: Seen) -> Judgement:
    """Tell the vendors again of a stop that the record holds; press where it holds none. Raises NotAllowed."""
    require(staff, "stop_texts")
    with transaction.atomic():
        ledger.take_turn()
        stops.end_hold(seen.number)
        stopped = record.standing_of(seen.number).stopped
        keys = desired_state.want_stop(_retried(staff, seen)) if stopped else []
        if stopped:
            opt_outs.retried(seen.number)
    if not stopped:
        return press_stop(staff=staff, seen=seen)
    deliver_now(keys)
    return judge_one(seen)


def tell_untold(*, staff: Staff, seen: Seen, reason: str) -> LedgerEntry | None:
    """Tell vendors that were never told of the stop on record, behind people's own stops; None where all were.

    Telling again is not saying again (rule 10). Calls no vendor. For jobs, which have checked the permission.
    """
    with transaction.atomic():
        ledger.take_turn()
        state = record.state_of(seen.number)
        if state is None or not state.untold:
            return None
        entry = _retried(staff, seen, reason)
        desired_state.want_stop(entry, again=False, batch=True)
        return entry


def _retried(staff: Staff, seen: Seen, reason: str = "") -> LedgerEntry:
    return ledger.record(
        action=Action.STOP_RETRIED,
        staff=staff,
        number=seen.number,
        contact_id=seen.contact_id,
        reason=reason,
        before=as_seen(seen),
        after={"do_not_text": True},
    )
