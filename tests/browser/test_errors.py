"""Errors are shown where the person pressed: what failed, what was not recorded, and *Try again*."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from playwright.sync_api import Page, expect

from contacts_ui.models import Statement
from contacts_ui.models.consent import StatementKind
from tests.browser.test_looks import SCREENS, look
from tests.people import MARTY, Vendors
from tests.views.index_people import index_people

Open = Callable[..., Page]


class Outage:
    """The database as the server's threads find it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._is, real = False, BaseDatabaseWrapper.cursor

        def cursor(wrapper: Any) -> Any:
            if self._is:
                raise OperationalError("refused") from psycopg.OperationalError("refused")
            return real(wrapper)

        monkeypatch.setattr(BaseDatabaseWrapper, "cursor", cursor)

    def begin(self) -> None:
        self._is = True

    def end(self) -> None:
        self._is = False


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outage]:
    made = Outage(monkeypatch)
    yield made
    made.end()


def stops() -> int:
    return Statement.objects.filter(kind=StatementKind.STOP).count()


def test_a_press_while_the_database_is_away_is_pressed_again_in_the_row(
    open_as: Open, agent: User, vendors: Vendors, outage: Outage
) -> None:
    page = open_as(agent)
    row = page.locator("[data-row]").filter(has_text="Marty McFly")
    outage.begin()
    row.get_by_role("switch").click()
    notice = row.get_by_role("alert")
    expect(notice).to_contain_text(
        "Nothing was recorded. The dashboard's database does not answer."
    )
    expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    expect(notice.get_by_role("button")).to_have_text(["Try again", "Close"])
    notice.get_by_role("button", name="Try again").click()
    expect(notice).to_contain_text("Nothing was recorded.")
    outage.end()
    assert stops() == 0
    notice.get_by_role("button", name="Try again").click()
    expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    expect(notice).to_have_count(0)
    assert stops() == 1
    assert vendors.stopped() is True


def test_a_list_that_gets_no_answer_says_so_in_sight(
    open_as: Open, viewer: User, transactional_db: None, outage: Outage
) -> None:
    """Also where the list is longer than the screen."""
    index_people(60)
    page = open_as(viewer, "/contacts/?size=50")
    notice = page.locator("#results").get_by_role("alert")
    for link in ("tab-yes", "sort-name", "next-page"):
        outage.begin()
        page.locator(f"#{link}").press("Enter")
        expect(notice).to_contain_text("The dashboard's database does not answer.")
        expect(notice).to_be_in_viewport(ratio=0.9)
        outage.end()
    notice.get_by_role("button", name="Try again").click()
    page.wait_for_url("**offset=50**")
    expect(notice).to_have_count(0)


def test_what_was_typed_stays_typed(open_as: Open, agent: User, outage: Outage) -> None:
    page = open_as(agent, f"/contacts/{MARTY}/")
    page.get_by_text("Record how they asked").click()
    page.get_by_label("How they asked", exact=True).select_option("phone")
    words = page.get_by_label("In their words", exact=True)
    words.fill("Never again")
    outage.begin()
    page.get_by_role("button", name="Stop texts and record this").click()
    notice = page.get_by_role("alert").filter(has_text="Nothing was recorded.")
    expect(notice).to_be_visible()
    expect(words).to_have_value("Never again")
    outage.end()
    notice.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    assert Statement.objects.get(kind=StatementKind.STOP).words == "Never again"


def test_without_javascript_the_page_presses_again(
    open_as: Open, agent: User, outage: Outage
) -> None:
    page = open_as(agent, "/stop-a-number/", java_script_enabled=False)
    page.get_by_label("Number").first.fill("(615) 555-0123")
    outage.begin()
    page.get_by_role("button", name="Stop this number").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was recorded.")
    outage.end()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="(615) 555-0123")).to_be_visible()
    assert stops() == 1


def test_a_contact_that_nothing_is_known_of_leads_to_stop_a_number(
    open_as: Open, agent: User, vendors: Vendors, settings: Any
) -> None:
    page = open_as(agent)
    row = page.locator("[data-row]").filter(has_text="Marty McFly")
    switch = row.get_by_role("switch")
    switch.evaluate("button => button.value = 'no ticket of ours'")
    cache.clear()
    vendors.fault("slicktext", "down")
    settings.CONTACT_INDEX = False
    switch.click()
    notice = row.get_by_role("alert")
    expect(notice).to_contain_text("Nothing was recorded. SlickText did not answer in time.")
    expect(notice.get_by_role("button", name="Try again")).to_be_visible()
    notice.get_by_role("link", name="Stop a number").click()
    expect(page.get_by_role("heading", name="Stop a number")).to_be_visible()


@pytest.mark.parametrize("viewport", SCREENS)
def test_how_errors_look(
    open_as: Open, agent: User, vendors: Vendors, outage: Outage, viewport: Any
) -> None:
    page = open_as(agent, viewport=viewport)
    row = page.locator("[data-row]").filter(has_text="Marty McFly")
    outage.begin()
    row.get_by_role("switch").click()
    expect(row.get_by_role("alert")).to_be_visible()
    look(page)
    page.goto("/contacts/")
    expect(page.get_by_role("heading")).to_have_text("The dashboard can't reach its database")
    look(page)
    outage.end()
    cache.clear()
    vendors.fault("slicktext", "down")
    page.goto("/contacts/4999999/")
    expect(page.get_by_role("link", name="Stop a number").last).to_be_visible()
    look(page)
