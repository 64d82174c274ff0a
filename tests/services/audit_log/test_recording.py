"""The chain of the ledger: whole, also with many writers, and any break is found."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import StringIO
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from contacts_ui.models import LedgerEntry, LedgerHead
from contacts_ui.models.ledger import Action
from contacts_ui.services.audit_log import entry_hash, history, record
from contacts_ui.services.verification import broken_links
from tests.ledger_guards import alter
from tests.people import MARTY, MARTY_NUMBER


def write(n: int = 1, **facts: object) -> LedgerEntry:
    about = {"action": Action.CONTACT_EDITED, "staff": None, "number": f"+1615555000{n}"}
    return record(**{**about, **facts})


@pytest.fixture
def chain(db: None) -> list[LedgerEntry]:
    return [write(n, reason=f"number {n}", after={"city": "Nashville", "n": n}) for n in range(5)]


def test_it_works(chain: list[LedgerEntry]) -> None:
    assert chain[0].previous_hash == "0" * 64
    for before, after in pairwise(chain):
        assert after.previous_hash == before.hash
    assert LedgerHead.objects.get().hash == chain[-1].hash
    assert list(broken_links()) == []


@pytest.mark.django_db
def test_every_kind_of_value_comes_back_as_it_was_hashed(agent: User) -> None:
    write(
        staff=agent,
        contact_id=MARTY,
        vendor="slicktext",
        channel="phone",
        reason="“Ünïcode”, 'quotes' \\ and\nlines 😀",
        asked_at=datetime(2026, 3, 8, 2, 30, tzinfo=ZoneInfo("America/New_York")),
        before={"zip": "02134", "list": [1, None, True, 1.5], "é": {"b": 1, "a": 2}},
        after={"member": 1},
        answer={"confirmed": True},
    )
    assert list(broken_links()) == []
    assert LedgerEntry.objects.get().asked_at.astimezone(UTC).hour == 7


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reason", "something else"),
        ("number", "+16155559999"),
        ("staff_name", "Somebody Else"),
        ("action", "stop:confirmed"),
        ("channel", "letter"),
        ("vendor", "slicktext"),
        ("contact_id", 1),
        ("staff_id", 7),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("asked_at", "2020-01-01 00:00:00+00:00"),
        ("after", '{"city": "Memphis", "n": 2}'),
        ("before", '{"x": 1}'),
        ("answer", '{"x": 1}'),
    ],
)
def test_a_changed_entry_is_found(column: str, value: object, chain: list[LedgerEntry]) -> None:
    alter(f"UPDATE {{table}} SET {column} = %s WHERE id = %s", value, chain[2].pk)  # noqa: S608
    assert list(broken_links()) == [f"Entry {chain[2].pk}: it was changed after it was written."]


def test_an_entry_that_was_changed_with_its_hash_is_found(chain: list[LedgerEntry]) -> None:
    forged = chain[2]
    forged.reason = "something else"
    alter(
        "UPDATE {table} SET reason = %s, hash = %s WHERE id = %s",
        forged.reason,
        entry_hash(forged),
        forged.pk,
    )
    assert list(broken_links()) == [
        f"Entry {chain[3].pk}: an entry before it is missing, or it was moved."
    ]


@pytest.mark.parametrize("position", [0, 1, 3])
def test_a_removed_entry_is_found(position: int, chain: list[LedgerEntry]) -> None:
    alter("DELETE FROM {table} WHERE id = %s", chain[position].pk)
    assert list(broken_links()) == [
        f"Entry {chain[position + 1].pk}: an entry before it is missing, or it was moved."
    ]


def test_a_cut_off_end_and_an_emptied_ledger_are_found(chain: list[LedgerEntry]) -> None:
    alter("DELETE FROM {table} WHERE id >= %s", chain[3].pk)
    assert list(broken_links()) == [f"Entries after {chain[2].pk} are missing."]
    alter("DELETE FROM {table}")
    assert list(broken_links()) == ["Entries after the start are missing."]


def test_swapped_entries_are_found(chain: list[LedgerEntry]) -> None:
    first, second = chain[1].pk, chain[2].pk
    alter("UPDATE {table} SET id = %s WHERE id = %s", 10_000_000, first)
    alter("UPDATE {table} SET id = %s WHERE id = %s", first, second)
    alter("UPDATE {table} SET id = %s WHERE id = %s", second, 10_000_000)
    assert len(list(broken_links())) == 3


def test_a_forged_entry_at_the_end_is_found(chain: list[LedgerEntry]) -> None:
    """Past the one door, with a hash that is right in itself."""
    forged = LedgerEntry.objects.get(pk=chain[-1].pk)
    forged.pk, forged._state.adding, forged.previous_hash = None, True, forged.hash
    forged.hash = entry_hash(forged)
    forged.save()
    assert list(broken_links()) == [f"Entries after {forged.pk} are missing."]


def test_the_command_says_that_it_is_whole(chain: list[LedgerEntry]) -> None:
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert out.getvalue() == "The audit log is intact: 5 entries.\n"


def test_the_command_fails_on_a_broken_chain(chain: list[LedgerEntry]) -> None:
    alter("UPDATE {table} SET reason = 'x' WHERE id = %s", chain[2].pk)
    err = StringIO()
    with pytest.raises(CommandError, match="Problems found: 1"):
        call_command("verify_ledger", stderr=err)
    assert f"Entry {chain[2].pk}" in err.getvalue()


@pytest.mark.django_db
def test_an_entry_of_a_transaction_that_failed_is_not_there() -> None:
    class Failed(Exception):
        pass

    def fail() -> None:
        with transaction.atomic():
            write()
            raise Failed

    with pytest.raises(Failed):
        fail()
    assert not LedgerEntry.objects.exists()
    write()
    assert list(broken_links()) == []


@pytest.mark.django_db
def test_history_is_by_id_and_by_number_newest_first() -> None:
    by_id = write(1, contact_id=MARTY)
    by_number = record(action=Action.STOP_REQUESTED, staff=None, number=MARTY_NUMBER)
    write(2, contact_id=MARTY + 1)
    assert history(contact_id=MARTY, number=MARTY_NUMBER) == [by_number, by_id]
    assert history(contact_id=MARTY, number=None) == [by_id]


@pytest.mark.django_db
def test_a_history_looks_its_numbers_up_first() -> None:
    """As part of the other query, PostgreSQL would read every entry there is."""
    with CaptureQueriesContext(connection) as queries:
        history(contact_id=MARTY, number=MARTY_NUMBER)
    assert [each["sql"].count("SELECT") for each in queries] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_many_writers_keep_the_chain_whole() -> None:
    def many(writer: int) -> None:
        try:
            for _ in range(8):
                write(writer)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=6) as writers:
        list(writers.map(many, range(6)))
    assert LedgerEntry.objects.count() == 48
    assert list(broken_links()) == []
