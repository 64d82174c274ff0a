"""The filters of the review and the range of the overview; all of it lives in the address bar."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms

from contacts_ui.models.ledger import Channel
from contacts_ui.models.opt_out import OptOutState
from contacts_ui.services.opt_out_review import (
    CLOSE_TO_DUE,
    PAST_DUE,
    UNHONOURED,
    Filters,
    start_of,
)

LONGEST = 200
# In the address, where an empty text means anybody.
THE_DASHBOARD: Final = "-"
SLOWEST: Final = "slowest"
STATES: Final = (
    ("", "Any"),
    (UNHONOURED, "Not honoured yet"),
    (PAST_DUE, "Past due"),
    (CLOSE_TO_DUE, "Close to due"),
    *OptOutState.choices,
)


def day_field(label: str) -> forms.DateField:
    """A day in the reader's zone, within the years in which anybody could have asked."""
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[_plausible],
    )


def _plausible(day: date) -> None:
    if not 1990 < day.year < 9000:
        raise forms.ValidationError("This is not a day on which anybody asked.")


class RangeForm(forms.Form):
    """From one day to another, both included. `from` is no name for Python, so it is added by hand."""

    to = day_field("Asked until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {"from": day_field("Asked from"), **self.fields}

    def clean(self) -> dict[str, Any]:
        """The range runs forwards."""
        data = super().clean() or {}
        if data.get("from") and data.get("to") and data["from"] > data["to"]:
            self.add_error("to", "This is before the first day.")
        return data

    def since(self) -> datetime | None:
        """Where the range begins."""
        day = self.cleaned_data["from"]
        return start_of(day) if day else None

    def until(self) -> datetime | None:
        """Where the range is over: the midnight after its last day."""
        day = self.cleaned_data["to"]
        return start_of(day + timedelta(days=1)) if day else None


class OptOutFilterForm(RangeForm):
    """Which opt-outs to show."""

    q = forms.CharField(
        label="Person",
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": "Name or number",
                "autocomplete": "off",
                "spellcheck": "false",
                "enterkeyhint": "search",
                "data-search": "",
            }
        ),
    )
    state = forms.ChoiceField(label="State", required=False, choices=STATES)
    channel = forms.ChoiceField(
        label="How they asked", required=False, choices=[("", "Any"), *Channel.choices]
    )
    staff = forms.ChoiceField(label="Taken by", required=False)
    reviewed = forms.ChoiceField(
        label="Reviewed",
        required=False,
        choices=[("", "Any"), ("no", "Not reviewed yet"), ("yes", "Reviewed")],
    )
    order = forms.ChoiceField(
        label="Order",
        required=False,
        choices=[("", "Pressing first"), (SLOWEST, "Slowest first")],
    )
    size = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, staff_names: list[str]) -> None:
        super().__init__(data)
        names = [(name or THE_DASHBOARD, name or "The dashboard itself") for name in staff_names]
        self.fields["staff"].choices = [("", "Anybody"), *names]  # type: ignore[attr-defined]

    def filters(self) -> Filters:
        """What was chosen, for the service."""
        data = self.cleaned_data
        staff = data["staff"] or None
        return Filters(
            person=data["q"].strip(),
            staff="" if staff == THE_DASHBOARD else staff,
            channel=data["channel"],
            state=data["state"],
            reviewed={"yes": True, "no": False}.get(data["reviewed"]),
            since=self.since(),
            until=self.until(),
            slowest_first=data["order"] == SLOWEST,
        )
