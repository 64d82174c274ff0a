"""What a person reads: (417) 555-0123, Nov 28, 2026, and 3:05 PM EST; never +14175550123 or 2026-11-28."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
import time_machine
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import reverse

from contacts_ui.models import DesiredState, Job, LedgerEntry
from contacts_ui.models.ledger import Action
from contacts_ui.practice import history
from sandbox.server import Running
from tests.people import MARTY, MARTY_NUMBER, logged_in

from .conftest import NOW

pytestmark = pytest.mark.django_db
# A number in E.164, a day in ISO 8601, a time by 24 hours.
MACHINE = re.compile(r"\+1\d{10}\b|\b\d{4}-\d\d-\d\d|\b\d\d?:\d\d(:\d\d)?\b(?! [AP]M|:)")
SPOKEN = ("title", "aria-label", "alt", "placeholder", "data-announce")
PAGES = (
    *("/contacts/", "/contacts/?live=1", f"/contacts/?q={MARTY_NUMBER}", "/contacts/?q=marty"),
    *(f"/contacts/{MARTY}/{page}" for page in ("", "history/", "edit/", "delete/", "opt-in/")),
    f"/contacts/{MARTY}/do-not-text/",
    *("/contacts/export/", "/contacts/import/", "/contacts/views/", "/stop-a-number/"),
    *("/overview/", "/attention/", "/opt-outs/", "/lift-requests/", "/disagreements/"),
    *("/possible-opt-outs/", "/texts-after-stop/", "/jobs/", "/jobs/new/", "/audit/"),
    *("/status/", "/accounts/sessions/"),
)


class Words(HTMLParser):
    """The words of a page for eyes and screen readers, apart from code, inputs and data attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._skipped = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "code", "textarea", "pre"):
            self._skipped = tag
        if tag != "input":
            self.words += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        if tag == self._skipped:
            self._skipped = ""

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.words.append(data)


def machine_words(response: HttpResponse) -> Iterator[str]:
    for text in Words(response.content.decode()).words:
        yield from (f"{found[0]} in “{text.strip()[:200]}”" for found in MACHINE.finditer(text))


def test_pages_are_written_for_people(many_people: Running) -> None:
    history.write(now=NOW)
    numbers = DesiredState.objects.order_by("number").values_list("number", flat=True).distinct()
    edits = LedgerEntry.objects.filter(action=Action.CONTACT_EDITED).order_by("contact_id")
    managers = [
        *PAGES,
        *(reverse("job-detail", args=[job.pk]) for job in Job.objects.all()),
        *(
            reverse(name, args=[number])
            for name in ("number-detail", "number-history", "evidence")
            for number in numbers[:4]
        ),
        *(
            reverse("contact-detail", args=[contact_id])
            for contact_id in edits.values_list("contact_id", flat=True).distinct()
        ),
    ]
    found = []
    pages = {
        "agent": ["/contacts/", "/lift-requests/mine/"],
        "manager": managers,
        "admin": ["/people/", "/audit/security/"],
    }
    with time_machine.travel(NOW):
        for username, addresses in pages.items():
            browser = logged_in(User.objects.get(username=username))
            for address in addresses:
                response = browser.get(address)
                assert response.status_code == 200, address
                found += [f"{address}: {words}" for words in machine_words(response)]
    assert not found, "\n".join(found)
