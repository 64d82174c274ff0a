"""What a cell means as the value of a field: read as people write it, or what is wrong with it in a sentence."""

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from django.utils import timezone

from contacts_ui.places import TIME_ZONES, state_code
from contacts_ui.services.editing import CUSTOM
from contacts_ui.services.files import cells
from contacts_ui.services.files.columns import FULL_NAME, LAST_FIRST, STATUS
from contacts_ui.services.files.tables import LONGEST_CELL

LONGEST: Final = 200
LONGEST_CUSTOM: Final = 2000
LANGUAGES: Final = {
    "english": "en",
    "spanish": "es",
    "español": "es",
    "french": "fr",
    "français": "fr",
}

NEEDS_EVIDENCE: Final = (
    "Not imported: “subscribed” needs evidence. "
    "Importing never opts anyone in. A manager may do it with the evidence."
)
STOPS: Final = "A stop is recorded for this number, at both vendors."
UNKNOWN_STATUS: Final = "Not imported: this status is no stop that we know."


def _all_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STOPS: Final = _all_of(
    "unsubscribed unsubscribe stop stopped stopall optout optedout blocked donottext donotcontact dnc dnt cancel quit "
    "end cancelled canceled removed revoked"
)
_YES: Final = _STOPS | _all_of("yes y true t 1 x on")
_NO: Final = _all_of("no n false f 0 off nostoponrecord notsubscribed notknown")
_SUBSCRIBED: Final = _all_of(
    "subscribed subscribe optin optedin active confirmed yes y true 1 consented doubleoptin"
)
_NEITHER: Final = _all_of("notsubscribed pending unknown none inactive nostatus new no n false f 0")
# What is no name: it stands before one, belongs to the family name before it, or begins one.
_COURTESY: Final = _all_of("mr mrs ms miss mx")
_BEHIND: Final = _all_of("jr sr ii iii iv md phd dds esq inc llc ltd")
_BEGINS_LAST: Final = _all_of("van von der den de del della di da dos das du la le st ter ten")


def read(target: str, text: str) -> tuple[dict[str, str], str]:
    """The fields that a cell fills, by their names; or none, and what is wrong with it."""
    if problem := cells.no_value(text) or _too_long(target, text):
        return {}, problem
    if target in (FULL_NAME, LAST_FIRST):
        return two_names(text, last_first=target == LAST_FIRST), ""
    value, problem = _READERS.get(target, _as_it_is)(text)
    return ({}, problem) if problem else ({target: value}, "")


def stop_said(target: str, text: str) -> tuple[bool, str]:
    """Whether a cell says that its number gets no texts, and what there is to say about that."""
    word = "".join(letter for letter in text.casefold() if letter.isalnum())
    if not word:
        return False, ""
    if target == STATUS:
        stops, others = _STOPS, _NEITHER
    else:
        # "Opted out at": the day is the answer.
        stops, others = _YES | ({word} if cells.day_of(text) else set()), _NO
    if word in stops:
        return True, STOPS
    if target == STATUS and word in _SUBSCRIBED:
        return False, NEEDS_EVIDENCE
    return False, "" if word in others else UNKNOWN_STATUS


def two_names(text: str, *, last_first: bool = False) -> dict[str, str]:
    """First and last name of "Marty McFly", "McFly, Marty", "Ludwig van Beethoven", "Mr. Martin King, Jr."."""
    before, comma, behind = (part.strip() for part in text.partition(","))
    if comma and not _is_one_of(_BEHIND, behind):
        first, last = behind.split(), before.split()
    else:
        first, last = _parted(f"{before} {behind}".split(), last_first=last_first)
    if len(first) > 1 - bool(last) and _is_one_of(_COURTESY, first[0]):
        del first[0]
    names = {"first_name": " ".join(first), "last_name": " ".join(last)}
    return {name: part for name, part in names.items() if part}


def _parted(words: list[str], *, last_first: bool) -> tuple[list[str], list[str]]:
    """The words of the first and of the last name."""
    if last_first:
        many = next((at for at, word in enumerate(words) if not _is_one_of(_BEGINS_LAST, word)), 0)
        return words[many + 1 :], words[: many + 1]
    many = len(words) - 1
    while many > 1 and _is_one_of(_BEHIND, words[many]):
        many -= 1
    while many > 1 and _is_one_of(_BEGINS_LAST, words[many - 1]):
        many -= 1
    return words[: max(many, 1)], words[max(many, 1) :]


def _is_one_of(words: frozenset[str], word: str) -> bool:
    return word.casefold().replace(".", "") in words


def _too_long(target: str, text: str) -> str:
    longest = LONGEST_CUSTOM if target.startswith(CUSTOM) else LONGEST
    if len(text) <= longest:
        return ""
    long = f"more than {LONGEST_CELL}" if len(text) > LONGEST_CELL else str(len(text))
    return f"This is too long: {long} characters, and {longest} are the most."


def _as_it_is(text: str) -> tuple[str, str]:
    return text, ""


def _email(text: str) -> tuple[str, str]:
    bare = text.removeprefix("mailto:").strip("<>")
    good = cells.looks_like_email(bare) and ".." not in bare
    return bare, "" if good else "This is not an email address, as in name@example.com."


def _state(text: str) -> tuple[str, str]:
    code = state_code(text.rstrip("."))
    return code or "", "" if code else "This is not a state or province, as in TN or Tennessee."


def _birthdate(text: str) -> tuple[str, str]:
    day = cells.day_of(text)
    if re.fullmatch(r"\d{4,5}(\.\d+)?", text):
        return "", "A spreadsheet wrote this day as a number. Format the column as a date there."
    if day is None:
        return "", "This is not a day, as in 1968-06-12 or 6/12/1968 (month first)."
    if not date(1900, 1, 1) <= day <= timezone.localdate():
        return "", "Nobody who gets texts was born on this day."
    return day.isoformat(), ""


def _zip_code(text: str) -> tuple[str, str]:
    # Facebook writes "z:" in front.
    return cells.whole(re.sub(r"^z:\s*", "", text)), ""


def _language(text: str) -> tuple[str, str]:
    return LANGUAGES.get(text.casefold(), text), ""


def _timezone(text: str) -> tuple[str, str]:
    word = text.casefold().removesuffix(" time").removesuffix(" standard")
    names = {label.casefold(): zone for zone, label in TIME_ZONES.items()}
    zone = names.get(word, text)
    return (
        zone,
        "" if zone in _zones() else "This is no time zone, as in America/Chicago or Central.",
    )


@cache
def _zones() -> set[str]:
    return available_timezones()


_READERS: Final[dict[str, Callable[[str], tuple[str, str]]]] = {
    "email": _email,
    "state": _state,
    "birthdate": _birthdate,
    "zip": _zip_code,
    "language": _language,
    "timezone": _timezone,
}
