"""Each page says how many contacts it showed; who reads very many waits between lists, and never before a stop."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import (
    ContactReads,
    IncomingMessage,
    LedgerEntry,
    SecurityEvent,
    SecurityEventKind,
)
from contacts_ui.models.ledger import Action
from contacts_ui.services.security import reading
from contacts_ui.urls import urlpatterns
from contacts_ui.views.contact_reads import PACED, SHOWN
from contacts_ui.views.overview import _read
from tests.furnished import furnish
from tests.pages import Page
from tests.people import MARTY, MARTY_NUMBER

pytestmark = pytest.mark.django_db
# Addresses that show no contact; files and what was just uploaded have traces of their own.
NO_CONTACT = {
    "home", "keyboard", "contact-filters", "search-help", "contact-columns",
    "saved-view-list", "saved-view-counts", "saved-view-new", "saved-view-edit",
    "saved-view-delete", "contact-export", "list-export", "contact-import", "import-columns", "import-check",
    "import-problems", "contact-new", "contact-history", "number-history", "unsend-stop", "tell-now", "number-unsend",
    "number-tell-now", "lift-request-withdraw", "possible-opt-out-stop", "possible-opt-out-dismiss",
    "possible-opt-out-reopen", "job-list", "job-new", "job-start", "job-pause", "job-resume", "job-cancel",
    "job-results", "opt-outs-reviewed", "opt-outs-export",
    "attention-retry", "attention-resolve", "attention-match", "attention-close", "attention-text-close",
    "evidence-by-number", "security-events", "probe-again", "status", "disagreements-repair", "disagreement-repair",
    "webhook-cloudcontactai", "webhook-slicktext", "healthz", "readyz", "metrics", "reset-practice",
}  # fmt: skip
# About accounts, and redirects.
ABOUT_ACCOUNTS = ("account-", "people-", "person-", "moved-")


def shown(staff: User) -> int:
    return sum(ContactReads.objects.filter(account=staff).values_list("contacts", flat=True))


def link(page: Page, words: str) -> str | None:
    return next(each["href"] for each in page.all("a") if each.text == words)


def read_much(staff: User, many: int = 3001) -> None:
    reading.shown(staff, many)


def test_every_address_says_how_many_contacts_it_shows() -> None:
    names = {str(each.name) for each in urlpatterns}
    named = {name for name in names if not name.startswith(ABOUT_ACCOUNTS)}
    assert set(SHOWN) <= named
    assert not set(SHOWN) & NO_CONTACT
    assert named - set(SHOWN) - NO_CONTACT == set()
    assert set(PACED) <= set(SHOWN)


def test_a_table_counts_its_rows(vera: Client, viewer: User) -> None:
    page = vera.get("/contacts/")
    rows = len(page.context_data["listing"]["rows"])
    assert rows > 20
    assert shown(viewer) == rows
    vera.get("/contacts/?q=615-555-3338", headers={"HX-Request": "true"})
    assert shown(viewer) == rows + 1


def test_a_row_names_the_person_and_counts(vera: Client, viewer: User) -> None:
    row = vera.get(f"/contacts/{MARTY}/do-not-text/?view=row", headers={"HX-Request": "true"})
    assert "McFly" in row.text
    assert shown(viewer) == 1


@pytest.mark.parametrize(
    ("address", "many"),
    [
        (f"/contacts/{MARTY}/", 1),
        (f"/contacts/{MARTY}/edit/", 1),
        (f"/contacts/{MARTY}/delete/", 1),
        (f"/contacts/{MARTY}/opt-in/", 1),
        (f"/contacts/{MARTY}/do-not-text/", 1),
        (f"/contacts/{MARTY}/history/", 0),
        ("/contacts/new/", 0),
        ("/contacts/export/", 0),
        ("number-detail", 1),
        ("evidence", 1),
        ("/stop-a-number/", 0),
        (f"/stop-a-number/known/?number={MARTY_NUMBER[1:]}", 1),
        ("/opt-outs/", 1),
        ("/lift-requests/", 1),
        ("/lift-requests/mine/", 0),
        ("/possible-opt-outs/", 1),
        ("/attention/", None),
        ("/overview/", 6),
        ("/status/", 0),
    ],
)
def test_a_page_counts_the_people_it_shows(
    address: str, many: int | None, max_: Client, agent: User, manager: User
) -> None:
    furnish(agent, manager)
    now = timezone.now()
    IncomingMessage.objects.all().delete()
    IncomingMessage.objects.create(
        vendor="slicktext", key="1", number=MARTY_NUMBER, words="no more", heard_at=now, due_at=now
    )
    ContactReads.objects.all().delete()
    url = address if address.startswith("/") else reverse(address, args=[MARTY_NUMBER])
    response = max_.get(url)
    assert response.status_code == 200
    if many is None:
        many = response.context_data["count"]
        assert many
    assert shown(manager) == many


def test_the_audit_counts_its_entries(max_: Client, agent: User, manager: User) -> None:
    furnish(agent, manager)
    ContactReads.objects.all().delete()
    assert shown(manager) == 0
    entries = max_.get("/audit/").context_data["entries"]
    assert shown(manager) == len(entries) > 3


def test_what_asks_by_itself_does_not_count(ada: Client, agent: User) -> None:
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    ContactReads.objects.all().delete()
    ada.get(f"/contacts/{MARTY}/do-not-text/", headers={"HX-Request": "true"})
    assert shown(agent) == 0


def test_no_limit_counts_nothing(vera: Client, viewer: User, settings: Any) -> None:
    settings.READS_PER_HOUR = 0
    vera.get("/contacts/")
    assert shown(viewer) == 0


def test_above_the_limit_a_list_opens_every_ten_seconds(vera: Client, viewer: User) -> None:
    read_much(viewer)
    assert vera.get("/contacts/").status_code == 200
    before = shown(viewer)
    response = vera.get("/contacts/?q=Marty&offset=50")
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= reading.PAUSE_SECONDS
    page = Page(response)
    assert "Lists now open every 10 seconds" in page.text
    assert link(page, "Try again") == "/contacts/?q=Marty&offset=50"
    assert shown(viewer) == before
    fragment = vera.get("/contacts/", headers={"HX-Request": "true"})
    assert fragment.status_code == 429
    assert fragment["Content-Type"].startswith("text/plain")
    assert fragment.text.startswith("You opened many contacts this hour.")


OPEN = [
    ("get", f"/contacts/{MARTY}/", 200),
    ("get", "/contacts/?q=(615)+555-3338", 200),
    ("get", "number-detail", 200),
    ("get", "/stop-a-number/", 200),
    ("get", f"/stop-a-number/known/?number={MARTY_NUMBER[1:]}", 200),
    ("get", "/possible-opt-outs/", 200),
    ("get", "/attention/", 200),
    ("get", "/lift-requests/", 200),
    ("post", f"/contacts/{MARTY}/do-not-text/", 302),
    ("post", "number-do-not-text", 302),
]


def test_a_stop_and_one_number_never_wait(max_: Client, manager: User) -> None:
    read_much(manager, 50_000)
    max_.get("/contacts/")
    assert max_.get("/contacts/").status_code == 429
    for _ in range(2):
        for method, address, status in OPEN:
            url = address if address.startswith("/") else reverse(address, args=[MARTY_NUMBER])
            assert getattr(max_, method)(url).status_code == status, address
    response = max_.post("/stop-a-number/", {"number": "6155550199", "channel": "phone"})
    assert response.status_code == 302, response.text
    stops = LedgerEntry.objects.filter(action=Action.STOP_REQUESTED).values_list(
        "number", flat=True
    )
    assert {MARTY_NUMBER, "+16155550199"} == set(stops)


def test_a_script_is_recorded_once_with_its_address(
    vera: Client, viewer: User, settings: Any
) -> None:
    settings.READS_PER_HOUR = 60
    statuses = [vera.get("/contacts/", REMOTE_ADDR="198.51.100.7").status_code for _ in range(6)]
    assert statuses == [200, 200, 200, 429, 429, 429]
    (event,) = SecurityEvent.objects.filter(kind=SecurityEventKind.READ_MUCH)
    assert (event.account_id, event.address) == (viewer.pk, "198.51.100.7")
    assert event.request_id
    assert event.details == {"contacts": 100, "limit": 60}


def test_managers_are_told_on_the_overview(max_: Client, viewer: User, manager: User) -> None:
    assert "was shown" not in Page(max_.get("/overview/")).text
    read_much(viewer, 3214)
    page = Page(max_.get("/overview/"))
    assert "Vera Viewer was shown 3,214 contacts between" in page.text
    assert "Security events" not in page.text
    manager.groups.add(Group.objects.get(name="Administrators"))
    page = Page(max_.get("/overview/"))
    assert page.one("a", href="/audit/security/?q=vera&kind=data%3Aread-much")


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-03-18T18:30:00Z", "between 2 and 3 PM."),
        ("2026-03-18T15:30:00Z", "between 11 AM and 12 PM."),
        ("2026-03-18T03:30:00Z", "between 11 PM and 12 AM on Mar 17."),
    ],
)
def test_the_hours_in_words(at: str, words: str) -> None:
    since = datetime.fromisoformat(at).replace(minute=0).astimezone(UTC)
    with time_machine.travel("2026-03-18T20:00:00Z"):
        read = reading.MuchRead("Vera", "vera", 3214, since, since + reading.HOUR)
        assert _read(read)["words"] == f"Vera was shown 3,214 contacts {words}"
