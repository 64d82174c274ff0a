"""What a member of staff chose about their own screens."""

from collections.abc import Sequence

from contacts_ui.models import Preference
from contacts_ui.permissions import Staff


def chosen_columns(staff: Staff, offered: Sequence[str], default: Sequence[str]) -> list[str]:
    """The keys of the columns this person wants, in the order offered; `default` until they chose."""
    preference = Preference.objects.filter(pk=staff.pk).first()
    wanted = preference.columns if preference else default
    return [key for key in offered if key in wanted]


def choose_columns(staff: Staff, columns: Sequence[str]) -> None:
    """Remember the columns this person wants."""
    Preference.objects.update_or_create(pk=staff.pk, defaults={"columns": list(columns)})
