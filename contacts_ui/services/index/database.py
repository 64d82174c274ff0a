"""What differs between the two databases, behind one small interface chosen by `connection.vendor`."""

# ruff: noqa: S608 - the only names in the SQL are our own constants

import json
from collections.abc import Sequence
from typing import Any, Final, Protocol

from django.db import connection

from contacts_ui.models.index_tables import SAMPLE, SAMPLED, TABLE, TEXT
from contacts_ui.services.index.folding import NAME

Condition = tuple[str, list[Any]]
# Of each group of texts one must be somewhere in the folded text.
Groups = tuple[tuple[str, ...], ...]


class Database(Protocol):
    """How one database finds text, and takes many values in one parameter."""

    # One of so many contacts is in a sample that finds text faster than all do, by this condition; 0: there is none.
    sample: tuple[int, str]

    def matching(self, groups: Groups) -> Condition:
        """The rows of `FROM table` whose folded text holds one of each group, found by the full-text index."""

    def checked(self, groups: Groups) -> Condition:
        """The same, looked up row by row where something else found the row."""

    def holds(self, column: str) -> str:
        """The condition that a column holds the parameter somewhere."""

    def among(self, kind: str) -> str:
        """The condition that what stands before it is one of `many`."""

    def many(self, values: Sequence[Any]) -> Any:
        """Many values as one parameter."""

    def in_order(self, ids: Sequence[int]) -> Condition:
        """What stands behind FROM for those of these contacts that are there, in this order."""

    def unindexed(self, column: str) -> str:
        """The column, not to be found by its index."""


class Sqlite:
    """FTS5 with trigrams."""

    sample = (0, "")

    def matching(self, groups: Groups) -> Condition:
        return f"contact_id IN (SELECT rowid FROM {TEXT} WHERE {TEXT} MATCH %s)", [phrases(groups)]

    def checked(self, groups: Groups) -> Condition:
        ors = " AND ".join(
            "(" + " OR ".join("instr(folded, %s) > 0" for _ in group) + ")" for group in groups
        )
        return ors, [text for group in groups for text in group]

    def holds(self, column: str) -> str:
        return f"instr({column}, %s) > 0"

    def among(self, kind: str) -> str:
        return "IN (SELECT value FROM json_each(%s))"

    def many(self, values: Sequence[Any]) -> Any:
        return json.dumps(list(values), ensure_ascii=False)

    def in_order(self, ids: Sequence[int]) -> Condition:
        return f"json_each(%s) CROSS JOIN {TABLE} ON contact_id = json_each.value", [self.many(ids)]

    def unindexed(self, column: str) -> str:
        return f"+{column}"


class Postgresql:
    """pg_trgm. It looks up each row that it finds, so that many cost much even where they are only counted."""

    sample = (SAMPLED, SAMPLE)

    def matching(self, groups: Groups) -> Condition:
        conditions, parameters = [], []
        for group in groups:
            # What stands at the ends of a word has trigrams that a million others have, too: it is checked afterwards.
            inner = {text.strip(f"{NAME} ") or text for text in group}
            looked = sorted(inner) if min(map(len, inner)) > 2 else list(group)
            conditions.append("(" + " OR ".join("folded LIKE %s" for _ in looked) + ")")
            parameters += [f"%{_escaped(text)}%" for text in looked]
            if not set(looked) >= set(group):
                sql, more = self.checked((group,))
                conditions.append(sql)
                parameters += more
        return " AND ".join(conditions), parameters

    def checked(self, groups: Groups) -> Condition:
        ors = " AND ".join(
            "(" + " OR ".join("strpos(folded, %s) > 0" for _ in group) + ")" for group in groups
        )
        return ors, [text for group in groups for text in group]

    def holds(self, column: str) -> str:
        return f"strpos({column}, %s) > 0"

    def among(self, kind: str) -> str:
        return f"= ANY(%s::{kind}[])"

    def many(self, values: Sequence[Any]) -> Any:
        if all(type(each) is int for each in values):
            # One text is made in a fraction of the time of an array; of none at all it is the empty array of any kind.
            return "{" + ",".join(map(str, values)) + "}"
        return list(values)

    def in_order(self, ids: Sequence[int]) -> Condition:
        these = "unnest(%s::bigint[]) WITH ORDINALITY AS these(id, place)"
        return f"{these} JOIN {TABLE} ON contact_id = id ORDER BY place", [self.many(ids)]

    def unindexed(self, column: str) -> str:
        return column


_DATABASES: Final[dict[str, Database]] = {"sqlite": Sqlite(), "postgresql": Postgresql()}


def database() -> Database:
    """The one that this connection speaks to."""
    return _DATABASES[connection.vendor]


def phrases(groups: Groups) -> str:
    """The groups in FTS5's own language. Quotes never come through `fold`, but a custom filter may be anything."""
    return " AND ".join(
        "(" + " OR ".join('"' + text.replace('"', '""') + '"' for text in group) + ")"
        for group in groups
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


__all__ = ["TABLE", "TEXT", "Condition", "Database", "Groups", "database", "phrases"]
