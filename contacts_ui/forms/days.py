"""Days and minutes in a form: only years that every time zone, calculation, and database can hold."""

from datetime import date
from typing import Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import get_default_timezone_name

from contacts_ui.places import TIME_ZONES

FIRST_YEAR: Final = 1991
LAST_YEAR: Final = 8999


def plausible(day: date) -> None:
    """Check only the year: the calendar's ends can't be compared across zones. Raises ValidationError."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValidationError(f"Enter a year between {FIRST_YEAR} and {LAST_YEAR}.")


def zone_name() -> str:
    """Return the dashboard's time zone in words: "Eastern time"; its own name where SlickText has none."""
    name = get_default_timezone_name()
    return f"{TIME_ZONES[name]} time" if name in TIME_ZONES else name


def day_field(label: str) -> forms.DateField:
    """Return a field for a day in the dashboard's time zone, which may stay empty."""
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[plausible],
    )
