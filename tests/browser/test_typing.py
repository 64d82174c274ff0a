"""The search answers while somebody types, and the caret stays where it is."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.people import make_staff
from tests.views.index_people import learn_people, ready


@pytest.fixture
def vera_user(transactional_db: None) -> User:
    return make_staff("vera")


def test_results_follow_the_typing(vera_user: User, open_as: Callable[..., Page]) -> None:
    learn_people(10)
    ready()
    page = open_as(vera_user)
    before = page.evaluate("history.length")
    box = page.get_by_role("searchbox", name="Search contacts")
    box.press_sequentially("oneil", delay=30)
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(box).to_be_focused()
    assert box.evaluate("box => box.selectionStart") == 5
    expect(page).to_have_url(re.compile(r"\?q=oneil$"))
    assert page.evaluate("history.length") == before
    expect(page.locator("#announcer")).to_contain_text("2 contacts")
    box.press("ArrowDown")
    expect(page.locator("[data-row-link]").first).to_be_focused()


def test_enter_comes_into_the_history_however_soon(
    vera_user: User, open_as: Callable[..., Page]
) -> None:
    learn_people(10)
    ready()
    page = open_as(vera_user)
    before = page.evaluate("history.length")
    box = page.get_by_role("searchbox", name="Search contacts")
    box.fill("oneil")
    box.press("Enter")
    expect(page.locator("[data-row]")).to_have_count(2)
    # Longer than a keystroke waits to be asked.
    page.wait_for_timeout(400)
    assert page.evaluate("history.length") == before + 1
    page.go_back()
    expect(page).to_have_url(re.compile(r"/contacts/$"))
    box.fill("marty")
    expect(page.locator("[data-row]")).not_to_have_count(10)
