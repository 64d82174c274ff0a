"""The security events: who may read them, found by what is known, and each in plain words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from contacts_ui.models import SecurityEvent
from contacts_ui.models import SecurityEventKind as Kind
from tests.pages import Page
from tests.people import group_of, logged_in, make_staff

pytestmark = pytest.mark.django_db
ADDRESS = "/audit/security/"


@pytest.fixture
def administrator(db: None) -> User:
    user = User.objects.create_user("amy", first_name="Amy", last_name="Administrator")
    user.groups.add(group_of("Administrators"))
    return user


@pytest.fixture
def amy(administrator: User) -> Client:
    return logged_in(administrator)


def write(kind: Kind = Kind.SIGNED_IN, account: User | None = None, **facts: Any) -> SecurityEvent:
    about: dict[str, Any] = {
        "name": account.get_username() if account else "",
        "at": timezone.now(),
    }
    return SecurityEvent.objects.create(kind=kind, account=account, **{**about, **facts})


@pytest.fixture
def shown(amy: Client) -> Callable[..., list[int]]:
    """The ids of the events on the page with these filters in the address."""

    def ids(**query: Any) -> list[int]:
        response = amy.get(ADDRESS, query)
        assert response.status_code == 200
        return [item["event"].pk for item in response.context_data["events"]]

    return ids


def test_it_works(amy: Client, viewer: User, settings: Any) -> None:
    write(
        Kind.REFUSED,
        viewer,
        at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        address="198.51.100.7",
        request_id="a1a8add6709a4ccea98d37019ae77628",
        details={"permission": "export_contacts", "page": "contact-export", "method": "POST"},
    )
    settings.TIME_ZONE = "America/Chicago"
    page = Page(amy.get(ADDRESS))
    assert "Mar 2, 2026, 3:30 AM CST Refused Vera Viewer (vera) was refused" in page.text
    assert "Needed: Export contacts · Page: Contact export" in page.text
    links = {link["href"] for link in page.all("a")}
    assert {
        f"{ADDRESS}?q=vera",
        f"{ADDRESS}?address=198.51.100.7",
        f"{ADDRESS}?request=a1a8add6709a4ccea98d37019ae77628",
    } <= links


WORDS = {
    "unknown name": (
        Kind.SIGN_IN_FAILED, {"name": "<b>admin"}, "“<b>admin” (no such account) failed to sign in",
    ),
    "no account": (Kind.REFUSED, {"details": {"permission": "old page"}},
        "A browser that was not signed in was refused Needed: a page that is up to date",
    ),
    "command": (
        Kind.INVITED, {"name": "manage.py", "details": {"role": "Viewers", "person": "vera"}},
        "manage.py invited a person Person: vera · Role: Viewer",
    ),
    "way": (Kind.SIGNED_IN, {"details": {"way": "password+mfa"}}, "How: password, second factor"),
    "factor": (Kind.FACTOR_ADDED, {"details": {"type": "webauthn"}}, "Second factor: Passkey"),
    "export": (
        Kind.EXPORTED,
        {"details": {"what": "contacts", "rows": 12345, "why": "For the letter", "outcome": "complete"}},
        "exported data What: Contacts · Rows: 12,345 · Why: For the letter · Outcome: complete",
    ),
    "roles": (
        Kind.ROLE_CHANGED,
        {"details": {"before": ["Viewers"], "after": ["Agents", "Editors"], "changed_by": "amy"}},
        "changed a role Before: Viewer · After: Agent, Editor · Changed by: amy",
    ),
    "two roles in one text": (
        Kind.ROLE_CHANGED, {"details": {"before": "Viewers, Agents", "after": "Managers"}},
        "Before: Viewer, Agent · After: Manager",
    ),
    "link": (Kind.LINK_MADE, {"details": {"purpose": "invite"}}, "Link for: Invitation"),
    "much read": (
        Kind.READ_MUCH, {"details": {"contacts": 3214, "limit": 3000}},
        "opened many contacts Contacts in an hour: 3,214 · Limit: 3,000",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WORDS)
def test_in_plain_words(case: str, amy: Client) -> None:
    kind, facts, words = WORDS[case]
    write(kind, **facts)
    assert words in Page(amy.get(ADDRESS)).text


def test_every_kind_can_be_shown(amy: Client, viewer: User) -> None:
    for kind in Kind:
        write(kind, viewer)
    text = Page(amy.get(ADDRESS)).text
    assert all(kind.label in text for kind in Kind)
    assert text.count("Vera Viewer (vera)") == len(Kind)


def test_by_person(viewer: User, shown: Callable[..., list[int]]) -> None:
    """By part of a name or username, or by all of what was typed where there is no account."""
    ada = make_staff("ada")
    hers, adas, typed = write(account=viewer), write(account=ada), write(name="veronica")
    assert shown(q="vera") == shown(q="VERA view") == [hers.pk]
    assert shown(q="a") == [adas.pk, hers.pk]
    assert shown(q="veronica") == [typed.pk]
    assert shown(q="no one here") == []
    invited = write(Kind.INVITED, ada, details={"person": "vera", "role": "Viewers"})
    assert shown(q="view") == [invited.pk, hers.pk]


def test_by_kind_address_request_and_time(
    amy: Client, viewer: User, shown: Callable[..., list[int]], settings: Any
) -> None:
    noon = datetime(2026, 5, 4, 17, 0, 30, tzinfo=UTC)
    first = write(account=viewer, at=noon, address="198.51.100.7", request_id="first-id")
    second = write(Kind.EXPORTED, viewer, at=noon + timedelta(hours=2), address="2001:db8::7")
    third = write(Kind.REFUSED, at=noon + timedelta(days=1), address="198.51.100.70")
    settings.TIME_ZONE = "America/Chicago"
    assert shown(kind="data:exported") == [second.pk]
    assert shown(address="198.51.100.7") == shown(address="::ffff:198.51.100.7") == [first.pk]
    assert shown(address="2001:0db8:0::7") == [second.pk]
    assert shown(request="first-id") == [first.pk]
    assert shown(**{"from": "2026-05-04T12:01"}) == [third.pk, second.pk]
    assert shown(to="2026-05-04T12:00") == [first.pk]
    assert shown(**{"from": "2026-05-04", "to": "2026-05-04"}) == [second.pk, first.pk]


@pytest.mark.parametrize(
    "query", ["from=yesterday", "kind=everything", "address=here", "from=2026-05-04&to=2026-05-03"]
)
def test_a_filter_that_makes_no_sense_is_explained(query: str, amy: Client) -> None:
    page = Page(amy.get(f"{ADDRESS}?{query}"))
    assert "These filters can't be read" in page.text
    assert "errorlist" in page.html


@pytest.mark.parametrize("query", ["before=x", f"before={10**30}", "after=-1", "size=7"])
def test_an_odd_address_is_no_error(query: str, amy: Client) -> None:
    assert amy.get(f"{ADDRESS}?{query}").status_code == 200


def test_pages_keep_the_filters_and_lead_to_and_fro(amy: Client) -> None:
    keys = [write(Kind.EXPORTED).pk for _ in range(60)][::-1]
    write()
    page, seen = amy.get(f"{ADDRESS}?size=25&kind=data:exported"), []
    while True:
        seen.append([item["event"].pk for item in page.context_data["events"]])
        if not page.context_data["pager"].next_url:
            break
        page = amy.get(page.context_data["pager"].next_url)
    assert seen == [keys[:25], keys[25:50], keys[50:]]
    back = amy.get(page.context_data["pager"].previous_url)
    assert [item["event"].pk for item in back.context_data["events"]] == keys[25:50]


def test_a_page_costs_few_queries(amy: Client, django_assert_max_num_queries: Any) -> None:
    people = [User.objects.create_user(f"user{n}") for n in range(20)]
    for person in people:
        write(account=person)
    amy.get(ADDRESS)
    with django_assert_max_num_queries(6):
        assert len(amy.get(f"{ADDRESS}?q=user").context_data["events"]) == 20


def test_without_events(amy: Client) -> None:
    SecurityEvent.objects.all().delete()
    assert "No security events yet" in Page(amy.get(ADDRESS)).text
    assert "No events match" in Page(amy.get(f"{ADDRESS}?q=Marty")).text


def test_htmx_gets_the_results_alone(amy: Client) -> None:
    text = amy.get(ADDRESS, headers={"HX-Request": "true"}).content.decode()
    assert 'id="results"' in text
    assert "<html" not in text


BOTH = {"/audit/", ADDRESS}
ROLES = {
    # Roles: where /audit/ leads, what the events answer, and which of the two the page links next to the menu.
    ("Administrators",): (302, 200, set()),
    ("Managers",): (200, 403, set()),
    ("Managers", "Administrators"): (200, 200, BOTH),
    ("Agents",): (403, 403, set()),
}


@pytest.mark.parametrize("roles", ROLES)
def test_who_may_see_which(roles: tuple[str, ...], vendors: object) -> None:
    user = User.objects.create_user("someone")
    user.groups.set([group_of(role) for role in roles])
    browser = logged_in(user)
    audit, events, tabs = ROLES[roles]
    response = browser.get("/audit/")
    assert response.status_code == audit
    if audit == 302:
        assert response["Location"] == ADDRESS
    page = browser.get(ADDRESS)
    assert page.status_code == events
    for answer in (response, page):
        if answer.status_code == 200:
            nav = Page(answer).all("nav", aria_label="Audit")
            links = [
                each
                for each in Page(answer).all("a")
                if each.parent and each.parent["aria-label"] == "Audit"
            ]
            assert {each["href"] for each in links} == tabs
            assert bool(nav) == bool(tabs)
    menu = Page(browser.get("/contacts/")).all("a", href=ADDRESS)
    assert bool(menu) == (events == 200)
