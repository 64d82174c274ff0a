"""One cell of a file: what a spreadsheet did to it, taken back as far as that is certain."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from contacts_ui.phone import to_e164

MANGLED: Final = (
    "A spreadsheet has shortened this number, and its last digits are lost. "
    "Format the column as text there, and export it again."
)
NOT_A_NUMBER: Final = "This is not a phone number. It needs ten digits, as in (615) 555-0123."
SEVERAL: Final = "There is more than one number here. Give each a line of its own."

FORMULA_AGAIN: Final = re.compile(r'=(?:"([^"]*)"|(\+?\d+))')
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
# ASCII alone: other scripts have digits too, and these are folded before.
_PLAIN_NUMBER: Final = re.compile(
    r"\+?1?[\s.\-]*\(?([2-9]\d{2})\)?[\s.\-/]*(\d{3})[\s.\-]*(\d{4})", re.ASCII
)
# "Cell: 615-555-0123", "(615) 555-0123 (mobile)", and what Facebook writes in front.
_KIND: Final = re.compile(
    r"^(?:p|m|c|tel|phone|cell|mobile|sms|text)\b[:.]?\s*(?=[+(\d])|\s*\((?:cell|mobile|sms|text)\)$",
    re.IGNORECASE,
)
_EXTENSION: Final = re.compile(r"\s*(?:x|ext\.?|extension|#)\s*\d+$", re.IGNORECASE)
_UNSEEN: Final = re.compile(
    r"[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)
_EACH: Final = re.compile(rf"(?<!\d){_PLAIN_NUMBER.pattern}(?!\d)", re.ASCII)
_LONGEST_ALONE: Final = 19
_US_DAY: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})")


def tidy(text: str) -> str:
    """A cell without what nobody sees, and without the marks that keep a spreadsheet from reckoning with it."""
    plain = _UNSEEN.sub("", text).replace("\xa0", " ").strip()
    if again := FORMULA_AGAIN.fullmatch(plain):
        return (again[1] or again[2] or "").strip()
    if len(plain) > 1 and plain[0] == "'" and plain[1] in "=+-@＝＋－＠0123456789(":
        return plain[1:].strip()
    return plain


def no_value(text: str) -> str:
    """Why there is no value in a cell, in a sentence; "" where there is one."""
    if text in ERRORS:
        return "The spreadsheet shows an error here instead of a value."
    if text.startswith("="):
        return (
            "This is a formula without its result. Save the file with values instead of formulas."
        )
    return ""


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
    plain = _KIND.sub("", whole(text.strip()))
    plain = _EXTENSION.sub("", plain) if len(plain) > 10 else plain
    if found := _PLAIN_NUMBER.fullmatch(plain):
        return f"+1{found[1]}{found[2]}{found[3]}"
    return to_e164(plain)


def read_number(text: str) -> tuple[str, str]:
    """The number in E.164 and nothing to say; or none, and what is wrong with it in a sentence."""
    if problem := no_value(text):
        return "", problem
    if len(text) > _LONGEST_ALONE and len(_EACH.findall(text)) > 1:
        return "", SEVERAL
    if number := number_of(text):
        return number, ""
    return "", MANGLED if digits_are_lost(text) else NOT_A_NUMBER


def is_phone(text: str) -> bool:
    """Whether a cell looks like a phone number, also several, or one whose last digits a spreadsheet lost."""
    if digits_are_lost(text):
        return re.search(r"[eE]\+?(?:0?9|10|11)$", text) is not None
    if len(re.sub(r"\D", "", text)) < 10:
        return False
    return number_of(text) is not None or len(_EACH.findall(text)) > 1


def is_usual_phone(text: str) -> bool:
    """The same for numbers as they are written in the US and Canada alone, told at once."""
    return _PLAIN_NUMBER.fullmatch(text) is not None


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
