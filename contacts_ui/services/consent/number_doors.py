"""The doors of numbers: what a contact is created or renumbered with, and what its stop leaves behind (rule 8)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import LedgerEntry
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff
from contacts_ui.services import ledger
from contacts_ui.services.consent import desired_state, readings, record, stops
from contacts_ui.services.consent.rules import Said, by_vendor
from contacts_ui.services.consent.stops import Stop, write_stop
from contacts_ui.services.consent.types import Reading, Request, Seen
from contacts_ui.services.consent.verdicts import STOPPED_STATUSES


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
        status=seen.stopped_status,
        key=news.key if news else "",
        told_back=bool(news and news.told_back),
    )
    written = write_stop(stop)
    return written.keys if written else ()


def reassign(*, number: str, at: datetime, words: str) -> Collection[int]:
    """Record that a number passed to another person at `at`: consent from before is void (rule 1).

    An older stop holds again, and is told to the vendors. Without one the number is *Not known*, and stands under
    *Needs attention*. Returns what is to be delivered; nothing where it is on record already.
    """
    with transaction.atomic():
        ledger.take_turn()
        known = record.state_of(number)
        if known and known.reassigned_at and known.reassigned_at >= at:
            return ()
        entry = ledger.record(
            action=Action.NUMBER_REASSIGNED, staff=None, number=number, asked_at=at, reason=words
        )
        record.reassign(number, at)
        return desired_state.want_stop(entry, again=False, batch=True)
