"""The person meant is among the first five, however many others match."""

from typing import Any

import pytest

from contacts_ui.services import index
from contacts_ui.services.index import IndexQuery, conditions, ranking, search

from .people import ids, person, store

pytestmark = pytest.mark.django_db


def test_whole_names_come_before_beginnings_and_those_before_the_rest() -> None:
    store(
        person(1, "Lea Smarty"),
        person(2, "Ann Lee", city="Marty"),
        person(3, "Martyn Lee"),
        person(4, "Marty Lee"),
        person(5, "Bo Marty"),
    )
    assert ids("marty") == [4, 5, 3, 2, 1]


def test_first_and_last_together_are_on_top() -> None:
    store(person(1, "Marty McFlyer"), person(2, "Marty Ann McFly"), person(3, "Marty McFly"))
    assert ids("mcfly marty") == [3, 2, 1]


def test_the_number_itself_and_the_id_are_on_top() -> None:
    store(person(1, "A", "+16155557778"), person(7778, "B", "+16155550001"))
    assert ids("7778") == [7778, 1]
    assert index.count(IndexQuery(search="7778")).number == 2
    store(person(2, "C", "+442079460958"), person(3, "D", "+14420794609"))
    assert ids("442079460") == [2, 3]
    assert ids("4420794609")[0] == 3


def test_the_best_of_many_is_found_although_it_was_stored_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "RANKED_MAX", 20)
    monkeypatch.setattr(search, "LIKELY_MAX", 5)
    store(*(person(key, "Smarty Jones") for key in range(1, 60)))
    store(person(90, "Marty Jones"), person(91, "Marty Jon"))
    assert ids("marty jon", limit=5)[:2] == [91, 90]
    pages = [ids("marty", limit=7, offset=offset) for offset in range(0, 63, 7)]
    assert sorted(key for page in pages for key in page) == [*range(1, 60), 90, 91]
    assert pages[0][:2] == [90, 91]
    assert index.find(IndexQuery(search="marty", limit=7)).total.number == 61


def test_of_more_than_are_counted_only_the_likely_are_ranked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ranked: list[int] = []
    real = ranking.ranked

    def note(rows: Any, *more: Any) -> list[int]:
        ranked.append(len(rows))
        return real(rows, *more)

    monkeypatch.setattr(conditions, "COUNT_MAX", 20)
    for module in (conditions, search):
        monkeypatch.setattr(module, "RANKED_MAX", 20)
    monkeypatch.setattr(search, "LIKELY_MAX", 5)
    monkeypatch.setattr(ranking, "ranked", note)
    store(*(person(key, "Marty Jones") for key in range(1, 61)))
    assert len(ids("arty", limit=5)) == 5
    assert ranked == [5]


def test_pages_of_more_than_are_counted_go_on_to_the_last_match(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conditions, "COUNT_MAX", 20)
    for module in (conditions, search):
        monkeypatch.setattr(module, "RANKED_MAX", 20)
    monkeypatch.setattr(search, "LIKELY_MAX", 5)
    store(*(person(key, "Marty Jones") for key in range(1, 61)))
    pages = [ids("arty", limit=7, offset=offset) for offset in range(0, 63, 7)]
    assert sorted(key for page in pages for key in page) == [*range(1, 61)]
