"""The page behind a one-time link, for people who can't sign in yet."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts_ui.integrations.redact import redact
from contacts_ui.services import people
from tests.pages import Page
from tests.people import logged_in, make_staff
from tests.services.people.test_people import GOOD, NEW

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(db: None) -> str:
    _, link = people.invite(staff=make_staff("adam"), **NEW)
    return f"/accounts/link/{link.token}/"


def typed(password: str = GOOD, again: str = "") -> dict[str, str]:
    return {"new_password1": password, "new_password2": again or password}


def test_a_password_is_chosen_once(client: Client, address: str, vendors: Any) -> None:
    response = client.get(address)
    page = Page(response)
    assert response["Referrer-Policy"] == "strict-origin"
    assert response["Cache-Control"] == "no-store, private"
    assert "For Ann Lee. Your username is ann." in page.text
    assert client.get(address).status_code == 200, "looking at it does not use it up"
    response = client.post(address, typed())
    assert response["Location"] == "/accounts/login/"
    assert response["Referrer-Policy"] == "strict-origin"
    page = Page(client.get("/accounts/login/"))
    assert "Your password is set. Sign in with it." in page.text
    response = client.post("/accounts/login/", {"login": "ann", "password": GOOD})
    assert response["Location"] == "/"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (typed("short"), "too short"),
        (typed("ann.example.com"), "similar"),
        (typed(GOOD, "something else"), "match"),
        ({}, "Type a password."),
    ],
)
def test_a_password_that_is_refused(
    data: dict[str, str], words: str, client: Client, address: str
) -> None:
    response = client.post(address, data)
    assert response.status_code == 422
    assert words in Page(response).text
    assert GOOD not in Page(response).html
    assert client.get(address).status_code == 200


def test_used_expired_and_unknown_look_the_same(client: Client, address: str) -> None:
    client.post(address, typed())
    used = client.get(address)
    unknown = Client().get("/accounts/link/nothing/")
    again = Client().post(address, typed())
    assert {used.status_code, unknown.status_code, again.status_code} == {404}
    assert Page(used).text == Page(unknown).text == Page(again).text
    assert "This link can't be used" in Page(used).text
    assert used["Referrer-Policy"] == "strict-origin"


def test_who_is_signed_in_in_this_browser_is_signed_out(address: str, agent: User) -> None:
    browser = logged_in(agent)
    browser.post(address, typed())
    assert "_auth_user_id" not in browser.session
    agent.refresh_from_db()
    assert not agent.check_password(GOOD)


def test_redact_hides_it() -> None:
    line = 'Forbidden (CSRF cookie not set.): /accounts/link/AB_c-d9/ "GET /accounts/link/xyz?a"'
    assert redact(line) == (
        'Forbidden (CSRF cookie not set.): /accounts/link/[hidden]/ "GET /accounts/link/[hidden]?a"'
    )
