"""Totals: exact where that is cheap, honest where it is not."""

import pytest

from contacts_ui.models import IndexedContact
from contacts_ui.services import index
from contacts_ui.services.index import IndexQuestion, Total, matching

from .people import learn, person

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
