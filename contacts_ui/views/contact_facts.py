"""One contact's fields in groups, ready to print."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from django.utils.formats import date_format

from contacts_ui.contact_fields import as_text
from contacts_ui.forms.contact import LANGUAGES
from contacts_ui.phone import pretty
from contacts_ui.places import STATES, TIME_ZONES
from contacts_ui.services.consent.rules import STATUS_WORDS
from contacts_ui.services.contacts.reading import Contact

Fact = dict[str, Any]
# The labels of fields that the index does not keep.
_LABELS: Final = {
    "birthdate": "Birth date",
    "carrier": "Carrier",
    "address": "Street address",
    "sub_source": "Sub-source",
}


def left_out(not_kept: Collection[str]) -> list[str]:
    """Return the labels of the fields that a copy does not keep."""
    return [label for field, label in _LABELS.items() if field in not_kept]


def groups_of(contact: Contact, not_kept: Collection[str] = ()) -> list[dict[str, Any]]:
    """Return a contact's fields in groups, without those that a copy does not keep."""
    unknown = left_out(not_kept)
    groups = [
        ("Who", _who(contact)),
        ("How to reach", _how_to_reach(contact)),
        ("Where", _where(contact)),
        ("Consent", _consent(contact)),
        ("Where it came from", _origin(contact)),
    ]
    groups = [
        (title, [fact for fact in facts if fact["label"] not in unknown]) for title, facts in groups
    ]
    groups += [
        ("Custom fields", _others(contact.custom_fields)),
        ("Also sent by SlickText", _others(contact.extra)),
    ]
    return [{"title": title, "fields": facts} for title, facts in groups if facts]


def _who(contact: Contact) -> list[Fact]:
    born = date_format(contact.birthdate, "F j, Y") if contact.birthdate else ""
    return [
        _text("First name", contact.first_name),
        _text("Last name", contact.last_name),
        _text("Birth date", born),
        _text("Language", LANGUAGES.get(contact.language or "", contact.language)),
    ]


def _how_to_reach(contact: Contact) -> list[Fact]:
    number = contact.number or contact.mobile_number or ""
    return [
        {"label": "Mobile number", "value": pretty(number), "kind": "number", "raw": number},
        _text("Carrier", contact.carrier),
        {"label": "Email", "value": contact.email or "", "kind": "email", "raw": contact.email},
    ]


def _where(contact: Contact) -> list[Fact]:
    zone = contact.timezone or ""
    usual = TIME_ZONES.get(zone)
    return [
        _text("Street address", contact.address),
        _text("City", contact.city),
        _text("State or province", STATES.get(contact.state or "", contact.state)),
        _text("Zip or postal code", contact.zip),
        _text("Country", contact.country),
        _text("Time zone", f"{usual} ({zone})" if usual else zone),
    ]


def _consent(contact: Contact) -> list[Fact]:
    status = contact.opt_in_status or ""
    return [
        _text("Opt-in status at SlickText", STATUS_WORDS.get(status, status)),
        _time("Status changed", contact.last_opt_in_status_change),
    ]


def _origin(contact: Contact) -> list[Fact]:
    source = " ".join(dict.fromkeys(filter(None, (contact.source, contact.source_id))))
    sub_source = " ".join(dict.fromkeys(filter(None, (contact.sub_source, contact.sub_source_id))))
    return [
        _text("Source", source),
        _text("Sub-source", sub_source),
        _time("Created", contact.created),
        _time("Last updated", contact.last_updated),
        _text("SlickText id", str(contact.contact_id)),
    ]


def _others(fields: dict[str, Any]) -> list[Fact]:
    return [_text(name, as_text(value)) for name, value in fields.items()]


def _text(label: str, value: str | None) -> Fact:
    return {"label": label, "value": value or "", "kind": "text", "raw": value}


def _time(label: str, moment: datetime | None) -> Fact:
    return {"label": label, "value": "yes" if moment else "", "kind": "time", "raw": moment}
