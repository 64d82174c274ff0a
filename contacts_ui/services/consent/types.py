"""Who is meant, how they asked, and the evidence of consent: what views and services hand to the doors."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models.ledger import Channel
from contacts_ui.phone import pretty
from contacts_ui.services.consent.rules import Said, exactly, within_minute


@dataclass(frozen=True)
class Seen:
    """The person that the page showed, and what SlickText had said of them then."""

    number: str
    contact_id: int | None = None
    label: str = ""
    status: str | None = None
    read_at: datetime | None = None
    # Where SlickText says the person came from, and when it says that their status changed.
    source: str = ""
    changed_at: datetime | None = None

    @classmethod
    def of(cls, contact: Contact, read_at: datetime) -> "Seen":
        """Return a contact as SlickText showed it when asked at `read_at`."""
        number = contact.number or ""
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
    def stopped_status(self) -> str:
        """Return what SlickText shall hold by a stop: one never weakens what it holds already (rule 9)."""
        return self.status if self.status == OptInStatus.BLOCKED else OptInStatus.UNSUBSCRIBED


@dataclass(frozen=True)
class Request:
    """How a person asked for texts to stop.

    `asked_at` is the minute that was typed (None: now), `asked_last` its other reading in the hour of a clock change.
    """

    channel: Channel = Channel.UNRECORDED
    asked_at: datetime | None = None
    reason: str = ""
    asked_last: datetime | None = None

    @property
    def is_bare(self) -> bool:
        """Return True if nothing was recorded but the press itself."""
        return self.channel == Channel.UNRECORDED and not self.asked_at and not self.reason

    def said(self, heard_at: datetime) -> Said:
        """Return between which moments they asked."""
        if self.asked_at is None:
            return exactly(heard_at)
        return within_minute(self.asked_at, heard_at, self.asked_last)


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
    # A vendor did not say when they wrote it, so it may be older than it looks.
    undated: bool = False
    # Stops told back to us that the decider says are our own, by id (rule 10).
    own_stops: tuple[int, ...] = field(default=())

    @property
    def said(self) -> Said:
        """Return between which moments they consented."""
        if self.undated:
            return Said(None, self.at)
        if self.exact:
            return Said(self.at, self.until or self.at)
        return within_minute(self.at, timezone.now(), self.until)


class Reading(NamedTuple):
    """One contact as SlickText showed it when asked at `read_at`."""

    number: str
    contact_id: int | None
    status: str | None
    changed_at: datetime | None
    read_at: datetime
    label: str = ""
    source: str = ""

    @classmethod
    def of(cls, seen: Seen) -> "Reading":
        """Return the reading by which a page showed a person."""
        read_at = seen.read_at or timezone.now()
        return cls(seen.number, seen.contact_id, seen.status, seen.changed_at, read_at, seen.label)

    @property
    def seen(self) -> Seen:
        """Return the person, as pages show them."""
        return Seen(
            self.number,
            self.contact_id,
            self.label or pretty(self.number),
            self.status,
            self.read_at,
            self.source,
            self.changed_at,
        )


def reading_of(contact: Contact, number: str, read_at: datetime) -> Reading:
    """Return a contact as SlickText showed it when asked at `read_at`."""
    return Reading(
        number,
        contact.contact_id,
        contact.opt_in_status,
        contact.last_opt_in_status_change,
        read_at,
        contact.name,
        contact.source or "",
    )
