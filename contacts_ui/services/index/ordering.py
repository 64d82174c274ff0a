"""Any page of any order at the cost of the first: indexes that end in the id, tokens, and anchors.

An order has two parts: whoever has a value, then whoever has none, whichever direction. Descending turns each part
round. Anchors note who stood at every thousandth place, so that no page is counted from the first.
"""

# ruff: noqa: S608 - the only names in the SQL are our own columns; every value is a parameter

import base64
import binascii
import json
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from contacts_ui.services.index.database import TABLE, Condition

# Column of the table -> column of the index.
SORTS: Final = {
    "name": "name_key",
    "number": "number",
    "email": "email_key",
    "city": "city_key",
    "state": "state_key",
    "zip": "zip_key",
    "country": "country_key",
    "status": "status_key",
    "source": "source_key",
    "language": "language_key",
    "timezone": "timezone_key",
    "created": "created",
    "last_updated": "last_updated",
    "contact_id": "contact_id",
}
_ANCHORS: Final = "contacts_ui_indexanchor"
_COUNTS: Final = "contacts_ui_indexcount"
STEP: Final = 1000
# Among those with one status: they may be far apart.
STATUS_STEP: Final = 250
# Up to here counting from the first costs less than a millisecond.
NEAR: Final = 5000
# Filtered by more than others, and shared by many.
COMMON: Final = (
    "status_key", "state_key", "country_key", "source_key", "language_key", "timezone_key", "city_key",
)  # fmt: skip
_TIMES: Final = ("created", "last_updated")
_EARLIEST: Final = "0001-01-01 00:00:00"

EVERYBODY: Final[Condition] = ("1 = 1", [])

Key = tuple[Any, int]
# Place, value, id.
Mark = tuple[int, Any, int]


@dataclass(frozen=True)
class Order:
    """By which column, which way round."""

    column: str = "contact_id"
    descending: bool = False

    @property
    def lowest(self) -> Any:
        """What every value is greater than."""
        if self.column == "contact_id":
            return -(2**62)
        return _EARLIEST if self.column in _TIMES else ""

    def parts(self) -> list[Condition]:
        """Whoever has a value, and whoever has none."""
        filled = (f"{self.column} > %s", [self.lowest])
        if self.column == "contact_id":
            return [filled]
        empty = f"{self.column} IS NULL" if self.column in _TIMES else f"{self.column} = ''"
        return [filled, (empty, [])]


def order_of(sort: str) -> Order:
    """The order that a key of SORTS asks for, with "-" in front for descending; by id where there is none."""
    column = SORTS.get(sort.removeprefix("-"))
    return Order(column, sort.startswith("-")) if column else Order()


def page(
    order: Order, within: Condition, offset: int, limit: int, *, total: int | None = None
) -> list[Key]:
    """The keys of one page. `total`, where it is known exactly, lets the last half be counted from the end."""
    if total is not None and offset >= total:
        return []
    if total is not None and offset > NEAR and offset > total // 2:
        limit = min(limit, total - offset)
        return walk(order, within, total - offset - limit, limit, backward=True)
    return walk(order, within, offset, limit)


@dataclass(frozen=True)
class Marks:
    """How many each part of an order has, ascending, and who stands next before a place of it: (place, value, id)."""

    sizes: Sequence[int]
    nearest: Callable[[int, int], Mark | None]


def far_page(
    order: Order, marks: Marks, offset: int, limit: int, within: Condition = EVERYBODY
) -> list[Key]:
    """One page of whoever is `within`, far from both ends: its first is found from the nearest mark before it.

    Whoever came since the marks were set may move the page, but nobody in it is skipped.
    """
    if not any(marks.sizes):
        return walk(order, within, offset, limit)
    for part, size in enumerate(marks.sizes):
        if offset < size:
            place = size - 1 - offset if order.descending else offset
            first = _marked(order.column, part, marks.nearest(part, place), place, within)
            return walk(order, within, 0, limit, after=_before(order, first)) if first else []
        offset -= size
    return []


def _marked(column: str, part: int, mark: Mark | None, place: int, within: Condition) -> Key | None:
    """Who stands at a place of a part, ascending."""
    if mark is None:
        keys = _part(column, within, Order(column).parts()[part], False, place, 1)
    else:
        at, value, contact_id = mark
        after = _before(Order(column), (value, contact_id))
        keys = walk(Order(column), within, place - at, 1, after=after)
    return keys[0] if keys else None


def _before(order: Order, key: Key) -> Key:
    """Behind this key this one comes first."""
    value, contact_id = key
    return value, contact_id + (1 if order.descending else -1)


def kept_marks(order: Order, status: str = "") -> Marks:
    """Those that were set after the last walk, of everybody or of one status."""
    names = [f"{name}/{status}" if status else name for name in _names(order)]
    sizes = [_filled(name) for name in names]
    return Marks(sizes, lambda part, place: _anchor(names[part], place, order.column))


def marks_of(order: Order, within: Condition, step: int) -> list[tuple[int, list[Mark]]]:
    """Of each part how many those `within` are, and who stands at every so-many-th place: read and sorted once."""
    found = []
    by = ", ".join(dict.fromkeys((order.column, "contact_id")))
    for part in order.parts():
        sql, parameters = _both(part, (f"({within[0]})", within[1]))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT place, key, contact_id FROM (SELECT {order.column} AS key, contact_id,"
                f" row_number() OVER (ORDER BY {by}) - 1 AS place FROM {TABLE} WHERE {sql}) AS placed"
                f" WHERE place %% {step} = 0 ORDER BY place",
                parameters,
            )
            found.append((_size(within, part), cursor.fetchall()))
    return found


def found_marks(found: list[tuple[int, list[Mark]]]) -> Marks:
    """The same, to be looked up."""

    def nearest(part: int, place: int) -> Mark | None:
        at = bisect(found[part][1], place, key=lambda mark: mark[0])
        return found[part][1][at - 1] if at else None

    return Marks([size for size, _ in found], nearest)


def _marks(column: str, part: int) -> tuple[int, list[Mark]]:
    """The same of everybody, from one to the next by the index."""

    def ours(keys: list[Key]) -> list[Key]:
        return [key for key in keys if _empty(key[0]) == bool(part)]

    order = Order(column)
    marks: list[Mark] = []
    next_one = ours(_part(column, EVERYBODY, order.parts()[part], False, 0, 1))
    while next_one:
        marks.append((len(marks) * STEP, *next_one[0]))
        next_one = ours(walk(order, EVERYBODY, STEP - 1, 1, after=next_one[0]))
    if not marks:
        return 0, []
    rest = ours(walk(order, EVERYBODY, 0, STEP, after=marks[-1][1:]))
    return marks[-1][0] + 1 + len(rest), marks


def walk(
    order: Order,
    within: Condition,
    skip: int,
    limit: int,
    *,
    after: Key | None = None,
    backward: bool = False,
) -> list[Key]:
    """`limit` keys in this order beginning after `after`, or backward before it, nearest last; `skip` are left out."""
    descending = order.descending != backward
    keys: list[Key] = []
    for span in _spans(order, after, backward=backward):
        got = _part(order.column, within, span, descending, skip, limit - len(keys))
        if got:
            skip = 0
        elif skip:
            skip -= _size(within, span)
        keys += got
        if len(keys) >= limit:
            break
    return keys[::-1] if backward else keys


def _spans(order: Order, after: Key | None, *, backward: bool) -> list[Condition]:
    """Where to look one after the other: the parts, or what is left of them behind a key.

    Whoever shares the key's value is a span of their own: SQLite compares a pair by its first column alone, and would
    walk through everybody with this value.
    """
    parts = order.parts()[::-1] if backward else order.parts()
    if after is None:
        return parts
    than = "<" if order.descending != backward else ">"
    behind_id = (f"contact_id {than} %s", [after[1]])
    filled, *empty = order.parts()
    if order.column == "contact_id":
        # One bound alone: of two SQLite takes the first, and would walk from the first contact.
        return [behind_id]
    if _empty(after[0]):
        left = [_both(empty[0], behind_id)]
        return [*left, filled] if backward else left
    beyond = (f"{order.column} {than} %s", [after[0]])
    left = [
        _both((f"{order.column} = %s", [after[0]]), behind_id),
        _both(filled, beyond) if than == "<" else beyond,
    ]
    return left if backward else [*left, *empty]


def _both(one: Condition, other: Condition) -> Condition:
    return f"{one[0]} AND {other[0]}", [*one[1], *other[1]]


def _empty(key: Any) -> bool:
    return key is None or key == ""


def _part(
    column: str, within: Condition, span: Condition, descending: bool, skip: int, limit: int
) -> list[Key]:
    sql, parameters = _both(span, (f"({within[0]})", within[1]))
    way = "DESC" if descending else "ASC"
    by = f"contact_id {way}" if column == "contact_id" else f"{column} {way}, contact_id {way}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column}, contact_id FROM {TABLE} WHERE {sql} ORDER BY {by} LIMIT %s OFFSET %s",
            [*parameters, limit, skip],
        )
        return [(key, contact_id) for key, contact_id in cursor.fetchall()]


def _size(within: Condition, span: Condition) -> int:
    sql, parameters = _both(span, (f"({within[0]})", within[1]))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {TABLE} WHERE {sql}", parameters)
        return int(cursor.fetchone()[0])


def token(order: Order, key: Key) -> str:
    """A key for the address bar."""
    value = key[0] if key[0] is None or isinstance(key[0], int) else str(key[0])
    text = json.dumps([order.column, value, key[1]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def from_token(order: Order, text: str) -> Key | None:
    """The key of a token; None where it is none of this order."""
    if not text:
        return None
    try:
        column, value, contact_id = json.loads(
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        )
    except (ValueError, TypeError, binascii.Error):
        return None
    kinds = int if order.column == "contact_id" else str | None
    if column != order.column or not isinstance(contact_id, int) or not isinstance(value, kinds):
        return None
    return value, contact_id


def rebuild_anchors(between: Callable[[], object] = lambda: None) -> None:
    """Note who stands at every thousandth place of every order, and how many have each common value.

    Only reads, but for one short write for each part of each order; `between` is called after each.
    """
    for column in SORTS.values():
        order = Order(column)
        for part, name in enumerate(_names(order)):
            size, marks = _marks(column, part)
            _replace_anchors(name, [(name, *mark) for mark in marks], {name: size})
            between()
            if column != "status_key":
                _replace_anchors(f"{name}/", *_status_anchors(column, name, order.parts()[part]))
                between()
    for column in COMMON:
        _replace_counts(column)
        between()


def _names(order: Order) -> list[str]:
    """Under which the anchors of each part are kept."""
    return [order.column, f"{order.column}-"][: len(order.parts())]


def _status_anchors(
    column: str, name: str, part: Condition
) -> tuple[list[tuple[str, int, Any, int]], dict[str, int]]:
    """The same among those with each status, and how many of them are in this part: in one reading of all."""
    (condition, parameters), anchors = part, []
    among = f"PARTITION BY status_key ORDER BY {', '.join(dict.fromkeys((column, 'contact_id')))}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT status_key, place, key, contact_id FROM (SELECT status_key, {column} AS key, contact_id,"
            f" row_number() OVER ({among}) - 1 AS place FROM {TABLE} WHERE {condition}) AS placed"
            f" WHERE place %% {STATUS_STEP} = 0 AND status_key <> ''",
            parameters,
        )
        for status, place, key, contact_id in cursor.fetchall():
            anchors.append((f"{name}/{status}", place, key, contact_id))
        cursor.execute(
            f"SELECT status_key, count(*) FROM {TABLE} WHERE {condition} GROUP BY status_key",
            parameters,
        )
        sizes = {f"{name}/{status}": number for status, number in cursor.fetchall() if status}
    return anchors, sizes


def _replace_anchors(
    name: str, anchors: list[tuple[str, int, Any, int]], filled: dict[str, int]
) -> None:
    """Those of this name, or of all that begin with it where it ends in a slash."""
    like, these = ("LIKE", f"{name}%") if name.endswith("/") else ("=", name)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_ANCHORS} WHERE sort {like} %s", [these])
        cursor.executemany(
            f"INSERT INTO {_ANCHORS}(sort, place, key, contact_id) VALUES (%s, %s, %s, %s)",
            [
                (sort, place, "" if key is None else str(key), contact_id)
                for sort, place, key, contact_id in anchors
            ],
        )
        cursor.execute(f"DELETE FROM {_COUNTS} WHERE name = 'filled' AND value {like} %s", [these])
        cursor.executemany(
            f"INSERT INTO {_COUNTS}(name, value, number) VALUES ('filled', %s, %s)",
            list(filled.items()),
        )


def _replace_counts(column: str) -> None:
    """Only of what many have in common: whatever is rarer is counted at once."""
    name = column.removesuffix("_key")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column}, count(*) FROM {TABLE} GROUP BY {column} HAVING count(*) > {STEP}"
        )
        counts = [(name, value, number) for value, number in cursor.fetchall()]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_COUNTS} WHERE name = %s", [name])
        cursor.executemany(
            f"INSERT INTO {_COUNTS}(name, value, number) VALUES (%s, %s, %s)", counts
        )


def _filled(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT number FROM {_COUNTS} WHERE name = 'filled' AND value = %s", [name])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _anchor(name: str, place: int, column: str) -> Mark | None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT place, key, contact_id FROM {_ANCHORS}"
            " WHERE sort = %s AND place <= %s ORDER BY place DESC LIMIT 1",
            [name, place],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    return row[0], int(row[1]) if column == "contact_id" else row[1], row[2]
