"""Make calls fail on demand."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from random import Random
from typing import Any

from sandbox.wire import Request

VENDORS = ("slicktext", "cloudcontactai")
KINDS = {
    "latency": "answers, but only after so many seconds",
    "error": "answers with a 5xx (or any status) in JSON",
    "html": "answers with a proxy's HTML page",
    "drop_before": "closes the connection before doing the work",
    "drop_after": "does the work, then closes the connection without an answer",
    "hang": "takes the call and never answers; closes at last, the work undone",
    "unauthorized": "answers 401, whatever the key",
    "too_many": "answers 429 with Retry-After",
    "down": "resets the connection at once",
}
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
SECONDS = {"latency": 1.0, "hang": 300.0, "too_many": 2.0}
STATUS = {"error": 503, "html": 502}


@dataclass
class Fault:
    kind: str
    seconds: float | None = None
    up_to: float | None = None
    status: int | None = None
    times: int | None = None
    share: float | None = None
    methods: list[str] = field(default_factory=list)
    path: str = ""

    @property
    def wait(self) -> float:
        return SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds

    @property
    def answer(self) -> int:
        return self.status or STATUS.get(self.kind, 503)

    def matches(self, request: Request) -> bool:
        if self.times == 0 or (self.methods and request.method not in self.methods):
            return False
        return self.path in request.target

    def spend(self) -> None:
        if self.times is not None:
            self.times -= 1

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in (None, [], "")}


@dataclass(frozen=True)
class Met:
    """What a call meets: seconds to wait, then at most one fault."""

    wait: float = 0.0
    fault: Fault | None = None


class Faults:
    """The faults set for one vendor.

    A call draws once, and the shares of the faults that fit it lie side by side: two with 0.1 each strike a tenth of
    the calls each, never the same call. Latency goes with any of the others. The draws start again whenever faults are
    set, so that the same calls in the same order give the same outcome.
    """

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self.set([])

    def set(self, faults: Sequence[Fault]) -> None:
        with self._lock:
            self._faults = list(faults)
            self._random = Random(self._seed)

    def as_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.as_json() for fault in self._faults]

    def meet(self, request: Request) -> Met:
        with self._lock:
            fitting = [fault for fault in self._faults if fault.matches(request)]
            if not fitting:
                return Met()
            wait = 0.0
            for fault in (each for each in fitting if each.kind == "latency"):
                if fault.share is None or self._random.random() < fault.share:
                    fault.spend()
                    wait += (
                        self._random.uniform(fault.wait, fault.up_to) if fault.up_to else fault.wait
                    )
            draw, reach = self._random.random(), 0.0
            for fault in (each for each in fitting if each.kind != "latency"):
                reach += 1.0 if fault.share is None else fault.share
                if draw < reach:
                    fault.spend()
                    return Met(wait, fault)
            return Met(wait)


def parse(value: object) -> list[Fault]:
    """Parse a fault or a list of faults from JSON. Raises ValueError."""
    items = value if isinstance(value, list) else [value]
    return [_parse_one(item) for item in items if _kind(item) != "none"]


def _kind(item: object) -> object:
    return item.get("kind") if isinstance(item, Mapping) else None


def _parse_one(item: Any) -> Fault:
    if _kind(item) not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, none")
    unknown = set(item) - {each.name for each in fields(Fault)}
    if unknown:
        raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
    fault = Fault(**item)
    _number("seconds", fault.seconds, 0, 3600)
    _number("up_to", fault.up_to, fault.wait, 3600)
    _number("share", fault.share, 0, 1)
    _number("times", fault.times, 0, 10**9, whole=True)
    _number("status", fault.status, 200, 599, whole=True)
    if not isinstance(fault.methods, list) or not set(fault.methods) <= set(METHODS):
        raise ValueError(f"methods is a list of {', '.join(METHODS)}")
    if not isinstance(fault.path, str):
        raise ValueError("path is a part of an address")
    return fault


def _number(name: str, value: object, low: float, high: float, whole: bool = False) -> None:
    if value is None:
        return
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        raise ValueError(f"{name} is a {'whole ' if whole else ''}number from {low} to {high}")
