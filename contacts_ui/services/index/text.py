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

    The digits of the number come first, then the words of the name, each after "^", and names of several words in one.
    """
    first, last = (
        normalize(each or "").split() for each in (contact.first_name, contact.last_name)
    )
    parts = (
        *_in_one(first, last),
        contact.email,
        contact.city,
        contact.state,
        contact.zip,
        *(as_text(value) for value in contact.custom_fields.values()),
    )
    digits = _NO_DIGIT.sub("", number or contact.mobile_number or "")
    names = " ".join(f"{NAME}{word}" for word in (*first, *last))
    text = " ".join(filter(None, (digits, names, *(normalize(part) for part in parts if part))))
    return f" {text} ".replace("\0", "")


def _in_one(first: list[str], last: list[str]) -> list[str]:
    """Return names of several words as people also type them: "jeanluc", and "李小龙" of "小龙 李"."""
    names = ["".join(words) for words in (first, last) if len(words) > 1]
    whole, turned = "".join(first + last), "".join(last + first)
    # Scripts without capitals, such as Chinese, set no space between names.
    if first and last and whole.isalpha() and whole.upper() == whole.lower():
        names += [whole, turned]
    return names


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
