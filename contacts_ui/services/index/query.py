"""Parse a search and its filters: words to look for, exact values, and what was not understood."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.phone import only_number, to_e164
from contacts_ui.services.index.text import NAME, email_key, normalize

# The key of a `key:value` word -> its help text.
KEYS: Final = {
    "status": 'Opt-in status: status:unsubscribed, status:"not subscribed"',
    "number": "A number, or part of one: number:615-555",
    "name": "The start of a first or last name: name:mart",
    "first": "The first name: first:marty",
    "last": "The last name: last:mcfly",
    "email": "An email, or part of one: email:slicktext.com",
    "city": 'City: city:"new york"',
    "state": "State: state:tx",
    "zip": "Zip: zip:37203",
    "country": "Country: country:us",
    "source": "How the contact came in: source:import",
    "language": "Language: language:es",
    "timezone": "Time zone: timezone:america/chicago",
    "id": "The contact's id at SlickText: id:7778",
    "custom.NAME": "A custom field: custom.loyalty_tier:gold",
}
# SlickText's names of the fields and ours for one word -> the normalized column.
COLUMNS: Final = {
    "status": "status_key",
    "opt_in_status": "status_key",
    "first": "first_key",
    "first_name": "first_key",
    "last": "last_key",
    "last_name": "last_key",
    "city": "city_key",
    "state": "state_key",
    "zip": "zip_key",
    "country": "country_key",
    "source": "source_key",
    "language": "language_key",
    "timezone": "timezone_key",
}
# SlickText may have others.
STATUSES: Final = (
    OptInStatus.SUBSCRIBED,
    OptInStatus.UNSUBSCRIBED,
    OptInStatus.NOT_SUBSCRIBED,
    OptInStatus.BLOCKED,
)
_PAIR: Final = re.compile(r"(?<!\S)([A-Za-z_][\w.-]*):(?:[\"“”]([^\"“”]*)[\"“”]|(\S+))")
# Digits with what people write between them, and no letter, "@", or dot next to them.
_RUN: Final = re.compile(r"(?<![\w@.])[+(]*\d(?:[\d\s()./+–-]*\d)?\)*(?![\w@])")
_BETWEEN: Final = re.compile(r"[\s()./+–-]+")
WORD_MAX_LENGTH: Final = 60
WORDS_MAX: Final = 8
# No database takes a longer number.
ID_MAX_DIGITS: Final = 18


@dataclass(frozen=True)
class Asked:
    """A parsed query.

    - words: all must be found somewhere
    - exact: columns with their value; custom: "=name:value="; within: columns with a part of their value
    - contact_ids: only these can match, unless None
    """

    words: tuple[str, ...] = ()
    exact: tuple[tuple[str, str], ...] = ()
    custom: tuple[str, ...] = ()
    within: tuple[tuple[str, str], ...] = ()
    contact_ids: tuple[int, ...] | None = None
    complaints: tuple[str, ...] = ()


@dataclass
class _Reading:
    words: list[str] = field(default_factory=list)
    exact: list[tuple[str, str]] = field(default_factory=list)
    custom: list[str] = field(default_factory=list)
    within: list[tuple[str, str]] = field(default_factory=list)
    contact_ids: tuple[int, ...] | None = None
    complaints: list[str] = field(default_factory=list)


def read(search: str, filters: Mapping[str, str], custom_names: frozenset[str]) -> Asked:
    """Parse what was typed and the exact filters; `custom_names` are the normalized names of the custom fields."""
    reading = _Reading()
    for name, value in filters.items():
        _exactly(reading, name, value)
    rest = search.replace("\0", " ")
    for pair in list(_PAIR.finditer(rest)):
        value = pair[3] if pair[2] is None else pair[2]
        if _take(reading, pair[1], value, custom_names):
            rest = rest.replace(pair[0], " ", 1)
    number = only_number(rest)
    reading.words += [number.removeprefix("+1").removeprefix("+")] if number else words_of(rest)
    words = tuple(dict.fromkeys(reading.words))
    if len(words) > WORDS_MAX:
        reading.complaints.append(f"Searched for the first {WORDS_MAX} words only.")
    return Asked(
        words[:WORDS_MAX],
        tuple(reading.exact),
        tuple(reading.custom),
        tuple(reading.within),
        reading.contact_ids,
        tuple(reading.complaints),
    )


def no_such_status(status: str) -> str:
    """Return what to tell about an unknown status that no contact has."""
    known = ", ".join(f'"{each}"' if " " in each else each for each in STATUSES)
    return f"No contact has the status {status}. Statuses are {known}."


def words_of(text: str) -> list[str]:
    """Return the normalized words of a text; a number is one word of digits, however it is written."""
    runs = [_digits(run[0]) for run in _RUN.finditer(text)]
    return [
        each[:WORD_MAX_LENGTH]
        for each in [*runs, *normalize(_RUN.sub(" ", text)).split()]
        if each != "."
    ]


def apart(text: str) -> list[str]:
    """Return the words with each group of digits by itself, as for "37203 615": a zip and a part of a number."""
    return [
        each[:WORD_MAX_LENGTH] for each in normalize(_BETWEEN.sub(" ", text)).split() if each != "."
    ]


def _digits(run: str) -> str:
    return re.sub(r"\D", "", run).removeprefix("00")


def _exactly(reading: _Reading, name: str, value: str) -> None:
    """Add a filter of the form, by SlickText's field name; other names are custom fields."""
    if name in ("mobile_number", "number"):
        reading.exact.append(("number", to_e164(value) or value))
    elif name == "email":
        reading.exact.append(("email_key", email_key(value)))
    elif name == "contact_id":
        ids = [each for each in value.split(",") if each.isdecimal() and len(each) <= ID_MAX_DIGITS]
        reading.contact_ids = tuple(map(int, ids))
    elif name in COLUMNS:
        reading.exact.append((COLUMNS[name], _folded(COLUMNS[name], value)))
    else:
        reading.custom.append(f"={normalize(name)}:{normalize(value)}=")


def _folded(column: str, value: str) -> str:
    return normalize(value.replace("_", " ")) if column == "status_key" else normalize(value)


def _take(reading: _Reading, typed: str, value: str, custom_names: frozenset[str]) -> bool:
    """Add a `key:value`. Return False if it is text to search for."""
    key = typed.lower()
    if not normalize(value):
        reading.complaints.append(f"Add a value: {typed}:value.")
        return True
    if key in ("number", "email", "name", "id"):
        return _take_special(reading, key, value)
    if key in COLUMNS:
        reading.exact.append((COLUMNS[key], _folded(COLUMNS[key], value)))
        return True
    name = normalize(key.removeprefix("custom."))
    if key.startswith("custom.") or name in custom_names:
        if name not in custom_names:
            reading.complaints.append(f"No contact has a custom field called {name}.")
        reading.custom.append(f"={name}:{normalize(value)}=")
        return True
    known = ", ".join(each.lower() for each in KEYS)
    reading.complaints.append(
        f"{typed}: is not a search field, so it was searched as text. You can use {known}."
    )
    return False


def _take_special(reading: _Reading, key: str, value: str) -> bool:
    if key == "id":
        if not value.isdecimal() or len(value) > ID_MAX_DIGITS:
            reading.complaints.append(f"An id is a number, and {value} is not.")
            return True
        reading.contact_ids = (int(value),)
    elif key == "name":
        reading.words += [f"{NAME}{word}" for word in normalize(value).split()]
    elif key == "email":
        reading.words += normalize(value).split()
        reading.within.append(("email_key", email_key(value)))
    elif number := to_e164(value):
        reading.exact.append(("number", number))
    elif digits := _digits(value):
        reading.words.append(digits)
        reading.within.append(("number", digits))
    else:
        reading.complaints.append(f"{value} is not a phone number or part of one.")
    return True
