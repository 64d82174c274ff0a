"""What Prometheus reads: the counters of every process on this machine, and gauges that the database is asked for."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from contacts_ui import metrics
from contacts_ui.models import (
    CallBudget,
    DesiredState,
    Vendor,
    VendorHealth,
    WebhookEvent,
    WorkerHeartbeat,
)
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services import index
from contacts_ui.services.operations.heartbeats import WORKER_SILENT_AFTER

# Name, help, and one value or one for each vendor.
Gauge = tuple[str, str, float | dict[str, float]]


def exposition() -> tuple[bytes, str]:
    """Return the page that Prometheus reads, and its content type."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_LATEST
    from prometheus_client.multiprocess import MultiProcessCollector

    metrics.counters()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_Database())
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Database:
    """A collector for prometheus-client: its gauges are read when they are scraped."""

    def collect(self) -> Iterator[Any]:
        from prometheus_client.metrics_core import GaugeMetricFamily

        for name, text, value in (*delivery_gauges(), *other_gauges()):
            if isinstance(value, dict):
                family = GaugeMetricFamily(f"dashboard_{name}", text, labels=["vendor"])
                for vendor, number in value.items():
                    family.add_metric([vendor], number)
            else:
                family = GaugeMetricFamily(f"dashboard_{name}", text, value=value)
            yield family


def delivery_gauges() -> Iterator[Gauge]:
    on_their_way = Q(state=DeliveryState.ON_ITS_WAY)
    groups = (
        DesiredState.objects.filter(state__in=(DeliveryState.ON_ITS_WAY, DeliveryState.REFUSED))
        .values("vendor")
        .annotate(
            waiting=Count("pk", filter=on_their_way),
            stops=Count("pk", filter=on_their_way & Q(do_not_text=True)),
            bulk=Count("pk", filter=on_their_way & Q(batch=True)),
            refused=Count("pk", filter=Q(state=DeliveryState.REFUSED)),
            # A bulk job takes its time, and no one needs to be woken for that.
            oldest=Min("requested_at", filter=on_their_way & Q(batch=False)),
        )
    )
    found: dict[str, dict[str, Any]] = {row["vendor"]: dict(row) for row in groups}
    now = timezone.now()

    def each(name: str) -> dict[str, float]:
        return {vendor.value: found.get(vendor.value, {}).get(name) or 0 for vendor in Vendor}

    ages = {
        vendor: (now - row["oldest"]).total_seconds()
        for vendor, row in found.items()
        if row["oldest"]
    }
    yield "deliveries_waiting", "Changes on their way to a vendor.", each("waiting")
    yield "stops_waiting", "Stops on their way to a vendor.", each("stops")
    yield "bulk_waiting", "Waiting changes from bulk jobs.", each("bulk")
    yield "deliveries_refused", "Changes that a vendor refused.", each("refused")
    yield (
        "deliveries_oldest_seconds",
        "Age of the oldest change on its way, excluding bulk jobs.",
        {vendor.value: ages.get(vendor.value, 0) for vendor in Vendor},
    )


def other_gauges() -> Iterator[Gauge]:
    up = {row.vendor: float(row.up) for row in VendorHealth.objects.order_by("vendor")}
    left = {
        row.vendor: float(row.reported_remaining)
        for row in CallBudget.objects.order_by("vendor")
        if row.reported_remaining is not None
    }
    yield "vendor_up", "1 if the last calls to a vendor were answered.", up
    yield "vendor_calls_left", "Calls left, as of the vendor's last response.", left
    state = index.state()
    yield "index_contacts", "Contacts in the local copy.", index.size()
    if state.finished_at:
        age = (timezone.now() - state.finished_at).total_seconds()
        yield "index_age_seconds", "Seconds since the last full sync; absent before the first.", age
    yield "index_synced", "Contacts read by the current sync, or the last.", state.synced
    alive = WorkerHeartbeat.objects.filter(beat_at__gt=timezone.now() - WORKER_SILENT_AFTER)
    newest = WorkerHeartbeat.objects.order_by("-beat_at").values_list("beat_at", flat=True).first()
    waiting = WebhookEvent.objects.filter(due_at__isnull=False)
    yield "webhooks_waiting", "Webhooks received and not processed.", waiting.count()
    yield "workers", "Workers with a heartbeat in the last 30 seconds.", alive.count()
    yield (
        "worker_last_heartbeat_timestamp_seconds",
        "When a worker last sent a heartbeat; 0: none is running.",
        newest.timestamp() if newest else 0,
    )
