"""An uploaded file, whatever it is, as a table of texts; or a sentence that says why not."""

from contacts_ui.services.files import workbooks
from contacts_ui.services.files.tables import (
    EMPTY,
    MOST_BYTES,
    NO_TEXT,
    OTHER_KINDS,
    Table,
    Unreadable,
    as_table,
    decoded,
    lines_of,
)

__all__ = ["MOST_BYTES", "Table", "Unreadable", "read"]


def read(content: bytes) -> Table:
    """Read an uploaded file, whatever its name says it is. Raises Unreadable."""
    if len(content) > MOST_BYTES:
        raise Unreadable(f"This file is larger than {MOST_BYTES // 1_000_000} MB. Split it.")
    if not content.strip(b"\0\r\n\t ,;\xef\xbb\xbf\xff\xfe"):
        raise Unreadable(EMPTY)
    if content.startswith(b"PK"):
        lines, notes = workbooks.read(content)
        return as_table(lines, notes)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            "This is a workbook of an old Excel, or one with a password. "
            "Save it as .xlsx without a password, or as CSV."
        )
    text = decoded(content)
    notes = []
    if "\0" in text:
        if text.count("\0") > len(text) // 20:
            raise Unreadable(NO_TEXT)
        text = text.replace("\0", "")
        notes.append(
            "There were characters in this file that no text holds (NUL). They are left out."
        )
    if sum(text.count(each) for each in "\x01\x02\x03\x04\x05\x06\x0e\x0f") > len(text) // 100:
        raise Unreadable(NO_TEXT)
    kind = next(
        (kind for start, kind in OTHER_KINDS.items() if text.lstrip().startswith(start)), ""
    )
    if kind:
        raise Unreadable(
            f"This is {kind}, not a table. Save or export the table as “CSV UTF-8” or .xlsx."
        )
    return as_table(lines_of(text), notes)
