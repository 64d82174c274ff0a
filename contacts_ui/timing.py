"""Measure where the time of a request goes: database, vendors, rendering. For Server-Timing and for tests."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import connection

from contacts_ui.integrations.call_policy import CallRecord

_WRITES = re.compile(r'(INSERT INTO|UPDATE|DELETE FROM) "?contacts_ui_')

log = structlog.get_logger(__name__)


@dataclass
class Tally:
    """Seconds spent and things counted in one request."""

    started: float = field(default_factory=time.perf_counter)
    db: float = 0.0
    vendor: float = 0.0
    render: float = 0.0
    queries: int = 0
    # Of these, the ones that changed our tables.
    writes: int = 0
    calls: list[str] = field(default_factory=list)

    def start_rendering(self) -> None:
        """Start when the view has answered and its template begins."""
        self.render -= time.perf_counter()

    def stop_rendering(self) -> None:
        """Stop when the template is done."""
        self.render += time.perf_counter()

    def header(self) -> str:
        """Return the value of Server-Timing: `total`, `db`, `vendor`, `render` in milliseconds."""
        total = time.perf_counter() - self.started
        parts = {"total": total, "db": self.db, "vendor": self.vendor, "render": self.render}
        timings = ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in parts.items())
        return f'{timings}, queries;desc="{self.queries}", calls;desc="{len(self.calls)}"'


_current: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def tallied() -> Iterator[Tally]:
    """Count queries and vendor calls of the code inside, in this thread and context."""
    tally = Tally()
    token = _current.set(tally)

    def timed(execute: Callable[..., Any], *args: Any) -> Any:
        started = time.perf_counter()
        try:
            done = execute(*args)
            tally.writes += bool(_WRITES.match(str(args[0])))
            return done
        finally:
            tally.db += time.perf_counter() - started
            tally.queries += 1

    try:
        with connection.execute_wrapper(timed):
            yield tally
    finally:
        _current.reset(token)


def vendor_called(call: CallRecord) -> None:
    """Log one finished vendor call, and add it to the request."""
    log.info(
        "vendor_call",
        vendor=call.vendor,
        endpoint=call.endpoint,
        status=call.status,
        ms=round(call.seconds * 1000, 1),
        error=call.error,
    )
    if tally := _current.get():
        tally.vendor += call.seconds
        tally.calls.append(f"{call.vendor}:{call.endpoint}")
