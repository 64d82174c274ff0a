"""Workbooks of Excel's (.xlsx): their first sheet, and nothing that was not weighed before."""

import io
import logging
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, Final

from contacts_ui.services.files.tables import MOST_CELLS, Line, Unreadable

# A sheet of 50,000 contacts with 20 columns is 40 MB of XML.
MOST_UNPACKED: Final = 80_000_000
MOST_PARTS: Final = 2000
_DECLARES: Final = tuple(b"<!" + word for word in (b"DOCTYPE", b"ENTITY"))
_CHUNK: Final = 1_000_000

BOMB: Final = "This workbook is far larger inside than any list of contacts. It was not opened."
BROKEN: Final = (
    "This workbook cannot be read. Open it in a spreadsheet, and save it as CSV or .xlsx once more."
)
OTHER: Final = "This is not a workbook of Excel's. From Numbers or LibreOffice, export it as CSV or as Excel (.xlsx)."
LOCKED: Final = "This workbook has a password. Save it without one."

logger = logging.getLogger(__name__)


def read(content: bytes) -> tuple[list[Line], list[str]]:
    """The rows of the first sheet that is shown and holds something, and what to say about it. Raises Unreadable."""
    try:
        has_formulas = _weighed(content)
        return _read(content, has_formulas)
    except Unreadable:
        raise
    except Exception as error:  # whatever a broken or hostile workbook makes the libraries raise
        logger.warning("a workbook could not be read: %s", type(error).__name__)
        raise Unreadable(BROKEN) from error


def _weighed(content: bytes) -> bool:
    """Refuse what would not fit into memory or is no workbook; tell whether there are formulas."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise Unreadable(BOMB)
        if any(part.flag_bits & 1 for part in parts):
            raise Unreadable(LOCKED)
        names = {part.filename for part in parts}
        if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
            raise Unreadable(OTHER)
        formulas = False
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                formulas |= _looked_through(archive, part)
    return formulas


def _looked_through(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Refuse XML that declares entities, which unfold without end; tell whether the part holds formulas."""
    formulas, tail = False, b""
    is_sheet = part.filename.startswith("xl/worksheets/")
    with archive.open(part) as stream:
        while piece := stream.read(_CHUNK):
            window = (tail + piece).replace(b"\0", b"")
            if any(word in window for word in _DECLARES):
                raise Unreadable(BROKEN)
            formulas = formulas or (is_sheet and (b"<f>" in window or b"<f " in window))
            tail = piece[-32:]
    return formulas


def _read(content: bytes, has_formulas: bool) -> tuple[list[Line], list[str]]:
    # Imported by who reads a workbook: it costs each process 4 MB.
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    # The values that Excel kept beside the formulas; where it kept none, the formula itself says what is missing.
    bare = openpyxl.load_workbook(io.BytesIO(content), read_only=True) if has_formulas else None
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    for at, sheet in enumerate(shown):
        other = bare[sheet.title] if bare else None
        lines = list(_lines(sheet, other))
        if lines:
            left = [each.title for each in shown[at + 1 :]]
            note = (
                f"Only the sheet “{sheet.title}” is read; there are others: {', '.join(left[:5])}."
            )
            return lines, [note] if left else []
    return [], []


def _lines(sheet: Any, bare: Any) -> Iterator[Line]:
    rows, cells = _rows(sheet), 0
    others = _rows(bare) if bare is not None else None
    for at, row in enumerate(rows, start=1):
        cells += len(row)
        if cells > MOST_CELLS or at > MOST_CELLS:
            raise Unreadable(BOMB)
        values = [_text(value) for value in row]
        if others is not None:
            formulas = next(others, ())
            values = [
                value or (formula if isinstance(formula, str) and formula.startswith("=") else "")
                for value, formula in zip(values, _padded(formulas, len(values)), strict=True)
            ]
        if any(values):
            yield at, values


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    # What a sheet says of its own size may be anything; so each row is as wide as its last cell.
    sheet.reset_dimensions()
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(values_only=True)
    return rows


def _padded(row: tuple[Any, ...], width: int) -> list[Any]:
    return [*row[:width], *[None] * (width - len(row))]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return (
            value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
        )
    return value.isoformat() if isinstance(value, date | time) else str(value)
