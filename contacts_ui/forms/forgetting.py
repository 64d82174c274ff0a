"""The number of a person to forget, typed twice."""

from typing import Any

from django import forms

from contacts_ui.forms.numbers import NumberField


class ForgetForm(forms.Form):
    """The person to forget."""

    number = NumberField(label="Phone number")


class ForgetForGoodForm(forms.Form):
    """The same number again, so that no typo forgets another person."""

    number = NumberField(widget=forms.HiddenInput)
    again = NumberField(label="Type the number again to confirm")

    def clean(self) -> dict[str, Any]:
        """Add an error at the field where the two differ."""
        cleaned = super().clean() or {}
        if cleaned.get("again") and cleaned.get("again") != cleaned.get("number"):
            self.add_error("again", "The numbers don't match. Type the number shown above.")
        return cleaned
