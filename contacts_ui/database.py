"""Tell a database that is away from a query that is wrong, and share SQLite's one lock."""

import time
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, connection

# PostgreSQL: classes for lost connections, lack of resources, and a server that starts or stops.
_AWAY_STATES: Final = ("08", "53", "57P")
# SQLite: busy, locked, cannot be read or written, full, cannot be opened.
_AWAY_CODES: Final = (5, 6, 10, 13, 14)

_SQLITE_PAUSE_MAX_SECONDS: Final = 0.25

log = structlog.get_logger(__name__)


def is_away(error: BaseException | None) -> bool:
    """Return True for an error that may pass; False for a broken query, which is a bug."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    if (code := getattr(cause, "sqlite_errorcode", None)) is not None:
        return code & 0xFF in _AWAY_CODES
    state = getattr(cause, "sqlstate", None)
    # Without a state there was no answer; SQLite's own InterfaceError is a bug of ours.
    return state.startswith(_AWAY_STATES) if state else type(cause).__module__ != "sqlite3"


def log_outage(error: BaseException) -> None:
    """Write the one line of a request that met a database that is away."""
    state = getattr(error.__cause__, "sqlstate", None)
    log.warning("database_away", error=type(error).__name__, state=state)


def leave_room(began: float) -> None:
    """Wait as long as the last write took since `began` (`time.monotonic`): SQLite's one lock is not given in turns.

    Without these pauses a person's press would wait for everything that runs in the background.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(min(time.monotonic() - began, _SQLITE_PAUSE_MAX_SECONDS))


class TakingTurns:
    """Take SQLite's one lock several times with `with`, each time only after it was free as long as it was held before.

    What is made ready between two writes counts as such a time.
    """

    def __init__(self) -> None:
        self._began = self._free_until = 0.0

    def __enter__(self) -> None:
        if connection.vendor == "sqlite" and not connection.in_atomic_block:
            time.sleep(max(self._free_until - time.monotonic(), 0.0))
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        ended = time.monotonic()
        self._free_until = ended + min(ended - self._began, _SQLITE_PAUSE_MAX_SECONDS)
