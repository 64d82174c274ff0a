"""How each entry point for numbers reads each spelling."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from contacts_ui import phone
from contacts_ui.services.jobs import sources
from contacts_ui.services.jobs.sources import Candidate
from tests.files.builders import csv_of, xlsx_of
from tests.files.case import e164
from tests.files.spellings import NEVER, OUGHT, TEXTS_WORDS


class Found(NamedTuple):
    """What an entry point reads in one text: numbers, and its words about texts that the person sees."""

    numbers: list[str]
    said: str = ""


def in_a_field(texts: Sequence[str]) -> list[Found]:
    """One field: *Stop a number*, search, filter, and each cell of an import."""
    reads = map(phone.read_number, texts)
    return [Found(_ours([read.number]), read.said) for read in reads]


def pasted(texts: Sequence[str]) -> list[Found]:
    """A pasted list of one line."""
    return [_found(sources.from_text(text)) for text in texts]


def in_csv(texts: Sequence[str]) -> list[Found]:
    """A file for a job, with headings."""
    return _in_file(csv_of(*_rows(texts)), texts)


def in_a_workbook(texts: Sequence[str]) -> list[Found]:
    """The same as a workbook."""
    return _in_file(xlsx_of(*_rows(texts)), texts)


def _rows(texts: Sequence[str]) -> list[list[str]]:
    return [["Name", "Mobile"], *(["Ada Quill", text] for text in texts)]


def _in_file(content: bytes, texts: Sequence[str]) -> list[Found]:
    candidates = list(sources.from_file("people", content).candidates)
    return [
        _found(each for each in candidates if each.line == at) for at in range(2, len(texts) + 2)
    ]


def _found(candidates: Iterable[Candidate]) -> Found:
    candidates = list(candidates)
    said = " ".join(each.said for each in candidates)
    return Found(_ours(each.number for each in candidates), said)


def _ours(numbers: Iterable[str]) -> list[str]:
    return [number for number in numbers if number and phone.is_us_or_canada(number)]


WAYS: Final = {
    "one field": in_a_field,
    "a pasted list": pasted,
    "a CSV of a job": in_csv,
    "a workbook of a job": in_a_workbook,
}


@dataclass
class Judged:
    """How many spellings a way in reads, and those that it should not have treated so."""

    ought: int = len(OUGHT)
    speaking: int = len(TEXTS_WORDS)
    never: int = len(NEVER)
    missed: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How many were read as the number that stands there."""
        return self.ought - len(self.missed)

    @property
    def spoken(self) -> int:
        """Count those about texts that did not become a bare number."""
        return self.speaking - len(self.silent)

    @property
    def refused(self) -> int:
        """How many that are no number were refused."""
        return self.never - sum(text in NEVER for text in self.invented)


def judge(way: Callable[[Sequence[str]], list[Found]]) -> Judged:
    """Try each spelling on one way in."""
    judged = Judged()
    expected = [
        *((text, at) for at, text in OUGHT),
        *TEXTS_WORDS.items(),
        *((text, 0) for text in NEVER),
    ]
    for (text, at), found in zip(expected, way([text for text, _ in expected]), strict=True):
        if found.numbers and found.numbers != [e164(at)]:
            judged.invented.append(text)
        elif text in TEXTS_WORDS:
            judged.silent += [text] * (not found.said)
        elif at and not found.numbers:
            judged.missed.append(text)
    return judged
