"""Write tables: as CSV in which no spreadsheet finds a formula, or as a workbook of text cells.

Both are streamed block by block in constant memory.
"""

import re
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import Final, NamedTuple

from contacts_ui.phone import pretty, to_e164
from contacts_ui.services.files import workbook_writing
from contacts_ui.services.files.cells import guard, guard_cells, guard_text_cells

BOM: Final = "\ufeff"
# Rows written together.
BLOCK_ROWS: Final = 2000
_ABROAD: Final = re.compile(r"\A\+(\d{1,3})( [\d ().\-]+)\Z")


class Format(StrEnum):
    """The kind of file; the value is its extension."""

    XLSX = "xlsx"
    CSV = "csv"

    @property
    def content_type(self) -> str:
        """Return the media type for the browser."""
        if self is Format.CSV:
            return "text/csv; charset=utf-8"
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


# Some rows as columns (Block) or a piece of the file (Part), each with the number of rows in it.
Block = tuple[Sequence[Sequence[str]], int]
Part = tuple[str | bytes, int]


class Download(NamedTuple):
    """A file to send. `chunks` can be read once."""

    name: str
    kind: Format
    chunks: Iterator[str | bytes]


def blocks_of(rows: Iterable[Sequence[str]], size: int = BLOCK_ROWS) -> Iterator[Block]:
    """Group rows into blocks, reading them as they are sent."""
    left = iter(rows)
    while some := list(islice(left, size)):
        yield list(zip(*some, strict=True)), len(some)


def parts_of(
    kind: Format, headings: Sequence[str], blocks: Iterable[Block], numbers: Collection[str] = ()
) -> Generator[Part]:
    """Write a table; `numbers` are the headings of phone numbers. Raises workbook_writing.Full while it is read."""
    if kind == Format.CSV:
        return _csv_parts(headings, blocks, numbers)
    as_read = (([*map(guard_text_cells, columns)], count) for columns, count in blocks)
    return workbook_writing.stream(headings, as_read)


def csv_download(
    name: str, headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[str] = ()
) -> Download:
    """Write rows as CSV, for tables that hold no contacts."""
    parts = _csv_parts(headings, blocks_of(rows), numbers)
    return Download(name, Format.CSV, (content for content, _ in parts))


def number_cell(text: str) -> str:
    """Return a phone number as a CSV cell: (615) 555-0123, or (+44) 20 7946 0958, which is no formula."""
    number = to_e164(text)
    spelled = pretty(number) if number else text
    return guard(_ABROAD.sub(r"(+\1)\2", spelled))


def _csv_parts(
    headings: Sequence[str], blocks: Iterable[Block], numbers: Collection[str]
) -> Generator[Part]:
    yield BOM + _lines([headings]), 0
    for columns, count in blocks:
        cells = [
            _quoted(_number_cells(column) if heading in numbers else guard_cells(column))
            for heading, column in zip(headings, columns, strict=True)
        ]
        yield _lines(zip(*cells, strict=True)), count


def _number_cells(column: Sequence[str]) -> Sequence[str]:
    """Guard each; where one began with + it is written as `number_cell` does."""
    cells = guard_cells(column)
    if cells is column:
        return column
    return [
        number_cell(cell) if cell.startswith("+") else safe
        for cell, safe in zip(column, cells, strict=True)
    ]


def _lines(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as CSV (RFC 4180), every cell quoted. Quotes in them are doubled already."""
    return "".join([f'"{line}"\r\n' for line in map('","'.join, rows)])


def _quoted(column: Sequence[str]) -> Sequence[str]:
    if '"' in "".join(column):
        return [cell.replace('"', '""') for cell in column]
    return column
