"""The switch: an agent with a person on the line."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts_ui.models import DesiredState, HeldPress, OptOut
from contacts_ui.services.consent.delivery import deliver
from tests.people import FREE_NUMBER, MARTY, PASSWORD, Vendors, until
from tests.views.test_unsend import CLOCK

Open = Callable[..., Page]


def marty_switch(page: Page) -> Any:
    return page.get_by_role("switch", name="Do not text Marty McFly")


def fill_in_the_evidence(page: Page) -> None:
    page.get_by_label("Subscribed: gets texts again").check()
    page.get_by_label("Who consented").fill("Marty McFly")
    page.get_by_label("How", exact=False).select_option("phone")
    page.get_by_label("Their words").fill("Sure, text me.")


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
    open_as: Open, agent: User, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "error")
    page = open_as(agent)
    page.evaluate("window.sameDocument = true")
    marty_switch(page).click()
    row = page.locator("[data-row]").filter(has_text="Marty McFly")
    waiting = row.locator('[data-state="on_its_way"]')
    expect(waiting.filter(has_text="CloudContactAI")).to_be_visible()
    vendors.clear_faults()
    failed = DesiredState.objects.filter(vendor="cloudcontactai")
    failed.update(due_at=timezone.now())
    deliver(failed.get().pk)
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
    fill_in_the_evidence(page)
    page.get_by_role("button", name="Save with this evidence").click()
    expect(marty_switch(page)).to_have_attribute("aria-checked", "false")
    assert (vendors.status(), vendors.stopped()) == ("subscribed", False)
    if java_script_enabled:
        expect(marty_switch(page)).to_be_focused()


def unsend(page: Page) -> Any:
    return page.get_by_role("button", name="Unsend the stop of Marty McFly")


def tell_now(page: Page) -> Any:
    return page.get_by_role("button", name="Tell them now about Marty McFly")


@pytest.fixture
def held(settings: Any) -> None:
    """A press is held as in production, and longer than a slow test takes."""
    settings.UNDO_SECONDS = 600


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_an_agent_unsends_a_slip(
    java_script_enabled: bool, open_as: Open, agent: User, vendors: Vendors
) -> None:
    page = open_as(agent, java_script_enabled=java_script_enabled)
    marty_switch(page).click()
    unsend(page).click()
    expect(page.get_by_text("Your stop was undone. Nothing was sent.").first).to_be_visible()
    expect(marty_switch(page)).to_have_attribute("aria-checked", "false")
    if java_script_enabled:
        expect(marty_switch(page)).to_be_focused()
    assert "PUT" not in " ".join(vendors.asked())


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_an_agent_has_them_told_now(
    java_script_enabled: bool, open_as: Open, agent: User, vendors: Vendors
) -> None:
    page = open_as(agent, java_script_enabled=java_script_enabled)
    marty_switch(page).click()
    tell_now(page).click()
    expect(unsend(page)).to_be_hidden()
    expect(marty_switch(page)).to_have_attribute("aria-checked", "true")
    if java_script_enabled:
        expect(marty_switch(page)).to_be_focused()
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


@pytest.mark.usefixtures("held")
def test_the_end_of_the_hold_stands_there_without_javascript(open_as: Open, agent: User) -> None:
    page = open_as(agent, f"/contacts/{MARTY}/", java_script_enabled=False)
    page.get_by_role("switch").click()
    end = re.compile(rf"Stopped\. Sending at {CLOCK}")
    expect(page.locator(".held")).to_have_text(end)
    page.reload()
    expect(page.locator(".held")).to_have_text(end)


@pytest.mark.usefixtures("held")
def test_the_seconds_tick_for_the_eyes_alone(open_as: Open, agent: User) -> None:
    """And nothing asks the dashboard in between."""
    page = open_as(agent)
    asked: list[str] = []
    marty_switch(page).click()
    ticking = page.locator(".held [aria-hidden]")
    expect(ticking).to_have_text(re.compile(r"in \d+ s"))
    before = ticking.inner_text()
    page.on("request", lambda request: asked.append(request.url))
    expect(ticking).not_to_have_text(before)
    said = page.locator(".held p").aria_snapshot()
    assert re.search(rf"Sending at {CLOCK}", said)
    assert not re.search(r"in \d+ s", said)
    assert asked == []


LISTEN = """() => {
  window.heard = []
  const announcer = document.getElementById("announcer")
  new MutationObserver(() => heard.push(announcer.textContent)).observe(announcer, {childList: true})
}"""


@pytest.mark.parametrize("focused", ["switch", "unsend"])
def test_a_screen_reader_hears_of_the_hold_and_of_its_end(
    focused: str, open_as: Open, agent: User, vendors: Vendors, settings: Any
) -> None:
    """Once each. The focus stays on the switch, and returns to it from a removed button."""
    # As long as the steps up to its end may take on a busy machine.
    settings.UNDO_SECONDS = 8
    page = open_as(agent)
    page.evaluate(LISTEN)
    marty_switch(page).focus()
    page.keyboard.press("Space")
    expect(unsend(page)).to_be_visible()
    expect(marty_switch(page)).to_be_focused()
    if focused == "unsend":
        unsend(page).focus()
    row = page.locator("[data-row]").filter(has_text="Marty McFly")
    expect(row).to_contain_text("CloudContactAI: Do not text")
    expect(marty_switch(page)).to_be_focused()
    until(lambda: "CloudContactAI: Do not text" in page.evaluate("heard.at(-1)"))
    # Where one vendor is slower, it also hears of the other before.
    began, *_, ended = heard = page.evaluate("heard")
    assert re.fullmatch(rf"Marty McFly: Do not text\. Stopped\. Sending at {CLOCK}", began)
    assert ended.startswith("Marty McFly: Do not text. SlickText: Unsubscribed")
    assert len(set(heard)) == len(heard)
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


@pytest.mark.usefixtures("held")
def test_a_double_click_is_one_press(open_as: Open, agent: User, vendors: Vendors) -> None:
    page = open_as(agent)
    box = marty_switch(page).bounding_box()
    assert box
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.mouse.up()
    expect(unsend(page)).to_be_visible()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    page.wait_for_timeout(300)
    expect(unsend(page)).to_be_visible()
    assert vendors.stopped() is False
    marty_switch(page).click()
    expect(unsend(page)).to_be_hidden()
    assert vendors.stopped() is True


@pytest.mark.usefixtures("held")
def test_the_card_and_its_form(open_as: Open, agent: User, vendors: Vendors) -> None:
    page = open_as(agent, f"/contacts/{MARTY}/")
    page.get_by_text("Record how they asked").click()
    expect(page.get_by_role("button", name="Stop texts and record this")).to_be_visible()
    page.get_by_role("switch").click()
    expect(page.get_by_role("button", name="Unsend")).to_be_visible()
    expect(page.get_by_role("button", name="Record this", exact=True)).to_be_visible()
    page.get_by_label("In their words").fill("Stop it")
    page.get_by_role("button", name="Record this", exact=True).click()
    expect(page.get_by_role("button", name="Unsend")).to_be_hidden()
    expect(page.locator(".consent")).to_contain_text("CloudContactAI: Do not text")
    assert OptOut.objects.get().reason == "Stop it"
    assert len(vendors.calls("cloudcontactai")) == 1


@pytest.mark.usefixtures("held")
def test_another_person_may_tell_them_but_not_unsend(
    open_as: Open, agent: User, manager: User
) -> None:
    page = open_as(agent)
    marty_switch(page).click()
    expect(unsend(page)).to_be_visible()
    other = open_as(manager)
    expect(tell_now(other)).to_be_visible()
    expect(unsend(other)).to_have_count(0)
    tell_now(other).click()
    expect(tell_now(other)).to_be_hidden()
    unsend(page).click()
    expect(page.get_by_role("alert")).to_contain_text("Too late to unsend: it was sent ")
    expect(marty_switch(page)).to_be_focused()


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_a_number_in_no_contact_list(
    java_script_enabled: bool, open_as: Open, agent: User, vendors: Vendors
) -> None:
    page = open_as(agent, "/stop-a-number/", java_script_enabled=java_script_enabled)
    for name, stopped in (("Unsend", None), ("Tell them now", True)):
        page.goto("/stop-a-number/")
        page.get_by_label("Number").fill("(615) 555-0199")
        page.get_by_role("button", name="Stop this number").click()
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name=name)).to_have_count(0)
        assert vendors.stopped(FREE_NUMBER) is stopped


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_an_agent_asks_for_a_lift(
    java_script_enabled: bool, open_as: Open, agent: User, vendors: Vendors
) -> None:
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    page = open_as(agent, java_script_enabled=java_script_enabled)
    marty_switch(page).click()
    expect(page.get_by_role("heading", name="Ask to text Marty McFly again?")).to_be_visible()
    fill_in_the_evidence(page)
    page.get_by_role("button", name="Ask a manager").click()
    expect(page.get_by_role("heading", name="Ask to text Marty McFly again?")).to_be_hidden()
    expect(marty_switch(page)).to_have_attribute("aria-checked", "true")
    page.goto(f"/contacts/{MARTY}/")
    expect(page.get_by_text("Lift requested by Ada Agent, just now.")).to_be_visible()
    assert vendors.status() == "unsubscribed"


def test_an_expired_session_sends_the_whole_page_to_the_login(open_as: Open, agent: User) -> None:
    page = open_as(agent, "/contacts/?state=CA")
    Session.objects.all().delete()
    page.get_by_role("switch", checked=False).first.click()
    page.wait_for_url("**/accounts/login/**")
    assert "next=/contacts/" in page.url.replace("%2F", "/")
    expect(page.get_by_role("alert")).to_have_text(
        "Nothing was recorded: you were signed out. Sign in and press again."
    )
    page.get_by_label("Username or email").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.wait_for_url("**/contacts/?state=CA")
    assert not HeldPress.objects.exists()
    assert not OptOut.objects.exists()


def test_a_press_that_a_vendor_makes_impossible_says_so_in_its_row(
    open_as: Open, agent: User, vendors: Vendors
) -> None:
    """A fragment never receives a whole page. The ticket is not ours, there is no copy, and SlickText is down."""
    page = open_as(agent)
    marty_switch(page).evaluate("each => each.value = 'forged'")
    vendors.fault("slicktext", "down")
    cache.clear()
    marty_switch(page).click()
    row = page.locator("[data-row]").filter(has_text="Marty McFly")
    expect(row.get_by_role("alert")).to_contain_text("Nothing was recorded.")
    expect(page.locator("h1")).to_have_count(1)
    assert vendors.stopped() is False
