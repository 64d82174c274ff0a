"""Stopping texts, changing the opt-in status with evidence, deleting with the number typed again."""

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from contacts_ui.models.ledger import Channel
from contacts_ui.services.consent import Evidence, Request
from contacts_ui.services.verdicts import OptInStatus

# A consent cannot be given in words by somebody who did not say how.
CHANNELS = [
    choice for choice in Channel.choices if choice[0] not in (Channel.UNRECORDED, Channel.VENDOR)
]


def moment_widget() -> forms.DateTimeInput:
    """The browser's own picker of a day and a time, in the reader's zone."""
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def plausible_past(moment: datetime | None) -> None:
    """Raise ValidationError for a moment before there were texts, or one that has not come yet."""
    if moment is None:
        return
    # By the year alone first: the edges of the calendar cannot even be compared across zones.
    if not 1990 < moment.year < 9000:
        raise forms.ValidationError("This is not a time at which anybody asked.")
    if moment > timezone.now() + timedelta(minutes=1):
        raise forms.ValidationError("This time has not come yet.")


class StopForm(forms.Form):
    """How the person asked for texts to stop. All of it may stay empty: stopping is easy."""

    channel = forms.ChoiceField(
        label="How they asked",
        choices=[(Channel.UNRECORDED.value, Channel.UNRECORDED.label), *CHANNELS],
        required=False,
    )
    asked_at = forms.DateTimeField(
        label="When they asked",
        required=False,
        widget=moment_widget(),
        validators=[plausible_past],
        help_text="Empty means now.",
    )
    reason = forms.CharField(
        label="In their words",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def request(self) -> Request:
        """What was typed, for the service."""
        data = self.cleaned_data
        return Request(
            Channel(data.get("channel") or Channel.UNRECORDED), data["asked_at"], data["reason"]
        )


class EvidenceFields(forms.Form):
    """Who consented, how, when, in which words. Required unless a subclass says otherwise."""

    consent_who = forms.CharField(
        label="Who consented", max_length=200, help_text="The person's name, as they gave it."
    )
    consent_channel = forms.ChoiceField(label="How", choices=[("", "Choose one"), *CHANNELS])
    consent_at = forms.DateTimeField(
        label="When", widget=moment_widget(), validators=[plausible_past]
    )
    consent_words = forms.CharField(
        label="Their words",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What they said or wrote, as exactly as you can.",
    )

    def evidence(self) -> Evidence:
        """What was typed, for the service."""
        data = self.cleaned_data
        return Evidence(
            data["consent_who"],
            Channel(data["consent_channel"]),
            data["consent_at"],
            data["consent_words"],
        )


class ConsentForm(EvidenceFields):
    """Lift a stop or change the opt-in status (managers)."""

    status = forms.ChoiceField(
        label="New opt-in status",
        choices=[
            (OptInStatus.SUBSCRIBED, "Subscribed: gets texts again"),
            (OptInStatus.NOT_SUBSCRIBED, "Not subscribed: the stop is lifted, no campaigns"),
        ],
        widget=forms.RadioSelect,
    )
    field_order = ["status"]


class DeleteForm(forms.Form):
    """The contact's number, typed again."""

    number = forms.CharField(
        label="Type the number of this contact",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
