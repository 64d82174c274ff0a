"""The same people everywhere, and the vendors seen from behind the dashboard's back."""

import threading
import time
from collections.abc import Callable
from typing import Any

import requests
from django.contrib.auth.models import Group, User
from django.test import Client

from contacts_ui.models import DesiredState
from sandbox.server import Running

SetDesiredState = Callable[..., DesiredState]

STAFF = {
    "vera": ("Vera", "Viewer", "Viewers"),
    "edgar": ("Edgar", "Editor", "Editors"),
    "ada": ("Ada", "Agent", "Agents"),
    "max": ("Max", "Manager", "Managers"),
    "adam": ("Adam", "Admin", "Administrators"),
    "nora": ("Nora", "Newcomer", ""),
}
PASSWORD = "correct-horse-battery"

# The sandbox's first person, whom the vendor's own documents show: subscribed.
MARTY = 7778
MARTY_NUMBER = "+16155553338"
# Nobody has these numbers until a test gives them to somebody.
DOC_NUMBER = "+16155550123"
FREE_NUMBER = "+16155550199"
UNKNOWN_ID = 999_999
CONTACTS = "/brands/26136/contacts"


def make_staff(username: str) -> User:
    """One of STAFF, in their role."""
    first_name, last_name, role = STAFF[username]
    user = User.objects.create_user(
        username, password=PASSWORD, first_name=first_name, last_name=last_name
    )
    if role:
        user.groups.add(group_of(role))
    return user


def group_of(role: str) -> Group:
    return Group.objects.get(name=role)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class Vendors:
    """Both vendors as the sandbox plays them: what they hold, what they were asked, what goes wrong."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.fault = server.set_fault
        self.clear_faults = server.clear_faults
        self.switch = server.set_switches

    # What they hold.

    def contact(self, contact_id: int = MARTY) -> dict[str, Any] | None:
        """The contact as SlickText holds it; not counted as a call."""
        with self.server.sandbox.store.reading() as db:
            row = db.execute(
                "SELECT mobile_number FROM contacts WHERE contact_id = ?", (contact_id,)
            ).fetchone()
        return self.server.truth(row[0])["slicktext"] if row else None

    def status(self, number: str = MARTY_NUMBER) -> str | None:
        held = self.server.truth(number)["slicktext"]
        return held["opt_in_status"] if held else None

    def stopped(self, number: str = MARTY_NUMBER) -> bool | None:
        """Return True if CloudContactAI holds a stop; None if it does not know the number."""
        held = self.server.truth(number)["cloudcontactai"]
        return held["do_not_text"] if held else None

    # What they were asked.

    def calls(self, vendor: str = "", method: str = "") -> list[dict[str, Any]]:
        return [call for call in self.server.calls(vendor) if method in ("", call["method"])]

    def asked(self) -> list[str]:
        """Every call since `forget_calls`, as "slicktext GET"."""
        return [f"{call['vendor']} {call['method']}" for call in self.calls()]

    def forget_calls(self) -> None:
        self.server.sandbox.calls.clear()

    # What somebody else does there.

    def create(self, number: str = DOC_NUMBER, **fields: Any) -> int:
        return self._call("POST", CONTACTS, {"mobile_number": number, **fields})["contact_id"]

    def edit(self, contact_id: int = MARTY, **fields: Any) -> None:
        self._call("PUT", f"{CONTACTS}/{contact_id}", fields)

    def write(self, sql: str, *values: Any) -> None:
        """Put something into SlickText's own records that its API would not take."""
        with self.server.sandbox.store.writing() as db:
            db.execute(sql, values)
            # So that the next reset brings the people of the seed back.
            self.server.sandbox.store.record(db, "slicktext", "", "test", {})

    def _call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        before = self.server.sandbox.calls
        reply = requests.request(
            method,
            self.server.slicktext_url + path,
            json=body,
            headers={"Authorization": "Bearer sandbox-slicktext-key"},
        )
        assert reply.ok, reply.text
        before.clear()
        return reply.json()


def at_once(*calls: Callable[[], Any]) -> None:
    """Make each call in a thread of its own, and wait until all have ended."""
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What `condition` returns once it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.02)
    return found
