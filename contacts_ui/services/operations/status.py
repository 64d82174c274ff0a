"""What managers see on the status page: both vendors, deliveries, workers, the audit log, and the index."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, Value, When
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.call_policy import CHECK
from contacts_ui.integrations.errors import BadCredentials, VendorError
from contacts_ui.models import (
    CallBudget,
    DesiredState,
    LedgerEntry,
    LedgerHead,
    Vendor,
    VendorHealth,
    WebhookEvent,
    WorkerHeartbeat,
)
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services import index
from contacts_ui.services.operations.heartbeats import WORKER_SILENT_AFTER
from contacts_ui.services.vendors import connected, to_slicktext
from contacts_ui.services.vendors.health import error_named

AGES: Final = {
    "Under a minute": timedelta(minutes=1),
    "Under an hour": timedelta(hours=1),
    "Under a day": timedelta(days=1),
    "Older": timedelta.max,
}
WORKERS_SHOWN: Final = 20


@dataclass(frozen=True)
class RateLimit:
    """What a vendor's own headers said is left of its window, and until when it holds."""

    limit: int
    left: int
    reported_at: datetime
    resets_at: datetime | None
    paused: bool
    kept_for_stops: bool

    @property
    def used(self) -> int:
        return self.limit - self.left

    @property
    def low(self) -> int:
        """Return the number of calls below which few are left."""
        return self.limit // 10

    @property
    def over(self) -> bool:
        """Return True if that window has ended, so that the full limit is available again."""
        return self.resets_at is not None and self.resets_at <= timezone.now()


@dataclass(frozen=True)
class VendorStatus:
    """One vendor. `state` is up, down, credentials, not_connected or unknown; `since` is when that began."""

    name: str
    state: str
    sentence: str
    detail: str = ""
    since: datetime | None = None
    checked_at: datetime | None = None
    error: str = ""
    error_at: datetime | None = None
    confirmed_at: datetime | None = None
    webhook_at: datetime | None = None
    budget: RateLimit | None = None


@dataclass(frozen=True)
class Age:
    """How many changes of this age are on their way, one number for each vendor in the order of Vendor."""

    label: str
    counts: list[int]


@dataclass(frozen=True)
class Deliveries:
    """What is on its way by age, and how much a vendor refused."""

    ages: list[Age]
    total: int
    refused: int
    oldest_at: datetime | None


def deliveries() -> Deliveries:
    """Count what waits for the vendors, by age."""
    now = timezone.now()
    *limits, _ = AGES.values()
    younger = [
        When(requested_at__gt=now - limit, then=Value(place)) for place, limit in enumerate(limits)
    ]
    on_their_way = DesiredState.objects.filter(state=DeliveryState.ON_ITS_WAY)
    groups = on_their_way.values("vendor", age=Case(*younger, default=Value(len(limits)))).annotate(
        number=Count("pk"), oldest_at=Min("requested_at")
    )
    counts = {(group["age"], group["vendor"]): group["number"] for group in groups}
    return Deliveries(
        [
            Age(label, [counts.get((place, vendor.value), 0) for vendor in Vendor])
            for place, label in enumerate(AGES)
        ],
        total=sum(counts.values()),
        refused=DesiredState.objects.filter(state=DeliveryState.REFUSED).count(),
        oldest_at=min((group["oldest_at"] for group in groups), default=None),
    )


def workers() -> QuerySet[WorkerHeartbeat]:
    """Return the workers of the last day, the latest heartbeat first; `alive` if it is recent."""
    now = timezone.now()
    rows = WorkerHeartbeat.objects.filter(beat_at__gt=now - timedelta(days=1)).order_by("-beat_at")
    alive = Q(beat_at__gte=now - WORKER_SILENT_AFTER)
    return rows.annotate(name=F("worker"), alive=alive)[:WORKERS_SHOWN]


def webhooks_waiting() -> int:
    """Count the webhooks that came in and are not processed yet."""
    return WebhookEvent.objects.filter(due_at__isnull=False).count()


def audit_log_end() -> dict[str, Any]:
    """Return how many entries the audit log has, when the newest came, and its last hash."""
    return {
        "head": LedgerHead.objects.filter(pk=1).values_list("hash", flat=True).first() or "",
        "entries": LedgerEntry.objects.count(),
        "newest_at": LedgerEntry.objects.order_by("-pk").values_list("at", flat=True).first(),
    }


def index_now() -> dict[str, Any]:
    """Return how many contacts the index holds, and how its sync is doing."""
    is_connected = Vendor.SLICKTEXT in connected()
    return {"state": index.state(), "size": index.size(), "connected": is_connected}


def vendors_now() -> list[VendorStatus]:
    """Return how both vendors are. SlickText is asked for its brand, the cheapest check of the key."""
    return [_vendor(vendor) for vendor in Vendor]


def _vendor(vendor: Vendor) -> VendorStatus:
    if vendor not in connected():
        return VendorStatus(vendor.label, "not_connected", "Its API key is not set.")
    error: VendorError | None = None
    sentence = detail = ""
    if vendor == Vendor.SLICKTEXT:
        try:
            brand = slicktext.get_brand(to_slicktext(), policy=CHECK)
            sentence, detail = f"It answers, for the brand {brand.name}.", f"Brand {brand.brand_id}"
        except VendorError as failure:
            error = failure
    health = VendorHealth.objects.filter(vendor=vendor).first()
    # Not every account of CloudContactAI can be read, so its last call tells.
    if vendor == Vendor.CLOUDCONTACTAI and health:
        sentence = "It answered our last request."
        error = None if health.up else error_named(health.last_error, vendor)
    if error:
        state = "credentials" if isinstance(error, BadCredentials) else "down"
        sentence = error.person
    else:
        state = "up" if sentence else "unknown"
    confirmed = DesiredState.objects.filter(vendor=vendor).aggregate(at=Max("confirmed_at"))
    webhook = WebhookEvent.objects.filter(vendor=vendor).aggregate(at=Max("received_at"))
    return VendorStatus(
        vendor.label,
        state,
        sentence or "Nothing has been sent to it yet.",
        detail,
        since=health.since if health and health.up == (state == "up") else None,
        checked_at=health.checked_at if health else None,
        error=health.last_error if health else "",
        error_at=health.last_error_at if health else None,
        confirmed_at=confirmed["at"],
        webhook_at=webhook["at"],
        budget=_rate_limit(vendor),
    )


def _rate_limit(vendor: Vendor) -> RateLimit | None:
    row = CallBudget.objects.filter(vendor=vendor).first()
    if not row or row.reported_at is None or row.reported_remaining is None:
        return None
    limit = row.reported_limit or round(settings.SLICKTEXT_CALLS_PER_SECOND * 60)
    now = time.time()
    return RateLimit(
        limit=limit,
        left=max(0, min(row.reported_remaining, limit)),
        reported_at=datetime.fromtimestamp(row.reported_at, UTC),
        resets_at=datetime.fromtimestamp(row.reported_reset, UTC) if row.reported_reset else None,
        paused=row.paused_until > now,
        kept_for_stops=row.kept_for_stops_until > now,
    )
