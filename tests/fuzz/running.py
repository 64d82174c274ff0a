"""Sending odd requests to the dashboard in this process, and counting how they end."""

import io
import json
import logging
import re
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from unittest import mock

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.signals import got_request_exception
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.test import Client, override_settings

from contacts_ui.integrations import http
from contacts_ui.odd_requests import Application
from contacts_ui.services.consent.phone_numbers import id_of
from contacts_ui.services.vendors import forget_connections
from dashboard.vendors import (
    PRACTICE_SLICKTEXT_SECRET,
    SANDBOX_CCAI_KEY,
    SANDBOX_SLICKTEXT_KEY,
    Vendors,
    VendorSettings,
)
from sandbox.server import Running
from tests.furnished import furnish
from tests.fuzz.making import ROLES, Made, Maker
from tests.hooks import signature
from tests.pages import Page
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY, MARTY_NUMBER, make_staff

TOKEN: Final = "t" * 32
# Every so many requests the vendors change how they are.
STRETCH: Final = 200
FAULTS: Final = ("down", "error", "html", "unauthorized", "drop_after")
HASH: Final = re.compile(r'"eventHash": "([^"]*)"')
NUMBERS: Final = {"{marty}": MARTY_NUMBER, "{doc}": DOC_NUMBER, "{free}": FREE_NUMBER}
SHOWN: Final = 20


@dataclass
class Answer:
    """How one request ended; `error` is what was raised, `place` where."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: str = ""
    place: str = ""
    seconds: float = 0.0

    @property
    def is_bad(self) -> bool:
        """Return True for what no request may lead to; 503 is a vendor's error, and says so."""
        return bool(self.error) or self.status == 0 or (self.status >= 500 and self.status != 503)


@dataclass
class Report:
    """What many requests led to."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    slowest: tuple[float, str] = (0.0, "")

    def note(self, made: Made, answer: Answer) -> None:
        """Count an answer; keep the first example of each failure."""
        self.statuses[answer.status] += 1
        if answer.seconds > self.slowest[0]:
            self.slowest = (answer.seconds, f"{made.role} {made.method} {made.path[:80]}")
        if answer.is_bad:
            kind = f"{answer.status} {answer.error.splitlines()[-1] if answer.error else ''} {answer.place}"
            self.failures[kind] += 1
            self.examples.setdefault(kind, json.dumps(made.as_dict()))

    def words(self) -> str:
        """Return the counts, and how to repeat each failure."""
        lines = [f"{status}  {many:>7,}" for status, many in sorted(self.statuses.items())]
        many = self.statuses.total()
        lines.append(
            f"{many:,} requests in {self.seconds:.0f} s ({many / max(self.seconds, 0.01):.0f} a second)"
        )
        lines.append("the slowest took {:.1f} s: {}".format(*self.slowest))
        for kind, many in self.failures.most_common(SHOWN):
            lines += ["", f"{many} x {kind}", f"  bin/fuzz.py --repeat '{self.examples[kind]}'"]
        lines.append(f"{sum(self.failures.values())} failures of {len(self.failures)} kinds")
        return "\n".join(lines)


class Sender:
    """Sends requests with the session of each role that is signed in, its key by the role."""

    def __init__(self, sessions: dict[str, str]) -> None:
        self._app = Application()
        self._sessions = sessions

    def send(self, made: Made) -> Answer:
        """Send one request, as a server would hand it over, and read the answer to its end."""
        answer, raised = Answer(), []

        def on_error(sender: Any, **kwargs: Any) -> None:
            raised.append(traceback.format_exc())

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            answer.status, answer.headers = int(status.split()[0]), dict(headers)

        began = time.monotonic()
        got_request_exception.connect(on_error)
        try:
            response = self._app(self._environ(made), start)
            try:
                answer.body = b"".join(response)
            finally:
                response.close()
        except Exception:
            raised.append(traceback.format_exc())
        finally:
            got_request_exception.disconnect(on_error)
        answer.seconds = time.monotonic() - began
        if raised:
            answer.error, answer.place = raised[0], _place(raised[0])
        if answer.headers.get("Location", "").startswith(resolve_url(settings.LOGIN_URL)):
            # Signed out, or never in.
            self._sessions.pop(made.role, None)
        return answer

    def _environ(self, made: Made) -> dict[str, Any]:
        path, body = made.path, made.body.encode("latin-1")
        for word, number in NUMBERS.items():
            path = path.replace(word, id_of(number))
        cookies = {"csrftoken": TOKEN, "sessionid": self._session(made.role), **made.cookies}
        environ: dict[str, Any] = {
            "REQUEST_METHOD": made.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": made.query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "testserver",
            "HTTP_COOKIE": "; ".join(f"{name}={text}" for name, text in cookies.items() if text),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": made.type,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if made.token:
            environ["HTTP_X_CSRFTOKEN"] = TOKEN
        if "cloudcontactai" in path and (found := HASH.search(made.body)):
            environ["HTTP_X_CCAI_SIGNATURE"] = signature(found[1])
        for name, text in made.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"] = text
        return environ

    def _session(self, role: str) -> str:
        return self._sessions.get(role, "")


class Fuzz(Sender):
    """A furnished dashboard and a browser for each role. `sandbox` is what it is connected to."""

    def __init__(self, sandbox: Running, seed: int) -> None:
        super().__init__({})
        self.sandbox = sandbox
        self._users = {role: _person(role) for role in {*ROLES} if role != "anonymous"}
        furnish(self._users["ada"], self._users["max"])
        known = {
            "id": [str(each) for each in (1, 1, 2, 3, MARTY, MARTY, MARTY + 1, MARTY + 2)],
            "number": list(NUMBERS),
            "text": [PRACTICE_SLICKTEXT_SECRET, MARTY_NUMBER],
        }
        self.maker = Maker(seed, known)

    def run(
        self, requests: int, seconds: float = 1e9, tell: Callable[[str], None] | None = None
    ) -> Report:
        """Send so many odd requests, and begin no other after `seconds`."""
        report, began = Report(), time.monotonic()
        for at in range(requests):
            if at % STRETCH == 0:
                self._change_the_vendors()
                if tell and at and at % 5000 == 0:
                    tell(f"{at:,} sent, {sum(report.failures.values())} failures")
            made = self.maker.make()
            answer = self.send(made)
            report.note(made, answer)
            if answer.status == 405:
                self.maker.refused.add((made.method, made.pattern))
            for pressed in self._pressed(made, answer):
                report.note(pressed, self.send(pressed))
            report.seconds = time.monotonic() - began
            if report.seconds > seconds:
                break
        self.sandbox.clear_faults()
        return report

    def _session(self, role: str) -> str:
        if role == "anonymous":
            return ""
        if role not in self._sessions:
            browser, user = Client(), self._users[role]
            User.objects.filter(pk=user.pk).update(is_active=True)
            user.refresh_from_db()
            browser.force_login(user)
            self._sessions[role] = browser.cookies["sessionid"].value
        return self._sessions[role]

    def _change_the_vendors(self) -> None:
        self.sandbox.clear_faults()
        if self.maker.chance.random() < 0.2:
            vendor = self.maker.chance.choice(("slicktext", "cloudcontactai"))
            self.sandbox.set_fault(vendor, self.maker.chance.choice(FAULTS))

    def _pressed(self, made: Made, answer: Answer) -> Iterator[Made]:
        """Yield presses of forms that a page had, filled in as they were, apart from a field or two."""
        html = answer.headers.get("Content-Type", "").startswith("text/html")
        if made.method != "GET" or not html or answer.status != 200 or b"<form" not in answer.body:
            return
        page = Page(HttpResponse(answer.body))
        buttons = [each for each in page.all("button") if each["type"] in (None, "submit")]
        for button in self.maker.chance.sample(buttons, min(len(buttons), 3)):
            try:
                address, data = page.press(button)
            except (StopIteration, AssertionError):
                continue
            path, _, query = address.partition("?")
            path = made.path if path == "None" else path
            data = self.maker.change(data, path)
            body = self.maker.encoded([(name, str(text)) for name, text in data.items()])
            pressed = Made(
                made.role, "POST", path, query, body=body, type="application/x-www-form-urlencoded"
            )
            self.maker.spoil(pressed)
            yield pressed


def _person(role: str) -> User:
    if role != "administrator":
        return make_staff(role)
    user = User.objects.create_user(role, password="correct-horse-battery")
    user.groups.set(Group.objects.filter(name="Administrators"))
    return user


def _place(error: str) -> str:
    """Return the last line of our own that a traceback names."""
    ours = re.findall(
        r'File "[^"]*?((?:contacts_ui|dashboard|templates)/[^"]+)", line (\d+)', error
    )
    return ":".join(ours[-1]) if ours else "outside our code"


def be_quiet() -> None:
    """Log nothing: the report says what failed."""
    logging.disable(logging.CRITICAL)


@contextmanager
def connect(sandbox: Running) -> Iterator[None]:
    """Have the dashboard use this sandbox as fast as it can, with short pauses after an error."""
    vendors = Vendors(
        VendorSettings(f"{sandbox.url}/v1", SANDBOX_SLICKTEXT_KEY, "26136"),
        VendorSettings(f"{sandbox.url}/api", SANDBOX_CCAI_KEY, "sandbox-client"),
        sandbox=True,
    )
    sandbox.set_switches(rate_limit=False)
    quick = override_settings(
        VENDORS=vendors,
        SLICKTEXT_CALLS_PER_SECOND=10_000.0,
        STOP_DEADLINE_SECONDS=0.3,
        READS_PER_HOUR=0,
    )
    forget_connections()
    with (
        quick,
        mock.patch.multiple(
            http, BACKOFF_MIN_SECONDS=0.001, BACKOFF_MAX_SECONDS=0.01, JITTER_SECONDS=0.001
        ),
    ):
        yield
    forget_connections()
