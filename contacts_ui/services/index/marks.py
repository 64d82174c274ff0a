"""Place marks: who is at every 250th place of an order, so that a page far from both ends is read from near by.

The marks of each order, for everyone and for each status, are kept in a table and made again after each index sync.
The marks of any other query are made when they are needed.
"""

# ruff: noqa: S608 - the only names in the SQL are our own columns; every value is a parameter

from collections.abc import Callable
from typing import Any, Final

from django.db import connection, transaction

from contacts_ui.models import IndexAnchor
from contacts_ui.models.index_tables import COUNTS
from contacts_ui.services.index.counts import kept_count
from contacts_ui.services.index.database import TABLE, Condition, fetch
from contacts_ui.services.index.sort_order import SORTS, Mark, Order

ROWS_BETWEEN_MARKS: Final = 250
MARKS: Final = IndexAnchor._meta.db_table
# The name in the table of counts: how many contacts each part of an order has.
_SIZE: Final = "filled"


def marks_of(order: Order, within: Condition) -> list[Mark]:
    """Return every ROWS_BETWEEN_MARKS-th contact of an order. Reads and sorts all of them once."""
    first = "" if order.column == "contact_id" else f"{order.empty}, "
    rows = fetch(
        f"SELECT place, value, contact_id FROM (SELECT {order.column} AS value, contact_id, row_number()"
        f" OVER (ORDER BY {first}{order.by(descending=order.descending)}) - 1 AS place"
        f" FROM {TABLE} WHERE {within[0]}) AS placed"
        f" WHERE place %% {ROWS_BETWEEN_MARKS} = 0 ORDER BY place",
        within[1],
    )
    return [(place, value, contact_id) for place, value, contact_id in rows]


def kept_mark(order: Order, offset: int, status: str = "") -> Mark | None:
    """Return the last kept mark up to an offset, of everyone or of one status; None if there is none."""
    way, direction = (">=", "ASC") if order.descending else ("<=", "DESC")
    mark, start = None, 0
    for part in _names(order.column):
        name = f"{part}/{status}" if status else part
        # Within a part, places are counted in ascending order.
        last = kept_count(_SIZE, name) - 1
        place = last - (offset - start) if order.descending else offset - start
        rows = fetch(
            f"SELECT place, key, contact_id FROM {MARKS} WHERE sort = %s AND place {way} %s"
            f" ORDER BY place {direction} LIMIT 1",
            [name, place],
        )
        for at, text, contact_id in rows:
            value = int(text) if order.column == "contact_id" else text
            mark = (start + (last - at if order.descending else at), value, contact_id)
        start += last + 1
        if offset < start:
            break
    return mark


def refresh_marks(between: Callable[[], object] = lambda: None) -> None:
    """Make the marks of each order again, with two short writes for each of its parts; call `between` after each."""
    for column in SORTS.values():
        for name, part in zip(_names(column), Order(column).parts(), strict=True):
            _replace(name, column, part)
            between()
            _replace(f"{name}/", column, part)
            between()


def _names(column: str) -> list[str]:
    """Return the names that the marks of each part of an order are kept under."""
    return [column] if column == "contact_id" else [column, f"{column}-"]


def _replace(name: str, column: str, part: Condition) -> None:
    """Replace the marks under a name; if it ends in a slash, those of each status, which follows it."""
    condition, parameters = part
    if name.endswith("/"):
        like, these, status = "LIKE", f"{name}%", "status_key"
        partition, group = "PARTITION BY status_key", "GROUP BY status_key"
    else:
        # Without a partition, SQLite reads the index of the order and sorts nothing.
        like, these, status, partition, group = "=", name, "''", "", ""
    marks = fetch(
        f"SELECT status, place, value, contact_id FROM (SELECT {status} AS status, {column} AS value, contact_id,"
        f" row_number() OVER ({partition} ORDER BY {Order(column).by(descending=False)}) - 1 AS place"
        f" FROM {TABLE} WHERE {condition}) AS placed WHERE place %% {ROWS_BETWEEN_MARKS} = 0",
        parameters,
    )
    sizes = fetch(f"SELECT {status}, count(*) FROM {TABLE} WHERE {condition} {group}", parameters)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {MARKS} WHERE sort {like} %s", [these])
        cursor.executemany(
            f"INSERT INTO {MARKS}(sort, place, key, contact_id) VALUES (%s, %s, %s, %s)",
            [(f"{name}{status}", place, _text(value), key) for status, place, value, key in marks],
        )
        cursor.execute(f"DELETE FROM {COUNTS} WHERE name = %s AND value {like} %s", [_SIZE, these])
        cursor.executemany(
            f"INSERT INTO {COUNTS}(name, value, number) VALUES (%s, %s, %s)",
            [(_SIZE, f"{name}{status}", number) for status, number in sizes],
        )


def _text(value: Any) -> str:
    return "" if value is None else str(value)
