"""The overview's first part and the agents' home in a browser: how they look with something in them, and one press."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts_ui.models import AnswersOfDay, Disagreement, IncomingMessage, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.messages import MessageState
from tests.browser.test_looks import SCREENS, look
from tests.opt_outs import NUMBERS, answer, ask
from tests.people import DOC_NUMBER
from tests.views.index_people import index_people

Open = Callable[..., Page]


@pytest.fixture
def waiting(agent: User, transactional_db: None) -> None:
    """Who can be texted despite a stop, who may have asked, what is late and refused; and a month of counts."""
    now = timezone.now()
    index_people(12)
    Disagreement.objects.create(number=NUMBERS[0], label="Marty McFly", kind="gone", found_at=now)
    IncomingMessage.objects.create(
        vendor=Vendor.SLICKTEXT,
        key="1",
        number=DOC_NUMBER,
        words="please " * 30 + "no more",
        heard_at=now,
        due_at=now + timedelta(days=2),
    )
    ask(agent, NUMBERS[1], label="Past Due", asked_at=now - timedelta(days=40))
    ask(agent, NUMBERS[2], label="Refused One", asked_at=now)
    answer(NUMBERS[2], Vendor.SLICKTEXT, state=DeliveryState.REFUSED)
    for days in (*range(12), *range(20, 30)):
        day = timezone.localdate() - timedelta(days=days)
        AnswersOfDay.objects.create(day=day, may_text=4321 + days % 5, counted_at=now)


@pytest.mark.parametrize("viewport", SCREENS)
def test_both_pages(
    open_as: Open,
    manager: User,
    agent: User,
    waiting: None,
    viewport: dict[str, int],
) -> None:
    page = open_as(manager, "/overview/", viewport=viewport)
    for summary in page.get_by_text("As a table").all():
        summary.click()
    expect(page.locator("polyline")).to_have_count(2)
    look(page)
    page = open_as(agent, "/", viewport=viewport)
    expect(page.get_by_label("Search contacts")).to_be_focused()
    look(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_press_answers_on_the_same_page(
    open_as: Open, manager: User, waiting: None, scripts: bool
) -> None:
    page = open_as(manager, "/overview/", java_script_enabled=scripts)
    page.get_by_role("button", name="Not a request: (615) 555-0123").click()
    expect(page.locator("main").get_by_role("status").first).to_contain_text("Not a request")
    assert page.url.endswith("/overview/")
    expect(page.get_by_role("heading", name="May have asked us to stop")).to_have_count(0)
    assert IncomingMessage.objects.get().state == MessageState.NOT_A_REQUEST
