"""One id for everything that one request (or one look of the worker) causes: logs, ledger, the answer's header."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
_SENSIBLE = re.compile(r"[A-Za-z0-9._-]{8,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of what is running now; empty outside a request."""
    return _current.get()


@contextmanager
def request_id(given: str = "") -> Iterator[str]:
    """Give what runs inside an id: the one that a proxy gave, if it is sensible, else a new one."""
    chosen = given if _SENSIBLE.fullmatch(given) else uuid.uuid4().hex
    token = _current.set(chosen)
    try:
        yield chosen
    finally:
        _current.reset(token)
