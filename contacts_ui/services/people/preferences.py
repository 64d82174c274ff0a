"""Keep what people choose about their own screens."""

from collections.abc import Sequence
from typing import NamedTuple

from contacts_ui.models import Preference
from contacts_ui.permissions import Staff


class TableLook(NamedTuple):
    """How a person sees the table of contacts: the keys of their columns, and if rows stand close together."""

    columns: list[str]
    compact: bool = False


def table_look(staff: Staff, offered: Sequence[str], default: Sequence[str]) -> TableLook:
    """Return what this person chose, with columns in the order offered; `default` until they choose."""
    preference = next(iter(Preference.objects.filter(pk=staff.pk)), None)
    if not preference:
        return TableLook(list(default))
    return TableLook([key for key in offered if key in preference.columns], preference.compact)


def choose_look(staff: Staff, columns: Sequence[str], *, compact: bool = False) -> None:
    """Store how this person wants to see the table."""
    Preference.objects.update_or_create(
        pk=staff.pk, defaults={"columns": list(columns), "compact": compact}
    )
