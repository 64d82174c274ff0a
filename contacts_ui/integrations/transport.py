"""A requests session that is kept alive, knows what it has sent, and keeps to a deadline.

requests bounds each wait for bytes, not the whole answer: a server that sends one byte a second
would hold us for ever. Here every read from the socket gets only the time that is left.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

TRANSPORT_ERRORS = (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException)

UNDECODABLE = (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError)

# What says by itself that no byte of a request has left; for when no connection was watched.
_BEFORE_SENDING = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidJSONError,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.URLRequired,
    urllib3.exceptions.ClosedPoolError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.EmptyPoolError,
    urllib3.exceptions.FullPoolError,
    urllib3.exceptions.LocationValueError,
)


@dataclass(slots=True)
class Flight:
    """One request on its way: until when (monotonic seconds), and whether any of it left."""

    deadline: float
    sent: bool | None = None

    def certainly_not_sent(self, error: BaseException) -> bool:
        """Tell whether ``error`` means that the vendor never saw the request."""
        if self.sent is not None:
            return not self.sent
        return any(isinstance(cause, _BEFORE_SENDING) for cause in _unpacked(error))


_flight: ContextVar[Flight | None] = ContextVar("flight", default=None)


@contextmanager
def flying(deadline: float) -> Iterator[Flight]:
    """Watch the request made within the block."""
    flight = Flight(deadline)
    token = _flight.set(flight)
    try:
        yield flight
    finally:
        _flight.reset(token)


def new_session(api_key: str, accept: str, pool_size: int = 16) -> requests.Session:
    """Return a session without proxies, cookies, redirects or retries of its own."""
    session = _Session()
    session.trust_env = False
    session.auth = _BearerKey(api_key)
    session.headers.update({"Accept": accept, "User-Agent": "contacts-dashboard"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(pool_maxsize=pool_size, max_retries=0))
    return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never follow, nor even prepare, a redirect: it would carry our key elsewhere."""


class _BearerKey(AuthBase):
    """Adds the key as the request leaves, so that no frame, header dict or repr() shows it."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket, never past the deadline of the flight."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline
        self._patience = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole answer took too long")
        self._sock.settimeout(left if self._patience is None else min(left, self._patience))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        flight = _flight.get()
        if flight is not None:
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_DeadlineReader(raw, sock, flight.deadline))


class _Watched:
    """Notes on the flight when the first bytes of a request leave."""

    def send(self, data: Any) -> None:
        if self.sock is None:  # type: ignore[attr-defined]
            self.connect()  # type: ignore[attr-defined]
        _note(sent=True)
        super().send(data)  # type: ignore[misc]


class _HTTPConnection(_Watched, urllib3.connection.HTTPConnection):
    response_class = _Response


class _HTTPSConnection(_Watched, urllib3.connection.HTTPSConnection):
    response_class = _Response


class _HTTPPool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        _note(sent=False)
        return super().get_connection_with_tls_context(*args, **kwargs)


def _note(*, sent: bool) -> None:
    flight = _flight.get()
    if flight is not None:
        flight.sent = sent


def _unpacked(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it wraps: ConnectionError(MaxRetryError(reason=...))."""
    yield error
    for inner in (*error.args[:1], getattr(error, "reason", None)):
        if isinstance(inner, BaseException):
            yield from _unpacked(inner)
