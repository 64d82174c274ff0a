"""Count calls for each vendor and endpoint, and keep the latest ones in full."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.faults import VENDORS
from sandbox.store import exact_now
from sandbox.wire import Request

KEPT = 10_000


@dataclass(frozen=True)
class CallRecord:
    at: str
    vendor: str
    method: str
    target: str
    body: str
    status: int | None
    fault: str | None
    milliseconds: float


def endpoint(request: Request) -> str:
    """Return the endpoint's name: without the id or number at its end."""
    parts = request.segments
    if "contacts" in parts[:-1]:
        parts = [*parts[:-1], "{id}"]
    return f"{request.method} /{'/'.join(parts)}"


class Calls:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._counts: dict[str, Counter[str]] = {vendor: Counter() for vendor in VENDORS}
            self._latest: deque[CallRecord] = deque(maxlen=KEPT)

    def add(
        self, vendor: str, request: Request, status: int | None, fault: str | None, seconds: float
    ) -> None:
        body = request.body[:4000].decode(errors="replace")
        record = CallRecord(
            exact_now(), vendor, request.method, request.target, body, status, fault,
            round(seconds * 1000, 2),
        )  # fmt: skip
        with self._lock:
            self._counts[vendor][endpoint(request)] += 1
            self._latest.append(record)

    def counts(self) -> dict[str, dict[str, int]]:
        with self._lock:
            return {vendor: dict(counter) for vendor, counter in self._counts.items()}

    def latest(self, vendor: str = "", limit: int = KEPT) -> list[dict[str, Any]]:
        """Return the latest calls in the order in which they ended."""
        with self._lock:
            records = [each for each in self._latest if vendor in ("", each.vendor)]
        return [asdict(record) for record in records[-limit:]] if limit else []
