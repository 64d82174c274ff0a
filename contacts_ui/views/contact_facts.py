"""One contact's fields in groups, ready to print."""

import re
from collections.abc import Collection
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Final

from contacts_ui.contact_fields import as_text
from contacts_ui.forms.contact import LANGUAGES
from contacts_ui.phone import pretty
from contacts_ui.places import STATES, TIME_ZONES
from contacts_ui.services.contacts.reading import Contact
from contacts_ui.template_filters import day

Fact = dict[str, Any]
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
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
    """Return the fields that a contact has, in groups. The edit form has the empty ones."""
    born = day(contact.birthdate) if contact.birthdate else ""
    number = contact.number or contact.mobile_number or ""
    zone = contact.timezone or ""
    usual = TIME_ZONES.get(zone)
    source = " ".join(dict.fromkeys(filter(None, (contact.source, contact.source_id))))
    sub_source = " ".join(dict.fromkeys(filter(None, (contact.sub_source, contact.sub_source_id))))
    groups = {
        "Who": [
            _text("First name", contact.first_name),
            _text("Last name", contact.last_name),
            _text("Birth date", born),
            _text("Language", LANGUAGES.get(contact.language or "", contact.language)),
        ],
        "How to reach": [
            {"label": "Mobile number", "value": pretty(number), "kind": "number", "raw": number},
            _text("Carrier", contact.carrier),
            {"label": "Email", "value": contact.email or "", "kind": "email", "raw": contact.email},
        ],
        "Where": [
            _text("Street address", contact.address),
            _text("City", contact.city),
            _text("State or province", STATES.get(contact.state or "", contact.state)),
            _text("Zip or postal code", contact.zip),
            _text("Country", contact.country),
            _text("Time zone", f"{usual} ({zone})" if usual else zone),
        ],
        "Where it came from": [
            _text("Source", source),
            _text("Sub-source", sub_source),
            _time("Created", contact.created),
            _time("Last updated", contact.last_updated),
            _time("Opt-in status changed", contact.last_opt_in_status_change),
            _text("SlickText id", str(contact.contact_id)),
        ],
    }
    unknown = left_out(not_kept)
    for title, others in (
        ("Custom fields", contact.custom_fields),
        ("Also sent by SlickText", contact.extra),
    ):
        groups[title] = [_text(name, in_words(name, value)) for name, value in others.items()]
    kept = {
        title: [fact for fact in facts if fact["value"] and fact["label"] not in unknown]
        for title, facts in groups.items()
    }
    return [{"title": title, "fields": facts} for title, facts in kept.items() if facts]


def in_words(field: str, value: Any) -> str:
    """Return the value of a contact's field as people read it: a number, and what is nothing but a day."""
    text = as_text(value)
    if field == "mobile_number":
        return pretty(text)
    if DAY.fullmatch(text):
        with suppress(ValueError):
            return day(date.fromisoformat(text))
    return text


def _text(label: str, value: str | None) -> Fact:
    return {"label": label, "value": value or "", "kind": "text", "raw": value}


def _time(label: str, moment: datetime | None) -> Fact:
    return {"label": label, "value": "yes" if moment else "", "kind": "time", "raw": moment}
