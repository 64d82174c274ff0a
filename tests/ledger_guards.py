"""The ledger's guards taken away for a while, as only a database's administrator could do it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations

from contacts_ui.models import ledger_guards


@contextmanager
def guards_off() -> Iterator[None]:
    """What runs inside may alter the ledger with raw SQL."""
    ledger_guards.remove(connection)
    yield
    ledger_guards.install(connection)


def alter(sql: str, *values: object) -> None:
    """Raw SQL on the ledger ({table}) or its head ({head}), past the guards."""
    with guards_off(), connection.cursor() as cursor:
        cursor.execute(
            sql.format(table=ledger_guards.ENTRIES, head=ledger_guards.HEAD), values or None
        )


def flush_past_the_guards(operations: type[BaseDatabaseOperations]) -> Any:
    """`execute_sql_flush`, which empties the tables after a transactional test, with the guards off in between."""
    flush = operations.execute_sql_flush

    def execute_sql_flush(self: BaseDatabaseOperations, sql_list: list[str]) -> Any:
        with guards_off():
            return flush(self, sql_list)

    execute_sql_flush.production = flush  # type: ignore[attr-defined]
    return execute_sql_flush
