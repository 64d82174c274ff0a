"""What large tables need of a migration: it goes in parts, can be run again, and counts everyone."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from contacts_ui.models import IndexCount, OptOut
from contacts_ui.models.index_tables import COUNTS, install
from tests.opt_outs import NUMBERS, ask
from tests.services.index.people import person
from tests.services.index.test_answers import counts_are_right, store

APP = "contacts_ui"


def indexes_of(table: str) -> set[str]:
    with connection.cursor() as cursor:
        return {
            name
            for name, each in connection.introspection.get_constraints(cursor, table).items()
            if each["index"]
        }


@pytest.mark.django_db(transaction=True)
def test_indexes_that_an_interrupted_run_left_are_made_again() -> None:
    """As half built ones are on PostgreSQL, where no transaction takes them back."""
    MigrationExecutor(connection).migrate([(APP, "0032_compact_rows")])
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX opt_out_days ON contacts_ui_optout (id)")
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes(APP))
    assert {"opt_out_days", "opt_out_unreviewed"} <= indexes_of("contacts_ui_optout")
    assert "consent_reassigned" in indexes_of("contacts_ui_consentstate")
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "contacts_ui_optout")
    assert found["opt_out_days"]["columns"][0] == "asked_at"


@pytest.mark.django_db
def test_opt_outs_that_no_person_asked_for_are_marked(
    agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration = import_module("contacts_ui.migrations.0033_indexes_of_requests")
    monkeypatch.setattr(migration, "BATCH", 1)
    reasons = ["Carried over: the old list", "Stop it.", "Imported as unsubscribed: list.csv"]
    for number, reason in zip(NUMBERS, reasons, strict=False):
        OptOut.objects.filter(pk=ask(agent, number).pk).update(reason=reason, channel="unrecorded")
    migration.find_own(apps, None)
    rows = OptOut.objects.order_by("pk")
    assert list(rows.values_list("by_person", flat=True)) == [False, True, False]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite counts in the same transaction")
def test_a_count_that_was_interrupted_is_made_again() -> None:
    """The triggers are there before everyone is counted, since they close the table."""
    store(*(person(key, opt_in_status="subscribed") for key in range(1, 9)))
    install(connection)
    IndexCount.objects.create(name="counting")
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {COUNTS} SET number = 3 WHERE name = ''")  # noqa: S608
    install(connection)
    assert counts_are_right()
    assert not IndexCount.objects.filter(name="counting").exists()
