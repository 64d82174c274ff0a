"""What everybody should know about the dashboard's state, in one query that is repeated every few seconds at most."""

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    IntegerField,
    Max,
    Min,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast

from contacts_ui.models import (
    ConsentState,
    Disagreement,
    IncomingMessage,
    SentText,
    Vendor,
    VendorHealth,
    WebhookEvent,
    Wish,
    WorkerBeat,
)
from contacts_ui.models.disagreement import DisagreementKind
from contacts_ui.models.messages import MessageState
from contacts_ui.models.wish import WishState

KEPT_SECONDS = 5
CACHE_KEY = "pulse"
# A worker beats every three seconds; one that is quiet for so long is gone, or hangs.
WORKER_SILENT = timedelta(seconds=30)
# The longest pause between two tries is five minutes, so news of a vendor that is older than this is no news.
NEWS_LASTS = timedelta(minutes=15)
OF_A_BULK_JOB = "bulk"
UNPLACED = "unplaced"
UNTOLD = "untold"
ASKED = "asked"
TEXTED = "texted"
TEXTABLE = "textable"
# The rows that are counts by their own name.
COUNTED = {UNPLACED, UNTOLD, ASKED, TEXTED, TEXTABLE, WishState.REFUSED.value}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Health:
    """What the last calls to one vendor showed."""

    up: bool
    since: datetime
    checked_at: datetime
    trouble: str

    def down_now(self, now: datetime) -> bool:
        """Whether it does not answer, as far as anybody asked lately."""
        return not self.up and now - self.checked_at < NEWS_LASTS


@dataclass(frozen=True)
class Waiting:
    """Wishes that are on their way to one vendor."""

    count: int
    oldest: datetime


@dataclass(frozen=True)
class Pulse:
    """The state of the dashboard at one moment. `waiting` is what people wished, `bulk` how much of bulk jobs waits."""

    vendors: dict[Vendor, Health] = field(default_factory=dict)
    waiting: dict[Vendor, Waiting] = field(default_factory=dict)
    bulk: dict[Vendor, int] = field(default_factory=dict)
    refused: int = 0
    # People on record as stopped, while a connected vendor was never told.
    untold: int = 0
    # Events that speak of a stop and could not be acted on.
    unplaced: int = 0
    # Texts to a number after its stop, with an alarm that is not closed.
    texted: int = 0
    last_beat: datetime | None = None
    # Messages that may ask for texts to stop, and wait for a decision.
    asked: int = 0
    # Stopped people who can be texted again at a vendor.
    textable: int = 0

    def waits(self, vendor: Vendor) -> int:
        """How many changes wait for one vendor, those of bulk jobs too."""
        waiting = self.waiting.get(vendor)
        return (waiting.count if waiting else 0) + self.bulk.get(vendor, 0)

    def worker_silent(self, now: datetime) -> bool:
        """Whether no worker has been seen lately, or ever."""
        return self.last_beat is None or now - self.last_beat > WORKER_SILENT


def pulse() -> Pulse:
    """The pulse of some seconds ago, or a new one. A cache that is away costs a query, not the page."""
    try:
        known = cache.get(CACHE_KEY)
        if not isinstance(known, Pulse):
            known = take_pulse()
            cache.set(CACHE_KEY, known, KEPT_SECONDS)
    except Exception:
        logger.warning("the pulse could not be kept in the cache", exc_info=True)
        return take_pulse()
    return known


def take_pulse() -> Pulse:
    """Ask the database now, in one query."""
    health: dict[Vendor, Health] = {}
    waiting: dict[Vendor, Waiting] = {}
    bulk: dict[Vendor, int] = {}
    counts: dict[str, int] = defaultdict(int)
    last_beat: datetime | None = None
    for kind, name, count, since, latest, words in _rows():
        if kind == "vendor":
            health[Vendor(name)] = Health(bool(count), since, latest, words)
        elif kind == "worker":
            last_beat = max(latest, last_beat or latest)
        elif kind in COUNTED:
            counts[kind] += count
        elif words == OF_A_BULK_JOB:
            bulk[Vendor(name)] = count
        else:
            waiting[Vendor(name)] = Waiting(count, since)
    return Pulse(health, waiting, bulk, last_beat=last_beat, **counts)


def _rows() -> QuerySet[Any, tuple[str, str, int, datetime, datetime, str]]:
    """Kind, name, count, first and latest time, words: of vendors, workers, wishes, and stops not told."""
    vendors = VendorHealth.objects.values_list(
        _text("vendor"), "vendor", Cast("up", IntegerField()), "since", "checked_at", "trouble"
    )
    workers = WorkerBeat.objects.order_by().values_list(
        _text("worker"), "worker", Value(1), "started_at", "beat_at", _text("")
    )
    wishes = (
        Wish.objects.filter(state__in=(WishState.ON_ITS_WAY, WishState.REFUSED))
        .order_by()
        .values("state", "vendor", "batch")
        .annotate(
            n=Count("pk"),
            first=Min("wished_at", output_field=DateTimeField()),
            last=Max("wished_at", output_field=DateTimeField()),
        )
        .values_list(
            "state",
            "vendor",
            "n",
            "first",
            "last",
            Case(When(batch=True, then=_text(OF_A_BULK_JOB)), default=_text("")),
        )
    )
    counts = [_counted(name, rows, by) for name, (rows, by) in _TO_COUNT.items()]
    return vendors.union(workers, wishes, *counts, all=True)


def _counted(name: str, rows: QuerySet[Any], by: str) -> QuerySet[Any, Any]:
    """Count rows that all have one value in `by`; no row where there is nothing to count."""
    none = Value(None, output_field=DateTimeField())
    counted: QuerySet[Any] = rows.order_by().values(by).annotate(n=Count("pk"))
    return counted.values_list(_text(name), _text(""), "n", none, none, _text(""))


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())


# What is counted for banners and the menu, and a column by which it is one group (or few, which add up).
_TO_COUNT: Final = {
    UNTOLD: (ConsentState.objects.filter(untold=True), "untold"),
    UNPLACED: (WebhookEvent.objects.filter(needs_decision=True), "needs_decision"),
    TEXTED: (SentText.objects.filter(alarm_at__isnull=False, closed_at=None), "closed_at"),
    ASKED: (IncomingMessage.objects.filter(state=MessageState.WAITING), "state"),
    TEXTABLE: (
        Disagreement.objects.filter(
            closed_at=None, kind__in=(DisagreementKind.REAPPEARED, DisagreementKind.GONE)
        ),
        "kind",
    ),
}
