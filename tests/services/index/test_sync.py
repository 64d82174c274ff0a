"""The index sync reads every contact, loses none, verifies before it removes, and makes room for others."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.call_policy import SYNC_PAGE, Priority
from contacts_ui.integrations.errors import Unreadable
from contacts_ui.integrations.types import ContactPage, Malformed
from contacts_ui.models import CallBudget, IndexDeletion, IndexedContact, IndexSync
from contacts_ui.services import index
from contacts_ui.services.index import storing, sync
from contacts_ui.services.index.sync import run_due
from contacts_ui.services.vendors import forget_connections
from contacts_ui.worker import schedule
from contacts_ui.worker.delivery_pool import DeliveryPool
from tests.people import MARTY, UNKNOWN_ID, Vendors

pytestmark = pytest.mark.django_db
PEOPLE = 60


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Turn off what has tests of its own: the pace, and leaving fresh contacts alone."""
    settings.SLICKTEXT_CALLS_PER_SECOND = 10_000.0
    monkeypatch.setattr(storing, "FRESH", timedelta(0))
    # A guess at the total is tested by itself; elsewhere it would only blur what was asked.
    monkeypatch.setattr(sync, "_estimate_total", lambda sync, least: 0)
    # So is the look behind the last page.
    monkeypatch.setattr(sync, "_has_contact_behind", lambda sync, page: False)


@pytest.fixture
def small(vendors: Vendors) -> Vendors:
    """Make a vendor that gives at most ten rows a page."""
    vendors.switch(max_page=10)
    vendors.forget_calls()
    return vendors


def soon(**changes: Any) -> None:
    IndexSync.objects.update(next_at=timezone.now(), **changes)


def sync_again() -> None:
    soon(sync_due_at=timezone.now())
    run_due()


def check_again() -> None:
    """A sync has ended, and who was missed by it is looked at."""
    now = timezone.now()
    ended = {"started_at": now, "finished_at": now + timedelta(seconds=1), "checking": True}
    soon(**ended, sync_due_at=now + timedelta(hours=1))
    run_due()


def answer_otherwise(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[ContactPage], ContactPage]
) -> None:
    """Let SlickText's pages come as `change` makes them."""
    real = slicktext.list_contacts
    monkeypatch.setattr(
        slicktext, "list_contacts", lambda *args, **options: change(real(*args, **options))
    )


def pages(vendors: Vendors) -> list[str]:
    """Return the limits and offsets that were asked for."""
    targets = [call["target"] for call in vendors.calls("slicktext")]
    return [target.partition("?")[2] for target in targets if "limit=" in target]


def after_page(monkeypatch: pytest.MonkeyPatch, number: int, do: Callable[[], object]) -> None:
    """Call `do` right after the vendor's answer to this page, counted from 1."""
    real, seen = slicktext.list_contacts, []

    def spied(*args: Any, **options: Any) -> ContactPage:
        page = real(*args, **options)
        seen.append(page)
        if len(seen) == number:
            do()
        return page

    monkeypatch.setattr(slicktext, "list_contacts", spied)


def ids() -> set[int]:
    return set(IndexedContact.objects.values_list("pk", flat=True))


def people(vendors: Vendors) -> set[int]:
    with vendors.server.sandbox.store.reading() as db:
        return {row[0] for row in db.execute("SELECT contact_id FROM contacts")}


# One sync.


def test_it_reads_every_contact_in_the_largest_pages(vendors: Vendors) -> None:
    assert not index.is_ready()
    run_due()
    assert pages(vendors) == ["limit=10000&offset=0"]
    assert ids() == people(vendors)
    state = index.state()
    assert (state.ready, state.syncing, state.synced, state.total) == (True, False, PEOPLE, PEOPLE)
    assert state.percent == 100


def test_small_pages_overlap_by_a_few_rows(small: Vendors) -> None:
    run_due()
    assert ids() == people(small)
    asked = [int(page.rpartition("=")[2]) for page in pages(small)]
    assert asked == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50]
    assert IndexSync.objects.get().page_size == 10


@pytest.mark.parametrize("most", [1, 2, 3, 7, 59, 60, 61])
def test_however_few_rows_the_vendor_gives(most: int, vendors: Vendors) -> None:
    vendors.switch(max_page=most)
    run_due()
    assert ids() == people(vendors)
    assert index.is_ready()


def test_a_vendor_that_refuses_large_pages(vendors: Vendors) -> None:
    vendors.switch(over_max="error", max_page=50)
    run_due()
    assert [page.split("&")[0] for page in pages(vendors)[:4]] == [
        "limit=10000",
        "limit=1000",
        "limit=250",
        "limit=100",
    ]
    assert ids() == people(vendors)
    assert index.state().error == ""


def test_pages_that_take_too_long_are_made_smaller(vendors: Vendors) -> None:
    vendors.fault("slicktext", "drop_after", times=1)
    run_due()
    assert index.state().error
    soon()
    run_due()
    assert [page.split("&")[0] for page in pages(vendors)] == ["limit=10000", "limit=1000"]
    assert ids() == people(vendors)
    soon(sync_due_at=timezone.now())
    vendors.forget_calls()
    run_due()
    assert pages(vendors)[0].startswith("limit=10000"), "the next sync tries again"


def test_a_vendor_that_never_says_whether_there_is_more(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_otherwise(monkeypatch, lambda page: replace(page, has_more=bool(page.received)))
    run_due()
    assert ids() == people(small)
    assert index.state().total == PEOPLE


@pytest.mark.parametrize("says", [True, False])
def test_the_last_page_is_believed_once_no_contact_is_behind_it(
    says: bool, small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    small.server.set_switches(rate_limit=False)
    monkeypatch.setattr(sync, "_estimate_total", lambda sync, least: 0)
    monkeypatch.setattr(sync, "_call_interval", lambda sync: timedelta(0))
    answer_otherwise(monkeypatch, lambda page: page if says else replace(page, has_more=False))
    run_due()
    assert ids() == people(small)
    assert index.state().total == PEOPLE
    looks = [page for page in pages(small) if page.startswith("limit=1&")]
    assert len(looks) == (1 if says else 11)


def test_a_vendor_that_refuses_the_page_behind_the_last_ends_the_sync(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = slicktext.list_contacts

    def refusing(*args: Any, **options: Any) -> ContactPage:
        if options["offset"] >= PEOPLE:
            raise Unreadable("slicktext", status=404)
        return real(*args, **options)

    monkeypatch.undo()
    monkeypatch.setattr(slicktext, "list_contacts", refusing)
    run_due()
    assert ids() == people(small)
    assert index.is_ready()


def test_a_vendor_that_ignores_the_offset_ends_the_sync(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = slicktext.list_contacts
    monkeypatch.undo()
    monkeypatch.setattr(
        slicktext,
        "list_contacts",
        lambda *args, **options: replace(real(*args, **options | {"offset": 0}), has_more=False),
    )
    run_due()
    assert index.is_ready()


def test_a_row_that_cannot_be_read_ends_nothing(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiled(page: ContactPage) -> ContactPage:
        kept = tuple(each for each in page.contacts if each.contact_id != MARTY + 9)
        bad = tuple(
            Malformed(at, MARTY + 9, "odd")
            for at, each in enumerate(page.contacts)
            if each.contact_id == MARTY + 9
        )
        return replace(page, contacts=kept, malformed=bad)

    answer_otherwise(monkeypatch, spoiled)
    run_due()
    assert ids() == people(small) - {MARTY + 9}
    assert index.is_ready()


def test_the_total_is_estimated(small: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    small.server.set_switches(rate_limit=False)
    monkeypatch.setattr(sync, "_call_interval", lambda sync: timedelta(minutes=1))
    run_due()
    state = index.state()
    assert state.building
    assert state.syncing
    assert PEOPLE * 0.85 < state.total < PEOPLE * 1.15
    assert state.percent == 10 * 100 // state.total


# Contacts come and go during a sync.


def test_contacts_deleted_before_our_place_hide_no_one(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others move up past the edge of the page."""
    gone = sorted(people(small))[:12]

    def delete() -> None:
        for contact_id in gone:
            small._call("DELETE", f"/brands/26136/contacts/{contact_id}", {})

    after_page(monkeypatch, 4, delete)
    run_due()
    assert index.is_ready()
    assert ids() == people(small) | set(gone), "the others were read"
    sync_again()
    assert ids() == people(small), "and the next sync finds the deleted ones"


def test_one_deleted_contact_costs_no_step_back(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_page(monkeypatch, 2, lambda: small._call("DELETE", f"/brands/26136/contacts/{MARTY}", {}))
    run_due()
    assert ids() == people(small) | {MARTY}
    assert IndexSync.objects.get().steps_back == 0


def test_a_vendor_without_any_order_does_not_hold_it_up(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shuffled(page: ContactPage) -> ContactPage:
        return replace(
            page,
            contacts=tuple(
                replace(each, contact_id=each.contact_id + page.offset * 1000)
                for each in page.contacts
            ),
        )

    answer_otherwise(monkeypatch, shuffled)
    for _ in range(5):
        run_due()
        soon()
    assert index.is_ready()


def test_a_deleted_contact_is_verified_before_it_is_removed(vendors: Vendors) -> None:
    run_due()
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    vendors.forget_calls()
    sync_again()
    targets = [call["target"].partition("?")[0] for call in vendors.calls("slicktext")]
    assert targets == ["/v1/brands/26136/contacts", f"/v1/brands/26136/contacts/{MARTY}"]
    assert ids() == people(vendors)
    assert IndexDeletion.objects.get().pk == MARTY
    assert not index.state().checking


def test_a_contact_that_was_only_missed_stays(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_due()
    answer_otherwise(monkeypatch, lambda page: replace(page, contacts=page.contacts[1:]))
    vendors.edit(city="Springfield")
    sync_again()
    assert ids() == people(vendors)
    assert IndexedContact.objects.get(pk=MARTY).city == "Springfield"


def test_no_contact_is_removed_while_it_cannot_be_verified(vendors: Vendors) -> None:
    run_due()
    before = ids()
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    for fault in ({"kind": "down"}, {"kind": "error", "status": 500}, {"kind": "html"}):
        soon(sync_due_at=timezone.now(), checking=False)
        vendors.clear_faults()
        vendors.fault("slicktext", **fault)
        check_again()
        assert ids() == before, fault
    vendors.clear_faults()


def test_a_contact_that_cannot_be_read_does_not_hold_up_the_others(vendors: Vendors) -> None:
    run_due()
    vendors.write("DELETE FROM contacts WHERE contact_id IN (?, ?)", MARTY, MARTY + 1)
    vendors.fault("slicktext", "error", status=422, times=1)
    check_again()
    assert MARTY in ids()
    assert MARTY + 1 not in ids()
    vendors.clear_faults()
    sync_again()
    assert ids() == people(vendors)


def test_a_page_from_before_a_deletion_brings_no_one_back(vendors: Vendors) -> None:
    asked_at = timezone.now()
    person = slicktext.get_contact(sync.to_slicktext(), MARTY)
    index.remove(MARTY)
    index.store([person], asked_at)
    assert not ids()
    index.store([person], timezone.now())
    assert ids() == {MARTY}


# Trouble.


def test_it_resumes_where_a_killed_worker_stopped(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    after_page(monkeypatch, 3, kill)
    with pytest.raises(Killed):
        run_due()
    assert len(ids()) == 15, "two pages are known, and live"
    monkeypatch.undo()
    monkeypatch.setattr(sync, "_estimate_total", lambda sync, least: 0)
    soon()
    small.forget_calls()
    assert run_due() == 0, "its lease is still good"
    soon(leased_until=timezone.now())
    run_due()
    assert pages(small)[0].endswith("offset=10"), "the third page again, and none before it"
    assert ids() == people(small)


def test_an_outage_loses_no_place(small: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    after_page(monkeypatch, 3, lambda: small.fault("slicktext", "down"))
    run_due()
    state = index.state()
    assert state.syncing
    assert not state.ready
    assert state.synced == 20
    assert "SlickText" in state.error
    sync_row = IndexSync.objects.get()
    assert timedelta(seconds=10) < sync_row.next_at - timezone.now() <= timedelta(seconds=30)
    small.clear_faults()
    small.forget_calls()
    assert run_due() == 0
    soon()
    run_due()
    assert pages(small)[0].endswith("offset=15")
    assert ids() == people(small)
    assert index.state().error == ""


def test_it_stays_ready_while_a_later_sync_fails(vendors: Vendors) -> None:
    run_due()
    vendors.fault("slicktext", "unauthorized")
    sync_again()
    state = index.state()
    assert state.ready
    assert state.syncing
    assert "key" in state.error


def test_a_defect_of_ours_pauses_it(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(storing, "store_or_raise", fail)
    assert run_due() == 0
    sync_row = IndexSync.objects.get()
    assert sync_row.last_error == sync.DEFECT
    assert sync_row.lease == ""
    assert sync_row.next_at > timezone.now()


def test_a_purge_during_a_sync(small: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    after_page(monkeypatch, 3, lambda: index.purge(sync_again_at=timezone.now()))
    run_due()
    assert not index.is_ready()
    assert IndexSync.objects.get().offset == 0
    soon()
    run_due()
    assert ids() == people(small)


# Making room.


def test_it_has_the_lowest_priority_and_never_waits() -> None:
    assert (SYNC_PAGE.priority, SYNC_PAGE.attempts, SYNC_PAGE.patience) == (Priority.SYNC, 1, 0)
    assert timedelta(seconds=SYNC_PAGE.total_timeout) < sync.LEASE


def test_it_keeps_to_a_share_of_the_plan(small: Vendors, settings: Any) -> None:
    settings.SLICKTEXT_CALLS_PER_SECOND = 8.0
    began = time.monotonic()
    stopping = threading.Event()
    threading.Timer(1.2, stopping.set).start()
    steps = run_due(stopping)
    seconds = time.monotonic() - began
    assert 1 <= steps <= 4 * seconds + 2, "four calls a second for the first sync"
    sync_row = IndexSync.objects.get()
    assert sync_row.lease == ""
    sync_row.finished_at = timezone.now()
    assert sync._call_interval(sync_row) == timedelta(seconds=0.5)


def test_people_come_first(small: Vendors, settings: Any) -> None:
    settings.SLICKTEXT_CALLS_PER_SECOND = 8.0
    from contacts_ui.services.vendors.rate_limit import slicktext_budget

    for _ in range(30):
        slicktext_budget().take("slicktext", Priority.PERSON, 3)
    # Nor did the sync wait long.
    CallBudget.objects.update(sync_at=time.time())
    small.forget_calls()
    sync.to_slicktext().budget.per_second = 8.0  # type: ignore[attr-defined]
    assert run_due() == 1
    assert small.asked() == []
    assert index.state().error == "", "waiting for others is no error"


def test_two_workers_share_one_sync(small: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    after_page(monkeypatch, 2, lambda: seen.append(run_due()))
    seen: list[int] = []
    run_due()
    assert seen == [0], "the other worker has it"


def test_a_worker_that_lost_its_lease_writes_nothing_more(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_page(monkeypatch, 2, lambda: IndexSync.objects.update(lease="another's"))
    assert run_due() == 0
    sync_row = IndexSync.objects.get()
    assert (sync_row.lease, sync_row.offset) == ("another's", 10)


def test_the_next_sync_begins_after_a_while(vendors: Vendors, settings: Any) -> None:
    settings.INDEX_SYNC_MINUTES = 7
    run_due()
    state = index.state()
    assert state.finished_at
    assert state.next_at
    assert state.next_at - state.finished_at == timedelta(minutes=7)
    vendors.forget_calls()
    assert run_due() == 0
    assert vendors.asked() == []


def test_a_look_without_work_is_one_query(
    vendors: Vendors, django_assert_num_queries: Callable[[int], Any]
) -> None:
    run_due()
    with django_assert_num_queries(1):
        run_due()


# Who may not keep a copy, and who has no SlickText.


def test_without_slicktext_nothing_is_done(connect_only: Callable[[str], None]) -> None:
    connect_only("cloudcontactai")
    assert run_due() == 0
    assert not IndexSync.objects.exists()


def test_nothing_is_kept_when_turned_off(vendors: Vendors, settings: Any) -> None:
    run_due()
    settings.CONTACT_INDEX = False
    vendors.forget_calls()
    assert run_due() == 0
    assert vendors.asked() == []
    assert not IndexedContact.objects.exists()
    assert not IndexSync.objects.exists()
    index.store([slicktext.get_contact(sync.to_slicktext(), MARTY)], timezone.now())
    assert not IndexedContact.objects.exists()
    assert not index.is_ready()


def test_the_worker_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Any, ...]] = []

    class Thread:
        def __init__(self, *, name: str, args: tuple[Any, ...], **options: Any) -> None:
            started.append((name, args))

        def start(self) -> None:
            pass

    pool = DeliveryPool(1)
    monkeypatch.setattr(schedule.threading, "Thread", Thread)
    stopping = threading.Event()
    schedule.start(pool, stopping, look_every_seconds=1)
    (task,) = dict(started)["index"][0]
    assert task.run.func is index.run_due
    assert task.run.args == (stopping,)


def test_no_contact_has_this_id(vendors: Vendors) -> None:
    index.remove(UNKNOWN_ID)
    assert not ids()


def test_another_brand_is_read_again(vendors: Vendors, settings: Any) -> None:
    """Contacts of one account say nothing about another."""
    run_due()
    assert index.is_ready()
    theirs = replace(settings.VENDORS.slicktext, account="99999")
    settings.VENDORS = replace(settings.VENDORS, slicktext=theirs)
    assert not index.is_ready(), "at once, before any worker looks"
    forget_connections()
    run_due()
    assert not IndexedContact.objects.exists(), "and not only when the next sync is due"
    assert IndexSync.objects.get().last_error, "the sandbox knows no such brand"
