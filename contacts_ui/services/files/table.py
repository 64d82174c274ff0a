"""A file as a table of texts: which row has the headings, and which columns hold values."""

import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice
from typing import Final, Self

from contacts_ui.phone import holds_numbers
from contacts_ui.services.files.cells import is_placeholder, looks_like_email, tidy

FILE_MAX_BYTES: Final = 10_000_000
FILE_MAX_ROWS: Final = 50_000
FILE_MAX_COLUMNS: Final = 300
# Without empty cells.
FILE_MAX_CELLS: Final = 1_500_000
CELL_MAX_CHARACTERS: Final = 5000
SAMPLE_ROWS: Final = 50
TITLE_MAX_ROWS: Final = 6
# A little more than an Excel sheet has.
_LINES_MAX: Final = 1_100_000

# If nothing is above the numbers, a row with one of these words has headings.
_HEADING_WORD: Final = re.compile(
    "name|first|last|phone|mobile|cell|mail|number|address|city|state|zip|status|opt|text|sms|stop|date|birth|note|tag",
    re.IGNORECASE,
)

EMPTY: Final = "This file is empty."
ONLY_HEADINGS: Final = "This file has headings, but no rows below them."
TOO_MUCH: Final = (
    "This file holds far more cells than any list of contacts. Keep only the columns that you want."
)
Line = tuple[int, list[str]]


class Unreadable(Exception):
    """The file cannot be imported. `sentence` says why and what to do, for the screen."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


@dataclass(frozen=True)
class Options:
    """How a person wants a file read. "" and None leave it to the guess."""

    sheet: str = ""
    encoding: str = ""
    headings: bool | None = None


@dataclass(frozen=True)
class Table:
    """A file as read: every heading once, and the lines that are not empty, each with its row number in the file.

    `sheets` are those that are not empty, visible ones first. `hidden_rows` are the row numbers that the spreadsheet
    does not show. `encoding` is the name of a guess, "" where it is certain; `encodings` are the names of the choices
    by their keys. `titles` were above the headings.
    """

    headings: list[str]
    lines: list[Line]
    notes: list[str]
    has_headings: bool = True
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    hidden_sheets: list[str] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    encoding: str = ""
    encodings: dict[str, str] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)

    @property
    def hidden_words(self) -> str:
        """Return how many rows the spreadsheet hides, in a sentence; "" for none."""
        many = len(self.hidden_rows)
        rows = "1 row is" if many == 1 else f"{many:,} rows are"
        return f"{rows} hidden in the spreadsheet, by a filter or by hand." if many else ""

    def packed(self) -> bytes:
        """Return the table as compressed JSON, one key for each field."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return zlib.compress(json.dumps(values, ensure_ascii=False).encode(errors="replace"), 1)

    @classmethod
    def unpacked(cls, content: bytes | memoryview) -> Self:
        """Return a table from what `packed` made of it."""
        stored = json.loads(zlib.decompress(bytes(content)))
        return cls(**{**stored, "lines": [(at, cells) for at, cells in stored["lines"]]})


def padded(cells: Sequence[str], width: int) -> list[str]:
    """Fill a row with empty cells up to the width of the table."""
    return [*cells, *[""] * (width - len(cells))]


def as_table(
    lines: Iterable[Line], notes: Sequence[str] = (), headings: bool | None = None
) -> Table:
    """Separate headings and lines, by `headings` where the person decided. Raises Unreadable."""
    filled = ((at, _tidied(cells)) for at, cells in lines)
    there = [(at, cells) for at, cells in islice(filled, _LINES_MAX) if any(cells)]
    if not there:
        raise Unreadable(EMPTY)
    said, titles = list(notes), list[str]()
    if headings is not False and (many := _titles(there)):
        titles = [cell for _, cells in there[:many] for cell in cells if cell]
        said.append(f"“{titles[0][:80]}” above the headings is read as a title and left out.")
        del there[:many]
    has_headings = _has_headings(there) if headings is None else headings
    names = there.pop(0)[1] if has_headings else []
    if not has_headings:
        said.append("This file has no headings: its first row is read as a contact.")
    if not there:
        raise Unreadable(ONLY_HEADINGS)
    if len(there) > FILE_MAX_ROWS:
        raise Unreadable(
            f"This file has {len(there):,} rows. The limit is {FILE_MAX_ROWS:,}: split it."
        )
    widths = Counter(len(cells) for _, cells in there[:SAMPLE_ROWS])
    # Below headings, an extra cell in few rows is not a column.
    if not has_headings or widths.most_common(1)[0][0] == max(widths):
        names = padded(names, max(widths))
    return Table(*_without_empty(names, there, said), said, has_headings, titles=titles)


def _without_empty(
    headings: list[str], there: list[Line], said: list[str]
) -> tuple[list[str], list[Line]]:
    """Name the columns, and leave out empty ones: those without a heading, and all where there are too many."""
    seen: Counter[str] = Counter()
    names = []
    for at, heading in enumerate(headings):
        # Its letters for a column without a heading, with a count where two share one.
        name = " ".join(heading.split())[:80] or f"Column {column_letters(at)}"
        seen[key := name.casefold()] += 1
        names.append(name if seen[key] == 1 else f"{name} ({seen[key]})")
    widest = max(len(headings), *(len(cells) for _, cells in there))
    held = {at for _, cells in there for at, cell in enumerate(cells) if cell}
    if widest <= FILE_MAX_COLUMNS:
        held |= {at for at, heading in enumerate(headings) if heading}
    elif len(held) > FILE_MAX_COLUMNS:
        raise Unreadable(f"This file has more than {FILE_MAX_COLUMNS} columns. Delete some.")
    else:
        said.append(f"{widest - len(held):,} columns of this file are empty and left out.")
    if len(held) == widest:
        return names, there
    kept = sorted(held)
    lines = [(at, [cells[of] for of in kept if of < len(cells)]) for at, cells in there]
    return [names[at] for at in kept if at < len(names)], lines


def _has_headings(there: Sequence[Line]) -> bool:
    """Return True unless the first row is like those below it: a person, perhaps without a readable number."""
    sample = [cells for _, cells in there[: SAMPLE_ROWS + 1]]
    first, *below = (cells + [""] * (max(map(len, sample)) - len(cells)) for cells in sample)
    if _is_person(first):
        return False
    columns = [(cell, [cells[at] for cells in below if cells[at]]) for at, cell in enumerate(first)]
    above_numbers = [cell for cell, column in columns if column and _most(holds_numbers, column)]
    if any(above_numbers):
        # Above numbers, a placeholder is a person without a number. "" is a heading that is missing.
        return not any(
            _is_number_like(cell) or (cell and is_placeholder(cell, may_be_name=False))
            for cell in above_numbers
        )
    if above_numbers:
        return any(map(_HEADING_WORD.search, first))
    return not any(
        _is_number_like(cell) and (not column or _most(_is_number_like, column))
        for cell, column in columns
    )


def _most(test: Callable[[str], bool], cells: Sequence[str]) -> bool:
    return sum(map(test, cells)) * 2 > len(cells)


def _is_number_like(text: str) -> bool:
    """Return True for a number, also one with a typo: at least half of it are digits."""
    digits = sum(map(str.isdigit, text))
    return digits > 2 and digits * 2 >= len(text)


def _titles(there: Sequence[Line]) -> int:
    """Return the number of title rows above the headings: they have one cell, or gaps, and fewer cells."""
    for at, (_, cells) in enumerate(there[:TITLE_MAX_ROWS]):
        if _is_person(cells):
            return 0
        filled = sum(map(bool, cells))
        below = [row for _, row in there[at + 1 : at + 4]]
        has_gaps = filled < len(cells) and below and filled < sum(map(bool, below[0]))
        if filled > 1 and not has_gaps:
            return at if any(map(_is_person, below)) else 0
    return 0


def _is_person(cells: Iterable[str]) -> bool:
    return any(holds_numbers(cell) or looks_like_email(cell) for cell in cells)


def _tidied(cells: Sequence[str]) -> list[str]:
    tidied = [tidy(cell[: CELL_MAX_CHARACTERS + 1]) if cell else "" for cell in cells]
    while tidied and not tidied[-1]:
        tidied.pop()
    return tidied


def column_letters(at: int) -> str:
    """Return the name of a column in a spreadsheet, from its place: 0 is A, 25 Z, 26 AA."""
    name = ""
    at += 1
    while at:
        at, left = divmod(at - 1, 26)
        name = chr(65 + left) + name
    return name
