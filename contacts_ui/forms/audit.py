"""The filters of the audit; all of it lives in the address bar."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms

from contacts_ui.models import Vendor
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.phone import to_e164
from contacts_ui.services.audit import Wanted

LONGEST = 200
# In the address, where an empty text means anybody.
THE_DASHBOARD: Final = "-"
LARGEST_ID: Final = 10**18
DAY: Final = "%Y-%m-%d"
MINUTE: Final = "%Y-%m-%dT%H:%M"


def _moment(label: str) -> forms.DateTimeField:
    """A minute in the reader's zone, or a whole day."""
    return forms.DateTimeField(
        label=label,
        required=False,
        input_formats=[MINUTE, "%Y-%m-%dT%H:%M:%S", DAY],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MINUTE),
    )


class AuditForm(forms.Form):
    """Which entries of the ledger to show. `from` is no name for Python, so it is added by hand."""

    q = forms.CharField(
        label="Person",
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": "Number, SlickText id or name",
                "autocomplete": "off",
                "spellcheck": "false",
                "enterkeyhint": "search",
                "data-search": "",
            }
        ),
    )
    staff = forms.ChoiceField(label="Staff", required=False)
    action = forms.ChoiceField(
        label="Action", required=False, choices=[("", "Any"), *Action.choices]
    )
    vendor = forms.ChoiceField(
        label="Vendor", required=False, choices=[("", "Any"), *Vendor.choices]
    )
    channel = forms.ChoiceField(
        label="How they asked", required=False, choices=[("", "Any"), *Channel.choices]
    )
    to = _moment("Recorded until")
    request = forms.CharField(label="Request id", required=False, max_length=64)
    entry = forms.IntegerField(
        label="Entry", required=False, min_value=1, max_value=LARGEST_ID, widget=forms.TextInput
    )

    def __init__(self, data: Any, *, staff_names: list[str]) -> None:
        super().__init__(data)
        names = [(name or THE_DASHBOARD, name or "The dashboard itself") for name in staff_names]
        fields = self.fields
        fields["staff"].choices = [("", "Anybody"), *names]  # type: ignore[attr-defined]
        ordered = ("q", "staff", "action", "vendor", "channel", "from", "to", "request", "entry")
        fields["from"] = _moment("Recorded from")
        self.order_fields(ordered)

    def clean(self) -> dict[str, Any]:
        """The time runs forwards."""
        data = super().clean() or {}
        if data.get("from") and data.get("to") and data["from"] > data["to"]:
            self.add_error("to", "This is before the time from which.")
        return data

    def wanted(self, **page: Any) -> Wanted:
        """What was chosen, for the service; `page` is where the page begins."""
        data = self.cleaned_data
        staff = data["staff"] or None
        return Wanted(
            **self._person(data["q"].strip()),
            staff="" if staff == THE_DASHBOARD else staff,
            action=data["action"],
            vendor=data["vendor"],
            channel=data["channel"],
            since=data["from"],
            until=self._until(data["to"]),
            request_id=data["request"].strip(),
            entry_id=data["entry"],
            **page,
        )

    def _person(self, typed: str) -> dict[str, Any]:
        """A number in any spelling, an id of at most nine digits, or part of a name."""
        if number := to_e164(typed):
            return {"number": number}
        if typed.isascii() and typed.isdigit() and len(typed) < 10:
            return {"contact_id": int(typed)}
        return {"name": typed}

    def _until(self, moment: datetime | None) -> datetime | None:
        """The end of the minute or of the day that was chosen: both are included."""
        if moment is None:
            return None
        whole_day = "T" not in str(self.data.get("to", ""))
        return moment + (timedelta(days=1) if whole_day else timedelta(minutes=1))
