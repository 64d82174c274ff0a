"""Logging in: asked everywhere, throttled, ended in time."""

from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from contacts_ui.models import HeldPress, LedgerEntry, SecurityEvent
from contacts_ui.models import SecurityEventKind as Kind
from tests.pages import Page
from tests.people import PASSWORD, Vendors

pytestmark = pytest.mark.django_db
URL = "/accounts/login/"
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/contacts/?q=Marty"}


def log_in(
    client: Client, password: str = PASSWORD, username: str = "ada", **more: str
) -> HttpResponse:
    return client.post(URL, {"login": username, "password": password, **more})


def kinds() -> list[str]:
    """What happened, in order."""
    return list(SecurityEvent.objects.order_by("pk").values_list("kind", flat=True))


def test_it_works(client: Client, agent: User, vendors: Vendors) -> None:
    response = log_in(client)
    assert response.status_code == 302
    assert response["Location"] == "/"
    page = client.get("/contacts/")
    assert page.status_code == 200
    assert "Ada Agent" in page.content.decode()


def test_it_leads_to_where_the_person_wanted_to_go_and_nowhere_else(
    client: Client, agent: User
) -> None:
    assert log_in(client, next="/contacts/7778/")["Location"] == "/contacts/7778/"
    page = Page(Client().get(f"{URL}?next=/contacts/7778/"))
    assert page.form(URL)["next"] == "/contacts/7778/"
    assert log_in(client, next="https://evil.example/")["Location"] == "/"


def test_a_wrong_password(client: Client, agent: User) -> None:
    response = log_in(client, "wrong")
    assert response.status_code == 200
    assert "The username and the password don't match." in Page(response).text
    assert "wrong" not in Page(response).html


def test_someone_unknown_is_told_the_same(client: Client, agent: User) -> None:
    known, unknown = log_in(client, "wrong"), log_in(client, "wrong", "nobody")
    assert Page(known).text == Page(unknown).text


def test_a_person_who_left(client: Client, agent: User) -> None:
    User.objects.update(is_active=False)
    assert log_in(client)["Location"] == "/accounts/inactive/"
    assert client.get("/contacts/").status_code == 302
    assert kinds() == [Kind.SIGN_IN_FAILED]


def test_log_out(client: Client, agent: User, vendors: Vendors) -> None:
    log_in(client)
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/")["Location"] == URL
    assert client.get("/contacts/").status_code == 302


def test_a_session_ends_after_its_hours_however_busy(
    client: Client, agent: User, vendors: Vendors, settings: object
) -> None:
    log_in(client)
    start, minutes = timezone.now(), int(settings.SESSION_HOURS * 60)
    for minute in range(30, minutes, 30):
        with time_machine.travel(start + timedelta(minutes=minute)):
            assert client.get("/healthz").status_code == 200
            assert client.get("/contacts/columns/").status_code == 200
    with time_machine.travel(start + timedelta(minutes=minutes + 1)):
        assert client.get("/contacts/columns/").status_code == 302


def test_a_session_ends_after_an_idle_hour(
    client: Client, agent: User, vendors: Vendors, settings: object
) -> None:
    log_in(client)
    idle = timedelta(minutes=settings.SESSION_IDLE_MINUTES)
    with time_machine.travel(timezone.now() + idle - timedelta(minutes=1)):
        assert client.get("/contacts/columns/").status_code == 200
        with time_machine.travel(timezone.now() + idle - timedelta(minutes=1)):
            assert client.get("/contacts/columns/").status_code == 200
            with time_machine.travel(timezone.now() + idle + timedelta(minutes=1)):
                assert client.get("/contacts/columns/").status_code == 302


def test_a_session_from_before_the_limits_begins_now(client: Client, agent: User) -> None:
    client.force_login(agent)
    session = client.session
    del session["signed_in_at"], session["seen_at"]
    session.save()
    assert client.get("/accounts/2fa/").status_code == 200
    assert client.session["signed_in_at"]
    assert "here" in Page(client.get("/accounts/sessions/")).text


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
    """It returns to the page it was made on, which is not pressed by itself."""
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
    """Signing in changes the form's token: a form that was open before can't be sent anymore, and says why."""
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


NEW = "an-even-better-battery"


def change_password(client: Client, new: str) -> HttpResponse:
    data = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    return client.post("/accounts/password/", data)


def test_changing_the_password_ends_other_sessions(client: Client, agent: User) -> None:
    elsewhere = Client()
    log_in(elsewhere)
    log_in(client)
    assert change_password(client, NEW)["Location"] == "/accounts/2fa/"
    assert client.get("/accounts/2fa/").status_code == 200
    assert elsewhere.get("/accounts/2fa/").status_code == 302
    assert log_in(Client(), NEW).status_code == 302
    assert kinds()[-2:] == [Kind.PASSWORD_CHANGED, Kind.SIGNED_IN]


@pytest.mark.parametrize(
    "weak",
    [
        *["12345678901234", "manager22", "Manager-2026-Manager", "passwordpassword"],
        *["dashboard-2026!", "ada-agent-2026"],
    ],
)
def test_a_weak_password_is_refused(weak: str, client: Client, agent: User) -> None:
    log_in(client)
    response = change_password(client, weak)
    assert response.status_code == 200
    assert Page(response).errors("password1") or Page(response).errors("password2")
    assert log_in(Client()).status_code == 302


def test_what_a_password_needs_is_said_in_words(client: Client, agent: User) -> None:
    log_in(client)
    page = Page(client.get("/accounts/password/"))
    assert "At least 12 characters." in page.text
    assert "<ul>" not in page.text


def test_the_cookies_are_not_for_scripts(client: Client, agent: User) -> None:
    log_in(client)
    client.get(URL)
    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["samesite"] == "Lax"


def test_a_session_from_before_the_upgrade_stays_good(client: Client, agent: User) -> None:
    """It names its backend by the place where that was then."""
    client.force_login(agent, backend="contacts_ui.sign_in.OneQueryBackend")
    assert client.get("/accounts/2fa/").status_code == 200
