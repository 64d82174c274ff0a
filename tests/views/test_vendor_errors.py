"""Whatever ails a vendor, a stop that has a number is recorded; without any number the answer says so, in place."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.integrations import http
from contacts_ui.models import (
    Disagreement,
    HeldPress,
    IncomingMessage,
    Job,
    LedgerEntry,
    Statement,
    Vendor,
    WebhookEvent,
)
from contacts_ui.models.consent import StatementKind
from contacts_ui.models.disagreement import DisagreementKind
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log
from contacts_ui.services.consent import held_presses, inbound_texts, phone_numbers, record
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.consent.phone_numbers import id_of
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.contacts import last_known, reading
from contacts_ui.services.vendors import connections
from contacts_ui.views.consent_panel import issue_ticket
from contacts_ui.worker import schedule
from tests.pages import Page
from tests.people import MARTY, MARTY_NUMBER, Vendors
from tests.services.index.people import person

from .index_people import ready

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]
HTMX = {"HX-Request": "true"}
# No contact has this id at SlickText.
STRANGER = 5_000_000
FAULTS: dict[str, dict[str, Any]] = {
    "down": {},
    "latency": {"seconds": 0.15},
    "unauthorized": {},
    "too_many": {"seconds": 0},
    "html": {"status": 200},
    "error": {},
}


@dataclass(frozen=True)
class Case:
    """One press about one person, known to the vendors or not."""

    browser: Client
    staff: User
    contact_id: int
    number: str
    headers: dict[str, str]

    def post(self, name: str, about: Any = None, **data: Any) -> HttpResponse:
        address = reverse(name, args=[] if about is None else [about])
        return self.browser.post(address, data, headers=self.headers)

    @property
    def seen(self) -> Seen:
        return Seen(self.number, self.contact_id, "Doc", "subscribed", timezone.now())

    def entered(self) -> None:
        """Let the ledger name the contact with their number, and nothing else know them."""
        about: dict[str, Any] = {"number": self.number, "contact_id": self.contact_id}
        with transaction.atomic():
            audit_log.record(action=Action.OPT_OUT_REVIEWED, staff=self.staff, **about)


def by_ticket(case: Case) -> HttpResponse:
    ticket = issue_ticket(case.seen)
    return case.post("do-not-text", case.contact_id, ticket=ticket, view="row")


def by_ticket_with_words(case: Case) -> HttpResponse:
    ticket = issue_ticket(case.seen)
    return case.post("do-not-text", case.contact_id, ticket=ticket, channel="phone", reason="No")


def by_cached_copy(case: Case) -> HttpResponse:
    last_known.keep_contact(person(case.contact_id, "Doc Brown", case.number), timezone.now())
    return case.post("do-not-text", case.contact_id)


def by_record(case: Case) -> HttpResponse:
    case.entered()
    return case.post("do-not-text", case.contact_id, again="1")


def by_number(case: Case) -> HttpResponse:
    return case.post("number-do-not-text", case.number)


def by_stop_a_number(case: Case) -> HttpResponse:
    known = case.browser.get("/stop-a-number/known/", {"number": case.number}, headers=HTMX)
    assert known.status_code == 200
    return case.post("stop-number", number=case.number)


def by_ticked_row(case: Case) -> HttpResponse:
    case.entered()
    data = {"scope": "ticked", "kind": "stop", "ids": [case.contact_id]}
    case.browser.post("/jobs/new/", data)
    answer = case.post("job-start", Job.objects.latest("pk").pk)
    for _ in range(3):
        schedule.run_jobs()
    return answer


def by_told_now(case: Case) -> HttpResponse:
    case.entered()
    now = timezone.now()
    HeldPress.objects.create(
        number=case.number,
        contact_id=case.contact_id,
        staff=case.staff,
        staff_name="Max",
        pressed_at=now,
        send_at=now + timedelta(minutes=1),
    )
    record.refresh([case.number])
    return case.post("tell-now", case.contact_id)


def by_own_words(case: Case) -> HttpResponse:
    now = timezone.now()
    message = IncomingMessage.objects.create(
        vendor=Vendor.SLICKTEXT,
        key=f"message-{case.contact_id}",
        number=case.number,
        words="please dont text me anymore",
        heard_at=now,
        due_at=now + timedelta(days=2),
    )
    return case.post("possible-opt-out-stop", message.pk)


def by_event(case: Case) -> HttpResponse:
    event = WebhookEvent.objects.create(
        vendor=Vendor.CLOUDCONTACTAI,
        key=f"event-{case.contact_id}",
        event="contact.unsubscribed",
        body={"eventType": "contact.unsubscribed", "data": {}},
        received_at=timezone.now(),
        needs_decision=True,
    )
    return case.post("attention-match", event.pk, number=case.number)


def by_disagreement(case: Case) -> HttpResponse:
    row = Disagreement.objects.create(
        number=case.number,
        contact_id=case.contact_id,
        kind=DisagreementKind.values[0],
        status="subscribed",
        found_at=timezone.now(),
    )
    return case.post("disagreement-repair", row.pk)


DOORS: tuple[Callable[[Case], HttpResponse], ...] = (
    by_ticket,
    by_ticket_with_words,
    by_cached_copy,
    by_record,
    by_number,
    by_stop_a_number,
    by_ticked_row,
    by_told_now,
    by_own_words,
    by_event,
    by_disagreement,
)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.STOP_DEADLINE_SECONDS = 0.1
    monkeypatch.setattr(held_presses, "_schedule_in", lambda seconds: None)
    monkeypatch.setattr(inbound_texts, "deliver_now", lambda keys: [deliver(key) for key in keys])
    # Its pauses are tested elsewhere.
    monkeypatch.setattr(http, "pause_seconds", lambda headers: 0.001)
    for module, name in ((reading, "READ_BRIEFLY"), (connections, "READ"), (connections, "CHECK")):
        short = replace(getattr(module, name), attempts=1, read_timeout=0.1, total_timeout=0.2)
        monkeypatch.setattr(module, name, short)
    cache.clear()


WHERE = [("slicktext", True), ("slicktext", False), ("cloudcontactai", True)]


@pytest.mark.parametrize(("vendor", "with_index"), WHERE)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_door_records_the_stop(
    fault: str, vendor: str, with_index: bool, settings: Any, max_: Client, manager: User,
    vendors: Vendors,
) -> None:  # fmt: skip
    """By turns as htmx and as a plain form."""
    settings.CONTACT_INDEX = with_index
    if with_index:
        ready()
    vendors.fault(vendor, fault, **FAULTS[fault])
    turn = list(FAULTS).index(fault) + with_index
    for at, door in enumerate(DOORS):
        headers = HTMX if (at + turn) % 2 else {}
        contact_id, number = STRANGER + at, f"+161577700{at:02d}"
        answer = door(Case(max_, manager, contact_id, number, headers))
        where = f"{door.__name__}, {headers}: {answer.status_code}"
        assert answer.status_code in (200, 302), where
        assert not headers or b"<html" not in answer.content, where
        stops = Statement.objects.filter(number=number, kind=StatementKind.STOP)
        assert stops.exists(), where
        assert LedgerEntry.objects.filter(statements__in=stops).exists(), where


ASKED_FOR = ("do-not-text", "opt-in", "ask-lift", "contact-detail")
PRESSED = ("do-not-text", "unsend-stop", "tell-now", "opt-in", "ask-lift", "wrong-person")


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("fault", FAULTS)
def test_without_any_number_the_answer_says_so(
    fault: str, headers: dict[str, str], max_: Client, vendors: Vendors
) -> None:
    # An answer that comes soon after the time is over would still be read on a busy machine.
    options = {"seconds": 5} if fault == "latency" else FAULTS[fault]
    vendors.fault("slicktext", fault, **options)
    walk = [(name, "get") for name in ASKED_FOR] + [(name, "post") for name in PRESSED]
    for name, method in walk:
        answer = getattr(max_, method)(
            reverse(name, args=[STRANGER]), {"reason": "R"}, headers=headers
        )
        where = f"{method} {name}"
        assert answer.status_code == 503, where
        page = Page(answer)
        assert ("Nothing was recorded." in page.text) is (method == "post"), where
        assert (page.all("html") == []) is bool(headers), where
        leads = [
            each for each in page.all("a") if each["href"] == "/stop-a-number/" and each["class"]
        ]
        raises = name in ("opt-in", "ask-lift", "wrong-person")
        assert bool(leads) is not raises, where
    assert not Statement.objects.exists()


def test_the_page_without_javascript_presses_again_with_what_was_typed(
    ada: Client, vendors: Vendors
) -> None:
    vendors.fault("slicktext", "down")
    typed = {"channel": "phone", "reason": "Never again", "next": "/contacts/?size=25"}
    form_type = "application/x-www-form-urlencoded"
    page = Page(ada.post(f"/contacts/{MARTY}/do-not-text/", urlencode(typed), form_type))
    button = page.one("button", class_="button button-primary")
    address, form = page.press(button)
    vendors.clear_faults()
    assert ada.post(address, form)["Location"] == "/contacts/?size=25"
    assert Statement.objects.get(kind=StatementKind.STOP).words == "Never again"


def test_the_dialogs_open_by_the_number_that_our_record_knows(
    max_: Client, manager: User, vendors: Vendors
) -> None:
    Case(max_, manager, STRANGER, MARTY_NUMBER, HTMX).entered()
    vendors.fault("slicktext", "down")
    for name in ("opt-in", "ask-lift"):
        answer = max_.get(reverse(name, args=[STRANGER]), headers=HTMX)
        assert answer.status_code == 200
        assert "(615) 555-3338" in Page(answer).text
    lost = Page(max_.get(f"/contacts/{STRANGER}/"))
    assert lost.one("a", href=f"/numbers/{id_of(MARTY_NUMBER)}/").text == "Open (615) 555-3338"


def test_an_edited_contact_is_known_by_the_new_number(manager: User) -> None:
    """Whatever named them last counts."""
    about: dict[str, Any] = {"number": MARTY_NUMBER, "contact_id": STRANGER, "staff": manager}
    with transaction.atomic():
        audit_log.record(
            action=Action.CONTACT_EDITED, after={"mobile_number": "+16155550142"}, **about
        )
    assert phone_numbers.number_of_contact(STRANGER) == "+16155550142"
    Disagreement.objects.create(
        number="+16155550143",
        contact_id=STRANGER,
        kind=DisagreementKind.values[0],
        found_at=timezone.now(),
    )
    assert phone_numbers.number_of_contact(STRANGER) == "+16155550143"
    assert phone_numbers.number_of_contact(STRANGER + 1) == ""
