"""One call to a vendor: the shared budget, the retries, and what is recorded about it."""

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
from contacts_ui.integrations.answers import pause_seconds, rate_limit
from contacts_ui.integrations.call_policy import Budget, CallPolicy, CallRecord
from contacts_ui.integrations.redact import quieten_urllib3
from contacts_ui.integrations.transport import Request, Transport

BACKOFF_MIN_SECONDS, BACKOFF_MAX_SECONDS, JITTER_SECONDS = 0.2, 1.5, 0.3
PAUSE_DEFAULT_SECONDS = 1.0

T = TypeVar("T")

log = structlog.get_logger(__name__)
quieten_urllib3()
# Only the log: with prometheus-client installed, stamina would count too, and a counter that cannot be written would
# end the call.
set_on_retry_hooks([StructlogOnRetryHook])


def may_repeat(error: Exception, *, repeatable: bool) -> bool:
    """Return True if a failed request may be repeated right away.

    It may if it was certainly not carried out, or if doing it twice is the same as doing it once.
    """
    if not isinstance(error, errors.VendorError) or not error.retryable:
        return False
    if isinstance(error, errors.BudgetSpent | errors.BadCredentials):
        # No time is left; a refused key stays refused for seconds.
        return False
    certainly_not_done = isinstance(error, errors.Unreachable | errors.RateLimited)
    return certainly_not_done or repeatable


@dataclass(eq=False)
class Connection:
    """A vendor's API with our key; one for each process, safe to share between threads.

    ``account`` is our name at the vendor: the brand id's digits, or the client id.
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
        self._transport = Transport(self.vendor, self.base_url, self.api_key, self.accept)

    def call(
        self,
        method: str,
        path: str,
        endpoint: str,
        parse: Callable[[Any], T],
        policy: CallPolicy,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        repeatable: bool = False,
    ) -> T:
        """Send one request, and again as far as ``policy`` and ``repeatable`` allow.

        ``path`` is percent-encoded already; ``endpoint`` is its name in logs ("contacts.list").
        ``parse`` makes our type of the decoded JSON (None for an empty body); its BadShape
        becomes Unreadable. Raises the members of ``VendorError``.
        """
        deadline = time.monotonic() + policy.total_timeout
        request = Request(method, path, endpoint, params, body, policy, repeatable, deadline)
        outcome_unknown = False
        for attempt in stamina.retry_context(
            on=lambda error: _retry_pause(error, request),
            attempts=policy.attempts,
            timeout=None,
            wait_initial=BACKOFF_MIN_SECONDS,
            wait_max=BACKOFF_MAX_SECONDS,
            wait_jitter=JITTER_SECONDS,
        ):
            with attempt:
                try:
                    return self._attempt(request, parse)
                except errors.VendorError as error:
                    # Once an attempt may have been carried out, no later one makes it undone.
                    outcome_unknown = outcome_unknown or error.outcome_unknown
                    error.outcome_unknown = error.log["outcome_unknown"] = outcome_unknown
                    raise
        raise AssertionError("stamina neither returned nor raised")

    def get(
        self,
        path: str,
        endpoint: str,
        parse: Callable[[Any], T],
        policy: CallPolicy,
        params: Mapping[str, Any] | None = None,
    ) -> T:
        """Read, which may be repeated; otherwise as `call`."""
        return self.call("GET", path, endpoint, parse, policy, params=params, repeatable=True)

    def _attempt(self, request: Request, parse: Callable[[Any], T]) -> T:
        patience = min(request.policy.patience, request.left)
        self.budget.take(self.vendor, request.policy.priority, patience)
        if not request.left:
            raise errors.BudgetSpent(self.vendor)
        with self._recorded(request) as facts:
            answer = self._transport.send(request)
            facts["status"] = answer.status
            if limits := rate_limit(answer.headers):
                _notify(self.budget.report, self.vendor, *astuple(limits))
            if answer.status == 429:
                asked = pause_seconds(answer.headers)
                pause = PAUSE_DEFAULT_SECONDS if asked is None else asked
                _notify(self.budget.pause, self.vendor, pause)
            return answer.read(parse)

    @contextmanager
    def _recorded(self, request: Request) -> Iterator[dict[str, Any]]:
        """Record the attempt: ``on_call`` gets it, and the log if it failed."""
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
            facts["priority"] = request.policy.priority
            record = CallRecord(self.vendor, request.method, request.endpoint, **facts)
            if self.on_call is not None:
                _notify(self.on_call, record)


def _retry_pause(error: Exception, request: Request) -> bool | float:
    """Return False for no retry, True for stamina's own backoff, or the seconds to wait."""
    if not may_repeat(error, repeatable=request.repeatable):
        return False
    asked = getattr(error, "retry_after", None)
    if asked is None:
        return request.left > BACKOFF_MAX_SECONDS
    pause = float(asked + random.uniform(0, JITTER_SECONDS))  # noqa: S311
    return pause if pause < request.left else False


def _notify(listener: Callable[..., None], *facts: Any) -> None:
    """Call a listener; its failure must not change the outcome of a call that is over."""
    try:
        listener(*facts)
    except Exception:
        log.exception("vendor_listener_failed")


def with_default_path(base_url: str, path: str) -> str:
    """Return the base URL, with ``path`` added when it has none of its own."""
    base_url = base_url.strip().rstrip("/")
    return base_url if urlsplit(base_url).path.strip("/") else base_url + path
