"""Finding people, the keyboard, editing at the same time as another person, and failing vendors."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.people import Vendors

Open = Callable[..., Page]


def search(page: Page, text: str) -> None:
    page.get_by_label("Search contacts").fill(text)
    page.keyboard.press("Enter")


def test_a_name_in_small_letters_is_found(open_as: Open, viewer: User) -> None:
    page = open_as(viewer)
    search(page, "marty mcfly")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.locator("#results")).to_contain_text("Marty McFly")
    expect(page).to_have_url(re.compile("q=marty"))


def test_the_keyboard_is_enough(open_as: Open, viewer: User) -> None:
    page = open_as(viewer)
    page.keyboard.press("/")
    expect(page.get_by_label("Search contacts")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Marty McFly")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("link", name="Marty McFly")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Marty McFly")).to_be_visible()


def test_next_and_back_walk_the_pages(open_as: Open, viewer: User) -> None:
    page = open_as(viewer, "/contacts/?size=25")
    first = page.locator("[data-row]").first.inner_text()
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**offset=25**")
    expect(page.locator("[data-row]").first).not_to_have_text(first)
    page.go_back()
    expect(page.get_by_role("link", name="Marty McFly")).to_be_visible()


def test_a_vendor_that_comes_back_is_one_press_away(
    open_as: Open, viewer: User, vendors: Vendors
) -> None:
    vendors.fault("slicktext", "down")
    page = open_as(viewer, "/contacts/?city=Nowhere")
    expect(page.get_by_role("heading", name="SlickText does not answer")).to_be_visible()
    vendors.clear_faults()
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", name="No contacts found")).to_be_visible()


def test_columns_are_remembered(open_as: Open, viewer: User) -> None:
    page = open_as(viewer)
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Zip").check()
    page.get_by_role("checkbox", name="Email").uncheck()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("columnheader", name="Zip")).to_be_visible()
    page.goto("/contacts/")
    expect(page.get_by_role("columnheader", name="Zip")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Email")).to_have_count(0)


def test_times_are_in_the_dashboards_zone(open_as: Open, viewer: User) -> None:
    page = open_as(viewer, "/contacts/")
    page.goto("/contacts/7778/")
    created = page.locator('time[datetime="1955-11-12T06:38:00Z"]')
    expect(created).to_have_text("Nov 12, 1955, 1:38 AM EST")
    expect(created).to_have_attribute("title", re.compile(r"\(Nov 12, 1955, 6:38:00 AM UTC\)$"))


def test_two_editors_do_not_overwrite_each_other(
    open_as: Open, editor: User, vendors: Vendors
) -> None:
    page = open_as(editor, "/contacts/7778/edit/")
    page.get_by_label("City").fill("Pine Valley")
    page.get_by_label("First name").fill("Martin")
    vendors.edit(city="Lone Pine")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Keep theirs: Lone Pine")).to_be_visible()
    expect(page.get_by_label("First name")).to_have_value("Martin")
    page.get_by_label("Keep theirs: Lone Pine").check()
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("heading", name="Martin McFly")).to_be_visible()
    contact = vendors.contact()
    assert contact
    assert (contact["first_name"], contact["city"]) == ("Martin", "Lone Pine")


def test_creating_without_javascript_keeps_what_was_typed(
    open_as: Open, editor: User, vendors: Vendors
) -> None:
    page = open_as(editor, "/contacts/new/", java_script_enabled=False)
    page.get_by_label("First name").fill("Zoë")
    page.get_by_label("Mobile number").fill("615 555 33")
    page.get_by_role("button", name="Create contact").click()
    expect(page.get_by_text("This is not a phone number.")).to_be_visible()
    expect(page.get_by_label("First name")).to_have_value("Zoë")
    page.get_by_label("Mobile number").fill("615 555 0142")
    page.get_by_role("button", name="Create contact").click()
    expect(page.get_by_role("heading", name="Zoë")).to_be_visible()
    assert vendors.status("+16155550142") == "not subscribed"


def test_deleting_needs_the_number_again(open_as: Open, manager: User, vendors: Vendors) -> None:
    page = open_as(manager, "/contacts/7778/delete/", java_script_enabled=False)
    page.get_by_label("Type the number of this contact").fill("615 555 0000")
    page.get_by_role("button", name="Delete this contact").click()
    expect(page.get_by_text("This is not the number of this contact.")).to_be_visible()
    page.get_by_label("Type the number of this contact").fill("(615) 555-3338")
    page.get_by_role("button", name="Delete this contact").click()
    expect(page.get_by_text("was deleted from SlickText")).to_be_visible()
    assert vendors.contact() is None


@pytest.mark.parametrize("scripts", [True, False])
def test_filters_open_on_demand_and_keep_what_is_typed(
    open_as: Open, viewer: User, scripts: bool
) -> None:
    page = open_as(viewer, "/contacts/?state=CA", java_script_enabled=scripts)
    page.get_by_label("Search contacts").fill("mcfly")
    summary = page.locator(".filters > summary")
    summary.focus()
    page.keyboard.press("Enter")
    if scripts:
        expect(page.get_by_label("State")).to_be_visible()
        expect(summary).to_be_focused()
    else:
        page.get_by_role("button", name="Show all filters").click()
    expect(page.get_by_label("State")).to_have_value("CA")
    expect(page.get_by_label("Search contacts")).to_have_value("mcfly")
    page.get_by_label("City", exact=True).fill("Hill Valley")
    page.get_by_role("button", name="Apply filters").click()
    expect(page.get_by_role("link", name="Remove the filter City: Hill Valley")).to_be_visible()
    assert "state=CA" in page.url
    assert "q=mcfly" in page.url
