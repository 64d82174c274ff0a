"""Asking for a lift, deciding about it, finding requests again; stopping a number; who a stop belongs to."""

from typing import Any

from django import forms

from contacts_ui.forms.consent import StopForm
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.phone import to_e164
from contacts_ui.services.consent.lift_requests import Wanted

LONGEST_NOTE = 2000
LONGEST_NAME = 150


def readable_number(typed: str) -> str:
    """Any spelling of a number as E.164, "" for nothing. Raises ValidationError for what is no number."""
    number = to_e164(typed)
    if typed and not number:
        raise forms.ValidationError(
            "This is not a phone number. It needs ten digits, as in (615) 555-0123."
        )
    return number or ""


class DecisionForm(forms.Form):
    """A manager's decision; why, where it is a no."""

    APPROVE, DECLINE = "approve", "decline"
    decision = forms.ChoiceField(choices=[(APPROVE, "Approve"), (DECLINE, "Decline")])
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed when you decline. The person who asked reads it.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("decision") == self.DECLINE and not data.get("note") and not self.errors:
            self.add_error("note", "Say why, so that the person who asked knows what is missing.")
        return data


class LiftRequestFilterForm(forms.Form):
    """Which requests to show; all of it lives in the address bar."""

    number = forms.CharField(label="Number", required=False, max_length=40)
    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "Any"), *LiftRequestState.choices]
    )
    asked_by = forms.CharField(label="Asked by", required=False, max_length=LONGEST_NAME)
    decided_by = forms.CharField(label="Decided by", required=False, max_length=LONGEST_NAME)
    since = forms.DateField(
        label="Asked since", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label="Asked until", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_number(self) -> str:
        return readable_number(self.cleaned_data["number"])

    def wanted(self) -> Wanted | None:
        """What was asked for, for the service; None for what makes no sense."""
        return Wanted(**self.cleaned_data) if self.is_valid() else None


class StopNumberForm(StopForm):
    """Stops a number that may be in no list, in any spelling."""

    number = forms.CharField(
        label="Mobile number",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        help_text="Any way of writing it will do.",
    )
    field_order = ["number"]

    def look_up_at(self, address: str) -> None:
        """Show what is known about the number while it is typed, as `address` tells it."""
        self.fields["number"].widget.attrs |= {
            "hx-get": address,
            "hx-trigger": "input changed delay:300ms",
            "hx-target": "#known",
            "hx-sync": "this:replace",
        }

    def clean_number(self) -> str:
        return readable_number(self.cleaned_data["number"])
