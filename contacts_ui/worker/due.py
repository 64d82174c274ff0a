"""Ask the database which tasks have something to do: one query for all of them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Exists, QuerySet
from django.utils import timezone

from contacts_ui.models import ConsentSetup

# The rows that are due at a time.
DueRows = Callable[[datetime], QuerySet[Any]]


class Question:
    """Which of these queries find a row now? Compiled once: building it costs ten times as much as the answer."""

    def __init__(self, queries: Sequence[DueRows]) -> None:
        self._queries = queries

    def ask(self) -> Sequence[bool]:
        """Return for each query whether it finds a row."""
        sql, parameters, then = self._compiled
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(sql, [now if each == then else each for each in parameters])
            row = cursor.fetchone()
        if row is None:
            # The database was emptied: make the row again that the query reads.
            ConsentSetup.load()
            row = [True] * len(self._queries)
        return [bool(each) for each in row]

    @cached_property
    def _compiled(self) -> tuple[str, Sequence[Any], Any]:
        """Return the SQL, its parameters, and the one that stands for the present time."""
        now = timezone.now()
        # The table of one row.
        rows = ConsentSetup.objects.values_list(*(Exists(query(now)) for query in self._queries))
        sql, parameters = rows.query.sql_with_params()
        return sql, parameters, connection.ops.adapt_datetimefield_value(now)
