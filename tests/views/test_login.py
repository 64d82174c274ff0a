"""Logging in: asked everywhere, throttled, ended in time."""

from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from contacts_ui.models import HeldPress, LedgerEntry
from tests.pages import Page
from tests.people import PASSWORD, Vendors

pytestmark = pytest.mark.django_db
URL = "/accounts/login/"
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/contacts/?q=Marty"}


def log_in(client: Client, password: str = PASSWORD, username: str = "ada", **more: str) -> object:
    return client.post(URL, {"username": username, "password": password, **more})


def test_it_works(client: Client, agent: User, vendors: Vendors) -> None:
    response = log_in(client)
    assert response.status_code == 302
    assert response["Location"] == "/"
    page = client.get("/contacts/")
    assert page.status_code == 200
    assert "Ada Agent" in page.content.decode()


def test_it_leads_to_where_the_person_wanted_to_go(client: Client, agent: User) -> None:
    assert log_in(client, next="/contacts/7778/")["Location"] == "/contacts/7778/"
    page = Page(Client().get(f"{URL}?next=/contacts/7778/"))
    assert page.form(URL)["next"] == "/contacts/7778/"


def test_it_leads_nowhere_else(client: Client, agent: User) -> None:
    assert log_in(client, next="https://evil.example/")["Location"] == "/"


def test_a_wrong_password(client: Client, agent: User) -> None:
    response = log_in(client, "wrong")
    assert response.status_code == 200
    assert "Please enter a correct username and password." in Page(response).text
    assert "wrong" not in Page(response).html


def test_somebody_unknown_is_told_the_same(client: Client, agent: User) -> None:
    known, unknown = log_in(client, "wrong"), log_in(client, "wrong", "nobody")
    assert Page(known).text == Page(unknown).text


def test_somebody_who_left(client: Client, agent: User) -> None:
    User.objects.update(is_active=False)
    assert log_in(client).status_code == 200


def test_the_login_is_throttled(client: Client, agent: User, settings: object) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert log_in(client, "wrong").status_code == 200
    response = log_in(client, "wrong")
    assert response.status_code == 429
    assert "Locked for a while" in Page(response).text
    assert log_in(client).status_code == 429, "the right password is no way around it"


def test_the_lock_ends(client: Client, agent: User, settings: object, vendors: Vendors) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        log_in(client, "wrong")
    with time_machine.travel(timezone.now() + settings.AXES_COOLOFF_TIME + timedelta(minutes=1)):
        assert log_in(client).status_code == 302


def test_the_lock_is_for_one_person_at_one_address(
    client: Client, agent: User, manager: User, settings: object
) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        log_in(client, "wrong")
    assert log_in(Client(), username="max").status_code == 302
    assert log_in(Client(REMOTE_ADDR="10.1.2.3")).status_code == 302


def test_log_out(client: Client, agent: User, vendors: Vendors) -> None:
    log_in(client)
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/")["Location"] == URL
    assert client.get("/contacts/").status_code == 302


def test_a_session_ends(client: Client, agent: User, vendors: Vendors, settings: object) -> None:
    log_in(client)
    later = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    with time_machine.travel(later - timedelta(minutes=1)):
        assert client.get("/contacts/").status_code == 200
    with time_machine.travel(later + timedelta(minutes=1)):
        assert client.get("/contacts/").status_code == 302


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", ["/contacts/", "/contacts/7778/do-not-text/"])
def test_a_session_that_ended_sends_the_whole_page_to_the_login(
    address: str, method: str, client: Client
) -> None:
    response = getattr(client, method)(address, headers=HTMX)
    assert response.status_code == 204
    pressed = "&pressed=1" if method == "post" else ""
    assert response["HX-Redirect"] == f"{URL}?next={quote('/contacts/?q=Marty')}{pressed}"
    assert "Location" not in response.headers


NOTHING = "Nothing was recorded: you were signed out. Sign in and press again."
PRESS = "/contacts/7778/do-not-text/"


def test_a_press_after_the_session_ended_says_that_nothing_was_recorded(
    client: Client, agent: User, vendors: Vendors
) -> None:
    """And it comes back to the page that it was made on, which is not pressed by itself."""
    there = client.post(PRESS, headers=HTMX)["HX-Redirect"]
    page = Page(client.get(there))
    assert NOTHING in page.text
    response = log_in(client, next=page.form(URL)["next"])
    assert response["Location"] == "/contacts/?q=Marty"
    assert not HeldPress.objects.exists()
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(
    ("came_from", "sent", "back"),
    [
        ("http://testserver/contacts/7778/?a=1", {}, "/contacts/7778/?a=1"),
        ("http://testserver/contacts/7778/", {"next": "/contacts/?q=x"}, "/contacts/?q=x"),
        ("https://evil.example/contacts/", {}, "/"),
        ("", {}, "/"),
        ("http://testserver/contacts/", {"next": "https://evil.example/"}, "/contacts/"),
        ("http://testserver//evil.example/", {}, "/"),
    ],
)
def test_the_same_without_javascript(
    came_from: str, sent: dict[str, str], back: str, client: Client, agent: User
) -> None:
    response = client.post(PRESS, sent, headers={"Referer": came_from})
    assert response.status_code == 302
    page = Page(client.get(response["Location"]))
    assert NOTHING in page.text
    assert log_in(client, next=page.form(URL)["next"])["Location"] == back


def test_what_is_only_asked_for_has_nothing_to_record(client: Client, agent: User) -> None:
    response = client.get("/contacts/?q=x")
    assert response["Location"] == f"{URL}?next={quote('/contacts/?q=x')}"
    assert "Nothing was recorded" not in Page(client.get(response["Location"])).text


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_page_from_before_another_login(
    headers: dict[str, str], agent: User, vendors: Vendors
) -> None:
    """Signing in changes the form's token: what was open before cannot be sent any more, and is told so."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)
    response = client.post(PRESS, headers=headers)
    assert response.status_code == 403
    assert "Nothing was recorded" in response.text
    assert not LedgerEntry.objects.exists()


def test_no_session_and_no_token(client: Client, agent: User) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post(PRESS, {"next": "/contacts/7778/"})
    assert response["Location"] == f"{URL}?next=/contacts/7778/&pressed=1"
    assert client.post(PRESS, headers=HTMX)["HX-Redirect"].endswith("&pressed=1")


def test_a_forged_current_page_leads_nowhere_else(client: Client, agent: User) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"}
    response = client.get("/contacts/", headers=headers)
    assert "evil.example" not in response["HX-Redirect"]


def test_changing_the_password(client: Client, agent: User) -> None:
    log_in(client)
    new = "an-even-better-battery"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    response = client.post("/accounts/password/", data)
    assert response["Location"] == "/accounts/password/done/"
    assert log_in(Client(), new).status_code == 302


def test_a_weak_password_is_refused(client: Client, agent: User) -> None:
    log_in(client)
    data = {"old_password": PASSWORD, "new_password1": "12345678", "new_password2": "12345678"}
    response = client.post("/accounts/password/", data)
    assert response.status_code == 200
    assert Page(response).errors("new_password2")


def test_what_a_password_needs_is_said_in_words(client: Client, agent: User) -> None:
    log_in(client)
    page = Page(client.get("/accounts/password/"))
    assert "must contain at least 8 characters" in page.text
    assert "<ul>" not in page.text


def test_the_cookies_are_not_for_scripts(client: Client, agent: User) -> None:
    log_in(client)
    client.get(URL)
    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["samesite"] == "Lax"
