"""Stop texts, opt a person in with evidence, and delete a contact with its number typed again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from contacts_ui.forms.days import plausible, zone_name
from contacts_ui.forms.numbers import NumberField
from contacts_ui.forms.widgets import words_field
from contacts_ui.models.ledger import Channel
from contacts_ui.services.consent.rules import EvidenceRefused, OptInStatus, check_who, check_words
from contacts_ui.services.consent.types import Evidence, Request

# A consent cannot be given in words by someone who did not say how.
CHANNELS = [
    choice for choice in Channel.choices if choice[0] not in (Channel.UNRECORDED, Channel.VENDOR)
]
_AS_TYPED: Final = ZoneInfo("UTC")


class Moment(NamedTuple):
    """A typed minute; `last` is its other reading, in the hour of a clock change."""

    first: datetime
    last: datetime


class MomentField(forms.DateTimeField):
    """A past minute in the dashboard's time zone, which its note names, as a Moment; None if it is left empty.

    No minute is refused for the hour of a clock change: one that occurs twice has both readings, and one that does not
    exist is read as the moments around it.
    """

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, *, help_text: str, **options: Any) -> None:
        super().__init__(help_text=f"{help_text} Times are in {zone_name()}.", **options)

    def to_python(self, value: Any) -> Any:
        """Return a Moment or None. Raises ValidationError."""
        with timezone.override(_AS_TYPED):
            typed = super().to_python(value)
        if typed is None:
            return None
        plausible(typed)
        moment = Moment(typed, typed)
        if typed.tzinfo is _AS_TYPED:
            zone = timezone.get_current_timezone()
            both = [typed.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
            moment = Moment(min(both), max(both))
        if moment.first > timezone.now() + timedelta(minutes=1):
            raise forms.ValidationError("This time has not come yet.")
        return moment


class VersionField(forms.CharField):
    """The version of a record that a form has shown: None if it was left out, -1 for what is none."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=forms.HiddenInput)

    def clean(self, value: Any) -> int | None:
        sent: str = super().clean(value)
        if not sent:
            return None
        return int(sent) if sent.isdecimal() and len(sent) < 10 else -1


class StopForm(forms.Form):
    """How the person asked for texts to stop. All of it may stay empty: stopping is easy."""

    channel = forms.ChoiceField(
        label="How they asked",
        choices=[(Channel.UNRECORDED.value, Channel.UNRECORDED.label), *CHANNELS],
        required=False,
    )
    asked_at = MomentField(
        label="When they asked", required=False, help_text="Leave it empty if they asked just now."
    )
    reason = words_field("In their words", rows=3, required=False)

    def request(self) -> Request:
        """Return what was typed, for the service."""
        data, moment = self.cleaned_data, self.cleaned_data["asked_at"]
        return Request(
            Channel(data.get("channel") or Channel.UNRECORDED),
            moment.first if moment else None,
            data["reason"],
            moment.last if moment else None,
        )


class StopNumberForm(StopForm):
    """Stop a number, whether a contact has it or not."""

    number = NumberField(label="Mobile number", help_text="Any format works.")
    field_order = ["number"]

    def look_up_at(self, address: str) -> None:
        """Show what is known about the number while it is typed, as `address` tells it."""
        self.fields["number"].widget.attrs |= {
            "hx-get": address,
            "hx-trigger": "input changed delay:300ms",
            "hx-target": "#known",
            "hx-sync": "this:replace",
        }


class EvidenceFields(forms.Form):
    """Who consented, how, when, in which words. Required unless a subclass says otherwise; *When* defaults to now."""

    EVIDENCE: Final = ("consent_who", "consent_channel", "consent_at", "consent_words")

    consent_who = forms.CharField(
        label="Who consented", max_length=200, help_text="The person's name, as they gave it."
    )
    consent_channel = forms.ChoiceField(label="How", choices=[("", "Choose one"), *CHANNELS])
    consent_at = MomentField(
        label="When",
        required=False,
        help_text="Leave it empty to use the time you save this. It must be later than their newest stop.",
    )
    consent_words = words_field(
        "Their words", rows=3, help_text="What they said or wrote, as exactly as you can."
    )

    def clean_consent_who(self) -> str:
        return _checked(self.cleaned_data["consent_who"], check_who)

    def clean_consent_words(self) -> str:
        return _checked(self.cleaned_data["consent_words"], check_words)

    def require_evidence(self, sentence: str) -> None:
        """Ask for what is missing of the evidence, where this form does not need it always."""
        for name in self.EVIDENCE:
            if name != "consent_at" and not self.cleaned_data.get(name) and name not in self.errors:
                self.add_error(name, sentence)

    def has_evidence(self) -> bool:
        """Return True where any of it was typed."""
        return any(self.cleaned_data.get(name) or name in self.errors for name in self.EVIDENCE)

    def refuse(self, refused: EvidenceRefused) -> None:
        """Show why the evidence answers nothing, at its field; what was typed stays."""
        self.add_error(refused.field if refused.field in self.fields else None, refused.sentence)

    def evidence(self) -> Evidence:
        """Return what was typed, for the service. Without a time: now."""
        data, moment = self.cleaned_data, self.cleaned_data["consent_at"]
        return Evidence(
            data["consent_who"],
            Channel(data["consent_channel"]),
            moment.first if moment else timezone.now(),
            data["consent_words"],
            until=moment.last if moment else None,
            exact=moment is None,
            own_stops=tuple(int(pk) for pk in data.get("own_stops", ())),
        )


def _checked(text: str, check: Callable[[str], object]) -> str:
    try:
        if text:
            check(text)
    except EvidenceRefused as refused:
        raise forms.ValidationError(refused.sentence) from refused
    return text


class ConsentForm(EvidenceFields):
    """Lift a stop or opt a person in, with the evidence."""

    status = forms.ChoiceField(
        label="New opt-in status",
        choices=[
            (OptInStatus.SUBSCRIBED, "Subscribed: gets texts again"),
            (OptInStatus.NOT_SUBSCRIBED, "Not subscribed: the stop is lifted, no campaigns"),
        ],
        widget=forms.RadioSelect,
    )
    field_order = ["status"]


class LiftForm(ConsentForm):
    """The same about one person: `version` is the record's as this form showed it, where it was not left out.

    `own_stops` are reported stops, as choices: the decider may say that they were ours (rule 10). `seen` is
    what a vendor showed since the stop, to begin with (rule 3).
    """

    version = VersionField()

    def __init__(
        self,
        data: Any = None,
        *,
        asks: bool,
        version: int,
        own_stops: Sequence[tuple[str, str]] = (),
        seen: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(seen or {}))
        self.fields["version"].initial = version
        if asks:
            self.fields["status"].label = "What to ask for"
        if own_stops:
            self.fields["own_stops"] = forms.MultipleChoiceField(
                label="That was our own stop, reported back to us",
                required=False,
                choices=list(own_stops),
                widget=forms.CheckboxSelectMultiple,
                help_text="The vendor reported this stop while we were sending ours. It may be ours or the person's. "
                "Check it only if you are sure that it was ours.",
            )


class WrongPersonForm(forms.Form):
    """Why a press stopped the wrong person (rule 6)."""

    reason = words_field("What happened", help_text="A second person reads this and decides.")

    def clean_reason(self) -> str:
        return _checked(self.cleaned_data["reason"], check_words)


class DeleteForm(forms.Form):
    """The contact's number, typed again."""

    number = forms.CharField(
        label="Type the number of this contact",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
