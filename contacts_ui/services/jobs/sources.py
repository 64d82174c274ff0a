"""Where the rows of a job come from: ticked rows, all that match a view, a pasted list, a CSV file of numbers."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from contacts_ui.integrations.errors import VendorError
from contacts_ui.integrations.types import Contact
from contacts_ui.phone import to_e164
from contacts_ui.services import contacts, index
from contacts_ui.services.index import IndexQuestion

MOST_BYTES: Final = 10_000_000
MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 500
# By so many lines the column of numbers is found.
LOOKED_AT: Final = 200
# Where there is no index, so many ticked rows are read one by one: more would spend the calls of everybody else.
MOST_READ: Final = 100
LONGEST_TYPED: Final = 300

MANGLED: Final = (
    "A spreadsheet has shortened this number, and its last digits are lost. "
    "Format the column as text there, and export it again."
)
NO_NUMBER: Final = "This is not a phone number. It needs ten digits, as in (615) 555-0123."
EMPTY: Final = "There is no number in this line."
WHO_IS_IT: Final = "We could not find out who this is. Open the list, and tick them again."
UNREADABLE_NUMBER: Final = "SlickText holds no readable number for them."

_MANGLED: Final = re.compile(r"\+?\d(?:[.,]\d+)?[eE]\+?\d{1,2}")
_WHOLE: Final = re.compile(r"(\d{10,15})[.,]0+")
_BETWEEN: Final = re.compile(r"[ ().-]")
_USUAL: Final = re.compile(r"(?:\+?1)?([2-9][0-9]{9})")
_NUMBER_NAMES: Final = ("mobile", "phone", "cell", "number", "tel")


class NoNumbers(Exception):
    """What was pasted or uploaded cannot be read. `sentence` is for the screen."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


@dataclass(frozen=True)
class Candidate:
    """One line of what a job shall be about: a number, a contact where it is known, or what is wrong with the line."""

    typed: str
    number: str = ""
    contact: Contact | None = None
    read_at: datetime | None = None
    problem: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def from_ids(ids: Iterable[int]) -> Iterator[Candidate]:
    """The rows that were ticked, as the index knows them. Of those that it does not know, SlickText is asked."""
    wanted = list(dict.fromkeys(ids))
    known = index.by_ids(wanted)
    asked = 0
    for contact_id in wanted:
        if found := known.get(contact_id):
            yield _of_contact(found.contact, found.read_at)
        else:
            asked += 1
            yield _read(contact_id) if asked <= MOST_READ else _nobody(contact_id)


def from_view(question: IndexQuestion) -> Iterator[Candidate]:
    """Everybody who matches a view of the table, by the index."""
    return (_of_contact(found.contact, found.read_at) for found in index.everybody(question))


def from_text(text: str) -> Iterator[Candidate]:
    """A pasted list: numbers in any spelling, one a line or with commas, semicolons or tabs between them."""
    for line in text.splitlines():
        cells = [cell for cell in re.split(r"[,;\t]", line) if cell.strip(" \"'")]
        if not cells:
            continue
        read = [_of_cell(cell) for cell in cells]
        numbers = [each for each in read if each.number or each.problem == MANGLED]
        yield from numbers or [_of_cell(line)]


def from_csv(content: bytes) -> Iterator[Candidate]:
    """A CSV file: whichever column holds the numbers. Raises NoNumbers, with what to do about it."""
    lines = _lines(_decoded(content))
    column = _column_of_numbers(lines)
    if not to_number(_cell(lines[0], column)) and not _MANGLED.fullmatch(_cell(lines[0], column)):
        lines = lines[1:]
    if not lines:
        raise NoNumbers("The file holds a heading and nothing below it.")
    return (_of_cell(_cell(line, column)) for line in lines)


def to_number(text: str) -> str | None:
    """As `phone.to_e164`, past what spreadsheets put around a number: quotes, ="…", .0 at the end."""
    plain = text.strip().lstrip("=").strip(" \"'")
    if usual := _USUAL.fullmatch(_BETWEEN.sub("", plain)):
        # The same answer, in a twentieth of the time: a list may have 50,000 of them.
        return f"+1{usual[1]}"
    whole = _WHOLE.fullmatch(plain)
    return to_e164(whole[1] if whole else plain)


def _read(contact_id: int) -> Candidate:
    try:
        reading = contacts.read(contact_id)
    except VendorError:
        return _nobody(contact_id)
    return _of_contact(reading.contact, reading.as_of)


def _nobody(contact_id: int) -> Candidate:
    return Candidate(f"id {contact_id}", problem=WHO_IS_IT)


def _of_contact(contact: Contact, read_at: datetime) -> Candidate:
    number = contact.number or ""
    typed = contact.mobile_number or contact.name or f"id {contact.contact_id}"
    problem = "" if number else UNREADABLE_NUMBER
    return Candidate(typed[:LONGEST_TYPED], number, contact, read_at, problem)


def _of_cell(text: str) -> Candidate:
    typed = " ".join(text.replace("\0", "").split())[:LONGEST_TYPED]
    if number := to_number(typed):
        return Candidate(typed, number)
    if not typed:
        return Candidate("", problem=EMPTY)
    return Candidate(typed, problem=MANGLED if _MANGLED.fullmatch(typed) else NO_NUMBER)


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise NoNumbers("The file is larger than 10 MB. Split it, or keep only the numbers.")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise NoNumbers("This is a workbook, not a CSV file. Save it as “CSV UTF-8” first.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel writes where it is not told otherwise; every byte is a character there.
        return content.decode("cp1252", errors="replace")


def _lines(text: str) -> list[list[str]]:
    text = text.replace("\0", "")
    sample = text[:20_000]
    separator = max(",;\t|", key=lambda each: sample.count(each))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        lines = [line for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise NoNumbers(
            "The file cannot be read as a table. Save it as “CSV UTF-8” once more."
        ) from error
    if lines and lines[0][0].lower().startswith("sep="):
        lines = lines[1:]
    if not lines:
        raise NoNumbers("The file is empty.")
    # Said at once: looking up and writing down what is refused at last would keep everybody waiting.
    if len(lines) > MOST_ROWS + 1:
        raise NoNumbers(f"More than {MOST_ROWS:,} lines are too many for one job. Split the file.")
    if max(len(line) for line in lines[:LOOKED_AT]) > MOST_COLUMNS:
        raise NoNumbers(f"There are more than {MOST_COLUMNS} columns. Keep only the numbers.")
    return lines


def _column_of_numbers(lines: Sequence[Sequence[str]]) -> int:
    """The column with the most numbers; of several, the one whose heading says so, else the first."""
    sample = lines[:LOOKED_AT]

    def weight(column: int) -> tuple[int, bool]:
        cells = [_cell(line, column) for line in sample]
        heading = cells[0].casefold()
        hits = sum(bool(to_number(cell) or _MANGLED.fullmatch(cell)) for cell in cells)
        return hits, any(name in heading for name in _NUMBER_NAMES)

    best = max(range(max(len(line) for line in sample)), key=weight)
    if not weight(best)[0]:
        raise NoNumbers("No column of this file holds phone numbers that we can read.")
    return best


def _cell(line: Sequence[str], column: int) -> str:
    return line[column].strip() if column < len(line) else ""
