"""What is read at SlickText: recorded once, where it arrives; quietly in the first sync, and never by looking."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.models import (
    ConsentSetup,
    DesiredState,
    Disagreement,
    HeldPress,
    IndexSync,
    LedgerEntry,
    LedgerHead,
    OptOut,
    Statement,
    Vendor,
    WebhookEvent,
)
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Action
from contacts_ui.services import index
from contacts_ui.services.consent import delivery, slicktext_readings
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import Verdict
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.index import storing, sync
from contacts_ui.services.webhooks.processing import process_due
from tests import consent
from tests.hooks import work
from tests.people import MARTY, MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
LONG_AGO = "2020-01-01 00:00:00"


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.SLICKTEXT_CALLS_PER_SECOND = 10_000.0
    monkeypatch.setattr(storing, "FRESH", timedelta(0))
    monkeypatch.setattr(sync, "_estimate_total", lambda sync, least: 0)
    monkeypatch.setattr(sync, "_has_contact_behind", lambda sync, page: False)


@pytest.fixture
def ten_stopped(vendors: Vendors) -> list[int]:
    """Ten people who unsubscribed at SlickText long ago; all others are subscribed."""
    ids = list(range(MARTY, MARTY + 10))
    vendors.write("UPDATE contacts SET opt_in_status = 'subscribed'")
    vendors.write(
        "UPDATE contacts SET opt_in_status = 'unsubscribed', last_opt_in_status_change = ?"
        " WHERE contact_id BETWEEN ? AND ?",
        LONG_AGO,
        ids[0],
        ids[-1],
    )
    vendors.forget_calls()
    return ids


def run_sync() -> None:
    IndexSync.objects.update(next_at=timezone.now(), sync_due_at=timezone.now())
    index.run_due(on_page=slicktext_readings.hear)
    assert IndexSync.objects.get().finished_at


def later(vendors: Vendors, contact_id: int, status: str, *, dated: bool = True) -> None:
    """Their status changes at SlickText now; many of its records do not say when."""
    at = f"{timezone.now().astimezone(UTC):%Y-%m-%d %H:%M:%S}" if dated else None
    vendors.write(
        "UPDATE contacts SET opt_in_status = ?, last_opt_in_status_change = ? WHERE contact_id = ?",
        status,
        at,
        contact_id,
    )


# The first sync


def test_the_first_walk_records_quietly(ten_stopped: list[int], vendors: Vendors) -> None:
    run_sync()
    assert Statement.objects.filter(source=Source.STATUS).count() == 10
    entry = LedgerEntry.objects.get()
    assert (entry.action, entry.after["statements"]) == (Action.STOPS_READ, 10)
    assert len(entry.after["digest"]) == 64
    assert not OptOut.objects.exists()
    assert not DesiredState.objects.exists()
    assert {call["method"] for call in vendors.calls()} == {"GET"}, "no vendor is told"
    assert judge_one(Seen(MARTY_NUMBER, MARTY)).verdict is Verdict.DO_NOT_TEXT


def test_one_ledger_entry_for_each_page(ten_stopped: list[int], vendors: Vendors) -> None:
    vendors.switch(max_page=10)
    run_sync()
    entries = LedgerEntry.objects.filter(action=Action.STOPS_READ)
    assert sum(entry.after["statements"] for entry in entries) == 10
    assert entries.count() <= 2


def test_nothing_is_recorded_twice_also_after_a_purge_and_a_new_walk(
    ten_stopped: list[int],
) -> None:
    run_sync()
    before = LedgerEntry.objects.count()
    run_sync()
    index.purge(sync_again_at=timezone.now())
    run_sync()
    assert Statement.objects.count() == 10
    assert LedgerEntry.objects.count() == before
    assert not OptOut.objects.exists()


def test_undated_ones_are_recorded_once_too(ten_stopped: list[int], vendors: Vendors) -> None:
    vendors.write("UPDATE contacts SET last_opt_in_status_change = NULL")
    run_sync()
    slicktext_readings.first_sync_ended_at()
    index.purge(sync_again_at=timezone.now())
    run_sync()
    assert Statement.objects.count() == 10
    assert not OptOut.objects.exists()


def test_what_changed_after_the_first_walk_goes_out_by_itself_behind_peoples_own(
    ten_stopped: list[int], vendors: Vendors
) -> None:
    run_sync()
    with time_machine.travel(timezone.now() - timedelta(minutes=1)):
        later(vendors, MARTY + 20, "unsubscribed")
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        later(vendors, MARTY + 21, "blocked")
        run_sync()
        opt_outs = OptOut.objects.order_by("contact_id")
        assert [each.contact_id for each in opt_outs] == [MARTY + 21]
        assert set(DesiredState.objects.values_list("batch", flat=True)) == {True}
        work()
        number = opt_outs[0].number
        assert (vendors.status(number), vendors.stopped(number)) == ("blocked", True)
        assert Statement.objects.count() == 12, "a change during the first sync is of it"


def test_the_end_of_the_first_walk_is_kept_also_where_the_index_is_purged_at_once(
    ten_stopped: list[int], vendors: Vendors
) -> None:
    run_sync()
    slicktext_readings.first_sync_ended_at()
    ended = ConsentSetup.load().first_sync_ended_at
    assert ended
    index.purge(sync_again_at=timezone.now())
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        later(vendors, MARTY + 21, "unsubscribed")
        run_sync()
    assert OptOut.objects.count() == 1
    assert ConsentSetup.load().first_sync_ended_at == ended


def test_a_stop_read_in_the_first_walk_ends_a_hold(
    agent: User, ten_stopped: list[int], settings: Any
) -> None:
    settings.UNDO_SECONDS = 20.0
    consent.press_stop(staff=agent, seen=Seen(MARTY_NUMBER, MARTY, "Marty", "subscribed"))
    run_sync()
    assert HeldPress.objects.get().state == "sent"
    assert OptOut.objects.count() == 2


# Rule 10


@pytest.mark.parametrize("dated", [True, False])
def test_a_stop_after_a_lift_is_found_by_the_next_walk(
    dated: bool, set_desired_state: SetDesiredState, ten_stopped: list[int], vendors: Vendors
) -> None:
    run_sync()
    for vendor in Vendor:
        delivery.deliver(set_desired_state(vendor, do_not_text=False).pk)
    assert not consent.is_stopped(MARTY_NUMBER)
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        later(vendors, MARTY, "unsubscribed", dated=dated)
        run_sync()
        assert consent.is_stopped(MARTY_NUMBER)
        work()
        assert vendors.stopped() is True


def test_a_page_asked_for_before_the_lift_was_confirmed_adds_nothing(
    set_desired_state: SetDesiredState, ten_stopped: list[int]
) -> None:
    from contacts_ui.integrations.types import Contact

    asked_at = timezone.now()
    for vendor in Vendor:
        delivery.deliver(set_desired_state(vendor, do_not_text=False).pk)
    old = Contact(contact_id=MARTY, mobile_number=MARTY_NUMBER, opt_in_status="unsubscribed")
    slicktext_readings.learn([old], asked_at, now=True)
    assert not consent.is_stopped(MARTY_NUMBER)


def test_rule_3_a_stopped_person_read_as_subscribed_stays_stopped_and_is_an_alarm(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    for vendor in Vendor:
        delivery.deliver(set_desired_state(vendor).pk)
    later(vendors, MARTY, "subscribed")
    run_sync()
    assert consent.is_stopped(MARTY_NUMBER)
    assert judge_one(Seen(MARTY_NUMBER, MARTY)).verdict is Verdict.DISAGREE
    assert Disagreement.objects.get().kind == "reappeared"


# Row 24: looking changes nothing


RECORD = (LedgerEntry, LedgerHead, Disagreement, Statement, OptOut, DesiredState)


@contextmanager
def nothing_written() -> Iterator[None]:
    """Neither a row of the record nor the ledger's lock; news may be left in the inbox."""
    before = [model._default_manager.count() for model in RECORD]
    with CaptureQueriesContext(connection) as asked:
        yield
    assert [model._default_manager.count() for model in RECORD] == before
    tables = [model._meta.db_table for model in RECORD] + ["consentstate"]
    for query in asked.captured_queries:
        words = query["sql"]
        writes = words.startswith(("INSERT", "UPDATE", "DELETE")) or "FOR UPDATE" in words
        assert not (writes and any(table in words for table in tables)), words
        assert LedgerHead._meta.db_table not in words, "it would wait for the ledger"


@pytest.mark.parametrize("address", ["/contacts/", f"/contacts/{MARTY}/", "/contacts/?q=Marty"])
@pytest.mark.parametrize("indexed", [True, False])
def test_row_24_a_viewer_who_looks_writes_nothing(
    address: str,
    indexed: bool,
    vera: Client,
    set_desired_state: SetDesiredState,
    ten_stopped: list[int],
    vendors: Vendors,
) -> None:
    for vendor in Vendor:
        delivery.deliver(set_desired_state(vendor, number=str(_number(vendors, MARTY + 20))).pk)
    if indexed:
        run_sync()
    later(vendors, MARTY + 20, "subscribed")
    later(vendors, MARTY + 30, "blocked")
    with nothing_written():
        assert vera.get(address).status_code == 200
        assert vera.get(address).status_code == 200


def test_row_24_what_a_page_found_is_recorded_by_the_worker_once(
    vera: Client, ten_stopped: list[int]
) -> None:
    for _ in range(3):
        vera.get("/contacts/")
    assert WebhookEvent.objects.filter(event=slicktext_readings.READING).count() == 1
    assert not Statement.objects.exists()
    process_due()
    assert Statement.objects.count() == 10
    vera.get("/contacts/")
    assert process_due() == 0


def _number(vendors: Vendors, contact_id: int) -> str:
    held = vendors.contact(contact_id)
    assert held
    return str(held["mobile_number"])


def test_what_a_reading_says_survives_the_inbox() -> None:
    changed_at = datetime(2026, 1, 2, tzinfo=UTC)
    reading = Seen(MARTY_NUMBER, MARTY, "M", "blocked", timezone.now(), "api", changed_at)
    assert slicktext_readings._from_json(slicktext_readings._as_json(reading)) == reading
