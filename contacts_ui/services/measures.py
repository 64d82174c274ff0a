"""What Prometheus is told: the counters of every process on this machine, and what the database knows right now."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from contacts_ui import metrics
from contacts_ui.models import CallBudget, Vendor, VendorHealth, WebhookEvent, Wish, WorkerBeat
from contacts_ui.models.wish import WishState
from contacts_ui.services import index
from contacts_ui.services.pulse import WORKER_SILENT


def exposition() -> tuple[bytes, str]:
    """The page that Prometheus reads, and its content type."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_LATEST
    from prometheus_client.multiprocess import MultiProcessCollector

    metrics.counters()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_Database())
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Database:
    """A collector of prometheus-client: gauges, asked when they are scraped."""

    def collect(self) -> Iterator[Any]:
        from prometheus_client.metrics_core import GaugeMetricFamily

        for name, text, labels, values in _gauges():
            family = GaugeMetricFamily(f"dashboard_{name}", text, labels=labels)
            for labelled, value in values:
                family.add_metric(labelled, value)
            yield family


Gauge = tuple[str, str, list[str], list[tuple[list[str], float]]]


def _gauges() -> Iterator[Gauge]:
    yield from _wishes()
    yield from _vendors()
    yield from _index()
    now = timezone.now()
    hooks = WebhookEvent.objects.filter(due_at__isnull=False).aggregate(
        n=Count("pk"), oldest=Min("received_at")
    )
    beats = WorkerBeat.objects.filter(beat_at__gt=now - WORKER_SILENT)
    newest = WorkerBeat.objects.order_by("-beat_at").values_list("beat_at", flat=True).first()
    yield "webhooks_waiting", "Hooks received and not worked on.", [], [([], hooks["n"])]
    yield "workers", "Workers seen within the last half minute.", [], [([], beats.count())]
    yield (
        "worker_last_beat_timestamp_seconds",
        "When a worker was seen last; 0: none is running.",
        [],
        [([], newest.timestamp() if newest else 0)],
    )


def _wishes() -> Iterator[Gauge]:
    now = timezone.now()
    found: dict[str, dict[str, Any]] = {
        row["vendor"]: dict(row)
        for row in Wish.objects.filter(state__in=(WishState.ON_ITS_WAY, WishState.REFUSED))
        .values("vendor")
        .annotate(
            waiting=Count("pk", filter=Q(state=WishState.ON_ITS_WAY)),
            stops=Count("pk", filter=Q(state=WishState.ON_ITS_WAY, do_not_text=True)),
            bulk=Count("pk", filter=Q(state=WishState.ON_ITS_WAY, batch=True)),
            # A bulk job takes its time, and nobody shall be woken for that.
            oldest=Min("wished_at", filter=Q(state=WishState.ON_ITS_WAY, batch=False)),
            refused=Count("pk", filter=Q(state=WishState.REFUSED)),
        )
    }

    def values(name: str) -> list[tuple[list[str], float]]:
        return [([each.value], found.get(each.value, {}).get(name) or 0) for each in Vendor]

    ages = [
        ([each.value], (now - oldest).total_seconds() if oldest else 0)
        for each in Vendor
        for oldest in [found.get(each.value, {}).get("oldest")]
    ]
    yield "wishes_waiting", "Changes on their way to a vendor.", ["vendor"], values("waiting")
    yield "stops_waiting", "Stops on their way to a vendor.", ["vendor"], values("stops")
    yield "bulk_waiting", "Of the waiting changes, those of bulk jobs.", ["vendor"], values("bulk")
    yield "wishes_refused", "Changes that a vendor refused.", ["vendor"], values("refused")
    yield (
        "wishes_oldest_seconds",
        "Age of the oldest change on its way, without bulk jobs.",
        ["vendor"],
        ages,
    )


def _index() -> Iterator[Gauge]:
    state = index.state()
    age: list[tuple[list[str], float]] = []
    if state.finished_at:
        age = [([], (timezone.now() - state.finished_at).total_seconds())]
    yield "index_contacts", "Contacts in the local copy.", [], [([], index.size())]
    yield "index_age_seconds", "Since everybody was last read once; absent before that.", [], age
    yield (
        "index_walked",
        "How far the present walk, or the last, has come.",
        [],
        [([], state.walked)],
    )


def _vendors() -> Iterator[Gauge]:
    up = [([row.vendor], float(row.up)) for row in VendorHealth.objects.order_by("vendor")]
    left = [
        ([row.vendor], float(row.reported_remaining))
        for row in CallBudget.objects.order_by("vendor")
        if row.reported_remaining is not None
    ]
    yield "vendor_up", "Whether the last calls to a vendor were answered.", ["vendor"], up
    yield "vendor_calls_left", "What the vendor's headers last said is left.", ["vendor"], left
