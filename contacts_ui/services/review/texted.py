"""Was anybody texted after asking not to be? Every text after a stop, how many of each kind, and what is watched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.dateparse import parse_datetime

from contacts_ui.models import SentText, Statement, Vendor, WebhookEvent
from contacts_ui.models.abilities import MESSAGES, AbilityState
from contacts_ui.models.messages import TextKind
from contacts_ui.services import webhooks
from contacts_ui.services.consent.rules import moment_of
from contacts_ui.services.messages import reading, sent
from contacts_ui.services.messages.reading import Progress
from contacts_ui.services.operations import abilities
from contacts_ui.services.operations.abilities import Ability
from contacts_ui.services.vendors import connected

# Sent after the stop, and not allowed as its one confirmation.
NOT_CONFIRMATIONS = (
    TextKind.AFTER_HELD,
    TextKind.BEFORE_HELD,
    TextKind.ON_ITS_WAY,
    TextKind.BY_PERSON,
)


@dataclass(frozen=True)
class Texted:
    """A text after `stop`, and since when its vendor held that stop; None: it does not, as far as we know."""

    text: SentText
    stop: Statement
    held_since: datetime | None

    @property
    def seconds_after_stop(self) -> float:
        """Return how long after the stop it was sent, in seconds."""
        return (self.text.sent_at - moment_of(self.stop)).total_seconds()

    @property
    def seconds_after_held(self) -> float | None:
        """Return how long after its vendor held the stop it was sent, in seconds; None: not after."""
        if self.held_since is None or self.held_since >= self.text.sent_at:
            return None
        return (self.text.sent_at - self.held_since).total_seconds()


@dataclass(frozen=True)
class Filters:
    """Which texts to show; empty means any. They were sent from `since` on, and before `until`."""

    number: str = ""
    vendor: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Counted:
    """How many texts, to how many numbers."""

    texts: int = 0
    people: int = 0


@dataclass(frozen=True)
class Found:
    """One page of texts, the newest first, and how many there are in all.

    `kinds` and the two counts leave the filter by kind out; `alarms` is how many alarms of theirs are not closed.
    """

    rows: Sequence[Texted]
    total: int
    kinds: Mapping[TextKind, Counted]
    after_held: Counted
    after_stop: Counted
    alarms: int


@dataclass(frozen=True)
class Watched:
    """How far one vendor's texts are watched. `first` and `last` are when we heard of texts that are still kept.

    `ability` and `progress` are SlickText's, `events` and `last_event` CloudContactAI's.
    """

    vendor: Vendor
    connected: bool
    first: datetime | None
    last: datetime | None
    ability: Ability | None = None
    progress: Progress | None = None
    events: bool = False
    last_event: datetime | None = None

    @property
    def is_watched(self) -> bool:
        """Return True if its texts reach us: as a list that is read, or as events."""
        offered = self.ability is not None and self.ability.state == AbilityState.OFFERED
        return self.connected and (offered or self.events)


def find(filters: Filters, *, limit: int, offset: int) -> Found:
    """Return the texts after a stop from `offset` on, at most `limit`, and what they come to."""
    listed = _listed(filters)
    numbers: dict[str, Any] = {"texts": Count("pk"), "people": Count("number", distinct=True)}
    counts = listed.order_by().values("kind").annotate(**numbers)
    by_kind = {row["kind"]: _counted(row) for row in counts}
    kinds = {kind: by_kind.get(kind.value, Counted()) for kind in TextKind}
    shown = listed.filter(kind=filters.kind) if filters.kind else listed
    rows = shown.select_related("stop__ledger_entry", "ledger_entry").order_by("-sent_at", "-pk")
    return Found(
        rows=of_texts(rows[offset : offset + limit]),
        total=sum(kinds[kind].texts for kind in TextKind if filters.kind in ("", kind.value)),
        kinds=kinds,
        after_held=kinds[TextKind.AFTER_HELD],
        after_stop=_counted(listed.filter(kind__in=NOT_CONFIRMATIONS).aggregate(**numbers)),
        alarms=listed.filter(alarm_at__isnull=False, closed_at=None).count(),
    )


def of_texts(texts: Sequence[SentText] | QuerySet[SentText]) -> list[Texted]:
    """Return these texts with their stops, and since when their vendors held them, in three queries."""
    rows = [text for text in texts if text.stop]
    held = sent.held_for(rows) if rows else {}
    return [Texted(row, row.stop, _noted(row) or held.get(row.pk)) for row in rows if row.stop]


def watched() -> list[Watched]:
    """Return how far each vendor's texts are watched."""
    return [
        Watched(vendor=vendor, connected=vendor in connected(), **_heard_of(vendor), **_how(vendor))
        for vendor in Vendor
    ]


def _heard_of(vendor: Vendor) -> dict[str, Any]:
    """Return when we heard of the first and of the last text that are kept."""
    texts = SentText.objects.filter(vendor=vendor).order_by("heard_at")
    heard = texts.values_list("heard_at", flat=True)
    return {"first": heard.first(), "last": heard.last()}


def _how(vendor: Vendor) -> dict[str, Any]:
    if vendor is Vendor.SLICKTEXT:
        ours = (
            each
            for each in abilities.all_abilities()
            if (each.vendor, each.name) == (vendor, MESSAGES)
        )
        return {"ability": next(ours, None), "progress": reading.progress()}
    events = WebhookEvent.objects.filter(vendor=vendor).order_by("-pk")
    return {
        "events": webhooks.expects_cloudcontactai(),
        "last_event": events.values_list("received_at", flat=True).first(),
    }


def _listed(filters: Filters) -> QuerySet[SentText]:
    wanted = {
        "number": filters.number,
        "vendor": filters.vendor,
        "sent_at__gte": filters.since,
        "sent_at__lt": filters.until,
    }
    chosen = {name: value for name, value in wanted.items() if value}
    return SentText.objects.filter(~Q(kind=""), **chosen)


def _counted(row: Mapping[str, Any]) -> Counted:
    return Counted(row["texts"], row["people"])


def _noted(text: SentText) -> datetime | None:
    """Return since when the vendor held the stop, as the ledger noted when the text was listed."""
    noted = text.ledger_entry.after.get("held_since") if text.ledger_entry else None
    return parse_datetime(noted) if noted else None
