"""Keep what people choose about their own screens."""

from collections.abc import Sequence

from contacts_ui.models import Preference
from contacts_ui.permissions import Staff


def chosen_columns(staff: Staff, offered: Sequence[str], default: Sequence[str]) -> list[str]:
    """Return the keys of the columns that this person chose, in the order offered; `default` until they choose."""
    preference = Preference.objects.filter(pk=staff.pk).first()
    wanted = preference.columns if preference else default
    return [key for key in offered if key in wanted]


def choose_columns(staff: Staff, columns: Sequence[str]) -> None:
    """Store the columns that this person chose."""
    Preference.objects.update_or_create(pk=staff.pk, defaults={"columns": list(columns)})
