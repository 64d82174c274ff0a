"""A fragment never receives a page: whatever htmx asks for, no answer to it holds a whole document."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, get_resolver, reverse

from contacts_ui import middleware
from contacts_ui.views import errors
from tests.people import MARTY, MARTY_NUMBER, Vendors
from tests.test_urls_and_roles import ROLES, _names, browser_of  # noqa: F401

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/contacts/"}
PAGE = b"\n<!DOCTYPE html>\n<html lang='en'><body>Page</body></html>"


def addresses() -> list[str]:
    """Return every address of the dashboard and of signing in, signing out last."""
    made = []
    for name in _names(get_resolver()):
        for args in ([], [MARTY_NUMBER], [MARTY], ["x"], ["x", "y"]):
            try:
                made.append(reverse(name, args=args))
                break
            except NoReverseMatch:
                continue
    assert len(made) > 70
    return sorted(made, key=lambda each: "logout" in each)


def answer(status: int, content: bytes = PAGE, method: str = "get", **headers: str) -> HttpResponse:
    request = getattr(RequestFactory(), method)("/x/?a=1", headers={**HTMX, **headers})
    through = middleware.fragments(lambda _: HttpResponse(content, status=status))
    return through(request)  # type: ignore[return-value]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 422, 429, 500, 503])
@pytest.mark.parametrize("content", [PAGE, b""])
def test_an_error_is_a_sentence(status: int, content: bytes) -> None:
    said = answer(status, content)
    assert said.status_code == status
    assert said["Content-Type"] == "text/plain; charset=utf-8"
    assert said.text == errors.sentence_of(status)
    assert len(said.text) < 300


def test_a_redirect_to_the_sign_in_leads_the_whole_page_there() -> None:
    request = RequestFactory().post("/x/", headers=HTMX)
    to_login = HttpResponseRedirect("/accounts/login/?next=/x/")
    sent = middleware.fragments(lambda _: to_login)(request)
    assert (sent.status_code, sent["HX-Redirect"]) == (204, "/accounts/login/?next=/x/")
    assert not sent.has_header("Location")
    sent = middleware.fragments(lambda _: HttpResponseRedirect("/jobs/1/"))(request)
    assert (sent.status_code, sent["Location"]) == (302, "/jobs/1/")


def test_a_page_that_was_asked_for_is_opened_as_one() -> None:
    sent = answer(200)
    assert (sent.status_code, sent.content, sent["HX-Redirect"]) == (204, b"", "/x/?a=1")
    pressed = answer(200, method="post")
    assert (pressed.status_code, pressed.content, pressed["HX-Refresh"]) == (204, b"", "true")


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_who_wants_a_whole_page_gets_it(header: str) -> None:
    assert answer(404, **{header: "true"}).content == PAGE


@pytest.mark.parametrize("status", [200, 409, 422, 503])
def test_a_fragment_passes(status: int) -> None:
    assert answer(status, b"<div>Words</div>").content == b"<div>Words</div>"


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_address_answers_htmx_with_a_page(
    method: str,
    role: str,
    browser_of: Callable[[str], Client],  # noqa: F811
    vendors: Vendors,
) -> None:
    browser = browser_of(role)
    for address in addresses():
        said: Any = getattr(browser, method)(address, headers=HTMX)
        where = f"{address}: {said.status_code}"
        assert b"<html" not in said.content[:2000].lower() if not said.streaming else True, where
        assert "/login" not in said.headers.get("Location", ""), where
        if said.status_code >= 400:
            assert said.content, where
        if not said.streaming and "Content-Length" in said:
            assert said["Content-Length"] == str(len(said.content)), where
