"""The managers' review and overview with something in them: how they look, and that marking works by hand."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts_ui.models import LedgerEntry, OptOut, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.services.webhooks.processing import process_due
from tests.browser.test_looks import SCREENS, look
from tests.hooks import hint, tell_ccai, tell_slicktext, unsubscribed
from tests.opt_outs import NUMBERS, answer, ask
from tests.people import MARTY

Open = Callable[..., Page]
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff Featherstonehaugh-Cholmondeley of Nashville"


@pytest.fixture
def several(agent: User, transactional_db: None) -> None:
    """Past due with a long story, close, refused, completed, resolved by hand, lifted, asked again."""
    ages = (40, 13, 3, 2, 1, 1, 0)
    rows = [
        ask(agent, NUMBERS[index], asked_at=timezone.now() - timedelta(days=age), label="Marty")
        for index, age in enumerate(ages)
    ]
    OptOut.objects.filter(pk=rows[0].pk).update(label=LONG_NAME, reason="Stop it. " * 60)
    OptOut.objects.filter(pk=rows[1].pk).update(contact_id=MARTY, label="", reason="Please")
    answer(NUMBERS[2], Vendor.SLICKTEXT, state=DeliveryState.REFUSED)
    answer(NUMBERS[3])
    answer(NUMBERS[4], state=DeliveryState.SETTLED)
    OptOut.objects.filter(pk=rows[5].pk).update(
        state="lifted", ended_by="lifted", ended_at=timezone.now()
    )
    answer(NUMBERS[6])
    ask(None, NUMBERS[6], channel="vendor")


@pytest.mark.parametrize("viewport", SCREENS)
def test_both_pages(open_as: Open, manager: User, several: None, viewport: dict[str, int]) -> None:
    page = open_as(manager, "/opt-outs/", viewport=viewport)
    page.locator(".reason > summary").first.click()
    look(page)
    page.goto("/opt-outs/?state=open&q=marty")
    page.locator("details.filters > summary").click()
    look(page)
    page.goto("/overview/")
    for summary in page.get_by_text("As a table").all():
        summary.click()
    look(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_marking_by_hand(open_as: Open, manager: User, several: None, scripts: bool) -> None:
    options: dict[str, Any] = {"java_script_enabled": scripts}
    page = open_as(manager, "/opt-outs/?state=open", **options)
    page.get_by_role("checkbox", name=LONG_NAME).check()
    page.get_by_role("button", name="Mark selected as reviewed").click()
    expect(page.get_by_text("1 opt-out marked as reviewed.")).to_be_visible()
    expect(page.get_by_role("row", name=LONG_NAME)).to_contain_text("Max Manager")
    assert page.url.endswith("/opt-outs/?state=open")
    assert OptOut.objects.filter(reviewed_at=None).count() == 7


def show_the_refused(page: Page) -> None:
    page.locator("details.filters > summary").click()
    page.get_by_label("State").select_option("Refused")
    page.get_by_role("button", name="Apply filters").click()
    expect(page.get_by_role("row")).to_have_count(2)


def test_filters_as_they_are_chosen_stay_in_the_address(
    open_as: Open, manager: User, several: None
) -> None:
    page = open_as(manager, "/opt-outs/")
    show_the_refused(page)
    expect(page).to_have_url(re.compile(r"/opt-outs/\?state=refused$"))
    page.get_by_role("link", name="Remove the filter State: Refused").click()
    expect(page.get_by_role("row")).to_have_count(9)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_export_is_a_download(
    open_as: Open, manager: User, several: None, script: bool
) -> None:
    """A press, also of a button that a filter brought, and the page stays as it was."""
    page = open_as(manager, "/opt-outs/", java_script_enabled=script)
    show_the_refused(page)
    for button, end in (("Export as CSV", ".csv"), ("Export to Excel (.xlsx)", ".xlsx")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).press("Enter")
        name = download.value.suggested_filename
        assert name.startswith("opt-outs-")
        assert name.endswith(end)
    expect(page.get_by_role("row")).to_have_count(2)
    entry = LedgerEntry.objects.filter(action=Action.OPT_OUTS_EXPORTED).latest("pk")
    assert entry.after["filters"] == {"state": "refused"}


def events_without_a_number() -> None:
    """What both vendors said that could not be matched; one of them with very long words."""
    long = {"who": "x" * 300, "opt_out": True, "note": "They asked us to stop. " * 20}
    tell_slicktext({**hint(), "data": long})
    tell_ccai(unsubscribed("ask reception", firstName="Dora"))
    process_due()


@pytest.mark.parametrize("viewport", SCREENS)
def test_needs_attention_with_what_could_not_be_acted_on(
    open_as: Open, manager: User, viewport: dict[str, int]
) -> None:
    events_without_a_number()
    page = open_as(manager, "/attention/", viewport=viewport)
    for summary in page.locator("summary").all():
        summary.click()
    look(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_matching_an_event_by_hand(open_as: Open, manager: User, scripts: bool) -> None:
    events_without_a_number()
    page = open_as(manager, "/attention/", java_script_enabled=scripts)
    case = page.get_by_role("article", name="CloudContactAI reported a stop")
    case.get_by_text("Match to a number").click()
    case.get_by_label("Phone number").fill("(615) 555-0199")
    case.get_by_role("button", name="Stop texts to this number").click()
    expect(page.get_by_role("status").first).to_contain_text("(615) 555-0199: Stopped")
    expect(page.get_by_role("article")).to_have_count(1)
