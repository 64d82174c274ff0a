"""Read one workbook in a process of its own: run as a script by `workbooks`, with limits on memory and time.

A few kilobytes can make any reader of workbooks fill the memory or abort its process; here only this process ends.
It starts for each workbook, so it imports nothing of the product. Input: the wanted sheet as a line of JSON, then
the file. Output: JSON lines, first a `Book`, then each filled row as [number, cells]; else, on standard error, why not.
"""

import io
import re
import resource
import struct
import sys
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, time
from itertools import chain
from typing import Any, Final, NamedTuple
from xml.parsers import expat

import msgspec
import olefile
from python_calamine import (
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

# 50,000 contacts with 20 columns need 120 MB and 2 to 4 seconds.
MAX_MEMORY_BYTES: Final = 400_000_000
MAX_CPU_SECONDS: Final = 10
MAX_UNPACKED_BYTES: Final = 160_000_000
MAX_PARTS: Final = 2000
MAX_SHEETS: Final = 200
MAX_FILLED_CELLS: Final = 1_500_000
MAX_TEXT_CHARACTERS: Final = 60_000_000
MAX_CELL_CHARACTERS: Final = 5001
_CHUNK_BYTES: Final = 1_000_000
_TAIL_BYTES: Final = 64
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")

# Pictures may declare a document type, and are not read.
_PICTURES: Final = re.compile(r"(xl/media|Pictures|Thumbnails)/", re.IGNORECASE)
_DECLARES: Final = re.compile(rb"<!(?:doctype|entity)", re.IGNORECASE)
# What calamine does not tell: hidden rows, errors, and formulas without a value.
_MARKS: Final = tuple(
    rb"""hidden=| ht="0| ht='0|t="e"|t='e'|<f>|<f |<f/|:f>|:f |:f/|:visibility=""".split(b"|")
)
# Kinds of records in an .xls, and a mark in that of a row.
_BEGINS, _ENDS, _BOUND_SHEET, _ROW = (0x0809, 0x0409), 0x000A, 0x0085, 0x0208
_ROW_IS_HIDDEN: Final = 0x20
_LETTERS: Final = re.compile("[A-Z]+")
_ZEROS: Final = re.compile(r"0[0\-]*0")


class Book(msgspec.Struct):
    """What to say about a workbook, apart from the rows of one sheet. `tells_hidden` is False for .xlsb."""

    sheet: str = ""
    sheets: list[str] = []
    hidden_sheets: list[str] = []
    hidden_rows: list[int] = []
    tells_hidden: bool = True


class Refused(SystemExit):
    """End this process. The only argument is written to standard error: the key of the sentence in `workbooks`."""


class Untold(NamedTuple):
    """What calamine does not tell of a sheet, by row number and (row, column), both counted from 1."""

    hidden: set[int]
    cells: dict[int, dict[int, str]]


def main() -> None:
    """Read standard input and write the answer."""
    with suppress(ValueError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    wanted = msgspec.json.decode(sys.stdin.buffer.readline(), type=str)
    try:
        for each in read(sys.stdin.buffer.read(), wanted):
            sys.stdout.buffer.write(msgspec.json.encode(each) + b"\n")
    except PasswordError:
        raise Refused("locked") from None
    except MemoryError:
        raise Refused("too_much") from None
    except Exception:  # whatever a broken or hostile workbook makes the libraries raise
        raise Refused("broken") from None


def read(content: bytes, wanted: str = "") -> Iterator[Book | tuple[int, list[str]]]:
    """Yield the book, then the filled rows of the wanted sheet, else of the first that holds any. Raises Refused."""
    archive = zipfile.ZipFile(io.BytesIO(content)) if content.startswith(b"PK") else None
    if archive:
        untold = _weigh(archive)
    elif _ENCRYPTED in content:
        raise Refused("locked")
    book = load_workbook(io.BytesIO(content))
    shown, hidden, sheet = _sheets(book, wanted)
    if not sheet:
        yield Book()
        return
    name = sheet.name
    told = Book(name, [*shown, *hidden], hidden)
    extra = Untold(set(), {})
    if not archive:
        extra = _of_old_excel(content, book.sheet_names.index(name))
    elif "content.xml" in archive.namelist():
        if "content.xml" in untold:
            extra = _of_open_document(archive, name, sheet.end[0] + 1 if sheet.end else 0)
    elif part := _part_of(archive, name):
        formats = _formats_with_zeros(archive)
        if formats or part in untold:
            extra = _SheetParser(formats).read(archive, part)
    else:
        told.tells_hidden = False
    told.hidden_rows = sorted(extra.hidden)
    yield told
    yield from _rows(sheet, extra.cells)


def _weigh(archive: zipfile.ZipFile) -> set[str]:
    """Refuse what would not fit into memory, declares entities or is no workbook; return parts with untold things."""
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if any(part.flag_bits & 1 for part in parts):
        raise Refused("locked")
    if not names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
        raise Refused("other")
    if len(parts) > MAX_PARTS:
        raise Refused("too_much")
    left, untold = MAX_UNPACKED_BYTES, set()
    for part in parts:
        # What the archive says of sizes may be anything, so each part is unpacked to its end.
        part.file_size = MAX_UNPACKED_BYTES + 2 * _CHUNK_BYTES
        name, tail = part.filename, b""
        is_picture = _PICTURES.match(name)
        with archive.open(part) as stream:
            while piece := stream.read(_CHUNK_BYTES):
                left -= len(piece)
                if left < 0:
                    raise Refused("too_much")
                window = tail + piece
                # In UTF-16 every second byte is a zero.
                plain = window.replace(b"\0", b"")
                if b"<!" in plain and _DECLARES.search(plain) and not is_picture:
                    raise Refused("broken")
                if name not in untold and any(mark in plain for mark in _MARKS):
                    untold.add(name)
                tail = piece[-_TAIL_BYTES:]
    return untold


def _sheets(
    book: CalamineWorkbook, wanted: str
) -> tuple[list[str], list[str], CalamineSheet | None]:
    """Return the names of the sheets that hold something, those shown and those hidden, and the one to read."""
    shown: list[str] = []
    hidden: list[str] = []
    chosen = None
    if len(book.sheets_metadata) > MAX_SHEETS:
        raise Refused("too_much")
    for each in sorted(book.sheets_metadata, key=_is_hidden):
        if each.typ != SheetTypeEnum.WorkSheet:
            continue  # a chart, a macro
        sheet = book.get_sheet_by_name(each.name)
        if any(str(value).strip() for value in chain.from_iterable(sheet.iter_rows())):
            (hidden if _is_hidden(each) else shown).append(each.name)
            chosen = sheet if chosen is None or each.name == wanted else chosen
    return shown, hidden, chosen


def _is_hidden(sheet: SheetMetadata) -> bool:
    return sheet.visible != SheetVisibleEnum.Visible


def _rows(
    sheet: CalamineSheet, untold: dict[int, dict[int, str]]
) -> Iterator[tuple[int, list[str]]]:
    first_column = sheet.start[1] if sheet.start else 0
    below = range((sheet.end[0] if sheet.end else 0) + 2, max(untold, default=0) + 1)
    cells = characters = 0
    for at, row in enumerate(chain(sheet.iter_rows(), ([] for _ in below)), start=1):
        values = [""] * first_column + [_text(value)[:MAX_CELL_CHARACTERS] for value in row]
        for column, text in untold.get(at, {}).items():
            values += [""] * (column - len(values))
            values[column - 1] = text[:MAX_CELL_CHARACTERS]
        while values and not values[-1]:
            values.pop()
        cells += sum(map(bool, values))
        characters += sum(map(len, values))
        if cells > MAX_FILLED_CELLS or characters > MAX_TEXT_CHARACTERS:
            raise Refused("too_much")
        if values:
            yield at, values


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return (
            value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
        )
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """Return the name of the part with a sheet, by the workbook's relations; "" if they do not tell, as in an .xlsb."""
    names = {name.lower(): name for name in archive.namelist()}
    if "xl/workbook.xml" not in names:
        return ""
    ids: dict[str, str] = {}
    targets: dict[str, str] = {}

    def note(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            key = next(key for key in attributes if key.endswith(":id"))
            ids[attributes["name"]] = attributes[key]
        elif tag == "Relationship":
            targets[attributes["Id"]] = attributes["Target"]

    for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        _for_each_element(archive, names[part], note)
    target = targets.get(ids.get(sheet, ""), "")
    path = target[1:] if target.startswith("/") else f"xl/{target}"
    return names.get(path.lower(), "")


def _for_each_element(
    archive: zipfile.ZipFile, part: str, call: Callable[[str, dict[str, str]], None]
) -> None:
    """Call for the start of each element of a part, with its name without prefix and its attributes."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: call(tag.rpartition(":")[2], attributes)
    with archive.open(part) as stream:
        parser.ParseFile(stream)


class _SheetParser:
    """Notes hidden rows and special cells of an .xlsx. Called once for each element, so it looks at few of them."""

    def __init__(self, formats: dict[str, str]) -> None:
        self._hidden: set[int] = set()
        self._cells: dict[int, dict[int, str]] = defaultdict(dict)
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._formats = formats
        self._row = self._column = 0
        self._cell: dict[str, str] = {}
        self._texts: dict[str, list[str]] = defaultdict(list)
        self._tag = ""

    def read(self, archive: zipfile.ZipFile, part: str) -> Untold:
        """Read the sheet to its end."""
        with archive.open(part) as stream:
            self._expat.ParseFile(stream)
        self._end_cell()
        return Untold(self._hidden, self._cells)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "c":
            self._end_cell()
            self._cell = attributes
            place = _LETTERS.match(attributes.get("r", ""))
            self._column = _number_of(place[0]) if place else self._column + 1
            if attributes.get("t") == "e" or attributes.get("s") in self._formats:
                self._listen()
        elif tag == "row":
            self._end_cell()
            self._row, self._column = int(attributes.get("r") or self._row + 1), 0
            if attributes.get("hidden") in ("1", "true") or float(attributes.get("ht", 1)) == 0:
                self._hidden.add(self._row)
        elif tag == "f":
            self._listen()
        self._tag = tag

    def _listen(self) -> None:
        self._expat.CharacterDataHandler = lambda text: self._texts[self._tag].append(text)

    def _end_cell(self) -> None:
        """Note the cell that ended, if it is a special one."""
        if self._expat.CharacterDataHandler is None:
            return
        self._expat.CharacterDataHandler = None
        texts = {tag: "".join(parts).strip() for tag, parts in self._texts.items()}
        self._texts.clear()
        formula, value, kind = texts.get("f"), texts.get("v", ""), self._cell.get("t")
        zeros = self._formats.get(self._cell.get("s", ""))
        text = ""
        if kind == "e":
            text = value
        elif formula is not None and not value:
            # Never computed, so the formula itself says what is missing. Of type str it is computed, and empty.
            text = f"={formula}" if kind != "str" else ""
        elif zeros and value.isascii() and value.isdigit():
            text = _with_zeros(value, zeros)
        if text:
            self._cells[self._row][self._column] = text


def _formats_with_zeros(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the cell styles whose number format only says how many digits there are: 00000, 00000-0000."""
    names = {name.lower(): name for name in archive.namelist()}
    if "xl/styles.xml" not in names:
        return {}
    codes: dict[str, str] = {}
    styles: list[str] = []
    inside = ""

    def note(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if tag == "numFmt":
            code = re.sub(r'[\\"]', "", attributes.get("formatCode", "").split(";")[0])
            codes[attributes.get("numFmtId", "")] = code
        elif tag == "xf" and inside == "cellXfs":
            styles.append(attributes.get("numFmtId", ""))
        elif tag in ("cellXfs", "cellStyleXfs"):
            inside = tag

    _for_each_element(archive, names["xl/styles.xml"], note)
    found = ((str(at), codes.get(each, "")) for at, each in enumerate(styles))
    return {style: code for style, code in found if _ZEROS.fullmatch(code)}


def _with_zeros(digits: str, zeros: str) -> str:
    """Write digits as a format says: 2115 in 00000 is 02115."""
    left = list(digits.zfill(zeros.count("0")))
    text = ""
    for mark in reversed(zeros):
        text = (left.pop() if mark == "0" else mark) + text
    return "".join(left) + text


def _of_open_document(archive: zipfile.ZipFile, sheet: str, height: int) -> Untold:
    """Look through an .ods for the rows that are hidden in a sheet, down to its last filled one."""
    hidden: set[int] = set()
    row, here = 0, False

    def note(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, here
        if tag == "table":
            row, here = 0, attributes.get("table:name") == sheet
        elif tag == "table-row" and here:
            last = row + int(attributes.get("table:number-rows-repeated", 1))
            if attributes.get("table:visibility", "visible") != "visible":
                hidden.update(range(row + 1, min(last, height) + 1))
            row = last

    _for_each_element(archive, "content.xml", note)
    return Untold(hidden, {})


def _of_old_excel(content: bytes, sheet: int) -> Untold:
    """Look through an .xls for the rows that are hidden in a sheet, given by its place [MS-XLS 2.4.28, 2.4.221]."""
    with olefile.OleFileIO(io.BytesIO(content)) as file:
        stream = file.openstream("Workbook" if file.exists("Workbook") else "Book").read()
    starts = [
        struct.unpack_from("<I", stream, at)[0]
        for kind, at in _records(stream, 0)
        if kind == _BOUND_SHEET
    ]
    rows = (
        (struct.unpack_from("<H", stream, at)[0] + 1, stream[at + 12])
        for kind, at in _records(stream, starts[sheet])
        if kind == _ROW
    )
    return Untold({row for row, flags in rows if flags & _ROW_IS_HIDDEN}, {})


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield kind and place of each record of a part of the stream, to the part's end."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        depth += (kind in _BEGINS) - (kind == _ENDS)
        if not depth:
            return
        yield kind, at + 4
        at += 4 + length


def _number_of(letters: str) -> int:
    """Return the number of a column, counted from 1: A, B, ... AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


if __name__ == "__main__":
    main()
