"""One budget of vendor calls, shared by every process: a reservation in one database row.

The rule is GCRA: calls come evenly at the allowed rate, and a burst may run ahead of the even pace by what is left of
the window. The less a call matters, the less of the burst it may use, so that stops and people always find room.
SlickText allows 480 calls in any 60 seconds (vendor-apis.md). Burst + rate * 60 stays below that, by what is kept for
stops that run ahead of the pace. A call that waited long goes next, so that a busy day starves no batch.
"""

import time
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from contacts_ui.integrations.call_policy import Priority
from contacts_ui.integrations.errors import BudgetSpent
from contacts_ui.models import CallBudget, Vendor

WINDOW_SECONDS = 60.0
BURST_SECONDS = 5.0
# What share of the burst each priority may use. A stop never queues behind anything.
SHARE = {Priority.PERSON: 1.0, Priority.BATCH: 0.25, Priority.SYNC: 0.1}
REPORT_EVERY_SECONDS = 5.0
# The last share of the vendor's own window, kept for stops: others may be using the same key.
KEPT_FOR_STOPS = 0.05
# What we plan to use of the window: a hair less than leaves the vendor's own window at that share.
PLANNED = 0.94
# A priority without a call for so many seconds gets one like a stop does.
TURN_SECONDS = {Priority.BATCH: 4.0, Priority.SYNC: 20.0}
TURN = {Priority.BATCH: "batch_at", Priority.SYNC: "sync_at"}


@dataclass
class DatabaseBudget:
    """The Budget of `integrations.http`, kept in CallBudget. `per_second` is what the vendor allows."""

    per_second: float
    _last_report: float = 0.0

    def take(self, vendor: str, priority: Priority, patience: float) -> None:
        """Reserve one call, sleeping up to `patience` seconds for it.

        Raises BudgetSpent, with the seconds to wait, when there is no room in that time; nothing is reserved then.
        """
        wait = self._reserve(vendor, priority, patience)
        if wait > patience:
            raise BudgetSpent(vendor, retry_after=wait)
        if wait > 0:
            time.sleep(wait)

    def room_in(self, vendor: str, priority: Priority) -> float:
        """Return for how many seconds there is no room for a call; reserve nothing."""
        row = CallBudget.objects.filter(vendor=vendor).first()
        return self._wait(row, priority, time.time()) if row else 0.0

    def report(
        self, vendor: str, limit: int | None, remaining: int | None, reset_seconds: float | None
    ) -> None:
        """Keep what the vendor's headers say; when little is left of its window, leave that to stops."""
        now = time.time()
        spent = remaining is not None and remaining <= 0
        low = remaining is not None and limit is not None and remaining <= limit * KEPT_FOR_STOPS
        if not low and not spent and now - self._last_report < REPORT_EVERY_SECONDS:
            return
        self._last_report = now
        changes = {
            "reported_limit": limit,
            "reported_remaining": remaining,
            "reported_reset": now + reset_seconds if reset_seconds is not None else None,
            "reported_at": now,
        }
        until = now + (reset_seconds if reset_seconds is not None else 1.0)
        if low:
            changes["kept_for_stops_until"] = until
        if spent:
            changes["paused_until"] = until
        CallBudget.objects.update_or_create(vendor=vendor, defaults=changes)

    def pause(self, vendor: str, seconds: float) -> None:
        """Hold all calls to `vendor` for `seconds`: it answered 429."""
        until = time.time() + min(seconds, WINDOW_SECONDS * 2)
        CallBudget.objects.update_or_create(vendor=vendor, defaults={"paused_until": until})

    @property
    def even_pace(self) -> float:
        """Calls a second that can go on forever if nothing else calls."""
        return 1 / self._pace()[0]

    def _reserve(self, vendor: str, priority: Priority, patience: float) -> float:
        interval, _ = self._pace()
        with transaction.atomic():
            row, _ = CallBudget.objects.select_for_update().get_or_create(vendor=vendor)
            now = time.time()
            wait = self._wait(row, priority, now)
            if wait <= patience:
                # Stops may run far ahead of the pace; the vendor forgets that with its window, and so do we.
                even = max(row.next_even_call, now)
                changes = {"next_even_call": min(even + interval, now + WINDOW_SECONDS)}
                if priority in TURN:
                    changes[TURN[priority]] = now + wait
                CallBudget.objects.filter(vendor=vendor).update(**changes)
        return wait

    def _wait(self, row: CallBudget, priority: Priority, now: float) -> float:
        """Return for how many seconds there is no room."""
        wait = max(0.0, row.paused_until - now)
        if priority is Priority.STOP:
            return wait
        wait = max(wait, row.kept_for_stops_until - now)
        _, ahead = self._pace()
        room = max(row.next_even_call, now) - now - ahead * SHARE[priority]
        if priority in TURN:
            room = min(room, getattr(row, TURN[priority]) + TURN_SECONDS[priority] - now)
        return max(wait, room)

    def _pace(self) -> tuple[float, float]:
        """Return the seconds between calls at the even pace, and how many seconds a burst may run ahead."""
        burst = self.per_second * BURST_SECONDS
        rate = (self.per_second * WINDOW_SECONDS * PLANNED - burst) / WINDOW_SECONDS
        return 1 / rate, burst / rate


@dataclass
class PoliteBudget(DatabaseBudget):
    """For CloudContactAI, which documents no limit: only a pause that it asked for is kept."""

    per_second: float = 0.0

    def _reserve(self, vendor: str, priority: Priority, patience: float) -> float:
        return self.room_in(vendor, priority)

    def _wait(self, row: CallBudget, priority: Priority, now: float) -> float:
        return max(0.0, row.paused_until - now)


def slicktext_budget() -> DatabaseBudget:
    """Return the budget of the configured SlickText plan."""
    return DatabaseBudget(per_second=settings.SLICKTEXT_CALLS_PER_SECOND)


def room_in(vendor: Vendor, priority: Priority) -> float:
    """Return for how many seconds there is no room for a call of this priority to `vendor`."""
    budget = slicktext_budget() if vendor == Vendor.SLICKTEXT else PoliteBudget()
    return budget.room_in(vendor, priority)
