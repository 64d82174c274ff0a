"""The filters of the audit log and of the security events. All of them are in the page's address."""

from datetime import timedelta
from typing import Any, Final, cast

from django import forms

from contacts_ui.forms.days import plausible, zone_name
from contacts_ui.forms.widgets import StaffField, any_of, search_input
from contacts_ui.models import SecurityEventKind, Vendor
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.phone import to_e164
from contacts_ui.services.audit_log.search import Wanted
from contacts_ui.services.security.searching import WantedEvents

SEARCH_MAX_LENGTH: Final = 200
LARGEST_ID: Final = 10**18
MINUTE: Final = "%Y-%m-%dT%H:%M"


def _moment(label: str) -> forms.DateTimeField:
    """Return a field for a minute in the dashboard's time zone, or a whole day."""
    return forms.DateTimeField(
        label=label,
        required=False,
        help_text=f"In {zone_name()}.",
        input_formats=[MINUTE, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MINUTE),
        validators=[plausible],
    )


def _person(placeholder: str) -> forms.CharField:
    """Return the search box above the list."""
    widget = search_input(placeholder)
    return forms.CharField(
        label="Person", required=False, max_length=SEARCH_MAX_LENGTH, widget=widget
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
        data, until = self.cleaned_data, self.cleaned_data["to"]
        if until:
            # The chosen minute or day is included.
            is_minute = "T" in str(self.data.get("to", ""))
            until += timedelta(minutes=1) if is_minute else timedelta(days=1)
        return {"since": data["from"], "until": until, "request_id": data["request"].strip()}


class AuditForm(RecordedForm):
    """Which entries of the audit log to show."""

    field_order = ("q", "staff", "action", "vendor", "channel", "from", "to", "request", "entry")

    q = _person("Number, SlickText id or name")
    staff = StaffField("Staff")
    action = any_of("Action", Action.choices)
    vendor = any_of("Vendor", Vendor.choices)
    channel = any_of("How they asked", Channel.choices)
    entry = forms.IntegerField(
        label="Entry", required=False, min_value=1, max_value=LARGEST_ID, widget=forms.TextInput
    )

    def __init__(self, data: Any, *, staff_names: list[str]) -> None:
        super().__init__(data)
        cast("StaffField", self.fields["staff"]).offer(staff_names)

    def wanted(self, **page: Any) -> Wanted:
        """Return what was chosen, for the service; `page` is where the page begins."""
        data = self.cleaned_data
        # A number in any spelling, an id of at most nine digits, or part of a name.
        typed = data["q"].strip()
        person: dict[str, Any] = {"name": typed}
        if number := to_e164(typed):
            person = {"number": number}
        elif typed.isascii() and typed.isdigit() and len(typed) < 10:
            person = {"contact_id": int(typed)}
        return Wanted(
            **person,
            **self.recorded(),
            staff=data["staff"],
            action=data["action"],
            vendor=data["vendor"],
            channel=data["channel"],
            entry_id=data["entry"],
            **page,
        )


class SecurityEventsForm(RecordedForm):
    """Which security events to show."""

    field_order = ("q", "kind", "address", "from", "to", "request")

    q = _person("Name or username")
    kind = any_of("Event", SecurityEventKind.choices)
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
