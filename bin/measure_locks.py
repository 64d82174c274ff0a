"""Run this version's new migrations over large tables: how long does each keep people out of a table?

bin/with-postgres-and-redis .venv/bin/python bin/measure_locks.py [--from COMMIT] [--rows 1000000]

The tables of an older version are filled with rows of no meaning. Ends with 1 if a table was closed for longer than
--longest seconds: then do it in parts, as 0030 does, or while others write, as 0033 does.
"""

import argparse
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from stack import ROOT, Stack, export, manage, running_stack, use_database

# Those that have a row for each person, stop, or event.
LARGE = (
    "indexedcontact",
    "consentstate",
    "statement",
    "optout",
    "ledgerentry",
    "jobrow",
    "heldpress",
)
BLOCKED = {
    "AccessExclusiveLock": "readers and writers",
    "ExclusiveLock": "writers",
    "ShareRowExclusiveLock": "writers",
    "ShareLock": "writers",
}
# The advisory lock is that of who writes contacts.
HELD = """SELECT COALESCE(relation::regclass::text, 'contacts'), mode, virtualtransaction FROM pg_locks WHERE granted
    AND pid <> pg_backend_pid() AND (relation = ANY(%s::oid[]) OR locktype = 'advisory') AND mode = ANY(%s)"""
POLL_SECONDS = 0.01
SHOWN_SECONDS = 0.03
# Different in each row `i`, so that no unique index minds.
VALUES = {
    "smallint": "i % 30000",
    "boolean": "false",
    "timestamp with time zone": "now() - i * interval '1 second'",
    "date": "date '1900-01-01' + i % 50000",
    "jsonb": "'{}'",
    "bytea": "''",
    "uuid": "gen_random_uuid()",
}
# By the column, where texts of no meaning would hide what a migration costs.
VALUES_BY_COLUMN = {
    "verdict": "'may_text'",
    "channel": "'unrecorded'",
    "reason": "'Carried over: ' || i",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="old", default="HEAD~1", help="the older version (HEAD~1)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="in each table (1,000,000)")
    parser.add_argument("--longest", type=float, default=1.0, help="seconds of a lock (1)")
    options = parser.parse_args()
    with export(options.old) as old, running_stack(people=1, settings={}, root=old) as stack:
        url = stack.environment["DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as database:
            for table in LARGE:
                fill(database, f"contacts_ui_{table}", options.rows)
        stack.root = ROOT
        use_database(stack)
        longest = max((measure(stack, url, name) for name in new_migrations()), default=0.0)
    print(f"longest lock: {longest:.2f} s")
    sys.exit(longest > options.longest)


def new_migrations() -> list[str]:
    """Return the names of our migrations that the database does not have. Needs `use_database`."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes("contacts_ui"))
    connection.close()
    return [migration.name for migration, _ in plan if migration.app_label == "contacts_ui"]


def fill(database: psycopg.Connection, table: str, rows: int) -> None:
    """Fill a table, past its triggers and foreign keys."""
    columns = database.execute(
        "SELECT column_name, data_type, character_maximum_length FROM information_schema.columns"
        " WHERE table_name = %s",
        [table],
    ).fetchall()
    values = {
        name: VALUES_BY_COLUMN.get(name)
        or (
            f"right('x' || i, {longest or 20})"
            if kind in ("text", "character varying")
            else VALUES.get(kind, "i")
        )
        for name, kind, longest in columns
    }
    database.execute("SET session_replication_role = replica")
    database.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM generate_series(1, {}) AS i").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.SQL, values.values())),
            rows,
        )
    )
    database.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))


def measure(stack: Stack, url: str, name: str) -> float:
    """Run a migration; print which tables it closed, and to which queries. Return the longest lock, in seconds."""
    began = time.monotonic()
    with watched(url) as held:
        manage(stack, "migrate", "contacts_ui", name, "--verbosity", "0")
    print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
    for (table, mode), seconds in sorted(held.items(), key=lambda each: -each[1]):
        if seconds > SHOWN_SECONDS:
            print(f"  {seconds:6.2f} s {table}: {BLOCKED[mode]} wait ({mode})", flush=True)
    return max(held.values(), default=0.0)


@contextmanager
def watched(url: str) -> Iterator[dict[tuple[str, str], float]]:
    """Yield how long each strong lock on a table that was there before is held at a time, by table and mode."""
    held: dict[tuple[str, str], float] = defaultdict(float)
    over = threading.Event()
    with psycopg.connect(url, autocommit=True) as database:
        tables = "SELECT oid FROM pg_class WHERE relkind = 'r' AND relname LIKE 'contacts_ui_%'"
        there = [oid for (oid,) in database.execute(tables)]

        def watch() -> None:
            since: dict[tuple[str, str, str], float] = {}
            while not over.wait(POLL_SECONDS):
                now, found = time.monotonic(), database.execute(HELD, [there, list(BLOCKED)])
                locks = set(found.fetchall())
                for lock in locks:
                    since.setdefault(lock, now)
                for lock in since.keys() - locks:
                    held[lock[:2]] = max(held[lock[:2]], now - since.pop(lock))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield held
        finally:
            over.set()
            watcher.join()


if __name__ == "__main__":
    main()
