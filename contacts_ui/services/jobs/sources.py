"""Where the rows of a job come from: ticked rows, all that match a view, a pasted list, a file with numbers in it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from contacts_ui.integrations.errors import VendorError
from contacts_ui.integrations.types import Contact
from contacts_ui.models import Disagreement
from contacts_ui.phone import MANGLED, SEVERAL, holds_numbers
from contacts_ui.services import files, index
from contacts_ui.services.consent import desired_state
from contacts_ui.services.consent.phone_numbers import number_of_contact
from contacts_ui.services.contacts.reading import read
from contacts_ui.services.files.cells import read_number, tidy
from contacts_ui.services.files.columns import NUMBER, NumberColumns, number_columns
from contacts_ui.services.files.days import Order, moment_of
from contacts_ui.services.files.table import FILE_MAX_ROWS, Table, padded
from contacts_ui.services.index import IndexQuery
from contacts_ui.services.jobs import evidence

# Without an index, ticked rows are read one by one. More would use up the calls of other people.
LIVE_READS_MAX: Final = 100
TYPED_MAX_CHARACTERS: Final = 300
# "12. " before a line.
_PLACE_IN_LIST: Final = re.compile(r"\s*\d{1,5}[.)]\s+")
_TYPO_MIN_DIGITS: Final = 7
_ZIP: Final = re.compile(r"\d{5}-\d{4}")

EMPTY: Final = "This line has no number."
WHO_IS_IT: Final = "We could not find this contact. Open the list and select them again."
UNREADABLE_NUMBER: Final = "SlickText has no readable number for them."


class CannotCreate(Exception):
    """No job was prepared. `sentence` says why, for the screen."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


@dataclass(frozen=True)
class Candidate:
    """One line of a source: a number, the contact if known, or what is wrong with the line.

    `line` is its row in the file, 0 without a file.
    """

    typed: str
    number: str = ""
    contact: Contact | None = None
    read_at: datetime | None = None
    problem: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    line: int = 0
    # What is next to the number and about texts.
    said: str = ""


@dataclass(frozen=True)
class Source:
    """Who a job is about: where they come from in words, the lines, and notes about the reading."""

    words: str
    candidates: Iterable[Candidate]
    notes: tuple[str, ...] = ()


def from_ids(ids: Iterable[int]) -> Iterator[Candidate]:
    """Yield the ticked contacts from the index; those it does not have are read from SlickText."""
    wanted = list(dict.fromkeys(ids))
    known = index.by_ids(wanted)
    asked = 0
    for contact_id in wanted:
        if found := known.get(contact_id):
            yield _of_contact(found.contact, found.read_at)
            continue
        asked += 1
        try:
            reading = read(contact_id) if asked <= LIVE_READS_MAX else None
        except VendorError:
            reading = None
        if reading:
            yield _of_contact(reading.contact, reading.as_of)
        else:
            # With the number in our record, if any.
            number = number_of_contact(contact_id)
            problem = "" if number else WHO_IS_IT
            yield Candidate(number or f"id {contact_id}", number, problem=problem)


def from_view(question: IndexQuery) -> Iterator[Candidate]:
    """Yield everyone who matches a view of the table, from the index."""
    return (
        _of_contact(found.contact, found.read_at) for found in index.matching_contacts(question)
    )


def from_untold() -> Source:
    """Return the numbers stopped on record of which a connected vendor was never told."""
    numbers = desired_state.untold().values_list("number", flat=True)
    many = numbers.count()
    notes = ["They are already stopped here. This job tells each vendor that was not told."]
    if many > FILE_MAX_ROWS:
        notes.append(
            f"These are the first {FILE_MAX_ROWS:,} of {many:,}. The rest need another job."
        )
    candidates = (Candidate(number, number) for number in numbers[:FILE_MAX_ROWS].iterator())
    return Source("Stops on record that a vendor was not told about", candidates, tuple(notes))


def from_disagreements(keys: Iterable[int]) -> Source:
    """Return open disagreements, by their keys."""
    rows = Disagreement.objects.filter(pk__in=list(keys), closed_at=None).order_by("pk")
    candidates = (
        Candidate(row.label or row.number, row.number, data={"disagreement": row.pk})
        for row in rows
    )
    return Source("Disagreements", candidates)


def untold_count() -> int:
    """Return how many stops on record were never sent to some connected vendor."""
    return desired_state.untold().count()


def from_text(text: str) -> Iterator[Candidate]:
    """Yield the numbers of a pasted list: one a line, or with commas, semicolons or tabs between them.

    Raises CannotCreate.
    """
    lines = text.splitlines()
    # Refused before any row is written.
    if sum(map(bool, map(str.strip, lines))) > FILE_MAX_ROWS:
        raise CannotCreate(
            f"More than {FILE_MAX_ROWS:,} lines are too many at once. Split the list."
        )
    for line in lines:
        cells = [cell for cell in re.split(r"[,;\t]", line) if cell.strip(" \"'")]
        if not cells:
            continue
        whole = _of_cell(line)
        if not whole.number and (place := _PLACE_IN_LIST.match(line)):
            bare = _of_cell(line[place.end() :])
            whole = bare if bare.number else whole
        if whole.number:
            yield whole
            continue
        read = [_of_cell(cell) for cell in cells]
        many = any(each.number for each in read)
        yield from [each for each in read if _counts(each, beside_numbers=many)] or [whole]


def _counts(found: Candidate, *, beside_numbers: bool) -> bool:
    """Return True for a number; next to other numbers also for a typo, so that it is not dropped silently."""
    if found.number or found.problem in (MANGLED, SEVERAL):
        return True
    text = found.typed.strip()
    digits = sum(map(str.isdigit, text))
    is_other = _ZIP.fullmatch(text) or moment_of(text) or moment_of(text, Order.DAY_FIRST)
    is_typo = digits >= _TYPO_MIN_DIGITS and digits * 2 >= len(text) and not is_other
    return beside_numbers and is_typo


def from_file(name: str, content: bytes, *, leave_hidden: bool = False) -> Source:
    """Return the numbers of a CSV file or a workbook: each row's mobile one. Raises Unreadable, CannotCreate.

    `leave_hidden` leaves out the rows that a filter hides in the spreadsheet.
    """
    table = _table(content, leave_hidden=leave_hidden)
    mapping = number_columns(table)
    columns = NumberColumns(table.headings, mapping)
    if columns.first is None:
        raise CannotCreate("No column of this file has readable phone numbers.")
    words = f"The file {name}"
    filled = [cell for _, cells in table.lines for cell in cells if cell]
    if (
        len(filled) > len(table.lines)
        and not table.has_headings
        and all(map(holds_numbers, filled))
    ):
        # Only numbers, several in a line: a list, not a table of which one column counts.
        return Source(words, map(_of_cell, filled), tuple(table.notes))
    notes = table.notes
    if len(table.headings) > 1:
        named = [table.headings[at] for at, target in enumerate(mapping) if target == NUMBER]
        columns_read = f"the column “{named[0]}”"
        if len(named) > 1:
            listed = ", ".join(f"“{each}”" for each in named)
            columns_read = f"the columns {listed}; if a row has several, the mobile number is used"
        notes = [*notes, f"Numbers are read from {columns_read}."]
    rows = ((at, padded(row, len(table.headings))) for at, row in table.lines)
    return Source(words, (_of_row(columns, cells, at) for at, cells in rows), tuple(notes))


def _table(content: bytes, *, leave_hidden: bool) -> Table:
    table = files.read(content)
    if not table.hidden_rows:
        return table
    notes = [*table.notes, table.hidden_words]
    if not leave_hidden:
        return replace(table, notes=notes)
    hidden = set(table.hidden_rows)
    lines = [(at, cells) for at, cells in table.lines if at not in hidden]
    if not lines:
        raise CannotCreate("Every row of this file is hidden in the spreadsheet.")
    return replace(table, lines=lines, notes=[*notes, "They are left out, as you chose."])


def _of_row(columns: NumberColumns, cells: Sequence[str], line: int) -> Candidate:
    """Return the number of a row: the first that can be read."""
    found = [_of_cell(cells[at], line) for at in columns.ranked(cells)]
    readable = (each for each in found if each.number)
    return next(readable, found[0] if found else _of_cell("", line))


def lifts_from_file(name: str, content: bytes, *, leave_hidden: bool = False) -> Source:
    """Return the numbers of a file with the evidence of consent in each row. Raises Unreadable, CannotCreate."""
    table = _table(content, leave_hidden=leave_hidden)
    columns = NumberColumns(table.headings, number_columns(table))
    places = evidence.places(table.headings)
    if columns.first is None or len(places) < len(evidence.COLUMNS):
        raise CannotCreate(evidence.NEEDED)
    rows = ((at, padded(row, len(table.headings))) for at, row in table.lines)

    def lifts() -> Iterator[Candidate]:
        for at, cells in rows:
            found, (kept, problem) = _of_row(columns, cells, at), evidence.read(cells, places)
            if found.said:
                problem = (
                    f"“{found.said}” is written next to this number. Only consent lifts a stop."
                )
            yield replace(found, data={"evidence": kept}, problem=found.problem or problem)

    return Source(f"The file {name}", lifts(), tuple(table.notes))


def _of_contact(contact: Contact, read_at: datetime) -> Candidate:
    number = contact.number or ""
    typed = contact.mobile_number or contact.name or f"id {contact.contact_id}"
    problem = "" if number else UNREADABLE_NUMBER
    return Candidate(typed[:TYPED_MAX_CHARACTERS], number, contact, read_at, problem)


def _of_cell(text: str, line: int = 0) -> Candidate:
    typed = " ".join(text.replace("\0", "").split())[:TYPED_MAX_CHARACTERS]
    bare = tidy(typed).strip(" \"'")
    if not bare:
        return Candidate(typed, problem=EMPTY, line=line)
    number, problem, said = read_number(bare)
    return Candidate(typed, number, problem=problem, line=line, said=said)
