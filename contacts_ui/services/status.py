"""How both vendors, the worker and everything that waits are doing, for managers."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, Q
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import BadCredentials, VendorError
from contacts_ui.integrations.http import CHECK
from contacts_ui.models import (
    CallBudget,
    LedgerEntry,
    LedgerHead,
    Vendor,
    VendorHealth,
    WebhookEvent,
    Wish,
    WorkerBeat,
)
from contacts_ui.models.wish import WishState
from contacts_ui.services import index
from contacts_ui.services.health import KEY_REFUSED
from contacts_ui.services.pulse import WORKER_SILENT
from contacts_ui.services.vendors import connected, to_slicktext

AGES: tuple[tuple[str, timedelta, timedelta | None], ...] = (
    ("Under a minute", timedelta(0), timedelta(minutes=1)),
    ("Under an hour", timedelta(minutes=1), timedelta(hours=1)),
    ("Under a day", timedelta(hours=1), timedelta(days=1)),
    ("Older", timedelta(days=1), None),
)


@dataclass(frozen=True)
class Budget:
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
        """How many calls are few."""
        return self.limit // 10

    @property
    def over(self) -> bool:
        """Whether that window has ended since, so that the vendor allows everything again."""
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
    trouble: str = ""
    trouble_at: datetime | None = None
    confirmed_at: datetime | None = None
    webhook_at: datetime | None = None
    budget: Budget | None = None


@dataclass(frozen=True)
class Age:
    """How many changes of this age are on their way, one number for each vendor in the order of Vendor."""

    label: str
    counts: list[int]


@dataclass(frozen=True)
class Worker:
    """One worker that beats, or did a while ago."""

    name: str
    started_at: datetime
    beat_at: datetime
    alive: bool


@dataclass(frozen=True)
class Deliveries:
    """What is on its way by age, and what a vendor refused."""

    ages: list[Age]
    total: int
    refused: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class LedgerState:
    """The end of the ledger's chain."""

    head: str
    entries: int
    newest_at: datetime | None


@dataclass(frozen=True)
class IndexNow:
    """The local copy of the contacts; without SlickText there is nobody to read into it."""

    state: index.IndexState
    size: int
    connected: bool


def vendors_now() -> list[VendorStatus]:
    """Ask SlickText for its brand, the cheapest check of the key; tell what the last calls to both showed."""
    return [_vendor(vendor) for vendor in Vendor]


def deliveries() -> Deliveries:
    """What waits for the vendors, by age."""
    now = timezone.now()
    on_the_way = Q(state=WishState.ON_ITS_WAY)
    counts = {
        f"{vendor.value}_{place}": Count(
            "pk", filter=on_the_way & Q(vendor=vendor) & _aged(now, youngest, oldest)
        )
        for vendor in Vendor
        for place, (_, youngest, oldest) in enumerate(AGES)
    }
    waiting = Wish.objects.filter(state__in=(WishState.ON_ITS_WAY, WishState.REFUSED))
    found = waiting.aggregate(refused=Count("pk", filter=Q(state=WishState.REFUSED)), **counts)
    times = waiting.filter(on_the_way).order_by("wished_at").values_list("wished_at", flat=True)
    ages = [
        Age(label, [found[f"{vendor.value}_{place}"] for vendor in Vendor])
        for place, (label, *_) in enumerate(AGES)
    ]
    total = sum(sum(age.counts) for age in ages)
    return Deliveries(ages, total, found["refused"], times.first() if total else None)


def workers() -> list[Worker]:
    """Every worker that was seen in the last day, the latest first."""
    now = timezone.now()
    rows = WorkerBeat.objects.filter(beat_at__gt=now - timedelta(days=1)).order_by("-beat_at")
    return [
        Worker(row.worker, row.started_at, row.beat_at, now - row.beat_at <= WORKER_SILENT)
        for row in rows[:20]
    ]


def webhooks_waiting() -> int:
    """How many hooks came in and are not worked on yet."""
    return WebhookEvent.objects.filter(due_at__isnull=False).count()


def ledger_state() -> LedgerState:
    """The end of the chain; whether it is whole is what `verify_ledger` finds out."""
    head = LedgerHead.objects.filter(pk=1).values_list("hash", flat=True).first()
    newest = LedgerEntry.objects.order_by("-pk").values_list("at", flat=True).first()
    return LedgerState(head or "", LedgerEntry.objects.count(), newest)


def index_state() -> IndexNow:
    """How many contacts the index holds, and how its walk stands."""
    return IndexNow(index.state(), index.size(), Vendor.SLICKTEXT in connected())


def _aged(now: datetime, youngest: timedelta, oldest: timedelta | None) -> Q:
    younger = Q() if oldest is None else Q(wished_at__gt=now - oldest)
    # A clock of another machine may be a little ahead of ours.
    return younger if not youngest else younger & Q(wished_at__lte=now - youngest)


def _vendor(vendor: Vendor) -> VendorStatus:
    if vendor not in connected():
        return VendorStatus(vendor.label, "not_connected", "It has no keys in the settings.")
    state, sentence, detail = "", "", ""
    if vendor == Vendor.SLICKTEXT:
        state, sentence, detail = _ask_slicktext()
    health = VendorHealth.objects.filter(vendor=vendor).first()
    if not state:
        state, sentence = _last_known(health)
    since = health.since if health and health.up == (state == "up") else None
    return VendorStatus(
        vendor.label,
        state,
        sentence,
        detail,
        since=since,
        checked_at=health.checked_at if health else None,
        trouble=health.trouble if health else "",
        trouble_at=health.trouble_at if health else None,
        confirmed_at=Wish.objects.filter(vendor=vendor).aggregate(at=Max("confirmed_at"))["at"],
        webhook_at=WebhookEvent.objects.filter(vendor=vendor).aggregate(at=Max("received_at"))[
            "at"
        ],
        budget=_budget(vendor),
    )


def _ask_slicktext() -> tuple[str, str, str]:
    """Its state, a sentence and a detail, by asking it now."""
    try:
        brand = slicktext.get_brand(to_slicktext(), manner=CHECK)
    except BadCredentials as error:
        return "credentials", error.person, ""
    except VendorError as error:
        return "down", error.person, ""
    return "up", f"It answers, for the brand {brand.name}.", f"Brand {brand.brand_id}"


def _last_known(health: VendorHealth | None) -> tuple[str, str]:
    """Return how CloudContactAI was at the last call: not every account can read it."""
    if health is None:
        return "unknown", "Nothing was sent to it yet."
    if health.up:
        return "up", "It answered when something was last sent to it."
    key_refused = health.trouble == KEY_REFUSED.format(vendor=Vendor(health.vendor).label)
    return ("credentials" if key_refused else "down"), health.trouble


def _budget(vendor: Vendor) -> Budget | None:
    row = CallBudget.objects.filter(vendor=vendor).first()
    if not row or row.reported_at is None or row.reported_remaining is None:
        return None
    limit = row.reported_limit or round(settings.SLICKTEXT_CALLS_PER_SECOND * 60)
    now = time.time()
    return Budget(
        limit=limit,
        left=max(0, min(row.reported_remaining, limit)),
        reported_at=datetime.fromtimestamp(row.reported_at, UTC),
        resets_at=datetime.fromtimestamp(row.reported_reset, UTC) if row.reported_reset else None,
        paused=row.paused_until > now,
        kept_for_stops=row.kept_for_stops_until > now,
    )
