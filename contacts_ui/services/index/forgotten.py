"""Keep forgotten people out of the index; show only their number."""

# ruff: noqa: S608 - the only names in the SQL are our own; every value is a parameter

from collections.abc import Collection, Iterable
from typing import Final

from contacts_ui.integrations.types import Contact
from contacts_ui.models import ForgottenPerson
from contacts_ui.services.index.database import database, fetch
from contacts_ui.services.index.storing import ID_MAX

_FORGOTTEN: Final = ForgottenPerson._meta.db_table
NAME: Final = ("Forgotten", "person")
# What stays: SlickText's id, and what consent depends on.
_STAYS: Final = (
    "contact_id", "brand_id", "mobile_number", "opt_in_status", "last_opt_in_status_change", "created", "last_updated",
)  # fmt: skip


def hide_forgotten(contacts: Iterable[Contact]) -> list[Contact]:
    """Return these contacts; of forgotten people only the number, the status, and its times."""
    contacts = list(contacts)
    ids, numbers = forgotten_among(
        [each.contact_id for each in contacts], [each.number for each in contacts if each.number]
    )
    if not ids and not numbers:
        return contacts
    return [
        _bare(each) if each.contact_id in ids or each.number in numbers else each
        for each in contacts
    ]


def forgotten_among(ids: Collection[int], numbers: Collection[str]) -> tuple[set[int], set[str]]:
    """Return the ids and numbers among these that belong to forgotten people. One query."""
    if not ids and not numbers:
        return set(), set()
    ours = database()
    # A sync asks for 10,000 at once, which the query builder takes longer to write than the database to answer.
    found = fetch(
        f"SELECT contact_id, number FROM {_FORGOTTEN}"
        f" WHERE contact_id {ours.among('bigint')} OR number {ours.among('text')}",
        [ours.many([each for each in ids if each <= ID_MAX]), ours.many(list(numbers))],
    )
    return {key for key, _ in found if key is not None}, {number for _, number in found}


def _bare(contact: Contact) -> Contact:
    first, last = NAME
    kept = {name: getattr(contact, name) for name in _STAYS}
    return Contact(**kept, first_name=first, last_name=last)
