"""Where the focus is after a press: on the answer, so that it is heard, and never lost to the page."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts_ui.models import Disagreement
from contacts_ui.models.ledger import Channel
from contacts_ui.services.consent import lift_requests
from contacts_ui.services.consent.types import Evidence, Seen
from tests import consent
from tests.browser.test_looks import Open, look
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, Vendors
from tests.views.index_people import index_people

SEEN = Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())


def press(page: Page, name: str | re.Pattern[str]) -> None:
    button = page.get_by_role("button", name=name).first
    button.focus()
    button.press("Enter")


def expect_focus_on(page: Page, words: str) -> None:
    """Expect the focus on the answer that begins or ends with these words."""
    expect(page.locator(":focus")).to_contain_text(words)
    assert page.evaluate("!document.activeElement.matches('body, main, html')")


@pytest.mark.parametrize("address", ["/contacts/", f"/contacts/{MARTY}/"])
def test_undo(open_as: Open, agent: User, settings: Any, address: str) -> None:
    """The switch that can be pressed again; what happened is said."""
    settings.UNDO_SECONDS = 600
    page = open_as(agent, address)
    switch = page.get_by_role("switch", name="Do not text").first
    switch.focus()
    switch.press("Enter")
    expect(switch).to_have_attribute("aria-checked", "true")
    expect(switch).to_be_focused()
    press(page, re.compile("Unsend|Undo"))
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_be_focused()
    expect(page.locator("#announcer")).to_contain_text("Your stop was undone.")


def test_try_again_on_the_card(open_as: Open, agent: User, vendors: Vendors, settings: Any) -> None:
    vendors.fault("cloudcontactai", "error", status=400)
    page = open_as(agent, f"/contacts/{MARTY}/")
    switch = page.get_by_role("switch", name="Do not text")
    switch.focus()
    switch.press("Enter")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    vendors.clear_faults()
    press(page, "Try again")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    expect(switch).to_be_focused()
    expect(page.locator("#announcer")).to_contain_text("CloudContactAI: Do not text")


def test_decline(open_as: Open, agent: User, manager: User, vendors: Vendors) -> None:
    consent.stop_texts(staff=agent, seen=SEEN)
    evidence = Evidence("Marty McFly", Channel.PHONE, timezone.now(), "Text me again")
    lift_requests.ask(staff=agent, seen=SEEN, status="subscribed", evidence=evidence)
    page = open_as(manager, "/lift-requests/")
    press(page, "Decline the request for Marty McFly")
    expect(page.get_by_label("Note")).to_be_focused()
    page.keyboard.type("Not their words")
    press(page, "Decline the request for Marty McFly")
    expect_focus_on(page, "Marty McFly: declined")


def test_repair(open_as: Open, agent: User, manager: User, vendors: Vendors) -> None:
    consent.stop_texts(staff=agent, seen=SEEN)
    vendors.edit(opt_in_status="subscribed")
    now = timezone.now()
    Disagreement.objects.create(
        number=MARTY_NUMBER, contact_id=MARTY, status="subscribed", kind="reappeared", found_at=now
    )
    page = open_as(manager, "/disagreements/")
    press(page, "Stop at both")
    expect_focus_on(page, "(615) 555-3338")


def test_try_again_after_a_refusal(
    open_as: Open, agent: User, manager: User, vendors: Vendors
) -> None:
    vendors.switch(unknown_phone="404")
    consent.stop_texts(staff=agent, seen=Seen(DOC_NUMBER, label="Dora Doc"))
    page = open_as(manager, "/attention/")
    press(page, "Try again at CloudContactAI for Dora Doc")
    expect_focus_on(page, "Dora Doc")


def test_a_conflicting_save(open_as: Open, editor: User, vendors: Vendors) -> None:
    page = open_as(editor, f"/contacts/{MARTY}/edit/")
    page.get_by_label("City").fill("Pine Valley")
    vendors.edit(city="Lone Pine")
    press(page, "Save changes")
    expect_focus_on(page, "Keep theirs: Lone Pine")


def test_a_save_that_could_not_be_made(open_as: Open, editor: User, vendors: Vendors) -> None:
    page = open_as(editor, f"/contacts/{MARTY}/edit/")
    page.get_by_label("City").fill("Pine Valley")
    vendors.fault("slicktext", "down")
    press(page, "Save changes")
    expect_focus_on(page, "SlickText does not answer")


def test_saved(open_as: Open, editor: User, vendors: Vendors) -> None:
    page = open_as(editor, f"/contacts/{MARTY}/edit/")
    page.get_by_label("City").fill("Pine Valley")
    press(page, "Save changes")
    expect_focus_on(page, "Saved.")


def test_the_next_page(open_as: Open, viewer: User, transactional_db: None) -> None:
    """Next and Previous are swapped in: the address follows, and the focus stays where it can go on."""
    index_people(60)
    page = open_as(viewer, "/contacts/?size=25")
    page.evaluate("window.sameDocument = true")
    first = page.locator("[data-row]").first.inner_text()
    next_page = page.get_by_role("link", name="Next")
    next_page.focus()
    next_page.press("Enter")
    page.wait_for_url("**offset=25**")
    expect(page.locator("[data-row]").first).not_to_have_text(first)
    expect(next_page).to_be_focused()
    next_page.press("Enter")
    page.wait_for_url("**offset=50**")
    expect(next_page).to_have_count(0)
    expect(page.locator("#results")).to_be_focused()
    page.get_by_role("link", name="Previous").click()
    page.wait_for_url("**offset=25**")
    expect(page.get_by_role("link", name="Previous")).to_be_focused()
    assert page.evaluate("window.sameDocument")


@pytest.mark.parametrize("touch", [False, True])
def test_an_agent_begins_in_the_search(open_as: Open, agent: User, touch: bool) -> None:
    page = open_as(agent, has_touch=touch, is_mobile=touch)
    search = page.get_by_label("Search contacts")
    for address in ("/", "/contacts/"):
        page.goto(address)
        (expect(search).not_to_be_focused if touch else expect(search).to_be_focused)()
    page.goto("/contacts/?q=marty")
    expect(search).not_to_be_focused()


def test_the_help_on_keys(open_as: Open, viewer: User) -> None:
    page = open_as(viewer)
    help_on_keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    page.keyboard.press("?")
    expect(help_on_keys).to_contain_text("Move through the rows")
    page.keyboard.press("Escape")
    expect(help_on_keys).to_be_hidden()
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(help_on_keys.get_by_role("button", name="Close")).to_be_focused()
    look(page)
    page.keyboard.press("Escape")
    page.get_by_label("Search contacts").press("?")
    expect(help_on_keys).to_be_hidden()
    expect(page.get_by_label("Search contacts")).to_have_value("?")


def test_the_switch_in_forced_colors(open_as: Open, agent: User, vendors: Vendors) -> None:
    """On looks unlike off, though the system chooses the colors."""
    page = open_as(agent, forced_colors="active")
    track = page.get_by_role("switch", name="Do not text Marty McFly").locator(".switch-track")
    colors = "each => ['', '::before'].map((part) => getComputedStyle(each, part).backgroundColor)"
    off = track.evaluate(colors)
    assert off[0] != off[1]
    track.click()
    expect(page.get_by_role("switch", name="Do not text Marty McFly")).to_be_checked()
    on = track.evaluate(colors)
    assert on[0] != on[1]
    assert on != off
