"""A pasted or uploaded list as a table for a spreadsheet: whom of it we know, and of every other line why not.

Between the two presses the list is kept for the person who brought it. Each line of it is one of the file.
"""

import csv
import io
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from django.utils import timezone

from contacts_ui import request_id
from contacts_ui.models import Upload
from contacts_ui.models.job import RowCategory
from contacts_ui.permissions import Staff, require
from contacts_ui.services import index
from contacts_ui.services.contact_export import (
    Export,
    Table,
    asked_for,
    begun,
    counted,
    headings_of,
)
from contacts_ui.services.files import keeping, tables
from contacts_ui.services.jobs import CannotMake, Source
from contacts_ui.services.spreadsheets import BOM, safe

Category = RowCategory
CHOICE: Final = "export"
FIRST: Final = ("As given", "Found")
# How many lines are looked up and sent at once.
CHUNK: Final = 2000
# Whose table it is: nobody is stopped or spared by an export, so there are four sorts of lines.
SORTS: Final = (Category.KNOWN, Category.UNKNOWN, Category.DUPLICATE, Category.INVALID)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list: whose number it is, and what is to be said where it is nobody's."""

    at: int
    typed: str
    number: str
    sort: RowCategory
    why: str = ""
    ids: tuple[int, ...] = ()

    @property
    def found(self) -> str:
        """What was found out about it, in words."""
        return f"{self.sort.label}: {self.why}" if self.why else str(self.sort.label)


@dataclass(frozen=True)
class Listed:
    """A list with every line looked up."""

    name: str
    notes: list[str]
    lines: list[Line]

    @cached_property
    def counts(self) -> Counter[RowCategory]:
        """How many lines there are of each sort."""
        return Counter(line.sort for line in self.lines)


def keep(*, staff: Staff, source: Source) -> Upload:
    """Keep a list until it is exported, a day at most. Raises NotAllowed, CannotMake."""
    require(staff, "export_contacts")
    if not index.is_ready():
        raise CannotMake("A list is exported from the local copy, which is not ready.")
    lines = [
        (each.line or at, [each.typed, each.number, each.problem])
        for at, each in enumerate(islice(source.candidates, tables.MOST_ROWS + 1), start=1)
    ]
    if not lines:
        raise CannotMake("There is nobody in it.")
    if len(lines) > tables.MOST_ROWS:
        raise CannotMake(f"More than {tables.MOST_ROWS:,} lines are too many at once. Split them.")
    table = tables.Table(["As given", "Number", "Problem"], lines, list(source.notes))
    return keeping.keep(staff=staff, name=source.words, table=table, choice=CHOICE)


def look_up(*, staff: Staff, pk: int) -> Listed:
    """A kept list, with every line looked up in the index as it is now. Raises NotAllowed, Upload.DoesNotExist."""
    require(staff, "export_contacts")
    upload = keeping.get(staff=staff, pk=pk, choices=[CHOICE])
    table = keeping.table_of(upload)
    return Listed(upload.file_name, table.notes, list(_looked_up(table.lines)))


def headings(columns: Sequence[str]) -> list[str]:
    """The headings of the file."""
    return [*FIRST, *headings_of(columns).values()]


def export(*, staff: Staff, listed: Listed, columns: Sequence[str], why: str) -> Export:
    """Export a list; the ledger has who, why, what was found and which columns before the first byte, and how many
    lines went out after the last one. Raises NotAllowed.
    """
    require(staff, "export_contacts")
    found = {str(sort.label): many for sort in SORTS if (many := listed.counts[sort])}
    filters = {"list": listed.name, **found}
    entry = begun(staff, why, filters=filters, columns=headings(columns), read_from="the index")
    made = counted(_chunks(listed.lines, columns), staff, entry, request_id.current())
    return Export(f"list-{timezone.localdate():%Y-%m-%d}.csv", made)


def _looked_up(lines: Iterable[tables.Line]) -> Iterator[Line]:
    first: dict[str, int] = {}
    left = iter(lines)
    while some := list(islice(left, CHUNK)):
        known = index.by_numbers(number for _, (_, number, _) in some if number)
        for at, (typed, number, problem) in some:
            if not number:
                yield Line(at, typed, "", Category.INVALID, problem)
            elif first.setdefault(number, at) != at:
                why = f"The same as line {first[number]}."
                yield Line(at, typed, number, Category.DUPLICATE, why)
            else:
                ids = tuple(each.contact.contact_id for each in known.get(number, ()))
                sort = Category.KNOWN if ids else Category.UNKNOWN
                yield Line(at, typed, number, sort, ids=ids)


def _chunks(lines: Iterable[Line], columns: Sequence[str]) -> Generator[tuple[str, int]]:
    """The file in parts, each with how many lines are in it."""
    keys = headings_of(columns)
    table, left = Table(keys), iter(lines)
    yield BOM + ",".join(headings(columns)) + "\r\n", 0
    while some := list(islice(left, CHUNK)):
        buffer = io.StringIO(newline="")
        csv.writer(buffer, lineterminator="\r\n").writerows(_cells(some, table, asked_for(keys)))
        yield buffer.getvalue(), len(some)


def _cells(lines: Sequence[Line], table: Table, asked: Sequence[str]) -> Iterator[list[str]]:
    """Each line as cells; of two people with one number each has a line."""
    rows = index.rows_of([each for line in lines for each in line.ids], asked)
    people = [(line, each) for line in lines for each in line.ids or (0,)]
    raws = [rows.get(each) or [_bare(line, key) for key in asked] for line, each in people]
    for (line, _), cells in zip(people, table.lines(raws), strict=True):
        told = cells if line.sort in (Category.KNOWN, Category.UNKNOWN) else [""] * len(cells)
        yield [safe(line.typed), line.found, *told]


def _bare(line: Line, key: str) -> str:
    """What an export shows of a number that nobody has."""
    return line.number if key == "number" else ""
