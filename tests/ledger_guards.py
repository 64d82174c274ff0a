"""The ledger's guards taken away for a while, as only a database's administrator could do it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
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


# By this name Django makes the permissions after each migration.
CREATE_PERMISSIONS = "django.contrib.auth.management.create_permissions"
# The roles and what they may: the same in every test, and slow to make again.
ROLES = (Group, Group.permissions.through, Permission, ContentType)


def keep_roles(operations: type[BaseDatabaseOperations]) -> Any:
    """`sql_flush`, which says what empties the tables after a transactional test, without those of the roles."""
    statements, kept = operations.sql_flush, {each._meta.db_table for each in ROLES}

    def sql_flush(self: BaseDatabaseOperations, style: Any, tables: list[str], **how: Any) -> Any:
        return statements(self, style, [each for each in tables if each not in kept], **how)

    sql_flush.production = statements  # type: ignore[attr-defined]
    return sql_flush


def flush_past_the_guards(operations: type[BaseDatabaseOperations]) -> Any:
    """`execute_sql_flush`, which empties the tables after a transactional test, with the guards off in between."""
    flush = operations.execute_sql_flush

    def execute_sql_flush(self: BaseDatabaseOperations, sql_list: list[str]) -> Any:
        with guards_off():
            return flush(self, sql_list)

    execute_sql_flush.production = flush  # type: ignore[attr-defined]
    return execute_sql_flush
