"""What passes through anyway is learned: at once, cheaply, the newer over the older, and never at anybody's expense."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui import database
from contacts_ui.database import TakingTurns
from contacts_ui.integrations.types import Contact
from contacts_ui.models import (
    DesiredState,
    IndexDeletion,
    IndexedContact,
    IndexSync,
    IndexTypo,
    Vendor,
    WebhookEvent,
)
from contacts_ui.services import index
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.index import storing, writing
from contacts_ui.services.review import reconcile
from contacts_ui.services.webhooks import processing
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, SetDesiredState, Vendors, at_once

pytestmark = pytest.mark.django_db
T = timezone.now()
LATER = T + timedelta(minutes=1)
ZOE = Contact(
    contact_id=1,
    first_name="Zoë",
    last_name="O'Brien",
    mobile_number="+16155550123",
    city="Austin",
    opt_in_status="subscribed",
    custom_fields={"tier": "gold", "since": [2015, None]},
    created=T - timedelta(days=9),
)


def row(contact_id: int = 1) -> IndexedContact:
    return IndexedContact.objects.get(pk=contact_id)


@pytest.mark.parametrize(
    "changes",
    [{"city": "Boston"}, {"opt_in_status": "blocked"}, {"custom_fields": {}}, {"created": None}],
)
def test_the_newer_reading_wins_in_whatever_order(changes: dict[str, Any]) -> None:
    newer = replace(ZOE, **changes)
    index.store([ZOE], T)
    index.store([newer], LATER)
    first = IndexedContact.objects.values().get()
    index.store([ZOE], T)
    assert IndexedContact.objects.values().get() == first
    IndexedContact.objects.all().delete()
    index.store([newer], LATER)
    index.store([ZOE], T)
    assert IndexedContact.objects.values().get() == first


def test_the_database_decides_who_is_newer() -> None:
    """Another process wrote between our look and our write."""
    index.store([replace(ZOE, city="Boston")], LATER)
    storing._write([ZOE], {ZOE.contact_id: 1}, T, TakingTurns())
    assert (row().city, row().read_at) == ("Boston", LATER)


def statements(do: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        do()
    verbs = [each["sql"].lstrip("(").split(" ", 1)[0] for each in queries]
    return [verb for verb in verbs if verb in ("SELECT", "INSERT", "UPDATE", "DELETE")]


def test_what_it_costs() -> None:
    people = [replace(ZOE, contact_id=each) for each in range(1, 51)]
    index.store(people, T)
    soon = T + timedelta(seconds=5)
    assert statements(lambda: index.store(people, soon)) == ["SELECT"], "read a moment ago"
    assert row().read_at == T
    assert statements(lambda: index.store(people, LATER)) == ["SELECT", "UPDATE"]
    assert row().read_at == LATER
    people[0] = replace(people[0], city="Boston")
    soon = LATER + timedelta(seconds=5)
    assert statements(lambda: index.store(people, soon))[0] == "SELECT"
    assert (row(1).city, row(1).read_at, row(2).read_at) == ("Boston", soon, LATER)
    assert statements(lambda: index.store([], LATER)) == []


def test_many_are_learned_in_short_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(storing, "_write", lambda changed, *_: sizes.append(len(changed)))
    pauses: list[int] = []
    people = [replace(ZOE, contact_id=each) for each in range(1, 701)]
    storing.store_or_raise(people, T, between=lambda: pauses.append(1))
    assert sizes == [250, 250, 200]
    assert len(pauses) == 3


def test_many_new_ones_take_few_statements() -> None:
    """SQLite writes its full text out with each statement."""
    people = [replace(ZOE, contact_id=each) for each in range(1, 321)]
    with CaptureQueriesContext(connection) as queries:
        index.store(people, T)
    inserted = [
        each["sql"] for each in queries if f"INTO {IndexedContact._meta.db_table} " in each["sql"]
    ]
    assert [each[:7] for each in inserted] == (
        ["INSERT "] * (4 if connection.vendor == "sqlite" else 2)
    )
    assert IndexedContact.objects.count() == index.size() == 320


def test_only_writing_keeps_a_stop_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of a contact is made ready before the transaction."""
    in_transaction: list[bool] = []
    made = writing._row

    def row_of(*args: Any) -> Any:
        in_transaction.append(len(connection.savepoint_ids) > savepoints)
        return made(*args)

    monkeypatch.setattr(writing, "_row", row_of)
    savepoints = len(connection.savepoint_ids)
    storing.store_or_raise([ZOE], T)
    assert in_transaction == [False]


@pytest.mark.django_db(transaction=True)
def test_the_lock_is_free_as_long_as_it_was_held(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    slept: list[float] = []
    time = SimpleNamespace(monotonic=lambda: clock[0], sleep=slept.append)
    monkeypatch.setattr(database, "time", time)
    turns = TakingTurns()
    for held, ready in ((0.08, 0.03), (0.9, 0.2), (0.01, 0.5), (0.01, 0)):
        with turns:
            clock[0] += held
        clock[0] += ready
    waits = [0, 0.05, 0.05, 0] if connection.vendor == "sqlite" else []
    assert slept == pytest.approx(waits)


def test_a_contact_that_does_not_fit_keeps_no_one_out() -> None:
    index.store(
        [
            replace(ZOE, contact_id=2**63),
            replace(ZOE, contact_id=2, first_name="x" * 5000),
            replace(ZOE, contact_id=3),
        ],
        T,
    )
    assert set(IndexedContact.objects.values_list("pk", flat=True)) == {2, 3}


def test_an_error_of_the_index_breaks_nothing(
    vera: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nonsense")

    monkeypatch.setattr(storing, "_held", fail)
    assert vera.get("/contacts/").status_code == 200
    assert "could not store" in caplog.text
    with transaction.atomic():
        index.store([ZOE], T)
        assert DesiredState.objects.count() == 0, "the open transaction goes on"


def test_an_error_of_the_index_breaks_no_delivery(
    vendors: Vendors, set_desired_state: SetDesiredState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(storing, "_held", fail)
    desired = set_desired_state(Vendor.SLICKTEXT)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.settled
    assert vendors.status() == "unsubscribed"


@pytest.mark.django_db(transaction=True)
def test_many_at_once_learn_the_newest() -> None:
    """Each in a connection of their own, in whatever order."""
    people = [replace(ZOE, contact_id=each) for each in range(1, 41)]

    def store(at: int) -> None:
        read_at = T + timedelta(minutes=at)
        some = [replace(each, city=f"City {at}") for each in people]
        storing.store_or_raise(some if at % 2 else reversed(some), read_at)
        connection.close()

    at_once(*(partial(store, at) for at in (3, 1, 5, 2, 4)))
    assert set(IndexedContact.objects.values_list("city", flat=True)) == {"City 5"}


# Every way a contact comes in.


def test_a_page_of_the_table(vera: Client) -> None:
    vera.get("/contacts/?size=25")
    assert IndexedContact.objects.count() == 25


def test_a_contact(vera: Client) -> None:
    vera.get(f"/contacts/{MARTY}/")
    assert row(MARTY).first_name == "Marty"


def test_an_edit_is_seen_at_once(edgar: Client) -> None:
    form = Page(edgar.get(f"/contacts/{MARTY}/edit/")).form(city="Springfield")
    edgar.post(f"/contacts/{MARTY}/edit/", form)
    assert row(MARTY).city == "Springfield"


def test_an_older_page_does_not_undo_an_edit(edgar: Client) -> None:
    edgar.get("/contacts/")
    before, asked_at = index.by_numbers([MARTY_NUMBER])[MARTY_NUMBER][0].contact, timezone.now()
    form = Page(edgar.get(f"/contacts/{MARTY}/edit/")).form(city="Springfield")
    edgar.post(f"/contacts/{MARTY}/edit/", form)
    index.store([before], asked_at)
    assert row(MARTY).city == "Springfield"


def test_a_change_of_number(edgar: Client) -> None:
    edgar.get("/contacts/")
    form = Page(edgar.get(f"/contacts/{MARTY}/edit/")).form(mobile_number=DOC_NUMBER)
    edgar.post(f"/contacts/{MARTY}/edit/", form)
    assert row(MARTY).number == DOC_NUMBER
    assert not index.by_numbers([MARTY_NUMBER])


def test_a_new_contact(edgar: Client) -> None:
    edgar.post("/contacts/new/", {"mobile_number": DOC_NUMBER, "first_name": "New"})
    assert index.by_numbers([DOC_NUMBER])[DOC_NUMBER][0].contact.first_name == "New"


def test_a_deletion(max_: Client) -> None:
    max_.get("/contacts/")
    max_.post(f"/contacts/{MARTY}/delete/", {"number": MARTY_NUMBER})
    assert not IndexedContact.objects.filter(pk=MARTY).exists()
    assert IndexDeletion.objects.filter(pk=MARTY).exists()


@pytest.mark.parametrize("address", [f"/contacts/{MARTY}/", f"/contacts/?q={MARTY}"])
def test_a_contact_that_is_gone(address: str, vera: Client, vendors: Vendors) -> None:
    vera.get("/contacts/")
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    vera.get(address)
    assert not IndexedContact.objects.filter(pk=MARTY).exists()


def test_a_stop(ada: Client, deliver_in_this_thread: None) -> None:
    page = Page(ada.get("/contacts/"))
    address, form = page.press(page.switch("Do not text Marty McFly"))
    ada.post(address, form)
    assert row(MARTY).status == "unsubscribed"


def test_a_delivery_of_the_worker(vendors: Vendors, set_desired_state: SetDesiredState) -> None:
    deliver(set_desired_state(Vendor.SLICKTEXT).pk)
    assert row(MARTY).status == "unsubscribed"


def hint(event: str = "contact_updated", contact_id: int = MARTY) -> None:
    now = timezone.now()
    body = {"name": event, "data": {"contact_id": contact_id}}
    WebhookEvent.objects.create(
        vendor=Vendor.SLICKTEXT, key=str(now), event=event, body=body, received_at=now, due_at=now
    )


def test_a_webhook(vendors: Vendors) -> None:
    vendors.edit(city="Springfield")
    hint()
    vendors.forget_calls()
    processing.process_due()
    assert row(MARTY).city == "Springfield"
    assert vendors.asked() == ["slicktext GET"]


def test_a_webhook_about_a_deleted_contact(vendors: Vendors) -> None:
    index.store([replace(ZOE, contact_id=MARTY)], T)
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    hint()
    processing.process_due()
    assert not IndexedContact.objects.exists()


def test_the_sweep(vendors: Vendors, set_desired_state: SetDesiredState) -> None:
    deliver(set_desired_state(Vendor.SLICKTEXT).pk)
    vendors.edit(city="Springfield")
    reconcile.run_due()
    assert row(MARTY).city == "Springfield"


# Emptying the index.


def fill(number: int = 3) -> None:
    index.store([replace(ZOE, contact_id=each + 1) for each in range(number)], T)
    IndexSync.objects.create(pk=1, next_at=T, started_at=T, finished_at=T, offset=number)


def purge_index(*options: str) -> str:
    out = StringIO()
    call_command("purge_index", *options, stdout=out)
    return out.getvalue()


def next_at() -> datetime:
    return IndexSync.objects.get().next_at


def test_a_purge_removes_every_contact() -> None:
    fill()
    index.remove(1)
    said = purge_index()
    assert said.startswith("2 contacts removed.")
    assert "VACUUM" in said
    assert not IndexedContact.objects.exists()
    assert not IndexDeletion.objects.exists()
    assert not IndexTypo.objects.exists(), "nor the words of their names"
    assert index.size() == 0
    assert not index.is_ready(), "an empty index must not be taken for the truth"
    assert timedelta(minutes=14) < next_at() - timezone.now() <= timedelta(minutes=15)


def test_purging_and_reading_again() -> None:
    fill(1)
    assert purge_index("--reset-sync").startswith("1 contact removed.\nA worker syncs the index")
    assert next_at() <= timezone.now()


def test_purging_what_is_switched_off(settings: Any) -> None:
    fill()
    settings.CONTACT_INDEX = False
    assert "no contacts will be added" in purge_index()
    assert not IndexedContact.objects.exists()
    assert not IndexSync.objects.exists()


def test_another_contact_with_a_number_that_is_stopped_by_now_is_not_known() -> None:
    """Deleted and created again: the reading of the first no longer allows texts, until it is read again."""
    now, number = timezone.now(), "+16155552000"
    old = Contact(contact_id=1, mobile_number=number, opt_in_status="subscribed")
    new = Contact(contact_id=2, mobile_number=number, opt_in_status="unsubscribed")
    index.store([old], now - timedelta(hours=1))
    index.store([new], now)
    held = {each.contact.contact_id: each for each in index.by_numbers([number])[number]}
    assert held[1].contact.opt_in_status is None
    assert held[2].contact.opt_in_status == "unsubscribed"
    index.store([old], now + timedelta(seconds=1))
    assert index.by_ids([1])[1].contact.opt_in_status == "subscribed"
