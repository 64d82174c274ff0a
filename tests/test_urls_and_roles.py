"""Every address against every role, by GET and by POST. A new address must be added here."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from .people import MARTY, MARTY_NUMBER, Vendors, logged_in, make_staff

LOGIN = "account_login"
ROLES = ("anonymous", "nobody", "viewer", "editor", "agent", "manager", "administrator")
USERNAMES = {
    "nobody": "nora",
    "viewer": "vera",
    "editor": "edgar",
    "agent": "ada",
    "manager": "max",
    "administrator": "adam",
}
BY_ID = {
    *["possible-opt-out-stop", "possible-opt-out-dismiss", "possible-opt-out-reopen"],
    *["disagreement-repair", "webhook-slicktext", "attention-retry", "attention-resolve"],
    *["attention-match", "attention-close", "attention-text-close", "import-columns"],
    *["import-check", "import-problems", "contact-detail", "contact-edit", "contact-delete"],
    *["do-not-text", "opt-in", "moved-opt-in", "contact-history", "unsend-stop", "tell-now"],
    *["wrong-person", "ask-lift", "lift-request-decision", "lift-request-withdraw"],
    *["saved-view-edit", "saved-view-delete", "list-export", "job-detail", "job-start"],
    *["job-pause", "job-resume", "job-cancel", "job-results", "person-detail"],
    *["person-change-role", "person-deactivate", "person-reactivate", "person-make-reset-link"],
    *["person-reset-factors", "account-link", "mfa_edit_webauthn", "mfa_remove_webauthn"],
    *["openid_connect_login", "openid_connect_callback"],
}
BY_NUMBER = {
    *["number-detail", "number-history", "number-do-not-text", "number-unsend", "number-tell-now"],
    *["number-opt-in", "moved-number-opt-in", "number-ask-lift", "number-wrong-person"],
    *["evidence", "evidence-by-number"],
}

# What GET or POST often answers to each of ROLES but the administrator.
NO_METHOD = (LOGIN, *(405,) * 5)
READERS = (LOGIN, 403, 200, 200, 200, 200)
MANAGERS = (LOGIN, 403, 403, 403, 403, 200)
# Name: what GET and POST (without any data) answer to each of ROLES but the administrator, in their order.
# LOGIN is a redirect to the login page; any other text is a redirect to the page of that name.
EXPECTED = {
    **{
        f"moved-{name}": ((LOGIN, *[name] * 5), (LOGIN, *[name] * 5))
        for name in ("possible-opt-out-list", "texts-after-stop", "opt-in", "number-opt-in")
    },
    "home": (
        (LOGIN, *("contact-list",) * 4, "overview"),
        (LOGIN, *("contact-list",) * 4, "overview"),
    ),
    "contact-list": (READERS, NO_METHOD),
    "contact-columns": (
        NO_METHOD,
        (LOGIN, 403, *("contact-list",) * 4),
    ),
    "saved-view-list": (READERS, NO_METHOD),
    "saved-view-counts": (READERS, NO_METHOD),
    "saved-view-new": (READERS, (LOGIN, 403, 422, 422, 422, 422)),
    # No view has this number.
    "saved-view-edit": ((LOGIN, 403, 404, 404, 404, 404), (LOGIN, 403, 404, 404, 404, 404)),
    "saved-view-delete": (NO_METHOD, (LOGIN, 403, 404, 404, 404, 404)),
    "contact-export": (MANAGERS, (LOGIN, 403, 403, 403, 403, 422)),
    # Nobody has brought a list.
    "list-export": ((LOGIN, 403, 403, 403, 403, 404), (LOGIN, 403, 403, 403, 403, 404)),
    "contact-import": (MANAGERS, (LOGIN, 403, 403, 403, 403, 422)),
    # Nobody has uploaded anything.
    "import-columns": ((LOGIN, 403, 403, 403, 403, 404), (LOGIN, 403, 403, 403, 403, 404)),
    "import-check": ((LOGIN, 403, 403, 403, 403, 404), (LOGIN, 403, 403, 403, 403, 404)),
    "import-problems": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "contact-new": ((LOGIN, 403, 403, 200, 200, 200), (LOGIN, 403, 403, 422, 422, 422)),
    "contact-detail": (READERS, NO_METHOD),
    "contact-history": (READERS, NO_METHOD),
    "contact-edit": ((LOGIN, 403, 403, 200, 200, 200), (LOGIN, 403, 403, 422, 422, 422)),
    "contact-delete": (MANAGERS, (LOGIN, 403, 403, 403, 403, 422)),
    # Before there is any press: nothing to take back, and nothing to tell.
    "unsend-stop": (NO_METHOD, (LOGIN, 403, 403, 403, 409, 409)),
    "tell-now": (
        NO_METHOD,
        (LOGIN, 403, 403, 403, "contact-detail", "contact-detail"),
    ),
    "do-not-text": (
        READERS,
        (LOGIN, 403, 403, 403, "contact-detail", "contact-detail"),
    ),
    "opt-in": (MANAGERS, (LOGIN, 403, 403, 403, 403, 422)),
    "ask-lift": ((LOGIN, 403, 403, 403, 200, 200), (LOGIN, 403, 403, 403, 422, 422)),
    # A form without a reason: nothing is asked for.
    "wrong-person": (NO_METHOD, (LOGIN, 403, 403, 403, 422, 422)),
    "number-wrong-person": (NO_METHOD, (LOGIN, 403, 403, 403, 422, 422)),
    "own-lift-requests": ((LOGIN, 403, 403, 403, 200, 200), NO_METHOD),
    "number-detail": (READERS, NO_METHOD),
    "number-history": (READERS, NO_METHOD),
    "number-do-not-text": (
        READERS,
        (LOGIN, 403, 403, 403, "number-detail", "number-detail"),
    ),
    "number-unsend": (NO_METHOD, (LOGIN, 403, 403, 403, 409, 409)),
    "number-tell-now": (
        NO_METHOD,
        (LOGIN, 403, 403, 403, "number-detail", "number-detail"),
    ),
    "number-opt-in": (MANAGERS, (LOGIN, 403, 403, 403, 403, 422)),
    "number-ask-lift": ((LOGIN, 403, 403, 403, 200, 200), (LOGIN, 403, 403, 403, 422, 422)),
    "stop-number": ((LOGIN, 403, 403, 403, 200, 200), (LOGIN, 403, 403, 403, 422, 422)),
    "stop-number-known": ((LOGIN, 403, 403, 403, 200, 200), NO_METHOD),
    "lift-request-list": (MANAGERS, NO_METHOD),
    # No request has this number: nothing to decide about.
    "lift-request-decision": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 422)),
    "lift-request-withdraw": (NO_METHOD, (LOGIN, 403, 403, 403, 404, 404)),
    "possible-opt-out-list": ((LOGIN, 403, 403, 403, 200, 200), NO_METHOD),
    # No message has this number: nothing to decide about.
    "possible-opt-out-stop": (NO_METHOD, (LOGIN, 403, 403, 403, 404, 404)),
    "possible-opt-out-dismiss": (
        NO_METHOD,
        (LOGIN, 403, 403, 403, 403, 404),
    ),
    "possible-opt-out-reopen": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "job-list": (MANAGERS, NO_METHOD),
    "job-new": (MANAGERS, (LOGIN, 403, 403, 403, 403, 422)),
    # No job has this number.
    "job-detail": ((LOGIN, 403, 403, 403, 403, 404), NO_METHOD),
    "job-start": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "job-pause": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "job-resume": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "job-cancel": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "job-results": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "overview": (MANAGERS, NO_METHOD),
    "opt-out-list": (MANAGERS, NO_METHOD),
    "opt-outs-reviewed": (
        NO_METHOD,
        (LOGIN, 403, 403, 403, 403, "opt-out-list"),
    ),
    "opt-outs-export": (NO_METHOD, MANAGERS),
    "attention": (MANAGERS, NO_METHOD),
    "attention-retry": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "attention-resolve": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "attention-match": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "attention-close": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "texts-after-stop": (MANAGERS, NO_METHOD),
    # No text has this number.
    "attention-text-close": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 404)),
    "audit": (MANAGERS, NO_METHOD),
    # Administrators alone.
    "security-events": ((LOGIN, 403, 403, 403, 403, 403), NO_METHOD),
    # As the address was before: a number, which the new one does not show.
    "evidence-by-number": (
        (LOGIN, 403, 403, 403, 403, "evidence"),
        NO_METHOD,
    ),
    "evidence": (MANAGERS, NO_METHOD),
    "probe-again": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 302)),
    # Not started by `make run`.
    "reset-practice": ((LOGIN, 403, 403, 403, 403, 404), (LOGIN, 403, 403, 403, 403, 404)),
    "status": (MANAGERS, NO_METHOD),
    "disagreement-list": (MANAGERS, NO_METHOD),
    "disagreements-repair": (
        NO_METHOD,
        (LOGIN, 403, 403, 403, 403, "disagreement-list"),
    ),
    "disagreement-repair": (
        NO_METHOD,
        (LOGIN, 403, 403, 403, 403, "disagreement-list"),
    ),
    "people-list": ((LOGIN, *(403,) * 5), NO_METHOD),
    "person-invite": ((LOGIN, *(403,) * 5), (LOGIN, *(403,) * 5)),
    "person-forget": ((LOGIN, *(403,) * 5), (LOGIN, *(403,) * 5)),
    "person-detail": ((LOGIN, *(403,) * 5), NO_METHOD),
    "person-change-role": (NO_METHOD, (LOGIN, *(403,) * 5)),
    "person-deactivate": (NO_METHOD, (LOGIN, *(403,) * 5)),
    "person-reactivate": (NO_METHOD, (LOGIN, *(403,) * 5)),
    "person-make-reset-link": (NO_METHOD, (LOGIN, *(403,) * 5)),
    "person-reset-factors": (NO_METHOD, (LOGIN, *(403,) * 5)),
    # No link has this token.
    "account-link": ((404,) * 6, (404,) * 6),
    "webhook-cloudcontactai": ((405,) * 6, (400,) * 6),
    "webhook-slicktext": ((405,) * 6, (404,) * 6),
    "healthz": ((200,) * 6, (405,) * 6),
    "readyz": ((200,) * 6, (405,) * 6),
    # Without METRICS_TOKEN there is no such page.
    "metrics": ((404,) * 6, (405,) * 6),
    # Signing in: the same for every role. No provider, second factor, or recovery code is there.
    "account_login": ((200, *("home",) * 5), (200, *("home",) * 5)),
    "account_logout": ((405,) * 6, (LOGIN,) * 6),
    "account_inactive": ((200,) * 6, (405,) * 6),
    "account_reauthenticate": ((LOGIN, *(200,) * 5), (LOGIN, *(200,) * 5)),
    "account_change_password": ((LOGIN, *(200,) * 5), (LOGIN, *(200,) * 5)),
    "confirm_with_company": ((LOGIN, *(404,) * 5), NO_METHOD),
    "usersessions_list": ((LOGIN, *(200,) * 5), NO_METHOD),
    "sessions-end": (NO_METHOD, (LOGIN, *("usersessions_list",) * 5)),
    "mfa_index": ((LOGIN, *(200,) * 5), NO_METHOD),
    "mfa_authenticate": ((LOGIN, *("home",) * 5), (LOGIN, *("home",) * 5)),
    "mfa_login_webauthn": ((LOGIN, *("home",) * 5), (LOGIN, *("home",) * 5)),
    "mfa_reauthenticate": (
        (LOGIN, *("account_reauthenticate",) * 5),
        (LOGIN, *("account_reauthenticate",) * 5),
    ),
    "mfa_reauthenticate_webauthn": (
        (LOGIN, *("account_reauthenticate",) * 5),
        (LOGIN, *("account_reauthenticate",) * 5),
    ),
    "mfa_activate_totp": ((LOGIN, *(200,) * 5), (LOGIN, *(200,) * 5)),
    "mfa_add_webauthn": ((LOGIN, *(200,) * 5), (LOGIN, *(200,) * 5)),
    "mfa_generate_recovery_codes": ((LOGIN, *(200,) * 5), (LOGIN, *(200,) * 5)),
    "mfa_list_webauthn": ((LOGIN, *(200,) * 5), NO_METHOD),
    "mfa_view_recovery_codes": ((LOGIN, *(404,) * 5), NO_METHOD),
    "mfa_deactivate_totp": ((LOGIN, *(404,) * 5), (LOGIN, *(404,) * 5)),
    "mfa_download_recovery_codes": ((LOGIN, *(404,) * 5), (LOGIN, *(404,) * 5)),
    "mfa_edit_webauthn": ((LOGIN, *(404,) * 5), (LOGIN, *(404,) * 5)),
    "mfa_remove_webauthn": ((LOGIN, *(404,) * 5), (LOGIN, *(404,) * 5)),
    "openid_connect_login": ((404,) * 6, (404,) * 6),
    "openid_connect_callback": ((404,) * 6, (405,) * 6),
    "socialaccount_login_cancelled": ((200,) * 6, (405,) * 6),
    "socialaccount_login_error": ((401,) * 6, (405,) * 6),
}
# An administrator gets the same answers as people without a role, except here. No account has the id.
ADMINISTRATOR = {
    "home": ("people-list", "people-list"),
    "audit": ("security-events", 405),
    "security-events": (200, 405),
    "people-list": (200, 405),
    "person-invite": (200, 422),
    "person-forget": (200, 422),
    "person-detail": (404, 405),
    "person-change-role": (405, 404),
    "person-deactivate": (405, 404),
    "person-reactivate": (405, 404),
    "person-make-reset-link": (405, 404),
    "person-reset-factors": (405, 404),
}


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
    assert set(names) == set(EXPECTED)


def _address(name: str) -> str:
    if name in BY_NUMBER:
        return reverse(name, args=[MARTY_NUMBER])
    return reverse(name, args=[MARTY] if name in BY_ID else [])


@pytest.fixture
def browser_of(vendors: Vendors) -> Callable[[str], Client]:
    def browser(role: str) -> Client:
        return Client() if role == "anonymous" else logged_in(make_staff(USERNAMES[role]))

    return browser


def _expected(name: str, method: str, role: str) -> int | str:
    column = ("get", "post").index(method)
    if role == "administrator" and name in ADMINISTRATOR:
        return ADMINISTRATOR[name][column]
    return EXPECTED[name][column][ROLES.index("nobody" if role == "administrator" else role)]


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
    _assert_answers(browser_of(role), "get", name, _expected(name, "get", role))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ROLES)
def test_post(role: str, browser_of: Callable[[str], Client], vendors: Vendors) -> None:
    browser = browser_of(role)
    for name in EXPECTED:
        if name == "account_logout":
            continue
        _assert_answers(browser, "post", name, _expected(name, "post", role))
    _assert_answers(browser, "post", "account_logout", _expected("account_logout", "post", role))
    assert vendors.stopped() is (role in ("agent", "manager"))


@pytest.mark.django_db
@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_djangos_admin_is_off(role: str, browser_of: Callable[[str], Client]) -> None:
    root = role == "superuser"
    browser = logged_in(User.objects.create_superuser("root")) if root else browser_of(role)
    for address in ("/admin/", "/admin/login/", "/admin/auth/user/"):
        assert browser.get(address).status_code == 404
        assert browser.post(address).status_code == 404


@pytest.mark.django_db
def test_the_login_keeps_where_the_person_wanted_to_go(client: Client) -> None:
    response = client.get("/contacts/?q=Marty+McFly")
    assert response["Location"] == "/accounts/login/?next=/contacts/%3Fq%3DMarty%2BMcFly"
