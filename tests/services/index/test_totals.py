"""Totals: exact where that is cheap, honest where it is not."""

from dataclasses import replace

import pytest
from django.db import connection

from contacts_ui.models import IndexedContact
from contacts_ui.services import index
from contacts_ui.services.index import IndexQuery, Total, conditions
from contacts_ui.services.index.database import TABLE, database

from .people import ids, person, store

pytestmark = pytest.mark.django_db


def test_the_total_follows_every_change() -> None:
    assert index.count(IndexQuery()) == Total(0)
    store(*(person(key) for key in range(1, 6)))
    store(person(1), person(6))
    assert index.count(IndexQuery()) == Total(6)
    index.remove(3)
    assert index.count(IndexQuery()) == Total(5)
    IndexedContact.objects.all().delete()
    assert index.count(IndexQuery()) == Total(0)


def test_a_total_that_was_not_counted_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "COUNT_MAX", 5)
    store(*(person(key, "Ann Lee", state="TX") for key in range(1, 10)))
    asked = IndexQuery(filters={"state": "tx"})
    assert index.count(asked) == Total(5, exact=False)
    assert index.count(IndexQuery(search="lee")) == Total(5, exact=False)
    monkeypatch.setattr("contacts_ui.services.index.counts.COUNT_KEPT_ABOVE", 4)
    index.refresh_counts()
    assert index.count(asked) == Total(9, exact=False)


def test_the_page_of_a_search_has_the_exact_total() -> None:
    store(*(person(key, "Ann Lee") for key in range(1, 70)))
    page = index.find(IndexQuery(search="ann", limit=10))
    assert len(page.found) == 10
    assert page.total == Total(69)


@pytest.mark.parametrize("broad", [0, 10**9])
@pytest.mark.parametrize("compared", [1, 8, 4000])
@pytest.mark.parametrize(
    "search", ["", "lee", "ann lee3", "rare", "n", "city:austin lee", "custom.n:7"]
)
@pytest.mark.parametrize(
    "filters",
    [{"state": "tx"}, {"state": "tx", "opt_in_status": "blocked"}, {"city": "none", "state": "tx"}],
)
def test_the_same_are_found_whatever_is_looked_up_first(
    broad: int,
    compared: int,
    search: str,
    filters: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conditions, "_BROAD_ONE_IN", broad)
    monkeypatch.setattr(conditions, "_COMPARE_MAX", compared)
    store(
        *(
            person(
                key,
                f"{'Ann' if key % 4 else 'Rare Norma'} Lee{key % 7}",
                city="Austin" if key % 5 else "Boston",
                state="TX" if key % 2 else None,
                opt_in_status="blocked" if key % 3 else "subscribed",
                custom_fields={"n": key % 9},
            )
            for key in range(1, 61)
        )
    )
    match = conditions.match(search, filters)
    condition, parameters = conditions.where(match)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT contact_id FROM {TABLE} WHERE {condition}", parameters)  # noqa: S608 - our own
        plain = sorted(key for (key,) in cursor.fetchall())
    assert sorted(conditions.ids(match, 100)) == plain
    assert sorted(conditions.ids(replace(match, first=None), 100)) == plain
    assert conditions.count(replace(match, first=None)) == Total(len(plain))


def test_the_total_is_about_if_a_sample_says_there_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(database()), "sample", (2, "contact_id %% 2 = 0"))
    monkeypatch.setattr(conditions, "RANKED_MAX", 8)
    monkeypatch.setattr("contacts_ui.services.index.search.RANKED_MAX", 8)
    store(*(person(key, "Ann Lee", city=f"C{key}") for key in range(1, 41)), person(50, "Bo Li"))
    assert index.count(IndexQuery(search="lee")) == Total(40, exact=False)
    assert index.count(IndexQuery(search="bo li")) == Total(1)
    pages = [ids("ann lee", limit=10, offset=offset) for offset in range(0, 40, 10)]
    assert sorted(key for page in pages for key in page) == list(range(1, 41))
    assert ids("lee", sort="-city", limit=2) == [9, 8]
    # "More than" only where the sample leaves no doubt.
    monkeypatch.setattr(conditions, "COUNT_MAX", 36)
    assert index.count(IndexQuery(search="lee")) == Total(40, exact=False)
    monkeypatch.setattr(conditions, "COUNT_MAX", 24)
    assert index.count(IndexQuery(search="lee")) == Total(40, exact=False)
    monkeypatch.setattr(conditions, "COUNT_MAX", 19)
    assert index.count(IndexQuery(search="lee")) == Total(19, exact=False)


def test_one_letter_counts_no_one_twice() -> None:
    store(person(1, "Ann Adams"), person(2, "Bo Abel"), person(3, "Ann Lee"), person(4, "Bo Lee"))
    assert index.count(IndexQuery(search="a")) == Total(3)
    assert ids("a") == [1, 2, 3]
