"""Wishes: what we want each vendor to hold for a number, delivered until the vendor has settled it.

Level-triggered, as a thermostat is: take a row that is due, send its *current* wish, and settle that version if no
newer one came meanwhile. One call at a time for each row (a lease), so a newer wish is sent after an older one, never
before it. `wish_for` writes, `deliver` sends, `due_now` finds; who calls them (a click, the worker) does not matter.
"""

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contacts_ui.integrations import cloudcontactai, slicktext
from contacts_ui.integrations.errors import (
    BadCredentials,
    NotFound,
    Refused,
    VendorError,
)
from contacts_ui.integrations.http import DELIVER, Connection, Manner
from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import LedgerEntry, Vendor, Wish
from contacts_ui.models.ledger import Action
from contacts_ui.models.wish import WishState
from contacts_ui.services import ledger, lift_requests, opt_outs
from contacts_ui.services.vendors import connected, to_cloudcontactai, to_slicktext

# A lease outlasts its call by this, so that two calls about one row never overlap.
LEASE_MARGIN_SECONDS = 4.0
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 300.0
# How long a vendor may still carry out a call that it never answered.
LATE_EFFECT = timedelta(minutes=2)

NOBODY_THERE = "Nobody has this number there, so there is nobody to text."
MOVED = "They have another number now; the stop follows them to it."


@dataclass(frozen=True)
class Answer:
    """What a vendor holds now, by its own answer. `words` is for the screen.

    `moved_to` is the present number of the person whom the wish was about, where that is another one.
    """

    do_not_text: bool
    opt_in_status: str = ""
    words: str = ""
    moved_to: str = ""


def wish_for(
    *,
    number: str,
    vendor: Vendor,
    do_not_text: bool,
    opt_in_status: str = "",
    entry: LedgerEntry,
) -> Wish:
    """Write down a new wish for `number` (E.164) at `vendor`; call it inside the transaction of its ledger entry."""
    now = timezone.now()
    wish, _ = Wish.objects.select_for_update().get_or_create(
        number=number,
        vendor=vendor,
        defaults={"do_not_text": do_not_text, "wished_at": now, "ledger_entry": entry},
    )
    wish.do_not_text = do_not_text
    wish.opt_in_status = opt_in_status
    wish.version += 1
    wish.wished_at = wish.due_at = now
    wish.expires_at = None if do_not_text else now + timedelta(hours=settings.OPT_IN_EXPIRES_HOURS)
    wish.ledger_entry = entry
    wish.state = WishState.ON_ITS_WAY
    wish.answer = ""
    wish.attempts = 0
    wish.save()
    return wish


def wish_everywhere(entry: LedgerEntry, *, do_not_text: bool, status: str) -> list[int]:
    """Write down the wish of a ledger entry for every connected vendor; return the keys of the rows.

    `status` is what SlickText shall hold. Call it inside the transaction of the entry. A lift request that waits for
    this number has nothing left to ask for.
    """
    lift_requests.overtaken(entry, do_not_text=do_not_text)
    return [
        wish_for(
            number=entry.number,
            vendor=vendor,
            do_not_text=do_not_text,
            opt_in_status=status if vendor == Vendor.SLICKTEXT else "",
            entry=entry,
        ).pk
        for vendor in connected()
    ]


def due_now(*, limit: int = 100) -> list[int]:
    """The keys of wishes that want a call now, stops first, then the oldest."""
    due = Wish.objects.due(timezone.now()).order_by("-do_not_text", "due_at")
    return list(due.values_list("pk", flat=True)[:limit])


def deliver(pk: int, *, manner: Manner = DELIVER) -> None:
    """Send the current wish of one row to its vendor and write down what it answered.

    Does nothing when somebody else is already calling about the row. Never raises for a vendor's failure.
    """
    wish = _lease(pk, manner)
    while wish is not None:
        if _expired(wish):
            return _settle(wish, WishState.EXPIRED, "It was not confirmed in time.")
        try:
            answer = _send(wish, manner)
        except LeaseLost:
            return None
        except VendorError as error:
            if _is_final(error):
                return _settle(wish, WishState.REFUSED, error.words or error.person, error)
            return _postpone(wish, error)
        # A newer wish that came during the call is sent at once, under the same lease.
        wish = _confirm(wish, answer, manner)
    return None


class LeaseLost(Exception):
    """Somebody else has taken the row over; it is theirs to finish."""


def _lease(pk: int, manner: Manner) -> Wish | None:
    now = timezone.now()
    row = Wish.objects.due(now).filter(pk=pk).first()
    if row is None:
        return None
    changes: dict[str, Any] = {"lease": uuid.uuid4().hex, "leased_until": now + _lease_time(manner)}
    if row.lease:
        # Whoever held it died or was too slow: nobody knows what became of their call.
        changes |= {"unanswered_version": 0, "unanswered_at": now}
    # Still due: somebody may have settled it since it was read.
    taken = Wish.objects.due(now).filter(pk=pk, lease=row.lease).update(**changes)
    return Wish.objects.get(pk=pk) if taken else None


def _renew(wish: Wish, manner: Manner) -> None:
    """Before one more call under the same lease."""
    until = timezone.now() + _lease_time(manner)
    if not Wish.objects.filter(pk=wish.pk, lease=wish.lease).update(leased_until=until):
        raise LeaseLost


def _lease_time(manner: Manner) -> timedelta:
    return timedelta(seconds=manner.total_timeout + LEASE_MARGIN_SECONDS)


def _is_final(error: VendorError) -> bool:
    """Whether asking again is useless: the vendor itself said no to this wish, and not to our key."""
    return (
        isinstance(error, Refused)
        and not isinstance(error, BadCredentials)
        and not error.said_by_a_proxy
    )


def _expired(wish: Wish) -> bool:
    return wish.expires_at is not None and wish.expires_at <= timezone.now() and not wish.settled


def _send(wish: Wish, manner: Manner) -> Answer:
    if wish.vendor == Vendor.CLOUDCONTACTAI:
        said = cloudcontactai.set_do_not_text(
            to_cloudcontactai(), do_not_text=wish.do_not_text, phone=wish.number, manner=manner
        )
        return Answer(said.do_not_text)
    return _send_to_slicktext(wish, manner)


def _send_to_slicktext(wish: Wish, manner: Manner) -> Answer:
    """Edit by number, as the vendor's page allows; by id, looked up, where an account does not take the number."""
    connection = to_slicktext()
    changes = {"opt_in_status": wish.opt_in_status}
    try:
        contact = slicktext.edit_contact(connection, wish.number, changes, manner=manner)
    except BadCredentials:
        raise
    except Refused:
        _renew(wish, manner)
        found = slicktext.find_contact(connection, wish.number, manner=manner)
        if found is None and not wish.do_not_text:
            raise
        if found is None:
            moved_to = _present_number(wish, connection, manner)
            return Answer(True, words=MOVED if moved_to else NOBODY_THERE, moved_to=moved_to)
        _renew(wish, manner)
        contact = slicktext.edit_contact(connection, found.contact_id, changes, manner=manner)
    if contact.opt_in_status != wish.opt_in_status:
        raise Refused(
            Vendor.SLICKTEXT.value,
            words=f"SlickText answered, but still says “{contact.opt_in_status or 'nothing'}”.",
        )
    moved_to = ""
    if wish.ledger_entry.contact_id not in (None, contact.contact_id):
        moved_to = _present_number(wish, connection, manner)
    stopped = contact.opt_in_status != OptInStatus.SUBSCRIBED
    return Answer(stopped, contact.opt_in_status, MOVED if moved_to else "", moved_to)


def _present_number(wish: Wish, connection: Connection, manner: Manner) -> str:
    """The number that the person of a stop has by now, if it is another one; the stop was about the person."""
    contact_id = wish.ledger_entry.contact_id
    if contact_id is None or not wish.do_not_text:
        return ""
    _renew(wish, manner)
    try:
        number = slicktext.get_contact(connection, contact_id, manner=manner).number
    except NotFound:
        return ""
    return number if number and number != wish.number else ""


def _confirm(sent: Wish, answer: Answer, manner: Manner) -> Wish | None:
    """Write down the vendor's answer; return the row when a newer wish wants to be sent now."""
    with transaction.atomic():
        row = _still_ours(sent)
        if row is None:
            return None
        now = timezone.now()
        row.confirmed_do_not_text = answer.do_not_text
        row.confirmed_opt_in_status = answer.opt_in_status
        row.confirmed_at = now
        newer = row.version != sent.version
        if newer:
            row.leased_until = now + _lease_time(manner)
        else:
            first_time = not row.settled
            row.state, row.settled_version = WishState.CONFIRMED, sent.version
            row.answer, row.attempts = answer.words, 0
            row.due_at = _second_look(row)
            _release(row)
            if first_time:
                _record_outcome(row, {"confirmed": True, "words": answer.words})
            if answer.moved_to:
                _follow(row, answer.moved_to)
        row.save()
    return row if newer else None


def _follow(row: Wish, number: str) -> None:
    """Stop the person at the number that they have now, too; the worker delivers it."""
    if Wish.objects.filter(number=number, do_not_text=True).exists():
        return
    entry = ledger.record(
        action=Action.STOP_REQUESTED,
        staff=None,
        number=number,
        contact_id=row.ledger_entry.contact_id,
        reason=f"Asked for at their former number, in entry {row.ledger_entry_id}.",
        after={"do_not_text": True},
    )
    opt_outs.opened(entry)
    wish_everywhere(entry, do_not_text=True, status=OptInStatus.UNSUBSCRIBED)


def _second_look(row: Wish) -> datetime | None:
    """When to send a confirmed wish once more: an older, different one may still take effect at the vendor, late."""
    unanswered, at = row.unanswered_version, row.unanswered_at
    row.unanswered_version, row.unanswered_at = 0, None
    return at + LATE_EFFECT if at and unanswered != row.version else None


def _settle(sent: Wish, state: WishState, words: str, error: VendorError | None = None) -> None:
    """Nothing more will be sent for this version: the vendor refused it, or it expired."""
    with transaction.atomic():
        row = _still_ours(sent)
        if row is None:
            return
        _release(row)
        if row.version == sent.version:
            row.state, row.settled_version = state, sent.version
            row.answer, row.due_at = words[:500], None
            _record_outcome(row, {"confirmed": False, "words": words, **_facts(error)})
        row.save()


def _postpone(sent: Wish, error: VendorError) -> None:
    """Try again later: a stop for ever, anything else until it expires."""
    with transaction.atomic():
        row = _still_ours(sent)
        if row is None:
            return
        _release(row)
        if error.outcome_unknown:
            row.unanswered_version, row.unanswered_at = sent.version, timezone.now()
        if row.version == sent.version:
            row.attempts += 1
            row.answer = error.person[:500]
            row.due_at = timezone.now() + _pause(row.attempts, error)
        row.save()


def _pause(attempts: int, error: VendorError) -> timedelta:
    """Exponential, capped, jittered; never shorter than the vendor asked for."""
    ceiling = min(FIRST_RETRY_SECONDS * 2 ** min(attempts - 1, 10), LONGEST_RETRY_SECONDS)
    seconds = random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter, not a secret
    return timedelta(seconds=max(seconds, min(error.retry_after or 0, LONGEST_RETRY_SECONDS)))


def _still_ours(sent: Wish) -> Wish | None:
    """The row, locked, unless the lease ran out and somebody else took it over."""
    return Wish.objects.select_for_update().filter(pk=sent.pk, lease=sent.lease).first()


def _release(row: Wish) -> None:
    row.lease, row.leased_until = "", None


def _record_outcome(row: Wish, answer: dict[str, object]) -> None:
    asked = row.ledger_entry
    ledger.record(
        action=_OUTCOMES[(row.do_not_text, WishState(row.state))],
        staff=None,
        number=row.number,
        contact_id=asked.contact_id,
        vendor=row.vendor,
        after={"do_not_text": row.do_not_text, "opt_in_status": row.opt_in_status},
        answer={**answer, "request": asked.pk},
    )
    opt_outs.outcome(row)


def _facts(error: VendorError | None) -> dict[str, object]:
    return {"status": error.status} if error and error.status else {}


_OUTCOMES = {
    (True, WishState.CONFIRMED): Action.STOP_CONFIRMED,
    (True, WishState.REFUSED): Action.STOP_REFUSED,
    (False, WishState.CONFIRMED): Action.CONSENT_CONFIRMED,
    (False, WishState.REFUSED): Action.CONSENT_REFUSED,
    (False, WishState.EXPIRED): Action.CONSENT_EXPIRED,
}
