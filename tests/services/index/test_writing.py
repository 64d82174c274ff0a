"""What the index learns is found at once, and the newest reading stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contacts_ui.models import IndexAnchor, IndexedContact, IndexSlip, index_tables
from contacts_ui.services import index
from contacts_ui.services.index import IndexQuestion

from .people import NOW, ids, learn, person

pytestmark = pytest.mark.django_db


def test_what_was_read_later_stays() -> None:
    learn(person(1, "New Name"), at=NOW)
    learn(person(1, "Old Name"), at=NOW - timedelta(seconds=1))
    assert ids("new") == [1]
    assert ids("old") == []
    learn(person(1, "Newest Name"), at=NOW + timedelta(seconds=1))
    assert ids("newest") == [1]


def test_the_same_again_brings_a_new_time_and_no_more() -> None:
    learn(person(1, "Marty McFly"))
    IndexedContact.objects.update(city_key="untouched")
    learn(person(1, "Marty McFly"), at=NOW + timedelta(hours=1))
    row = IndexedContact.objects.get()
    assert (row.city_key, row.read_at) == ("untouched", NOW + timedelta(hours=1))
    learn(person(1, "Marty McFly"), at=NOW)
    assert IndexedContact.objects.get().read_at == NOW + timedelta(hours=1)


def test_who_is_changed_or_forgotten_is_not_found_under_the_old_words() -> None:
    learn(person(1, "Marty McFly", city="Austin"))
    learn(person(1, "Marty Jones"), at=NOW + timedelta(seconds=1))
    assert ids("mcfly") == ids("austin") == []
    index.forget(1)
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
    learn(whole)
    (found,) = index.find(IndexQuestion(search="jose")).found
    assert found.contact.custom_fields == {"a": [1, {"b": None}], "c": "ü"}
    assert (found.contact.name, found.contact.email) == ("José Núñez", "J@example.com")
    assert (found.contact.created, found.contact.last_updated) == (NOW, whole.last_updated)
    assert found.read_at == NOW
    assert [each.contact for each in index.everybody(IndexQuestion())] == [found.contact]
    assert index.by_numbers(["+16155550001", "+16155559999"]) == {"+16155550001": [found]}


def test_rows_for_exports_are_texts() -> None:
    learn(person(1, "Marty McFly", created=NOW), person(2, "Ann Lee", opt_in_status="blocked"))
    columns = ("contact_id", "first_name", "status", "created")
    rows = list(index.rows(IndexQuestion(sort="name"), columns))
    assert rows == [("2", "Ann", "blocked", ""), ("1", "Marty", "", "2026-11-25 12:00:00")]
    assert list(index.rows(IndexQuestion(search="marty"), columns)) == rows[1:]


def test_after_a_migrate_the_search_stands_again() -> None:
    learn(person(1, "Marty McFly"))
    index_tables.remove(connection)
    learn(person(2, "Marty Jones"))
    call_command("migrate", verbosity=0)
    learn(person(3, "Marty Lee"))
    assert ids("marty") == [1, 2, 3]
    assert index.count(IndexQuestion()).number == 3


def test_on_postgresql_the_index_of_the_first_versions_gives_way() -> None:
    learn(person(1, "Marty McFly"))
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
    learn(person(2, "Marty Jones"))
    index.forget(1)
    assert ids("marty") == [2]
    assert index.count(IndexQuestion()).number == 1


def test_without_the_right_to_add_an_extension_it_is_said_who_has_to() -> None:
    class Refusing:
        def execute(self, sql: str) -> None:
            raise ProgrammingError(f"permission denied: {sql}")

    with pytest.raises(CommandError, match=r"run “CREATE EXTENSION pg_trgm;” there"):
        index_tables._add_extensions(Refusing())


def test_everybody_is_forgotten_with_every_word() -> None:
    learn(person(1, "Marty McFly", custom_fields={"tier": "gold"}))
    index.rebuild_anchors()
    index.purge(walk_again_at=None)
    assert not IndexedContact.objects.exists()
    assert not IndexSlip.objects.exists()
    assert not IndexAnchor.objects.exists()
    assert index.count(IndexQuestion()).number == 0
    learn(person(2, "Marty Jones"))
    assert ids("marty") == ids("mraty") == [2]
    assert index.count(IndexQuestion()).number == 1


WORDS = st.text("abé1 'ñ", min_size=1, max_size=8)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=8), typed=WORDS)
def test_whoever_a_plain_look_finds_is_found(names: Any, typed: str) -> None:
    IndexedContact.objects.all().delete()
    learn(*(person(key, f"{first} {last}") for key, (first, last) in enumerate(names, 1)))
    # With three characters and more a word is looked for anywhere.
    words = [word for word in index.fold(typed).split() if len(word) > 2 and not word.isdigit()]
    if words != index.fold(typed).split() or not words:
        return
    plain = {
        row.contact_id
        for row in IndexedContact.objects.all()
        if all(word in index.fold(f"{row.first_name} {row.last_name}") for word in words)
    }
    assert plain <= set(ids(" ".join(words)))


def _several(name: str, **facts: Any) -> list[Any]:
    return [person(key, f"{name} Lee{key}", **facts) for key in range(1, 9)]


def test_of_many_the_columns_that_changed_are_written_alone(
    django_assert_max_num_queries: Any,
) -> None:
    learn(*_several("Ann", city="Austin", created=NOW), person(9, "Zoe Zed"))
    # Some are as before, some have another name or city, one is new; and one was read later already.
    learn(person(8, "Later Lee8"), at=NOW + timedelta(days=2))
    changed = [*_several("Bob", city="Austin", created=NOW)[:5], *_several("Ann", city="Waco")[5:]]
    later = NOW + timedelta(days=1)
    with django_assert_max_num_queries(12) as made:
        learn(*changed, person(10, "Cid New"), at=later)
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
    assert index.count(IndexQuestion()).number == 10
