"""Text as it is compared: lower case, without accents, apostrophes and other marks."""

import re
import unicodedata
from typing import Final

from contacts_ui.integrations.types import Contact
from contacts_ui.services.editing import as_text

# Letters that no decomposition takes apart.
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
_JOINED: Final = re.compile(r"['’‘`´ʼ]")
_APART: Final = re.compile(r"[^\w@.]+")


def fold(text: str) -> str:
    """Fold `text` for comparing: "O'Brien-Núñez" becomes "obrien nunez"; "@" and "." stay."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in bare if not unicodedata.combining(each)).translate(_LETTERS)
    return _APART.sub(" ", _JOINED.sub("", bare)).strip()


def folded_text(contact: Contact) -> str:
    """Everything of a contact that a search may find, in one line."""
    digits = re.sub(r"\D", "", contact.number or contact.mobile_number or "")
    parts = (
        contact.first_name,
        contact.last_name,
        contact.email,
        contact.city,
        contact.state,
        contact.zip,
        *(as_text(value) for value in contact.custom_fields.values()),
    )
    return " ".join(filter(None, (digits, *(fold(part) for part in parts if part))))


def name_key(contact: Contact) -> str:
    """By what a table sorted by name is sorted: the last name, then the first."""
    return " ".join(filter(None, (fold(contact.last_name or ""), fold(contact.first_name or ""))))
