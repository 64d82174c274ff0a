"""Decide about a lift request, and find one again."""

from typing import Any

from django import forms

from contacts_ui.forms.days import day_field
from contacts_ui.forms.numbers import NumberField
from contacts_ui.forms.widgets import any_of, words_field
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.services.consent.lift_requests import Wanted

NOTE_MAX_LENGTH = 2000
NAME_MAX_LENGTH = 150


class DecisionForm(forms.Form):
    """A manager's decision; why, where it is a no."""

    APPROVE, DECLINE = "approve", "decline"
    decision = forms.ChoiceField(choices=[(APPROVE, "Approve"), (DECLINE, "Decline")])
    note = words_field(
        "Note",
        NOTE_MAX_LENGTH,
        required=False,
        help_text="Required if you decline. The person who asked will see it.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("decision") == self.DECLINE and not data.get("note") and not self.errors:
            self.add_error("note", "Say why, so that the person who asked knows what is missing.")
        return data


class LiftRequestFilterForm(forms.Form):
    """Which requests to show; all of it lives in the address bar."""

    number = NumberField(label="Number", required=False, widget=forms.TextInput)
    state = any_of("State", LiftRequestState.choices)
    asked_by = forms.CharField(label="Asked by", required=False, max_length=NAME_MAX_LENGTH)
    decided_by = forms.CharField(label="Decided by", required=False, max_length=NAME_MAX_LENGTH)
    since = day_field("Asked since")
    until = day_field("Asked until")

    def wanted(self) -> Wanted | None:
        """Return the filter for the service; None if it makes no sense."""
        return Wanted(**self.cleaned_data) if self.is_valid() else None
