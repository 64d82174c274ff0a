"""Files as programs save them, made from rows: CSV in any spelling, .xlsx, strict .xlsx, .xls and .ods."""

import csv
import io
import struct
import zipfile
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

import openpyxl

Row = Sequence[Any]
_STRICT = {
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships"
    ),
}
_ODS = "urn:oasis:names:tc:opendocument:xmlns:"
_SECTOR = 512


def csv_of(
    *rows: Row,
    encoding: str = "utf-8",
    separator: str = ",",
    line_end: str = "\r\n",
    quote_all: bool = False,
) -> bytes:
    """Return the rows as CSV."""
    stream = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(stream, delimiter=separator, lineterminator=line_end, quoting=quoting)
    writer.writerows(rows)
    return stream.getvalue().encode(encoding)


def text_of(text: str, encoding: str = "utf-8") -> bytes:
    """Return a table that is written with | between the cells, as CSV; spaces around a cell do not count."""
    rows = ([cell.strip() for cell in line.split("|")] for line in text.strip().splitlines())
    return csv_of(*rows, encoding=encoding)


def xlsx_of(
    *rows: Row,
    hidden: Collection[int] = (),
    merged: Collection[str] = (),
    name: str = "Sheet1",
    others: Mapping[str, Sequence[Row]] = {},
    hidden_sheets: Collection[str] = (),
) -> bytes:
    """Return a workbook: `hidden` row numbers and `merged` ranges of the first sheet, and more sheets by name."""
    book = openpyxl.Workbook()
    for title, lines in {name: rows, **others}.items():
        sheet = book.active if title == name else book.create_sheet(title)
        sheet.title = title
        for line in lines:
            sheet.append(line)
        if title in hidden_sheets:
            sheet.sheet_state = "hidden"
    first = book[name]
    for at in hidden:
        first.row_dimensions[at].hidden = True
    for cells in merged:
        first.merge_cells(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def strict_of(*rows: Row) -> bytes:
    """Return a workbook as Excel saves "Strict Open XML"."""
    return _parts_changed(xlsx_of(*rows), _STRICT)


def _parts_changed(content: bytes, words: Mapping[bytes, bytes]) -> bytes:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            data = old.read(part)
            for word, other in words.items():
                # The files of types and relationships keep the package's own names.
                data = data.replace(word, other)
            new.writestr(part.filename, data)
    return stream.getvalue()


def zip_of(**parts: bytes) -> bytes:
    """Return a zip file with these parts; __ in a name is a slash, _dot_ a dot."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as new:
        for name, data in parts.items():
            new.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return stream.getvalue()


def ods_of(*rows: Row, hidden: Collection[int] = (), visibility: str = "filter") -> bytes:
    """Return a sheet as LibreOffice saves it; `visibility` is how the hidden rows are, "filter" or "collapse"."""
    lines = "".join(
        f'<table:table-row{f""" table:visibility="{visibility}" """ if at in hidden else ""}>'
        f"{''.join(map(_ods_cell, row))}</table:table-row>"
        for at, row in enumerate(rows, start=1)
    )
    names = " ".join(f'xmlns:{each}="{_ODS}{each}:1.0"' for each in ("office", "table", "text"))
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names} office:version="1.3">'
        f'<office:body><office:spreadsheet><table:table table:name="Sheet1">{lines}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="{_ODS}manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr(zipfile.ZipInfo("mimetype"), kind)
        new.writestr("META-INF/manifest.xml", manifest)
        new.writestr("content.xml", content)
    return stream.getvalue()


def _ods_cell(value: Any) -> str:
    if value in (None, ""):
        return "<table:table-cell/>"
    if isinstance(value, bool):
        word = str(value).lower()
        kind, shown = f'office:value-type="boolean" office:boolean-value="{word}"', word.upper()
    elif isinstance(value, int | float):
        kind, shown = f'office:value-type="float" office:value="{value}"', str(value)
    elif isinstance(value, date):
        kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
        shown = f"{value:%m/%d/%y}"
    else:
        kind, shown = 'office:value-type="string"', escape(value)
    return f"<table:table-cell {kind}><text:p>{shown}</text:p></table:table-cell>"


def xls_of(*rows: Row, hidden: Collection[int] = ()) -> bytes:
    """Return a workbook of Excel 97 to 2003: the records of one sheet inside an OLE file."""
    sheet = [_record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))]
    width = max(map(len, rows))
    sheet.append(_record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0)))
    for at, row in enumerate(rows):
        flags = 0x0120 if at + 1 in hidden else 0x0100
        sheet.append(
            _record(0x0208, struct.pack("<HHHHHHHH", at, 0, len(row), 255, 0, 0, flags, 15))
        )
        sheet += [_xls_cell(at, column, value) for column, value in enumerate(row) if value != ""]
    sheet.append(_record(0x000A, b""))
    begin = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    begin += _record(0x0042, struct.pack("<H", 1200))
    name = b"Sheet1"
    # The sheet's own place: behind this record and the end of the workbook's.
    start = len(begin) + 4 + 8 + len(name) + 4
    begin += _record(0x0085, struct.pack("<IBBBB", start, 0, 0, len(name), 0) + name)
    begin += _record(0x000A, b"")
    return _ole(begin + b"".join(sheet))


def _xls_cell(at: int, column: int, value: Any) -> bytes:
    if isinstance(value, int | float):
        return _record(0x0203, struct.pack("<HHHd", at, column, 15, float(value)))
    data = str(value).encode("utf-16-le")
    return _record(0x0204, struct.pack("<HHHHB", at, column, 15, len(data) // 2, 1) + data)


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _ole(stream: bytes) -> bytes:
    """Return an OLE file with one stream, "Workbook"."""
    size = max(len(stream), 4096)
    size += -size % _SECTOR
    stream = stream.ljust(size, b"\0")
    many = size // _SECTOR
    # Sector 0 is the allocation table, 1 the directory, the rest the stream.
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, many + 2), 0xFFFFFFFE]
    if len(table) > 128:
        raise ValueError("more rows than this small writer can hold")
    fat = struct.pack("<128I", *table, *[0xFFFFFFFF] * (128 - len(table)))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0
    )
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    root = _ole_entry("Root Entry", 5, 1, 0xFFFFFFFE, 0)
    book = _ole_entry("Workbook", 2, 0xFFFFFFFF, 2, size)
    return header + fat + root + book + bytes(256) + stream


def _ole_entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    data = name.encode("utf-16-le")
    none = 0xFFFFFFFF
    return (
        data.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(data) + 2, kind, 1, none, none, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
