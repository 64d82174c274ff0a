"""Limit calls as SlickText does: per key in a 60-second window, bursts allowed."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

WINDOW = 60.0


@dataclass(frozen=True)
class Budget:
    limit: int
    remaining: int
    reset: int
    over: bool

    @property
    def headers(self) -> dict[str, str]:
        """Return the three headers, spelled as the vendor spells them, and Retry-After over the limit."""
        headers = {
            "x-RateLimit": str(self.limit),
            "x-RateLimit-Remaining": str(self.remaining),
            "x-RateLimit-Reset": str(self.reset),
        }
        return headers | {"Retry-After": str(self.reset)} if self.over else headers


class RateLimit:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, key: str, limit: int) -> Budget:
        """Count a call; refused calls are free."""
        with self._lock:
            start, used = self._window(key)
            over = used >= limit
            self._windows[key] = (start, used if over else used + 1)
            return self._budget(key, limit, over)

    def look(self, key: str, limit: int) -> Budget:
        with self._lock:
            return self._budget(key, limit, over=False)

    def clear(self) -> None:
        with self._lock:
            self._windows.clear()

    def _window(self, key: str) -> tuple[float, int]:
        """Return the open window. It opens with its first call and closes 60 seconds later."""
        current = self._clock()
        start, used = self._windows.get(key, (current, 0))
        return (start, used) if current - start < WINDOW else (current, 0)

    def _budget(self, key: str, limit: int, over: bool) -> Budget:
        start, used = self._window(key)
        reset = max(1, math.ceil(start + WINDOW - self._clock()))
        return Budget(limit, max(0, limit - used), reset, over)
