"""Give everything that one request or job causes one id: in logs, audit log, and the response header."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
_SENSIBLE = re.compile(r"[A-Za-z0-9._-]{8,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")
_foreign: ContextVar[str] = ContextVar("foreign_request_id", default="")


def current() -> str:
    """Return the id of the running request or job; "" outside."""
    return _current.get()


def foreign() -> str:
    """Return the running request's id from a proxy or browser; "" if it sent none, or a broken one."""
    return _foreign.get()


@contextmanager
def request_id(own: str = "", *, given: str = "") -> Iterator[str]:
    """Give the code inside an id: `own`, which we made before (for a job, or a continuing request), or a new one.

    `given` comes from outside. It is kept next to ours, never instead of it: it could be a job's, or another request's.
    """
    chosen = own or uuid.uuid4().hex
    token = _current.set(chosen)
    beside = _foreign.set(given if _SENSIBLE.fullmatch(given) else "")
    try:
        yield chosen
    finally:
        _foreign.reset(beside)
        _current.reset(token)
