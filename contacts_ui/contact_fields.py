"""The fields of a contact that a person may edit: labels, values as plain text, and merging what two people typed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

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
    """Return the name of a field for people; for a custom field, its internal name."""
    return LABELS.get(field) or field.removeprefix(CUSTOM)


def editable_values(contact: Contact) -> dict[str, str]:
    """Return every editable field as text, "" for what is empty; custom fields as `custom_fields.<name>`."""
    values = {field: as_text(getattr(contact, field)) for field in LABELS}
    values["mobile_number"] = contact.number or contact.mobile_number or ""
    for name, value in contact.custom_fields.items():
        values[f"{CUSTOM}{name}"] = as_text(value)
    return values


# Made once: `json.dumps` would make an encoder for each value.
_encode: Final = json.JSONEncoder(ensure_ascii=False).encode
_JSON: Final = (bool, int, float, list, dict)


def as_text(value: Any) -> str:
    """Return one value as a person may edit it."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, _JSON):
        return _encode(value)
    return str(value)


def for_vendor(changes: Mapping[str, str], contact: Contact | None = None) -> dict[str, Any]:
    """Turn typed text into the JSON for SlickText: null for an emptied field, custom fields nested.

    A custom field keeps the type that it has on `contact`, if the text can be read as that type.
    """
    sent: dict[str, Any] = {
        field: text or None for field, text in changes.items() if not field.startswith(CUSTOM)
    }
    held = contact.custom_fields if contact else {}
    custom = {
        name: _typed_like(held.get(name), text)
        for field, text in changes.items()
        if (name := field.removeprefix(CUSTOM)) != field
    }
    return {**sent, "custom_fields": custom} if custom else sent


def _typed_like(example: Any, text: str) -> Any:
    if not text or isinstance(example, str) or example is None:
        return text or None
    try:
        return json.loads(text)
    except ValueError:
        return text


@dataclass(frozen=True)
class Conflict:
    """One field that another person changed too, since the form was opened."""

    field: str
    original: str
    theirs: str
    mine: str

    @property
    def label(self) -> str:
        return label_of(self.field)


@dataclass(frozen=True)
class Merge:
    """What to change at SlickText, what two people changed both, and what only the other person changed.

    `changes` are texts by field, `sent` the same as JSON, and `before` is what SlickText holds in those fields now.
    """

    changes: dict[str, str]
    sent: dict[str, Any]
    before: dict[str, str]
    conflicts: list[Conflict]
    theirs_only: list[Conflict]

    def missing_in(self, contact: Contact) -> tuple[str, ...]:
        """Return the changed fields that a contact does not hold."""
        held = editable_values(contact)
        return tuple(name for name, text in self.changes.items() if held.get(name, "") != text)


def merge(original: Mapping[str, str], contact: Contact, typed: Mapping[str, str]) -> Merge:
    """Compare what the form showed, the contact as SlickText holds it now, and what was typed."""
    held = editable_values(contact)
    changes: dict[str, str] = {}
    conflicts, theirs_only = [], []
    for field, mine in typed.items():
        before, theirs = original.get(field, ""), held.get(field, "")
        versions = Conflict(field, before, theirs, mine)
        if mine == before and theirs != before:
            theirs_only.append(versions)
        elif mine not in (before, theirs):
            if theirs != before:
                conflicts.append(versions)
            changes[field] = mine
    before_changes = {field: held.get(field, "") for field in changes}
    return Merge(changes, for_vendor(changes, contact), before_changes, conflicts, theirs_only)
