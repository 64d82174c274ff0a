"""After a press in the table, its tabs and its total count again, out of band."""

from typing import Any

import pytest
from django.test import Client

from tests.pages import Page
from tests.people import Vendors
from tests.views.index_people import index_people

pytestmark = pytest.mark.django_db
KEYS = ("all", "yes", "no", "not-subscribed", "unknown", "disagree")


@pytest.fixture(autouse=True)
def _a_press_is_held(settings: Any) -> None:
    settings.UNDO_SECONDS = 60


def press(client: Client, address: str, on: str = "") -> Page:
    """Press the first switch of a table; `on` is where the browser says that it was."""
    page = Page(client.get(address))
    there, form = page.press(page.all("button", role="switch")[0])
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{on or address}"}
    return Page(client.post(there, form, headers=headers))


def swapped(page: Page) -> dict[str, str]:
    return {str(each["id"]): each.text for each in page.elements if each["hx-swap-oob"] == "true"}


@pytest.mark.parametrize(
    ("address", "counts", "total"),
    [
        ("/contacts/", "5 4 1 0 0 0", "5 contacts"),
        ("/contacts/?may=yes", "5 4 1 0 0 0", "4 contacts"),
        ("/contacts/?q=austin", "3 2 1 0 0 0", "3 contacts"),
        ("/contacts/?city=nashville&may=yes", "2 1 1 0 0 0", "1 contact"),
    ],
)
def test_a_press_counts_again_for_the_same_search(
    address: str, counts: str, total: str, ada: Client, vendors: Vendors
) -> None:
    index_people(5)
    found = swapped(press(ada, address))
    assert found == {
        **dict(zip([f"count-{key}" for key in KEYS], counts.split(), strict=True)), "total": total
    }  # fmt: skip
    on_the_page = Page(ada.get(address))
    for key, many in found.items():
        assert next(each.text for each in on_the_page.elements if each["id"] == key) == many


@pytest.mark.parametrize(
    "on", ["/contacts/7000/", "/contacts/?live=1", "/contacts/?stopped=soon", "//["]
)
def test_nowhere_else(on: str, ada: Client, vendors: Vendors) -> None:
    index_people(5)
    assert swapped(press(ada, "/contacts/", on)) == {}
