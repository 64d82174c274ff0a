"""One call to a vendor: the shared budget, the timeouts, the retries, the errors.

Everything that every endpoint has in common; what an endpoint means is in the vendor's module.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import stamina
import structlog

from contacts_ui.integrations import errors
from contacts_ui.integrations.answers import Answer, Reply, rate_limit, retry_after
from contacts_ui.integrations.complaints import read_complaint
from contacts_ui.integrations.manner import (
    DELIVER,
    READ,
    STOP_NOW,
    WRITE,
    Budget,
    CallRecord,
    Manner,
    Priority,
)
from contacts_ui.integrations.parsing import BadShape
from contacts_ui.integrations.redact import quieten_urllib3, redact_all
from contacts_ui.integrations.transport import (
    TRANSPORT_ERRORS,
    UNDECODABLE,
    Flight,
    flying,
    new_session,
)

__all__ = [
    "DELIVER",
    "READ",
    "STOP_NOW",
    "WRITE",
    "Budget",
    "CallRecord",
    "Connection",
    "Manner",
    "Priority",
    "Reply",
    "may_repeat",
]

LARGEST_BODY = 20 * 1024 * 1024
FIRST_BACKOFF, LONGEST_BACKOFF, JITTER = 0.2, 1.5, 0.3
PAUSE_IF_NOT_TOLD = 1.0

T = TypeVar("T")

log = structlog.get_logger(__name__)
quieten_urllib3()


def may_repeat(error: Exception, *, repeatable: bool) -> bool:
    """Decide whether a failed request is sent again at once, by itself.

    What certainly was not carried out may be. What may have been carried out is only sent again
    when doing it twice is the same as doing it once.
    """
    if not isinstance(error, errors.VendorError) or not error.retryable:
        return False
    if isinstance(error, errors.BudgetSpent | errors.BadCredentials):
        # The caller's patience is used up; the key does not mend itself within seconds.
        return False
    certainly_not_done = isinstance(error, errors.Unreachable | errors.RateLimited)
    return certainly_not_done or repeatable


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str = field(repr=False)
    endpoint: str
    params: Mapping[str, Any] | None = field(repr=False)
    body: Any = field(repr=False)
    manner: Manner
    repeatable: bool
    deadline: float

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()


@dataclass(eq=False)
class Connection:
    """A vendor's API with our key; one for each process, safe to share between threads.

    ``account`` is what the vendor calls us by: the brand id's digits, or the client id.
    """

    vendor: str
    base_url: str
    api_key: str = field(repr=False)
    account: str
    budget: Budget = field(repr=False)
    on_call: Callable[[CallRecord], None] | None = field(default=None, repr=False)
    accept: str = "application/json"

    def __post_init__(self) -> None:
        self.base_url = self.base_url.strip().rstrip("/")
        self.api_key = self.api_key.strip()
        if not self.api_key.isascii() or not self.api_key.isprintable() or " " in self.api_key:
            # http.client would refuse it too, and print it.
            raise ValueError(f"the {self.vendor} API key has characters that no header may have")
        self._session = new_session(self.api_key, self.accept)

    def call(
        self,
        method: str,
        path: str,
        *,
        endpoint: str,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        manner: Manner,
        repeatable: bool,
    ) -> Reply:
        """Send one request and return the vendor's answer.

        ``path`` is percent-encoded already; ``endpoint`` is its name in logs ("contacts.list").
        Raises the members of ``VendorError``.
        """
        deadline = time.monotonic() + manner.total_timeout
        request = _Request(method, path, endpoint, params, body, manner, repeatable, deadline)
        for attempt in stamina.retry_context(
            on=lambda error: _pause_before_repeating(error, request),
            attempts=manner.attempts,
            timeout=None,
            wait_initial=FIRST_BACKOFF,
            wait_max=LONGEST_BACKOFF,
            wait_jitter=JITTER,
        ):
            with attempt:
                return self._attempt(request)
        raise AssertionError("stamina neither returned nor raised")

    def parsed(self, reply: Reply, parse: Callable[[Any], T]) -> T:
        """Return what ``parse`` reads from a reply; its BadShape becomes Unreadable."""
        try:
            return parse(reply.data)
        except BadShape as error:
            problem = str(error)
        words = read_complaint(redact_all(reply.data, (self.api_key,))).words
        raise self.unreadable(reply, problem, words)

    def unreadable(self, reply: Reply, problem: str, words: str = "") -> errors.Unreadable:
        """Return the error for a 2xx answer that is not what was asked for."""
        return errors.Unreadable(
            self.vendor,
            outcome_unknown=reply.is_write,
            status=reply.status,
            words=words,
            log={"problem": problem},
        )

    def _attempt(self, request: _Request) -> Reply:
        patience = min(request.manner.patience, max(request.left, 0.0))
        self.budget.take(self.vendor, request.manner.priority, patience)
        with self._recorded(request) as record:
            answer = self._exchange(request)
            record["status"] = answer.status
            self._heed(answer)
            return answer.reply()

    @contextmanager
    def _recorded(self, request: _Request) -> Iterator[dict[str, Any]]:
        """Tell ``on_call`` about the attempt, and the log if it failed."""
        facts: dict[str, Any] = {"status": None, "error": None}
        started = time.monotonic()
        try:
            yield facts
        except errors.VendorError as error:
            facts["error"] = type(error).__name__
            error.log["endpoint"] = request.endpoint
            log.warning("vendor_call_failed", **error.log)
            raise
        finally:
            seconds = time.monotonic() - started
            if self.on_call is not None:
                _tell(self.on_call, self._record(request, seconds, **facts))

    def _record(self, request: _Request, seconds: float, **facts: Any) -> CallRecord:
        return CallRecord(self.vendor, request.method, request.endpoint, seconds=seconds, **facts)

    def _exchange(self, request: _Request) -> Answer:
        if request.left <= 0:
            raise errors.BudgetSpent(self.vendor)
        with flying(request.deadline) as flight:
            try:
                response = self._send(request)
                return self._answer(request, response, _read(response))
            except TRANSPORT_ERRORS as error:
                failure = self._failure(error, flight, request)
        # Raised out here so that it does not drag along the requests error, whose attributes
        # hold the key and the number.
        raise failure

    def _send(self, request: _Request) -> requests.Response:
        prepared = self._session.prepare_request(
            requests.Request(
                request.method,
                self.base_url + request.path,
                params=dict(request.params or {}),
                json=request.body,
            )
        )
        manner, left = request.manner, max(request.left, 0.001)
        timeout = (min(manner.connect_timeout, left), min(manner.read_timeout, left))
        return self._session.send(prepared, stream=True, timeout=timeout, allow_redirects=False)

    def _answer(self, request: _Request, response: requests.Response, body: bytes) -> Answer:
        return Answer(
            self.vendor,
            response.status_code,
            response.headers,
            body,
            is_write=request.is_write,
            secrets=(self.api_key,),
        )

    def _heed(self, answer: Answer) -> None:
        """Pass on what the headers say about the budget that all processes share."""
        limits = rate_limit(answer.headers)
        if limits:
            _tell(self.budget.report, self.vendor, *astuple(limits))
        if answer.status == 429:
            wait = retry_after(answer.headers) or limits.reset_seconds or PAUSE_IF_NOT_TOLD
            _tell(self.budget.pause, self.vendor, wait)

    def _failure(self, error: Exception, flight: Flight, request: _Request) -> errors.VendorError:
        """Map what requests, urllib3 or the socket raised; its text may hold a number."""
        facts = {"cause": type(error).__name__}
        if flight.certainly_not_sent(error):
            return errors.Unreachable(self.vendor, log=facts)
        kind = errors.Unreadable if isinstance(error, UNDECODABLE) else errors.NoAnswer
        return kind(self.vendor, outcome_unknown=request.is_write, log=facts)


def _read(response: requests.Response) -> bytes:
    """Read the body up to the cap; what was cut off is no JSON any more."""
    body = bytearray()
    try:
        for chunk in response.iter_content(65536):
            body += chunk
            if len(body) > LARGEST_BODY:
                break
    except TRANSPORT_ERRORS:
        # A refusal is a refusal even if its explanation got lost.
        if response.status_code < 400:
            raise
    finally:
        response.close()
    return bytes(body)


def _pause_before_repeating(error: Exception, request: _Request) -> bool | float:
    """Tell stamina not to repeat, to back off as it sees fit, or for how many seconds."""
    if not may_repeat(error, repeatable=request.repeatable):
        return False
    asked = getattr(error, "retry_after", None) or 0.0
    pause = asked + random.uniform(0, JITTER)  # noqa: S311 if asked else 0.0
    if request.left <= max(pause, LONGEST_BACKOFF):
        return False
    return pause or True


def _tell(listener: Callable[..., None], *facts: Any) -> None:
    """Tell someone about a call that is over; their trouble must not change its outcome."""
    try:
        listener(*facts)
    except Exception:
        log.exception("vendor_listener_failed")


def with_default_path(base_url: str, path: str) -> str:
    """Return the base URL, with ``path`` added when it has none of its own."""
    base_url = base_url.strip().rstrip("/")
    return base_url if urlsplit(base_url).path.strip("/") else base_url + path
