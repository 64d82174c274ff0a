"""Every screen, on a desk and on a phone, light and dark: axe finds nothing, and nothing sticks out."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.people import Vendors

Open = Callable[..., Page]
PAGES = (
    "/contacts/",
    "/contacts/?q=zzz",
    "/contacts/?number=12",
    "/contacts/7778/",
    "/contacts/7778/edit/",
    "/contacts/new/",
    "/contacts/7778/delete/",
    "/contacts/7778/opt-in/",
    "/contacts/7778/do-not-text/",
    "/contacts/7778/ask-lift/",
    "/stop-a-number/",
    "/stop-a-number/?stopped=%2B16155550199",
    "/possible-opt-outs/",
    "/lift-requests/",
    "/lift-requests/?number=12",
    "/opt-outs/",
    "/opt-outs/?from=x",
    "/overview/",
    "/disagreements/",
    "/texts-after-stop/",
    "/texts-after-stop/?q=12",
    "/status/",
    "/contacts/views/",
    "/contacts/views/new/?view=q%3Dmar%26state%3DCA",
    "/contacts/export/?q=mar&state=CA",
    "/contacts/import/",
    "/jobs/",
    "/jobs/new/",
    "/contacts/99999999/",
    "/accounts/password/",
    "/contacts/search-help/",
    "/contacts/columns/",
    "/keyboard/",
)
SCREENS = [pytest.param(DESKTOP, id="desk"), pytest.param(PHONE, id="phone")]
# What axe checks in dark colors; all else is the same as in light ones.
CONTRAST = {"runOnly": ["color-contrast"]}


# In forced colors Chromium tells the system's colors of everything but the fill of letters, which axe asks for first.
FILL_AS_PAINTED = """() => matchMedia("(forced-colors: active)").matches && document.querySelectorAll("body *")
  .forEach((each) => each.style?.setProperty("-webkit-text-fill-color", getComputedStyle(each).color))"""


def look(page: Page) -> None:
    """Fail on anything that axe finds, contrast in both color schemes included, and on a page wider than its screen."""
    settled(page)
    for scheme, only in (("dark", CONTRAST), ("light", {})):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(FILL_AS_PAINTED)
        # Details of what is right would take half of the time, and preloading would ask for imported stylesheets.
        found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"], **only})
        assert found.violations_count == 0, f"{page.url}, {scheme}\n{found.generate_report()}"
    nothing_sticks_out(page)


def settled(page: Page) -> None:
    """Wait until the page has loaded, and htmx has swapped in what it asked for."""
    page.wait_for_load_state()
    busy = page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")
    expect(busy).to_have_count(0)


def nothing_sticks_out(page: Page) -> None:
    too_wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert too_wide <= 0, f"{page.url} sticks out by {too_wide} pixels"


@pytest.mark.parametrize("viewport", SCREENS)
def test_every_page(open_as: Open, manager: User, viewport: dict[str, int]) -> None:
    page = open_as(manager, viewport=viewport)
    for address in PAGES:
        page.goto(address)
        look(page)


# What a finger cannot hit: lower than 44 pixels and no part of a sentence.
SMALL = """() => [...document.querySelectorAll("a, button, select, summary, input:not([type=hidden])")]
  .filter((each) => each.checkVisibility({visibilityProperty: true}) && !each.closest(".visually-hidden, .skip"))
  .filter((each) => !each.matches("[type=checkbox], [type=radio], p > a, span > a"))
  .filter((each) => each.getBoundingClientRect().height < 43.5)
  .map((each) => each.outerHTML)"""


def test_narrow_phones_and_large_letters(open_as: Open, manager: User, vendors: Vendors) -> None:
    """Magnified twice, a phone of 390 pixels is one of 195."""
    vendors.edit(
        email="marty.mcfly.of.hill.valley.1985.and.2015@mail.example.com",
        last_name="Wolfeschlegelsteinhausenbergerdorff" * 2,
    )
    page = open_as(manager, viewport=PHONE, has_touch=True, is_mobile=True)
    for address in PAGES:
        page.goto(address)
        assert page.evaluate(SMALL) == [], page.url
        for width in (320, 195):
            page.set_viewport_size({"width": width, "height": 600})
            nothing_sticks_out(page)


@pytest.mark.parametrize("viewport", SCREENS)
def test_the_bad_days(
    open_as: Open,
    agent: User,
    vendors: Vendors,
    settings: Any,
    viewport: dict[str, int],
) -> None:
    """A stop on its way, a refused one, an old page, and no page at all."""
    settings.STOP_DEADLINE_SECONDS = 0.3
    page = open_as(agent, viewport=viewport)
    vendors.fault("cloudcontactai", "error", status=503)
    page.get_by_role("switch", name="Do not text Marty McFly").click()
    page.locator('[data-state="on_its_way"]').first.wait_for()
    look(page)
    vendors.fault("slicktext", "down")
    page.goto("/contacts/")
    look(page)
    page.goto("/contacts/?city=Nowhere")
    look(page)


@pytest.mark.parametrize("viewport", SCREENS)
def test_the_login(open_as: Open, agent: User, viewport: dict[str, int]) -> None:
    page = open_as(agent, viewport=viewport)
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    look(page)


WITHIN = """each => {
  const box = each.getBoundingClientRect()
  return box.left > 0 && box.right < innerWidth && box.top >= 0 && box.bottom <= innerHeight
}"""


@pytest.mark.parametrize("above", [0, 250])
@pytest.mark.parametrize("viewport", SCREENS)
def test_the_columns_have_room(
    open_as: Open, manager: User, viewport: dict[str, int], above: int
) -> None:
    """Below their button; above it where alerts and saved views push that down."""
    page = open_as(manager, viewport=viewport)
    page.locator("main").evaluate(f"each => each.style.paddingBlockStart = '{above}px'")
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Compact rows").wait_for()
    assert page.locator("#columns").evaluate(WITHIN)


@pytest.mark.parametrize("viewport", SCREENS)
def test_the_dialog_and_the_menus(open_as: Open, manager: User, viewport: dict[str, int]) -> None:
    page = open_as(manager, viewport=viewport)
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Compact rows").wait_for()
    look(page)
    page.keyboard.press("Escape")
    page.locator("details.filters > summary").click()
    page.get_by_role("button", name="Apply filters").wait_for()
    look(page)
    page.get_by_role("switch", checked=True).first.click()
    page.get_by_role("dialog").wait_for()
    look(page)
