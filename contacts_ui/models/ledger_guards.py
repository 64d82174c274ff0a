"""The audit log's guards in the database itself: triggers that refuse what would change or break the chain.

Made by migration 0004 and, since SQLite loses a table's triggers when a later migration rebuilds the table, once more
after every `migrate`. Only a person who may change the database's schema can remove them, and `verify_ledger` then
says that they are missing.
"""

# ruff: noqa: S608 - the only names in the SQL are our own constants

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

ENTRIES: Final = "contacts_ui_ledgerentry"
HEAD: Final = "contacts_ui_ledgerhead"
PRUNED: Final = "contacts_ui_prunedentry"

_ENTRY_STAYS = "The ledger is append-only: an entry is never changed or removed."
_ENTRY_FOLLOWS = "The ledger is append-only: an entry must follow the newest one."
_PRUNED_STAYS = "What is kept of pruned entries is never changed."
_HEAD_STAYS = "The head of the ledger is never removed."
_HEAD_FOLLOWS = "The head of the ledger moves only to the newest entry."

_REFUSE = "BEGIN SELECT RAISE(ABORT, '{}'); END"
# INSERT OR REPLACE removes a row without asking the trigger for DELETE, so the new row is looked at as well.
_SQLITE: Final = {
    "ledger_entry_update": f"BEFORE UPDATE ON {ENTRIES} {_REFUSE.format(_ENTRY_STAYS)}",
    "ledger_entry_delete": f"BEFORE DELETE ON {ENTRIES} {_REFUSE.format(_ENTRY_STAYS)}",
    "ledger_entry_insert": f"""BEFORE INSERT ON {ENTRIES}
        WHEN NEW.previous_hash IS NOT (SELECT hash FROM {HEAD} WHERE id = 1)
          OR EXISTS (SELECT 1 FROM {ENTRIES} WHERE id = NEW.id OR hash = NEW.hash)
        {_REFUSE.format(_ENTRY_FOLLOWS)}""",
    "ledger_entry_order": f"""AFTER INSERT ON {ENTRIES}
        WHEN EXISTS (SELECT 1 FROM {ENTRIES} WHERE id > NEW.id)
        {_REFUSE.format(_ENTRY_FOLLOWS)}""",
    "ledger_head_update": f"""BEFORE UPDATE ON {HEAD}
        WHEN NEW.id <> OLD.id OR NOT EXISTS (
          SELECT 1 FROM {ENTRIES} WHERE id = (SELECT max(id) FROM {ENTRIES})
          AND hash = NEW.hash AND (previous_hash = OLD.hash OR hash = OLD.hash))
        {_REFUSE.format(_HEAD_FOLLOWS)}""",
    "ledger_head_delete": f"BEFORE DELETE ON {HEAD} {_REFUSE.format(_HEAD_STAYS)}",
    "ledger_head_insert": f"""BEFORE INSERT ON {HEAD}
        WHEN NEW.id <> 1 OR EXISTS (SELECT 1 FROM {HEAD}) OR NEW.hash <> coalesce(
          (SELECT hash FROM {ENTRIES} ORDER BY id DESC LIMIT 1), '{"0" * 64}')
        {_REFUSE.format(_HEAD_FOLLOWS)}""",
    "ledger_pruned_insert": f"BEFORE INSERT ON {PRUNED} {_REFUSE.format(_PRUNED_STAYS)}",
    "ledger_pruned_update": f"BEFORE UPDATE ON {PRUNED} {_REFUSE.format(_PRUNED_STAYS)}",
    "ledger_pruned_delete": f"BEFORE DELETE ON {PRUNED} {_REFUSE.format(_PRUNED_STAYS)}",
}
# Guards that pruning has to lift; all others stay while it works.
_SQLITE_AGAINST_PRUNING: Final = ("ledger_entry_delete", "ledger_pruned_insert")

_RAISE = "RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = '{}'"
_POSTGRESQL_FUNCTIONS: Final = {
    "ledger_entry_stays": f"BEGIN {_RAISE.format(_ENTRY_STAYS)}; END",
    "ledger_head_stays": f"BEGIN {_RAISE.format(_HEAD_STAYS)}; END",
    "ledger_pruned_stays": f"BEGIN {_RAISE.format(_PRUNED_STAYS)}; END",
    # Locks the head, as services.audit_log does, so that two writers never follow the same entry.
    "ledger_entry_follows": f"""BEGIN
        PERFORM 1 FROM {HEAD} WHERE id = 1 AND hash = NEW.previous_hash FOR UPDATE;
        IF NOT FOUND OR EXISTS (SELECT 1 FROM {ENTRIES} WHERE id >= NEW.id) THEN
          {_RAISE.format(_ENTRY_FOLLOWS)};
        END IF;
        RETURN NEW;
      END""",
    "ledger_head_follows": f"""DECLARE newest {ENTRIES}%ROWTYPE;
      BEGIN
        SELECT * INTO newest FROM {ENTRIES} ORDER BY id DESC LIMIT 1;
        IF TG_OP = 'INSERT' AND NEW.id = 1 AND NEW.hash = coalesce(newest.hash, '{"0" * 64}') THEN
          RETURN NEW;
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.id = OLD.id AND NEW.hash = newest.hash
           AND OLD.hash IN (newest.previous_hash, newest.hash) THEN
          RETURN NEW;
        END IF;
        {_RAISE.format(_HEAD_FOLLOWS)};
      END""",
}
_POSTGRESQL: Final = {
    "ledger_entry_stays": f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {ENTRIES} FOR EACH STATEMENT",
    "ledger_entry_follows": f"BEFORE INSERT ON {ENTRIES} FOR EACH ROW",
    "ledger_head_stays": f"BEFORE DELETE OR TRUNCATE ON {HEAD} FOR EACH STATEMENT",
    "ledger_head_follows": f"BEFORE INSERT OR UPDATE ON {HEAD} FOR EACH ROW",
    "ledger_pruned_stays": f"BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {PRUNED} FOR EACH STATEMENT",
}
_POSTGRESQL_AGAINST_PRUNING: Final = {"ledger_entry_stays": ENTRIES, "ledger_pruned_stays": PRUNED}


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the guards that are missing. Raises NotImplementedError on a database that has none."""
    # In the first migrations the table of pruned entries comes later than the others.
    tables = connection.introspection.table_names()
    guards = _guards_of(connection)
    table_of = {name: guard.split(" ON ", 1)[1].split()[0] for name, guard in guards.items()}
    wanted = [name for name in missing(connection) if table_of[name] in tables]
    with connection.cursor() as cursor:
        for name in wanted:
            if connection.vendor == "sqlite":
                cursor.execute(f"CREATE TRIGGER {name} {_SQLITE[name]}")
                continue
            body = _POSTGRESQL_FUNCTIONS[name]
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
            )
            cursor.execute(f"CREATE TRIGGER {name} {_POSTGRESQL[name]} EXECUTE FUNCTION {name}()")


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the guards: for migrations only."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _SQLITE:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            return
        for name in _POSTGRESQL:
            # Dropping the function drops the triggers that call it.
            cursor.execute(f"DROP FUNCTION IF EXISTS {name}() CASCADE")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the guards that are missing or disabled."""
    wanted = _guards_of(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')")
        there = {name for (name,) in cursor.fetchall()}
    return [name for name in wanted if name not in there]


@contextmanager
def pruning_allowed(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Allow entries to be removed, and what is kept of them to be written: for `services.retention` only.

    Only inside a transaction, which takes the guards back with everything else if it fails. No one else sees them
    gone: SQLite has one writer, and PostgreSQL lets no one write to these two tables until the transaction ends.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("The ledger's guards come off inside a transaction only.")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _SQLITE_AGAINST_PRUNING:
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            _switch(cursor, "DISABLE")
        yield
        if connection.vendor == "sqlite":
            for name in _SQLITE_AGAINST_PRUNING:
                cursor.execute(f"CREATE TRIGGER {name} {_SQLITE[name]}")
        else:
            _switch(cursor, "ENABLE")


def _switch(cursor: Any, how: str) -> None:
    # PostgreSQL alters no table with deferred reference checks.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    for name, table in _POSTGRESQL_AGAINST_PRUNING.items():
        cursor.execute(f"ALTER TABLE {table} {how} TRIGGER {name}")


def _guards_of(connection: BaseDatabaseWrapper) -> dict[str, str]:
    if connection.vendor not in ("sqlite", "postgresql"):
        raise NotImplementedError(f"The ledger has no guards for {connection.vendor}.")
    return _SQLITE if connection.vendor == "sqlite" else _POSTGRESQL


def before_migrations(sender: Any, using: str, plan: Any = (), **kwargs: Any) -> None:
    """Drop the guards before a migration: SQLite rebuilds no table that another table's trigger mentions."""
    ours = any(migration.app_label == sender.label for migration, _ in plan)
    if ours and connections[using].vendor == "sqlite":
        remove(connections[using])


def after_migrations(sender: Any, using: str, **kwargs: Any) -> None:
    """Create the guards again after a migration."""
    connection = connections[using]
    if {ENTRIES, HEAD} <= set(connection.introspection.table_names()):
        install(connection)
