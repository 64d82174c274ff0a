"""Boxes in the rows: one by one, or all on the page by the one above them."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.django_db(transaction=True)


def test_all_on_this_page(manager: User, open_as: Callable[..., Page]) -> None:
    page = open_as(manager)
    head = page.get_by_label("Choose all on this page")
    boxes = page.locator("[name=ids]")
    head.check()
    expect(page.locator("[name=ids]:checked")).to_have_count(boxes.count())
    boxes.first.uncheck()
    expect(head).not_to_be_checked()
    assert head.evaluate("head => head.indeterminate")
    head.check()
    expect(boxes.first).to_be_checked()
    head.uncheck()
    expect(page.locator("[name=ids]:checked")).to_have_count(0)


def test_what_to_do_with_a_ticked_row_is_in_reach_at_once(
    manager: User, open_as: Callable[..., Page]
) -> None:
    page = open_as(manager, viewport=PHONE)
    page.locator("[name=ids]").nth(20).check()
    bar = page.locator(".selection summary")
    expect(bar).to_have_text("Bulk actions (1 selected)")
    expect(bar).to_be_in_viewport()
    bar.click()
    expect(page.get_by_role("button", name="Stop texts")).to_be_in_viewport()
