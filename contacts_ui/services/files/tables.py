"""A file as a table of texts, and CSV in any of the usual spellings.

Nothing is believed about a file: not its name, its size, its encoding, nor that its lines are of one length.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from contacts_ui.services.files.cells import is_phone, is_usual_phone, looks_like_email, tidy

MOST_BYTES: Final = 10_000_000
MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 200
# As wide as a sheet of Excel's may be: blanks behind the last column are nobody's fault.
WIDEST_LINE: Final = 16_384
MOST_CELLS: Final = 1_500_000
LONGEST_CELL: Final = 5000
LOOKED_AT: Final = 50
MOST_TITLES: Final = 6
SEPARATORS: Final = ",;\t|"

EMPTY: Final = "There is nothing in this file."
ONLY_HEADINGS: Final = "There are headings in this file, and nothing below them."
TORN: Final = (
    "This file cannot be read as a table: a quotation mark is opened and never closed, or one cell is longer than any "
    "person writes. Open it in a spreadsheet, and save it as “CSV UTF-8” once more."
)
TOO_MUCH: Final = (
    "This file holds far more cells than any list of contacts. Keep only the columns that you want."
)
# How other kinds of files begin, and what they are.
OTHER_KINDS: Final = {
    "%PDF": "a PDF",
    "{\\rtf": "a text document",
    "BEGIN:VCARD": "a file of address cards",
    "<!DOCTYPE": "a web page",
    "<html": "a web page",
    "<table": "a web page",
    "<?xml": "a file for programs (XML)",
    "{": "a file for programs (JSON)",
    "[{": "a file for programs (JSON)",
}
NO_TEXT: Final = (
    "This is not a table of text. Save it as “CSV UTF-8” or as an Excel workbook (.xlsx) first."
)
_END: Final = "\x1f"
Line = tuple[int, list[str]]


class Unreadable(Exception):
    """The file cannot be imported. `sentence` says why and what to do, for the screen."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


@dataclass(frozen=True)
class Table:
    """A file as read: every heading once, and the lines that hold something, each with its row in the file."""

    headings: list[str]
    lines: list[Line]
    notes: list[str]
    has_headings: bool = True


def decoded(content: bytes) -> str:
    """The text of a file: by its mark, by its zeros, as UTF-8, and else as Windows writes western languages."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if content.startswith(b"\xef\xbb\xbf"):
        return content.decode("utf-8-sig", errors="replace")
    sample = content[:2000]
    # UTF-16 without a mark: every second byte of plain English is a zero.
    if sample.count(0) > len(sample) // 4:
        odd = sample[1::2].count(0) >= sample[::2].count(0)
        return content.decode("utf-16-le" if odd else "utf-16-be", errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def as_table(lines: Iterable[Line], notes: list[str]) -> Table:
    """Headings and lines apart; a file whose first line is a person already has no headings. Raises Unreadable."""
    filled = ((at, _tidied(cells)) for at, cells in lines)
    there = [(at, cells) for at, cells in islice(filled, 1_100_000) if any(cells)]
    if not there:
        raise Unreadable(EMPTY)
    if titles := _titles(there):
        first = next(filter(None, there[0][1]))
        notes = [*notes, f"“{first[:80]}” above the headings is taken for a title, and left out."]
        del there[:titles]
    headings = there[0][1]
    has_headings = not _is_person(headings)
    if not has_headings:
        headings = [""] * max(len(cells) for _, cells in there[:LOOKED_AT])
        notes = [*notes, "This file has no headings: its first row is taken for a person already."]
    else:
        del there[0]
        # A column without a heading that holds something is a column all the same.
        widest = max((len(cells) for _, cells in there[:LOOKED_AT]), default=0)
        usual = Counter(len(cells) for _, cells in there[:LOOKED_AT]).most_common(1)
        if usual and usual[0][0] == widest:
            headings = [*headings, *[""] * (widest - len(headings))]
    if not there:
        raise Unreadable(ONLY_HEADINGS)
    if len(there) > MOST_ROWS:
        raise Unreadable(
            f"There are {len(there):,} rows in this file; {MOST_ROWS:,} are the most. Split it."
        )
    if max(len(headings), *(len(cells) for _, cells in there)) > MOST_COLUMNS:
        raise Unreadable(
            f"There are more than {MOST_COLUMNS} columns in this file. Leave some out."
        )
    return Table(_each_once(headings), there, notes, has_headings)


def _titles(there: Sequence[Line]) -> int:
    """How many rows stand above the headings, as in a report: one cell in each, where headings have several."""
    for at, (_, cells) in enumerate(there[:MOST_TITLES]):
        if _is_person(cells):
            return 0
        if sum(map(bool, cells)) > 1:
            below = there[at + 1 : at + 4]
            return at if any(_is_person(cells) for _, cells in below) else 0
    return 0


def _is_person(cells: Iterable[str]) -> bool:
    return any(is_phone(cell) or looks_like_email(cell) for cell in cells)


def _tidied(cells: Sequence[str]) -> list[str]:
    tidied = [tidy(cell[: LONGEST_CELL + 1]) for cell in cells]
    while tidied and not tidied[-1]:
        tidied.pop()
    return tidied


def _each_once(headings: Sequence[str]) -> list[str]:
    """What has no name is called by its place, and what is there twice is counted."""
    seen: Counter[str] = Counter()
    names = []
    for at, heading in enumerate(headings):
        name = " ".join(heading.split())[:80] or f"Column {_letters(at)}"
        seen[name.casefold()] += 1
        many = seen[name.casefold()]
        names.append(name if many == 1 else f"{name} ({many})")
    return names


def _letters(at: int) -> str:
    """As a spreadsheet names the column: A, B, ... Z, AA."""
    name = ""
    at += 1
    while at:
        at, left = divmod(at - 1, 26)
        name = chr(65 + left) + name
    return name


def lines_of(text: str) -> Iterator[Line]:
    text = text.replace(_END, "")
    first, _, rest = text.partition("\n")
    told = re.fullmatch(r"\s*\"?sep=(.)\"?\1*\s*", first, re.IGNORECASE)
    separator = told[1] if told else _separator(text)
    cells = 0
    # Whoever never closes a quotation mark has the end in a cell, too.
    whole = chain(io.StringIO(rest if told else text, newline=""), ["\n", _END])
    # Blank lines count, so that a row has the number that the spreadsheet shows.
    for at, line in _parsed(whole, separator, 2 if told else 1):
        if line == [_END]:
            return
        while line and not line[-1]:
            line.pop()
        cells += len(line)
        if len(line) > WIDEST_LINE or cells > MOST_CELLS:
            raise Unreadable(TOO_MUCH)
        if any("\n" in cell and _swallowed(cell, separator) for cell in line):
            raise Unreadable(TORN)
        yield at, line
    raise Unreadable(TORN)


def _swallowed(cell: str, separator: str) -> bool:
    """Whether a cell of several lines holds people: a quotation mark above them was closed far below."""
    return any(
        separator in line and any(is_usual_phone(tidy(each)) for each in line.split(separator))
        for line in cell.splitlines()[1:]
    )


def _parsed(text: Iterable[str], separator: str, start: int = 1) -> Iterator[Line]:
    try:
        yield from enumerate(csv.reader(text, delimiter=separator), start=start)
    except csv.Error as error:
        raise Unreadable(TORN) from error


def _separator(text: str) -> str:
    """The separator by which the first lines fall into the most columns, equally many in each."""

    def weight(separator: str) -> tuple[int, int]:
        # Torn lines at the end of the sample are none of the file's.
        try:
            begun = io.StringIO(text[:200_000], newline="")
            sample = [line for _, line in islice(_parsed(begun, separator), LOOKED_AT)]
        except Unreadable:
            return 0, 0
        widths = Counter(len(line) for line in sample if any(line))
        width, many = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
        return (many * (width > 1), width)

    return max(SEPARATORS, key=weight)
