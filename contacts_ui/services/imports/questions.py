"""Questions about what a file leaves open, asked once for each different value, and the answers to them."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contacts_ui.services import index
from contacts_ui.services.files import opt_outs
from contacts_ui.services.files.columns import OWN_EXPORT, looks_like_opt_outs, values_of
from contacts_ui.services.files.days import Order, day_of, orders_of
from contacts_ui.services.files.opt_outs import ABOUT_TEXTS, DO_NOT_TEXT, STATUS, Says
from contacts_ui.services.files.table import Table

STOP: Final = "stop"
NO_STOP: Final = "no_stop"
READ: Final = "read"
LEAVE: Final = "leave"
HIDDEN: Final = "hidden"
STOP_OR_NOT: Final = ((STOP, "Stop texts"), (NO_STOP, "Not a stop"))
ORDERS: Final = (
    (Order.MONTH_FIRST.value, "Month first: 3/8 is March 8"),
    (Order.DAY_FIRST.value, "Day first: 3/8 is August 3"),
)
# Different values of a column that are asked about one by one. The others share an answer.
VALUES_ASKED_MAX: Final = 30
_WITH_DAYS: Final = ABOUT_TEXTS | {"birthdate"}


@dataclass(frozen=True, slots=True)
class Mark:
    """A cell about texts. `question` is the key of the question about it, "" if it is a stop."""

    column: str
    typed: str
    question: str = ""
    earliest: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What the file leaves open. `choices` are the possible answers with their labels; without `answer` it is open."""

    key: str
    sentence: str
    choices: tuple[tuple[str, str], ...]
    answer: str = ""
    rows: int = 0

    @property
    def is_open(self) -> bool:
        """Return True if it must be answered before the import."""
        return not self.answer


def of_value(place: str, text: str) -> str:
    """Return the key of the question about one value; spelling and spaces make no difference."""
    # Of "❌" and "#" folding leaves nothing: they are told apart as they are.
    folded = " ".join(index.normalize(text).split()) or text.strip()
    return f"value:{place}:{hashlib.sha256(folded.encode()).hexdigest()[:12]}"


def of_calls(at: int) -> str:
    """Return the key of the question whether a *Do not call* column covers texts."""
    return f"calls:{at}"


def about_columns(
    table: Table, mapping: Sequence[str], answers: Mapping[str, str]
) -> tuple[list[str], list[Question]]:
    """Return the mapping with the left-out columns that the person chose to read, and a question about each."""
    chosen, questions = list(mapping), list[Question]()
    if OWN_EXPORT in table.headings:
        return chosen, questions
    for at, heading in enumerate(table.headings):
        if at < len(mapping) and mapping[at]:
            continue
        different = values_of(table, at)
        if not looks_like_opt_outs(heading, list(different)):
            continue
        key = f"column:{at}"
        answer = _answer(answers, key, (READ, LEAVE))
        chosen += [""] * (at + 1 - len(chosen))
        if answer == READ:
            # As a status if one of its words is a status that stops.
            stops = any(opt_outs.read(STATUS, value).says is Says.STOP for value in different)
            chosen[at] = STATUS if stops else DO_NOT_TEXT
        sentence = (
            f"The column “{heading}” is left out, and looks like opt-outs: {_named(different)}."
        )
        choices = ((READ, "Read its stops"), (LEAVE, "Leave it out"))
        questions.append(Question(key, sentence, choices, answer, different.total()))
    return chosen, questions


def about_orders(
    table: Table, mapping: Sequence[str], answers: Mapping[str, str]
) -> tuple[dict[int, Order], list[Question]]:
    """Return the order of day and month in each column with days, and a question where it is not clear."""
    orders, questions = {}, []
    for at, target in enumerate(mapping):
        if target not in _WITH_DAYS:
            continue
        different = values_of(table, at)
        proved = orders_of(different)
        if len(proved) == 1:
            (orders[at],) = proved
            continue
        # Without proof it is read the American way; the answer can be changed.
        answer = _answer(answers, f"order:{at}", tuple(Order), "" if proved else Order.MONTH_FIRST)
        orders[at] = Order(answer or Order.MONTH_FIRST)
        readings = {text: {day_of(text, order) for order in Order} for text in different}
        doubtful = {
            text: different[text]
            for text, days in readings.items()
            if len(days) == len(Order) and None not in days
        }
        if doubtful:
            asked = f"Is the day or the month first in “{table.headings[at]}”?"
            sentence = f"{asked} {_named(doubtful)}."
            many = sum(doubtful.values())
            questions.append(Question(f"order:{at}", sentence, ORDERS, answer, many))
    return orders, questions


def about_hidden_rows(table: Table, answers: Mapping[str, str]) -> Iterator[Question]:
    """Ask whether to import rows that a filter or a person hid in the spreadsheet."""
    if table.hidden_rows:
        answer = _answer(answers, HIDDEN, (READ, LEAVE))
        choices = ((READ, "Import hidden rows, too"), (LEAVE, "Leave hidden rows out"))
        yield Question(HIDDEN, table.hidden_words, choices, answer, len(table.hidden_rows))


def about_marks(marks: Iterable[Mark], answers: Mapping[str, str]) -> Iterator[Question]:
    """Ask about each different value that is not clear, and each *Do not call* column, most rows first."""
    rows: Counter[str] = Counter()
    first: dict[str, tuple[str, str]] = {}
    for mark in marks:
        if mark.question:
            rows[mark.question] += 1
            first.setdefault(mark.question, (mark.column, mark.typed))
    asked: Counter[str] = Counter()
    rest: dict[str, list[str]] = {}
    for key, _ in rows.most_common():
        column, typed = first[key]
        asked[of_rest(key)] += 1
        if asked[of_rest(key)] > VALUES_ASKED_MAX:
            rest.setdefault(of_rest(key), []).append(key)
            continue
        sentence = f"What does “{typed[:80]}” in “{column}” mean?"
        if key.startswith("calls:"):
            sentence = f"“{column}” is set. Does it cover texts?"
        elif key == of_value("number", column):
            sentence = f"By its name, “{column}” lists stops. Is every number in it a stop?"
        answer = _answer(answers, key, (STOP, NO_STOP))
        yield Question(key, sentence, STOP_OR_NOT, answer, rows[key])
    for key, keys in rest.items():
        column = first[keys[0]][0]
        named = _named(first[each][1] for each in keys)
        sentence = (
            f"What do {len(keys):,} other values in “{column}” mean? They are {named}, and others."
        )
        answer = _answer(answers, key, (STOP, NO_STOP))
        yield Question(key, sentence, STOP_OR_NOT, answer, sum(rows[each] for each in keys))


def answer_to(key: str, answers: Mapping[str, str]) -> str:
    """Return the answer about a value: STOP, NO_STOP, or "" while it is open."""
    given = answers.get(key) or answers.get(of_rest(key), "")
    return given if given in (STOP, NO_STOP) else ""


def of_rest(key: str) -> str:
    """Return the key of the question about the rest of a column's values, from the key of one of them."""
    return f"{key.rpartition(':')[0]}:rest"


def _answer(
    answers: Mapping[str, str], key: str, possible: Sequence[str], default: str = ""
) -> str:
    return given if (given := answers.get(key, "")) in possible else default


def _named(values: Iterable[str]) -> str:
    """Name the first values."""
    return ", ".join(f"“{value[:40]}”" for value in list(values)[:3])
