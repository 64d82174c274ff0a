"""The main pages with something on them: one frame, enough contrast, and nothing that axe finds."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

from contacts_ui.phone import pretty
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_looks import Open, look, nothing_sticks_out
from tests.furnished import furnish
from tests.people import MARTY, MARTY_NUMBER, Vendors

PAGES = (
    "/contacts/",
    f"/contacts/{MARTY}/",
    f"/contacts/{MARTY}/edit/",
    f"/contacts/{MARTY}/history/",
    "/contacts/views/",
    "/stop-a-number/",
    "/overview/",
    "/opt-outs/",
    "/attention/",
    "/disagreements/",
    "/possible-opt-outs/",
    "/lift-requests/",
    "/lift-requests/mine/",
    "/texts-after-stop/",
    "/jobs/",
    "/jobs/1/",
    f"/audit/?q={pretty(MARTY_NUMBER)}",
    "/status/",
    "/nowhere/",
)
LOOKS: list[dict[str, Any]] = [
    {"viewport": DESKTOP},
    {"viewport": PHONE},
    {"viewport": DESKTOP, "forced_colors": "active"},
]


@pytest.fixture
def furnished(agent: User, manager: User, vendors: Vendors, transactional_db: None) -> None:
    furnish(agent, manager)
    cache.clear()


@pytest.mark.parametrize("options", LOOKS, ids=["desk", "phone", "forced colors"])
def test_pages_with_something_on_them(
    open_as: Open, manager: User, furnished: None, options: dict[str, Any]
) -> None:
    """Every page begins where the brand does."""
    page = open_as(manager, **options)
    begins = page.locator(".brand").bounding_box()
    assert begins
    for address in PAGES:
        page.goto(address)
        box = page.locator("main h1").bounding_box()
        assert box
        assert round(box["x"]) == round(begins["x"]), address
        look(page)


@pytest.mark.parametrize("viewport", [{"width": 1008, "height": 700}, PHONE])
def test_the_menus(open_as: Open, manager: User, furnished: None, viewport: dict[str, int]) -> None:
    """By keyboard and without scripts, with what waits."""
    page = open_as(manager, "/status/", viewport=viewport, java_script_enabled=False)
    desk = viewport != PHONE
    page.get_by_role("button", name="All of Review" if desk else "Menu").press("Enter")
    link = page.get_by_role("link", name="Vendors disagree 1 waiting")
    link.press("Enter")
    page.wait_for_url("**/disagreements/")
    page.get_by_role("button", name="All of Review" if desk else "Menu").press("Enter")
    assert link.get_attribute("aria-current") == "page"
    page.keyboard.press("Escape")
    link.wait_for(state="hidden")


# Letters of twice the size, on a screen that stays as wide.
LARGE_LETTERS = "document.documentElement.style.fontSize = '200%'"
# What begins or ends outside of the box around the answer, and so would lie over the facts beside it.
OUTSIDE = """() => {
  const box = document.querySelector(".person-answer").getBoundingClientRect()
  return [...document.querySelectorAll(".person-answer :is(.verdict, .switch, .switch *)")]
    .filter((each) => each.getBoundingClientRect().right > box.right).map((each) => each.outerHTML)
}"""


def test_large_letters_alone(open_as: Open, manager: User, furnished: None) -> None:
    page = open_as(manager)
    for address in PAGES:
        page.goto(address)
        page.evaluate(LARGE_LETTERS)
        nothing_sticks_out(page)
        if address == f"/contacts/{MARTY}/":
            assert page.evaluate(OUTSIDE) == []


def test_the_search_of_agents_ends_where_the_page_does(
    open_as: Open, agent: User, vendors: Vendors
) -> None:
    page = open_as(agent, "/home/")
    ends = "each => each.getBoundingClientRect().right"
    frame = page.locator("main .page-head").evaluate(ends)
    assert page.get_by_role("button", name="Search").evaluate(ends) == pytest.approx(frame, abs=1)
