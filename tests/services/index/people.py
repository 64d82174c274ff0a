"""People for the index, made and learned in one line."""

from datetime import UTC, datetime
from typing import Any

from contacts_ui.integrations.types import Contact
from contacts_ui.services import index

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def person(contact_id: int, name: str = "", number: str = "", **facts: Any) -> Contact:
    """One contact; the name is first and last."""
    first, _, last = name.partition(" ")
    return Contact(
        contact_id=contact_id,
        first_name=first or None,
        last_name=last or None,
        mobile_number=number or f"+1615555{contact_id:04d}",
        **facts,
    )


def store(*people: Contact, at: datetime = NOW) -> None:
    """Put them into the index."""
    index.store(people, at)


def ids(search: str = "", **question: Any) -> list[int]:
    """Who is found, in order."""
    page = index.find(index.IndexQuery(search=search, **question))
    return [each.contact.contact_id for each in page.found]
