"""A real Chromium against a real server, a real database and both vendors in miniature."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.people import Vendors

# Playwright's loop makes Django think that it runs in async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
# A busy machine is slow; what is right appears sooner. Playwright's own five seconds were once too few in CI.
TIMEOUT_MS = 60_000
expect.set_options(timeout=TIMEOUT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests without Chromium, with a reason; in CI, fail."""
    for item in items:
        if "/browser/" not in str(item.path):
            continue
        item.add_marker(pytest.mark.browser)
        if not CHROMIUM and not os.environ.get("NEED_CHROMIUM"):
            item.add_marker(pytest.mark.skip(reason="Chromium is not installed"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    return {"executable_path": CHROMIUM or "chromium", "args": [*switches, *quiet]}


@pytest.fixture
def open_as(
    browser: Browser, live_server: Any, vendors: Vendors, transactional_db: None
) -> Iterator[Callable[..., Page]]:
    """Open the dashboard signed in; every complaint of the browser's console fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(user: User, address: str = "/contacts/", **options: Any) -> Page:
        options = {"viewport": DESKTOP, "timezone_id": "America/Chicago", **options}
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        client = Client()
        client.force_login(user)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: _listen(message, complaints))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, complaints


# The browser also reports answers such as 403 and 422, which some tests expect, and htmx says twice that a
# page was left while it waited for an answer.
_ABORTED = ("htmx:afterRequest", "htmx:sendAbort")
_EXPECTED = ("Failed to load resource", "Response Status Error Code", *_ABORTED)


def _listen(message: Any, complaints: list[str]) -> None:
    if message.type == "error" and not message.text.startswith(_EXPECTED):
        complaints.append(message.text)
