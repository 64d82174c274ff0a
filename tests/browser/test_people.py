"""An administrator sets people up and removes one, and the people choose their passwords; all screens looked at."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from contacts_ui.services import people
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_looks import look
from tests.people import group_of, make_staff
from tests.services.people.test_people import GOOD

Open = Callable[..., Page]
LONG = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Cholmondeley"
SIZES = {"desk": DESKTOP, "tablet": {"width": 1024, "height": 768}, "phone": PHONE}


@pytest.fixture
def admin(transactional_db: None) -> User:
    return make_staff("adam")


def invite(page: Page, first: str, username: str, role: str) -> str:
    page.goto("/people/")
    page.get_by_role("link", name="Invite a person").click()
    page.get_by_label("First name").fill(first)
    page.get_by_label("Last name").fill("Lee")
    page.get_by_label("Username").fill(username)
    page.get_by_role("radio", name=role).check()
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("heading", name=f"{first} Lee is invited")).to_be_visible()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    return page.get_by_label("Link", exact=True).input_value()


def choose(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("Password", exact=False).first.fill(GOOD)
    page.get_by_label("The same password again").fill(GOOD)
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_text("Your password is set. Sign in with it.")).to_be_visible()


def test_five_people_are_set_up_and_one_is_removed(
    open_as: Open, browser: Browser, live_server: Any, admin: User
) -> None:
    page = open_as(admin, "/")
    expect(page).to_have_url(f"{live_server.url}/people/")
    roles = ("Viewer", "Editor", "Agent", "Manager", "Manager")
    links = [invite(page, f"Ann{at}", f"ann{at}", role) for at, role in enumerate(roles)]
    theirs = browser.new_context(base_url=live_server.url).new_page()
    for link in links:
        choose(theirs, link)
    theirs.get_by_label("Username or email").fill("ann2")
    theirs.get_by_label("Password", exact=False).first.fill(GOOD)
    theirs.get_by_role("button", name="Sign in", exact=True).click()
    expect(theirs).to_have_url(f"{live_server.url}/home/")
    page.goto("/people/")
    page.get_by_role("link", name="Ann2 Lee").click()
    expect(page.get_by_text("1 session")).to_be_visible()
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("Ann2 Lee can't sign in anymore.")).to_be_visible()
    theirs.goto("/contacts/7778/")
    expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()
    theirs.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_every_screen(open_as: Open, admin: User, size: str) -> None:
    ann, link = people.invite(
        staff=admin,
        username="wolfe." + "x" * 60,
        role="Agents",
        first_name="Hubert Blaine",
        last_name=LONG,
        email=f"{'x' * 60}@{'long-' * 11}company.example",
    )
    assert link is not None
    max_, gone = make_staff("max"), User.objects.create_user("gone", is_active=False)
    gone.groups.add(group_of("Viewers"), group_of("Agents"))
    page = open_as(admin, "/people/", viewport=SIZES[size])

    for address in (
        "/people/",
        "/people/invite/",
        f"/people/{ann.pk}/",
        f"/people/{gone.pk}/",
        f"/people/{admin.pk}/",
        f"/people/{max_.pk}/",
        f"/accounts/link/{link.token}/",
        "/accounts/link/nothing/",
        "/contacts/",
    ):
        page.goto(address)
        look(page)
    page.goto(f"/people/{max_.pk}/")
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("Check this box to do it anyway.")).to_be_visible()
    look(page)
    page.goto(f"/people/{ann.pk}/")
    page.get_by_role("button", name="Make a new invitation link").click()
    look(page)
    page.goto("/people/invite/")
    page.get_by_role("button", name="Invite").click()
    look(page)
