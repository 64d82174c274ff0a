"""Read an uploaded file as a table of texts, or say in a sentence why not."""

from dataclasses import replace
from typing import Final

from contacts_ui.services.files import workbooks
from contacts_ui.services.files.table import (
    EMPTY,
    FILE_MAX_BYTES,
    Options,
    Table,
    Unreadable,
    as_table,
)
from contacts_ui.services.files.text import decode, lines_of

__all__ = ["FILE_MAX_BYTES", "Options", "Table", "Unreadable", "read"]

NO_TEXT: Final = (
    "This is not a table of text. Save it as “CSV UTF-8” or as an Excel workbook (.xlsx) first."
)
# How other kinds of files begin.
OTHER_KINDS: Final = {
    "%PDF": "a PDF",
    "{\\rtf": "a text document",
    "BEGIN:VCARD": "a file of address cards (vCard)",
    "<!DOCTYPE": "a web page",
    "<html": "a web page",
    "<table": "a web page",
    "<?xml": "an XML file",
    "{": "a JSON file",
    "[{": "a JSON file",
}
_WORKBOOKS: Final = (b"PK", b"\xd0\xcf\x11\xe0")
_DEFAULTS: Final = Options()


def read(content: bytes, options: Options = _DEFAULTS) -> Table:
    """Read an uploaded file by its content, not its name. Raises Unreadable."""
    if len(content) > FILE_MAX_BYTES:
        raise Unreadable(f"This file is larger than {FILE_MAX_BYTES // 1_000_000} MB. Split it.")
    if not content.strip(b"\0\r\n\t ,;\xef\xbb\xbf\xff\xfe"):
        raise Unreadable(EMPTY)
    if not content.startswith(_WORKBOOKS):
        return _text(content, options)
    book = workbooks.read(content, options.sheet)
    table = as_table(book.lines, book.notes, options.headings)
    filled = {at for at, _ in table.lines}
    hidden = [at for at in book.hidden_rows if at in filled]
    return replace(
        table,
        sheet=book.sheet,
        sheets=book.sheets,
        hidden_sheets=book.hidden_sheets,
        hidden_rows=hidden,
    )


def _text(content: bytes, options: Options) -> Table:
    text, encoding, encodings = decode(content, options.encoding)
    notes = []
    if "\0" in text:
        if text.count("\0") > len(text) // 20:
            raise Unreadable(NO_TEXT)
        text = text.replace("\0", "")
        notes.append("Characters that are not text (NUL) are left out.")
    if sum(text.count(each) for each in "\x01\x02\x03\x04\x05\x06\x0e\x0f") > len(text) // 100:
        raise Unreadable(NO_TEXT)
    begins = text.lstrip()
    if kind := next((kind for start, kind in OTHER_KINDS.items() if begins.startswith(start)), ""):
        raise Unreadable(
            f"This is {kind}, not a table. Save or export the table as “CSV UTF-8” or .xlsx."
        )
    table = as_table(lines_of(text), notes, options.headings)
    return replace(table, encoding=encoding, encodings=encodings)
