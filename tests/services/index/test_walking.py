"""The walk: everybody is met once, nobody is lost, nobody is forgotten unverified, and it makes room for the others."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts_ui import rounds
from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import Unreadable
from contacts_ui.integrations.manner import WALK, Priority
from contacts_ui.integrations.types import ContactPage, Malformed
from contacts_ui.models import CallBudget, IndexedContact, IndexGone, IndexWalk
from contacts_ui.services import index
from contacts_ui.services.index import learning, walking
from contacts_ui.services.index.walking import go_on
from contacts_ui.services.vendors import forget_connections
from tests.people import MARTY, NOBODY, Vendors

pytestmark = pytest.mark.django_db
PEOPLE = 60


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The pace is tested by itself, and nothing is too fresh to be looked for."""
    settings.SLICKTEXT_CALLS_PER_SECOND = 10_000.0
    monkeypatch.setattr(learning, "FRESH", timedelta(0))
    # A guess at the total is tested by itself; elsewhere it would only blur what was asked.
    monkeypatch.setattr(walking, "_about", lambda walk, least: 0)
    # So is the look behind the last page.
    monkeypatch.setattr(walking, "_somebody_behind", lambda walk, page: False)


@pytest.fixture
def small(vendors: Vendors) -> Vendors:
    """A vendor that gives ten rows a page at most."""
    vendors.switch(max_page=10)
    vendors.forget_calls()
    return vendors


def soon(**changes: Any) -> None:
    IndexWalk.objects.update(next_at=timezone.now(), **changes)


def walk_again() -> None:
    soon(walk_due_at=timezone.now())
    go_on()


def pages(vendors: Vendors) -> list[str]:
    """The limits and offsets that were asked for."""
    targets = [call["target"] for call in vendors.calls("slicktext")]
    return [target.partition("?")[2] for target in targets if "limit=" in target]


def after_page(monkeypatch: pytest.MonkeyPatch, number: int, do: Callable[[], object]) -> None:
    """Let `do` happen at the vendor right after its answer to the page of this number, counted from 1."""
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


# One walk.


def test_it_meets_everybody_in_the_largest_pages(vendors: Vendors) -> None:
    assert not index.is_ready()
    go_on()
    assert pages(vendors) == ["limit=10000&offset=0"]
    assert ids() == people(vendors)
    state = index.state()
    assert (state.ready, state.walking, state.walked, state.total) == (True, False, PEOPLE, PEOPLE)
    assert state.percent == 100


def test_small_pages_overlap_by_a_few_rows(small: Vendors) -> None:
    go_on()
    assert ids() == people(small)
    asked = [int(page.rpartition("=")[2]) for page in pages(small)]
    assert asked == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50]
    assert IndexWalk.objects.get().page_size == 10


@pytest.mark.parametrize("most", [1, 2, 3, 7, 59, 60, 61])
def test_however_few_rows_the_vendor_gives(most: int, vendors: Vendors) -> None:
    vendors.switch(max_page=most)
    go_on()
    assert ids() == people(vendors)
    assert index.is_ready()


def test_a_vendor_that_refuses_large_pages(vendors: Vendors) -> None:
    vendors.switch(over_max="error", max_page=50)
    go_on()
    assert [page.split("&")[0] for page in pages(vendors)[:4]] == [
        "limit=10000",
        "limit=1000",
        "limit=250",
        "limit=100",
    ]
    assert ids() == people(vendors)
    assert index.state().trouble == ""


def test_pages_that_take_too_long_are_made_smaller(vendors: Vendors) -> None:
    vendors.fault("slicktext", "drop_after", times=1)
    go_on()
    assert index.state().trouble
    soon()
    go_on()
    assert [page.split("&")[0] for page in pages(vendors)] == ["limit=10000", "limit=1000"]
    assert ids() == people(vendors)
    soon(walk_due_at=timezone.now())
    vendors.forget_calls()
    go_on()
    assert pages(vendors)[0].startswith("limit=10000"), "the next walk tries again"


def test_a_vendor_that_never_says_whether_there_is_more(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = slicktext.list_contacts

    def silent(*args: Any, **options: Any) -> ContactPage:
        page = real(*args, **options)
        return replace(page, has_more=bool(page.received))

    monkeypatch.setattr(slicktext, "list_contacts", silent)
    go_on()
    assert ids() == people(small)
    assert index.state().total == PEOPLE


@pytest.mark.parametrize("says", [True, False])
def test_the_last_page_is_believed_once_nobody_stands_behind_it(
    says: bool, small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = slicktext.list_contacts

    def lying(*args: Any, **options: Any) -> ContactPage:
        page = real(*args, **options)
        return page if says else replace(page, has_more=False)

    monkeypatch.undo()
    small.server.set_switches(rate_limit=False)
    monkeypatch.setattr(walking, "_about", lambda walk, least: 0)
    monkeypatch.setattr(walking, "_pace", lambda walk: timedelta(0))
    monkeypatch.setattr(slicktext, "list_contacts", lying)
    go_on()
    assert ids() == people(small)
    assert index.state().total == PEOPLE
    looks = [page for page in pages(small) if page.startswith("limit=1&")]
    assert len(looks) == (1 if says else 11)


def test_a_vendor_that_refuses_the_page_behind_the_last_ends_the_walk(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = slicktext.list_contacts

    def refusing(*args: Any, **options: Any) -> ContactPage:
        if options["offset"] >= PEOPLE:
            raise Unreadable("slicktext", status=404)
        return real(*args, **options)

    monkeypatch.undo()
    monkeypatch.setattr(slicktext, "list_contacts", refusing)
    go_on()
    assert ids() == people(small)
    assert index.is_ready()


def test_a_vendor_that_passes_over_the_offset_ends_the_walk(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = slicktext.list_contacts
    monkeypatch.undo()
    monkeypatch.setattr(
        slicktext,
        "list_contacts",
        lambda *args, **options: replace(real(*args, **options | {"offset": 0}), has_more=False),
    )
    go_on()
    assert index.is_ready()


def test_a_row_that_cannot_be_read_ends_nothing(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = slicktext.list_contacts

    def spoiled(*args: Any, **options: Any) -> ContactPage:
        page = real(*args, **options)
        kept = tuple(each for each in page.contacts if each.contact_id != MARTY + 9)
        bad = tuple(
            Malformed(at, MARTY + 9, "odd")
            for at, each in enumerate(page.contacts)
            if each.contact_id == MARTY + 9
        )
        return replace(page, contacts=kept, malformed=bad)

    monkeypatch.setattr(slicktext, "list_contacts", spoiled)
    go_on()
    assert ids() == people(small) - {MARTY + 9}
    assert index.is_ready()


def test_about_how_many_there_are(small: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    small.server.set_switches(rate_limit=False)
    monkeypatch.setattr(walking, "_pace", lambda walk: timedelta(minutes=1))
    go_on()
    state = index.state()
    assert state.building
    assert state.walking
    assert PEOPLE * 0.85 < state.total < PEOPLE * 1.15
    assert state.percent == 10 * 100 // state.total


# Others come and go meanwhile.


def test_people_deleted_before_our_place_hide_nobody(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody moves up by as many, past the edge of the page."""
    gone = sorted(people(small))[:12]

    def delete() -> None:
        for contact_id in gone:
            small._call("DELETE", f"/brands/26136/contacts/{contact_id}", {})

    after_page(monkeypatch, 4, delete)
    go_on()
    assert index.is_ready()
    assert ids() == people(small) | set(gone), "who is left was met"
    walk_again()
    assert ids() == people(small), "and the next walk finds who is gone"


def test_one_deleted_person_costs_no_step_back(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_page(
        monkeypatch,
        2,
        lambda: small._call("DELETE", f"/brands/26136/contacts/{MARTY}", {}),
    )
    go_on()
    assert ids() == people(small) | {MARTY}
    assert IndexWalk.objects.get().steps_back == 0


def test_a_vendor_without_any_order_does_not_hold_it_up(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = slicktext.list_contacts

    def shuffled(*args: Any, **options: Any) -> ContactPage:
        page = real(*args, **options)
        return replace(
            page,
            contacts=tuple(
                replace(each, contact_id=each.contact_id + page.offset * 1000)
                for each in page.contacts
            ),
        )

    monkeypatch.setattr(slicktext, "list_contacts", shuffled)
    for _ in range(5):
        go_on()
        soon()
    assert index.is_ready()


def test_who_was_deleted_is_looked_for_before_they_are_forgotten(vendors: Vendors) -> None:
    go_on()
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    vendors.forget_calls()
    walk_again()
    targets = [call["target"].partition("?")[0] for call in vendors.calls("slicktext")]
    assert targets == ["/v1/brands/26136/contacts", f"/v1/brands/26136/contacts/{MARTY}"]
    assert ids() == people(vendors)
    assert IndexGone.objects.get().pk == MARTY
    assert not index.state().checking


def test_who_was_only_missed_stays(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on()
    real = slicktext.list_contacts

    def forgetful(*args: Any, **options: Any) -> ContactPage:
        page = real(*args, **options)
        return replace(page, contacts=page.contacts[1:])

    monkeypatch.setattr(slicktext, "list_contacts", forgetful)
    vendors.edit(city="Springfield")
    walk_again()
    assert ids() == people(vendors)
    assert IndexedContact.objects.get(pk=MARTY).city == "Springfield"


def test_nobody_is_forgotten_while_it_cannot_be_verified(vendors: Vendors) -> None:
    go_on()
    before = ids()
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    for fault in ({"kind": "down"}, {"kind": "error", "status": 500}, {"kind": "html"}):
        soon(walk_due_at=timezone.now(), checking=False)
        vendors.clear_faults()
        step = IndexWalk.objects.get()
        vendors.fault("slicktext", **fault)
        soon(
            started_at=timezone.now(),
            finished_at=timezone.now() + timedelta(seconds=1),
            checking=True,
            walk_due_at=timezone.now() + timedelta(hours=1),
        )
        go_on()
        assert ids() == before, (fault, step)
    vendors.clear_faults()


def test_one_who_cannot_be_read_does_not_keep_the_others(vendors: Vendors) -> None:
    go_on()
    vendors.write("DELETE FROM contacts WHERE contact_id IN (?, ?)", MARTY, MARTY + 1)
    vendors.fault("slicktext", "error", status=422, times=1)
    soon(
        started_at=timezone.now(),
        finished_at=timezone.now() + timedelta(seconds=1),
        checking=True,
        walk_due_at=timezone.now() + timedelta(hours=1),
    )
    go_on()
    assert MARTY in ids()
    assert MARTY + 1 not in ids()
    vendors.clear_faults()
    walk_again()
    assert ids() == people(vendors)


def test_a_page_from_before_a_deletion_brings_nobody_back(vendors: Vendors) -> None:
    asked_at = timezone.now()
    person = slicktext.get_contact(walking.to_slicktext(), MARTY)
    index.forget(MARTY)
    index.learn([person], asked_at)
    assert not ids()
    index.learn([person], timezone.now())
    assert ids() == {MARTY}


# Trouble.


def test_it_goes_on_where_a_killed_worker_stopped(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    after_page(monkeypatch, 3, kill)
    with pytest.raises(Killed):
        go_on()
    assert len(ids()) == 15, "two pages are known, and live"
    monkeypatch.undo()
    monkeypatch.setattr(walking, "_about", lambda walk, least: 0)
    soon()
    small.forget_calls()
    assert go_on() == 0, "its lease is still good"
    soon(leased_until=timezone.now())
    go_on()
    assert pages(small)[0].endswith("offset=10"), "the third page again, and none before it"
    assert ids() == people(small)


def test_an_outage_loses_no_place(small: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    after_page(monkeypatch, 3, lambda: small.fault("slicktext", "down"))
    go_on()
    state = index.state()
    assert state.walking
    assert not state.ready
    assert state.walked == 20
    assert "SlickText" in state.trouble
    walk = IndexWalk.objects.get()
    assert timedelta(seconds=25) < walk.next_at - timezone.now() <= timedelta(seconds=30)
    small.clear_faults()
    small.forget_calls()
    assert go_on() == 0
    soon()
    go_on()
    assert pages(small)[0].endswith("offset=15")
    assert ids() == people(small)
    assert index.state().trouble == ""


def test_it_stays_ready_while_a_later_walk_is_in_trouble(vendors: Vendors) -> None:
    go_on()
    vendors.fault("slicktext", "unauthorized")
    walk_again()
    state = index.state()
    assert state.ready
    assert state.walking
    assert "key" in state.trouble


def test_a_defect_of_ours_pauses_it(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(learning, "keep", fail)
    assert go_on() == 0
    walk = IndexWalk.objects.get()
    assert walk.trouble == walking.DEFECT
    assert walk.lease == ""
    assert walk.next_at > timezone.now()


def test_a_purge_in_mid_walk(small: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    after_page(monkeypatch, 3, lambda: index.purge(walk_again_at=timezone.now()))
    go_on()
    assert not index.is_ready()
    assert IndexWalk.objects.get().offset == 0
    soon()
    go_on()
    assert ids() == people(small)


# Making room.


def test_it_is_a_sync_that_waits_for_nobody() -> None:
    assert (WALK.priority, WALK.attempts, WALK.patience) == (Priority.SYNC, 1, 0)
    assert timedelta(seconds=WALK.total_timeout) < walking.LEASE


def test_it_keeps_to_a_share_of_the_plan(small: Vendors, settings: Any) -> None:
    settings.SLICKTEXT_CALLS_PER_SECOND = 8.0
    began = timezone.now()
    stopping = threading.Event()
    threading.Timer(1.2, stopping.set).start()
    steps = go_on(stopping)
    assert 3 <= steps <= 6, "four calls a second for the first walk"
    assert timezone.now() - began < timedelta(seconds=3), "and it stops at once"
    walk = IndexWalk.objects.get()
    assert walk.lease == ""
    walk.finished_at = timezone.now()
    assert walking._pace(walk) == timedelta(seconds=0.5)


def test_people_come_first(small: Vendors, settings: Any) -> None:
    settings.SLICKTEXT_CALLS_PER_SECOND = 8.0
    from contacts_ui.services.budget import slicktext_budget

    for _ in range(30):
        slicktext_budget().take("slicktext", Priority.PERSON, 3)
    # Nor has the walk waited long.
    CallBudget.objects.update(sync_at=time.time())
    small.forget_calls()
    walking.to_slicktext().budget.per_second = 8.0  # type: ignore[attr-defined]
    assert go_on() == 1
    assert small.asked() == []
    assert index.state().trouble == "", "that others come first is no trouble"


def test_two_workers_share_one_walk(small: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    after_page(monkeypatch, 2, lambda: seen.append(go_on()))
    seen: list[int] = []
    go_on()
    assert seen == [0], "the other worker has it"


def test_whoever_was_taken_over_writes_nothing_more(
    small: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_page(monkeypatch, 2, lambda: IndexWalk.objects.update(lease="another's"))
    assert go_on() == 0
    walk = IndexWalk.objects.get()
    assert (walk.lease, walk.offset) == ("another's", 10)


def test_the_next_walk_begins_after_a_while(vendors: Vendors, settings: Any) -> None:
    settings.INDEX_WALK_MINUTES = 7
    go_on()
    state = index.state()
    assert state.finished_at
    assert state.next_at
    assert state.next_at - state.finished_at == timedelta(minutes=7)
    vendors.forget_calls()
    assert go_on() == 0
    assert vendors.asked() == []


def test_looking_in_vain_is_one_query(
    vendors: Vendors, django_assert_num_queries: Callable[[int], Any]
) -> None:
    go_on()
    with django_assert_num_queries(1):
        go_on()


# Who may not keep a copy, and who has no SlickText.


def test_without_slicktext_nothing_is_done(connect_only: Callable[[str], None]) -> None:
    connect_only("cloudcontactai")
    assert go_on() == 0
    assert not IndexWalk.objects.exists()


def test_switched_off_nothing_is_kept(vendors: Vendors, settings: Any) -> None:
    go_on()
    settings.CONTACT_INDEX = False
    vendors.forget_calls()
    assert go_on() == 0
    assert vendors.asked() == []
    assert not IndexedContact.objects.exists()
    assert not IndexWalk.objects.exists()
    index.learn([slicktext.get_contact(walking.to_slicktext(), MARTY)], timezone.now())
    assert not IndexedContact.objects.exists()
    assert not index.is_ready()


def test_the_worker_walks(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Any, ...]] = []

    class Thread:
        def __init__(self, *, name: str, args: tuple[Any, ...], **options: Any) -> None:
            started.append((name, args))

        def start(self) -> None:
            pass

    monkeypatch.setattr(rounds.threading, "Thread", Thread)
    stopping = threading.Event()
    rounds.start(stopping, look_every=1)
    (walk,) = dict(started)["walk"][0]
    assert walk.do.func is index.go_on
    assert walk.do.args == (stopping,)


def test_nobody_has_this_id(vendors: Vendors) -> None:
    index.forget(NOBODY)
    assert not ids()


def test_another_brand_is_read_anew(vendors: Vendors, settings: Any) -> None:
    """What was read of one account says nothing about another."""
    go_on()
    assert index.is_ready()
    theirs = replace(settings.VENDORS.slicktext, account="99999")
    settings.VENDORS = replace(settings.VENDORS, slicktext=theirs)
    assert not index.is_ready(), "at once, before any worker looks"
    forget_connections()
    go_on()
    assert not IndexedContact.objects.exists(), "and not only when the next walk is due"
    assert IndexWalk.objects.get().trouble, "the sandbox knows no such brand"
