"""Consent belongs to the number (rule 8): what happens when a contact gets, changes, or leaves one. And how to find it.

A stop stays with the number when its contact leaves, and also follows the person to a new number.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.db import transaction
from django.utils import timezone

from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import ConsentSetup, ConsentState, Disagreement, HeldPress, LedgerEntry
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff
from contacts_ui.phone import to_e164
from contacts_ui.services import audit_log
from contacts_ui.services.consent import desired_state, record, slicktext_readings, stops
from contacts_ui.services.consent.rules import STOPPED_STATUSES, Said, by_vendor
from contacts_ui.services.consent.stops import Stop, write_stop
from contacts_ui.services.consent.types import Request, Seen


@dataclass(frozen=True)
class StatusFor:
    """The status that SlickText is sent for a contact with a new number; None keeps it (rule 8)."""

    status: str | None
    stopped: bool = False

    @property
    def sent(self) -> dict[str, Any]:
        """Return what SlickText is sent with the contact; empty if its status stays."""
        return {"opt_in_status": self.status} if self.status else {}


@dataclass(frozen=True)
class Move:
    """A contact gets another number: who they were at the old one, the new one, and the status SlickText gets there.

    `arrived`: SlickText has the new number already, by an earlier save whose answer was lost.
    """

    left: Seen
    new: str
    status: StatusFor
    arrived: bool


def move_of(contact: Contact, asked_at: datetime, *, opened: str, typed: str) -> Move | None:
    """Return the move of a contact, read at `asked_at`, from the number `opened` to `typed`; None without one."""
    new, opened = to_e164(typed) or "", to_e164(opened) or ""
    arrived = new == contact.number and bool(opened) and opened != new
    if not new or (new == contact.number and not arrived):
        return None
    left = Seen.of(contact, asked_at, number=opened if arrived else "")
    return Move(left, new, _status_for_new_number(left.number, new, left.status), arrived)


def status_for_new_contact(number: str) -> StatusFor:
    """Return *not subscribed* for a new contact, or a stop if its number is stopped."""
    if record.is_stopped(number):
        return StatusFor(desired_state.strongest(number), stopped=True)
    return StatusFor(OptInStatus.NOT_SUBSCRIBED)


def _status_for_new_number(old: str, new: str, status: str | None) -> StatusFor:
    """Return the status for a contact's new number. Consent stays with the old one; a stop follows the person."""
    if status in STOPPED_STATUSES or record.is_stopped(new) or record.is_stopped(old):
        held = {status, desired_state.strongest(new), desired_state.strongest(old)}
        blocked = OptInStatus.BLOCKED in held
        return StatusFor(OptInStatus.BLOCKED if blocked else OptInStatus.UNSUBSCRIBED, True)
    return StatusFor(None if status == OptInStatus.NOT_SUBSCRIBED else OptInStatus.NOT_SUBSCRIBED)


def number_leaves(*, staff: Staff, seen: Seen, why: str) -> Collection[int]:
    """Record the stop of a number before its contact is deleted or gets another number (rule 8).

    `seen` is as SlickText just showed it. Return the keys to deliver. Call it before the vendor's call.
    """
    if not seen.number:
        return ()
    with transaction.atomic():
        audit_log.take_turn()
        pressed = stops.end_hold(seen.number)
        news = slicktext_readings.find_stops([seen])
        if news or (
            seen.status in STOPPED_STATUSES and not record.standing_of(seen.number).stopped
        ):
            said = by_vendor(seen.changed_at, seen.heard_at)
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
    """Record the stop of the number that a contact `left` for the number it was saved with as stopped (rule 8).

    `entry` is that of the save, whose call to SlickText `began` then: a report of it is not news. `consented`: evidence
    comes with it; otherwise older consent for the new number does not answer the stop.
    """
    number = contact.number or ""
    with transaction.atomic():
        audit_log.take_turn()
        pressed = stops.end_hold(number)
        keys = list(pressed.keys) if pressed else []
        stands = record.standing_of(number)
        if left and not stands.stopped:
            stop = record.standing_of(left.number).stop if left.number else None
            said = by_vendor(left.changed_at, left.heard_at)
            if stop:
                said = Said(stop.earliest, stop.latest)
            if stands.consent and not consented:
                said = Said(said.earliest, timezone.now())
            seen = Seen(number, contact.contact_id, contact.name, contact.opt_in_status, began)
            keys += _carried(staff, seen, said, "the former number of this person was stopped")
        else:
            keys += desired_state.want_stop(entry, number=number, again=False)
        desired_state.told_with_contact(number, contact.opt_in_status or "", began)
        return keys


def _carried(
    staff: Staff, seen: Seen, said: Said, why: str, news: slicktext_readings.Found | None = None
) -> Collection[int]:
    stop = Stop(
        seen,
        Source.CARRIED_OVER,
        said,
        staff,
        Request(reason=f"Carried over: {why}.", by_person=False),
        status=seen.stopped_status,
        key=news.key if news else "",
        told_back=bool(news and news.told_back),
    )
    written = write_stop(stop)
    return written.keys if written else ()


def reassign(*, number: str, at: datetime, words: str) -> Collection[int]:
    """Record that a number passed to another person at `at`: consent from before is void (rule 1).

    An older stop counts again, and goes to the vendors. Without one the number is *Not known*, and is listed under
    *Needs attention*. Return the keys to deliver; none if it is on record already.
    """
    with transaction.atomic():
        audit_log.take_turn()
        known = record.state_of(number)
        if known and known.reassigned_at and known.reassigned_at >= at:
            return ()
        entry = audit_log.record(
            action=Action.NUMBER_REASSIGNED, staff=None, number=number, asked_at=at, reason=words
        )
        record.reassign(number, at)
        return desired_state.want_stop(entry, again=False, batch=True)


# --- The number of a contact by our own record: a stop must not wait for SlickText ------------------------

# Tables that have a SlickText contact together with a number, and the time of each.
_NAMED_IN: Final[tuple[tuple[Any, str], ...]] = (
    (ConsentState, "read_at"),
    (HeldPress, "pressed_at"),
    (Disagreement, "found_at"),
)


def number_of_contact(contact_id: int) -> str:
    """Return the newest number (E.164) on record for a contact, or "". Ask no vendor."""
    known: list[tuple[datetime, str] | None] = []
    entries = LedgerEntry.objects.filter(contact_id=contact_id).exclude(number="").order_by("-pk")
    for moment, action, old, after in entries.values_list("at", "action", "number", "after")[:20]:
        # An edit has the new one.
        new = after.get("mobile_number", "") if action == Action.CONTACT_EDITED else ""
        if number := to_e164(new) or to_e164(old):
            known.append((moment, number))
            break
    for model, at in _NAMED_IN:
        rows = model.objects.filter(contact_id=contact_id, **{f"{at}__isnull": False})
        known.append(rows.order_by(f"-{at}").values_list(at, "number").first())
    return max(filter(None, known), default=(None, ""))[1]


# --- Ids of numbers for addresses: they say nothing, and cannot be guessed -----------------------------

# The key is in the database, so an id survives a change of `DJANGO_SECRET_KEY`.
# So that not even the length of a number shows; a multiple of 3 with the 16 bytes of the seal: one spelling of each id.
PADDED_LETTERS: Final = 20


def id_of(number: str) -> str:
    """Return the id of a number (E.164), which never changes."""
    sealed = AESSIV(_key()).encrypt(number.ljust(PADDED_LETTERS).encode(), None)
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def number_of_id(number_id: str) -> str | None:
    """Return the number of an id; None for an id that is not ours."""
    try:
        sealed = urlsafe_b64decode(number_id + "=" * (-len(number_id) % 4))
        return AESSIV(_key()).decrypt(sealed, None).decode().rstrip()
    except (InvalidTag, ValueError):
        return None


@cache
def _key() -> bytes:
    return bytes(ConsentSetup.load().number_key)
