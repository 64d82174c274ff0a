"""Totals: exact where that is cheap, honest where it is not."""

from dataclasses import replace

import pytest
from django.db import connection

from contacts_ui.models import IndexedContact
from contacts_ui.services import index
from contacts_ui.services.index import IndexQuestion, Total, matching
from contacts_ui.services.index.database import TABLE, database

from .people import ids, learn, person

pytestmark = pytest.mark.django_db


def test_the_total_of_everybody_follows_every_change() -> None:
    assert index.count(IndexQuestion()) == Total(0)
    learn(*(person(key) for key in range(1, 6)))
    learn(person(1), person(6))
    assert index.count(IndexQuestion()) == Total(6)
    index.forget(3)
    assert index.count(IndexQuestion()) == Total(5)
    IndexedContact.objects.all().delete()
    assert index.count(IndexQuestion()) == Total(0)


def test_beyond_what_is_counted_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "COUNTED", 5)
    learn(*(person(key, "Ann Lee", state="TX") for key in range(1, 10)))
    asked = IndexQuestion(filters={"state": "tx"})
    assert index.count(asked) == Total(5, exact=False)
    assert index.count(IndexQuestion(search="lee")) == Total(5, exact=False)
    monkeypatch.setattr("contacts_ui.services.index.ordering.STEP", 4)
    index.rebuild_anchors()
    assert index.count(asked) == Total(9, exact=False)


def test_the_page_of_a_search_has_the_exact_total() -> None:
    learn(*(person(key, "Ann Lee") for key in range(1, 70)))
    page = index.find(IndexQuestion(search="ann", limit=10))
    assert len(page.found) == 10
    assert page.total == Total(69)


@pytest.mark.parametrize("compared", [1, 8, 4000])
@pytest.mark.parametrize(
    "search", ["", "lee", "ann lee3", "rare", "n", "city:austin lee", "custom.n:7"]
)
@pytest.mark.parametrize(
    "filters",
    [{"state": "tx"}, {"state": "tx", "opt_in_status": "blocked"}, {"city": "none", "state": "tx"}],
)
def test_whatever_is_looked_for_first_the_same_are_found(
    compared: int, search: str, filters: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "_COMPARED", compared)
    learn(
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
    match = matching.match(search, filters)
    condition, parameters = matching.where(match)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT contact_id FROM {TABLE} WHERE {condition}", parameters)  # noqa: S608 - our own
        plain = sorted(key for (key,) in cursor.fetchall())
    assert sorted(matching.ids(match, 100)) == plain
    assert sorted(matching.ids(replace(match, first=None), 100)) == plain
    assert matching.count(replace(match, first=None)) == Total(len(plain))


def test_where_a_sample_says_that_they_are_many_it_is_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(database()), "sample", (2, "contact_id %% 2 = 0"))
    monkeypatch.setattr(matching, "HELD", 8)
    monkeypatch.setattr("contacts_ui.services.index.finding.HELD", 8)
    learn(*(person(key, "Ann Lee", city=f"C{key}") for key in range(1, 41)), person(50, "Bo Li"))
    assert index.count(IndexQuestion(search="lee")) == Total(40, exact=False)
    assert index.count(IndexQuestion(search="bo li")) == Total(1)
    pages = [ids("ann lee", limit=10, offset=offset) for offset in range(0, 40, 10)]
    assert sorted(key for page in pages for key in page) == list(range(1, 41))
    assert ids("lee", sort="-city", limit=2) == [9, 8]
    # "More than" only where the sample leaves no doubt.
    monkeypatch.setattr(matching, "COUNTED", 36)
    assert index.count(IndexQuestion(search="lee")) == Total(40, exact=False)
    monkeypatch.setattr(matching, "COUNTED", 24)
    assert index.count(IndexQuestion(search="lee")) == Total(24, exact=False)


def test_one_letter_counts_nobody_twice() -> None:
    learn(person(1, "Ann Adams"), person(2, "Bo Abel"), person(3, "Ann Lee"), person(4, "Bo Lee"))
    assert index.count(IndexQuestion(search="a")) == Total(3)
    assert ids("a") == [1, 2, 3]
