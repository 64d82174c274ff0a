"""*Stop a number* in a browser: what is known while it is typed, and the press that can still be unsent."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts_ui.models import HeldPress, IndexSync, Statement
from contacts_ui.models.consent import PressState
from contacts_ui.models.ledger import Channel
from contacts_ui.services.consent import doors
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.contacts.reading import read
from tests.browser.test_looks import SCREENS, look
from tests.people import FREE_NUMBER, MARTY, MARTY_NUMBER, Vendors

OpenAs = Callable[..., Page]


@pytest.fixture(autouse=True)
def _walk_has_begun(transactional_db: None) -> None:
    """The index may be asked, and does not know everyone yet."""
    IndexSync.objects.create(pk=1, started_at=timezone.now(), next_at=timezone.now())


def test_what_is_known_stands_there_while_it_is_typed(open_as: OpenAs, agent: User) -> None:
    read(MARTY, now=True)
    page = open_as(agent, "/stop-a-number/")
    known, field = page.locator("#known"), page.get_by_label("Mobile number")
    expect(known).to_have_role("status")
    expect(known).to_be_empty()
    field.press_sequentially("615 555 333")
    expect(known).to_be_empty()
    field.press_sequentially("8")
    expect(known).to_contain_text("(615) 555-3338 is Marty McFly.")
    expect(known).to_contain_text("May text")
    expect(field).to_be_focused()
    field.press("Backspace")
    expect(known).not_to_contain_text("Marty McFly")
    assert not Statement.objects.exists()


def test_the_page_of_the_number_is_the_receipt(
    open_as: OpenAs, agent: User, vendors: Vendors, settings: Any
) -> None:
    settings.UNDO_SECONDS = 600
    page = open_as(agent, "/stop-a-number/")
    page.get_by_label("Mobile number").fill("615-555-0199")
    page.get_by_role("button", name="Stop this number").click()
    page.wait_for_url(f"**{reverse('number-detail', args=[FREE_NUMBER])}")
    expect(page.locator("#record")).to_contain_text("Ada Agent just stopped this number")
    page.get_by_role("button", name="Unsend").click()
    expect(page.locator("#record")).to_contain_text("No stop is on record for this number.")
    expect(page.locator("#history")).to_contain_text("Unsent the stop")
    assert HeldPress.objects.get().state == PressState.UNSENT
    assert vendors.asked() == []


def test_how_they_asked_is_recorded_on_the_page_of_the_number(open_as: OpenAs, agent: User) -> None:
    page = open_as(agent, reverse("number-detail", args=[FREE_NUMBER]))
    page.get_by_text("Record how they asked").click()
    page.get_by_label("In their words").fill("Never again")
    page.get_by_role("button", name="Stop texts and record this").click()
    expect(page.locator("#record")).to_contain_text("Stopped since")
    expect(page.locator("#history")).to_contain_text("Never again")
    expect(page.locator(".consent")).to_contain_text("Do not text")


def test_without_javascript_it_is_looked_up_by_a_button(open_as: OpenAs, agent: User) -> None:
    read(MARTY, now=True)
    page = open_as(agent, "/stop-a-number/", java_script_enabled=False)
    page.get_by_label("Mobile number").fill(MARTY_NUMBER)
    page.get_by_label("In their words").fill("Never again")
    page.get_by_role("button", name="Look up").click()
    expect(page.locator("#known")).to_contain_text("is Marty McFly.")
    expect(page.get_by_label("In their words")).to_have_value("Never again")
    assert "Never" not in page.url
    page.get_by_role("button", name="Stop this number").click()
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "true")


@pytest.mark.parametrize("viewport", SCREENS)
def test_how_it_looks(
    viewport: dict[str, int], open_as: OpenAs, agent: User, manager: User
) -> None:
    """Axe finds nothing, and nothing sticks out: empty, stopped with many words, and on paper's own page."""
    page = open_as(manager, "/stop-a-number/", viewport=viewport)
    look(page)
    addresses = [reverse(name, args=[FREE_NUMBER]) for name in ("number-detail", "evidence")]
    addresses += [f"/stop-a-number/?number=%2B{FREE_NUMBER[1:]}", f"{addresses[0]}history/"]
    for words in ("", "Do not ever text me again, neither here nor at work. " * 20):
        if words:
            request = Request(Channel.PHONE, None, words)
            doors.stop(staff=agent, seen=Seen(FREE_NUMBER), request=request)
        for address in addresses:
            page.goto(address)
            look(page)
