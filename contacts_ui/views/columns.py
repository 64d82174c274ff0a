"""The columns that a person can choose for the table, and its rows as plain strings for the template."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from contacts_ui.permissions import Staff
from contacts_ui.phone import pretty
from contacts_ui.services.consent.record import judge_many
from contacts_ui.services.consent.rules import (
    STATUS_WORDS,
    STOPPED_STATUSES,
    Judgment,
    Verdict,
)
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.contacts.listing import Listing
from contacts_ui.services.contacts.reading import Contact
from contacts_ui.template_filters import day
from contacts_ui.views.consent_panel import ConsentPanel, Powers, address_of, panel
from contacts_ui.views.contact_facts import in_words


@dataclass(frozen=True)
class Column:
    """One column: its key in preferences, its heading, and its text for a contact."""

    key: str
    label: str
    text: Callable[[Contact, Judgment], str]


def _day(moment: datetime | None) -> str:
    return day(moment) if moment else ""


def _stopped(contact: Contact, judgment: Judgment) -> str:
    """Return the day of the newest stop that stands: on record, or else at SlickText."""
    if judgment.stop:
        return _day(judgment.stop.moment)
    there = judgment.verdict is Verdict.DO_NOT_TEXT and contact.opt_in_status in STOPPED_STATUSES
    return _day(contact.last_opt_in_status_change) if there else ""


def _plain(name: str) -> Callable[[Contact, Judgment], str]:
    return lambda contact, _: getattr(contact, name) or ""


COLUMNS: Final = {
    column.key: column
    for column in (
        Column("email", "Email", _plain("email")),
        Column("city", "City", _plain("city")),
        Column("state", "State", _plain("state")),
        Column("zip", "Zip", _plain("zip")),
        Column("country", "Country", _plain("country")),
        Column(
            "status",
            "Opt-in status",
            lambda contact, _: STATUS_WORDS.get(
                contact.opt_in_status or "", contact.opt_in_status or ""
            ),
        ),
        Column("stopped", "Texts stopped", _stopped),
        Column("source", "Source", _plain("source")),
        Column("language", "Language", _plain("language")),
        Column("timezone", "Time zone", _plain("timezone")),
        Column(
            "custom_fields",
            "Custom fields",
            lambda contact, _: ", ".join(
                f"{name}: {in_words(name, value)}" for name, value in contact.custom_fields.items()
            ),
        ),
        Column("created", "Created", lambda contact, _: _day(contact.created)),
        Column("last_updated", "Last updated", lambda contact, _: _day(contact.last_updated)),
        Column("contact_id", "Id", lambda contact, _: str(contact.contact_id)),
    )
}
DEFAULT_COLUMNS: Final = ("email", "city", "state")


class Row(NamedTuple):
    """One line of the table."""

    contact_id: int
    url: str
    number: str
    name: str
    cells: list[str]
    consent: ConsentPanel


def rows_of(staff: Staff, listing: Listing, columns: list[str]) -> list[Row]:
    """Return the rows of a page, with all verdicts from one query."""
    contacts = listing.page.contacts
    people = [Seen.of(contact, listing.read_at(contact)) for contact in contacts]
    judgments = judge_many(people)
    powers = Powers.of(staff, judgments)
    chosen = [COLUMNS[key] for key in columns]
    rows = []
    for contact, seen, judgment in zip(contacts, people, judgments, strict=True):
        rows.append(
            Row(
                contact_id=contact.contact_id,
                url=address_of(contact.contact_id),
                number=pretty(seen.number or contact.mobile_number or ""),
                name=contact.name,
                cells=[column.text(contact, judgment) for column in chosen],
                consent=panel(seen, judgment, powers, view="row"),
            )
        )
    return rows
