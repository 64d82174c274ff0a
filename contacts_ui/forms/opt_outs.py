"""The filters of the opt-outs and the range of the overview: all of it is in the address."""

from datetime import datetime, timedelta
from typing import Any, Final, cast

from django import forms

from contacts_ui.forms.days import day_field
from contacts_ui.forms.widgets import StaffField, any_of, search_input
from contacts_ui.models.ledger import Channel
from contacts_ui.models.opt_out import OptOutState
from contacts_ui.services.review.opt_outs import (
    DUE_SOON,
    NOT_COMPLETED,
    PAST_DUE,
    Filters,
    start_of,
)

PERSON_MAX_LETTERS: Final = 200
SLOWEST: Final = "slowest"
REQUESTS, CARRIED = "requests", "carried"
KINDS: Final = ((REQUESTS, "People's requests"), (CARRIED, "Repairs, imports, and moves"))
STATES: Final = (
    (NOT_COMPLETED, "Not completed"),
    (PAST_DUE, "Past due"),
    (DUE_SOON, "Due soon"),
    *OptOutState.choices,
)


class RangeForm(forms.Form):
    """From one day to another, both included. `from` is a keyword of Python, so the field is added by hand."""

    to = day_field("Asked until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {"from": day_field("Asked from"), **self.fields}

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins."""
        data = super().clean() or {}
        if data.get("from") and data.get("to") and data["from"] > data["to"]:
            self.add_error("to", "This is before the first day.")
        return data

    def since(self) -> datetime | None:
        """Return where the range begins."""
        day = self.cleaned_data["from"]
        return start_of(day) if day else None

    def until(self) -> datetime | None:
        """Return where the range ends: the midnight after its last day."""
        day = self.cleaned_data["to"]
        return start_of(day + timedelta(days=1)) if day else None


class OptOutFilterForm(RangeForm):
    """Which opt-outs to show."""

    q = forms.CharField(
        label="Person",
        required=False,
        max_length=PERSON_MAX_LETTERS,
        widget=search_input("Name or number"),
    )
    state = any_of("State", STATES)
    channel = any_of("How they asked", Channel.choices)
    staff = StaffField("Recorded by")
    reviewed = any_of("Reviewed", [("no", "Not reviewed yet"), ("yes", "Reviewed")])
    kind = any_of("Kind", KINDS)
    order = any_of("Order", [(SLOWEST, "Slowest first")], empty="Urgent first")
    size = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, staff_names: list[str]) -> None:
        super().__init__(data)
        cast("StaffField", self.fields["staff"]).offer(staff_names)

    def filters(self) -> Filters:
        """Return what was chosen, for the service."""
        data = self.cleaned_data
        return Filters(
            person=data["q"].strip(),
            staff=data["staff"],
            channel=data["channel"],
            state=data["state"],
            reviewed={"yes": True, "no": False}.get(data["reviewed"]),
            since=self.since(),
            until=self.until(),
            by_person={REQUESTS: True, CARRIED: False}.get(data["kind"]),
            slowest_first=data["order"] == SLOWEST,
        )
