"""The forms that raise consent, in the dialog and without JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from playwright.sync_api import Page, expect

from contacts_ui.models import LiftRequest
from contacts_ui.services.consent import doors
from contacts_ui.services.consent.types import Request, Seen
from tests.people import MARTY, MARTY_NUMBER, Vendors

Open = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)
CARD = f"/contacts/{MARTY}/"
SEEN = Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed")


@pytest.fixture
def stopped(agent: User, vendors: Vendors) -> None:
    request = Request(reason="Please stop texting me.")
    doors.stop(staff=agent, seen=SEEN, request=request)


def fill(form: Any) -> None:
    form.get_by_label("Subscribed: gets texts again").check()
    form.get_by_label("Who consented").fill("Marty McFly")
    form.locator("select[name=consent_channel]").select_option("phone")
    form.get_by_label("Their words").fill("You may text me again")


def test_what_arrives_in_between_is_shown_in_the_dialog(
    open_as: Open, manager: User, agent: User, stopped: None, vendors: Vendors
) -> None:
    page: Page = open_as(manager, CARD)
    page.get_by_role("switch", name="Do not text").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Please stop texting me.")).to_be_visible()
    fill(dialog)
    doors.stop(staff=agent, seen=SEEN, request=Request(reason="I said stop!"))
    dialog.get_by_role("button", name="Save with this evidence").click()
    expect(dialog.get_by_text("Something was recorded for this number")).to_be_visible()
    expect(dialog.get_by_text("I said stop!")).to_be_visible()
    expect(dialog.get_by_label("Who consented")).to_have_value("Marty McFly")
    dialog.get_by_role("button", name="Save with this evidence").click()
    expect(page.get_by_role("switch", name="Do not text")).to_have_attribute(
        "aria-checked", "false"
    )
    assert vendors.status() == "subscribed"


def test_two_people_without_javascript(
    open_as: Open, manager: User, agent: User, stopped: None, vendors: Vendors, settings: Any
) -> None:
    settings.FOUR_EYES = True
    asking = open_as(agent, f"{CARD}ask-lift/", java_script_enabled=False)
    expect(asking.get_by_text("Only one active account can decide")).to_be_visible()
    fill(asking)
    asking.get_by_role("button", name="Ask a manager").click()
    expect(asking.get_by_text("A manager decides.").first).to_be_visible()
    assert vendors.status() == "unsubscribed"
    deciding = open_as(manager, "/lift-requests/", java_script_enabled=False)
    expect(deciding.get_by_text("Please stop texting me.")).to_be_visible()
    deciding.get_by_role("button", name="Approve the request for Marty McFly").click()
    expect(deciding.get_by_text("Marty McFly: approved.")).to_be_visible()
    assert LiftRequest.objects.get().state == "approved"
    assert vendors.status() == "subscribed"
    cache.clear()
    asking.reload()
    asking.get_by_role("button", name="All of Review").click()
    asking.get_by_role("link", name="My requests 1 decided").click()
    expect(asking.get_by_text("Approved by Max Manager")).to_be_visible()
