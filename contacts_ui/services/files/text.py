"""A text file: guess its encoding, and split it into cells by any usual separator, quotes and line ends."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Final, NamedTuple

from contacts_ui.phone import is_usual_number
from contacts_ui.services.files.cells import tidy
from contacts_ui.services.files.table import FILE_MAX_CELLS, SAMPLE_ROWS, TOO_MUCH, Line, Unreadable

WINDOWS: Final = "cp1252"
MAC: Final = "mac_roman"
# Programs that append to a file may use another encoding for their lines. "+": UTF-8 where possible.
MIXED: Final = "utf-8+"
NAMES: Final = {
    WINDOWS: "Windows (Western)",
    MAC: "Mac OS Roman",
    MIXED + WINDOWS: "mixed: UTF-8 and Windows",
    MIXED + MAC: "mixed: UTF-8 and Mac OS Roman",
}
# The only mark between two letters, as in an Irish name. The others are next to one letter.
_APOSTROPHE: Final = "’"
_BESIDE_LETTERS: Final = "‘’“”–—…€"
_SAMPLE_LINES: Final = 2000

# As wide as an Excel sheet may be: blanks behind the last column do no harm.
LINE_MAX_CELLS: Final = 16_384
SEPARATORS: Final = ",;\t|"
TORN: Final = (
    "This file cannot be read as a table: a quotation mark is opened and never closed, or one cell is far too long. "
    "Open it in a spreadsheet, and save it as “CSV UTF-8” again."
)
_END: Final = "\x1f"
# Marks a quotation mark inside of a cell while the quotes around cells are read.
_INNER_QUOTE: Final = "\x1e"
# \" with more text or the end of its cell behind it; else it may be the end of a cell that ends with a backslash.
_BACKSLASH_QUOTE: Final = re.compile(r'\\"(?:[^,;\t|"\r\n]|"(?:[,;\t|\r\n]|$))')
_BACKSLASHED: Final = re.compile(r'\\([\\"])')


class Decoded(NamedTuple):
    """The text of a file; the name of the encoding where it is a guess, and the other choices with their names."""

    text: str
    encoding: str = ""
    choices: dict[str, str] = {}


def decode(content: bytes, wanted: str = "") -> Decoded:
    """Decode by the byte order mark, by zeros, as UTF-8, else as the encoding that was chosen or is guessed."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Decoded(content.decode("utf-16", errors="replace"))
    content = content.removeprefix(b"\xef\xbb\xbf")
    sample = content[:2000]
    # UTF-16 without a mark: every second byte of plain English is a zero.
    if sample.count(0) > len(sample) // 4:
        odd = sample[1::2].count(0) >= sample[::2].count(0)
        return Decoded(content.decode("utf-16-le" if odd else "utf-16-be", errors="replace"))
    try:
        return Decoded(content.decode("utf-8"))
    except UnicodeDecodeError:
        return _guessed(content, wanted)


def _guessed(content: bytes, wanted: str) -> Decoded:
    lines = content.splitlines(keepends=True)
    is_utf8 = [_is_utf8(line) for line in lines]
    odd = [line for line, fits in zip(lines, is_utf8, strict=True) if not fits]
    is_mixed = any(fits and not line.isascii() for line, fits in zip(lines, is_utf8, strict=True))
    choices = {key: name for key, name in NAMES.items() if is_mixed or MIXED not in key}
    sample = b"".join(odd[:_SAMPLE_LINES])

    def fit(encoding: str) -> int:
        text = sample.decode(encoding, errors="replace")
        places = zip(f" {text}", text, f"{text[1:]} ", strict=False)
        return sum(_fit_of(*place) for place in places if not place[1].isascii())

    # Windows if both fit equally.
    guess = max((WINDOWS, MAC), key=fit)
    key = wanted if wanted in choices else f"{MIXED}{guess}" if is_mixed else guess
    other = key.removeprefix(MIXED)
    text = "".join(
        line.decode("utf-8" if fits and MIXED in key else other, errors="replace")
        for line, fits in zip(lines, is_utf8, strict=True)
    )
    return Decoded(text, NAMES[key], choices)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _fit_of(before: str, mark: str, after: str) -> int:
    """Return how well a letter or mark beyond ASCII fits its neighbors."""
    if mark.islower():
        return 1 if (before.isalpha() or after.islower()) and not after.isupper() else -1
    if mark.isupper():
        return -1 if before.islower() or (before.isalpha() and after.islower()) else 1
    if before.isalpha() and after.isalpha():
        return 2 if mark == _APOSTROPHE else -1
    return 0 if mark in _BESIDE_LETTERS or mark.isspace() else -1


def lines_of(text: str) -> Iterator[Line]:
    """Yield the rows of a text with their numbers, blank ones counted, as a spreadsheet would. Raises Unreadable."""
    text = text.replace(_END, "").replace(_INNER_QUOTE, "")
    first, _, rest = text.partition("\n")
    told = re.fullmatch(r"\s*\"?sep=(.)\"?\1*\s*", first, re.IGNORECASE)
    text = rest if told else text
    has_backslashes = _BACKSLASH_QUOTE.search(text) is not None
    if has_backslashes:
        text = _BACKSLASHED.sub(lambda found: _INNER_QUOTE if found[1] == '"' else "\\", text)
    separator, width = _shape(text, told[1] if told else SEPARATORS)
    filled = 0
    # A quotation mark that is never closed has the end in its cell, too.
    whole = chain(io.StringIO(text, newline=""), ["\n", _END])
    for at, line in enumerate(_parsed(whole, separator), start=2 if told else 1):
        if line == [_END]:
            return
        while line and not line[-1]:
            line.pop()
        filled += sum(map(bool, line))
        if len(line) > LINE_MAX_CELLS or filled > FILE_MAX_CELLS:
            raise Unreadable(TOO_MUCH)
        if any("\n" in cell for cell in line) and _swallows(line, separator, width):
            raise Unreadable(TORN)
        yield at, [cell.replace(_INNER_QUOTE, '"') for cell in line] if has_backslashes else line
    raise Unreadable(TORN)


def _swallows(row: Iterable[str], separator: str, width: int) -> bool:
    """Return True if a row holds other rows, because a quotation mark was closed far below.

    Two of its lines are as wide as a row and have a phone number in the same column. A note of several lines is prose:
    there a separator has a space behind it.
    """
    places: Counter[int] = Counter()
    for line in separator.join(row).splitlines():
        cells = re.split(f"{re.escape(separator)}(?! )", line)
        if len(cells) >= max(width, 2):
            places.update(
                at for at, cell in enumerate(cells) if is_usual_number(tidy(cell.strip(' "')))
            )
    return any(many > 1 for many in places.values())


def _parsed(text: Iterable[str], separator: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(text, delimiter=separator)
    except csv.Error as error:
        raise Unreadable(TORN) from error


def _shape(text: str, separators: str) -> tuple[str, int]:
    """Return the separator that splits most of the first lines into equally many columns, and their number."""

    def weight(separator: str) -> tuple[int, int]:
        # The end of the sample may cut a line.
        try:
            begun = io.StringIO(text[:200_000], newline="")
            sample = list(islice(_parsed(begun, separator), SAMPLE_ROWS))
        except Unreadable:
            return 0, 0
        widths = Counter(len(line) for line in sample if any(line))
        width, many = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
        return (many * (width > 1), width)

    weights = {separator: weight(separator) for separator in separators}
    best = max(weights, key=weights.__getitem__)
    return best, weights[best][1]
