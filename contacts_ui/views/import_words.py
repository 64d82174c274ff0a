"""The words on an import's pages: what will happen, remarks about cells, and how the file is read."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from contacts_ui.contact_fields import LABELS
from contacts_ui.forms.importing import CHOICES, ROWS_NAMED, in_rows, sheet_label
from contacts_ui.models import Upload
from contacts_ui.phone import pretty
from contacts_ui.services.files.columns import FULL_NAME, LAST_FIRST, NUMBER, label_of
from contacts_ui.services.imports.checking import (
    LEFT,
    NOT_CREATED,
    Check,
    Choice,
    Fate,
    Remark,
    Weight,
)
from contacts_ui.services.imports.questions import READ, of_rest
from contacts_ui.services.jobs.row_handlers import SAME
from contacts_ui.views.contact_facts import in_words

FIRST_ROWS: Final = 5
TYPED_NAMED: Final = 3
TYPED_LONGEST: Final = 60
# Groups of remarks of one weight on the page. The CSV has all.
GROUPS_SHOWN: Final = 20
_TITLES: Final = {
    Weight.LOST_STOP: ("1 stop cannot be recorded", "{} stops cannot be recorded"),
    Weight.KEPT_OUT: ("1 row cannot be imported", "{} rows cannot be imported"),
    Weight.LEFT_EMPTY: ("1 cell is left empty", "{} cells are left empty"),
    Weight.STOP: ("1 stop will be recorded", "{} stops will be recorded"),
    Weight.NOTICE: ("1 note", "{} notes"),
}
# Why rows are left out, as it follows their number.
_REASONS: Final = {
    Fate.INVALID: "without a number that can be used",
    Fate.SAME: "with the number of an earlier row",
    Fate.LEFT_OUT: "hidden in the spreadsheet",
    LEFT: "already in SlickText",
    SAME: "already the same in SlickText",
    NOT_CREATED: "not in SlickText",
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
    """The same remark about cells: how many, their columns, the first rows, and the first different texts.

    `parts` are its sentence divided by `_VARIABLE`, "…" where the cells' own sentences differ.
    """

    parts: list[str]
    many: int = 0
    columns: list[str] = field(default_factory=list)
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
        if remark.column and remark.column not in self.columns:
            self.columns.append(remark.column)
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
        groups = found[remark.weight]
        groups.setdefault(tuple(parts[::2]), Group(parts)).add(remark, parts)
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


def summary(check: Check, choice: str, *, known: bool) -> list[dict[str, Any]]:
    """Return what happens to the rows, in lines whose counts add up to all of them, without zeros.

    Unless it is `known` who is in SlickText, no line says which contacts are new.
    """
    fates = check.counts
    stopped = sum(line.stop for line in check.lines if line.fate in (Fate.CREATE, Fate.UPDATE))
    stops = f"{stopped:,} of them with a stop." if stopped else ""
    reasons = Counter(
        line.fate if line.fate in _REASONS else line.why for line in check.lines if not line.acts
    )
    left_out = [f"{many:,} {_REASONS[reason]}" for reason, many in reasons.most_common()]
    lines = [
        ("New contacts", fates[Fate.CREATE], f"Created as not subscribed. {stops}"),
        ("Changed contacts", fates[Fate.UPDATE], f"Only the fields in your file change. {stops}"),
        ("Only stopped", fates[Fate.STOP], "Their contact is not changed."),
        ("Left out", sum(reasons.values()), ". ".join(left_out) + "."),
    ]
    if not known:
        contacts = fates[Fate.CREATE] + fates[Fate.UPDATE]
        words = f"Each number is looked up first. {_KNOWN_WORDS[Choice(choice)]} {stops}"
        lines[:2] = [("Contacts", contacts, words)]
    return [
        {"label": label, "many": many, "note": note.strip()} for label, many, note in lines if many
    ]


def button(check: Check) -> str:
    """Return exactly what the press will do."""
    fates = check.counts
    parts = [
        _many(fates[Fate.CREATE] + fates[Fate.UPDATE], "import {} contact"),
        _many(check.stops, "stop {} number"),
    ]
    words = " and ".join(filter(None, parts))
    return words[:1].upper() + words[1:]


def _many(number: int, words: str) -> str:
    return f"{words.format(f'{number:,}')}{'' if number == 1 else 's'}" if number else ""


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
                "cells": [in_words(name, line.values.get(name)) for name in fields],
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
