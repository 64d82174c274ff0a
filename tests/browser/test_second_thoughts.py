"""Held presses and lift requests, as they look while there is something to decide."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from contacts_ui.models.ledger import Channel
from contacts_ui.services.consent import lift_requests
from contacts_ui.services.consent.types import Evidence, Seen
from tests import consent
from tests.browser.test_looks import SCREENS, Open, look
from tests.people import MARTY, MARTY_NUMBER, Vendors


@pytest.fixture
def asked(agent: User, vendors: Vendors) -> None:
    """Marty, just stopped by Ada, who asks for a lift."""
    seen = Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())
    consent.stop_texts(staff=agent, seen=seen)
    evidence = Evidence("Marty McFly", Channel.PHONE, timezone.now(), "Text me again " * 20)
    lift_requests.ask(staff=agent, seen=seen, status="subscribed", evidence=evidence)


@pytest.mark.parametrize("viewport", SCREENS)
def test_what_there_is_to_decide(
    open_as: Open, agent: User, manager: User, asked: None, viewport: Any
) -> None:
    card = f"/contacts/{MARTY}/"
    page = open_as(agent, card, viewport=viewport)
    expect(page.get_by_role("button", name="Withdraw this request")).to_be_visible()
    look(page)
    page = open_as(manager, "/lift-requests/", viewport=viewport)
    page.get_by_role("button", name="Decline the request for Marty McFly").click()
    expect(page.get_by_text("Say why, so that the person who asked")).to_be_visible()
    look(page)


@pytest.mark.parametrize("viewport", SCREENS)
def test_a_press_that_is_held(open_as: Open, agent: User, settings: Any, viewport: Any) -> None:
    """In a row, on the card, and after it was unsent."""
    settings.UNDO_SECONDS = 600
    page = open_as(agent, viewport=viewport)
    page.get_by_role("switch", name="Do not text Marty McFly").click()
    expect(page.get_by_role("button", name="Unsend the stop of Marty McFly")).to_be_visible()
    look(page)
    page.goto(f"/contacts/{MARTY}/")
    expect(page.get_by_role("button", name="Unsend")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Unsend").click()
    expect(page.locator(".consent").get_by_text("Your stop was undone.")).to_be_visible()
    look(page)


def test_two_managers_one_request(
    open_as: Open, manager: User, asked: None, vendors: Vendors
) -> None:
    """Both have the page open; the second is told who was first."""
    sue = User.objects.create_superuser("sue", first_name="Sue")
    first, second = open_as(manager, "/lift-requests/"), open_as(sue, "/lift-requests/")
    first.get_by_role("button", name="Approve the request for Marty McFly").click()
    expect(first.get_by_text("Marty McFly: approved. May text.")).to_be_visible()
    second.get_by_role("button", name="Approve the request for Marty McFly").click()
    expect(second.get_by_text("It was already approved by Max Manager.")).to_be_visible()
    assert (vendors.status(), vendors.stopped()) == ("subscribed", False)
