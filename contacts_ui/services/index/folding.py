"""Text as it is compared: lower case, without accents, apostrophes and other marks."""

import re
import unicodedata
from functools import lru_cache
from typing import Any, Final

from contacts_ui.integrations.types import Contact
from contacts_ui.services.editing import as_text

# Letters that no decomposition takes apart.
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
_JOINED: Final = re.compile(r"['’‘`´ʼʻ]")
_APART: Final = re.compile(r"[^\w@.]+")
_NO_DIGIT: Final = re.compile(r"\D")
# Stands before each word of a name in the folded text; `fold` leaves none in what anybody types.
NAME: Final = "^"


@lru_cache(maxsize=50_000)
def fold(text: str) -> str:
    """Fold `text` for comparing: "O'Brien-Núñez" becomes "obrien nunez"; "@" and "." stay."""
    if text.isascii():
        bare = text.lower()
    else:
        bare = unicodedata.normalize("NFKD", text.casefold())
        bare = "".join(each for each in bare if not unicodedata.combining(each))
        bare = bare.translate(_LETTERS)
    return _APART.sub(" ", _JOINED.sub("", bare)).strip()


def folded_text(contact: Contact, number: str = "") -> str:
    """Everything of a contact that a search may find, in one line, with a space at both ends.

    The digits of the number first, then the words of the name, each after "^".
    """
    words = f"{fold(contact.first_name or '')} {fold(contact.last_name or '')}".split()
    parts = (
        contact.email,
        contact.city,
        contact.state,
        contact.zip,
        *(as_text(value) for value in contact.custom_fields.values()),
    )
    digits = _NO_DIGIT.sub("", number or contact.mobile_number or "")
    names = " ".join(f"{NAME}{word}" for word in words)
    text = " ".join(filter(None, (digits, names, *(fold(part) for part in parts if part))))
    return f" {text} ".replace("\0", "")


def name_key(contact: Contact) -> str:
    """By what a table sorted by name is sorted: the last name, then the first."""
    return " ".join(filter(None, (fold(contact.last_name or ""), fold(contact.first_name or ""))))


def custom_key(fields: dict[str, Any]) -> str:
    """All custom fields for exact filters: "=loyalty_tier:gold=" each."""
    return "".join(
        f"={fold(name)}:{fold(as_text(value))}="
        for name, value in fields.items()
        if value not in (None, "")
    ).replace("\0", "")


def letters(text: str) -> str:
    """Lower case alone, for emails: every mark in one tells two of them apart."""
    return text.strip().casefold()
