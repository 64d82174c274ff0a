"""Phone numbers: one reader for every field, list, file, search and filter; one spelling for machines, people, logs.

Pure functions; no Django and no network.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult

NOT_A_NUMBER: Final = "This is not a phone number. It needs ten digits, as in (615) 555-0123."
MORE_DIGITS: Final = "There are more digits here than one phone number has."
MANGLED: Final = (
    "A spreadsheet has shortened this number, and its last digits are lost. "
    "Format the column as text there, and export it again."
)
SEVERAL: Final = "There is more than one number here. Put each on its own line."

_NANP: Final = re.compile(r"\+1[2-9][0-9]{9}")
# Numbers that share +1 and belong to the US; phonenumbers gives each a country code of its own.
_US_OR_CANADA: Final = {"US", "CA", "PR", "VI", "GU", "AS", "MP"}
_LONGEST: Final = 300

# What is between groups of digits, once the text is folded.
_GAP: Final = r"[\s.\-/(),]"
# Ten digits that stand there as 3-3-4, 3-7 or unbroken. Behind a bare + they are another country's.
_TEN: Final = rf"[2-9]\d\d(?:{_GAP}{{1,4}}\d{{3}}{_GAP}{{1,4}}\d{{4}}|{_GAP}{{1,4}}\d{{7}}|\d{{7}})"
_ONE: Final = rf"(?:\+{_GAP}{{0,2}}){{0,2}}(?:(?:00|011){_GAP}{{0,2}})?1{_GAP}{{0,3}}"
# A number with one digit before its point, 1.6155550123, is a quantity.
_HERE: Final = re.compile(
    rf"(?<![\d+])(?<!\+[ (])(?!1[.,]\d{{10}})(?:(?:\+1{_GAP}{{0,2}}){{0,2}}{_ONE})?({_TEN})(?!\d)",
    re.ASCII,
)
_ABROAD: Final = re.compile(
    rf"(?<![\d+])(?:\+|(?:00|011)(?={_GAP}*[2-9])){_GAP}{{0,2}}([2-9]\d*(?:{_GAP}{{1,3}}\d+)*)",
    re.ASCII,
)
_USUAL: Final = re.compile(
    r"(?:\+?1[\s.\-]*)?\(?([2-9]\d\d)\)?[\s.\-/]{1,3}(\d{3})[\s.\-]{1,3}(\d{4})|1?([2-9]\d{9})",
    re.ASCII,
)
_THOUSANDS: Final = re.compile(r"(?<![\d,.])1?\d{1,2}(?:,\d{3}){3}(?![\d,.])", re.ASCII)
_EXTENSION: Final = re.compile(
    r"[\s,;.(]*(?:(?:;\s?ext=|\b(?:x|ext|extn|extension|poste|anexo|interno|int)\b|(?<=\d)(?:x|ext)(?=[\s.:\d])|#|,,|x)"
    r"[\s.:=]*)\d{1,6}\b[\s)]*",
    re.ASCII | re.IGNORECASE,
)
# How a spreadsheet writes a whole number that it takes for a quantity.
_WITH_ZEROS: Final = re.compile(r"(\+?\d+)[.,]0+|(1?\d{1,2}(?:,\d{3}){3})\.0+", re.ASCII)
_SCIENTIFIC: Final = re.compile(r"\+?(\d(?:[.,]\d+)?)[eE]\+?(\d{1,2})", re.ASCII)
# An email or a web address holds no number.
_ADDRESS: Final = re.compile(r"\w@\w|https?://|www\.", re.IGNORECASE)
# Words around a number that are about texts. A label alone, as in "sms:615..." or "(text)", says nothing.
_ABOUT_TEXTS: Final = re.compile(
    r"\b(?:te?xt\w*|sms|messag\w*|mensaj\w*|msgs?|stop\w*|opt\w*|unsub\w*|de?sub\w*|d\.?n\.?[tcds]|do ?n[o']?t\w*|"
    r"block\w*|black ?list\w*|suppress\w*|remov\w*|quit|end|cancel\w*|spam\w*|complain\w*|revok\w*|withdr[ae]w\w*|"
    r"wrong|no|never|not|no(?:te?xt|sms|contact)\w*|contact|baja|alto|nunca|desuscri\w*|bloque\w*|detener|jamais|pas|"
    r"arr[eê]t\w*|d[eé]s(?:abonn|inscri)\w*|nicht|kein\w*|abgemeldet|gesperrt)\b|[🚫⛔🛑📵🔕]",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(
    r"no[.:] *|[\W_]*(?:sms|text|whatsapp|contact|mobile no|phone no|tel no|cell no)[\W_]*",
    re.IGNORECASE,
)


# Labels and extensions, and no other words.
_ONLY_LABELS: Final = re.compile(
    r"[\W\d_]*(?:(?:call|cell|c|ext|extension|fax|h|home|m|main|mobile|number|office|p|ph|phone|poste|sms|t|tel|telephone|"
    r"text|us|usa|w|whatsapp|wk|work|x)(?![^\W\d_])[\W\d_]*)*",
    re.IGNORECASE,
)


class NumberRead(NamedTuple):
    """What a text holds: `number` in E.164, or "" and the `problem` in a sentence; `said`: its words about texts."""

    number: str
    problem: str = ""
    said: str = ""


def read_number(text: str | None) -> NumberRead:
    """Read the one whole number in a text, past labels, brackets, an extension, and marks that are not seen.

    Letters are never digits, and no digit is guessed: ten stand there as 3-3-4, 3-7, unbroken, or with thousands
    commas. Numbers of other countries need their + (or 00, 011).
    """
    if not text:
        return NumberRead("", NOT_A_NUMBER)
    if _NANP.fullmatch(text):
        return NumberRead(text)
    if found := _USUAL.fullmatch(text):
        return NumberRead(f"+1{''.join(filter(None, found.groups()))}")
    plain = _folded(text)
    if digits_are_lost(plain):
        return NumberRead("", MANGLED)
    if len(plain) > _LONGEST or _ADDRESS.search(plain):
        return NumberRead("", NOT_A_NUMBER, _about_texts(plain))
    plain = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), whole(plain))
    places = list(_ABROAD.finditer(plain))
    numbers = {_abroad(each[1]) for each in places}
    if not places:
        places = list(_HERE.finditer(plain))
        numbers = {f"+1{_digits(each[1])}" for each in places}
    if len(numbers) > 1:
        return NumberRead("", SEVERAL, _about_texts(plain))
    number = numbers.pop() if numbers else None
    if not number:
        return NumberRead("", NOT_A_NUMBER, _about_texts(plain))
    ends = [0, *(each.end() for each in places)]
    starts = [*(each.start() for each in places), len(plain)]
    before, *parts = (plain[end:start] for end, start in zip(ends, starts, strict=True))
    rest = before + "".join(_EXTENSION.sub("", f" {part}", count=1) for part in parts)
    if any(map(str.isdigit, rest)):
        return NumberRead("", MORE_DIGITS, _about_texts(rest))
    return NumberRead(number, said=_about_texts(rest))


def _about_texts(words: str) -> str:
    """Return the words about texts, without a bare label."""
    if _LABEL.fullmatch(words) or not _ABOUT_TEXTS.search(words):
        return ""
    return words.strip(" \t.,;:-/()'\"<>[]")


# A contact's number is asked for several times on the way into the index.
@lru_cache(maxsize=2_000)
def to_e164(text: str | None) -> str | None:
    """Return the number of a text in E.164 ("+16155553338"), or None if `read_number` finds none."""
    return read_number(text).number or None


def only_number(text: str) -> str | None:
    """Return the number of a text that holds nothing else but labels ("615-555-0123 mobile"); None for more or none.

    For a search, where any other word is part of a name.
    """
    return to_e164(text) if _ONLY_LABELS.fullmatch(text) else None


def holds_numbers(text: str) -> bool:
    """Return True for one phone number, for several, and for one whose last digits a spreadsheet lost."""
    number, problem, _ = read_number(text)
    if problem == MANGLED:
        return re.search(r"[eE]\+?(?:0?9|10|11)$", text.strip()) is not None
    return bool(number) or problem == SEVERAL


def is_usual_number(text: str) -> bool:
    """Return True for one number as it is written in the US and Canada and nothing else; told at once."""
    return _USUAL.fullmatch(text) is not None


def whole(text: str) -> str:
    """Return a number as it was before a spreadsheet wrote 16155553338.0 or, with all digits, 1.6155553338E+10."""
    if found := _WITH_ZEROS.fullmatch(text):
        return found[1] or found[2]
    if (found := _SCIENTIFIC.fullmatch(text)) and not digits_are_lost(text):
        return str(int(Decimal(f"{found[1].replace(',', '.')}e{found[2]}")))
    return text


def digits_are_lost(text: str) -> bool:
    """Return True if a spreadsheet shortened this number, so that its last digits are gone: 1.61556E+10."""
    found = _SCIENTIFIC.fullmatch(text)
    if not found:
        return False
    return int(found[2]) > 14 or len(_digits(found[1])) < int(found[2]) + 1


def is_us_or_canada(e164: str) -> bool:
    """Return False only when the number is known to belong to another country."""
    return e164.startswith("+1") and _NANP.fullmatch(e164) is not None and _is_home(e164[2:5])


@cache
def _is_home(area: str) -> bool:
    # The country hangs on the area code alone.
    country = phonenumbers.region_code_for_number(phonenumbers.parse(f"+1{area}2345678"))
    return country is None or country in _US_OR_CANADA


def pretty(e164: str) -> str:
    """Return the number as people write it: "(615) 555-3338", "+44 20 7946 0958"."""
    if _NANP.fullmatch(e164):
        return f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
    number = _parsed(e164)
    if number is None:
        return e164
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def mask(text: str) -> str:
    """Return the number for logs: "+1*******338", whatever spelling it came in."""
    digits = "".join(filter(str.isdigit, text))
    if len(digits) < 7:
        return "*" * len(digits)
    country = "+1" if len(digits) == 11 and digits[0] == "1" else ""
    return f"{country}{'*' * (len(digits) - 3 - bool(country))}{digits[-3:]}"


def _folded(text: str) -> str:
    """Return the text with one sort of digits, dashes, dots, brackets and blanks, and without what is not seen."""
    if text.isascii():
        return " ".join(text.translate(_PLAIN).split())
    # A footnote's mark is no digit: ², ①.
    bare = "".join(" " if unicodedata.category(each) == "No" else each for each in text)
    return " ".join("".join(map(_plain, unicodedata.normalize("NFKC", bare))).split())


def _plain(letter: str) -> str:
    if letter.isascii():
        return letter.translate(_PLAIN)
    if letter in "‘’":
        return "'"
    match unicodedata.category(letter):
        case "Nd":
            return str(unicodedata.digit(letter))
        case "Pd" | "Sm":
            return "-"
        case "Ps" | "Pi":
            return "("
        case "Pe" | "Pf":
            return ")"
        case "Cf" | "Mn" | "Me" | "Cc":
            return ""
        case "Po":
            return "."
        case category if category.startswith("L") or _ABOUT_TEXTS.match(letter):
            return letter
        case _:
            return " "


_UNSEEN: Final = "".join(map(chr, [*range(9), *range(14, 32), 127]))
_PLAIN: Final = str.maketrans("[{<]}>_\\", "((())) /", _UNSEEN)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _abroad(text: str) -> str | None:
    """Return a number of another country in E.164, from its digits after the +, or None."""
    digits = _digits(text)
    number = _parsed(f"+{digits}") if len(digits) >= 10 else None
    if number is None or number.country_code == 1:
        return None
    if len(digits) == 10:
        # "+615-555-0123" may be a US number without its 1.
        possible = phonenumbers.is_valid_number(number)
    else:
        reason = phonenumbers.is_possible_number_with_reason(number)
        possible = reason == ValidationResult.IS_POSSIBLE
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if possible else None


def _parsed(e164: str) -> PhoneNumber | None:
    if not re.fullmatch(r"\+\d+", e164, re.ASCII):
        return None
    try:
        return phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return None
