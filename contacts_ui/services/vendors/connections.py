"""The connections to both vendors, made once in each process from the settings."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Final

from django.conf import settings
from django.utils import timezone

from contacts_ui import metrics, timing
from contacts_ui.integrations import cloudcontactai, slicktext
from contacts_ui.integrations.errors import NotConnected, VendorError
from contacts_ui.integrations.http import CHECK, READ, CallRecord, Connection, Manner
from contacts_ui.models import Vendor
from contacts_ui.services import shared_reads
from contacts_ui.services.budget import PoliteBudget, slicktext_budget
from contacts_ui.services.health import Watch, trouble_named
from contacts_ui.services.pulse import pulse

# The worker's walk tries again after half a minute, and may wait as long for its answer.
ASKED_LATELY: Final = timedelta(seconds=90)


@cache
def to_slicktext() -> Connection:
    """The connection to SlickText. Raises NotConnected when it has no keys."""
    vendor = settings.VENDORS.slicktext
    if vendor is None:
        raise NotConnected(Vendor.SLICKTEXT.value)
    return slicktext.connect(
        vendor.base_url,
        vendor.api_key,
        vendor.account,
        slicktext_budget(),
        _listener(Vendor.SLICKTEXT),
    )


@cache
def to_cloudcontactai() -> Connection:
    """The connection to CloudContactAI. Raises NotConnected when it has no keys."""
    vendor = settings.VENDORS.cloudcontactai
    if vendor is None:
        raise NotConnected(Vendor.CLOUDCONTACTAI.value)
    return cloudcontactai.connect(
        vendor.base_url,
        vendor.api_key,
        vendor.account,
        PoliteBudget(),
        _listener(Vendor.CLOUDCONTACTAI),
    )


def how_to_read() -> Manner:
    """How long a page waits for SlickText: not long while it has just failed us, as there are copies to show."""
    return CHECK if _watch(Vendor.SLICKTEXT).failing else READ


def known_trouble() -> VendorError | None:
    """Why a copy is shown at once, and SlickText not asked: it has just failed this process, or whoever else asked."""
    if trouble := _watch(Vendor.SLICKTEXT).trouble:
        return trouble
    health = pulse().vendors.get(Vendor.SLICKTEXT)
    if health is None or health.up or timezone.now() - health.checked_at > ASKED_LATELY:
        return None
    return trouble_named(health.trouble, Vendor.SLICKTEXT)


def connected() -> tuple[Vendor, ...]:
    """The vendors that have keys (or are the sandbox), in the order of Vendor."""
    return tuple(vendor for vendor in Vendor if getattr(settings.VENDORS, vendor.value) is not None)


def forget_connections() -> None:
    """Make the next call read the settings anew; for tests and for a process that forks."""
    to_slicktext.cache_clear()
    to_cloudcontactai.cache_clear()
    _watch.cache_clear()


@cache
def _watch(vendor: Vendor) -> Watch:
    return Watch(vendor)


def _listener(vendor: Vendor) -> Callable[[CallRecord], None]:
    """Who is told about each finished call: shared reads, the page's timing and log, metrics, the vendor's health."""
    watch = _watch(vendor)

    def on_call(call: CallRecord) -> None:
        if vendor == Vendor.SLICKTEXT and call.method != "GET":
            # Answered or not: it may have been carried out.
            shared_reads.changed()
        timing.vendor_called(call)
        metrics.vendor_called(call)
        watch.noted(call)

    return on_call
