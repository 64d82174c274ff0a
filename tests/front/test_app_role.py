"""The role that runs web and worker on PostgreSQL: enough rights to record stops, too few to change the audit log."""

import os
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction

from contacts_ui.models import LedgerEntry, ledger_guards
from contacts_ui.services import index, verification
from tests.jobs import deliver_all
from tests.people import Vendors, logged_in, make_staff, until
from tests.views.test_do_not_text import click

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("TEST_DATABASE_URL", "").startswith("postgres"),
        reason="needs PostgreSQL: bin/with-postgres-and-redis",
    ),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def role(transactional_db: None) -> Iterator[str]:
    """Make a role, grant it its rights, and connect with them from now on, in every thread."""
    name = f"app_{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name}")
    call_command("grant_app_role", name, verbosity=0)
    # Twice: it is run after each migrate.
    call_command("grant_app_role", name, verbosity=0)
    options = connections.settings["default"]["OPTIONS"]
    options["options"] = f"-c role={name}"
    connection.close()
    yield name
    del options["options"]
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP OWNED BY {name}")
        cursor.execute(f"DROP ROLE {name}")
        cursor.execute(f"GRANT TEMPORARY ON DATABASE {connection.settings_dict['NAME']} TO PUBLIC")


def test_a_stop_is_recorded_and_told_to_both_vendors(role: str, vendors: Vendors) -> None:
    assert click(logged_in(make_staff("ada"))).status_code == 200
    deliver_all()
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert LedgerEntry.objects.count() >= 2
    assert verification.guards_missing() == []


def test_the_index_is_read_searched_and_purged(role: str, vendors: Vendors) -> None:
    until(lambda: index.run_due() and index.size())
    assert index.size() > 0
    call_command("purge_index", verbosity=0)
    assert index.size() == 0


def test_pruning_needs_the_owner(role: str) -> None:
    with (
        pytest.raises(DatabaseError, match="must be owner"),
        transaction.atomic(),
        ledger_guards.pruning_allowed(connection),
    ):
        pass


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE contacts_ui_ledgerentry SET reason = 'another'",
        "DELETE FROM contacts_ui_ledgerentry",
        "TRUNCATE contacts_ui_ledgerentry CASCADE",
        "DELETE FROM contacts_ui_ledgerhead",
        "INSERT INTO contacts_ui_prunedentry (id, previous_hash, hash) VALUES (1, 'x', 'y')",
        "ALTER TABLE contacts_ui_ledgerentry DISABLE TRIGGER ledger_entry_stays",
        "ALTER TABLE contacts_ui_ledgerentry DISABLE TRIGGER ALL",
        "DROP TRIGGER ledger_entry_stays ON contacts_ui_ledgerentry",
        "DROP FUNCTION ledger_entry_stays() CASCADE",
        "CREATE OR REPLACE FUNCTION ledger_entry_stays() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "DROP TABLE contacts_ui_ledgerentry CASCADE",
        "ALTER TABLE contacts_ui_wish ADD COLUMN more int",
        "TRUNCATE contacts_ui_wish CASCADE",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE contacts_ui_ledgerhead (id int, hash text)",
        "CREATE RULE mine AS ON INSERT TO contacts_ui_ledgerentry DO INSTEAD NOTHING",
        "CREATE TRIGGER mine BEFORE INSERT ON contacts_ui_wish EXECUTE FUNCTION ledger_entry_stays()",
        "SET session_replication_role = replica",
        "DELETE FROM django_migrations",
    ],
)
def test_what_would_change_the_ledger_or_a_table_is_refused(role: str, statement: str) -> None:
    # By its rights, and not by the guards.
    with (
        pytest.raises(DatabaseError, match=r"permission denied|must be owner of"),
        transaction.atomic(),
    ):
        connection.cursor().execute(statement)


def test_tables_of_later_migrations_are_read_and_written(role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("CREATE TABLE later (id serial)")
        try:
            cursor.execute(f"SET ROLE {role}")
            cursor.execute("INSERT INTO later DEFAULT VALUES")
            cursor.execute("UPDATE later SET id = 2")
        finally:
            cursor.execute("SET ROLE NONE")
            cursor.execute("DROP TABLE later")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        ("", "There is no role"),
        ("CREATE ROLE app_strong SUPERUSER", "could get past"),
        ("CREATE ROLE app_strong CREATEROLE", "could get past"),
        ("CREATE ROLE app_strong IN ROLE {owner}", "could get past"),
        ("CREATE ROLE app_strong IN ROLE pg_write_all_data", "could get past"),
        ("CREATE ROLE app_strong; ALTER TABLE contacts_ui_savedview OWNER TO app_strong", "could get past"),
    ],
)  # fmt: skip
def test_a_role_that_could_undo_it_is_refused(transactional_db: None, make: str, why: str) -> None:
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SELECT current_user")
        cursor.execute(make.format(owner=cursor.fetchone()[0]) or "SELECT 1")
        with pytest.raises(CommandError, match=why):
            call_command("grant_app_role", "app_strong", verbosity=0)
        transaction.set_rollback(True)
