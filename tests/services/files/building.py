"""Workbooks made by code, also such as no program writes."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import openpyxl
import pytest

from contacts_ui.services.files import Unreadable, read

SHEET: Final = "xl/worksheets/sheet1.xml"
_ODS: Final = "urn:oasis:names:tc:opendocument:xmlns"
_XLSX: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(*rows: Any, **sheets: Any) -> bytes:
    """Return an .xlsx with these rows, and further sheets by name."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, others in sheets.items():
        sheet = book.create_sheet(title)
        for row in others:
            sheet.append(row)
    return saved(book)


def refusal(content: bytes) -> str:
    """Return why this file cannot be read."""
    with pytest.raises(Unreadable) as refused:
        read(content)
    return refused.value.sentence


def saved(book: Any) -> bytes:
    """Return a workbook of openpyxl's as a file."""
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_parts(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """Return the same archive with parts replaced or added."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if part.filename not in parts:
                new.writestr(part, old.read(part))
        for name, text in parts.items():
            new.writestr(name, text)
    return stream.getvalue()


def part_of(content: bytes, name: str) -> bytes:
    """Return one part of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def with_sheet(rows: str) -> bytes:
    """Return an .xlsx whose only sheet has these <row> elements."""
    xml = f'<worksheet xmlns="{_XLSX}"><sheetData>{rows}</sheetData></worksheet>'
    return with_parts(workbook(("a",)), {SHEET: xml.encode()})


def open_document(**sheets: str) -> bytes:
    """Return an .ods whose sheets have these <table:table-row> elements."""
    tables = "".join(
        f'<table:table table:name="{name}">{rows}</table:table>' for name, rows in sheets.items()
    )
    names = " ".join(f'xmlns:{each}="{_ODS}:{each}:1.0"' for each in ("office", "table", "text"))
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("mimetype", kind, zipfile.ZIP_STORED)
        new.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{_ODS}:manifest:1.0"><manifest:file-entry '
            f'manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>',
        )
        new.writestr(
            "content.xml",
            f"<office:document-content {names}><office:body><office:spreadsheet>{tables}</office:spreadsheet>"
            "</office:body></office:document-content>",
        )
    return stream.getvalue()


def ods_row(*cells: str, **attributes: str) -> str:
    """Return a row of text cells for an .ods; an attribute `visibility` becomes table:visibility."""
    told = "".join(
        f' table:{name.replace("_", "-")}="{value}"' for name, value in attributes.items()
    )
    inner = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
        for cell in cells
    )
    return f"<table:table-row{told}>{inner}</table:table-row>"
