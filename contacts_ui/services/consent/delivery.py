"""Sending what is wanted to their vendors until each vendor has settled the present one.

Take a row that is due, send what it wants *now*, and settle that version if no newer one came meanwhile. One call at a
time for each row (a lease), so a newer wish is sent after an older one, never before it. Who calls `deliver` and
`deliver_next` (a click, the worker) does not matter.

Every transaction here that writes to the ledger or the record takes its turn there first and locks rows after that, as
the use cases do that record a request: one order for all, so that no two wait for each other.
"""

import logging
import random
import time
import uuid
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections, transaction
from django.utils import timezone

from contacts_ui.integrations.errors import (
    BadCredentials,
    BudgetSpent,
    Refused,
    Unreadable,
    VendorError,
)
from contacts_ui.integrations.http import BULK, DELIVER, STOP_NOW, Manner, Priority
from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import Vendor, Wish
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Action
from contacts_ui.models.wish import WishQuerySet, WishState
from contacts_ui.services import budget, index, ledger
from contacts_ui.services.consent import desired_state, opt_outs, record, stops
from contacts_ui.services.consent.desired_state import due
from contacts_ui.services.consent.rules import Said
from contacts_ui.services.consent.sending import Answer, send
from contacts_ui.services.consent.types import Reading, Request, Seen, reading_of

logger = logging.getLogger(__name__)

_callers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="deliver")

# A lease outlasts its call by this, so that two calls about one row never overlap.
LEASE_MARGIN_SECONDS = 4.0
FIRST_RETRY_SECONDS = 2.0
# How often a stop is said again while an older call may still take effect.
LOOK_AGAIN_SECONDS = 15.0
# After a vendor's "too many" they do not all come back in the same moment.
SPREAD_SECONDS = 3.0
# How many calls about a stop are remembered for each row.
CALLS_KEPT = 10


def deliver(pk: int, *, manner: Manner = DELIVER) -> bool:
    """Send the current wish of one row to its vendor and write down what it answered.

    False, and nothing done, when another process is already calling about the row. Never raises for a vendor's failure.
    """
    return _deliver_first(due().filter(pk=pk), manner)


def deliver_next(vendor: Vendor, *, manner: Manner = DELIVER, batch: bool = True) -> bool:
    """As `deliver`, for the most urgent wish for `vendor` that no other process has taken; False when there is none.

    With `batch` also for one of a bulk job: when no person's wish is due, and as long as there is room for it.
    """
    rows = due().filter(vendor=vendor)
    if _deliver_first(rows.filter(batch=False), manner):
        return True
    # Asked before, since thousands that find no room would be taken and put back one after the other.
    return (
        batch
        and budget.room_in(vendor, BULK.priority) <= BULK.patience
        and _deliver_first(rows.filter(batch=True), manner)
    )


def repeat(pk: int, *, manner: Manner) -> bool:
    """Tell a vendor once more of the stop that it has confirmed; False, and nothing done, where that has changed.

    What it does not answer stays confirmed as it was. Never raises for a vendor's failure.
    """
    confirmed = Wish.objects.filter(pk=pk, do_not_text=True, state=WishState.CONFIRMED)
    with transaction.atomic():
        # Due and leased at once, so that no other process takes it for one that is still to be told.
        if not confirmed.filter(due_at=None, lease="").update(due_at=timezone.now()):
            return False
        wish = _take(due().filter(pk=pk), manner)
    if wish is None:
        return False
    _deliver(wish, manner)
    return True


class LeaseLost(Exception):
    """Another process has taken the row over; it is theirs to finish."""


def _deliver_first(rows: WishQuerySet, manner: Manner) -> bool:
    wish = _take(rows, manner)
    if wish is None:
        return False
    _deliver(wish, manner)
    return True


def _take(rows: WishQuerySet, manner: Manner) -> Wish | None:
    """Lease the first row of `rows`, past those that another process is just taking."""
    if not rows.exists():
        # So that looking in vain takes no lock.
        return None
    with transaction.atomic():
        free = rows.select_related("ledger_entry")
        row = free.select_for_update(skip_locked=True, of=("self",)).first()
        return _lease(row, manner) if row else None


def _lease(row: Wish, manner: Manner) -> Wish | None:
    now = timezone.now()
    changes: dict[str, Any] = {"lease": uuid.uuid4().hex, "leased_until": now + _lease_time(manner)}
    if row.lease:
        # The process that held it died or was too slow: what became of its call is unknown.
        _note_unanswered(row, row.version if _only_repeats(row) else 0)
        changes |= {"unanswered_version": row.unanswered_version, "unanswered_at": now}
        _end_call(row, answered=False)
    if row.do_not_text:
        # An event of the vendor from within this call may be our own, told back (rule 10).
        changes["calls"] = [*row.calls[-(CALLS_KEPT - 1) :], [now.isoformat(), None]]
    taken = Wish.objects.due(now).filter(pk=row.pk, lease=row.lease).update(**changes)
    for name, value in changes.items():
        setattr(row, name, value)
    return row if taken else None


def _deliver(taken: Wish, manner: Manner) -> None:
    wish: Wish | None = taken
    while wish is not None:
        if _expired(wish):
            return _settle(wish, WishState.EXPIRED, "It was not confirmed in time.")
        try:
            answer = _ask(wish, manner)
        except LeaseLost:
            return None
        except VendorError as error:
            if _is_final(error):
                return _settle(wish, WishState.REFUSED, error.words or error.person, error)
            return _postpone(wish, error)
        # A newer wish that came during the call is sent at once, under the same lease.
        wish = _confirm(wish, answer, manner)
        if answer.contact and answer.at:
            index.learn([answer.contact], answer.at)
    return None


def _ask(wish: Wish, manner: Manner) -> Answer:
    """Return the vendor's answer; anything unforeseen counts as an answer that could not be read."""
    manner = _fitting(wish, manner)
    try:
        return send(wish, manner, lambda: _renew(wish, manner))
    except (VendorError, LeaseLost, DatabaseError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("sending wish %s failed", wish.pk)
        raise Unreadable(wish.vendor, outcome_unknown=True) from error


def _fitting(wish: Wish, manner: Manner) -> Manner:
    """Return how this wish may be sent: opt-outs go first, and only people's may pass by the budget."""
    if wish.batch:
        patience = min(manner.patience, BULK.patience)
        priority = max(manner.priority, BULK.priority)
        return replace(manner, priority=priority, patience=patience)
    if not wish.do_not_text:
        return replace(manner, priority=max(manner.priority, Priority.PERSON))
    return manner


def _renew(wish: Wish, manner: Manner) -> None:
    """Before one more call under the same lease."""
    until = timezone.now() + _lease_time(manner)
    if not Wish.objects.filter(pk=wish.pk, lease=wish.lease).update(leased_until=until):
        raise LeaseLost


def _lease_time(manner: Manner) -> timedelta:
    return timedelta(seconds=manner.total_timeout + LEASE_MARGIN_SECONDS)


def _is_final(error: VendorError) -> bool:
    """Return True if asking again is useless: the vendor itself said no to this wish, and not to our key."""
    return (
        isinstance(error, Refused)
        and not isinstance(error, BadCredentials)
        and not error.said_by_a_proxy
    )


def _expired(wish: Wish) -> bool:
    return wish.expires_at is not None and wish.expires_at <= timezone.now() and not wish.settled


def _confirm(sent: Wish, answer: Answer, manner: Manner) -> Wish | None:
    """Write down the vendor's answer; return the row when a newer wish wants to be sent now."""
    with transaction.atomic():
        ledger.take_turn()
        row = _still_ours(sent)
        if row is None:
            _came_late(sent, wait=timedelta())
            return None
        row.confirmed_do_not_text = answer.do_not_text
        row.confirmed_opt_in_status = answer.opt_in_status
        row.confirmed_at = timezone.now()
        desired_state.note_held(row)
        newer = row.version != sent.version
        if newer:
            row.leased_until = timezone.now() + _lease_time(manner)
        else:
            _settle_as_confirmed(row, answer)
        row.save()
        read = _read_with(row, answer)
        if not (read and record.note_readings([read])):
            record.told([row.number])
    return row if newer else None


def _read_with(row: Wish, answer: Answer) -> Reading | None:
    """The contact that SlickText sent along with its answer."""
    if answer.contact is None or answer.at is None:
        return None
    return reading_of(answer.contact, row.number, answer.at)


def _settle_as_confirmed(row: Wish, answer: Answer) -> None:
    first_time = not row.settled
    row.state, row.settled_version = WishState.CONFIRMED, row.version
    row.answer, row.attempts = answer.words, 0
    row.due_at = _second_look(row)
    _release(row)
    if first_time:
        _record_outcome(row, {"confirmed": True, "words": answer.words})
    if answer.moved_to:
        _follow(row, answer.moved_to)


def _follow(row: Wish, number: str) -> None:
    """Stop the person at the number that they have now, too (rule 8); the worker delivers it."""
    stop = record.standing_of(row.number).stop
    if stop is None or record.is_stopped(number):
        return
    stops.write_stop(
        stops.Stop(
            Seen(number, row.ledger_entry.contact_id),
            Source.CARRIED_OVER,
            Said(stop.earliest, stop.latest),
            request=Request(
                reason=f"Asked for at their former number, in entry {row.ledger_entry_id}."
            ),
            status=row.opt_in_status or OptInStatus.UNSUBSCRIBED,
            batch=row.batch,
        )
    )


def _second_look(row: Wish) -> datetime | None:
    """Return when to send it once more: an older, different one may still take effect at the vendor, late."""
    at, until = row.unanswered_at, _late_until(row)
    if at and until and row.unanswered_version != row.version and until > timezone.now():
        # Kept until then: a newer wish, confirmed meanwhile, needs the second look as well.
        soon = timezone.now() + timedelta(seconds=LOOK_AGAIN_SECONDS)
        # A stop is said again and again until then: the late call may be a lift.
        return min(soon, until) if row.do_not_text else until
    row.unanswered_version, row.unanswered_at = 0, None
    return None


def _late_until(row: Wish) -> datetime | None:
    """Until when the vendor may still carry out a call that it never answered."""
    if row.unanswered_at is None:
        return None
    return row.unanswered_at + timedelta(seconds=settings.LATE_EFFECT_SECONDS)


def _came_late(sent: Wish, *, wait: timedelta) -> None:
    """Our lease was taken over while we called, and the vendor did our older wish: send the present one again."""
    row = Wish.objects.select_for_update().filter(pk=sent.pk).exclude(version=sent.version).first()
    if row is None:
        return
    row.unanswered_version, row.unanswered_at = 0, timezone.now()
    if row.state == WishState.CONFIRMED:
        row.due_at = timezone.now() + wait
    row.save(update_fields=["unanswered_version", "unanswered_at", "due_at"])
    record.told([row.number])


def _settle(sent: Wish, state: WishState, words: str, error: VendorError | None = None) -> None:
    """Nothing more will be sent for this version: the vendor refused it, or it expired."""
    with transaction.atomic():
        ledger.take_turn()
        row = _still_ours(sent)
        if row is None:
            return
        _release(row)
        if row.version == sent.version:
            row.state, row.settled_version = state, sent.version
            row.answer, row.due_at = words[:500], None
            _record_outcome(row, {"confirmed": False, "words": words, **_facts(error)})
        row.save()
        record.told([row.number])


def _postpone(sent: Wish, error: VendorError) -> None:
    """Try again later: a stop for ever, anything else until it expires."""
    with transaction.atomic():
        if error.outcome_unknown:
            # What the vendor holds is unclear now, and so may be the kept verdict.
            ledger.take_turn()
        row = _still_ours(sent)
        if row is None:
            if error.outcome_unknown:
                _came_late(sent, wait=timedelta(seconds=settings.LATE_EFFECT_SECONDS))
            return
        _release(row, answered=not error.outcome_unknown)
        repeated = _only_repeats(sent)
        if error.outcome_unknown:
            _note_unanswered(row, sent.version if repeated or not sent.settled else 0)
        if row.version == sent.version and repeated and row.settled:
            # What was confirmed stays confirmed, and its next turn comes.
            row.due_at = None
        elif row.version == sent.version:
            row.attempts += not isinstance(error, BudgetSpent)
            row.answer = error.person[:500]
            row.due_at = timezone.now() + _pause(row.attempts, error)
        row.save()
        if error.outcome_unknown:
            record.told([row.number])


def _only_repeats(row: Wish) -> bool:
    """Return True if a call only says again what the vendor confirmed, and no other call may take effect late."""
    return row.settled and (row.unanswered_at is None or row.unanswered_version == row.version)


def _note_unanswered(row: Wish, version: int) -> None:
    """The vendor may carry this version out, late; 0 stands for several versions."""
    now, until = timezone.now(), _late_until(row)
    if until and until > now and row.unanswered_version != version:
        version = 0
    row.unanswered_version, row.unanswered_at = version, now


def _pause(attempts: int, error: VendorError) -> timedelta:
    """Exponential, capped, jittered; never shorter than the vendor asked for."""
    longest = settings.LONGEST_RETRY_SECONDS
    asked = min(error.retry_after or 0.0, longest)
    if isinstance(error, BudgetSpent):
        # Nothing was sent, so nothing speaks against coming back as soon as there is room.
        return timedelta(seconds=asked + random.uniform(0, SPREAD_SECONDS))  # noqa: S311
    ceiling = min(FIRST_RETRY_SECONDS * 2 ** min(attempts - 1, 10), longest)
    seconds = random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter, not a secret
    return timedelta(seconds=max(seconds, asked))


def _still_ours(sent: Wish) -> Wish | None:
    """Return the row, locked, unless the lease ran out and another process took it over."""
    rows = Wish.objects.select_related("ledger_entry").select_for_update(of=("self",))
    return rows.filter(pk=sent.pk, lease=sent.lease).first()


def _release(row: Wish, *, answered: bool = True) -> None:
    row.lease, row.leased_until = "", None
    _end_call(row, answered=answered)


def _end_call(row: Wish, *, answered: bool) -> None:
    """Note when a call about a stop ended; one that was never answered may take effect later."""
    if row.calls and row.calls[-1][1] is None:
        late = timedelta() if answered else timedelta(seconds=settings.LATE_EFFECT_SECONDS)
        row.calls[-1][1] = (timezone.now() + late).isoformat()


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


def deliver_now(keys: Collection[int]) -> None:
    """Call the vendors of these wishes at once, and wait for them no longer than the click may take.

    What is not answered by then goes on in its thread; what dies with this process is found by the worker.
    """
    deadline = time.monotonic() + settings.STOP_DEADLINE_SECONDS
    calls = [_callers.submit(copy_context().run, _deliver_in_thread, key) for key in keys]
    done, _ = wait(calls, timeout=settings.STOP_DEADLINE_SECONDS)
    if not all(call.result() for call in done):
        # A worker took one of them first; its call is as good as ours.
        while time.monotonic() < deadline and desired_state.being_sent(keys):
            time.sleep(0.05)


def _deliver_in_thread(key: int) -> bool:
    """Return True if this thread was the one that called the vendor."""
    try:
        return deliver(key, manner=STOP_NOW)
    except Exception:
        # The wish is committed and due: the worker will find it. The click must not end in a 500.
        logger.exception("delivering wish %s failed", key)
        return True
    finally:
        connections.close_all()
