"""Tables for a spreadsheet: CSV that no spreadsheet takes for a program, a chunk at a time."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

# Spreadsheets take a cell that begins like this for a formula; the last four are how other keyboards type them.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BOM: Final = "\ufeff"
# How many rows are written at once.
CHUNK: Final = 500


def safe(text: str) -> str:
    """A cell that a spreadsheet shows as text, whatever it begins with; also a number such as +1..."""
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_chunks(headings: Iterable[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """The table as CSV, with the mark by which Excel knows UTF-8; the rows are asked for as they are sent."""
    line = csv.writer(_Line(), lineterminator="\r\n").writerow
    yield BOM + str(line(list(headings)))
    left = iter(rows)
    while some := list(islice(left, CHUNK)):
        yield "".join(str(line([safe(cell) for cell in row])) for row in some)


class _Line:
    """What csv writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line
