"""What the vendors send, as typed values. The `…_parsing` modules make them from raw JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from contacts_ui.phone import to_e164


class OptInStatus:
    """The known values of ``Contact.opt_in_status``; others are kept as they are."""

    SUBSCRIBED: Final = "subscribed"
    UNSUBSCRIBED: Final = "unsubscribed"
    NOT_SUBSCRIBED: Final = "not subscribed"
    BLOCKED: Final = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One person in SlickText's directory. What the vendor left empty is None."""

    contact_id: int
    brand_id: int | None = None
    first_name: str | None = None
    last_name: str | None = None
    mobile_number: str | None = None
    carrier: str | None = None
    email: str | None = None
    birthdate: date | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    source: str | None = None
    source_id: str | None = None
    sub_source: str | None = None
    sub_source_id: str | None = None
    custom_fields: dict[str, Any] = field(default_factory=dict)
    timezone: str | None = None
    language: str | None = None
    opt_in_status: str | None = None
    last_opt_in_status_change: datetime | None = None
    created: datetime | None = None
    last_updated: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def number(self) -> str | None:
        """Return the mobile number in E.164, or None if it can't be one."""
        return to_e164(self.mobile_number)

    @property
    def name(self) -> str:
        """Return first and last name, "" without either."""
        return " ".join(filter(None, (self.first_name, self.last_name)))

    @property
    def textable(self) -> bool:
        """Return True only for exactly "subscribed": an unknown status is never textable."""
        return self.opt_in_status == OptInStatus.SUBSCRIBED


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row of a page that could not be read; ``position`` counts from 0 within the page."""

    position: int
    contact_id: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class ContactPage:
    """One page of the list. The next one starts at ``offset + received``."""

    contacts: tuple[Contact, ...]
    has_more: bool
    offset: int
    malformed: tuple[Malformed, ...]
    received: int


@dataclass(frozen=True, slots=True)
class Created:
    """A new contact; ``by_lookup`` if the answer was lost and a lookup found it."""

    contact: Contact
    by_lookup: bool


@dataclass(frozen=True, slots=True)
class Brand:
    """The SlickText account behind a key."""

    brand_id: int
    name: str
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DoNotText:
    """What CloudContactAI confirmed. ``contact_id`` is its own id, not SlickText's."""

    contact_id: str | None
    phone: str | None
    do_not_text: bool


@dataclass(frozen=True, slots=True)
class Message:
    """One text in SlickText's list of messages. What the vendor left out is None or "".

    ``key`` is the vendor's id, else a SHA-256 hex digest of what stays the same about the text.
    ``number`` is the person's, in E.164: who an outbound went to, who an inbound came from.
    ``created`` is UTC.
    """

    key: str
    number: str | None
    outbound: bool
    body: str
    source: str
    status: str
    created: datetime | None
    contact_id: int | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of messages; the next starts at ``offset + received``. ``malformed`` counts unreadable rows."""

    messages: tuple[Message, ...]
    has_more: bool
    offset: int
    received: int
    malformed: int


@dataclass(frozen=True, slots=True)
class RegisteredContact:
    """A contact as CloudContactAI shows it: its own id, E.164, UTC. ``stopped`` is None if it does not say."""

    contact_id: str | None
    number: str | None
    stopped: bool | None
    unsubscribed_since: datetime | None
    phone_type: str
    carrier: str
    reassigned_at: datetime | None


@dataclass(frozen=True, slots=True)
class RegisteredPage:
    """One page of CloudContactAI's contacts; ``received`` counts its rows, unreadable ones too."""

    contacts: tuple[RegisteredContact, ...]
    has_more: bool
    received: int
