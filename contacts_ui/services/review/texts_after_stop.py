"""Texts that vendors sent after a stop: each text, how many of each kind, and what is watched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.utils.dateparse import parse_datetime

from contacts_ui.models import SentText, Statement, Vendor, WebhookEvent
from contacts_ui.models.abilities import MESSAGES, AbilityState
from contacts_ui.models.messages import TextKind
from contacts_ui.services.messages import sent_texts, slicktext_sync
from contacts_ui.services.messages.slicktext_sync import Progress
from contacts_ui.services.operations import abilities
from contacts_ui.services.operations.abilities import Ability
from contacts_ui.services.vendors import connected
from contacts_ui.services.webhooks import cloudcontactai

# Sent after the stop, and not allowed as its one confirmation.
NOT_CONFIRMATIONS = (
    TextKind.AFTER_HELD,
    TextKind.BEFORE_HELD,
    TextKind.ON_ITS_WAY,
    TextKind.BY_PERSON,
)


@dataclass(frozen=True)
class TextAfterStop:
    """A text after `stop`, and since when its vendor held that stop; None: it does not, as far as we know."""

    text: SentText
    stop: Statement
    held_since: datetime | None

    @property
    def seconds_after_stop(self) -> float:
        """Return how long after the stop it was sent, in seconds."""
        return (self.text.sent_at - self.stop.moment).total_seconds()

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

    `kinds` and `after_stop` ignore the filter by kind; `alarms` is how many alarms are not closed.
    """

    rows: Sequence[TextAfterStop]
    total: int
    kinds: Mapping[TextKind, Counted]
    after_stop: Counted
    alarms: int


@dataclass(frozen=True)
class Watched:
    """How far one vendor's texts are watched. `first` and `last` are when we learned of texts that are still kept.

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
    """Return the texts after a stop from `offset` on, at most `limit`, and their counts."""
    wanted = {
        "number": filters.number,
        "vendor": filters.vendor,
        "sent_at__gte": filters.since,
        "sent_at__lt": filters.until,
    }
    chosen = {name: value for name, value in wanted.items() if value}
    listed = SentText.objects.filter(~Q(kind=""), stop__isnull=False, **chosen)
    texts, people = Count("pk"), Count("number", distinct=True)
    counts = listed.order_by().values("kind").annotate(texts=texts, people=people)
    by_kind = {row["kind"]: Counted(row["texts"], row["people"]) for row in counts}
    kinds = {kind: by_kind.get(kind.value, Counted()) for kind in TextKind}
    after_stop = listed.filter(kind__in=NOT_CONFIRMATIONS)
    shown = listed.filter(kind=filters.kind) if filters.kind else listed
    rows = shown.select_related("stop__ledger_entry", "ledger_entry").order_by("-sent_at", "-pk")
    return Found(
        rows=of_texts(rows[offset : offset + limit]),
        total=sum(kinds[kind].texts for kind in TextKind if filters.kind in ("", kind.value)),
        kinds=kinds,
        after_stop=Counted(**after_stop.aggregate(texts=texts, people=people)),
        alarms=listed.filter(alarm_at__isnull=False, closed_at=None).count(),
    )


def of_texts(texts: Iterable[SentText]) -> list[TextAfterStop]:
    """Return these texts with their stops, and since when their vendors held them, in three queries."""
    rows = [text for text in texts if text.stop]
    held = sent_texts.held_for(rows) if rows else {}
    found = []
    for row in rows:
        if row.stop:
            # As the ledger noted when the text was listed, or else as it is now.
            noted = row.ledger_entry.after.get("held_since") if row.ledger_entry else None
            since = (parse_datetime(noted) if noted else None) or held.get(row.pk)
            found.append(TextAfterStop(row, row.stop, since))
    return found


def watched() -> list[Watched]:
    """Return how far each vendor's texts are watched."""
    found = []
    for vendor in Vendor:
        texts = SentText.objects.filter(vendor=vendor)
        known: dict[str, Any] = texts.aggregate(first=Min("heard_at"), last=Max("heard_at"))
        if vendor is Vendor.SLICKTEXT:
            offers = {(each.vendor, each.name): each for each in abilities.all_abilities()}
            known["ability"] = offers.get((vendor, MESSAGES))
            known["progress"] = slicktext_sync.progress()
        else:
            last_event = WebhookEvent.objects.filter(vendor=vendor).order_by("-pk").first()
            known["events"] = cloudcontactai.is_enabled()
            known["last_event"] = last_event and last_event.received_at
        found.append(Watched(vendor=vendor, connected=vendor in connected(), **known))
    return found
