"""Send each desired state to its vendor until the vendor has confirmed or refused it.

Take a row that is due, send its present state, and settle that version unless a newer one came in between. A lease
allows one call at a time for each row, so a newer state is sent after an older one, never before it. A click calls
`deliver_now`, the worker `deliver_next`.

Every transaction that writes to the audit log or the record takes its turn there first and locks rows after that. One
order for all, so that no two wait for each other.
"""

import logging
import random
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections, transaction
from django.db.models import QuerySet
from django.utils import timezone

from contacts_ui.integrations.call_policy import BULK, DELIVER, STOP_NOW, CallPolicy, Priority
from contacts_ui.integrations.errors import (
    BadCredentials,
    BudgetSpent,
    Refused,
    Unreadable,
    VendorError,
)
from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import DesiredState, Vendor
from contacts_ui.models.consent import Source
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log, index
from contacts_ui.services.consent import desired_state, record, stops
from contacts_ui.services.consent.desired_state import due
from contacts_ui.services.consent.rules import Said
from contacts_ui.services.consent.sending import Answer, send
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.vendors import leases, rate_limit

logger = logging.getLogger(__name__)

_callers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="deliver")
_one_by_one: ContextVar[bool] = ContextVar("one_by_one", default=False)

# A lease outlasts its call by this, so that two calls about one row never overlap.
LEASE_MARGIN_SECONDS = 4.0
# How often a stop is sent again while an older call may still take effect.
RESEND_SECONDS = 15.0
# Spread the retries after a vendor's "too many".
RETRY_SPREAD_SECONDS = 3.0
# How many calls about a stop each row remembers.
CALLS_MAX = 10


def deliver_now(keys: Collection[int]) -> None:
    """Call the vendors of these rows in parallel, and wait no longer than a click may take.

    A call without an answer by then continues in its thread. If this process dies, the worker finds the row.
    """
    if _one_by_one.get():
        for key in sorted(keys):
            deliver(key, policy=STOP_NOW)
        return
    deadline = time.monotonic() + settings.STOP_DEADLINE_SECONDS
    calls = [_callers.submit(copy_context().run, _deliver_in_thread, key) for key in keys]
    done, _ = wait(calls, timeout=settings.STOP_DEADLINE_SECONDS)
    if not all(call.result() for call in done):
        # A worker took one of the rows first: wait for its call.
        while time.monotonic() < deadline and desired_state.being_sent(keys):
            time.sleep(0.05)


@contextmanager
def one_by_one() -> Iterator[None]:
    """Have `deliver_now` call one vendor after the other in this thread: practice history is the same every time."""
    token = _one_by_one.set(True)
    try:
        yield
    finally:
        _one_by_one.reset(token)


def _deliver_in_thread(key: int) -> bool:
    """Return True if this thread was the one that called the vendor."""
    try:
        return deliver(key, policy=STOP_NOW)
    except Exception:
        # The row is committed and due, so the worker will find it. The click must not end in a 500.
        logger.exception("delivering desired state %s failed", key)
        return True
    finally:
        connections.close_all()


def deliver(pk: int, *, policy: CallPolicy = DELIVER) -> bool:
    """Send one row, and record the answer, also a vendor's failure. Return False if it is not due, or leased."""
    return _deliver_first(due().filter(pk=pk), policy)


def deliver_next(vendor: Vendor, *, policy: CallPolicy = DELIVER, batch: bool = True) -> bool:
    """Deliver the most urgent row of `vendor` that no other process has; return False if there is none.

    With `batch`, deliver one of a bulk job if no person's row is due, and the rate limit has room.
    """
    rows = due().filter(vendor=vendor)
    if _deliver_first(rows.filter(batch=False), policy):
        return True
    # Check the room first: thousands without room would be taken and put back one after the other.
    return (
        batch
        and rate_limit.room_in(vendor, BULK.priority) <= BULK.patience
        and _deliver_first(rows.filter(batch=True), policy)
    )


def repeat(pk: int, *, policy: CallPolicy) -> bool:
    """Repeat a confirmed stop to its vendor; return False if it has changed.

    Without an answer the row stays confirmed as it was. Never raises for a vendor's failure.
    """
    confirmed = DesiredState.objects.filter(pk=pk, do_not_text=True, state=DeliveryState.CONFIRMED)
    with transaction.atomic():
        # Due and leased at once, so that no other process takes it for a new one.
        if not confirmed.filter(due_at=None, lease="").update(due_at=timezone.now()):
            return False
        desired = _take(due().filter(pk=pk), policy)
    return _deliver(desired, policy)


def _deliver_first(rows: QuerySet[DesiredState], policy: CallPolicy) -> bool:
    return _deliver(_take(rows, policy), policy)


def _take(rows: QuerySet[DesiredState], policy: CallPolicy) -> DesiredState | None:
    """Lease the first row of `rows` that no other process is taking."""
    return leases.take(rows.select_related("ledger_entry"), _lease_time(policy), _begin_call)


def _begin_call(row: DesiredState) -> dict[str, Any]:
    """Return what to note on a row as its call begins, and of an earlier call that never finished."""
    now = timezone.now()
    changes: dict[str, Any] = {}
    if row.lease:
        # The process that held it died or was too slow: the outcome of its call is unknown.
        _note_unanswered(row, row.version if _only_repeats(row) else 0)
        changes = {"unanswered_version": row.unanswered_version, "unanswered_at": now}
        _end_call(row, answered=False)
    if row.do_not_text:
        # A vendor's event from within this call may report our own stop (rule 10).
        changes["calls"] = [*row.calls[-(CALLS_MAX - 1) :], [now.isoformat(), None]]
    return changes


def _deliver(taken: DesiredState | None, policy: CallPolicy) -> bool:
    """Send a leased row, and record the answer; return False without one."""
    desired = taken
    while desired is not None:
        expired = desired.expires_at is not None and desired.expires_at <= timezone.now()
        if expired and not desired.settled:
            _settle(desired, DeliveryState.EXPIRED, "It was not confirmed in time.")
            break
        try:
            answer = _ask(desired, policy)
        except leases.LeaseLost:
            break
        except VendorError as error:
            # Final is the vendor's own no to this state, not to our key.
            ours = isinstance(error, BadCredentials)
            if isinstance(error, Refused) and not ours and not error.said_by_a_proxy:
                _settle(desired, DeliveryState.REFUSED, error.words or error.person, error)
            else:
                _postpone(desired, error)
            break
        # A newer state that arrived during the call is sent next, under the same lease.
        desired = _confirm(desired, answer, policy)
        if answer.contact and answer.at:
            index.store([answer.contact], answer.at)
    return taken is not None


def _ask(desired: DesiredState, policy: CallPolicy) -> Answer:
    """Return the vendor's answer. An unexpected error counts as an answer that could not be read."""
    # Stops go first, and only people's may skip the rate limit.
    if desired.batch:
        priority, patience = (
            max(policy.priority, BULK.priority),
            min(policy.patience, BULK.patience),
        )
        policy = replace(policy, priority=priority, patience=patience)
    elif not desired.do_not_text:
        policy = replace(policy, priority=max(policy.priority, Priority.PERSON))
    try:
        return send(desired, policy, lambda: leases.renew(desired, _lease_time(policy)))
    except (VendorError, leases.LeaseLost, DatabaseError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("sending desired state %s failed", desired.pk)
        raise Unreadable(desired.vendor, outcome_unknown=True) from error


def _lease_time(policy: CallPolicy) -> timedelta:
    return timedelta(seconds=policy.total_timeout + LEASE_MARGIN_SECONDS)


def _confirm(sent: DesiredState, answer: Answer, policy: CallPolicy) -> DesiredState | None:
    """Record the vendor's answer; return the row if a newer state has to be sent now."""
    with transaction.atomic():
        audit_log.take_turn()
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
            row.leased_until = timezone.now() + _lease_time(policy)
        else:
            _settle_as_confirmed(row, answer)
        row.save()
        read = []
        if answer.contact and answer.at:
            read = [Seen.of(answer.contact, answer.at, number=row.number)]
        if not record.note_readings(read):
            record.refresh_verdicts([row.number])
    return row if newer else None


def _settle_as_confirmed(row: DesiredState, answer: Answer) -> None:
    first_time = not row.settled
    row.state, row.settled_version = DeliveryState.CONFIRMED, row.version
    row.answer, row.attempts = answer.words, 0
    row.due_at = _second_look(row)
    _release(row)
    if first_time:
        _record_outcome(row, {"confirmed": True, "words": answer.words})
    if answer.moved_to:
        _follow(row, answer.moved_to)


def _follow(row: DesiredState, number: str) -> None:
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
                reason=f"Requested for their former number, in entry {row.ledger_entry_id}.",
                by_person=False,
            ),
            status=row.opt_in_status or OptInStatus.UNSUBSCRIBED,
            batch=row.batch,
        )
    )


def _second_look(row: DesiredState) -> datetime | None:
    """Return when to send the state again: an older, different one may still take effect at the vendor, late."""
    at, until = row.unanswered_at, _late_until(row)
    if at and until and row.unanswered_version != row.version and until > timezone.now():
        # Kept until then: a newer state, confirmed in between, needs it as well.
        soon = timezone.now() + timedelta(seconds=RESEND_SECONDS)
        # A stop is sent again and again until then: the late call may be a lift.
        return min(soon, until) if row.do_not_text else until
    row.unanswered_version, row.unanswered_at = 0, None
    return None


def _late_until(row: DesiredState) -> datetime | None:
    """Return until when the vendor may still act on a call that it never answered."""
    if row.unanswered_at is None:
        return None
    return row.unanswered_at + timedelta(seconds=settings.LATE_EFFECT_SECONDS)


def _came_late(sent: DesiredState, *, wait: timedelta) -> None:
    """Send the present state again: another process took our lease while the vendor acted on our older one."""
    row = (
        DesiredState.objects.select_for_update()
        .filter(pk=sent.pk)
        .exclude(version=sent.version)
        .first()
    )
    if row is None:
        return
    row.unanswered_version, row.unanswered_at = 0, timezone.now()
    if row.state == DeliveryState.CONFIRMED:
        row.due_at = timezone.now() + wait
    row.save(update_fields=["unanswered_version", "unanswered_at", "due_at"])
    record.refresh_verdicts([row.number])


def _settle(
    sent: DesiredState, state: DeliveryState, words: str, error: VendorError | None = None
) -> None:
    """Send nothing more for this version: the vendor refused it, or it expired."""
    with transaction.atomic():
        audit_log.take_turn()
        row = _still_ours(sent)
        if row is None:
            return
        _release(row)
        if row.version == sent.version:
            row.state, row.settled_version = state, sent.version
            row.answer, row.due_at = words[:500], None
            status = {"status": error.status} if error and error.status else {}
            _record_outcome(row, {"confirmed": False, "words": words, **status})
        row.save()
        record.refresh_verdicts([row.number])


def _postpone(sent: DesiredState, error: VendorError) -> None:
    """Retry later: a stop without end, anything else until it expires."""
    with transaction.atomic():
        if error.outcome_unknown:
            # We don't know what the vendor holds now, so the verdict may change.
            audit_log.take_turn()
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
            # What was confirmed stays confirmed; the next renewal sends it again.
            row.due_at = None
        elif row.version == sent.version:
            row.attempts += not isinstance(error, BudgetSpent)
            row.answer = error.person[:500]
            pause = leases.back_off(row.attempts, error.retry_after)
            if isinstance(error, BudgetSpent):
                # Nothing was sent, so retry as soon as there is room.
                asked = min(error.retry_after or 0.0, settings.LONGEST_RETRY_SECONDS)
                pause = timedelta(seconds=asked + random.uniform(0, RETRY_SPREAD_SECONDS))  # noqa: S311
            row.due_at = timezone.now() + pause
        row.save()
        if error.outcome_unknown:
            record.refresh_verdicts([row.number])


def _only_repeats(row: DesiredState) -> bool:
    """Return True if a call only repeats what the vendor confirmed, and no other call may take effect late."""
    return row.settled and (row.unanswered_at is None or row.unanswered_version == row.version)


def _note_unanswered(row: DesiredState, version: int) -> None:
    """Note that the vendor may still act on this version, late; 0 means several versions."""
    now, until = timezone.now(), _late_until(row)
    if until and until > now and row.unanswered_version != version:
        version = 0
    row.unanswered_version, row.unanswered_at = version, now


def _still_ours(sent: DesiredState) -> DesiredState | None:
    """Return the row, locked, unless the lease ran out and another process took it over."""
    rows = leases.held(sent).select_related("ledger_entry")
    return rows.select_for_update(of=("self",)).first()


def _release(row: DesiredState, *, answered: bool = True) -> None:
    row.lease, row.leased_until = "", None
    _end_call(row, answered=answered)


def _end_call(row: DesiredState, *, answered: bool) -> None:
    """Note when a call about a stop ended; one that was never answered may take effect later."""
    if row.calls and row.calls[-1][1] is None:
        late = timedelta() if answered else timedelta(seconds=settings.LATE_EFFECT_SECONDS)
        row.calls[-1][1] = (timezone.now() + late).isoformat()


def _record_outcome(row: DesiredState, answer: dict[str, object]) -> None:
    asked = row.ledger_entry
    audit_log.record(
        action=_OUTCOMES[(row.do_not_text, DeliveryState(row.state))],
        staff=None,
        number=row.number,
        contact_id=asked.contact_id,
        vendor=row.vendor,
        after={"do_not_text": row.do_not_text, "opt_in_status": row.opt_in_status},
        answer={**answer, "request": asked.pk},
    )
    stops.note_outcome(row)


_OUTCOMES = {
    (True, DeliveryState.CONFIRMED): Action.STOP_CONFIRMED,
    (True, DeliveryState.REFUSED): Action.STOP_REFUSED,
    (False, DeliveryState.CONFIRMED): Action.CONSENT_CONFIRMED,
    (False, DeliveryState.REFUSED): Action.CONSENT_REFUSED,
    (False, DeliveryState.EXPIRED): Action.CONSENT_EXPIRED,
}
