"""Make what the index needs of the database itself: full text by trigrams, and exact counts.

On SQLite an FTS5 table kept in step by triggers; on PostgreSQL pg_trgm over the folded text. Counts are of all contacts
and of each answer. Made after every `migrate`, since SQLite loses a table's triggers when a migration rebuilds it.
"""

# ruff: noqa: S608 - the only names in the SQL are our own constants

from typing import Any, Final

from django.core.management import CommandError
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE: Final = "contacts_ui_indexedcontact"
COUNTS: Final = "contacts_ui_indexcount"
TEXT: Final = "contacts_ui_indextext"
# On PostgreSQL one of this many contacts, by a hash of its id, is in a small text index, too.
SAMPLED: Final = 64
SAMPLE: Final = f"hashint8(contact_id) & {SAMPLED - 1} = 0"

# It keeps no text of its own. The search text is in lower case already.
_MAKE_TEXT: Final = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {TEXT} USING fts5("
    f"folded, content='{TABLE}', content_rowid='contact_id', tokenize='trigram case_sensitive 1')"
)
_ADD: Final = f"INSERT INTO {TEXT}(rowid, folded) VALUES (NEW.contact_id, NEW.folded);"
_TAKE: Final = (
    f"INSERT INTO {TEXT}({TEXT}, rowid, folded) VALUES ('delete', OLD.contact_id, OLD.folded);"
)
# The name of the counts of each answer.
ANSWERS_NAME: Final = "answer"
# On PostgreSQL, who writes contacts or answers takes this lock first: counts and rows then have one order.
WRITERS_LOCK: Final = 7_042_001
# A row of this name is there from new triggers to the count of everyone, which follows; on PostgreSQL only.
_COUNTING: Final = "counting"
_COUNT: Final = f"INSERT INTO {COUNTS}(name, value, number)"
_ADDED: Final = (
    f" ON CONFLICT (name, value) DO UPDATE SET number = {COUNTS}.number + excluded.number;"
)
_INSERTED: Final = (
    f"{_COUNT} VALUES ('', '', 1), ('{ANSWERS_NAME}', NEW.answer, 1) ON CONFLICT (name, value)"
    f" DO UPDATE SET number = {COUNTS}.number + 1;"
)
_DELETED: Final = (
    f"UPDATE {COUNTS} SET number = number - 1"
    f" WHERE name = '' AND value = '' OR name = '{ANSWERS_NAME}' AND value = OLD.answer;"
)
_MOVED: Final = (
    f"{_COUNT} VALUES ('{ANSWERS_NAME}', OLD.answer, -1), ('{ANSWERS_NAME}', NEW.answer, 1){_ADDED}"
)
_SQLITE: Final = {
    "index_text_insert": f"AFTER INSERT ON {TABLE} BEGIN {_ADD} {_INSERTED} END",
    "index_text_delete": f"AFTER DELETE ON {TABLE} BEGIN {_TAKE} {_DELETED} END",
    # A trigger that fires on unchanged text costs seconds for each ten thousand contacts read again.
    "index_text_update": f"""AFTER UPDATE OF folded ON {TABLE}
        WHEN OLD.folded IS NOT NEW.folded BEGIN {_TAKE} {_ADD} END""",
    "index_answer_update": f"""AFTER UPDATE OF answer ON {TABLE}
        WHEN OLD.answer IS NOT NEW.answer BEGIN {_MOVED} END""",
}
_CHANGED: Final = (
    f"{_COUNT} SELECT '', '', {{0}} count(*) FROM changed HAVING count(*) > 0 UNION ALL"
    f" SELECT '{ANSWERS_NAME}', answer, {{0}} count(*) FROM changed GROUP BY answer ORDER BY 1, 2{_ADDED}"
)
# Each function is called by the trigger of its name.
_POSTGRESQL: Final = {
    "index_one_writer": (
        f"BEFORE INSERT OR DELETE OR UPDATE OF answer ON {TABLE} FOR EACH STATEMENT",
        f"PERFORM pg_advisory_xact_lock({WRITERS_LOCK});",
    ),
    "index_count_insert": (
        f"AFTER INSERT ON {TABLE} REFERENCING NEW TABLE AS changed FOR EACH STATEMENT",
        _CHANGED.format(""),
    ),
    "index_count_delete": (
        f"AFTER DELETE ON {TABLE} REFERENCING OLD TABLE AS changed FOR EACH STATEMENT",
        _CHANGED.format("-"),
    ),
    "index_answer_update": (
        f"AFTER UPDATE OF answer ON {TABLE} FOR EACH ROW WHEN (OLD.answer IS DISTINCT FROM NEW.answer)",
        _MOVED,
    ),
}
# One index for text and the two usual filters, since looking up thousands of rows to drop most of them costs most.
_INDEXES: Final = {
    "index_found": "(folded gin_trgm_ops, status_key, state_key)",
    "index_sample": f"(folded gin_trgm_ops) WHERE {SAMPLE}",
}
_KEYS: Final = (
    "number", "name_key", "first_key", "last_key", "email_key", "city_key", "state_key", "zip_key", "country_key",
    "status_key", "source_key", "language_key", "timezone_key",
)  # fmt: skip


def install(connection: BaseDatabaseWrapper) -> None:
    """Make what is missing, and fill it from the table."""
    if connection.vendor not in ("sqlite", "postgresql"):
        raise NotImplementedError(f"The index knows no search for {connection.vendor}.")
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            _install_postgresql(cursor, connection.alias)
            return
        # A process killed in the middle must not leave an empty full-text table that is never filled.
        with transaction.atomic(using=connection.alias):
            _install_sqlite(cursor)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Remove all of it, for migrations only."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _SQLITE:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(f"DROP TABLE IF EXISTS {TEXT}")
            return
        for name in _POSTGRESQL:
            # With the function goes the trigger that calls it.
            cursor.execute(f"DROP FUNCTION IF EXISTS {name}() CASCADE")
        for name in _INDEXES:
            cursor.execute(f"DROP INDEX IF EXISTS {name}")


def _install_sqlite(cursor: Any) -> None:
    cursor.execute(
        "SELECT name FROM sqlite_master WHERE name = %s OR (type = 'trigger' AND tbl_name = %s)",
        [TEXT, TABLE],
    )
    there = {name for (name,) in cursor.fetchall()}
    if there >= {TEXT, *_SQLITE}:
        return
    cursor.execute(_MAKE_TEXT)
    for name, trigger in _SQLITE.items():
        if name not in there:
            cursor.execute(f"CREATE TRIGGER {name} {trigger}")
    cursor.execute(f"INSERT INTO {TEXT}({TEXT}) VALUES ('rebuild')")
    _count_all(cursor)


def _install_postgresql(cursor: Any, alias: str) -> None:
    cursor.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass"
        " UNION SELECT indexname FROM pg_indexes WHERE tablename = %s"
        f" UNION SELECT name FROM {COUNTS} WHERE name = '{_COUNTING}'",
        [TABLE, TABLE],
    )
    there = {name for (name,) in cursor.fetchall()}
    if there >= {*_INDEXES, *_POSTGRESQL} and _COUNTING not in there:
        return
    _add_extensions(cursor)
    # With the default of 100, PostgreSQL takes a name of ten thousand contacts for a rare one.
    # With room on its page, a new reading time touches no index.
    changes = ["SET (fillfactor = 50)", "ALTER folded SET STATISTICS 1000"]
    changes += [f'ALTER {key} TYPE varchar COLLATE "C"' for key in _KEYS]
    cursor.execute(f"ALTER TABLE {TABLE} {', '.join(changes)}")
    for name, what in _INDEXES.items():
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {TABLE} USING gin {what}")
    # From the first versions.
    cursor.execute("DROP INDEX IF EXISTS index_folded")
    # Triggers close the table to readers, so counting everyone comes after them.
    with transaction.atomic(using=alias):
        _add_triggers(cursor)
    if not transaction.get_connection(alias).in_atomic_block:
        # Counting then reads an index, and not everyone.
        cursor.execute(f"VACUUM ANALYZE {TABLE}")
    # Other writers wait, so that no contact is left out of the count.
    with transaction.atomic(using=alias):
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS_LOCK])
        _count_all(cursor)
        cursor.execute(f"DELETE FROM {COUNTS} WHERE name = '{_COUNTING}'")


def _add_extensions(cursor: Any) -> None:
    for name in ("pg_trgm", "btree_gin"):
        try:
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
        except DatabaseError as error:
            raise CommandError(
                f"PostgreSQL has no extension {name} in this database, and does not let us add it: {error}"
                f"\nLet its administrator run “CREATE EXTENSION {name};” there, then migrate again."
            ) from error


def _add_triggers(cursor: Any) -> None:
    cursor.execute(f"{_COUNT} VALUES ('{_COUNTING}', '', 0) ON CONFLICT DO NOTHING")
    for name, (when, does) in _POSTGRESQL.items():
        # With the function goes the trigger that calls it, which cannot be replaced while it is there.
        cursor.execute(f"DROP FUNCTION IF EXISTS {name}() CASCADE")
        cursor.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN {does} RETURN NULL; END $$"
        )
        cursor.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name}()")


def _count_all(cursor: Any) -> None:
    cursor.execute(
        f"DELETE FROM {COUNTS} WHERE name = '' AND value = '' OR name = '{ANSWERS_NAME}'"
    )
    cursor.execute(
        f"WITH counted AS (SELECT answer, count(*) AS many FROM {TABLE} GROUP BY answer)"
        f" {_COUNT} SELECT '', '', COALESCE(sum(many), 0) FROM counted"
        f" UNION ALL SELECT '{ANSWERS_NAME}', answer, many FROM counted"
    )


def before_migrations(sender: Any, using: str, plan: Any = (), **kwargs: Any) -> None:
    """Remove our triggers first: SQLite refuses to rebuild a table that another table's trigger mentions."""
    ours = any(migration.app_label == sender.label for migration, _ in plan)
    if ours and connections[using].vendor == "sqlite":
        remove(connections[using])


def after_migrations(sender: Any, using: str, **kwargs: Any) -> None:
    """Make search and count again, whatever a migration did to the tables."""
    connection = connections[using]
    if not {TABLE, COUNTS} <= set(connection.introspection.table_names()):
        return
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, TABLE)
    # After a step back to before the answers, an older version makes its own.
    if any(column.name == ANSWERS_NAME for column in columns):
        install(connection)
