"""Keep forgotten people out of the index; show only their number."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from django.db.models import Q

from contacts_ui.integrations.types import Contact
from contacts_ui.models import ForgottenPerson

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
    rows = ForgottenPerson.objects.filter(Q(contact_id__in=ids) | Q(number__in=numbers))
    found = list(rows.values_list("contact_id", "number"))
    return {key for key, _ in found if key is not None}, {number for _, number in found}


def _bare(contact: Contact) -> Contact:
    first, last = NAME
    kept = {name: getattr(contact, name) for name in _STAYS}
    return replace(Contact(**kept), first_name=first, last_name=last)
