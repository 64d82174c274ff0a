"""While the database is away: a calm 503 everywhere, and never a claim that something was recorded."""

import logging
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import requests
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, connection, connections
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory

from contacts_ui import middleware
from contacts_ui.database import is_away
from contacts_ui.models import LedgerEntry
from contacts_ui.request_log import PROBES
from contacts_ui.services.consent import phone_numbers, stops
from contacts_ui.views.errors import AWAY, NOT_CERTAIN, NOT_RECORDED
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, Vendors, logged_in, until
from tests.test_fragments import addresses

pytestmark = pytest.mark.django_db
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
HTMX = {"HX-Request": "true"}
URL = f"/contacts/{MARTY}/do-not-text/"


def caused(kind: type[Exception], cause: BaseException) -> Exception:
    """An error as Django's database layer raises it."""
    error = kind(str(cause))
    error.__cause__ = cause
    return error


class SQLiteError(Exception):
    """As sqlite3's own, which cannot be given a code."""

    __module__ = "sqlite3"

    def __init__(self, code: int) -> None:
        self.sqlite_errorcode = code


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (caused(OperationalError, psycopg.OperationalError("connection refused")), True),
        (caused(OperationalError, psycopg.errors.AdminShutdown()), True),
        (caused(OperationalError, psycopg.errors.CannotConnectNow()), True),
        (caused(OperationalError, psycopg.errors.TooManyConnections()), True),
        (caused(InterfaceError, psycopg.InterfaceError("the connection is closed")), True),
        (InterfaceError("connection already closed"), True),
        (caused(OperationalError, SQLiteError(5)), True),
        (caused(OperationalError, SQLiteError(5 | (2 << 8))), True),
        (caused(OperationalError, SQLiteError(14)), True),
        (caused(OperationalError, SQLiteError(1)), False),
        (caused(OperationalError, psycopg.errors.QueryCanceled()), False),
        (caused(OperationalError, psycopg.errors.DeadlockDetected()), False),
        (ValueError("no"), False),
        (None, False),
    ],
)
def test_what_counts_as_away(error: BaseException | None, away: bool) -> None:
    assert is_away(error) is away


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Stop the database for everything that is asked from now on."""

    def refuse(*_args: Any, **_options: Any) -> Any:
        raise caused(OperationalError, psycopg.OperationalError("connection refused"))

    def begin() -> None:
        monkeypatch.setattr(connection, "_cursor", refuse)
        monkeypatch.setattr(connection, "cursor", refuse)

    yield begin
    monkeypatch.undo()


def test_every_address_answers_calmly(
    outage: Callable[[], None], max_: Client, caplog: pytest.LogCaptureFixture
) -> None:
    everything = set(addresses()) - set(PROBES)
    phone_numbers._key.cache_clear()
    outage()
    caplog.set_level(logging.WARNING)
    for address in everything:
        for method in ("get", "post"):
            for headers in (BROWSER, HTMX):
                caplog.clear()
                said = getattr(max_, method)(address, headers=headers)
                where = f"{method} {address} {headers}: {said.status_code}"
                assert said.status_code == 503, where
                assert said["Retry-After"], where
                assert "no-store" in said["Cache-Control"], where
                assert (b"<html" in said.content) is (headers is BROWSER), where
                assert len([each for each in caplog.records if each.levelno >= 30]) == 1, where
                assert not [each for each in caplog.records if each.exc_info], where


def test_the_page_stands_alone(outage: Callable[[], None], ada: Client) -> None:
    outage()
    page = Page(ada.get("/contacts/?q=Marty", headers=BROWSER))
    assert page.one("h1").text == "The dashboard can't reach its database"
    assert page.one("a")["href"] == "/contacts/?q=Marty"
    assert [each["rel"] for each in page.all("link")].count("stylesheet") == 2


def test_what_was_typed_is_pressed_again(outage: Callable[[], None], ada: Client) -> None:
    """Without JavaScript: the page holds what was typed, but never a password or a file."""
    outage()
    form_type = "application/x-www-form-urlencoded"
    body = "number=(615)+555-0123&reason=%3Cb%3ENo&csrfmiddlewaretoken=t"
    page = Page(ada.post("/stop-a-number/", body, form_type, headers=BROWSER))
    assert "Nothing was recorded." in page.text
    assert page.form("/stop-a-number/") == {"number": "(615) 555-0123", "reason": "<b>No"}
    page = Page(ada.post("/stop-a-number/", "password=x", form_type, headers=BROWSER))
    assert not page.all("form")


def test_htmx_gets_a_sentence(outage: Callable[[], None], ada: Client) -> None:
    outage()
    assert ada.get(URL, headers=HTMX).text == AWAY
    assert ada.post(URL, headers=HTMX).text == NOT_RECORDED


def test_it_claims_nothing_where_the_database_went_away_in_the_middle(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stops.write

    def write(*args: Any, **options: Any) -> Any:
        real(*args, **options)
        raise caused(OperationalError, psycopg.errors.AdminShutdown())

    monkeypatch.setattr(stops, "write", write)
    said = ada.post("/stop-a-number/", {"number": DOC_NUMBER}, headers=HTMX)
    assert (said.status_code, said.text) == (503, NOT_CERTAIN)
    assert not LedgerEntry.objects.exists()


def test_the_probes_tell_life_from_service(outage: Callable[[], None], client: Client) -> None:
    outage()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_a_webhook_is_asked_to_come_again(
    client: Client, settings: Any, vendors: Vendors, outage: Callable[[], None]
) -> None:
    settings.SLICKTEXT_WEBHOOK_SECRET = "a-secret-of-sixteen"
    outage()
    body = '{"name": "contact.optout", "data": {"contact_id": 7778}}'
    address = "/webhooks/slicktext/a-secret-of-sixteen/"
    said = client.post(address, body, content_type="application/json")
    assert (said.status_code, said["Content-Type"]) == (503, "text/plain; charset=utf-8")


def test_a_broken_query_is_still_our_bug(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_options: Any) -> Any:
        raise caused(OperationalError, SQLiteError(1))

    monkeypatch.setattr("contacts_ui.views.contact_list.index.state", broken)
    ada.raise_request_exception = False
    assert ada.get("/contacts/").status_code == 500


def test_a_file_that_cannot_begin_is_a_503() -> None:
    def rows() -> Iterator[bytes]:
        raise caused(OperationalError, psycopg.OperationalError("connection refused"))
        yield b""

    request = RequestFactory().get("/healthz")
    away = middleware.database_away(lambda _: StreamingHttpResponse(rows()))
    assert away(request).status_code == 503
    whole = middleware.database_away(lambda _: StreamingHttpResponse(iter([b"a", b"b"])))
    assert b"".join(whole(request)) == b"ab"  # type: ignore[arg-type]


@pytest.mark.skipif("TEST_DATABASE_RESTART" not in os.environ, reason="needs a PostgreSQL of ours")
@pytest.mark.skipif(
    "PYTEST_XDIST_WORKER" in os.environ,
    reason="stops the database that other tests use; .ci/run runs it alone",
)
@pytest.mark.django_db(transaction=True)
def test_a_real_database_that_stops_and_comes_back(
    live_server: Any, agent: User, vendors: Vendors
) -> None:
    cookies = {"sessionid": logged_in(agent).cookies["sessionid"].value}
    connections.close_all()

    def ask(path: str, *, method: str = "get", **options: Any) -> requests.Response:
        url = f"{live_server.url}{path}"
        return requests.request(
            method, url, cookies=cookies, headers=BROWSER, timeout=60, **options
        )

    assert ask("/contacts/").status_code == 200
    restart = subprocess.Popen([os.environ["TEST_DATABASE_RESTART"], "immediate", "15"])
    try:
        assert until(lambda: ask("/contacts/").status_code == 503)
        answers = [ask(path) for path in ("/contacts/", "/status/", "/accounts/login/", "/readyz")]
        assert [each.status_code for each in answers] == [503] * 4
        assert "reach its database" in answers[0].text
        assert requests.get(f"{live_server.url}/healthz", timeout=60).status_code == 200
    finally:
        restart.wait(60)
    assert until(lambda: ask("/contacts/").status_code == 200)
