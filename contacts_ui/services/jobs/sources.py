"""Where the rows of a job come from: ticked rows, all that match a view, a pasted list, a file with numbers in it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from contacts_ui.integrations.errors import VendorError
from contacts_ui.integrations.types import Contact
from contacts_ui.models import Disagreement
from contacts_ui.services import contacts, files, index
from contacts_ui.services.consent import desired_state
from contacts_ui.services.files.cells import MANGLED, SEVERAL, is_phone, read_number, tidy
from contacts_ui.services.files.columns import number_column
from contacts_ui.services.files.tables import MOST_ROWS
from contacts_ui.services.index import IndexQuestion
from contacts_ui.services.jobs import evidence

# Where there is no index, so many ticked rows are read one by one: more would spend the calls of everybody else.
MOST_READ: Final = 100
LONGEST_TYPED: Final = 300

EMPTY: Final = "There is no number in this line."
WHO_IS_IT: Final = "We could not find out who this is. Open the list, and tick them again."
UNREADABLE_NUMBER: Final = "SlickText holds no readable number for them."


class NoNumbers(Exception):
    """What was pasted or uploaded cannot be read. `sentence` is for the screen."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


@dataclass(frozen=True)
class Candidate:
    """One line of what a job shall be about: a number, a contact where it is known, or what is wrong with the line.

    `line` is its row in the file that it came from, 0 where there is none.
    """

    typed: str
    number: str = ""
    contact: Contact | None = None
    read_at: datetime | None = None
    problem: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True)
class Source:
    """Who is meant: where they come from, in words, each line of it, and what has to be said about the reading."""

    words: str
    candidates: Iterable[Candidate]
    notes: tuple[str, ...] = ()


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


def from_untold() -> Source:
    """Numbers on record as stopped while a connected vendor was never told; the index says who they are."""
    numbers = desired_state.untold().values_list("number", flat=True)
    many = numbers.count()
    notes = ["They are already stopped here. This job tells each vendor that was not told."]
    if many > MOST_ROWS:
        notes.append(f"These are the first {MOST_ROWS:,} of {many:,}. The rest need another job.")
    candidates = (Candidate(number, number) for number in numbers[:MOST_ROWS].iterator())
    return Source("Stops on record that a vendor was not told of", candidates, tuple(notes))


def from_disagreements(keys: Iterable[int]) -> Source:
    """Open disagreements, by their keys."""
    rows = Disagreement.objects.filter(pk__in=list(keys), closed_at=None).order_by("pk")
    candidates = (
        Candidate(row.label or row.number, row.number, data={"disagreement": row.pk})
        for row in rows
    )
    return Source("Disagreements", candidates)


def untold_count() -> int:
    """Return how many stops on record some connected vendor was never told of."""
    return desired_state.untold().count()


def from_text(text: str) -> Iterator[Candidate]:
    """A pasted list: numbers in any spelling, one a line or with commas, semicolons or tabs between them.

    Raises NoNumbers.
    """
    lines = text.splitlines()
    # Said at once: writing down what is refused at last would keep everybody waiting.
    if sum(map(bool, map(str.strip, lines))) > MOST_ROWS:
        raise NoNumbers(f"More than {MOST_ROWS:,} lines are too many at once. Split the list.")
    for line in lines:
        cells = [cell for cell in re.split(r"[,;\t]", line) if cell.strip(" \"'")]
        if not cells:
            continue
        read = [_of_cell(cell) for cell in cells]
        numbers = [each for each in read if each.number or each.problem in (MANGLED, SEVERAL)]
        yield from numbers or [_of_cell(line)]


def from_file(name: str, content: bytes) -> Source:
    """A CSV file or a workbook: whichever column holds the numbers. Raises Unreadable, NoNumbers."""
    table = files.read(content)
    column = number_column(table)
    if column is None:
        raise NoNumbers("No column of this file holds phone numbers that we can read.")
    words = f"The file {name}"
    filled = [cell for _, cells in table.lines for cell in cells if cell]
    if len(filled) > len(table.lines) and not table.has_headings and all(map(is_phone, filled)):
        # Nothing but numbers, several to a line: a list, and no table of which one column counts.
        return Source(words, map(_of_cell, filled), tuple(table.notes))
    notes = table.notes
    if len(table.headings) > 1:
        notes = [*notes, f"The numbers are those in the column “{table.headings[column]}”."]
    cells = ((at, row[column] if column < len(row) else "") for at, row in table.lines)
    return Source(words, (_of_cell(cell, at) for at, cell in cells), tuple(notes))


def lifts_from_file(name: str, content: bytes) -> Source:
    """As `from_file`, with the evidence of consent in each row. Raises Unreadable, NoNumbers."""
    table = files.read(content)
    column, places = number_column(table), evidence.places(table.headings)
    if column is None or len(places) < len(evidence.COLUMNS):
        raise NoNumbers(evidence.NEEDED)
    lines = (_of_lift(cells, at, column, places) for at, cells in table.lines)
    return Source(f"The file {name}", lines, tuple(table.notes))


def _of_lift(cells: Sequence[str], line: int, column: int, places: dict[str, int]) -> Candidate:
    found = _of_cell(cells[column] if column < len(cells) else "", line)
    kept, problem = evidence.read(cells, places)
    return replace(found, data={"evidence": kept}, problem=found.problem or problem)


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


def _of_cell(text: str, line: int = 0) -> Candidate:
    typed = " ".join(text.replace("\0", "").split())[:LONGEST_TYPED]
    bare = tidy(typed).strip(" \"'")
    number, problem = read_number(bare) if bare else ("", EMPTY)
    return Candidate(typed, number, problem=problem, line=line)
