"""Hide what differs between the two databases, chosen by `connection.vendor`."""

# ruff: noqa: S608 - the only names in the SQL are our own constants

from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
from django.db import connection

from contacts_ui.models.index_tables import SAMPLE, SAMPLED, TABLE, TEXT
from contacts_ui.services.index.text import NAME

Condition = tuple[str, list[Any]]
# One text of each group must be in the search text.
Groups = tuple[tuple[str, ...], ...]
# How many of a text's trigrams are looked up, the rarest.
_TRIGRAMS: Final = 3
# The higher the id of the match after so many, the rarer a trigram is.
_RARITY_OFFSET: Final = 100


class Database(Protocol):
    """How a database finds text, and takes many values in one parameter."""

    # One of this many contacts is in a small sample that is searched fast, by this condition; 0 for no sample.
    sample: tuple[int, str]

    def matching(self, groups: Groups) -> Condition:
        """Return the condition that the search text has one of each group, by the full-text index."""

    def holds(self, column: str) -> str:
        """Return the condition that a column contains the parameter."""

    def among(self, kind: str) -> str:
        """Return the condition that the value before it is one of `many`."""

    def many(self, values: Sequence[Any]) -> Any:
        """Return many values as one parameter."""

    def in_order(self, ids: Sequence[int]) -> Condition:
        """Return the SQL after FROM for these contacts in this order."""

    def unindexed(self, column: str) -> str:
        """Return the column so that its index is not used."""


class Sqlite:
    """FTS5 with trigrams."""

    sample = (0, "")

    def matching(self, groups: Groups) -> Condition:
        return f"contact_id IN (SELECT rowid FROM {TEXT} WHERE {TEXT} MATCH %s)", [phrases(groups)]

    def holds(self, column: str) -> str:
        return f"instr({column}, %s) > 0"

    def among(self, kind: str) -> str:
        return "IN (SELECT value FROM json_each(%s))"

    def many(self, values: Sequence[Any]) -> Any:
        return msgspec.json.encode(list(values)).decode()

    def in_order(self, ids: Sequence[int]) -> Condition:
        return f"json_each(%s) CROSS JOIN {TABLE} ON contact_id = json_each.value", [self.many(ids)]

    def unindexed(self, column: str) -> str:
        return f"+{column}"


class Postgresql:
    """pg_trgm. It looks up each row that it finds, so even counting many is slow."""

    sample = (SAMPLED, SAMPLE)

    def matching(self, groups: Groups) -> Condition:
        conditions, parameters = [], []
        for group in groups:
            # Trigrams at the ends of a word match millions of rows, so they are checked afterwards.
            inner = {text.strip(f"{NAME} ") or text for text in group}
            looked = sorted(inner) if min(map(len, inner)) > 2 else list(group)
            conditions.append("(" + " OR ".join("folded LIKE %s" for _ in looked) + ")")
            parameters += [f"%{_escaped(text)}%" for text in looked]
            if not set(looked) >= set(group):
                sql, more = holding(self, (group,))
                conditions.append(sql)
                parameters += more
        return " AND ".join(conditions), parameters

    def holds(self, column: str) -> str:
        return f"strpos({column}, %s) > 0"

    def among(self, kind: str) -> str:
        return f"= ANY(%s::{kind}[])"

    def many(self, values: Sequence[Any]) -> Any:
        if all(type(each) is int for each in values):
            # One text is much faster to make than an array. Without values it is an empty array of any type.
            return "{" + ",".join(map(str, values)) + "}"
        return list(values)

    def in_order(self, ids: Sequence[int]) -> Condition:
        these = "unnest(%s::bigint[]) WITH ORDINALITY AS these(id, place)"
        return f"{these} JOIN {TABLE} ON contact_id = id ORDER BY place", [self.many(ids)]

    def unindexed(self, column: str) -> str:
        return column


_DATABASES: Final[dict[str, Database]] = {"sqlite": Sqlite(), "postgresql": Postgresql()}


def database() -> Database:
    """Return the one of this connection."""
    return _DATABASES[connection.vendor]


def fetch(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a query, and return all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def holding(ours: Database, groups: Groups) -> Condition:
    """Return the condition for a text of each group, without an index: for rows that another one finds."""
    holds = ours.holds("folded")
    ands = " AND ".join(f"({' OR '.join([holds] * len(group))})" for group in groups)
    return ands, [text for group in groups for text in group]


def phrases(groups: Groups) -> str:
    """Return the groups in FTS5's own language. A custom filter may hold quotes."""
    return " AND ".join("(" + " OR ".join(map(_quoted, group)) + ")" for group in groups)


def rough(groups: Groups) -> str:
    """Return the groups in FTS5's own language, longer texts by their rarest trigrams alone, so others match, too.

    For a phrase, FTS5 reads every place of every trigram, and some are in almost all texts, such as "com" and "555".
    """
    trigrams = {text: _trigrams(text) for group in groups for text in group}
    rarity = _rarity({each for some in trigrams.values() for each in some})

    def looked_up(text: str) -> str:
        rarest = sorted(trigrams[text], key=rarity.__getitem__, reverse=True)[:_TRIGRAMS]
        return " AND ".join(rarest) or _quoted(text)

    return " AND ".join(
        "(" + " OR ".join(dict.fromkeys(map(looked_up, group))) + ")" for group in groups
    )


def _trigrams(text: str) -> list[str]:
    """Return the quoted trigrams within a text, if it has more than are looked up."""
    inner = text.strip(f"{NAME} ")
    found = list(dict.fromkeys(_quoted(inner[at : at + 3]) for at in range(len(inner) - 2)))
    return found if len(found) > _TRIGRAMS else []


def _rarity(trigrams: set[str]) -> dict[str, float]:
    """Return a higher number for each rarer trigram, without counting all that have it."""
    if not trigrams:
        return {}
    match = f"SELECT rowid FROM {TEXT} WHERE {TEXT} MATCH value LIMIT 1 OFFSET {_RARITY_OFFSET}"
    rows = fetch(
        f"SELECT value, COALESCE(({match}), 9e18) FROM json_each(%s)",
        [_DATABASES["sqlite"].many(sorted(trigrams))],
    )
    return dict(rows)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


__all__ = [
    "TABLE",
    "TEXT",
    "Condition",
    "Database",
    "Groups",
    "database",
    "fetch",
    "phrases",
    "rough",
]
