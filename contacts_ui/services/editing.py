"""What of a contact may be edited, as plain text on both sides, and what two people changed at the same time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contacts_ui.integrations.types import Contact

LABELS = {
    "first_name": "First name",
    "last_name": "Last name",
    "birthdate": "Birth date",
    "language": "Language",
    "mobile_number": "Mobile number",
    "email": "Email",
    "address": "Street address",
    "city": "City",
    "state": "State or province",
    "zip": "Zip or postal code",
    "country": "Country",
    "timezone": "Time zone",
}
CUSTOM = "custom_fields."


def label_of(field: str) -> str:
    """The name of a field for people; a custom field is called by its internal name."""
    return LABELS.get(field) or field.removeprefix(CUSTOM)


def editable_values(contact: Contact) -> dict[str, str]:
    """Every editable field of `contact` as text, "" for what is empty; custom fields as `custom_fields.<name>`."""
    values = {field: as_text(getattr(contact, field)) for field in LABELS}
    values["mobile_number"] = contact.number or contact.mobile_number or ""
    for name, value in contact.custom_fields.items():
        values[f"{CUSTOM}{name}"] = as_text(value)
    return values


def as_text(value: Any) -> str:
    """One value as a person may edit it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


@dataclass(frozen=True)
class Conflict:
    """One field that somebody else changed too, since the form was opened."""

    field: str
    original: str
    theirs: str
    mine: str

    @property
    def label(self) -> str:
        return label_of(self.field)


@dataclass(frozen=True)
class Merge:
    """The three versions of a contact brought together."""

    changes: dict[str, str]
    conflicts: list[Conflict]
    theirs_only: list[Conflict]


def merge(original: Mapping[str, str], theirs: Mapping[str, str], mine: Mapping[str, str]) -> Merge:
    """Compare what the form showed, what the vendor holds now, and what was typed."""
    changes: dict[str, str] = {}
    conflicts, theirs_only = [], []
    for field, typed in mine.items():
        before, now = original.get(field, ""), theirs.get(field, "")
        versions = Conflict(field, before, now, typed)
        if typed == before and now != before:
            theirs_only.append(versions)
        elif typed not in (before, now):
            if now != before:
                conflicts.append(versions)
            changes[field] = typed
    return Merge(changes, conflicts, theirs_only)


def for_vendor(changes: Mapping[str, str], contact: Contact | None = None) -> dict[str, Any]:
    """Turn typed text into what SlickText is sent: null for what was emptied, custom fields nested.

    A custom field keeps the type that it had on `contact`, where the text still has it.
    """
    sent: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    had = contact.custom_fields if contact else {}
    for field, text in changes.items():
        if field.startswith(CUSTOM):
            name = field.removeprefix(CUSTOM)
            custom[name] = _typed_like(had.get(name), text)
        else:
            sent[field] = text or None
    if custom:
        sent["custom_fields"] = custom
    return sent


def _typed_like(example: Any, text: str) -> Any:
    if not text:
        return None
    if isinstance(example, str) or example is None:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
