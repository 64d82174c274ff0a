"""The search answers while a person types, and the caret stays where it is."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from contacts_ui.models import SavedView
from tests.browser.conftest import PHONE
from tests.people import make_staff, until
from tests.views.index_people import index_people


@pytest.fixture
def vera_user(transactional_db: None) -> User:
    return make_staff("vera")


def test_results_follow_the_typing(vera_user: User, open_as: Callable[..., Page]) -> None:
    index_people(10)
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
    index_people(10)
    page = open_as(vera_user)
    before = page.evaluate("history.length")
    box = page.get_by_role("searchbox", name="Search contacts")
    box.fill("oneil")
    box.press("Enter")
    expect(page.locator("[data-row]")).to_have_count(2)
    until(lambda: page.evaluate("history.length") > before)
    # Longer than a keystroke waits to be asked.
    page.wait_for_timeout(400)
    assert page.evaluate("history.length") == before + 1
    page.go_back()
    expect(page).to_have_url(re.compile(r"/contacts/$"))
    box.fill("marty")
    expect(page.locator("[data-row]")).not_to_have_count(10)


def test_the_saved_view_that_is_shown_follows_the_typing(
    vera_user: User, open_as: Callable[..., Page]
) -> None:
    SavedView.objects.create(owner=vera_user, name="The O'Neills", query="q=oneil")
    index_people(10)
    page = open_as(vera_user)
    # Counted, so that nothing replaces it anymore.
    expect(page.locator("#views .number")).to_have_text("2")
    view = page.get_by_role("link", name="The O'Neills")
    expect(view).not_to_have_attribute("aria-current", "true")
    box = page.get_by_role("searchbox", name="Search contacts")
    box.press_sequentially("oneil", delay=30)
    expect(view).to_have_attribute("aria-current", "true")
    box.press_sequentially("s")
    expect(view).not_to_have_attribute("aria-current", "true")


def test_a_saved_view_stays_that_view_on_its_next_page(
    vera_user: User, open_as: Callable[..., Page]
) -> None:
    SavedView.objects.create(owner=vera_user, name="By city", query="sort=city")
    index_people(60)
    page = open_as(vera_user)
    view = page.get_by_role("link", name="By city")
    view.click()
    expect(view).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="Next").click()
    expect(page).to_have_url(re.compile("after="))
    expect(view).to_have_attribute("aria-current", "true")


def test_a_search_that_takes_long_says_so_above_the_bar_of_bulk_actions(
    open_as: Callable[..., Page], manager: User, transactional_db: None
) -> None:
    index_people(60)
    page = open_as(manager)
    # It is never answered.
    page.route("**/contacts/?q=*", lambda _: None)
    box = page.get_by_role("searchbox", name="Search contacts")
    box.fill("oneil")
    box.press("Enter")
    words, bar = page.get_by_text("Looking…"), page.locator(".selection")
    expect(words).to_be_visible()
    shown, below = words.bounding_box(), bar.bounding_box()
    assert shown
    assert below
    assert shown["y"] + shown["height"] <= below["y"]


def test_half_a_name_on_a_phone_then_stop(open_as: Callable[..., Page], agent: User) -> None:
    """A person on the phone: the contact is visible when half the name is typed, and one tap stops them."""
    index_people(10)
    page = open_as(agent, viewport=PHONE, has_touch=True)
    page.get_by_role("searchbox", name="Search contacts").tap()
    page.keyboard.type("mcf", delay=30)
    switch = page.get_by_role("switch", name="Do not text Marty McFly").first
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?q=mcf$"))
    # Above a keyboard that takes the lower 40 % of the screen.
    assert switch.evaluate("it => it.getBoundingClientRect().bottom") < PHONE["height"] * 0.6
    switch.tap()
    expect(switch).to_have_attribute("aria-checked", "true")


def test_a_view_is_saved_in_a_dialog(vera_user: User, open_as: Callable[..., Page]) -> None:
    page = open_as(vera_user, "/contacts/?city=Austin")
    link = page.get_by_role("link", name="Save this view")
    link.press("Enter")
    name = page.get_by_role("dialog").get_by_label("Name")
    expect(name).to_be_focused()
    page.keyboard.press("Escape")
    expect(link).to_be_focused()
    link.press("Enter")
    name.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Not saved yet.")
    name.fill("Austin")
    name.press("Enter")
    expect(page.get_by_text("The view “Austin” is saved.")).to_be_visible()
    assert SavedView.objects.get().query == "city=Austin"
