"""The tabs above the table by keyboard, with and without scripts; the table fits; ticking moves nothing."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts_ui.services import index
from tests.browser.conftest import PHONE
from tests.services.index.people import person
from tests.views.index_people import ready

pytestmark = pytest.mark.django_db(transaction=True)
Open = Callable[..., Page]


@pytest.fixture
def _people(transactional_db: None) -> None:
    statuses = ("subscribed", "unsubscribed", "pending")
    people = [
        person(
            7000 + n,
            "Maximiliana Featherstonehaugh",
            city="Rancho Cucamonga",
            state="CA",
            email=f"maximiliana.featherstonehaugh.{n}@example.com",
            opt_in_status=statuses[n % 3],
        )
        for n in range(30)
    ]
    index.store(people, timezone.now())
    ready()


@pytest.mark.usefixtures("_people")
def test_a_tab_by_keyboard_keeps_focus_and_search(open_as: Open, viewer: User) -> None:
    page = open_as(viewer, "/contacts/?q=maximiliana")
    tab = page.get_by_role("link", name="Do not text 10")
    tab.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**may=no**")
    expect(page.locator("[data-row]")).to_have_count(10)
    expect(page.locator("#tab-no")).to_be_focused()
    expect(page.locator("#tab-no")).to_have_attribute("aria-current", "page")
    page.get_by_label("Search contacts").fill("maximiliana rancho")
    page.wait_for_url(re.compile("rancho.*may=no"))
    expect(page.locator("[data-row]")).to_have_count(10)
    page.go_back()
    expect(page.get_by_label("Search contacts")).to_have_value("maximiliana")


@pytest.mark.usefixtures("_people")
def test_a_tab_without_scripts_is_a_link(open_as: Open, viewer: User) -> None:
    page = open_as(viewer, java_script_enabled=False)
    page.get_by_role("link", name="Not known 10").click()
    expect(page.locator("[data-row]")).to_have_count(10)
    page.get_by_label("Search contacts").fill("maximiliana")
    page.get_by_role("button", name="Search", exact=True).click()
    assert "may=unknown" in page.url


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize("width", [1440, 1024, 1008, 390])
def test_the_table_fits_and_nothing_lies_over_anything(
    width: int, open_as: Open, manager: User
) -> None:
    page = open_as(manager, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beside = page.locator("[data-row]").first.evaluate(
        """row => [...row.cells].map(each => each.getBoundingClientRect())
            .map(({left, right, top, bottom}) => [left, right, top, bottom])"""
    )
    for at, (left, right, top, bottom) in enumerate(beside):
        assert right <= width
        for left2, right2, top2, bottom2 in beside[at + 1 :]:
            apart = (
                right <= left2 + 1 or right2 <= left + 1 or bottom <= top2 + 1 or bottom2 <= top + 1
            )
            assert apart, "two cells share a place"
    if width > 1000:
        assert len({top for _, _, top, _ in beside}) == 1, "one line"


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize("viewport", [{"width": 1024, "height": 700}, PHONE])
def test_ticking_a_row_moves_nothing(
    viewport: dict[str, int], open_as: Open, manager: User
) -> None:
    page = open_as(manager, viewport=viewport)
    menu = page.locator(".selection summary")
    before = menu.bounding_box()
    page.locator("[name=ids]").first.check()
    expect(menu).to_have_text("Bulk actions (1 selected)")
    after = menu.bounding_box()
    assert before
    assert after
    assert (before["x"], before["y"]) == (after["x"], after["y"])


@pytest.mark.usefixtures("_people")
def test_a_press_counts_again_and_the_focus_stays(
    open_as: Open, agent: User, settings: Any
) -> None:
    settings.UNDO_SECONDS = 600
    page = open_as(agent, "/contacts/?q=maximiliana&may=yes")
    expect(page.locator("#count-no")).to_have_text("10")
    switch = page.locator("#switch-7003")
    switch.focus()
    switch.press("Enter")
    expect(page.locator("#count-no")).to_have_text("11")
    expect(page.locator("#count-yes")).to_have_text("9")
    expect(page.locator("#total")).to_have_text("9 contacts")
    expect(page.locator("[data-row]")).to_have_count(10)
    expect(switch).to_be_focused()


@pytest.mark.usefixtures("_people")
def test_rows_stay_chosen_when_they_are_sorted(open_as: Open, manager: User) -> None:
    page = open_as(manager)
    page.locator("[name=ids][value='7003']").check()
    page.locator("#sort-name").press("Enter")
    page.wait_for_url("**sort=name**")
    expect(page.locator("#sort-name")).to_be_focused()
    expect(page.locator("[name=ids]:checked")).to_have_count(1)
    expect(page.locator("[name=ids][value='7003']")).to_be_checked()
    expect(page.locator(".selection summary")).to_have_text("Bulk actions (1 selected)")
