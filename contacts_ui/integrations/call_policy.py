"""How hard a call is tried, which call goes first, and what is recorded about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Priority(IntEnum):
    """Which call goes first when the budget is short; the lowest number wins."""

    STOP = 0
    PERSON = 1
    BATCH = 2
    SYNC = 3


class Budget(Protocol):
    """The call budget that all processes share."""

    def take(self, vendor: str, priority: Priority, patience: float) -> None:
        """Wait up to ``patience`` seconds for room for one call, or raise BudgetSpent."""

    def report(
        self, vendor: str, limit: int | None, remaining: int | None, reset_seconds: float | None
    ) -> None:
        """Take the rate limit that the vendor reported; None if it gave none."""

    def pause(self, vendor: str, seconds: float) -> None:
        """Hold all calls for ``seconds``: the vendor answered 429."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How hard to try, in seconds.

    ``patience`` is the wait for the budget; ``total_timeout`` caps the whole call with its retries.
    """

    priority: Priority
    attempts: int
    connect_timeout: float
    read_timeout: float
    total_timeout: float
    patience: float


# Seconds: to connect, for each read, for the whole call, and of patience.
READ = CallPolicy(Priority.PERSON, 3, 2, 6, 9, 3)
# A person waits, and a copy can be shown instead.
READ_BRIEFLY = CallPolicy(Priority.PERSON, 2, 2, 3, 4, 1)
# Is the vendor there? Asked by people who want to know now.
CHECK = CallPolicy(Priority.PERSON, 1, 2, 3, 4, 1)
WRITE = CallPolicy(Priority.PERSON, 1, 2, 10, 12, 3)
STOP_NOW = CallPolicy(Priority.STOP, 1, 2, 6, 8, 0)
DELIVER = CallPolicy(Priority.STOP, 1, 3, 12, 15, 5)
# One row of a bulk job: people at a screen go first.
BULK_READ = CallPolicy(Priority.BATCH, 2, 2, 8, 12, 3)
BULK_WRITE = CallPolicy(Priority.BATCH, 1, 2, 10, 12, 3)
# A stop of a bulk job. Waiting for room holds a thread and a lease, so the wait is short.
BULK = CallPolicy(Priority.BATCH, 1, 3, 12, 15, 1)
# Reads the contact that a webhook hinted at: people go first.
CONFIRM_HINT = CallPolicy(Priority.BATCH, 1, 3, 10, 12, 2)
RECONCILE = CallPolicy(Priority.SYNC, 1, 2, 6, 8, 0)
# Sends a confirmed stop again: behind everything else.
RENEW = CallPolicy(Priority.SYNC, 1, 3, 12, 15, 0)
# The largest pages take the vendor long, and no person waits for them.
SYNC_PAGE = CallPolicy(Priority.SYNC, 1, 3, 30, 45, 0)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One attempt, for Server-Timing, logs and metrics. ``error`` is the name of an error class."""

    vendor: str
    method: str
    endpoint: str
    status: int | None
    seconds: float
    error: str | None
    priority: Priority = Priority.PERSON
