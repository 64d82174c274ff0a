"""One function for each way in which consent changes. Nothing else writes statements, or what vendors shall hold.

Each commits to our own database before any vendor is called, and then waits for the vendors no longer than one click
may take. What is not answered by then is delivered in the background.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import (
    Disagreement,
    LedgerEntry,
    OptOut,
    Statement,
    Vendor,
    WebhookEvent,
    Wish,
)
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.opt_out import OptOutState
from contacts_ui.models.wish import WishState
from contacts_ui.permissions import Staff, require
from contacts_ui.services import ledger
from contacts_ui.services.consent import (
    desired_state,
    disagreements,
    held_presses,
    lift_requests,
    opt_outs,
    readings,
    record,
    stops,
)
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.looking import judge_one
from contacts_ui.services.consent.rules import (
    Said,
    by_vendor,
    check_evidence,
    check_newer,
    standing,
    usable,
)
from contacts_ui.services.consent.stops import Stop, as_seen, said_in_words, write_stop
from contacts_ui.services.consent.types import Evidence, Reading, Request, Seen
from contacts_ui.services.consent.verdicts import STOPPED_STATUSES, Judgement
from contacts_ui.services.vendors import connected

# What is recorded about how they asked belongs to a press that is no older than this.
SAME_REQUEST: Final = timedelta(days=1)


class RecordChanged(Exception):
    """Something was said about this number since the form was opened; `judgement` is how it stands (rule 7)."""

    def __init__(self, judgement: Judgement) -> None:
        self.judgement = judgement
        super().__init__("the record has changed")


class NeedsSecondPerson(Exception):
    """With FOUR_EYES on, another person decides about every raise of consent (rule 7)."""


# --- Stopping ---------------------------------------------------------------------------------------


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
        elif written := write_stop(_stop_of_staff(staff, seen, Request())):
            keys = written.keys
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
            _add_details(staff, seen, request, bare)
            return pressed.keys if pressed else ()
        written = write_stop(_stop_of_staff(staff, seen, request, batch=batch))
        return written.keys if written else ()


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
        status=_status_of(seen),
        batch=batch,
    )


def _status_of(seen: Seen) -> str:
    """Return what SlickText shall hold: a stop never weakens what it holds already (rule 9)."""
    return seen.status if seen.status == OptInStatus.BLOCKED else OptInStatus.UNSUBSCRIBED


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


def _add_details(staff: Staff, seen: Seen, request: Request, bare: OptOut) -> None:
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
        status=_status_of(seen),
        words=request.reason,
    )
    lift_requests.overtaken(entry)
    opt_outs.detailed(bare, entry)


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


# --- Raising consent --------------------------------------------------------------------------------


def change_opt_in_status(
    *, staff: Staff, seen: Seen, status: str, evidence: Evidence, version: int | None = None
) -> Judgement:
    """Lift a stop or opt a person in, with evidence that is newer than every stop.

    `version` is the record's as the form showed it. Raises NotAllowed, NeedsSecondPerson, RecordChanged,
    rules.EvidenceRefused.
    """
    require(staff, "lift_stops")
    if settings.FOUR_EYES:
        raise NeedsSecondPerson
    end_hold(seen.number)
    with transaction.atomic():
        ledger.take_turn()
        check_unchanged(seen, version)
        record_as_read(seen)
        keys = record_consent(staff=staff, seen=seen, status=status, evidence=evidence)
    deliver_now(keys)
    return judge_one(seen)


def check_unchanged(seen: Seen, version: int | None) -> None:
    """Raise RecordChanged if something was said since the form was opened, or pressed just now (rule 7).

    Call it after the ledger's turn.
    """
    state = record.state_of(seen.number)
    moved = version is not None and version != (state.version if state else 0)
    if moved or record.is_held(seen.number):
        raise RecordChanged(judge_one(seen))


def record_as_read(seen: Seen) -> None:
    """Record what SlickText shows of a contact, so that what raises consent answers its stop as well (rule 7)."""
    if seen.number and seen.contact_id and seen.read_at:
        readings.record_readings([Reading.of(seen)])


def record_consent(*, staff: Staff, seen: Seen, status: str, evidence: Evidence) -> Collection[int]:
    """Write consent with its evidence, and call no vendor; return what is to be delivered.

    For use cases that have checked the permission, inside a transaction of theirs that has the ledger's turn. Raises
    rules.EvidenceRefused.
    """
    check_evidence_for(seen.number, evidence)
    said = evidence.said
    entry = ledger.record(
        action=Action.CONSENT_REQUESTED,
        staff=staff,
        number=seen.number,
        contact_id=seen.contact_id,
        channel=evidence.channel,
        reason=evidence.words,
        asked_at=evidence.at,
        before=as_seen(seen),
        after={
            "do_not_text": False,
            "opt_in_status": status,
            "consented": evidence.who,
            "own_stops": list(evidence.own_stops),
            **said_in_words(said),
        },
    )
    _discount_told_back(entry, evidence.own_stops)
    record.add(
        entry,
        kind=StatementKind.CONSENT,
        source=Source.PERSON,
        said=said,
        status=status,
        words=evidence.words,
    )
    lift_requests.overtaken(entry, "Texts were allowed meanwhile.")
    opt_outs.ended(entry.number, by=OptOutState.LIFTED)
    return desired_state.want_consent(entry)


def check_evidence_for(number: str, evidence: Evidence) -> None:
    """Raise rules.EvidenceRefused for evidence that would not answer every stop of a number as its record stands."""
    check_evidence(evidence.who, evidence.words)
    counted = record.statements_of(number).exclude(pk__in=evidence.own_stops, told_back=True)
    state = record.state_of(number)
    check_newer(evidence.said, standing(counted).stop, state.reassigned_at if state else None)


def _discount_told_back(entry: LedgerEntry, ids: Iterable[int]) -> None:
    """Note the decision that these stops, told back while we told the vendor, were our own (rule 10)."""
    mine = record.statements_of(entry.number).filter(pk__in=list(ids), told_back=True)
    record.discount(entry, list(mine.values_list("pk", flat=True)))


def can_tell_wrong_person(number: str) -> bool:
    """Return True where a press was certainly the only stop, and both vendors can tell so (rule 6).

    CloudContactAI cannot be read back, so this holds only where it is not connected and never heard of the number.
    SlickText has to have said *subscribed* before the press, and to date its change within our own call.
    """
    stops_said = list(record.statements_of(number).filter(kind=StatementKind.STOP))
    if len(stops_said) != 1 or stops_said[0].source != Source.STAFF:
        return False
    at_cloudcontactai = Wish.objects.filter(number=number, vendor=Vendor.CLOUDCONTACTAI)
    if Vendor.CLOUDCONTACTAI in connected() or at_cloudcontactai.exists():
        return False
    state = record.state_of(number)
    changed_at = state.status_changed_at if state else None
    before = stops_said[0].ledger_entry.before.get("status")
    return bool(
        before == OptInStatus.SUBSCRIBED
        and state
        and state.status == OptInStatus.UNSUBSCRIBED
        and changed_at
        and desired_state.is_told_back(number, Vendor.SLICKTEXT, changed_at)
    )


def wrong_person(*, staff: Staff, seen: Seen, reason: str, asked_by: str) -> Collection[int]:
    """Take back a press that stopped the wrong person, after a second person agreed (rule 6). Never consent.

    Call it inside the transaction of the approval, after `can_tell_wrong_person`; returns what is to be delivered.
    """
    require(staff, "lift_stops")
    entry = ledger.record(
        action=Action.STOP_DISCOUNTED,
        staff=staff,
        number=seen.number,
        contact_id=seen.contact_id,
        reason=reason,
        after={"asked_by": asked_by, "do_not_text": False},
    )
    pressed = record.statements_of(seen.number).filter(kind=StatementKind.STOP)
    record.discount(entry, list(pressed.values_list("pk", flat=True)))
    opt_outs.ended(entry.number, by=OptOutState.UNDONE)
    return desired_state.want_back(entry, OptInStatus.SUBSCRIBED)


# --- What the vendors say ---------------------------------------------------------------------------


def cloudcontactai_marked(
    *, number: str, at: datetime | None, heard_at: datetime, label: str, event: str
) -> str:
    """Record that CloudContactAI marked a person; return what was done, in words. It can only ever stop."""
    moment = usable(at, heard_at)
    told_back = desired_state.is_told_back(number, Vendor.CLOUDCONTACTAI, moment)
    written = write_stop(
        Stop(
            Seen(number, label=label),
            Source.VENDOR_MARK,
            by_vendor(at, heard_at),
            request=Request(
                Channel.VENDOR, moment, f"CloudContactAI marked them (event {event[:150]})."
            ),
            key=f"ccai:{event}"[:200],
            told_back=told_back,
        )
    )
    if written is None:
        return "On record already."
    if told_back:
        return "Our own stop told back, or theirs: kept, and the person stays stopped."
    return "Stopped at every connected vendor."


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


# --- Contacts and numbers ---------------------------------------------------------------------------


@dataclass(frozen=True)
class StatusFor:
    """What SlickText shall be sent for a contact that gets a number: `status`, None where it stays as it is (rule 8).

    `stopped_here`: the number is stopped. `follows`: the stop of the old number comes along.
    """

    status: str | None
    stopped_here: bool = False
    follows: bool = False

    @property
    def sent(self) -> dict[str, Any]:
        """What SlickText is sent with the contact; empty where its status stays as it is."""
        return {"opt_in_status": self.status} if self.status else {}

    @property
    def stopped(self) -> bool:
        """Return True if the contact is saved as stopped."""
        return self.stopped_here or self.follows


def status_for_new_contact(number: str) -> StatusFor:
    """Return *not subscribed* for a new contact, or a stop if its number is stopped."""
    if record.is_stopped(number):
        return StatusFor(desired_state.strongest(number), stopped_here=True)
    return StatusFor(OptInStatus.NOT_SUBSCRIBED)


def status_for_new_number(*, old: str, new: str, status: str | None) -> StatusFor:
    """Decide for a contact with SlickText's `status` and a new number: consent is the number's, a stop is of both."""
    stopped = record.is_stopped(new)
    follows = status in STOPPED_STATUSES or record.is_stopped(old)
    if stopped or follows:
        held = {status, desired_state.strongest(new), desired_state.strongest(old)}
        blocked = OptInStatus.BLOCKED in held
        strongest = OptInStatus.BLOCKED if blocked else OptInStatus.UNSUBSCRIBED
        return StatusFor(strongest, stopped, follows)
    return StatusFor(None if status == OptInStatus.NOT_SUBSCRIBED else OptInStatus.NOT_SUBSCRIBED)


def number_leaves(*, staff: Staff, seen: Seen, why: str) -> Collection[int]:
    """Record the stop of a number before its contact is deleted or gets another number (rule 8).

    `seen` is as SlickText showed it a moment ago. Returns what is to be delivered. Call it before the vendor's call.
    """
    if not seen.number:
        return ()
    with transaction.atomic():
        ledger.take_turn()
        pressed = stops.end_hold(seen.number)
        news = readings.find_stops([Reading.of(seen)])
        if news or (
            seen.status in STOPPED_STATUSES and not record.standing_of(seen.number).stopped
        ):
            said = by_vendor(seen.changed_at, seen.read_at or timezone.now())
            return _carried(staff, seen, said, why, news=news[0] if news else None)
        return pressed.keys if pressed else ()


def number_taken(
    *,
    staff: Staff,
    entry: LedgerEntry,
    contact: Contact,
    began: datetime,
    left: Seen | None = None,
    consented: bool = False,
) -> Collection[int]:
    """Carry the stop of the number that a contact `left` to the one it was saved with as stopped (rule 8).

    `entry` is that of the save, whose call to SlickText `began` then: what it told is not told back as new.
    `consented`: evidence comes with it. Else older consent of the new number does not answer the stop.
    """
    number = contact.number or ""
    with transaction.atomic():
        ledger.take_turn()
        pressed = stops.end_hold(number)
        keys = list(pressed.keys) if pressed else []
        stands = record.standing_of(number)
        if left and not stands.stopped:
            said = _said_at(left)
            if stands.consent and not consented:
                said = Said(said.earliest, timezone.now())
            seen = Seen(number, contact.contact_id, contact.name, contact.opt_in_status, began)
            keys += _carried(staff, seen, said, "the former number of this person was stopped")
        else:
            keys += desired_state.want_stop(entry, number=number, again=False)
        desired_state.told_with_contact(number, contact.opt_in_status or "", began)
        return keys


def _said_at(left: Seen) -> Said:
    """Return when the stop that a contact takes along was said."""
    stop = record.standing_of(left.number).stop if left.number else None
    if stop:
        return Said(stop.earliest, stop.latest)
    return by_vendor(left.changed_at, left.read_at or timezone.now())


def _carried(
    staff: Staff, seen: Seen, said: Said, why: str, news: readings.Found | None = None
) -> Collection[int]:
    stop = Stop(
        seen,
        Source.CARRIED_OVER,
        said,
        staff,
        Request(reason=f"Carried over: {why}."),
        status=_status_of(seen),
        key=news.key if news else "",
        told_back=bool(news and news.told_back),
    )
    written = write_stop(stop)
    return written.keys if written else ()


def reassign(*, number: str, at: datetime, words: str) -> None:
    """Record that a number passed to another person at `at`: consent from before is void, a stop holds (rule 1)."""
    with transaction.atomic():
        ledger.record(
            action=Action.NUMBER_REASSIGNED, staff=None, number=number, asked_at=at, reason=words
        )
        record.reassign(number, at)


# --- What a vendor refused --------------------------------------------------------------------------


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
