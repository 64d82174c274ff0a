"""What the index learns is found at once, and the newest reading stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contacts_ui.models import IndexAnchor, IndexedContact, IndexTypo, index_tables
from contacts_ui.services import index
from contacts_ui.services.index import IndexQuery, search

from .people import NOW, ids, person, store

pytestmark = pytest.mark.django_db


def test_the_same_again_brings_a_new_time_and_no_more() -> None:
    store(person(1, "Marty McFly"))
    IndexedContact.objects.update(city_key="untouched")
    store(person(1, "Marty McFly"), at=NOW + timedelta(hours=1))
    row = IndexedContact.objects.get()
    assert (row.city_key, row.read_at) == ("untouched", NOW + timedelta(hours=1))
    store(person(1, "Marty McFly"), at=NOW)
    assert IndexedContact.objects.get().read_at == NOW + timedelta(hours=1)


def test_who_is_changed_or_forgotten_is_not_found_under_the_old_words() -> None:
    store(person(1, "Marty McFly", city="Austin"))
    store(person(1, "Marty Jones"), at=NOW + timedelta(seconds=1))
    assert ids("mcfly") == ids("austin") == []
    index.remove(1)
    assert ids("marty") == ids("jones") == []


def test_a_contact_comes_back_as_it_was_learned() -> None:
    whole = person(
        1,
        "José Núñez",
        email="J@example.com",
        custom_fields={"a": [1, {"b": None}], "c": "ü\0"},
        created=NOW,
        last_updated=NOW + timedelta(microseconds=5),
        last_opt_in_status_change=None,
        opt_in_status="blocked",
    )
    store(whole)
    (found,) = index.find(IndexQuery(search="jose")).found
    assert found.contact.custom_fields == {"a": [1, {"b": None}], "c": "ü"}
    assert (found.contact.name, found.contact.email) == ("José Núñez", "J@example.com")
    assert (found.contact.created, found.contact.last_updated) == (NOW, whole.last_updated)
    assert found.read_at == NOW
    assert [each.contact for each in index.matching_contacts(IndexQuery())] == [found.contact]
    assert index.by_numbers(["+16155550001", "+16155559999"]) == {"+16155550001": [found]}


def test_rows_for_exports_are_texts() -> None:
    store(person(1, "Marty McFly", created=NOW), person(2, "Ann Lee", opt_in_status="blocked"))
    columns = ("contact_id", "first_name", "status", "created")
    (rows,) = index.matching_rows(IndexQuery(sort="name"), columns)
    assert rows == [("2", "Ann", "blocked", ""), ("1", "Marty", "", "2026-11-25 12:00:00")]
    assert list(index.matching_rows(IndexQuery(search="marty"), columns)) == [rows[1:]]


def test_rows_of_everyone_are_read_by_id_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "ROWS_OF_EXPORT", 2)
    store(*(person(each, "Marty McFly") for each in (3, 5, 8, 13, 21)))
    with CaptureQueriesContext(connection) as queries:
        parts = list(index.matching_rows(IndexQuery(), ("first_name", "contact_id")))
    rows = [("Marty", key) for key in ("3", "5", "8", "13", "21")]
    assert [row for part in parts for row in part] == rows
    if connection.vendor == "sqlite":
        assert len(queries) == len(parts) + 1 == 4, "the ids are not read before"


def test_after_a_migrate_the_search_stands_again() -> None:
    store(person(1, "Marty McFly"))
    index_tables.remove(connection)
    store(person(2, "Marty Jones"))
    call_command("migrate", verbosity=0)
    store(person(3, "Marty Lee"))
    assert ids("marty") == [1, 2, 3]
    assert index.count(IndexQuery()).number == 3


def test_on_postgresql_the_index_of_the_first_versions_gives_way() -> None:
    store(person(1, "Marty McFly"))
    there = connection.introspection.get_constraints
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            first = (
                f"CREATE INDEX index_folded ON {index_tables.TABLE} USING gin (folded gin_trgm_ops)"
            )
            cursor.execute(
                f"DROP INDEX index_found, index_sample; DROP EXTENSION btree_gin; {first}"
            )
        call_command("migrate", verbosity=0)
        names = set(there(cursor, index_tables.TABLE))
    assert "index_folded" not in names
    assert ("index_found" in names) is (connection.vendor == "postgresql")
    store(person(2, "Marty Jones"))
    index.remove(1)
    assert ids("marty") == [2]
    assert index.count(IndexQuery()).number == 1


def test_without_the_right_to_add_an_extension_it_says_who_must() -> None:
    class Refusing:
        def execute(self, sql: str) -> None:
            raise ProgrammingError(f"permission denied: {sql}")

    with pytest.raises(CommandError, match=r"run “CREATE EXTENSION pg_trgm;” there"):
        index_tables._add_extensions(Refusing())


def test_a_purge_removes_every_contact_with_every_word() -> None:
    store(person(1, "Marty McFly", custom_fields={"tier": "gold"}))
    index.refresh_marks()
    index.refresh_counts()
    index.purge(sync_again_at=None)
    assert not IndexedContact.objects.exists()
    assert not IndexTypo.objects.exists()
    assert not IndexAnchor.objects.exists()
    assert index.count(IndexQuery()).number == 0
    store(person(2, "Marty Jones"))
    assert ids("marty") == ids("mraty") == [2]
    assert index.count(IndexQuery()).number == 1


WORDS = st.text("abé1 'ñ", min_size=1, max_size=8)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=8), typed=WORDS)
def test_it_finds_what_a_plain_comparison_finds(names: Any, typed: str) -> None:
    IndexedContact.objects.all().delete()
    store(*(person(key, f"{first} {last}") for key, (first, last) in enumerate(names, 1)))
    # With three characters and more a word is looked for anywhere.
    words = [
        word for word in index.normalize(typed).split() if len(word) > 2 and not word.isdigit()
    ]
    if words != index.normalize(typed).split() or not words:
        return
    plain = {
        row.contact_id
        for row in IndexedContact.objects.all()
        if all(word in index.normalize(f"{row.first_name} {row.last_name}") for word in words)
    }
    assert plain <= set(ids(" ".join(words)))


def _several(name: str, **facts: Any) -> list[Any]:
    return [person(key, f"{name} Lee{key}", **facts) for key in range(1, 9)]


def test_of_many_the_columns_that_changed_are_written_alone(
    django_assert_max_num_queries: Any,
) -> None:
    store(*_several("Ann", city="Austin", created=NOW), person(9, "Zoe Zed"))
    # Some are as before, some have another name or city, one is new; and one was read later already.
    store(person(8, "Later Lee8"), at=NOW + timedelta(days=2))
    changed = [*_several("Bob", city="Austin", created=NOW)[:5], *_several("Ann", city="Waco")[5:]]
    later = NOW + timedelta(days=1)
    with django_assert_max_num_queries(13) as made:
        store(*changed, person(10, "Cid New"), at=later)
    updates = [
        each["sql"] for each in made.captured_queries if "UPDATE contacts_ui_indexed" in each["sql"]
    ]
    # PostgreSQL takes all of them in one statement.
    assert bool(updates) is (connection.vendor == "sqlite")
    assert not [sql for sql in updates if "state_key" in sql]
    assert ids("bob") == [1, 2, 3, 4, 5]
    assert ids("ann") == ids("city:waco") == [6, 7]
    assert ids("later") == [8]
    assert ids("cid") == [10]
    rows = {row.contact_id: row for row in IndexedContact.objects.all()}
    assert [rows[key].read_at for key in (1, 6, 8, 9, 10)] == [
        later, later, NOW + timedelta(days=2), NOW, later,
    ]  # fmt: skip
    assert (rows[1].created, rows[6].created) == (NOW, None)
    assert index.count(IndexQuery()).number == 10
