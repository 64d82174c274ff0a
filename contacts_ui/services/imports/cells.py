"""One cell of a file: what a spreadsheet did to it, taken back as far as that is certain."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from contacts_ui.phone import to_e164

FORMULA_AGAIN: Final = re.compile(r'="([^"]*)"')
SCIENTIFIC: Final = re.compile(r"\+?(\d(?:[.,]\d+)?)[eE]\+?(\d{1,2})")
WHOLE: Final = re.compile(r"(\+?\d+)[.,]0+")
ERRORS: Final = frozenset(
    [
        "#N/A",
        "#REF!",
        "#NAME?",
        "#VALUE!",
        "#DIV/0!",
        "#NULL!",
        "#NUM!",
        "#SPILL!",
        "#CALC!",
        "#GETTING_DATA",
    ]
)
EMAIL: Final = re.compile(r"[^@\s\"<>(),;:]+@[^@\s\"<>(),;:]+\.[^@\s\"<>(),;:.]{2,}")
_PLAIN_NUMBER: Final = re.compile(r"\+?1?[\s.\-]*\(?([2-9]\d{2})\)?[\s.\-/]*(\d{3})[\s.\-]*(\d{4})")
_EXTENSION: Final = re.compile(r"\s*(?:x|ext\.?|extension|#)\s*\d+$", re.IGNORECASE)
_UNSEEN: Final = re.compile(
    r"[\u200b-\u200f\u202a-\u202e\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)
_US_DAY: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})")


def tidy(text: str) -> str:
    """A cell without what nobody sees, and without the marks that keep a spreadsheet from reckoning with it."""
    plain = _UNSEEN.sub("", text).replace("\xa0", " ").strip()
    if again := FORMULA_AGAIN.fullmatch(plain):
        return again[1].strip()
    if len(plain) > 1 and plain[0] == "'" and plain[1] in "=+-@＝＋－＠0123456789(":
        return plain[1:].strip()
    return plain


def is_formula(text: str) -> bool:
    """Whether a cell holds a formula instead of a value."""
    return text.startswith("=")


def whole(text: str) -> str:
    """A number as it was before a spreadsheet wrote 16155553338.0 or, with all digits, 1.6155553338E+10."""
    if found := WHOLE.fullmatch(text):
        return found[1]
    if found := SCIENTIFIC.fullmatch(text):
        try:
            number = Decimal(f"{found[1].replace(',', '.')}e{found[2]}")
        except InvalidOperation:
            return text
        if not digits_are_lost(text):
            return str(int(number))
    return text


def digits_are_lost(text: str) -> bool:
    """Whether a spreadsheet shortened this number, so that its last digits are gone: 1.61556E+10."""
    found = SCIENTIFIC.fullmatch(text)
    if not found:
        return False
    written = len(re.sub(r"\D", "", found[1]))
    return int(found[2]) > 14 or written < int(found[2]) + 1


def number_of(text: str) -> str | None:
    """The number in E.164, past what spreadsheets and people put around it; None for none."""
    plain = whole(text.strip())
    plain = _EXTENSION.sub("", plain) if len(plain) > 10 else plain
    if found := _PLAIN_NUMBER.fullmatch(plain):
        return f"+1{found[1]}{found[2]}{found[3]}"
    return to_e164(plain)


def is_phone(text: str) -> bool:
    """Whether a cell looks like a phone number, also one whose last digits a spreadsheet has lost."""
    if digits_are_lost(text):
        return re.search(r"[eE]\+?(?:0?9|10|11)$", text) is not None
    return len(re.sub(r"\D", "", text)) >= 10 and number_of(text) is not None


def looks_like_email(text: str) -> bool:
    """Whether a cell looks like an email address."""
    return EMAIL.fullmatch(text) is not None


def day_of(text: str) -> date | None:
    """A day as year-month-day, or as Americans write it, month/day/year; None for none."""
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        found = _US_DAY.fullmatch(text)
    try:
        return date(int(found[3]), int(found[1]), int(found[2])) if found else None
    except ValueError:
        return None
