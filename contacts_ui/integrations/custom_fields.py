"""Custom fields are written nested or flat, depending on the account: did a write take?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contacts_ui.integrations import tidy
from contacts_ui.integrations.parsing import CONTACT_FIELDS
from contacts_ui.integrations.types import Contact


def not_applied(wanted: Mapping[str, Any], contact: Contact) -> dict[str, Any]:
    """Return the custom fields that the contact shows otherwise than wanted.

    A name that is also a field of the contact itself is left out: written flat it would
    overwrite that field.
    """
    return {
        name: value
        for name, value in wanted.items()
        if name not in CONTACT_FIELDS and not _alike(contact.custom_fields.get(name), value)
    }


def _alike(shown: Any, wanted: Any) -> bool:
    """Compare loosely: the vendor turns 1 into "1" and empty text into null at will."""
    if isinstance(shown, dict | list) or isinstance(wanted, dict | list):
        return bool(shown == wanted)
    return (tidy.text(shown) or "").lower() == (tidy.text(wanted) or "").lower()
