"""Workbooks of spreadsheets (.xlsx, .xls, .xlsb, .ods): one sheet as rows of text, read by a process with limits."""

import logging
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final

import msgspec

from contacts_ui.services.files.table import Line, Unreadable

_CHILD: Final = Path(__file__).with_name("workbook_child.py")
# The child ends by its own limit of processor time before that, unless the machine is very busy.
_TIMEOUT_SECONDS: Final = 30
# Workbooks that a process reads at the same time; each may take 400 MB.
_SLOTS: Final = BoundedSemaphore(2)

BUSY: Final = "Other workbooks are being read. Try again in a minute."

TOO_MUCH: Final = (
    "This workbook is too large, or has a cell far away from all others. "
    "Copy the rows that you want to a new workbook, or save the sheet as CSV."
)
BROKEN: Final = (
    "This workbook cannot be read. Open it in a spreadsheet program, and save it as CSV or .xlsx."
)
OTHER: Final = "This kind of workbook cannot be read. Export the table as CSV or as Excel (.xlsx)."
LOCKED: Final = "This workbook has a password. Save it without a password."
NOT_TOLD: Final = "This kind of workbook does not say which rows are hidden. If you filtered it, save it as .xlsx."
_SENTENCES: Final = {"too_much": TOO_MUCH, "other": OTHER, "locked": LOCKED, "broken": BROKEN}

logger = logging.getLogger(__name__)


class Book(msgspec.Struct):
    """What the child process says about a workbook, and the rows of one sheet."""

    sheet: str = ""
    sheets: list[str] = []
    hidden_sheets: list[str] = []
    hidden_rows: list[int] = []
    tells_hidden: bool = True
    lines: list[Line] = []
    notes: list[str] = []


def read(content: bytes, sheet: str = "") -> Book:
    """Read the named sheet, else the first that is shown and holds something. Raises Unreadable."""
    if not _SLOTS.acquire(timeout=_TIMEOUT_SECONDS):
        raise Unreadable(BUSY)
    try:
        return _read(content, sheet)
    finally:
        _SLOTS.release()


def _read(content: bytes, sheet: str) -> Book:
    command = [sys.executable, "-I", str(_CHILD)]
    try:
        # Without our environment: a file that takes the child over finds no secrets in it.
        run = subprocess.run(  # noqa: S603
            command,
            input=msgspec.json.encode(sheet) + b"\n" + content,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable(TOO_MUCH) from error
    if run.returncode:
        why = run.stderr.decode(errors="replace").strip()
        if why in _SENTENCES:
            raise Unreadable(_SENTENCES[why])
        logger.warning("the reader of workbooks ended with %d", run.returncode)
        # A signal: out of memory or time, the library aborts or the system ends the process.
        raise Unreadable(TOO_MUCH if run.returncode < 0 else BROKEN)
    first, _, rest = run.stdout.partition(b"\n")
    book = msgspec.json.decode(first, type=Book)
    book.lines = msgspec.json.Decoder(Line).decode_lines(rest)
    _say(book)
    return book


def _say(book: Book) -> None:
    others = [
        f"“{name}” (hidden)" if name in book.hidden_sheets else f"“{name}”"
        for name in book.sheets
        if name != book.sheet
    ]
    if others:
        more = f", and {len(others) - 5} more" if len(others) > 5 else ""
        book.notes.append(
            f"Only the sheet “{book.sheet}” is read. There are others: {', '.join(others[:5])}{more}."
        )
    if book.sheet in book.hidden_sheets:
        book.notes.append(f"The sheet “{book.sheet}” is hidden in the spreadsheet.")
    if not book.tells_hidden:
        book.notes.append(NOT_TOLD)
