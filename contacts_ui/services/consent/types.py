"""What views and services pass to the doors: the person, how they asked, and the evidence of consent."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models.ledger import Channel
from contacts_ui.phone import pretty
from contacts_ui.services.consent.rules import Said, exactly, within_minute


@dataclass(frozen=True)
class Seen:
    """A person as SlickText showed them when it was asked at `read_at`, and as a page then shows them."""

    number: str
    contact_id: int | None = None
    label: str = ""
    status: str | None = None
    read_at: datetime | None = None
    # Where SlickText says the person came from, and when it says that their status changed.
    source: str = ""
    changed_at: datetime | None = None

    @classmethod
    def of(cls, contact: Contact, read_at: datetime, *, number: str = "") -> "Seen":
        """Return a contact as read at `read_at`, under `number` if that is not the contact's own."""
        number = number or contact.number or ""
        return cls(
            number,
            contact.contact_id,
            contact.name or (pretty(number) if number else contact.mobile_number or "no name"),
            contact.opt_in_status,
            read_at,
            contact.source or "",
            contact.last_opt_in_status_change,
        )

    @property
    def heard_at(self) -> datetime:
        """Return when it was read; now if that is not known."""
        return self.read_at or timezone.now()

    @property
    def stopped_status(self) -> str:
        """Return what SlickText should hold by a stop, which never weakens *blocked* (rule 9)."""
        return self.status if self.status == OptInStatus.BLOCKED else OptInStatus.UNSUBSCRIBED


@dataclass(frozen=True)
class Request:
    """How a person asked for texts to stop, in the minute `asked_at` (None: now), or its other reading."""

    channel: Channel = Channel.UNRECORDED
    asked_at: datetime | None = None
    reason: str = ""
    asked_last: datetime | None = None
    # False: a repair, an import, or a move to another number. `reason` is our own sentence then.
    by_person: bool = True

    @property
    def is_bare(self) -> bool:
        """Return True for a press without details."""
        return self.channel == Channel.UNRECORDED and not self.asked_at and not self.reason

    def said(self, heard_at: datetime) -> Said:
        """Return between which moments they asked."""
        if self.asked_at is None:
            return exactly(heard_at)
        return within_minute(self.asked_at, heard_at, self.asked_last)


class AlreadyDecided(Exception):
    """Another person decided about this first, or it was withdrawn; `row` is how it stands."""

    def __init__(self, row: Any) -> None:
        self.row = row
        super().__init__(row.pk)


@dataclass(frozen=True)
class Evidence:
    """Who consented to texts, how, in which words, and when.

    `at` is a typed minute, with `until` its other reading. With `exact` they are moments: *Now* in a form, or what a
    request keeps.
    """

    who: str
    channel: Channel
    at: datetime
    words: str
    until: datetime | None = None
    exact: bool = False
    # The vendor gave no time, so it may be older.
    undated: bool = False
    # Ids of reported stops that the decider says were ours (rule 10).
    own_stops: tuple[int, ...] = field(default=())

    @property
    def said(self) -> Said:
        """Return between which moments they consented."""
        if self.undated:
            return Said(None, self.at)
        if self.exact:
            return Said(self.at, self.until or self.at)
        return within_minute(self.at, timezone.now(), self.until)
