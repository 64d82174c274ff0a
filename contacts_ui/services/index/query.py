"""What somebody typed or chose, read: the words to look for, the exact values, and what was not understood."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.phone import to_e164
from contacts_ui.services.index.folding import NAME, fold, letters

# The key of a `key:value` word -> what it does, for the help that pops up.
KEYS: Final = {
    "status": 'Opt-in status: status:unsubscribed, status:"not subscribed"',
    "number": "The whole number or a part of it: number:615-555",
    "name": "A first or last name that begins so: name:mart",
    "first": "The first name: first:marty",
    "last": "The last name: last:mcfly",
    "email": "The whole email or a part of it: email:slicktext.com",
    "city": 'City: city:"new york"',
    "state": "State: state:tx",
    "zip": "Zip: zip:37203",
    "country": "Country: country:us",
    "source": "How they came in: source:import",
    "language": "Language: language:es",
    "timezone": "Time zone: timezone:america/chicago",
    "id": "SlickText's id: id:7778",
    "custom.NAME": "A custom field: custom.loyalty_tier:gold",
}
# SlickText's names of the fields and ours for one word -> the column that holds it folded.
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
# The statuses that are known; SlickText may have others.
STATUSES: Final = (
    OptInStatus.SUBSCRIBED,
    OptInStatus.UNSUBSCRIBED,
    OptInStatus.NOT_SUBSCRIBED,
    OptInStatus.BLOCKED,
)
_PAIR: Final = re.compile(r"(?<!\S)([A-Za-z_][\w.-]*):(?:[\"“”]([^\"“”]*)[\"“”]|(\S+))")
# Digits with whatever people write between them, and no letter, "@" or dot beside them.
_RUN: Final = re.compile(r"(?<![\w@.])[+(]*\d(?:[\d\s()./+–-]*\d)?\)*(?![\w@])")
_BETWEEN: Final = re.compile(r"[\s()./+–-]+")
LONGEST: Final = 60
MOST_WORDS: Final = 8
# No database takes a longer number, and nobody has such an id.
LONGEST_ID: Final = 18


@dataclass(frozen=True)
class Asked:
    """A question as the index can answer it.

    `words` must all be found somewhere. `exact` are columns with their value. `custom` are "=name:value=". `within` are
    columns with a part of their value. `contact_ids` are set where only these can match.
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
    """Read what was typed and the exact filters; `custom_names` are the folded names of the custom fields there are."""
    reading = _Reading()
    for name, value in filters.items():
        _exactly(reading, name, value)
    rest = search.replace("\0", " ")
    for pair in list(_PAIR.finditer(rest)):
        value = pair[3] if pair[2] is None else pair[2]
        if _take(reading, pair[1], value, custom_names):
            rest = rest.replace(pair[0], " ", 1)
    reading.words += words_of(rest)
    words = tuple(dict.fromkeys(reading.words))
    if len(words) > MOST_WORDS:
        reading.complaints.append(f"Only the first {MOST_WORDS} words were searched for.")
    return Asked(
        words[:MOST_WORDS],
        tuple(reading.exact),
        tuple(reading.custom),
        tuple(reading.within),
        reading.contact_ids,
        tuple(reading.complaints),
    )


def no_such_status(status: str) -> str:
    """What is said where nobody has a status that is none of those known."""
    known = ", ".join(f'"{each}"' if " " in each else each for each in STATUSES)
    return f"Nobody has a status called {status}. There are {known}."


def words_of(text: str) -> list[str]:
    """The folded words of a text; a number is one word of digits, however it is written."""
    runs = [_digits(run[0]) for run in _RUN.finditer(text)]
    return [each[:LONGEST] for each in [*runs, *fold(_RUN.sub(" ", text)).split()] if each != "."]


def apart(text: str) -> list[str]:
    """The same words with every group of digits for itself, for "37203 615": a zip and a part of a number."""
    return [each[:LONGEST] for each in fold(_BETWEEN.sub(" ", text)).split() if each != "."]


def _digits(run: str) -> str:
    return re.sub(r"\D", "", run).removeprefix("00")


def _exactly(reading: _Reading, name: str, value: str) -> None:
    """One filter of the form, by SlickText's name; whatever is no field of ours is a custom field."""
    if name in ("mobile_number", "number"):
        reading.exact.append(("number", to_e164(value) or value))
    elif name == "email":
        reading.exact.append(("email_key", letters(value)))
    elif name == "contact_id":
        ids = [each for each in value.split(",") if each.isdecimal() and len(each) <= LONGEST_ID]
        reading.contact_ids = tuple(map(int, ids))
    elif name in COLUMNS:
        reading.exact.append((COLUMNS[name], _folded(COLUMNS[name], value)))
    else:
        reading.custom.append(f"={fold(name)}:{fold(value)}=")


def _folded(column: str, value: str) -> str:
    return fold(value.replace("_", " ")) if column == "status_key" else fold(value)


def _take(reading: _Reading, typed: str, value: str, custom_names: frozenset[str]) -> bool:
    """Take one `key:value`. False where it is text to search for."""
    key = typed.lower()
    if not fold(value):
        reading.complaints.append(f"What should {typed}: be? Write {typed}:value.")
        return True
    if key in ("number", "email", "name", "id"):
        return _take_special(reading, key, value)
    if key in COLUMNS:
        reading.exact.append((COLUMNS[key], _folded(COLUMNS[key], value)))
        return True
    name = fold(key.removeprefix("custom."))
    if key.startswith("custom.") or name in custom_names:
        if name not in custom_names:
            reading.complaints.append(f"No contact has a custom field called {name}.")
        reading.custom.append(f"={name}:{fold(value)}=")
        return True
    known = ", ".join(each.lower() for each in KEYS)
    reading.complaints.append(
        f"There is no {typed}: to search by, so it was searched as text. There are {known}."
    )
    return False


def _take_special(reading: _Reading, key: str, value: str) -> bool:
    if key == "id":
        if not value.isdecimal() or len(value) > LONGEST_ID:
            reading.complaints.append(f"An id is a number; {value} is none.")
            return True
        reading.contact_ids = (int(value),)
    elif key == "name":
        reading.words += [f"{NAME}{word}" for word in fold(value).split()]
    elif key == "email":
        reading.words += fold(value).split()
        reading.within.append(("email_key", letters(value)))
    elif number := to_e164(value):
        reading.exact.append(("number", number))
    elif digits := _digits(value):
        reading.words.append(digits)
        reading.within.append(("number", digits))
    else:
        reading.complaints.append(f"{value} is no number, nor a part of one.")
    return True
