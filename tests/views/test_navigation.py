"""The navigation: the same three groups on every page, as far as a role may open them, with what waits."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from contacts_ui.models import Disagreement, IncomingMessage, LiftRequest
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, Vendors, logged_in

pytestmark = pytest.mark.django_db

REVIEW = (
    *("Overview", "Opt-outs", "Needs attention", "Vendors disagree", "Possible opt-outs"),
    *("Lift requests", "My requests", "Texts after a stop"),
)
PAGES = ("/contacts/", f"/contacts/{MARTY}/", "/opt-outs/", "/audit/", "/status/", "/nowhere/")


def groups(page: Page) -> dict[str, list[str]]:
    """Return the places below the name of each group; a group of one has no menu."""
    found = {}
    for group in page.all("div", class_="nav-group"):
        names = [each.text for each in page.all("a") if each.inside(group)]
        found[names[0]] = names[1:]
    return found


def test_a_manager_sees_the_same_on_every_page(max_: Client, vendors: Vendors) -> None:
    expected = {
        "People": ["Contacts", "New contact", "Import", "Jobs", "Stop a number"],
        "Review": list(REVIEW),
        "Records": ["Audit log", "Status"],
    }
    for address in PAGES:
        assert groups(Page(max_.get(address))) == expected, address


def test_each_role_sees_what_it_may_open(
    vera: Client, ada: Client, edgar: Client, vendors: Vendors
) -> None:
    assert groups(Page(vera.get("/contacts/"))) == {"Contacts": []}
    assert groups(Page(edgar.get("/contacts/"))) == {"People": ["Contacts", "New contact"]}
    assert groups(Page(ada.get("/contacts/"))) == {
        "People": ["Contacts", "New contact", "Stop a number"],
        "Review": ["Home", "Possible opt-outs", "My requests"],
    }


@pytest.mark.parametrize(
    ("address", "place", "current"),
    [
        ("/contacts/", "/contacts/", "page"),
        (f"/contacts/{MARTY}/edit/", "/contacts/", "true"),
        ("/jobs/new/", "/jobs/", "true"),
        ("/status/", "/status/", "page"),
    ],
)
def test_the_current_place(
    max_: Client, vendors: Vendors, address: str, place: str, current: str
) -> None:
    page = Page(max_.get(address))
    link = page.one("a", aria_current=current, href=place)
    [group] = [
        each for each in page.all("div", class_="nav-group") if "data-current" in each.attributes
    ]
    assert link.inside(group)


def test_what_waits(max_: Client, manager: User, vendors: Vendors) -> None:
    now = timezone.now()
    Disagreement.objects.create(number=DOC_NUMBER, kind="reappeared", found_at=now)
    due = now + timedelta(days=2)
    IncomingMessage(
        vendor="slicktext", key="1", number=MARTY_NUMBER, words="no", heard_at=now, due_at=due
    ).save()
    cache.clear()
    page = Page(max_.get("/contacts/"))
    badges = {each["id"]: each.text for each in page.all("span", class_="nav-count")}
    assert badges == {
        "review-count": "2 waiting",
        "disagreement-list-count": "1 waiting",
        "possible-opt-out-list-count": "1 waiting",
    }


def test_decisions_are_news_until_the_page_is_opened(
    ada: Client, agent: User, manager: User, vendors: Vendors
) -> None:
    now = timezone.now()
    asked = {"consent_channel": "email", "consent_at": now, "asked_at": now, "decided_at": now}
    for number, decided_by in ((DOC_NUMBER, manager), (MARTY_NUMBER, agent)):
        LiftRequest.objects.create(
            number=number, asked_by=agent, decided_by=decided_by, state="declined", **asked
        )
    cache.clear()
    assert Page(ada.get("/contacts/")).one("span", id="my-lift-requests-count").text == "1 decided"
    seen = Page(ada.get("/lift-requests/mine/"))
    assert seen.one("span", id="my-lift-requests-count").text == ""


def test_an_error_while_counting_does_not_break_the_page(
    manager: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError

    monkeypatch.setattr("contacts_ui.services.review.inbox.system_state", fail)
    page = Page(logged_in(manager).get("/contacts/"))
    assert page.one("a", href="/disagreements/").text == "Vendors disagree"
