"""The status page and the banners, on a bad day: axe finds nothing, nothing sticks out, and the words are there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts_ui.models import DesiredState, Vendor, VendorHealth, WorkerHeartbeat
from contacts_ui.models.desired_state import DeliveryState
from tests.browser.test_looks import SCREENS, look
from tests.people import SetDesiredState, Vendors

Open = Callable[..., Page]


@pytest.fixture
def bad_day(vendors: Vendors, set_desired_state: SetDesiredState, transactional_db: None) -> None:
    now = timezone.now()
    then = now - timedelta(minutes=47)
    set_desired_state(Vendor.SLICKTEXT)
    DesiredState.objects.update(state=DeliveryState.REFUSED)
    set_desired_state(Vendor.CLOUDCONTACTAI)
    DesiredState.objects.filter(vendor="cloudcontactai").update(requested_at=then)
    VendorHealth.objects.create(vendor="slicktext", up=False, since=then, checked_at=now)
    WorkerHeartbeat.objects.create(worker="a-host:1", started_at=then, beat_at=then)
    vendors.fault("slicktext", "error", status=503)
    cache.clear()


@pytest.mark.parametrize("viewport", SCREENS)
def test_a_manager(open_as: Open, manager: User, bad_day: None, viewport: dict[str, int]) -> None:
    page = open_as(manager, "/status/", viewport=viewport)
    wrong = page.get_by_role("complementary", name="Alerts")
    expect(wrong.get_by_text("SlickText does not answer, since")).to_be_visible()
    expect(wrong.get_by_text("No worker has been seen for")).to_be_visible()
    expect(wrong.get_by_text("longer than five minutes")).to_be_visible()
    expect(page.get_by_text("Not responding")).to_be_visible()
    look(page)
    wrong.get_by_role("link", name="Review it").click()
    page.wait_for_url("**/attention/")


@pytest.mark.parametrize("viewport", SCREENS[-1:])
def test_an_agent(open_as: Open, agent: User, bad_day: None, viewport: dict[str, int]) -> None:
    page = open_as(agent, "/contacts/new/", viewport=viewport)
    wrong = page.get_by_role("complementary", name="Alerts")
    expect(wrong.get_by_role("paragraph")).to_have_count(2)
    expect(wrong).to_contain_text("Stops are kept and sent as soon as it does.")
    expect(wrong).not_to_contain_text("worker")
    look(page)
