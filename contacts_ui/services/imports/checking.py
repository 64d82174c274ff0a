"""Every line of a file, checked before anything happens: what would be done, and each problem at its cell."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final
from zoneinfo import available_timezones

from django.utils import timezone

from contacts_ui.models import Wish
from contacts_ui.phone import is_us_or_canada
from contacts_ui.places import TIME_ZONES, state_code
from contacts_ui.services import index
from contacts_ui.services.editing import CUSTOM
from contacts_ui.services.imports import cells
from contacts_ui.services.imports.columns import DO_NOT_TEXT, FULL_NAME, NUMBER, STATUS, label_of
from contacts_ui.services.imports.tables import LONGEST_CELL, Table

LONGEST: Final = 200
LONGEST_CUSTOM: Final = 2000
LANGUAGES: Final = {
    "english": "en",
    "spanish": "es",
    "español": "es",
    "french": "fr",
    "français": "fr",
}

NO_NUMBER: Final = "There is no mobile number in this row."
MANGLED: Final = (
    "A spreadsheet has shortened this number, and its last digits are lost. "
    "Format the column as text there, and export it again."
)
NOT_A_NUMBER: Final = "This is not a phone number. It needs ten digits, as in (615) 555-0123."
ABROAD: Final = "SlickText takes only numbers of the US and Canada."
NEEDS_EVIDENCE: Final = (
    "Not imported: “subscribed” needs evidence. "
    "Nobody is subscribed by a file; a manager may do it with the evidence."
)
STOPS: Final = "A stop is recorded for this number, at both vendors."
ALREADY_STOPPED: Final = "This number is stopped here already, and stays so."
UNKNOWN_STATUS: Final = "Not imported: this status is no stop that we know."
_STOPS: Final = frozenset(
    {
        "unsubscribed",
        "unsubscribe",
        "stop",
        "stopped",
        "stopall",
        "optout",
        "optedout",
        "blocked",
        "donottext",
        "donotcontact",
        "dnc",
        "dnt",
        "cancel",
        "quit",
        "end",
        "cancelled",
        "canceled",
        "removed",
        "revoked",
    }
)
_YES: Final = frozenset(["yes", "y", "true", "t", "1", "x", "on"]) | _STOPS
_NO: Final = frozenset(
    ["no", "n", "false", "f", "0", "off", "nostoponrecord", "notsubscribed", "notknown"]
)
_SUBSCRIBED: Final = frozenset(
    {
        "subscribed",
        "subscribe",
        "optin",
        "optedin",
        "active",
        "confirmed",
        "yes",
        "y",
        "true",
        "1",
        "consented",
        "doubleoptin",
    }
)
_NEITHER: Final = frozenset(
    ["notsubscribed", "pending", "unknown", "none", "inactive", "nostatus", "new"]
)


class Choice(StrEnum):
    """What to do about people who are in SlickText already."""

    CREATE = "create"
    UPDATE = "update"
    ONLY_UPDATE = "only_update"


class Fate(StrEnum):
    """What will happen to a line."""

    CREATE = "create"
    UPDATE = "update"
    STOP = "stop"
    SKIP = "skip"
    SAME = "same"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one cell; a problem keeps the line out, a notice does not."""

    line: int
    column: str
    typed: str
    sentence: str
    is_problem: bool = True


@dataclass(slots=True)
class Checked:
    """One line of the file as it would be imported."""

    line: int
    typed: str
    number: str = ""
    values: dict[str, str] = field(default_factory=dict)
    stop: bool = False
    fate: Fate = Fate.INVALID
    why: str = ""
    contact_id: int | None = None
    name: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is done about it."""
        return self.fate in (Fate.CREATE, Fate.UPDATE, Fate.STOP)


@dataclass(frozen=True)
class Check:
    """All lines of a file, and everything to say about them."""

    lines: list[Checked]
    remarks: list[Remark]

    @property
    def counts(self) -> dict[Fate, int]:
        """How many lines meet each fate."""
        found = Counter(line.fate for line in self.lines)
        return {fate: found[fate] for fate in Fate}

    @property
    def acts(self) -> int:
        """How many lines something is done about."""
        return sum(line.acts for line in self.lines)

    @property
    def stops(self) -> int:
        """How many stops are recorded, whatever else is done."""
        return sum(line.stop for line in self.lines)

    @property
    def problems(self) -> int:
        """How many cells keep their line out."""
        return sum(remark.is_problem for remark in self.remarks)


def check(table: Table, mapping: Sequence[str], choice: Choice) -> Check:
    """Check every line; nothing is changed anywhere, and no vendor is asked."""
    checker = _Checker(table, mapping)
    lines = [checker.line(at, row) for at, row in table.lines]
    _find_twins(lines, checker)
    _find_known(lines, choice, checker)
    return Check(lines, sorted(checker.remarks, key=lambda remark: remark.line))


class _Checker:
    """Reads the lines of one file by its mapping, and collects what is to be said."""

    def __init__(self, table: Table, mapping: Sequence[str]) -> None:
        self.remarks: list[Remark] = []
        self._headings = table.headings
        self._columns = [(at, target) for at, target in enumerate(mapping) if target]
        self._zones = available_timezones()
        self.number_heading = next(
            (table.headings[at] for at, target in self._columns if target == NUMBER),
            "Mobile number",
        )

    def line(self, at: int, row: Sequence[str]) -> Checked:
        held = {
            target: (self._headings[column], row[column] if column < len(row) else "")
            for column, target in self._columns
        }
        heading, typed = held.pop(NUMBER, (self.number_heading, ""))
        checked = Checked(at, typed[:300])
        before = len(self.remarks)
        checked.number = self._number(at, heading, typed)
        self._too_many(at, row)
        checked.stop = self._stop(at, held) and bool(checked.number)
        for target, (heading, text) in held.items():
            if text and target not in (STATUS, DO_NOT_TEXT):
                self._value(checked, target, heading, text)
        self._zip(checked)
        names = (checked.values.get("first_name"), checked.values.get("last_name"))
        checked.name = " ".join(filter(None, names))
        problems = [remark for remark in self.remarks[before:] if remark.is_problem]
        checked.why = problems[0].sentence if problems else ""
        if not problems:
            checked.fate = Fate.CREATE
        elif checked.stop:
            # Whatever is wrong with the rest: who asked for no texts gets none.
            checked.fate, checked.values = Fate.STOP, {}
        return checked

    def say(self, at: int, column: str, typed: str, sentence: str, *, problem: bool = True) -> None:
        self.remarks.append(Remark(at, column, typed[:LONGEST], sentence, problem))

    def _number(self, at: int, heading: str, typed: str) -> str:
        if not typed:
            self.say(at, heading, typed, NO_NUMBER)
            return ""
        if cells.is_formula(typed) or typed in cells.ERRORS:
            self.say(at, heading, typed, _no_value(typed))
            return ""
        number = cells.number_of(typed)
        if not number:
            self.say(at, heading, typed, MANGLED if cells.digits_are_lost(typed) else NOT_A_NUMBER)
            return ""
        if not is_us_or_canada(number):
            self.say(at, heading, typed, ABROAD)
            return ""
        return number

    def _too_many(self, at: int, row: Sequence[str]) -> None:
        more = [cell for cell in row[len(self._headings) :] if cell]
        if more:
            self.say(
                at,
                "",
                more[0],
                f"This row has {len(row)} cells, but there are {len(self._headings)} headings: a separator too many?",
            )

    def _stop(self, at: int, held: dict[str, tuple[str, str]]) -> bool:
        stop = False
        for target, stops in ((STATUS, _STOPS), (DO_NOT_TEXT, _YES)):
            heading, text = held.get(target, ("", ""))
            word = "".join(letter for letter in text.casefold() if letter.isalnum())
            if not word:
                continue
            if word in stops:
                stop = True
                self.say(at, heading, text, STOPS, problem=False)
            elif target == STATUS and word in _SUBSCRIBED:
                self.say(at, heading, text, NEEDS_EVIDENCE, problem=False)
            elif word not in (_NEITHER if target == STATUS else _NO):
                self.say(at, heading, text, UNKNOWN_STATUS, problem=False)
        return stop

    def _value(self, checked: Checked, target: str, heading: str, text: str) -> None:
        problem = ""
        if cells.is_formula(text) or text in cells.ERRORS:
            problem = _no_value(text)
        longest = LONGEST_CUSTOM if target.startswith(CUSTOM) else LONGEST
        if not problem and len(text) > longest:
            long = f"more than {LONGEST_CELL}" if len(text) > LONGEST_CELL else str(len(text))
            problem = f"This is too long: {long} characters, and {longest} are the most."
        if not problem and target == FULL_NAME:
            checked.values = {**_two_names(text), **checked.values}
            return
        value = text
        if not problem and (read := _READERS.get(target)):
            value, problem = read(text)
        if target == "timezone" and not problem and value not in self._zones:
            problem = "This is no time zone, as in America/Chicago or Central."
        if problem:
            self.say(checked.line, heading or label_of(target), text, problem)
        else:
            checked.values[target] = value

    def _zip(self, checked: Checked) -> None:
        """Spreadsheets take the zero in front of 02116 for nothing."""
        code, country = checked.values.get("zip", ""), checked.values.get("country", "")
        at_home = country.casefold().replace(".", "") in ("", "us", "usa", "united states")
        if at_home and code.isascii() and code.isdigit() and len(code) in (3, 4):
            checked.values["zip"] = code.zfill(5)
            self.say(
                checked.line,
                "Zip",
                code,
                f"Imported as {code.zfill(5)}: a spreadsheet had dropped the zero in front.",
                problem=False,
            )


def _find_twins(lines: Sequence[Checked], checker: _Checker) -> None:
    """The first line of a number counts; a stop in any of them counts for it."""
    first: dict[str, Checked] = {}
    for line in lines:
        if not line.number or line.fate is Fate.INVALID:
            continue
        one = first.setdefault(line.number, line)
        if one is line:
            continue
        if one.fate is Fate.STOP and line.fate is Fate.CREATE:
            # The first is imported as a stop alone, so this one is the person.
            line.stop, one.stop = True, False
            one.fate, one.why = Fate.SAME, f"The same number as row {line.line}."
            first[line.number] = line
            continue
        one.stop = one.stop or line.stop
        line.stop, line.fate, line.why = False, Fate.SAME, f"The same number as row {one.line}."
        checker.say(line.line, checker.number_heading, line.typed, line.why, problem=False)


def _find_known(lines: Sequence[Checked], choice: Choice, checker: _Checker) -> None:
    """Who is in SlickText already, by the index, and what the choice makes of that."""
    numbers = [line.number for line in lines if line.fate in (Fate.CREATE, Fate.STOP)]
    ready = index.is_ready()
    known = index.by_numbers(numbers) if ready else {}
    stopped = set(_stopped(numbers))
    for line in lines:
        if line.number in stopped and line.fate is not Fate.SAME:
            if line.stop or line.fate is Fate.CREATE:
                checker.say(
                    line.line, checker.number_heading, line.typed, ALREADY_STOPPED, problem=False
                )
            line.stop = False
            if line.fate is Fate.STOP:
                line.fate = Fate.INVALID
        if line.fate is not Fate.CREATE:
            continue
        if found := known.get(line.number):
            line.contact_id = found[0].contact.contact_id
            line.name = line.name or found[0].contact.name
            line.fate = Fate.SKIP if choice == Choice.CREATE else Fate.UPDATE
            line.why = "In SlickText already; left as it is there."
        elif choice == Choice.ONLY_UPDATE:
            line.fate = Fate.SKIP if ready else Fate.UPDATE
            line.why = "Not in SlickText, and you chose to create nobody."
        if line.fate is Fate.SKIP and line.stop:
            line.fate, line.values = Fate.STOP, {}


def _stopped(numbers: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(numbers), 500):
        wishes = Wish.objects.filter(number__in=numbers[start : start + 500], do_not_text=True)
        yield from wishes.values_list("number", flat=True)


def _no_value(text: str) -> str:
    if text in cells.ERRORS:
        return "The spreadsheet shows an error here instead of a value."
    return "This is a formula without its result. Save the file with values instead of formulas."


def _two_names(text: str) -> dict[str, str]:
    """First and last name of "Marty McFly" or "McFly, Marty"."""
    last, comma, first = text.partition(",")
    if not comma:
        first, _, last = text.rpartition(" ")
        first, last = (first, last) if first else (last, "")
    names = {"first_name": first.strip(), "last_name": last.strip()}
    return {name: part for name, part in names.items() if part}


def _email(text: str) -> tuple[str, str]:
    bare = text.removeprefix("mailto:").strip("<>")
    good = cells.looks_like_email(bare) and ".." not in bare
    return bare, "" if good else "This is not an email address, as in name@example.com."


def _state(text: str) -> tuple[str, str]:
    code = state_code(text.rstrip("."))
    return code or "", "" if code else "This is not a state or province, as in TN or Tennessee."


def _birthdate(text: str) -> tuple[str, str]:
    day = cells.day_of(text)
    if day is None:
        return "", "This is not a day, as in 1968-06-12 or 6/12/1968 (month first)."
    if not date(1900, 1, 1) <= day <= timezone.localdate():
        return "", "Nobody who gets texts was born on this day."
    return day.isoformat(), ""


def _zip_code(text: str) -> tuple[str, str]:
    return cells.whole(text), ""


def _language(text: str) -> tuple[str, str]:
    return LANGUAGES.get(text.casefold(), text), ""


def _timezone(text: str) -> tuple[str, str]:
    word = text.casefold().removesuffix(" time").removesuffix(" standard")
    names = {label.casefold(): zone for zone, label in TIME_ZONES.items()}
    return names.get(word, text), ""


_READERS: Final[dict[str, Callable[[str], tuple[str, str]]]] = {
    "email": _email,
    "state": _state,
    "birthdate": _birthdate,
    "zip": _zip_code,
    "language": _language,
    "timezone": _timezone,
}
