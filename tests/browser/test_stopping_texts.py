"""The switch: an agent with a person on the line."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from tests.people import MARTY, Vendors

Open = Callable[..., Page]


def marty_switch(page: Page) -> Any:
    return page.get_by_role("switch", name="Do not text Marty McFly")


def test_one_click_stops_at_both_vendors(open_as: Open, agent: User, vendors: Vendors) -> None:
    page = open_as(agent)
    marty_switch(page).click()
    expect(marty_switch(page)).to_have_attribute("aria-checked", "true")
    row = page.locator("[data-row]").filter(has_text="Marty McFly")
    expect(row).to_contain_text("Do not text")
    expect(row).to_contain_text("SlickText: Unsubscribed")
    expect(row).to_contain_text("CloudContactAI: Do not text")
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


def test_focus_stays_and_nothing_moves(open_as: Open, agent: User) -> None:
    page = open_as(agent)
    rows = page.locator("[data-row]")
    before = [rows.nth(index).bounding_box() for index in range(4)]
    marty_switch(page).focus()
    page.keyboard.press("Space")
    expect(marty_switch(page)).to_have_attribute("aria-checked", "true")
    expect(marty_switch(page)).to_be_focused()
    assert [rows.nth(index).bounding_box() for index in range(4)] == before


def test_a_slow_vendor_is_on_its_way_and_settles_without_a_reload(
    open_as: Open, agent: User, vendors: Vendors, settings: Any
) -> None:
    settings.STOP_DEADLINE_SECONDS = 0.3
    vendors.fault("cloudcontactai", "latency", seconds=2.5)
    page = open_as(agent)
    page.evaluate("window.sameDocument = true")
    marty_switch(page).click()
    row = page.locator("[data-row]").filter(has_text="Marty McFly")
    expect(row.locator('[data-state="on_its_way"]')).to_contain_text("CloudContactAI")
    expect(row.locator('[data-state="confirmed"]')).to_have_count(2)
    assert page.evaluate("window.sameDocument") is True


def test_without_javascript_the_switch_posts_and_tells_what_each_vendor_said(
    open_as: Open, agent: User, vendors: Vendors
) -> None:
    page = open_as(agent, java_script_enabled=False)
    marty_switch(page).click()
    message = page.get_by_role("status").filter(has_text="Marty McFly")
    expect(message).to_contain_text("SlickText: unsubscribed")
    expect(message).to_contain_text("CloudContactAI: do not text")
    assert vendors.stopped() is True


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_a_manager_lifts_a_stop_with_evidence(
    open_as: Open, manager: User, vendors: Vendors, java_script_enabled: bool
) -> None:
    page = open_as(manager, java_script_enabled=java_script_enabled)
    marty_switch(page).click()
    expect(marty_switch(page)).to_have_attribute("aria-checked", "true")
    marty_switch(page).click()
    page.get_by_label("Subscribed: gets texts again").check()
    page.get_by_label("Who consented").fill("Marty McFly")
    page.get_by_label("How", exact=False).select_option("phone")
    page.get_by_label("When").fill("2026-01-05T10:00")
    page.get_by_label("Their words").fill("Sure, text me.")
    page.get_by_role("button", name="Save with this evidence").click()
    expect(marty_switch(page)).to_have_attribute("aria-checked", "false")
    assert (vendors.status(), vendors.stopped()) == ("subscribed", False)
    if java_script_enabled:
        expect(marty_switch(page)).to_be_focused()


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_an_agent_undoes_a_slip(
    java_script_enabled: bool, open_as: Open, agent: User, vendors: Vendors
) -> None:
    page = open_as(agent, java_script_enabled=java_script_enabled)
    marty_switch(page).click()
    page.get_by_role("button", name="Undo the stop of Marty McFly").click()
    expect(marty_switch(page)).to_have_attribute("aria-checked", "false")
    assert (vendors.status(), vendors.stopped()) == ("subscribed", False)


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_an_agent_asks_for_a_lift(
    java_script_enabled: bool, open_as: Open, agent: User, vendors: Vendors
) -> None:
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    page = open_as(agent, java_script_enabled=java_script_enabled)
    marty_switch(page).click()
    expect(page.get_by_role("heading", name="Ask to text Marty McFly again?")).to_be_visible()
    page.get_by_label("Subscribed: gets texts again").check()
    page.get_by_label("Who consented").fill("Marty McFly")
    page.get_by_label("How", exact=False).select_option("phone")
    page.get_by_label("When").fill("2026-01-05T10:00")
    page.get_by_label("Their words").fill("Sure, text me.")
    page.get_by_role("button", name="Ask a manager").click()
    expect(page.get_by_role("heading", name="Ask to text Marty McFly again?")).to_be_hidden()
    expect(marty_switch(page)).to_have_attribute("aria-checked", "true")
    page.goto(f"/contacts/{MARTY}/")
    expect(page.get_by_text("Lift asked for by Ada Agent, just now.")).to_be_visible()
    assert vendors.status() == "unsubscribed"


def test_an_expired_session_sends_the_whole_page_to_the_login(open_as: Open, agent: User) -> None:
    page = open_as(agent, "/contacts/?state=CA")
    Session.objects.all().delete()
    page.get_by_role("switch", checked=False).first.click()
    page.wait_for_url("**/accounts/login/**")
    assert "next=/contacts/" in page.url.replace("%2F", "/")
    expect(page.get_by_label("Username")).to_be_visible()
