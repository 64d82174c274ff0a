"""One call to a vendor: the shared budget, the repeats, what is told about it.

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

import stamina
import structlog
from stamina.instrumentation import StructlogOnRetryHook, set_on_retry_hooks

from contacts_ui.integrations import errors
from contacts_ui.integrations.answers import Answer, asked_pause, rate_limit
from contacts_ui.integrations.manner import (
    BULK,
    CHECK,
    DELIVER,
    READ,
    STOP_NOW,
    WRITE,
    Budget,
    CallRecord,
    Manner,
    Priority,
)
from contacts_ui.integrations.redact import quieten_urllib3
from contacts_ui.integrations.wire import Request, Wire

__all__ = [
    "BULK",
    "CHECK",
    "DELIVER",
    "READ",
    "STOP_NOW",
    "WRITE",
    "Budget",
    "CallRecord",
    "Connection",
    "Manner",
    "Priority",
    "may_repeat",
]

FIRST_BACKOFF, LONGEST_BACKOFF, JITTER = 0.2, 1.5, 0.3
PAUSE_IF_NOT_TOLD = 1.0

T = TypeVar("T")

log = structlog.get_logger(__name__)
quieten_urllib3()
# Told to the log alone: with prometheus-client installed, stamina would count too, and a counter that cannot be written
# would end the call.
set_on_retry_hooks([StructlogOnRetryHook])


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
        self._wire = Wire(self.vendor, self.base_url, self.api_key, self.accept)

    def call(
        self,
        method: str,
        path: str,
        *,
        endpoint: str,
        parse: Callable[[Any], T],
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        manner: Manner,
        repeatable: bool,
    ) -> T:
        """Send one request, and again as far as ``manner`` and ``repeatable`` allow.

        ``path`` is percent-encoded already; ``endpoint`` is its name in logs ("contacts.list").
        ``parse`` makes our type of the decoded JSON (None for an empty body); its BadShape
        becomes Unreadable. Raises the members of ``VendorError``.
        """
        deadline = time.monotonic() + manner.total_timeout
        request = Request(method, path, endpoint, params, body, manner, repeatable, deadline)
        in_doubt = False
        for attempt in stamina.retry_context(
            on=lambda error: _pause_before_repeating(error, request),
            attempts=manner.attempts,
            timeout=None,
            wait_initial=FIRST_BACKOFF,
            wait_max=LONGEST_BACKOFF,
            wait_jitter=JITTER,
        ):
            with attempt:
                try:
                    return self._attempt(request, parse)
                except errors.VendorError as error:
                    # Once an attempt may have been carried out, no later one makes it undone.
                    in_doubt = in_doubt or error.outcome_unknown
                    if in_doubt:
                        error.doubt()
                    raise
        raise AssertionError("stamina neither returned nor raised")

    def _attempt(self, request: Request, parse: Callable[[Any], T]) -> T:
        patience = min(request.manner.patience, request.left)
        self.budget.take(self.vendor, request.manner.priority, patience)
        if not request.left:
            raise errors.BudgetSpent(self.vendor)
        with self._recorded(request) as facts:
            answer = self._wire.exchange(request)
            facts["status"] = answer.status
            self._heed(answer)
            return answer.read(parse)

    @contextmanager
    def _recorded(self, request: Request) -> Iterator[dict[str, Any]]:
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
            facts["seconds"] = time.monotonic() - started
            facts["priority"] = request.manner.priority
            record = CallRecord(self.vendor, request.method, request.endpoint, **facts)
            if self.on_call is not None:
                _tell(self.on_call, record)

    def _heed(self, answer: Answer) -> None:
        """Pass on what the headers say about the budget that all processes share."""
        limits = rate_limit(answer.headers)
        if limits:
            _tell(self.budget.report, self.vendor, *astuple(limits))
        if answer.status == 429:
            asked = asked_pause(answer.headers)
            _tell(self.budget.pause, self.vendor, PAUSE_IF_NOT_TOLD if asked is None else asked)


def _pause_before_repeating(error: Exception, request: Request) -> bool | float:
    """Tell stamina not to repeat, to back off as it sees fit, or for how many seconds."""
    if not may_repeat(error, repeatable=request.repeatable):
        return False
    asked = getattr(error, "retry_after", None)
    if asked is None:
        return request.left > LONGEST_BACKOFF
    pause = float(asked + random.uniform(0, JITTER))  # noqa: S311
    return pause if pause < request.left else False


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
