"""Normalize text for comparing: lower case, without accents, apostrophes, and other marks."""

import re
import unicodedata
from functools import lru_cache
from typing import Any, Final

from contacts_ui.contact_fields import as_text
from contacts_ui.integrations.types import Contact

# Letters that Unicode does not decompose.
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
_JOINED: Final = re.compile(r"['’‘`´ʼʻ]")
_APART: Final = re.compile(r"[^\w@.]+")
_NO_DIGIT: Final = re.compile(r"\D")
# Stands before each word of a name in the search text; `normalize` removes it from what people type.
NAME: Final = "^"


@lru_cache(maxsize=50_000)
def normalize(text: str) -> str:
    """Normalize a text for comparing: "O'Brien-Núñez" becomes "obrien nunez"; "@" and "." stay."""
    if text.isascii():
        bare = text.lower()
    else:
        bare = unicodedata.normalize("NFKD", text.casefold())
        bare = "".join(each for each in bare if not unicodedata.combining(each))
        bare = bare.translate(_LETTERS)
    return _APART.sub(" ", _JOINED.sub("", bare)).strip()


def search_text(contact: Contact, number: str = "") -> str:
    """Return all words of a contact that a search may find, with a space at both ends.

    The digits of the number come first, then the words of the name, each after "^".
    """
    words = f"{normalize(contact.first_name or '')} {normalize(contact.last_name or '')}".split()
    parts = (
        contact.email,
        contact.city,
        contact.state,
        contact.zip,
        *(as_text(value) for value in contact.custom_fields.values()),
    )
    digits = _NO_DIGIT.sub("", number or contact.mobile_number or "")
    names = " ".join(f"{NAME}{word}" for word in words)
    text = " ".join(filter(None, (digits, names, *(normalize(part) for part in parts if part))))
    return f" {text} ".replace("\0", "")


def name_key(contact: Contact) -> str:
    """Return what a table is sorted by name by: the last name, then the first."""
    return " ".join(
        filter(None, (normalize(contact.last_name or ""), normalize(contact.first_name or "")))
    )


def custom_key(fields: dict[str, Any]) -> str:
    """Return all custom fields for exact filters: "=loyalty_tier:gold=" each."""
    return "".join(
        f"={normalize(name)}:{normalize(as_text(value))}="
        for name, value in fields.items()
        if value not in (None, "")
    ).replace("\0", "")


def email_key(text: str) -> str:
    """Return an email in lower case; its marks stay, because they tell two emails apart."""
    return text.strip().casefold()
