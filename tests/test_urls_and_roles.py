"""Every address against every role, by GET and by POST. A new address must be added here."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from .people import MARTY, MARTY_NUMBER, Vendors, logged_in, make_staff

LOGIN = "account_login"
ROLES = ("anonymous", "nobody", "viewer", "editor", "agent", "manager", "administrator")
USERNAMES = dict(zip(ROLES[1:], ("nora", "vera", "edgar", "ada", "max", "adam"), strict=True))
Answers = tuple[int | str, ...]

# What GET or POST often answers to each of ROLES but the administrator.
NO_METHOD = (LOGIN, *(405,) * 5)
READERS = (LOGIN, 403, 200, 200, 200, 200)
MANAGERS = (LOGIN, 403, 403, 403, 403, 200)


def _each(names: str, *answers: Answers) -> dict[str, tuple[Answers, ...]]:
    """The same answers to GET and to POST for each name."""
    return dict.fromkeys(names.split(), answers)


# Name: what GET and POST (without any data) answer to each of ROLES but the administrator, in their order.
# LOGIN is a redirect to the login page; any other text is a redirect to the page of that name.
EXPECTED = {
    **{
        f"moved-{name}": ((LOGIN, *[name] * 5), (LOGIN, *[name] * 5))
        for name in ("possible-opt-out-list", "texts-after-stop", "opt-in", "number-opt-in")
    },
    "home": (
        (LOGIN, *("contact-list",) * 3, "agent-home", "overview"),
        (LOGIN, *("contact-list",) * 3, "agent-home", "overview"),
    ),
    **_each(
        "contact-list contact-filters search-help saved-view-list saved-view-counts contact-detail contact-history "
        "number-detail number-history",
        READERS,
        NO_METHOD,
    ),
    "keyboard": ((LOGIN, *(200,) * 5), NO_METHOD),
    "contact-columns": (READERS, (LOGIN, 403, *("contact-list",) * 4)),
    "saved-view-new": (READERS, (LOGIN, 403, 422, 422, 422, 422)),
    # No view has this number.
    "saved-view-edit": ((LOGIN, 403, 404, 404, 404, 404), (LOGIN, 403, 404, 404, 404, 404)),
    "saved-view-delete": (NO_METHOD, (LOGIN, 403, 404, 404, 404, 404)),
    **_each(
        "contact-export contact-import contact-delete opt-in number-opt-in job-new",
        MANAGERS,
        (LOGIN, 403, 403, 403, 403, 422),
    ),
    # Nobody has brought or uploaded a list.
    **_each(
        "list-export import-columns import-check",
        (LOGIN, 403, 403, 403, 403, 404),
        (LOGIN, 403, 403, 403, 403, 404),
    ),
    # No upload, message, job, or text has this number.
    **_each(
        "import-problems possible-opt-out-dismiss possible-opt-out-reopen job-start job-pause "
        "job-resume job-cancel job-results attention-retry attention-resolve attention-match "
        "attention-close attention-text-close",
        NO_METHOD,
        (LOGIN, 403, 403, 403, 403, 404),
    ),
    **_each(
        "contact-new contact-edit",
        (LOGIN, 403, 403, 200, 200, 200),
        (LOGIN, 403, 403, 422, 422, 422),
    ),
    # Before there is any press: nothing to take back, and nothing to tell.
    **_each("unsend-stop number-unsend", NO_METHOD, (LOGIN, 403, 403, 403, 409, 409)),
    "tell-now": (NO_METHOD, (LOGIN, 403, 403, 403, "contact-detail", "contact-detail")),
    "do-not-text": (READERS, (LOGIN, 403, 403, 403, "contact-detail", "contact-detail")),
    **_each(
        "ask-lift number-ask-lift stop-number",
        (LOGIN, 403, 403, 403, 200, 200),
        (LOGIN, 403, 403, 403, 422, 422),
    ),
    # A form without a reason: nothing is asked for.
    **_each("wrong-person number-wrong-person", NO_METHOD, (LOGIN, 403, 403, 403, 422, 422)),
    **_each(
        "agent-home my-lift-requests stop-number-known possible-opt-out-list",
        (LOGIN, 403, 403, 403, 200, 200),
        NO_METHOD,
    ),
    "number-do-not-text": (READERS, (LOGIN, 403, 403, 403, "number-detail", "number-detail")),
    "number-tell-now": (NO_METHOD, (LOGIN, 403, 403, 403, "number-detail", "number-detail")),
    **_each(
        "lift-request-list job-list overview opt-out-list attention texts-after-stop audit "
        "evidence status disagreement-list",
        MANAGERS,
        NO_METHOD,
    ),
    # No request has this number: nothing to decide about.
    "lift-request-decision": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 422)),
    **_each(
        "lift-request-withdraw possible-opt-out-stop",
        NO_METHOD,
        (LOGIN, 403, 403, 403, 404, 404),
    ),
    "job-detail": ((LOGIN, 403, 403, 403, 403, 404), NO_METHOD),
    "opt-outs-reviewed": (NO_METHOD, (LOGIN, 403, 403, 403, 403, "opt-out-list")),
    "opt-outs-export": (NO_METHOD, MANAGERS),
    # Administrators alone.
    "security-events": ((LOGIN, 403, 403, 403, 403, 403), NO_METHOD),
    # As the address was before: a number, which the new one does not show.
    "evidence-by-number": ((LOGIN, 403, 403, 403, 403, "evidence"), NO_METHOD),
    "probe-again": (NO_METHOD, (LOGIN, 403, 403, 403, 403, 302)),
    # Not started by `make run`.
    "reset-practice": ((LOGIN, 403, 403, 403, 403, 404), (LOGIN, 403, 403, 403, 403, 404)),
    **_each(
        "disagreements-repair disagreement-repair",
        NO_METHOD,
        (LOGIN, 403, 403, 403, 403, "disagreement-list"),
    ),
    **_each("people-list person-detail", (LOGIN, *(403,) * 5), NO_METHOD),
    **_each("person-invite person-forget", (LOGIN, *(403,) * 5), (LOGIN, *(403,) * 5)),
    **_each(
        "person-change-role person-deactivate person-reactivate person-make-reset-link "
        "person-reset-factors",
        NO_METHOD,
        (LOGIN, *(403,) * 5),
    ),
    # No link has this token.
    **_each("account-link openid_connect_login", (404,) * 6, (404,) * 6),
    "webhook-cloudcontactai": ((405,) * 6, (400,) * 6),
    "webhook-slicktext": ((405,) * 6, (404,) * 6),
    **_each(
        "healthz readyz account_inactive socialaccount_login_cancelled",
        (200,) * 6,
        (405,) * 6,
    ),
    # Without METRICS_TOKEN there is no such page.
    **_each("metrics openid_connect_callback", (404,) * 6, (405,) * 6),
    # Signing in: the same for every role. No provider, second factor, or recovery code is there.
    "account_login": ((200, *("home",) * 5), (200, *("home",) * 5)),
    "account_logout": ((405,) * 6, (LOGIN,) * 6),
    **_each(
        "account_reauthenticate account_change_password mfa_activate_totp mfa_add_webauthn "
        "mfa_generate_recovery_codes",
        (LOGIN, *(200,) * 5),
        (LOGIN, *(200,) * 5),
    ),
    **_each("confirm_with_company mfa_view_recovery_codes", (LOGIN, *(404,) * 5), NO_METHOD),
    **_each("usersessions_list mfa_index mfa_list_webauthn", (LOGIN, *(200,) * 5), NO_METHOD),
    "sessions-end": (NO_METHOD, (LOGIN, *("usersessions_list",) * 5)),
    **_each(
        "mfa_authenticate mfa_login_webauthn",
        (LOGIN, *("home",) * 5),
        (LOGIN, *("home",) * 5),
    ),
    **_each(
        "mfa_reauthenticate mfa_reauthenticate_webauthn",
        (LOGIN, *("account_reauthenticate",) * 5),
        (LOGIN, *("account_reauthenticate",) * 5),
    ),
    **_each(
        "mfa_deactivate_totp mfa_download_recovery_codes mfa_edit_webauthn mfa_remove_webauthn",
        (LOGIN, *(404,) * 5),
        (LOGIN, *(404,) * 5),
    ),
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
    for args in ([], [MARTY_NUMBER]):
        with contextlib.suppress(NoReverseMatch):
            return reverse(name, args=args)
    return reverse(name, args=[MARTY])


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
