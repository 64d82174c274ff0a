"""The database itself refuses what would change or break the audit log, no matter who asks."""

import importlib

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, models, transaction

from contacts_ui.models import LedgerEntry, LedgerHead, ledger_guards
from contacts_ui.models.ledger import Action
from contacts_ui.services.audit_log import record
from contacts_ui.services.verification import broken_links, guards_missing
from tests.ledger_guards import alter, guards_off

pytestmark = pytest.mark.django_db

COLUMNS = (
    "at, action, staff_name, number, vendor, channel, reason, before, after, answer, request_id"
)


@pytest.fixture
def chain(db: None) -> list[LedgerEntry]:
    return [
        record(action=Action.STOP_REQUESTED, staff=None, number=f"+1615555000{n}") for n in range(3)
    ]


def refused(sql: str, *values: object) -> str:
    """What the database says to raw SQL; fails if it says nothing."""
    text = sql.format(table=ledger_guards.ENTRIES, head=ledger_guards.HEAD, columns=COLUMNS)
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():  # noqa: SIM117
        with connection.cursor() as cursor:
            cursor.execute(text, values or None)
    return str(refusal.value).splitlines()[0]


def contents() -> list[tuple[object, ...]]:
    return list(LedgerEntry.objects.order_by("pk").values_list())


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE {table} SET reason = 'x'",
        "UPDATE {table} SET reason = reason WHERE id = (SELECT max(id) FROM {table})",
        "UPDATE {table} SET id = id + 100",
        "DELETE FROM {table}",
        "DELETE FROM {table} WHERE id = (SELECT max(id) FROM {table})",
    ],
)
def test_no_entry_is_changed_or_removed(sql: str, chain: list[LedgerEntry]) -> None:
    before = contents()
    said = "The ledger is append-only: an entry is never changed or removed."
    assert refused(sql) == said
    assert contents() == before


def test_the_tables_are_not_emptied(chain: list[LedgerEntry]) -> None:
    """TRUNCATE where there is such a thing."""
    empty = (
        "TRUNCATE {table} CASCADE" if connection.vendor == "postgresql" else "DELETE FROM {table}"
    )
    assert "append-only" in refused(empty)
    empty = "TRUNCATE {head}" if connection.vendor == "postgresql" else "DELETE FROM {head}"
    assert refused(empty) == "The head of the ledger is never removed."


def test_manage_py_flush_is_refused(
    chain: list[LedgerEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    operations = type(connection.ops)
    for_tests = operations.execute_sql_flush
    monkeypatch.setattr(operations, "execute_sql_flush", for_tests.production)
    with pytest.raises(CommandError):
        call_command("flush", interactive=False, verbosity=0)


COPY = (
    "INTO {table} ({columns}, previous_hash, hash{more}) "
    "SELECT {columns}, {previous}, {hash}{its} FROM {table} WHERE id = (SELECT {which}(id) FROM {table})"
)


def copied(verb: str = "INSERT", **parts: str) -> str:
    """SQL that adds a copy of an entry; `parts` change it."""
    usual = {"previous": "hash", "hash": "'f'", "which": "max", "more": "", "its": ""}
    text = f"{verb} {COPY}"
    for name, value in {**usual, **parts}.items():
        text = text.replace("{" + name + "}", value)
    return text


@pytest.mark.parametrize(
    "sql",
    [
        copied(previous="previous_hash"),
        copied(previous="'0'"),
        copied(which="min"),
        copied(more=", id", its=", id - 1"),
        copied(more=", id", its=", -5"),
    ],
)
def test_an_entry_must_follow_the_newest(sql: str, chain: list[LedgerEntry]) -> None:
    before = contents()
    assert refused(sql) == "The ledger is append-only: an entry must follow the newest one."
    assert contents() == before


@pytest.mark.parametrize(
    "parts", [{"more": ", id", "its": ", id"}, {"hash": "hash"}, {"hash": "hash", "which": "min"}]
)
def test_an_entry_is_not_replaced(parts: dict[str, str], chain: list[LedgerEntry]) -> None:
    """SQLite's INSERT OR REPLACE removes rows without saying DELETE."""
    verb = "INSERT OR REPLACE" if connection.vendor == "sqlite" else "INSERT"
    before = contents()
    refused(copied(verb, **parts))
    assert contents() == before


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE {head} SET hash = 'x'",
        "UPDATE {head} SET hash = (SELECT hash FROM {table} ORDER BY id LIMIT 1)",
        "UPDATE {head} SET id = 2",
        "INSERT INTO {head} (id, hash) VALUES (2, 'x')",
        "DELETE FROM {head}",
    ],
)
def test_the_head_names_the_newest_entry_and_nothing_else(
    sql: str, chain: list[LedgerEntry]
) -> None:
    assert "head of the ledger" in refused(sql)
    assert LedgerHead.objects.get().hash == chain[-1].hash


def test_a_lost_head_is_made_again_so_that_no_stop_is_lost(chain: list[LedgerEntry]) -> None:
    alter("DELETE FROM {head}")
    assert list(broken_links()) == ["The head of the audit log is missing."]
    record(action=Action.STOP_REQUESTED, staff=None, number="+16155550009")
    assert list(broken_links()) == []


def test_guards_that_are_missing_are_named(chain: list[LedgerEntry]) -> None:
    assert guards_missing() == []
    ledger_guards.remove(connection)
    assert len(guards_missing()) == (10 if connection.vendor == "sqlite" else 5)
    with pytest.raises(CommandError, match="intact, but the database does not protect it"):
        call_command("verify_ledger")
    ledger_guards.install(connection)
    ledger_guards.install(connection)
    assert guards_missing() == []


@pytest.mark.django_db(transaction=True)
def test_a_later_migration_may_rebuild_the_tables_and_the_guards_come_back() -> None:
    """SQLite rebuilds a table to change a column; the triggers on it and about it are in the way."""
    record(action=Action.STOP_REQUESTED, staff=None, number="+16155550009")
    config = apps.get_app_config("contacts_ui")
    migration = importlib.import_module("contacts_ui.migrations.0004_ledger_triggers").Migration
    about = {"sender": config, "using": "default"}
    ledger_guards.before_migrations(
        **about, plan=[(migration("0004_ledger_triggers", "contacts_ui"), False)]
    )
    for model, name in ((LedgerEntry, "number"), (LedgerHead, "hash")):
        old = model._meta.get_field(name)
        longer = models.CharField(max_length=80)
        longer.set_attributes_from_name(name)
        longer.model = model
        with connection.schema_editor() as editor:
            editor.alter_field(model, old, longer)
        with connection.schema_editor() as editor:
            editor.alter_field(model, longer, old)
    ledger_guards.after_migrations(**about)
    assert guards_missing() == []
    record(action=Action.STOP_REQUESTED, staff=None, number="+16155550009")
    assert list(broken_links()) == []


def test_migrations_of_others_leave_the_guards_alone() -> None:
    config = apps.get_app_config("contacts_ui")
    ledger_guards.before_migrations(sender=config, using="default", plan=[])
    assert guards_missing() == []


def test_the_helper_of_the_tests_puts_them_back(chain: list[LedgerEntry]) -> None:
    with guards_off():
        assert guards_missing() != []
    assert guards_missing() == []
