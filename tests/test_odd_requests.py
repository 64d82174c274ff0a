"""What no browser of ours sends: a 400 with a calm page or a sentence, or the form's own complaint; never a 500."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from contacts_ui.forms.audit import SecurityEventsForm
from contacts_ui.models import LedgerEntry, WebhookEvent
from contacts_ui.odd_requests import Application
from dashboard.wsgi import application

from .fuzz.making import Made
from .fuzz.running import Answer, Sender
from .hooks import SLICKTEXT, hint
from .people import MARTY, MARTY_NUMBER, Vendors

pytestmark = pytest.mark.django_db
Ask = Callable[..., Answer]
FORM = "application/x-www-form-urlencoded"
STOP = f"/contacts/{MARTY}/do-not-text/"
PAGE = "We can't read this request"
SENTENCE = "The dashboard could not read this. Reload the page and try again."


@pytest.fixture
def ask(max_: Client, vendors: Vendors) -> Iterator[Ask]:
    """As a server hands it over: the test client would not make such a request at all."""
    sender = Sender({"max": max_.cookies["sessionid"].value})
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield lambda method, path, **facts: sender.send(Made("max", method, path, **facts))
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.parametrize(
    "facts",
    [
        {"headers": {"HX-Current-URL": "http://["}},
        {"headers": {"HX-Current-URL": "http%3A//%5B", "HX-Current-URL-URI-AutoEncoded": "true"}},
        {"headers": {"HX-Current-URL": "http://testserver:99999999/"}},
        {"headers": {"Referer": "http://["}},
        {"headers": {"Origin": "http://["}},
        {"headers": {"Content-Length": "x"}},
        {"headers": {"Content-Length": "-1"}},
        {"headers": {"Host": "a b"}},
        {"type": f"{FORM}; charset=utf-7"},
        {"type": f"{FORM}; charset=nonsense"},
        {"type": f"{FORM}; charset=rot13"},
        {"type": f"{FORM}; charset=undefined"},
        {"type": f"{FORM}; charset=latin-1"},
        {"type": f"{FORM}; charset=\0"},
        {"type": f"{FORM}; charset*=x''%ff"},
        {"type": "multipart/form-data; boundary=B; charset=utf-7", "body": "--B--\r\n"},
        {"query": "q=a%00b"},
        {"query": "custom.%00=x"},
        {"query": "next=http://["},
        {"query": "&".join(f"a{each}=1" for each in range(1500))},
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_happens(
    ask: Ask, facts: dict[str, Any]
) -> None:
    for method, path in (("GET", "/contacts/"), ("POST", STOP)):
        answer = ask(method, path, **facts)
        assert (answer.status, answer.error) == (400, ""), answer.error
        assert PAGE in answer.body.decode()
        facts["headers"] = {"HX-Request": "true"} | facts.get("headers", {})
        fragment = ask(method, path, **facts)
        assert (fragment.status, fragment.body.decode()) == (400, SENTENCE)
        del facts["headers"]["HX-Request"]
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(
    "facts",
    [
        {"type": "multipart/form-data; boundary="},
        {"type": f"multipart/form-data; boundary={'b' * 300}"},
        {"type": "multipart/form-data; boundary=é"},
        {"type": FORM, "body": "reason=a%00b"},
        {"type": FORM, "body": "next=http://["},
        {"type": FORM, "body": "&".join(f"a{each}=1" for each in range(1500))},
        {"type": "multipart/form-data; boundary=B", "body": "--B\r\nContent-Transfer-Encoding: base64\r\n"
         'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n\xff\r\n--B--\r\n'},
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/contacts/import/", "/nowhere/", "/contacts/999999/ask-lift/"])
def test_a_body_that_cannot_be_read(ask: Ask, path: str, facts: dict[str, Any]) -> None:
    """Also where the answer is another error, whose page asks for the form again."""
    for token in (True, False):
        answer = ask("POST", path, token=token, **facts)
        assert (answer.status in (400, 403, 404), answer.error) == (True, ""), answer.error


def test_bytes_that_are_no_utf_8_are_shown_as_such(ask: Ask) -> None:
    assert ask("GET", "/contacts/", query="q=%ff%fe").status == 200
    assert ask("GET", "/contacts/", query="q=%zz%").status == 200
    assert ask("GET", "/contacts/\xff/").status == 404


@pytest.mark.django_db(transaction=True)
def test_a_form_in_utf_8_is_a_form(ask: Ask) -> None:
    for charset in ("utf-8", "UTF-8", "utf8"):
        answer = ask("POST", STOP, type=f"{FORM}; charset={charset}", body="channel=phone")
        assert answer.status == 302
    assert LedgerEntry.objects.filter(channel="phone").exists()


@pytest.mark.parametrize("kind", ["application/json; charset=utf-7", "text/plain; charset*=x''%ff"])
def test_a_hook_is_never_lost_for_its_charset(ask: Ask, kind: str) -> None:
    """It may be a stop, and is read as bytes."""
    assert ask("POST", SLICKTEXT, type=kind, body=json.dumps(hint())).status == 200
    assert WebhookEvent.objects.count() == 1


LISTS = (
    *("/contacts/", "/opt-outs/", "/jobs/", "/audit/", "/texts-after-stop/"),
    *("/attention/", "/disagreements/", "/possible-opt-outs/", "/lift-requests/"),
)
DATED = {
    "/audit/": ("from", "to"),
    "/opt-outs/": ("from", "to"),
    "/overview/": ("from", "to"),
    "/texts-after-stop/": ("from", "to"),
    "/lift-requests/": ("since", "until"),
}


@pytest.mark.parametrize(
    "day", ["0001-01-01", "9999-12-31", "0001-01-01T00:00", "9999-12-31T23:59"]
)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("path", DATED)
def test_the_edges_of_the_calendar(ask: Ask, path: str, day: str, zone: str, settings: Any) -> None:
    settings.TIME_ZONE = zone
    for name in DATED[path]:
        answer = ask("GET", path, query=f"{name}={day}")
        words = answer.body.decode()
        assert answer.status == 200, answer.error
        assert "Enter a year between 1991 and 8999." in words or "Enter a valid date" in words


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31T23:59"])
def test_the_edges_of_the_calendar_for_administrators(day: str) -> None:
    for name in ("from", "to"):
        assert not SecurityEventsForm({name: day}).is_valid()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59"])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        (STOP, "asked_at"),
        ("/stop-a-number/", "asked_at"),
        (f"/contacts/{MARTY}/opt-in/", "consent_at"),
        (f"/contacts/{MARTY}/ask-lift/", "consent_at"),
    ],
)
def test_the_edges_of_the_calendar_in_a_form(
    ask: Ask, path: str, field: str, moment: str, settings: Any
) -> None:
    settings.TIME_ZONE = "Pacific/Kiritimati"
    form = f"{field}={moment}&number=%2B16155550123&status=subscribed&channel=phone"
    answer = ask("POST", path, type=FORM, body=form)
    assert answer.status == 422
    assert "Enter a year between 1991 and 8999." in answer.body.decode()
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("number", ["9" * 9, "9" * 18, "9" * 30, "9" * 5000, "-1", "²", "٣", "1e9"])
def test_page_numbers_that_there_are_not(ask: Ask, path: str, number: str) -> None:
    names = ("offset", "size", "page", "before", "after", "entry", "reading")
    query = "&".join(f"{name}={quote(number)}" for name in names)
    answer = ask("GET", path, query=query)
    assert answer.status in (200, 302), answer.error


@pytest.mark.parametrize(
    "facts",
    [
        {"cookies": {"messages": "["}},
        {"headers": {"Range": "bytes=9-1"}},
        {"headers": {"Accept-Language": "x" * 900}},
        {"headers": {"Accept-Language": "é, \xff"}},
        {"headers": {"If-Modified-Since": "Mon, 99 Jan 99999 1:1:1 GMT"}},
        {"headers": {"X-Forwarded-For": "1.2.3.4, é, ["}},
    ],
)
def test_odd_headers_that_change_nothing(ask: Ask, facts: dict[str, Any]) -> None:
    assert ask("GET", "/contacts/", query=f"q={MARTY_NUMBER}", **facts).status == 200


@pytest.mark.parametrize("session", ["\0", "é", "a" * 5000, "../x", "a" * 32])
def test_an_odd_session_is_none(ask: Ask, session: str) -> None:
    answer = ask("GET", "/contacts/", cookies={"sessionid": session})
    assert (answer.status, answer.error) == (302, "")


def test_the_server_uses_it() -> None:
    assert isinstance(application, Application)
