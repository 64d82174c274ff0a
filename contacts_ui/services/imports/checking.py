"""Every line of a file, checked before anything happens: what would be done, and each problem at its cell."""

from collections.abc import Iterator, Sequence
from typing import Final

from contacts_ui.models import Wish
from contacts_ui.phone import is_us_or_canada
from contacts_ui.services import index
from contacts_ui.services.files import cells
from contacts_ui.services.files.columns import DO_NOT_TEXT, NUMBER, STATUS, label_of
from contacts_ui.services.files.tables import Table
from contacts_ui.services.imports import values
from contacts_ui.services.imports.checks import Check, Checked, Choice, Fate, Remark

NO_NUMBER: Final = "There is no mobile number in this row."
ABROAD: Final = "SlickText takes only numbers of the US and Canada."
ALREADY_STOPPED: Final = "This number is stopped here already, and stays so."


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
        self.remarks.append(Remark(at, column, typed[: values.LONGEST], sentence, problem))

    def _number(self, at: int, heading: str, typed: str) -> str:
        if not typed:
            self.say(at, heading, typed, NO_NUMBER)
            return ""
        number, problem = cells.read_number(typed)
        if number and not is_us_or_canada(number):
            number, problem = "", ABROAD
        if problem:
            self.say(at, heading, typed, problem)
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
        for target in (STATUS, DO_NOT_TEXT):
            heading, text = held.get(target, ("", ""))
            stops, sentence = values.stop_said(target, text)
            stop = stop or stops
            if sentence:
                self.say(at, heading, text, sentence, problem=False)
        return stop

    def _value(self, checked: Checked, target: str, heading: str, text: str) -> None:
        found, problem = values.read(target, text)
        if problem:
            self.say(checked.line, heading or label_of(target), text, problem)
        # A column of its own for a part of the name says it better than the whole name.
        checked.values = (
            {**checked.values, **found} if target in found else {**found, **checked.values}
        )

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
