"""The words on an import's pages: what will happen, remarks about cells, and how the file is read."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from contacts_ui.contact_fields import LABELS
from contacts_ui.forms.importing import CHOICES, ROWS_NAMED, in_rows, sheet_label
from contacts_ui.models import Upload
from contacts_ui.phone import pretty
from contacts_ui.services.files.columns import FULL_NAME, LAST_FIRST, NUMBER, label_of
from contacts_ui.services.imports.checking import Check, Choice, Fate, Remark, Weight
from contacts_ui.services.imports.questions import READ, of_rest

FIRST_ROWS: Final = 5
TYPED_NAMED: Final = 3
TYPED_LONGEST: Final = 60
# Groups of remarks of one weight on the page. The CSV has all.
GROUPS_SHOWN: Final = 20
_TITLES: Final = {
    Weight.LOST_STOP: ("1 stop cannot be recorded", "{} stops cannot be recorded"),
    Weight.KEPT_OUT: ("1 row is kept out", "{} rows are kept out"),
    Weight.LEFT_EMPTY: ("1 cell is left empty", "{} cells are left empty"),
    Weight.STOP: ("1 stop will be recorded", "{} stops will be recorded"),
    Weight.NOTICE: ("1 more thing to know", "{} more things to know"),
}
_KNOWN_WORDS: Final = {
    Choice.CREATE: "Existing contacts are left as they are.",
    Choice.UPDATE: "Existing contacts are updated.",
    Choice.ONLY_UPDATE: "Only existing contacts are updated.",
}


# The part that differs between similar sentences: a quoted value, or a number.
_VARIABLE: Final = re.compile(r"(“[^”]*”|\d(?:[\d,./-]*\d)?)")


@dataclass
class Group:
    """The same remark about cells of one column: how many, the first rows, and the first different texts.

    `parts` are its sentence divided by `_VARIABLE`, "…" where the cells' own sentences differ.
    """

    parts: list[str]
    column: str
    many: int = 0
    lines: list[int] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)

    def add(self, remark: Remark, parts: Sequence[str]) -> None:
        """Count one more cell."""
        self.many += 1
        self.parts = [
            mine if mine == other else "“…”" if "“" in mine else "…"
            for mine, other in zip(self.parts, parts, strict=True)
        ]
        if len(self.lines) < ROWS_NAMED:
            self.lines.append(remark.line)
        typed = remark.typed[:TYPED_LONGEST]
        if typed and len(self.typed) < TYPED_NAMED and typed not in self.typed:
            self.typed.append(typed)

    @property
    def sentence(self) -> str:
        """Return the sentence for all of them."""
        return "".join(self.parts)

    @property
    def rows(self) -> str:
        """Name the rows."""
        return in_rows(self.many, self.lines)


@dataclass
class Section:
    """All remarks of one weight, grouped, the largest group first. `more` groups are only in the CSV."""

    weight: Weight
    title: str
    groups: list[Group]
    more: int

    @property
    def name(self) -> str:
        """Return the weight as part of an id."""
        return self.weight.name.lower().replace("_", "-")


def sections(check: Check) -> list[Section]:
    """Return all remarks about cells, the heaviest first."""
    found: dict[Weight, dict[tuple[str, ...], Group]] = defaultdict(dict)
    for remark in check.remarks:
        parts = _VARIABLE.split(remark.sentence)
        groups, key = found[remark.weight], (remark.column, *parts[::2])
        groups.setdefault(key, Group(parts, remark.column)).add(remark, parts)
    return [_section(weight, groups.values()) for weight, groups in sorted(found.items())]


def _section(weight: Weight, groups: Iterable[Group]) -> Section:
    largest = sorted(groups, key=lambda group: -group.many)
    many = sum(group.many for group in largest)
    one, several = _TITLES[weight]
    title = one if many == 1 else several.format(f"{many:,}")
    return Section(weight, title, largest[:GROUPS_SHOWN], max(len(largest) - GROUPS_SHOWN, 0))


def lost_stops(check: Check) -> str:
    """Name the rows with a stop that cannot be recorded; "" for none."""
    lines = [remark.line for remark in check.remarks if remark.weight is Weight.LOST_STOP]
    return in_rows(len(lines), lines) if lines else ""


def rows_in_doubt(check: Check) -> dict[str, list[int]]:
    """Return the rows of each question about what cells say, by its key, in the order of the file."""
    keys = {question.key for question in check.questions}
    rows: dict[str, list[int]] = defaultdict(list)
    for line in check.lines:
        marks = {mark.question for mark in line.marks if mark.question}
        for key in {key if key in keys else of_rest(key) for key in marks}:
            rows[key].append(line.line)
    return rows


def not_understood(check: Check, rows: Mapping[str, Sequence[int]]) -> int:
    """Return how many rows have an open question."""
    return len({line for question in check.open for line in rows.get(question.key, ())})


def counts(check: Check, waiting: int) -> list[tuple[str, int]]:
    """Return the number of lines of each fate, in words, without zeros. A stop may come with another fate."""
    fates, weights = check.counts, check.weights
    everything = [
        ("Not understood", waiting),
        ("To be created", fates[Fate.CREATE]),
        ("To be updated", fates[Fate.UPDATE]),
        ("Stops to be recorded", check.stops),
        ("Stops that cannot be recorded", weights[Weight.LOST_STOP]),
        ("Kept out", weights[Weight.KEPT_OUT]),
        ("Left unchanged", fates[Fate.SKIP]),
        ("Duplicates in the file", fates[Fate.SAME]),
        ("Hidden, left out", fates[Fate.LEFT_OUT]),
        ("Cells left empty", weights[Weight.LEFT_EMPTY]),
    ]
    return [(label, many) for label, many in everything if many]


def button(check: Check) -> str:
    """Return exactly what the press will do."""
    fates = check.counts
    parts = [
        _many(fates[Fate.CREATE], "create {} contact"),
        _many(fates[Fate.UPDATE], "update {} contact"),
        _many(check.stops, "stop {} number"),
    ]
    *others, last = [part for part in parts if part] or [""]
    words = " and ".join(filter(None, [", ".join(others), last]))
    return words[:1].upper() + words[1:]


def _many(number: int, words: str) -> str:
    return f"{words.format(f'{number:,}')}{'' if number == 1 else 's'}" if number else ""


def choice_words(upload: Upload) -> str:
    """Return what happens to contacts already in SlickText."""
    return _KNOWN_WORDS[Choice(upload.choice)]


def first_rows(upload: Upload, check: Check) -> dict[str, Any]:
    """Return a few rows as they are read: names split, days and states in one spelling."""
    lines = [line for line in check.lines if line.values][:FIRST_ROWS]
    there = {name for line in lines for name in line.values}
    fields = [name for name in {**LABELS, **dict.fromkeys(upload.mapping)} if name in there]
    return {
        "headings": ["Row", label_of(NUMBER), *map(label_of, fields)],
        "rows": [
            {
                "line": line.line,
                "number": pretty(line.number),
                "cells": [line.values.get(name) for name in fields],
            }
            for line in lines
        ],
        "split": {FULL_NAME, LAST_FIRST} & {*upload.mapping},
    }


def how_it_is_read(upload: Upload, check: Check) -> dict[str, Any]:
    """Return how the file is read: sheet, encoding, columns, and answers given or assumed."""
    table = check.table
    answers = {question.key: question for question in check.questions if not question.is_open}
    read_for_stops = {key for key, question in answers.items() if question.answer == READ}
    fields = [
        (heading, label_of(target))
        for heading, target in zip(table.headings, upload.mapping, strict=False)
        if target
    ]
    left_out = []
    for at, heading in enumerate(table.headings):
        if at < len(upload.mapping) and upload.mapping[at]:
            continue
        if f"column:{at}" in read_for_stops:
            fields.append((heading, "Only its stops"))
        else:
            left_out.append(heading)
    chosen = upload.options.get("encoding", "")
    return {
        "sheet": sheet_label(table, table.sheet),
        "encoding": table.encodings.get(chosen, "") or table.encoding,
        "is_guess": not chosen,
        "fields": fields,
        "left_out": left_out,
        "choice": dict(CHOICES)[Choice(upload.choice)],
        "orders": [
            f"{each.sentence} {dict(each.choices)[each.answer]}"
            for key, each in answers.items()
            if key.startswith("order:")
        ],
        "notes": table.notes,
    }
