"""The state of the dashboard for banners and menus: one query, repeated every few seconds at most."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.core.cache import cache
from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    IntegerField,
    Min,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast
from django.utils import timezone

from contacts_ui.models import (
    ConsentState,
    DesiredState,
    Disagreement,
    IncomingMessage,
    LiftRequest,
    OptOut,
    SentText,
    Vendor,
    VendorHealth,
    WebhookEvent,
    WorkerHeartbeat,
)
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.models.messages import MessageState
from contacts_ui.models.opt_out import OPEN
from contacts_ui.services.consent.business_days import due_soon_until
from contacts_ui.services.consent.disagreements import ALARMS
from contacts_ui.services.consent.lift_requests import unseen_decisions
from contacts_ui.services.consent.record import passed_on
from contacts_ui.services.operations.heartbeats import WORKER_SILENT_AFTER
from contacts_ui.services.vendors.health import Health

CACHE_SECONDS: Final = 5
# Another one whenever the fields change: two versions of the dashboard may run beside each other.
CACHE_KEY: Final = "system_state:2"
BULK: Final = "bulk"
DECIDED: Final = "decided"


@dataclass(frozen=True)
class Waiting:
    """Changes that people made and that are on their way to one vendor."""

    count: int
    oldest: datetime


@dataclass(frozen=True)
class SystemState:
    """The state of the dashboard at one moment. `waiting` is without bulk jobs, and `bulk` counts theirs."""

    vendors: dict[Vendor, Health] = field(default_factory=dict)
    waiting: dict[Vendor, Waiting] = field(default_factory=dict)
    bulk: dict[Vendor, int] = field(default_factory=dict)
    refused: int = 0
    # People on record as stopped, while a connected vendor was never told.
    untold: int = 0
    # Events that mention a stop and could not be matched.
    unplaced: int = 0
    # Texts to a number after its stop, with an alarm that is not closed.
    texted: int = 0
    last_heartbeat: datetime | None = None
    # Messages that may ask for texts to stop, and wait for a decision.
    asked: int = 0
    # Stopped people who can be texted again at a vendor.
    textable: int = 0
    # All numbers on which the vendors disagree, with those.
    disagree: int = 0
    # Requests to lift a stop, or to opt in, that wait for a decision.
    lifts: int = 0
    # Key of an account -> how many decisions about its own requests it has not seen yet.
    decided: Mapping[str, int] = field(default_factory=dict)
    # Opt-outs that are past due, due soon, and not reviewed yet.
    past_due: int = 0
    due_soon: int = 0
    unreviewed: int = 0
    # Numbers that passed to another person, and may still be texted.
    reassigned: int = 0

    def waits(self, vendor: Vendor) -> int:
        """Count the changes that wait for one vendor, with those of bulk jobs."""
        waiting = self.waiting.get(vendor)
        return (waiting.count if waiting else 0) + self.bulk.get(vendor, 0)

    def worker_silent(self, now: datetime) -> bool:
        """Return True if no worker has sent a heartbeat lately, or ever."""
        return self.last_heartbeat is None or now - self.last_heartbeat > WORKER_SILENT_AFTER


# What the present request has read, if it has; None outside a request.
_of_request: ContextVar[list[SystemState] | None] = ContextVar("system_state", default=None)


@contextmanager
def one_system_state() -> Iterator[None]:
    """Let the code inside, a request, read the system state once: its banners, menu, and tabs show one moment."""
    token = _of_request.set([])
    try:
        yield
    finally:
        _of_request.reset(token)


def system_state() -> SystemState:
    """Return the system state that this request has read, the one of some seconds ago, or a new one."""
    if read := _of_request.get():
        return read[-1]
    known = cache.get(CACHE_KEY)
    return _keep(known) if isinstance(known, SystemState) else refresh_system_state()


def refresh_system_state() -> SystemState:
    """Read the system state now, and keep it for the rest of the page and the next ones."""
    state = read_system_state()
    cache.set(CACHE_KEY, state, CACHE_SECONDS)
    return _keep(state)


def _keep(state: SystemState) -> SystemState:
    if (read := _of_request.get()) is not None:
        read.append(state)
    return state


def read_system_state() -> SystemState:
    """Read the system state now, in one query."""
    health: dict[Vendor, Health] = {}
    waiting: dict[Vendor, Waiting] = {}
    bulk: dict[Vendor, int] = {}
    counts: dict[str, int] = defaultdict(int)
    decided: dict[str, int] = {}
    last_heartbeat: datetime | None = None
    for kind, name, count, since, latest, words in _rows():
        if kind == "vendor":
            health[Vendor(name)] = Health(bool(count), since, latest, words)
        elif kind == "worker":
            last_heartbeat = max(latest, last_heartbeat or latest)
        elif kind == DECIDED:
            decided[name] = count
        elif kind == DeliveryState.ON_ITS_WAY and words == BULK:
            bulk[Vendor(name)] = count
        elif kind == DeliveryState.ON_ITS_WAY:
            waiting[Vendor(name)] = Waiting(count, since)
        else:
            counts[kind] += count
    return SystemState(
        health, waiting, bulk, last_heartbeat=last_heartbeat, decided=decided, **counts
    )


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())


_NONE: Final = Value(None, output_field=DateTimeField())


def _count(name: str, rows: QuerySet[Any, Any], by: str) -> QuerySet[Any, Any]:
    """Count rows for the field `name` of the system state. By the column `by` they are one group or few."""
    groups: QuerySet[Any, Any] = rows.order_by().values(by).annotate(n=Count("pk"))
    return groups.values_list(_text(name), _text(""), "n", _NONE, _NONE, _text(""))


# Building a query costs more than the database's answer, so these are built once. Each selects the kind, a name, a
# count, the first and the latest time, and words.
_VENDORS: Final = VendorHealth.objects.values_list(
    _text("vendor"), "vendor", Cast("up", IntegerField()), "since", "checked_at", "last_error"
)
_WORKERS: Final = WorkerHeartbeat.objects.order_by().values_list(
    _text("worker"), "worker", Value(1), "started_at", "beat_at", _text("")
)
_DELIVERIES: Final = (
    DesiredState.objects.filter(state__in=(DeliveryState.ON_ITS_WAY, DeliveryState.REFUSED))
    .order_by()
    .values("state", "vendor", "batch")
    .annotate(
        n=Count("pk"),
        first=Min("requested_at", output_field=DateTimeField()),
    )
    .values_list(
        "state",
        "vendor",
        "n",
        "first",
        _NONE,
        Case(When(batch=True, then=_text(BULK)), default=_text("")),
    )
)
_DECIDED: Final = (
    unseen_decisions()
    .order_by()
    .values("asked_by")
    .annotate(n=Count("pk"))
    .values_list(_text(DECIDED), Cast("asked_by", CharField()), "n", _NONE, _NONE, _text(""))
)
_OPEN: Final = OptOut.objects.filter(state__in=OPEN)
_DISAGREEMENTS: Final = Disagreement.objects.filter(closed_at=None)
_PAST_DUE: Final = _count("past_due", _OPEN, "state")
_DUE_SOON: Final = _count("due_soon", _OPEN, "state")
_ALWAYS_THE_SAME: Final = (
    _VENDORS,
    _WORKERS,
    _DELIVERIES,
    _DECIDED,
    _count("untold", ConsentState.objects.filter(untold=True), "untold"),
    _count("reassigned", passed_on(), "verdict"),
    _count("unplaced", WebhookEvent.objects.filter(needs_decision=True), "needs_decision"),
    _count("texted", SentText.objects.filter(alarm_at__isnull=False, closed_at=None), "closed_at"),
    _count("asked", IncomingMessage.objects.filter(state=MessageState.WAITING), "state"),
    _count("lifts", LiftRequest.objects.filter(state=LiftRequestState.WAITING), "state"),
    _count("disagree", _DISAGREEMENTS, "kind"),
    _count("textable", _DISAGREEMENTS.filter(kind__in=ALARMS), "kind"),
    _count("unreviewed", OptOut.objects.filter(reviewed_at=None, by_person=True), "reviewed_at"),
)


def _rows() -> QuerySet[Any, tuple[str, str, int, datetime, datetime, str]]:
    """Return a row for each vendor, worker, group of deliveries, and count of what waits for people."""
    now = timezone.now()
    past_due = _PAST_DUE.filter(due_at__lt=now)
    due_soon = _DUE_SOON.filter(due_at__gte=now, due_at__lt=due_soon_until())
    # Copies, since compiling marks a query, and threads share these.
    vendors, *others = (each.all() for each in _ALWAYS_THE_SAME)
    return vendors.union(*others, past_due, due_soon, all=True)
