"""The filters of the audit log and of the security events. All of them are in the page's address."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms

from contacts_ui.forms.days import plausible
from contacts_ui.forms.widgets import search_input
from contacts_ui.models import SecurityEventKind, Vendor
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.phone import to_e164
from contacts_ui.services.audit_log.search import Wanted
from contacts_ui.services.security.searching import WantedEvents

SEARCH_MAX_LENGTH: Final = 200
# In the address, where an empty value means anyone.
THE_DASHBOARD: Final = "-"
LARGEST_ID: Final = 10**18
DAY: Final = "%Y-%m-%d"
MINUTE: Final = "%Y-%m-%dT%H:%M"


def _moment(label: str) -> forms.DateTimeField:
    """Return a field for a minute in the reader's zone, or a whole day."""
    return forms.DateTimeField(
        label=label,
        required=False,
        input_formats=[MINUTE, "%Y-%m-%dT%H:%M:%S", DAY],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MINUTE),
        validators=[plausible],
    )


def _person(placeholder: str) -> forms.CharField:
    """Return the search box above the list."""
    return forms.CharField(
        label="Person",
        required=False,
        max_length=SEARCH_MAX_LENGTH,
        widget=search_input(placeholder),
    )


class RecordedForm(forms.Form):
    """When it was recorded, and in which request. `from` is a Python keyword, so that field is added by hand."""

    to = _moment("Recorded until")
    request = forms.CharField(label="Request id", required=False, max_length=64)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["from"] = _moment("Recorded from")
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        """Check that the end comes after the beginning."""
        data = super().clean() or {}
        if data.get("from") and data.get("to") and data["from"] > data["to"]:
            self.add_error("to", "Choose a time after “Recorded from”.")
        return data

    def recorded(self) -> dict[str, Any]:
        """Return the chosen values, for a service."""
        data = self.cleaned_data
        return {
            "since": data["from"],
            "until": self._until(data["to"]),
            "request_id": data["request"].strip(),
        }

    def _until(self, moment: datetime | None) -> datetime | None:
        """Return the end of the chosen minute or day, which is included."""
        if moment is None:
            return None
        whole_day = "T" not in str(self.data.get("to", ""))
        return moment + (timedelta(days=1) if whole_day else timedelta(minutes=1))


class AuditForm(RecordedForm):
    """Which entries of the audit log to show."""

    field_order = ("q", "staff", "action", "vendor", "channel", "from", "to", "request", "entry")

    q = _person("Number, SlickText id or name")
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
    entry = forms.IntegerField(
        label="Entry", required=False, min_value=1, max_value=LARGEST_ID, widget=forms.TextInput
    )

    def __init__(self, data: Any, *, staff_names: list[str]) -> None:
        super().__init__(data)
        names = [(name or THE_DASHBOARD, name or "The dashboard itself") for name in staff_names]
        self.fields["staff"].choices = [("", "Anyone"), *names]  # type: ignore[attr-defined]

    def wanted(self, **page: Any) -> Wanted:
        """Return what was chosen, for the service; `page` is where the page begins."""
        data = self.cleaned_data
        staff = data["staff"] or None
        return Wanted(
            **self._person(data["q"].strip()),
            **self.recorded(),
            staff="" if staff == THE_DASHBOARD else staff,
            action=data["action"],
            vendor=data["vendor"],
            channel=data["channel"],
            entry_id=data["entry"],
            **page,
        )

    def _person(self, typed: str) -> dict[str, Any]:
        """Return a number in any spelling, an id of at most nine digits, or part of a name."""
        if number := to_e164(typed):
            return {"number": number}
        if typed.isascii() and typed.isdigit() and len(typed) < 10:
            return {"contact_id": int(typed)}
        return {"name": typed}


class SecurityEventsForm(RecordedForm):
    """Which security events to show."""

    field_order = ("q", "kind", "address", "from", "to", "request")

    q = _person("Name or username")
    kind = forms.ChoiceField(
        label="Event", required=False, choices=[("", "Any"), *SecurityEventKind.choices]
    )
    address = forms.GenericIPAddressField(label="IP address", required=False, unpack_ipv4=True)

    def wanted(self, **page: Any) -> WantedEvents:
        """Return what was chosen, for the service; `page` is where the page begins."""
        data = self.cleaned_data
        return WantedEvents(
            **self.recorded(),
            who=data["q"].strip(),
            kind=data["kind"],
            address=data["address"],
            **page,
        )
