"""The connections to both vendors, made once in each process from the settings."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Final

from django.conf import settings
from django.utils import timezone

from contacts_ui import metrics, timing
from contacts_ui.integrations import cloudcontactai, slicktext
from contacts_ui.integrations.call_policy import CHECK, READ, CallPolicy, CallRecord
from contacts_ui.integrations.errors import NotConnected, VendorError
from contacts_ui.integrations.http import Connection
from contacts_ui.models import Vendor
from contacts_ui.services.vendors import shared_reads
from contacts_ui.services.vendors.health import HealthMonitor, error_named, recorded_health
from contacts_ui.services.vendors.rate_limit import DatabaseBudget, PoliteBudget, slicktext_budget

# The worker's walk tries again after half a minute, and may wait as long for its answer.
ASKED_LATELY: Final = timedelta(seconds=90)


@cache
def to_slicktext() -> Connection:
    """Return the connection to SlickText. Raises NotConnected when it has no keys."""
    return _connect(Vendor.SLICKTEXT, slicktext.connect, slicktext_budget())


@cache
def to_cloudcontactai() -> Connection:
    """Return the connection to CloudContactAI. Raises NotConnected when it has no keys."""
    return _connect(Vendor.CLOUDCONTACTAI, cloudcontactai.connect, PoliteBudget())


def how_to_read() -> CallPolicy:
    """Return how long a page waits for SlickText: briefly after failures, since there are copies to show."""
    return CHECK if _monitor(Vendor.SLICKTEXT).failing else READ


def recent_error() -> VendorError | None:
    """Return the recent error that makes pages show a copy without asking SlickText; None if it answers."""
    monitor = _monitor(Vendor.SLICKTEXT)
    if monitor.answering:
        return None
    if error := monitor.error:
        return error
    health = recorded_health(Vendor.SLICKTEXT)
    if health is None or health.up or timezone.now() - health.checked_at > ASKED_LATELY:
        return None
    return error_named(health.last_error, Vendor.SLICKTEXT)


def connected() -> tuple[Vendor, ...]:
    """Return the vendors that have keys (or are the sandbox), in the order of Vendor."""
    return tuple(vendor for vendor in Vendor if getattr(settings.VENDORS, vendor.value) is not None)


def forget_connections() -> None:
    """Make the next call read the settings again; for tests, and after a fork."""
    to_slicktext.cache_clear()
    to_cloudcontactai.cache_clear()
    _monitor.cache_clear()


@cache
def _monitor(vendor: Vendor) -> HealthMonitor:
    return HealthMonitor(vendor)


def _connect(
    vendor: Vendor, connect: Callable[..., Connection], budget: DatabaseBudget
) -> Connection:
    """Connect by the settings; tell shared reads, timing, metrics, and health of each finished call."""
    keys = getattr(settings.VENDORS, vendor.value)
    if keys is None:
        raise NotConnected(vendor.value)
    monitor = _monitor(vendor)

    def on_call(call: CallRecord) -> None:
        if vendor == Vendor.SLICKTEXT and call.method != "GET":
            # Answered or not: it may have been carried out.
            shared_reads.changed()
        timing.vendor_called(call)
        metrics.vendor_called(call)
        monitor.record(call)

    return connect(keys.base_url, keys.api_key, keys.account, budget, on_call)
