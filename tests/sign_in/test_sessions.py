"""A person's own sessions: listed with their device and address, and ended."""

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.test import Client

from contacts_ui.models import SecurityEvent
from contacts_ui.models import SecurityEventKind as Kind
from tests.pages import Page
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
LIST, END = "/accounts/sessions/", "/accounts/sessions/end/"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Version/26.0 Mobile Safari/604.1"
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Safari/537.36 Edg/140.0"


def sign_in(name: str, agent: str, address: str = "198.51.100.7") -> Client:
    client = Client(REMOTE_ADDR=address, HTTP_USER_AGENT=agent)
    answer = client.post("/accounts/login/", {"login": name, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def test_they_are_listed(agent: User) -> None:
    desk, _ = sign_in("ada", DESK), sign_in("ada", PHONE, "203.0.113.9")
    text = Page(desk.get(LIST)).text
    assert "Edge on Windows, this browser" in text
    assert "Safari on iPhone" in text
    assert "203.0.113.9" in text


def test_one_is_ended(agent: User) -> None:
    desk, phone = sign_in("ada", DESK), sign_in("ada", PHONE)
    row = UserSession.objects.get(user_agent=PHONE)
    assert desk.post(END, {"session": row.pk})["Location"] == LIST
    assert phone.get(LIST).status_code == 302
    assert desk.get(LIST).status_code == 200
    assert SecurityEvent.objects.filter(kind=Kind.SESSION_ENDED, account=agent).count() == 1


def test_all_others_are_ended(agent: User) -> None:
    desk, *others = (sign_in("ada", each) for each in (DESK, PHONE, PHONE))
    desk.post(END)
    assert [each.get(LIST).status_code for each in others] == [302, 302]
    assert desk.get(LIST).status_code == 200


@pytest.mark.parametrize("key", ["of another", "99999", "x", "9" * 30])
def test_another_persons_session_is_not_there(key: str, agent: User, manager: User) -> None:
    ada, max_ = sign_in("ada", DESK), sign_in("max", DESK)
    theirs = UserSession.objects.get(user=manager).pk
    assert ada.post(END, {"session": theirs if key == "of another" else key}).status_code == 404
    assert max_.get(LIST).status_code == 200
