"""Check every line of a file before anything happens, and say what the job will do with it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Final

from contacts_ui.contact_fields import editable_values
from contacts_ui.phone import is_us_or_canada
from contacts_ui.services import index
from contacts_ui.services.consent.record import answered_stops, newest_stops, stops_told
from contacts_ui.services.consent.rules import Said, is_later
from contacts_ui.services.files import opt_outs
from contacts_ui.services.files.cells import read_number, tidy
from contacts_ui.services.files.columns import NUMBER, REPEATABLE, NumberColumns, label_of
from contacts_ui.services.files.days import Order
from contacts_ui.services.files.headings import is_about_stops
from contacts_ui.services.files.opt_outs import ABOUT_TEXTS, DO_NOT_CALL, DO_NOT_TEXT, Says
from contacts_ui.services.files.table import Table, column_letters, padded
from contacts_ui.services.imports import questions, values
from contacts_ui.services.imports.questions import Mark, Question
from contacts_ui.services.jobs.row_handlers import SAME

NO_NUMBER: Final = "This row has no mobile number."
ABROAD: Final = "SlickText accepts only US and Canadian numbers."
ALREADY_STOPPED: Final = "This number is already stopped here and stays stopped."
STOPPED_AGAIN: Final = (
    "This number is already stopped. The later stop of the file will be recorded."
)
STOPS: Final = "A stop will be recorded for this number and sent to both vendors."
LOST_STOP: Final = "The file says no texts here, but no stop can be recorded."
OUTDATED: Final = (
    "The stop will be recorded, but newer consent is on record, so texts stay allowed."
)
NEEDS_EVIDENCE: Final = (
    "Not imported: “subscribed” needs evidence. "
    "Importing never opts anyone in. A manager can do it with the evidence."
)
LEFT: Final = "Already in SlickText. Not changed."
NOT_CREATED: Final = "Not in SlickText, and you chose not to create contacts."
HIDDEN: Final = "Hidden in the spreadsheet, and you chose to leave hidden rows out."


class Choice(StrEnum):
    """What to do about contacts already in SlickText."""

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
    LEFT_OUT = "left_out"
    INVALID = "invalid"


class Weight(IntEnum):
    """How much a remark matters; the page lists the most important first."""

    LOST_STOP = 0
    KEPT_OUT = 1
    LEFT_EMPTY = 2
    STOP = 3
    NOTICE = 4


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark about one cell."""

    line: int
    column: str
    typed: str
    sentence: str
    weight: Weight

    @property
    def keeps_out(self) -> bool:
        """Return True if the row is left out because of this."""
        return self.weight <= Weight.KEPT_OUT


@dataclass(slots=True)
class Checked:
    """One line of the file as it would be imported.

    `values` are what SlickText would get, by field; `cells` are the same as they stand in the file. `said` is the
    file's own time of its stop, None without one.
    """

    line: int
    typed: str
    number: str = ""
    number_column: str = ""
    values: dict[str, str] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    stop: bool = False
    said: Said | None = None
    fate: Fate = Fate.INVALID
    why: str = ""
    contact_id: int | None = None
    name: str = ""

    @property
    def acts(self) -> bool:
        """Return True if something is done about it."""
        return self.fate in (Fate.CREATE, Fate.UPDATE, Fate.STOP)


@dataclass(frozen=True)
class Check:
    """All lines of a file, the remarks and questions about them, and the table as it was read."""

    lines: list[Checked]
    remarks: list[Remark]
    questions: list[Question] = field(default_factory=list)
    table: Table = field(default_factory=lambda: Table([], [], []))

    @cached_property
    def counts(self) -> dict[Fate, int]:
        """Return the number of lines of each fate."""
        found = Counter(line.fate for line in self.lines)
        return {fate: found[fate] for fate in Fate}

    @cached_property
    def acts(self) -> int:
        """Return the number of lines that are not left out."""
        return sum(line.acts for line in self.lines)

    @cached_property
    def stops(self) -> int:
        """Return the number of stops that will be recorded."""
        return sum(line.stop for line in self.lines)

    @cached_property
    def weights(self) -> dict[Weight, int]:
        """Return the number of remarks of each weight."""
        found = Counter(remark.weight for remark in self.remarks)
        return {weight: found[weight] for weight in Weight}

    @property
    def open(self) -> list[Question]:
        """Return the questions that must be answered first."""
        return [question for question in self.questions if question.is_open]


def check(
    table: Table,
    mapping: Sequence[str],
    choice: Choice,
    answers: Mapping[str, str] | None = None,
    file_name: str = "",
) -> Check:
    """Check every line with the person's `answers`, by the keys of the questions.

    A file name that names stops makes a question. Nothing is changed, and no vendor is asked.
    """
    answers = answers or {}
    mapping, columns = questions.about_columns(table, mapping, answers)
    orders, days = questions.about_orders(table, mapping, answers)
    hidden = list(questions.about_hidden_rows(table, answers))
    checker = _Checker(table, mapping, orders, answers, file_name)
    lines = [checker.line(at, row) for at, row in table.lines]
    if hidden and hidden[0].answer == questions.LEAVE:
        # With all remarks about them.
        rows = set(table.hidden_rows)
        for line in lines:
            if line.line in rows:
                line.fate, line.why, line.stop, line.marks = Fate.LEFT_OUT, HIDDEN, False, []
        checker.remarks = [remark for remark in checker.remarks if remark.line not in rows]
    marks = (mark for line in lines for mark in line.marks)
    about_marks = list(questions.about_marks(marks, answers))
    _find_twins(lines, checker)
    _find_known(lines, choice, checker)
    remarks = sorted(checker.remarks, key=lambda remark: (remark.weight, remark.line))
    return Check(lines, remarks, [*columns, *about_marks, *hidden, *days], table)


class _Checker:
    """Reads the lines of one file by its mapping, and collects remarks."""

    def __init__(
        self,
        table: Table,
        mapping: Sequence[str],
        orders: Mapping[int, Order],
        answers: Mapping[str, str],
        file_name: str,
    ) -> None:
        self.remarks: list[Remark] = []
        self._headings, self._orders, self._answers = table.headings, orders, answers
        self._width = len(table.headings)
        self._fields = [
            (at, target) for at, target in enumerate(mapping) if target and target not in REPEATABLE
        ]
        self._stops = [(at, target) for at, target in enumerate(mapping) if target in ABOUT_TEXTS]
        self._numbers = NumberColumns(table.headings, mapping)
        names = [] if self._stops else [*table.titles, table.sheet, file_name]
        # "SMS Suppression List" above the headings, "Opt-outs" as the sheet: then each number may be a stop.
        self._list_of_stops = next(filter(is_about_stops, names), "")

    def line(self, at: int, row: Sequence[str]) -> Checked:
        """Read one row: its number, what it says about texts, and the fields of the person."""
        cells = padded(row, self._width)
        checked = Checked(at, "")
        problem = self._number(checked, cells)
        self._marks(checked, cells)
        for behind, typed in enumerate(row[self._width :], self._width):
            # An extra separator may have moved a stop behind the last heading.
            if typed and opt_outs.read(DO_NOT_TEXT, typed).says is Says.STOP:
                key = questions.of_value("behind", typed)
                checked.marks.append(Mark(f"Column {column_letters(behind)}", typed, key))
        self._decide(checked)
        if checked.number:
            checked.fate = Fate.CREATE
            self._values(checked, row, cells)
        else:
            is_lost = checked.stop
            checked.why, checked.stop = f"{LOST_STOP} {problem}" if is_lost else problem, False
            weight = Weight.LOST_STOP if is_lost else Weight.KEPT_OUT
            self.say(checked, (checked.number_column, checked.typed), checked.why, weight)
        return checked

    def say(
        self, line: Checked, cell: Mark | tuple[str, str], sentence: str, weight: Weight
    ) -> None:
        """Add a remark about a cell, given by its column and what was typed."""
        column, typed = (cell.column, cell.typed) if isinstance(cell, Mark) else cell
        self.remarks.append(
            Remark(line.line, column, typed[: values.VALUE_MAX_CHARACTERS], sentence, weight)
        )

    def _number(self, checked: Checked, cells: Sequence[str]) -> str:
        """Take the row's mobile number, else another that may get texts; return the problem if there is none."""
        problem = NO_NUMBER
        for at in self._numbers.ranked(cells):
            heading, typed = self._headings[at], cells[at]
            read = read_number(typed)
            number = read.number
            if checked.number:
                # Words next to another of their numbers may be meant for all of them.
                if read.said:
                    key = questions.of_value("other number", read.said)
                    checked.marks.append(Mark(heading, typed, key))
                continue
            if not checked.typed:
                checked.typed, checked.number_column = typed[:300], heading
                problem = read.problem or ABROAD
            if read.said:
                says = opt_outs.of_words(read.said)
                key = "" if says is Says.STOP else questions.of_value("number", read.said)
                checked.marks.append(Mark(heading, typed, key))
            elif name := heading if is_about_stops(heading) else self._list_of_stops:
                # "Opted Out Numbers": one question for the whole column.
                checked.marks.append(Mark(name, typed, questions.of_value("number", name)))
            if number and is_us_or_canada(number):
                checked.typed, checked.number_column, checked.number = typed[:300], heading, number
        if not checked.number_column:
            first = self._numbers.first
            checked.number_column = label_of(NUMBER) if first is None else self._headings[first]
        return problem

    def _marks(self, checked: Checked, cells: Sequence[str]) -> None:
        """Collect what the row says about texts."""
        calls = []
        for at, target in self._stops:
            heading, typed = self._headings[at], cells[at]
            says, earliest, latest = opt_outs.read(
                target, typed, self._orders.get(at, Order.MONTH_FIRST)
            )
            if says is Says.CONSENT:
                self.say(checked, (heading, typed), NEEDS_EVIDENCE, Weight.NOTICE)
            elif says is Says.NOTHING:
                continue
            elif target == DO_NOT_CALL:
                calls.append(Mark(heading, typed, questions.of_calls(at), earliest, latest))
            else:
                key = "" if says is Says.STOP else questions.of_value(str(at), typed)
                checked.marks.append(Mark(heading, typed, key, earliest, latest))
        if all(mark.question for mark in checked.marks):
            # Next to a stop of texts they add nothing.
            checked.marks += calls

    def _decide(self, checked: Checked) -> None:
        """Decide whether the row is a stop, and when it was said if the file says so."""
        stops = [
            mark
            for mark in checked.marks
            if not mark.question
            or questions.answer_to(mark.question, self._answers) == questions.STOP
        ]
        checked.stop = bool(stops)
        if latest := [(mark.latest, mark.earliest) for mark in stops if mark.latest]:
            last, first = max(latest, key=lambda each: each[0])
            checked.said = Said(first, last)

    def _values(self, checked: Checked, row: Sequence[str], cells: Sequence[str]) -> None:
        if more := [cell for cell in row[self._width :] if cell]:
            sentence = (
                f"This row has {len(row)} cells, but there are {self._width} headings: an extra separator? "
                "Only its number and what it says about texts are used."
            )
            self.say(checked, ("", more[0]), sentence, Weight.LEFT_EMPTY)
            return
        for at, target in self._fields:
            typed = cells[at]
            if not typed:
                continue
            checked.cells[target] = typed
            found, sentence = values.read(target, typed, self._orders.get(at, Order.MONTH_FIRST))
            if sentence:
                weight = Weight.NOTICE if found else Weight.LEFT_EMPTY
                self.say(checked, (self._headings[at], typed), sentence, weight)
            # A separate column for a part of the name counts more than the full name.
            checked.values = (
                {**checked.values, **found} if target in found else {**found, **checked.values}
            )
        if code := checked.values.get("zip"):
            # Put back the leading zero that spreadsheets drop from 02116.
            country, state = checked.values.get("country", ""), checked.values.get("state", "")
            checked.values["zip"], sentence = values.zip_code(code, country, state)
            if sentence:
                self.say(checked, (label_of("zip"), code), sentence, Weight.NOTICE)
        names = (checked.values.get("first_name"), checked.values.get("last_name"))
        checked.name = " ".join(filter(None, names))


def _find_twins(lines: Sequence[Checked], checker: _Checker) -> None:
    """Mark lines with the number of an earlier one. The first counts, with a stop from any of them."""
    first: dict[str, Checked] = {}
    for line in lines:
        if line.fate is not Fate.CREATE:
            continue
        one = first.setdefault(line.number, line)
        if one is line:
            continue
        if line.stop:
            # The later of two stops counts; without a time (until it was heard) it is the latest.
            if not one.stop or line.said is None:
                one.said = line.said
            elif one.said is not None:
                one.said = max(one.said, line.said, key=lambda said: said.latest)
            one.stop = True
        line.stop, line.fate, line.why = False, Fate.SAME, f"The same number as row {one.line}."
        checker.say(line, (line.number_column, line.typed), line.why, Weight.NOTICE)


def _find_known(lines: Sequence[Checked], choice: Choice, checker: _Checker) -> None:
    """Decide the fate of each line by the contacts in SlickText, the person's choice, and the consent record."""
    numbers = [line.number for line in lines if line.fate is Fate.CREATE]
    ready = index.is_ready()
    known = index.by_numbers(numbers) if ready else {}
    stopped = stops_told(numbers)
    newest = newest_stops(list(stopped))
    outdated = answered_stops({line.number: line.said for line in lines if line.stop and line.said})
    for line in lines:
        if line.fate is not Fate.CREATE:
            continue
        cell = line.marks[0] if line.marks else (line.number_column, line.typed)
        # Without a time it is what we hold already, as in a list that we exported (rule 10).
        later = line.said is not None and is_later(line.said, newest.get(line.number))
        if line.number in stopped and not later:
            line.stop = False
            checker.say(line, cell, ALREADY_STOPPED, Weight.NOTICE)
        elif line.stop:
            again = STOPPED_AGAIN if line.number in stopped else STOPS
            sentence = OUTDATED if line.number in outdated else again
            checker.say(line, cell, sentence, Weight.STOP)
        if found := known.get(line.number):
            contact = found[0].contact
            line.contact_id, line.name = contact.contact_id, line.name or contact.name
            now = editable_values(contact)
            same = all(
                text == now.get(name, "") or line.cells.get(name) == tidy(now.get(name, ""))
                for name, text in line.values.items()
            )
            line.why = SAME if same else LEFT
            line.fate = Fate.SKIP if same or choice == Choice.CREATE else Fate.UPDATE
        elif choice == Choice.ONLY_UPDATE:
            line.fate, line.why = (Fate.SKIP if ready else Fate.UPDATE), NOT_CREATED
        if line.fate is Fate.SKIP and line.stop:
            line.fate, line.values = Fate.STOP, {}
