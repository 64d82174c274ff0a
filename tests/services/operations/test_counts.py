"""The index against SlickText's own counts of contacts by status."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts_ui.models import VendorAbility
from contacts_ui.services import index
from contacts_ui.services.operations import abilities, counts
from tests.people import MARTY, Vendors

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(vendors: Vendors, settings: Any) -> Vendors:
    """The index was just read from SlickText, which answers counts."""
    settings.SLICKTEXT_CALLS_PER_SECOND = 1000.0
    abilities.probe()
    index.run_due()
    assert index.is_ready()
    return vendors


def an_hour_later() -> None:
    VendorAbility.objects.update(next_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("shape", ["list", "map"])
def test_a_fresh_copy_agrees(shape: str, ready: Vendors) -> None:
    ready.switch(analytics_shape=shape)
    assert counts.check()
    found = counts.latest()
    assert found.agree
    assert sum(row.ours for row in found.rows) == index.size()
    assert all(row.ours == row.theirs for row in found.rows)


def test_a_difference_is_shown_with_when_they_last_agreed(ready: Vendors) -> None:
    counts.check()
    ready.edit(MARTY, opt_in_status="blocked")
    an_hour_later()
    assert counts.check()
    found = counts.latest()
    assert not found.agree
    assert found.agreed_at < found.checked_at
    blocked = next(row for row in found.rows if row.status == "blocked")
    assert blocked.theirs == blocked.ours + 1


def test_a_spelling_of_its_own_is_no_difference() -> None:
    assert counts._by_name({"Not_Subscribed": 2, "null": 1}) == {
        "not subscribed": 2,
        "no status": 1,
    }


def test_it_compares_once_an_hour(ready: Vendors) -> None:
    assert counts.check()
    ready.forget_calls()
    assert not counts.check()
    assert ready.asked() == []


def test_an_index_that_is_being_built_is_not_compared(vendors: Vendors) -> None:
    abilities.probe()
    vendors.forget_calls()
    assert not counts.check()
    assert (vendors.asked(), counts.latest()) == ([], None)


def test_an_account_without_counts_is_not_asked_again(ready: Vendors) -> None:
    ready.switch(analytics_offered=False)
    assert not counts.check()
    abilities.probe()
    ready.forget_calls()
    assert not counts.check()
    assert ready.asked() == []


def test_error_keeps_the_last_comparison(ready: Vendors) -> None:
    counts.check()
    before = counts.latest()
    an_hour_later()
    ready.fault("slicktext", "down")
    assert not counts.check()
    assert counts.latest() == before


def test_the_status_page_shows_both_counts(max_: Client, ready: Vendors) -> None:
    counts.check()
    page = max_.get("/status/").content.decode()
    assert "SlickText and the local copy agree" in page
    ready.edit(MARTY, opt_in_status="blocked")
    an_hour_later()
    counts.check()
    page = max_.get("/status/").content.decode()
    assert "SlickText and the local copy differ," in page
    assert "They last agreed at" in page
