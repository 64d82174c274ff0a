"""Parse a search and its filters: words to look for, exact values, and what was not understood."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from django.utils import timezone

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.phone import only_number, to_e164
from contacts_ui.services.index.answers import ANSWERS
from contacts_ui.services.index.text import NAME, email_key, normalize

# The key of a `key:value` word -> its help text.
KEYS: Final = {
    "may": "May we text? may:yes, may:no, may:not-subscribed, may:unknown, may:disagree",
    "stopped": "When texts were stopped: stopped:today, stopped:11/1/2026..11/28/2026",
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
DAYS_HELP: Final = "Use today, yesterday, a day such as 11/28/2026, or two with .. between them."

# The first moment of a period, and the first one after it; None: no limit.
Period = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class Asked:
    """A parsed query.

    - words: all must be found somewhere
    - exact: columns with their value; custom: "=name:value="; within: columns with a part of their value
    - contact_ids: only these can match, unless None
    - answer: of ANSWERS; stopped: when the newest stop was said
    """

    words: tuple[str, ...] = ()
    exact: tuple[tuple[str, str], ...] = ()
    custom: tuple[str, ...] = ()
    within: tuple[tuple[str, str], ...] = ()
    contact_ids: tuple[int, ...] | None = None
    complaints: tuple[str, ...] = ()
    answer: str = ""
    stopped: Period | None = None


@dataclass
class _Reading:
    words: list[str] = field(default_factory=list)
    exact: list[tuple[str, str]] = field(default_factory=list)
    custom: list[str] = field(default_factory=list)
    within: list[tuple[str, str]] = field(default_factory=list)
    contact_ids: tuple[int, ...] | None = None
    complaints: list[str] = field(default_factory=list)
    answer: str = ""
    stopped: Period | None = None


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
        words=words[:WORDS_MAX],
        exact=tuple(reading.exact),
        custom=tuple(reading.custom),
        within=tuple(reading.within),
        contact_ids=reading.contact_ids,
        complaints=tuple(reading.complaints),
        answer=reading.answer,
        stopped=reading.stopped,
    )


def no_such_status(status: str) -> str:
    """Return what to tell about an unknown status that no contact has."""
    known = ", ".join(f'"{each}"' if " " in each else each for each in STATUSES)
    return f"No contact has the status {status}. Statuses are {known}."


def words_of(text: str) -> list[str]:
    """Return the normalized words of a text; a number is one word of digits, however it is written."""
    runs = [_digits(run[0])[:WORD_MAX_LENGTH] for run in _RUN.finditer(text)]
    return runs + _words(_RUN.sub(" ", text))


def apart(text: str) -> list[str]:
    """Return the words with each group of digits by itself, as for "37203 615": a zip and a part of a number."""
    return _words(_BETWEEN.sub(" ", text))


def _words(text: str) -> list[str]:
    # A dot at the end is of an abbreviation or a sentence.
    words = (each.rstrip(".") for each in normalize(text).split())
    return [each[:WORD_MAX_LENGTH] for each in words if each]


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
    elif name in ("may", "stopped"):
        _about_stops(reading, name, value)
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
    if key in ("may", "stopped"):
        _about_stops(reading, key, value)
        return True
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


def _about_stops(reading: _Reading, key: str, value: str) -> None:
    """Add an answer, or when texts were stopped. What is not understood finds no contact, rather than everyone."""
    if key == "may":
        word = "-".join(normalize(value).replace("_", " ").split())
        if word not in ANSWERS:
            reading.complaints.append(
                f"may: can be {', '.join(ANSWERS)}, and {value} is none of them."
            )
        reading.answer = ANSWERS.get(word, value)
        return
    reading.stopped = period_of(value)
    if reading.stopped is None:
        reading.complaints.append(f"{value} is not a day. {DAYS_HELP}")
        reading.contact_ids = ()


def period_of(text: str) -> Period | None:
    """Return the days of a text as moments: one day, or two with ".." between them; None if it is neither."""
    first, dots, last = text.strip().lower().partition("..")
    days = [_day(first), _day(last if dots else first)]
    if not (first or last) or any(
        each and not day for each, day in ((first, days[0]), (last, days[1]))
    ):
        return None
    start, end = days
    return _midnight(start), _midnight(end + timedelta(days=1) if end else None)


def _day(text: str) -> date | None:
    today = timezone.localdate()
    known = {"today": today, "yesterday": today - timedelta(days=1)}
    if text in known:
        return known[text]
    for spelling in ("%Y-%m-%d", "%m/%d/%Y"):
        with suppress(ValueError):
            day = datetime.strptime(text, spelling).date()  # noqa: DTZ007
            # The first and the last one have no midnight in every zone.
            return day if date.min < day < date.max else None
    return None


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


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
