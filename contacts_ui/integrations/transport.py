"""One request out, one answer in: no repeats, no budget, no meaning.

requests prepares the request and decodes the answer; httpcore carries them. requests alone limits each
wait for bytes, so a server that sends one byte a second could hold us for hours. httpcore takes a network
of our own (its "Network Backends"), where every wait gets only the time left until the deadline.
"""

from __future__ import annotations

import io
import logging
import ssl
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpcore
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from contacts_ui.integrations import errors
from contacts_ui.integrations.answers import Answer
from contacts_ui.integrations.call_policy import CallPolicy

MAX_BODY_BYTES = 20 * 1024 * 1024
MAX_IDLE_CONNECTIONS = 16
CHUNK_BYTES = 64 * 1024

NOT_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.UnsupportedProtocol,
)
# Everything that requests raises is an OSError.
TRANSPORT_ERRORS = (
    OSError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)

# Its debug lines carry headers.
logging.getLogger("httpcore").setLevel(logging.WARNING)

_deadline: ContextVar[float] = ContextVar("deadline")


@dataclass(frozen=True, slots=True)
class Request:
    """What to send; ``deadline`` (monotonic seconds) is for the call with all its repeats."""

    method: str
    path: str = field(repr=False)
    endpoint: str
    params: Mapping[str, Any] | None = field(repr=False)
    body: Any = field(repr=False)
    policy: CallPolicy
    repeatable: bool
    deadline: float

    @property
    def is_write(self) -> bool:
        """Return True for every method except GET."""
        return self.method != "GET"

    @property
    def left(self) -> float:
        """Return the seconds until the deadline, or 0 after it."""
        return max(self.deadline - time.monotonic(), 0.0)


class Transport:
    """The kept-alive connections to one vendor. Its repr() shows no key.

    There are no redirects, cookies, proxies or retries: those belong to a requests session.
    """

    def __init__(self, vendor: str, base_url: str, api_key: str, accept: str) -> None:
        self._vendor = vendor
        self._base_url = base_url
        self._api_key = api_key
        own = {"Accept": accept, "User-Agent": "contacts-dashboard"}
        self._headers = {**requests.utils.default_headers(), **own}
        self._adapter = Adapter()

    def send(self, request: Request) -> Answer:
        """Send ``request`` and return the answer of any status. Raises Unreachable, NoAnswer, or Unreadable."""
        try:
            prepared = self._prepare(request)
            policy, left = request.policy, max(request.left, 0.001)
            timeout = (min(policy.connect_timeout, left), min(policy.read_timeout, left), left)
            response = self._adapter.send(prepared, timeout=timeout)
            status, headers = response.status_code, response.headers
            body = _joined(response.iter_content(CHUNK_BYTES), status)
        except TRANSPORT_ERRORS as error:
            # Its text may hold a number.
            facts, may_be_done = {"cause": type(error).__name__}, request.is_write
            kind: type[errors.VendorError] = errors.NoAnswer
            if isinstance(error, NOT_SENT):
                kind, may_be_done = errors.Unreachable, False
            elif isinstance(error, requests.exceptions.ContentDecodingError):
                kind = errors.Unreadable
            failure = kind(self._vendor, outcome_unknown=may_be_done, log=facts)
        else:
            secrets = (self._api_key,)
            return Answer(self._vendor, status, headers, body, request.is_write, secrets)
        # Raised out here so that it does not drag along the first error, whose attributes
        # hold the key and the number.
        raise failure

    def _prepare(self, request: Request) -> requests.PreparedRequest:
        try:
            return requests.Request(
                request.method,
                self._base_url + request.path,
                headers=self._headers,
                params=dict(request.params or {}),
                json=request.body,
                auth=_BearerKey(self._api_key),
            ).prepare()
        except requests.RequestException as error:
            raise httpcore.UnsupportedProtocol from error


class Adapter(HTTPAdapter):
    """Send prepared requests through httpcore's connection pool."""

    def __init__(self) -> None:
        super().__init__()
        self._pool = httpcore.ConnectionPool(
            max_connections=None,
            max_keepalive_connections=MAX_IDLE_CONNECTIONS,
            network_backend=_Network(),
        )

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, *, timeout: tuple[float, float, float]
    ) -> requests.Response:
        """Return the whole answer; ``timeout`` is seconds to connect, for each read, and in all."""
        connect, read, total = timeout
        token = _deadline.set(time.monotonic() + total)
        try:
            with self._pool.stream(
                request.method or "GET",
                request.url or "",
                headers=list(request.headers.items()),
                content=request.body,  # type: ignore[arg-type]  # JSON is bytes
                extensions={"timeout": {"connect": connect, "read": read, "write": read}},
            ) as answer:
                body = _joined(answer.iter_stream(), answer.status)
        finally:
            _deadline.reset(token)
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers
        ]
        raw = urllib3.HTTPResponse(
            io.BytesIO(body),
            urllib3.HTTPHeaderDict(headers),
            answer.status,
            preload_content=False,
            enforce_content_length=False,
        )
        return self.build_response(request, raw)


class _BearerKey(AuthBase):
    """Adds the key as the request leaves, so that no frame, header dict or repr() shows it."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


class _Network(httpcore.SyncBackend):
    """The network, where no wait goes past the deadline."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _cut(timeout, httpcore.ConnectTimeout)
        try:
            stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        except UnicodeError:
            raise httpcore.ConnectError("no host has this name") from None
        return _Stream(stream)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _cut(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _cut(timeout, httpcore.WriteTimeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _cut(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _cut(timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
    """Return ``timeout``, or the seconds left if they are fewer; raise ``late`` if none are."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise late("the deadline is over")
    return left if timeout is None else min(timeout, left)


def _joined(chunks: Iterable[bytes], status: int) -> bytes:
    """Join a body up to the cap. A refusal is a refusal even if its explanation got lost."""
    body = bytearray()
    try:
        for chunk in chunks:
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                # A body that is cut off is not JSON.
                break
    except TRANSPORT_ERRORS:
        if status < 400:
            raise
    return bytes(body)
