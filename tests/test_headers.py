"""What goes along with every page: the policy, no caching, and where the time went."""

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from dashboard.urls import urlpatterns as real_urls

from .pages import Page
from .people import MARTY, Vendors

pytestmark = pytest.mark.django_db
PAGES = [
    "/contacts/",
    "/contacts/?q=nobody+at+all",
    "/contacts/?number=nonsense",
    "/contacts/?offset=9999",
    "/contacts/new/",
    f"/contacts/{MARTY}/",
    f"/contacts/{MARTY}/edit/",
    f"/contacts/{MARTY}/delete/",
    f"/contacts/{MARTY}/do-not-text/",
    f"/contacts/{MARTY}/opt-in/",
    "/contacts/999999/",
    "/status/",
    "/accounts/password/",
    "/accounts/password/done/",
    "/nowhere/",
]


@pytest.fixture(params=PAGES)
def response(request: pytest.FixtureRequest, max_: Client) -> HttpResponse:
    return max_.get(request.param)


def assert_no_inline(html: str) -> None:
    """Nothing that the policy would have to allow."""
    page = Page(HttpResponse(html))
    for element in page.elements:
        assert element.tag != "style", "an inline style sheet"
        assert element["style"] is None, f"an inline style at {element.tag}"
        assert not [name for name in element.attributes if name.startswith("on")], element
        assert not str(element["href"] or "").lower().startswith("javascript:")
        assert not [name for name in element.attributes if name.startswith("hx-on")], element
        if element.tag == "script":
            assert element["src"]
            assert element.text == ""
            assert str(element["src"]).startswith("/static/")
        if element.tag in ("link", "img", "use"):
            assert not re.match(r"(https?:)?//", str(element["href"] or element["src"] or ""))


def test_nothing_inline(response: HttpResponse) -> None:
    assert_no_inline(response.content.decode())


def test_the_policy(response: HttpResponse) -> None:
    policy = response["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "data:" not in policy


def test_other_headers(response: HttpResponse) -> None:
    assert response["Cache-Control"] == "no-store, private"
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]


def test_server_timing(response: HttpResponse) -> None:
    timing = response["Server-Timing"]
    durations = {m[1]: float(m[2]) for m in re.finditer(r"(\w+);dur=([\d.]+)", timing)}
    assert list(durations) == ["total", "db", "vendor", "render"]
    assert all(milliseconds >= 0 for milliseconds in durations.values())
    assert durations["total"] >= durations["db"]


def test_server_timing_tells_where_the_time_went(max_: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "latency", seconds=0.25)
    timing = max_.get("/contacts/")["Server-Timing"]
    durations = {m[1]: float(m[2]) for m in re.finditer(r"(\w+);dur=([\d.]+)", timing)}
    assert durations["total"] > durations["vendor"] >= 250
    assert {"render", "db"} <= durations.keys()
    assert 'calls;desc="1"' in timing


@pytest.mark.parametrize("address", ["/accounts/login/", "/healthz", "/readyz", "/nowhere/"])
def test_pages_before_the_login_have_them_too(address: str, client: Client) -> None:
    response = client.get(address)
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert response["Cache-Control"]
    assert "total;dur=" in response["Server-Timing"]
    assert_no_inline(response.content.decode())


def test_refusals_and_errors_have_nothing_inline(
    vera: Client, max_: Client, vendors: Vendors
) -> None:
    assert_no_inline(vera.get("/status/").content.decode())
    vendors.fault("slicktext", "down")
    assert_no_inline(max_.get("/contacts/").content.decode())
    assert_no_inline(max_.post("/contacts/new/").content.decode())


def broken(request: Any) -> HttpResponse:
    raise RuntimeError("a secret of ours: +16155553338")


broken.login_required = False
urlpatterns = [path("broken/", broken), *real_urls]


@pytest.mark.urls(__name__)
def test_an_error_of_ours_shows_no_secret(client: Client) -> None:
    client.raise_request_exception = False
    response = client.get("/broken/")
    html = response.content.decode()
    assert response.status_code == 500
    assert "Something went wrong on our side" in html
    assert "6155553338" not in html
    assert_no_inline(html)


def test_a_form_without_its_token(agent: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/accounts/login/", {"username": "ada", "password": "x"})
    assert response.status_code == 403
    assert "Nothing was recorded." in Page(response).text
    assert_no_inline(response.content.decode())
