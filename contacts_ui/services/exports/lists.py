"""Export a pasted or uploaded list: the contact of each line, or why there is none.

The list is stored between its upload and the export. Only the person who uploaded it sees it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from django.utils import timezone

from contacts_ui.models import Upload
from contacts_ui.models.job import RowCategory
from contacts_ui.permissions import Staff, require
from contacts_ui.services import index
from contacts_ui.services.exports.contacts import (
    NUMBERS,
    Table,
    counted,
    headings_of,
    index_columns,
    record_start,
)
from contacts_ui.services.files.table import FILE_MAX_ROWS
from contacts_ui.services.files.table import Table as FileTable
from contacts_ui.services.files.writing import BLOCK_ROWS, Block, Download, Format, parts_of
from contacts_ui.services.jobs.sources import CannotCreate, Source

Category = RowCategory
CHOICE: Final = "export"
FIRST_HEADINGS: Final = ("As given", "Found")
# The categories of a job that an export needs.
SORTS: Final = (Category.KNOWN, Category.UNKNOWN, Category.DUPLICATE, Category.INVALID)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list: its number, and the ids of its contacts or why there are none."""

    at: int
    typed: str
    number: str
    sort: RowCategory
    why: str = ""
    ids: tuple[int, ...] = ()

    @property
    def found(self) -> str:
        """Return what was found, in words."""
        return f"{self.sort.label}: {self.why}" if self.why else str(self.sort.label)


@dataclass(frozen=True)
class Listed:
    """A list with every line looked up."""

    name: str
    notes: list[str]
    lines: list[Line]

    @cached_property
    def counts(self) -> Counter[RowCategory]:
        """Return how many lines there are of each sort."""
        return Counter(line.sort for line in self.lines)


def store(*, staff: Staff, source: Source) -> Upload:
    """Store a list until it is exported, a day at most. Raises NotAllowed, CannotCreate."""
    require(staff, "export_contacts")
    if not index.is_ready():
        raise CannotCreate("A list is exported from the local copy, which is not ready yet.")
    lines = [
        (each.line or at, [each.typed, each.number, each.problem])
        for at, each in enumerate(islice(source.candidates, FILE_MAX_ROWS + 1), start=1)
    ]
    if not lines:
        raise CannotCreate("This list has no numbers.")
    if len(lines) > FILE_MAX_ROWS:
        raise CannotCreate(f"A list can have up to {FILE_MAX_ROWS:,} lines. Split this one.")
    table = FileTable(["As given", "Number", "Problem"], lines, list(source.notes))
    return Upload.objects.create(
        staff_id=staff.pk,
        file_name=source.words[-200:],
        uploaded_at=timezone.now(),
        table=table.packed(),
        rows=len(table.lines),
        choice=CHOICE,
    )


def look_up(*, staff: Staff, pk: int) -> Listed:
    """Return a stored list with each line looked up in the index. Raises NotAllowed, Upload.DoesNotExist."""
    require(staff, "export_contacts")
    upload = Upload.of(staff.pk, pk, [CHOICE])
    table = FileTable.unpacked(upload.table)
    return Listed(upload.file_name, table.notes, list(_looked_up(table.lines)))


def headings(columns: Sequence[str]) -> list[str]:
    """Return the headings of the file."""
    return [*FIRST_HEADINGS, *headings_of(columns).values()]


def export(
    *, staff: Staff, listed: Listed, columns: Sequence[str], why: str, kind: Format = Format.CSV
) -> Download:
    """Export a list. The audit log has who, why, what was found, columns and format before the first byte, and the
    number of lines after the last one. Raises NotAllowed.
    """
    require(staff, "export_contacts")
    found = {str(sort.label): many for sort in SORTS if (many := listed.counts[sort])}
    filters = {"list": listed.name, **found}
    heads = headings(columns)
    entry = record_start(staff, why, kind, filters=filters, columns=heads, read_from="the index")
    made = parts_of(kind, heads, _blocks(listed.lines, columns), (FIRST_HEADINGS[0], *NUMBERS))
    chunks = counted(made, staff, entry, copy_context(), "list")
    return Download(f"list-{timezone.localdate():%Y-%m-%d}", kind, chunks)


def _looked_up(lines: Iterable[tuple[int, list[str]]]) -> Iterator[Line]:
    first: dict[str, int] = {}
    left = iter(lines)
    while some := list(islice(left, BLOCK_ROWS)):
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


def _blocks(lines: Iterable[Line], columns: Sequence[str]) -> Iterator[Block]:
    """Yield the table in blocks, each with its number of lines of the list."""
    keys = headings_of(columns)
    table, asked, left = Table(keys), index_columns(keys), iter(lines)
    while some := list(islice(left, BLOCK_ROWS)):
        rows = index.rows_by_id([each for line in some for each in line.ids], asked)
        # Each of two people with the same number has a row.
        people = [(line, each) for line in some for each in line.ids or (0,)]
        # Of a number without a contact, only the number is known.
        raws = [
            rows.get(each) or [line.number if key == "number" else "" for key in asked]
            for line, each in people
        ]
        told = [line.sort in (Category.KNOWN, Category.UNKNOWN) for line, _ in people]
        shown = (
            [cell if tell else "" for cell, tell in zip(column, told, strict=True)]
            for column in table.columns(raws)
        )
        first = [[line.typed for line, _ in people], [line.found for line, _ in people]]
        yield [*first, *shown], len(some)
