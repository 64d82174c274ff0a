"""How hard a call is tried, who goes first, and what is told about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Priority(IntEnum):
    """Who goes first when the call budget is short."""

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
        """Learn what the vendor says is left; None where it said nothing."""

    def pause(self, vendor: str, seconds: float) -> None:
        """Let nobody call for so long: the vendor answered 429."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How hard to try, in seconds; ``total_timeout`` caps the whole call with its repeats."""

    priority: Priority
    attempts: int
    connect_timeout: float
    read_timeout: float
    total_timeout: float
    patience: float


READ = Manner(Priority.PERSON, 3, connect_timeout=2, read_timeout=6, total_timeout=9, patience=3)
# Somebody waits who can be shown a copy.
GLANCE = Manner(Priority.PERSON, 2, connect_timeout=2, read_timeout=3, total_timeout=4, patience=1)
# Is it there? Whoever asks so wants to know it now.
CHECK = Manner(Priority.PERSON, 1, connect_timeout=2, read_timeout=3, total_timeout=4, patience=1)
WRITE = Manner(Priority.PERSON, 1, connect_timeout=2, read_timeout=10, total_timeout=12, patience=3)
STOP_NOW = Manner(Priority.STOP, 1, connect_timeout=2, read_timeout=6, total_timeout=8, patience=0)
DELIVER = Manner(Priority.STOP, 1, connect_timeout=3, read_timeout=12, total_timeout=15, patience=5)
# One row of a bulk job: whoever is at a screen comes first.
BULK_READ = Manner(
    Priority.BATCH, 2, connect_timeout=2, read_timeout=8, total_timeout=12, patience=3
)
BULK_WRITE = Manner(
    Priority.BATCH, 1, connect_timeout=2, read_timeout=10, total_timeout=12, patience=3
)
# A stop of a bulk job. Who waits for room holds a thread and a lease, so it is not for long.
BULK = Manner(Priority.BATCH, 1, connect_timeout=3, read_timeout=12, total_timeout=15, patience=1)
# Reading again what a webhook hinted at, and looking round by itself: people come first.
HINT = Manner(Priority.BATCH, 1, connect_timeout=3, read_timeout=10, total_timeout=12, patience=2)
SWEEP = Manner(Priority.SYNC, 1, connect_timeout=2, read_timeout=6, total_timeout=8, patience=0)
# A stop that the vendor holds is told again: behind everybody.
RENEW = Manner(Priority.SYNC, 1, connect_timeout=3, read_timeout=12, total_timeout=15, patience=0)

# The largest pages that the vendor gives take their time; nobody waits for them.
WALK = Manner(Priority.SYNC, 1, connect_timeout=3, read_timeout=30, total_timeout=45, patience=0)


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
