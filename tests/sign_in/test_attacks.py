"""What an attacker tried around signing in and people, and what held."""

import time

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.test import Client

from contacts_ui.services import people
from tests.people import PASSWORD, Vendors, logged_in, make_staff

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ELSEWHERE = (
    *["//evil.example", "///evil.example", "https://evil.example", "https:evil.example"],
    *["/\\evil.example", "\\\\evil.example", "/\t/evil.example", "javascript:alert(1)"],
)
NOT_OURS = (
    *["signup/", "email/", "3rdparty/", "social/connections/", "password/reset/", "password/set/"],
    *["2fa/trust/", "2fa/webauthn/signup/"],
)
CREDENTIALS = (
    *["", "null", "[]", '"x"', '{"response":[]}', '{"response":{"userHandle":5}}'],
    '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","signature":"AA"}}',
)


@pytest.mark.parametrize("there", ELSEWHERE)
@pytest.mark.parametrize("address", ["login/", "logout/", "reauthenticate/"])
def test_next_never_leaves_the_dashboard(address: str, there: str, manager: User) -> None:
    browser = Client() if address == "login/" else logged_in(manager)
    data = {"login": "max", "password": PASSWORD, "next": there}
    response = browser.post(f"/accounts/{address}", data)
    assert response["Location"] in ("/", "/accounts/login/")


@pytest.mark.parametrize("address", NOT_OURS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_pages_of_allauth_that_are_not_ours_are_not_there(
    address: str, method: str, manager: User
) -> None:
    for browser in (Client(), logged_in(manager)):
        response = getattr(browser, method)(f"/accounts/{address}")
        assert response.status_code == 404 or "/accounts/login/" in response["Location"]


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_a_broken_passkey_is_no_way_in(credential: str, client: Client) -> None:
    client.get("/accounts/2fa/webauthn/login/", headers={"X-Requested-With": "XMLHttpRequest"})
    response = client.post("/accounts/2fa/webauthn/login/", {"credential": credential})
    assert response["Location"] == "/accounts/login/"
    assert "_auth_user_id" not in client.session


def test_the_code_is_no_way_in_after_the_account_was_closed(
    manager: User, client: Client, vendors: Vendors
) -> None:
    TOTP.activate(manager, SECRET)
    client.post("/accounts/login/", {"login": "max", "password": PASSWORD})
    people.deactivate(staff=make_staff("adam"), pk=manager.pk, even_if_last=True)
    code = format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))
    client.post("/accounts/2fa/authenticate/", {"code": code})
    assert client.get("/contacts/")["Location"].startswith("/accounts/login/")


def test_an_invitation_gives_the_role_and_nothing_else() -> None:
    browser = logged_in(make_staff("adam"))
    person = {"first_name": "Eve", "last_name": "X", "username": "eve", "role": "Viewers"}
    more = {"is_superuser": "on", "is_staff": "on", "staff": "1", "groups": "1", "password": "x"}
    assert browser.post("/people/invite/", {**person, **more}).status_code == 200
    made = User.objects.get(username="eve")
    assert (made.is_superuser, made.is_staff, made.has_usable_password()) == (False,) * 3
    assert [group.name for group in made.groups.all()] == ["Viewers"]


@pytest.mark.parametrize("role", ["Superuser", "managers", "Managers ", "", "x" * 9999])
def test_an_odd_role_makes_no_account(role: str) -> None:
    browser = logged_in(make_staff("adam"))
    person = {"first_name": "Eve", "last_name": "X", "username": "eve", "role": role}
    assert browser.post("/people/invite/", person).status_code == 422
    assert not User.objects.filter(username="eve").exists()


def test_a_session_of_another_is_not_ended(manager: User, agent: User, vendors: Vendors) -> None:
    theirs = Client()
    theirs.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    row = UserSession.objects.get(user=agent)
    response = logged_in(manager).post("/accounts/sessions/end/", {"session": row.pk})
    assert response.status_code == 404
    assert theirs.get("/contacts/").status_code == 200


def test_the_key_of_a_session_changes_at_sign_in(manager: User, client: Client) -> None:
    client.get("/accounts/2fa/webauthn/login/", headers={"X-Requested-With": "XMLHttpRequest"})
    before = client.session.session_key
    client.post("/accounts/login/", {"login": "max", "password": PASSWORD})
    assert before
    assert client.session.session_key != before
