"""Counters for Prometheus: requests, vendor calls, refused webhooks.

Without METRICS_TOKEN nothing is counted, and nothing is loaded. Each process writes its counters to a file of its own
in settings.METRICS_DIR, and the process that answers /metrics adds them up; so several gunicorn processes and the
worker on one machine appear as one. What the database knows is asked when scraped (services/operations/gauges.py).
"""

import logging
import os
import socket
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings

from contacts_ui.integrations.call_policy import CallRecord

REQUEST_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CALL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 6.0, 12.0)

logger = logging.getLogger(__name__)


class Counters(NamedTuple):
    """What is counted in this process."""

    requests: Any
    calls: Any
    webhooks_refused: Any


def enabled() -> bool:
    """Return True if /metrics is served."""
    return bool(settings.METRICS_TOKEN)


def request_done(view: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    if enabled():
        _observe(lambda: counters().requests.labels(view, str(status)).observe(seconds))


def vendor_called(call: CallRecord) -> None:
    """Count one finished vendor call."""
    if enabled():
        outcome = call.error or "ok"
        labels = (call.vendor, call.endpoint, outcome, call.priority.name.lower())
        _observe(lambda: counters().calls.labels(*labels).observe(call.seconds))


def webhook_refused(vendor: str, why: str) -> None:
    """Count one webhook that could not be taken; `why` is one of a few fixed sentences."""
    if enabled():
        _observe(lambda: counters().webhooks_refused.labels(vendor, why).inc())


def _observe(count: Callable[[], None]) -> None:
    """Count. A full disk must not cost a page, or a stop."""
    try:
        count()
    except Exception:
        logger.warning("something could not be counted", exc_info=True)


@cache
def counters() -> Counters:
    """Return the counters of this process, made at the first count."""
    from prometheus_client import Counter, Histogram, values

    # Process ids repeat from container to container, which may share the directory.
    values.ValueClass = values.MultiProcessValue(lambda: f"{socket.gethostname()}-{os.getpid()}")  # type: ignore[no-untyped-call]
    requests = Histogram(
        "dashboard_request_seconds",
        "Requests answered, by the name of the address and the status.",
        ["view", "status"],
        buckets=REQUEST_BUCKETS,
        registry=None,
    )
    calls = Histogram(
        "dashboard_vendor_call_seconds",
        "Calls to the vendors, by endpoint, by outcome (ok, or the name of the error), and by priority.",
        ["vendor", "endpoint", "outcome", "priority"],
        buckets=CALL_BUCKETS,
        registry=None,
    )
    webhooks_refused = Counter(
        "dashboard_webhooks_refused",
        "Webhooks that were not taken, by vendor and reason. One of them may have been a stop.",
        ["vendor", "why"],
        registry=None,
    )
    return Counters(requests, calls, webhooks_refused)
