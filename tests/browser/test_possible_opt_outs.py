"""Deciding about messages that may ask for texts to stop, in a browser."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts_ui.models import IncomingMessage, LiftRequest, Vendor
from contacts_ui.services.consent import inbound_texts, record
from tests.browser.test_looks import SCREENS, look, nothing_sticks_out
from tests.people import DOC_NUMBER, MARTY_NUMBER

Open = Callable[..., Page]
pytestmark = pytest.mark.django_db(transaction=True)
WORDS = (
    (MARTY_NUMBER, "Please don't text me anymore"),
    (DOC_NUMBER, "who is this?? take me off\nyour list\n\nnow"),
    ("+16155550177", "I never signed up for this, and I get three a day. " * 9),
    ("+16155550178", "no mas mensajes por favor"),
)


@pytest.fixture
def messages(manager: User, transactional_db: None) -> list[IncomingMessage]:
    """Three that wait, one of them long, and one that is decided."""
    now, rows = timezone.now(), []
    for hours, (number, words) in enumerate(WORDS):
        row = IncomingMessage(
            vendor=list(Vendor)[hours % 2],
            key=str(hours),
            number=number,
            words=words,
            said_at=now - timedelta(hours=hours) if hours % 2 == 0 else None,
            heard_at=now,
            due_at=now + timedelta(days=2, hours=hours),
        )
        row.save()
        record.note_messages(number)
        rows.append(row)
    inbound_texts.dismiss(staff=manager, pk=rows[3].pk)
    cache.clear()
    return rows


@pytest.mark.parametrize("viewport", SCREENS)
def test_looks(
    open_as: Open,
    manager: User,
    messages: list[IncomingMessage],
    viewport: dict[str, int],
) -> None:
    page = open_as(manager, "/possible-opt-outs/", viewport=viewport)
    look(page)
    page.get_by_role("button", name="Not a request: message from (615) 555-3338").click()
    expect(page.locator("[data-focus]")).to_be_focused()
    look(page)
    page.goto("/contacts/7778/")
    look(page)


@pytest.mark.parametrize("width", [1008, 1250, 1380, 1440])
def test_the_header_has_room_for_it(
    open_as: Open, manager: User, messages: list[IncomingMessage], width: int
) -> None:
    """With two digits in both counts, and a long name."""
    User.objects.filter(pk=manager.pk).update(username="maximilian.manager")
    for n in range(20, 32):
        number = f"+161555502{n}"
        fields = {"number": number, "heard_at": timezone.now(), "due_at": timezone.now()}
        IncomingMessage.objects.create(vendor="slicktext", key=str(n), words="no", **fields)
        LiftRequest.objects.create(
            number=number, consent_at=timezone.now(), asked_at=timezone.now()
        )
    cache.clear()
    page = open_as(manager, "/possible-opt-outs/", viewport={"width": width, "height": 800})
    expect(page.get_by_role("link", name="Review 27 waiting")).to_be_visible()
    nothing_sticks_out(page)
    ends = page.locator(".nav-group > a").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect().bottom)"
    )
    assert len(set(ends)) == 1
    assert page.locator(".header").evaluate("each => each.offsetHeight") < 60


def test_pressing(open_as: Open, manager: User, messages: list[IncomingMessage]) -> None:
    page = open_as(manager, "/possible-opt-outs/")
    row = page.locator(f"#message-{messages[0].pk}")
    row.get_by_role("button", name="Not a request").click()
    expect(row.locator("[data-focus]")).to_be_focused()
    expect(row).to_contain_text("Marked “Not a request” by Max Manager")
    expect(page.locator("#announcer")).to_contain_text("(615) 555-3338: Not a request.")
    expect(page.get_by_role("heading", name="Waiting (2)")).to_be_visible()
    expect(page.get_by_role("link", name="Review 2 waiting")).to_be_visible()
    expect(page.locator("#possible-opt-out-list-count")).to_have_text("2 waiting")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(row.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Waiting for a decision again.")
    row.get_by_role("button", name="Stop texts").click()
    expect(row).to_contain_text("Texts stopped by Max Manager")
    expect(page.get_by_role("heading", name="Waiting (2)")).to_be_visible()


def test_another_person_was_first(
    open_as: Open, manager: User, agent: User, messages: list[IncomingMessage]
) -> None:
    page = open_as(manager, "/possible-opt-outs/")
    inbound_texts.stop_texts(staff=agent, pk=messages[1].pk)
    row = page.locator(f"#message-{messages[1].pk}")
    row.get_by_role("button", name="Not a request").click()
    expect(row.get_by_role("alert")).to_contain_text("No changes. Texts stopped by Ada Agent")
    expect(row.get_by_role("alert")).to_be_focused()
    expect(row.get_by_role("button", name="Stop texts")).to_have_count(0)
