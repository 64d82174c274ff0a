"""Every address against every role, by GET and by POST. A new address must be added here."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from .people import MARTY, MARTY_NUMBER, Vendors, logged_in, make_staff

LOGIN = "login"
ROLES = ("anonymous", "nobody", "viewer", "editor", "agent", "manager")
USERNAMES = {
    "nobody": "nora",
    "viewer": "vera",
    "editor": "edgar",
    "agent": "ada",
    "manager": "max",
}
BY_ID = {
    "asked-stop",
    "asked-dismiss",
    "asked-reopen",
    "disagreement-repair",
    "webhook-slicktext",
    "attention-retry",
    "attention-settle",
    "attention-match",
    "attention-close",
    "attention-text-close",
    "import-columns",
    "import-check",
    "import-problems",
    "contact-detail",
    "contact-edit",
    "contact-delete",
    "do-not-text",
    "consent",
    "contact-history",
    "unsend-stop",
    "tell-now",
    "wrong-person",
    "ask-lift",
    "lift-request-decision",
    "lift-request-withdraw",
    "saved-view-edit",
    "saved-view-delete",
    "list-export",
    "job-detail",
    "job-start",
    "job-pause",
    "job-resume",
    "job-cancel",
    "job-results",
}
BY_NUMBER = {
    "number-detail",
    "number-history",
    "number-do-not-text",
    "number-unsend",
    "number-tell-now",
    "number-consent",
    "number-ask-lift",
    "number-wrong-person",
    "evidence",
    "evidence-by-number",
}

# Name: what GET and POST (without any data) answer to each of ROLES, in their order.
# LOGIN is a redirect to the login page; any other text is a redirect to the page of that name.
EXPECTED = {
    "home": (
        (LOGIN, "contact-list", "contact-list", "contact-list", "contact-list", "overview"),
        (LOGIN, "contact-list", "contact-list", "contact-list", "contact-list", "overview"),
    ),
    "contact-list": ((LOGIN, 403, 200, 200, 200, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "contact-columns": (
        (LOGIN, 405, 405, 405, 405, 405),
        (LOGIN, 403, "contact-list", "contact-list", "contact-list", "contact-list"),
    ),
    "saved-view-list": ((LOGIN, 403, 200, 200, 200, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "saved-view-counts": ((LOGIN, 403, 200, 200, 200, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "saved-view-new": ((LOGIN, 403, 200, 200, 200, 200), (LOGIN, 403, 422, 422, 422, 422)),
    # No view has this number.
    "saved-view-edit": ((LOGIN, 403, 404, 404, 404, 404), (LOGIN, 403, 404, 404, 404, 404)),
    "saved-view-delete": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 404, 404, 404, 404)),
    "contact-export": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 403, 403, 403, 403, 422)),
    # Nobody has brought a list.
    "list-export": ((LOGIN, 403, 403, 403, 403, 404), (LOGIN, 403, 403, 403, 403, 404)),
    "contact-import": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 403, 403, 403, 403, 422)),
    # Nobody has uploaded anything.
    "import-columns": ((LOGIN, 403, 403, 403, 403, 404), (LOGIN, 403, 403, 403, 403, 404)),
    "import-check": ((LOGIN, 403, 403, 403, 403, 404), (LOGIN, 403, 403, 403, 403, 404)),
    "import-problems": ((LOGIN, 403, 403, 403, 403, 404), (LOGIN, 405, 405, 405, 405, 405)),
    "contact-new": ((LOGIN, 403, 403, 200, 200, 200), (LOGIN, 403, 403, 422, 422, 422)),
    "contact-detail": ((LOGIN, 403, 200, 200, 200, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "contact-history": ((LOGIN, 403, 200, 200, 200, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "contact-edit": ((LOGIN, 403, 403, 200, 200, 200), (LOGIN, 403, 403, 422, 422, 422)),
    "contact-delete": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 403, 403, 403, 403, 422)),
    # Before there is any press: nothing to take back, and nothing to tell.
    "unsend-stop": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 409, 409)),
    "tell-now": (
        (LOGIN, 405, 405, 405, 405, 405),
        (LOGIN, 403, 403, 403, "contact-detail", "contact-detail"),
    ),
    "do-not-text": (
        (LOGIN, 403, 200, 200, 200, 200),
        (LOGIN, 403, 403, 403, "contact-detail", "contact-detail"),
    ),
    "consent": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 403, 403, 403, 403, 422)),
    "ask-lift": ((LOGIN, 403, 403, 403, 200, 200), (LOGIN, 403, 403, 403, 422, 422)),
    # A form without a reason: nothing is asked for.
    "wrong-person": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 422, 422)),
    "number-wrong-person": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 422, 422)),
    "own-lift-requests": ((LOGIN, 403, 403, 403, 200, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "number-detail": ((LOGIN, 403, 200, 200, 200, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "number-history": ((LOGIN, 403, 200, 200, 200, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "number-do-not-text": (
        (LOGIN, 403, 200, 200, 200, 200),
        (LOGIN, 403, 403, 403, "number-detail", "number-detail"),
    ),
    "number-unsend": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 409, 409)),
    "number-tell-now": (
        (LOGIN, 405, 405, 405, 405, 405),
        (LOGIN, 403, 403, 403, "number-detail", "number-detail"),
    ),
    "number-consent": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 403, 403, 403, 403, 422)),
    "number-ask-lift": ((LOGIN, 403, 403, 403, 200, 200), (LOGIN, 403, 403, 403, 422, 422)),
    "stop-number": ((LOGIN, 403, 403, 403, 200, 200), (LOGIN, 403, 403, 403, 422, 422)),
    "stop-number-known": ((LOGIN, 403, 403, 403, 200, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "lift-request-list": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 405, 405, 405, 405, 405)),
    # No request has this number: nothing to decide about.
    "lift-request-decision": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 422)),
    "lift-request-withdraw": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 404, 404)),
    "asked": ((LOGIN, 403, 403, 403, 200, 200), (LOGIN, 405, 405, 405, 405, 405)),
    # No message has this number: nothing to decide about.
    "asked-stop": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 404, 404)),
    "asked-dismiss": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 404)),
    "asked-reopen": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 404)),
    "job-list": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "job-new": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 403, 403, 403, 403, 422)),
    # No job has this number.
    "job-detail": ((LOGIN, 403, 403, 403, 403, 404), (LOGIN, 405, 405, 405, 405, 405)),
    "job-start": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 404)),
    "job-pause": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 404)),
    "job-resume": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 404)),
    "job-cancel": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 404)),
    "job-results": ((LOGIN, 403, 403, 403, 403, 404), (LOGIN, 405, 405, 405, 405, 405)),
    "overview": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "opt-out-list": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "opt-outs-reviewed": (
        (LOGIN, 405, 405, 405, 405, 405),
        (LOGIN, 403, 403, 403, 403, "opt-out-list"),
    ),
    "opt-outs-export": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "attention": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "attention-retry": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 404)),
    "attention-settle": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 404)),
    "attention-match": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 404)),
    "attention-close": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 404)),
    "texted-after-stop": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 405, 405, 405, 405, 405)),
    # No text has this number.
    "attention-text-close": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 404)),
    "audit": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 405, 405, 405, 405, 405)),
    # As the address was before: a number, which the new one does not show.
    "evidence-by-number": (
        (LOGIN, 403, 403, 403, 403, "evidence"),
        (LOGIN, 405, 405, 405, 405, 405),
    ),
    "evidence": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "probe-again": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN, 403, 403, 403, 403, 302)),
    "status": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "disagreement-list": ((LOGIN, 403, 403, 403, 403, 200), (LOGIN, 405, 405, 405, 405, 405)),
    "disagreements-repair": (
        (LOGIN, 405, 405, 405, 405, 405),
        (LOGIN, 403, 403, 403, 403, "disagreement-list"),
    ),
    "disagreement-repair": (
        (LOGIN, 405, 405, 405, 405, 405),
        (LOGIN, 403, 403, 403, 403, "disagreement-list"),
    ),
    "webhook-cloudcontactai": ((405,) * 6, (400,) * 6),
    "webhook-slicktext": ((405,) * 6, (404,) * 6),
    "healthz": ((200,) * 6, (405,) * 6),
    "readyz": ((200,) * 6, (405,) * 6),
    # Without METRICS_TOKEN there is no such page.
    "metrics": ((404,) * 6, (405,) * 6),
    "login": (
        (200, "home", "home", "home", "home", "home"),
        (200, "home", "home", "home", "home", "home"),
    ),
    "logout": ((LOGIN, 405, 405, 405, 405, 405), (LOGIN,) * 6),
    "password_change": ((LOGIN, 200, 200, 200, 200, 200), (LOGIN, 200, 200, 200, 200, 200)),
    "password_change_done": ((LOGIN, 200, 200, 200, 200, 200), (LOGIN, 405, 405, 405, 405, 405)),
}
# The administration of users and groups is one thing, and none of the four roles may enter it.
ADMIN = "admin"


def _names(resolver: URLResolver) -> Iterator[str]:
    """Every name in the resolver, by itself; everything under a namespace is that namespace."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            assert pattern.name, f"{pattern} has no name"
            yield pattern.name
        elif pattern.namespace:
            yield pattern.namespace
        else:
            yield from _names(pattern)


def test_the_table_names_every_address_and_no_other() -> None:
    names = list(_names(get_resolver()))
    assert len(names) == len(set(names))
    assert set(names) == {*EXPECTED, ADMIN}


def _address(name: str) -> str:
    if name in BY_NUMBER:
        return reverse(name, args=[MARTY_NUMBER])
    return reverse(name, args=[MARTY] if name in BY_ID else [])


@pytest.fixture
def browser_of(vendors: Vendors) -> Callable[[str], Client]:
    def browser(role: str) -> Client:
        return Client() if role == "anonymous" else logged_in(make_staff(USERNAMES[role]))

    return browser


def _assert_answers(client: Client, method: str, name: str, expected: int | str) -> None:
    response = getattr(client, method)(_address(name))
    if isinstance(expected, int):
        assert response.status_code == expected
        return
    assert response.status_code in (301, 302)
    assert response["Location"].split("?")[0] == _address(expected)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", EXPECTED)
def test_get(name: str, role: str, browser_of: Callable[[str], Client]) -> None:
    expected = EXPECTED[name][0][ROLES.index(role)]
    _assert_answers(browser_of(role), "get", name, expected)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ROLES)
def test_post(role: str, browser_of: Callable[[str], Client], vendors: Vendors) -> None:
    browser = browser_of(role)
    for name in EXPECTED:
        if name == "logout":
            continue
        _assert_answers(browser, "post", name, EXPECTED[name][1][ROLES.index(role)])
    _assert_answers(browser, "post", "logout", EXPECTED["logout"][1][ROLES.index(role)])
    assert vendors.stopped() is (role in ("agent", "manager"))


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_admin_lets_no_role_in(method: str, role: str, browser_of: Callable[[str], Client]) -> None:
    browser = browser_of(role)
    response = getattr(browser, method)("/admin/")
    assert response.status_code == 302
    assert response["Location"].split("?")[0] in ("/admin/login/", "/accounts/login/")
    assert getattr(browser, method)("/admin/auth/user/").status_code == 302


@pytest.mark.django_db
def test_admin_offers_users_and_groups_to_an_administrator(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    page = client.get("/admin/").content.decode()
    assert "/admin/auth/user/" in page
    assert "/admin/auth/group/" in page


@pytest.mark.django_db
def test_the_login_keeps_where_the_person_wanted_to_go(client: Client) -> None:
    response = client.get("/contacts/?q=Marty+McFly")
    assert response["Location"] == "/accounts/login/?next=/contacts/%3Fq%3DMarty%2BMcFly"
