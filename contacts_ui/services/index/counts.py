"""Numbers that are kept: of all contacts (triggers keep that one exact), and of the values that many contacts share."""

# ruff: noqa: S608 - the only names in the SQL are our own columns; every value is a parameter

from collections.abc import Callable
from itertools import chain
from typing import Final

from django.core.cache import cache
from django.db import connection, transaction

from contacts_ui.models.index_tables import COUNTS
from contacts_ui.services.index.database import TABLE, fetch

# People filter by these, and few values are shared by many.
COMMON: Final = (
    "status_key", "state_key", "country_key", "source_key", "language_key", "timezone_key", "city_key",
)  # fmt: skip
# A value of fewer contacts is counted when it is asked for.
COUNT_KEPT_ABOVE: Final = 1000
# More values than this are typed, not chosen.
VALUES_MAX: Final = 100
VALUES_KEPT_SECONDS: Final = 300
# Filters that are chosen from a menu.
VALUES_OF: Final = ("state", "country", "source", "language", "timezone")


def kept_count(column: str = "", value: str = "") -> int:
    """Return how many contacts there are, or how many had this value after the last index sync; 0 if not kept."""
    return kept_counts((column, value))[0]


def kept_counts(*values: tuple[str, str]) -> list[int]:
    """Return `kept_count` of each column and value, in one query."""
    keys = [(column.removesuffix("_key"), value) for column, value in values]
    condition = " OR ".join(["name = %s AND value = %s"] * len(keys))
    rows = fetch(f"SELECT name, value, number FROM {COUNTS} WHERE {condition}", list(chain(*keys)))
    known = {(name, value): int(number) for name, value, number in rows}
    return [known.get(key, 0) for key in keys]


def refresh_counts(between: Callable[[], object] = lambda: None) -> None:
    """Count the common values again, with one short write for each column; call `between` after each."""
    for column in COMMON:
        name = column.removesuffix("_key")
        sql = f"SELECT {column}, count(*) FROM {TABLE} GROUP BY {column} HAVING count(*) > %s"
        counts = [(name, *row) for row in fetch(sql, [COUNT_KEPT_ABOVE])]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {COUNTS} WHERE name = %s", [name])
            cursor.executemany(
                f"INSERT INTO {COUNTS}(name, value, number) VALUES (%s, %s, %s)", counts
            )
        between()


def values_in_use() -> dict[str, list[str]]:
    """Return the values that contacts have in each of VALUES_OF, as SlickText spells them, within the last minutes.

    [] stands for more than VALUES_MAX. Each value is looked up once, by the column's index.
    """
    known: dict[str, list[str]] | None = cache.get("index-values")
    if known is not None:
        return known
    each_key = ", ".join(
        f"{name}_keys(value, place) AS (SELECT min({name}_key), 1 FROM {TABLE} WHERE {name}_key > ''"
        f" UNION ALL SELECT (SELECT min({name}_key) FROM {TABLE} WHERE {name}_key > value), place + 1"
        f" FROM {name}_keys WHERE value IS NOT NULL AND place <= {VALUES_MAX})"
        for name in VALUES_OF
    )
    spelled = " UNION ALL ".join(
        f"SELECT '{name}', (SELECT {name} FROM {TABLE} WHERE {name}_key = value LIMIT 1)"
        f" FROM {name}_keys WHERE value IS NOT NULL"
        for name in VALUES_OF
    )
    found: dict[str, list[str]] = {name: [] for name in VALUES_OF}
    for name, value in fetch(f"WITH RECURSIVE {each_key} {spelled}"):
        found[name].append(value)
    few = {name: values if len(values) <= VALUES_MAX else [] for name, values in found.items()}
    cache.set("index-values", few, VALUES_KEPT_SECONDS)
    return few


def custom_field_names() -> frozenset[str]:
    """Return the normalized names of the custom fields that contacts have."""
    return frozenset(name for (name,) in fetch(f"SELECT value FROM {COUNTS} WHERE name = 'custom'"))
