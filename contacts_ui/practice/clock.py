"""A clock that is set, for this process and for the sandbox."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

# Between two looks at the clock, so that no two entries have the same time.
TICK: Final = timedelta(milliseconds=1)


class Clock:
    """The time of an invented history. It stands in for `timezone.now`, and never goes back."""

    def __init__(self, start: datetime, tell: Callable[[datetime], None]) -> None:
        """Take the first moment, and what to tell each moment to which the clock is moved."""
        self._at, self._tell = start.astimezone(UTC), tell
        tell(start)

    def __call__(self) -> datetime:
        """Return the time in UTC, which passes by a tick."""
        self._at += TICK
        return self._at

    def move_to(self, moment: datetime) -> None:
        """Move forward to a moment; stay if it has passed."""
        self._at = max(self._at, moment.astimezone(UTC))
        self._tell(self._at)

    def wait(self, **span: float) -> None:
        """Move forward by a `timedelta`."""
        self.move_to(self._at + timedelta(**span))
