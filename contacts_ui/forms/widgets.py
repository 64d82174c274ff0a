"""Inputs and fields that several forms share."""

from collections.abc import Iterable
from typing import Any, Final

from django import forms

# In the address, where an empty value means anyone.
THE_DASHBOARD: Final = "-"


def search_input(placeholder: str, **attrs: str) -> forms.TextInput:
    """Return the input of the search box above a list."""
    searching = {
        "type": "search",
        "placeholder": placeholder,
        "autocomplete": "off",
        "spellcheck": "false",
        "enterkeyhint": "search",
        "data-search": "",
    }
    return forms.TextInput(attrs=searching | attrs)


def words_field(
    label: str, max_length: int = 2000, *, rows: int = 2, **more: Any
) -> forms.CharField:
    """Return a field for sentences, `rows` lines high."""
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=max_length, widget=widget, **more)


def any_of(label: str, choices: Iterable[Any], empty: str = "Any") -> forms.ChoiceField:
    """Return a filter: one of the choices, or any."""
    return forms.ChoiceField(label=label, required=False, choices=[("", empty), *choices])


class StaffField(forms.ChoiceField):
    """A filter by who did it: one of `offer`ed names, the dashboard itself, or anyone."""

    def __init__(self, label: str) -> None:
        super().__init__(label=label, required=False)

    def offer(self, names: Iterable[str]) -> None:
        """Offer these names; "" is the dashboard itself."""
        named = [(name or THE_DASHBOARD, name or "The dashboard itself") for name in names]
        self.choices = [("", "Anyone"), *named]

    def clean(self, value: Any) -> str | None:
        """Return the name, "" for the dashboard itself, None for anyone. Raises ValidationError."""
        name = super().clean(value) or None
        return "" if name == THE_DASHBOARD else name
