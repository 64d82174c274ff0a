"""Wishes of bulk jobs: delivered like all others, after everybody else's, and never in a person's way."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.integrations.http import Manner, Priority
from contacts_ui.models import CallBudget, Vendor, Wish
from contacts_ui.models.wish import WishState
from contacts_ui.services.alarms import alarms_of
from contacts_ui.services.consent import delivery
from contacts_ui.services.consent.desired_state import due_now
from contacts_ui.services.consent.sending import Answer
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.crew import Crew, deliver_all
from contacts_ui.services.pulse import take_pulse
from tests import consent
from tests.people import MARTY_NUMBER, MakeWish, Vendors, until

pytestmark = pytest.mark.django_db
SLICKTEXT, CCAI = Vendor.SLICKTEXT, Vendor.CLOUDCONTACTAI


def record_stop(*, staff: User, number: str = MARTY_NUMBER, batch: bool = False) -> list[int]:
    return consent.record_stop(staff=staff, seen=Seen(number), request=Request(), batch=batch)


def use_up_the_room_for_batches() -> None:
    soon = time.time() + 30
    CallBudget.objects.update_or_create(
        vendor=SLICKTEXT, defaults={"next_even_call": soon, "batch_at": soon}
    )


def priorities(monkeypatch: pytest.MonkeyPatch) -> list[Priority]:
    """With which priority each wish is sent from now on."""
    used: list[Priority] = []
    original = delivery.send

    def send(wish: Wish, manner: Manner, *more: object) -> Answer:
        used.append(manner.priority)
        return original(wish, manner, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(delivery, "send", send)
    return used


def test_it_works(manager: User, vendors: Vendors) -> None:
    record_stop(staff=manager, batch=True)
    assert {wish.batch for wish in Wish.objects.all()} == {True}
    assert sum(deliver_all(vendor) for vendor in Vendor) == 2
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert {wish.state for wish in Wish.objects.all()} == {WishState.CONFIRMED}


def test_peoples_stops_then_other_wishes_then_bulk_jobs(wish_for: MakeWish) -> None:
    bulk_lift = wish_for(do_not_text=False, number="+16155550001", batch=True)
    bulk_stop = wish_for(number="+16155550002", batch=True)
    lift = wish_for(do_not_text=False, number="+16155550003")
    stop = wish_for(number="+16155550004")
    Wish.objects.filter(batch=True).update(due_at=timezone.now() - timedelta(hours=1))
    assert due_now() == [stop.pk, lift.pk, bulk_stop.pk, bulk_lift.pk]
    assert due_now(batch=True) == [bulk_stop.pk, bulk_lift.pk]
    assert due_now(CCAI, batch=False, limit=1) == [stop.pk]


def test_the_order_of_delivery_comes_from_the_index(wish_for: MakeWish) -> None:
    wish_for()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        due_now(CCAI)
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + queries[0]["sql"].replace("%", "%%"))
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "wish_due_in_order" in plan
    assert "TEMP B-TREE" not in plan


def test_it_goes_out_with_the_priority_of_a_batch(
    manager: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = priorities(monkeypatch)
    record_stop(staff=manager, batch=True)
    deliver_all(SLICKTEXT)
    assert used == [Priority.BATCH]


def test_a_persons_stop_makes_it_a_persons_again(
    manager: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = priorities(monkeypatch)
    record_stop(staff=manager, batch=True)
    record_stop(staff=manager)
    assert not Wish.objects.filter(batch=True).exists()
    deliver_all(SLICKTEXT)
    assert used == [Priority.STOP]


def test_a_persons_stop_during_the_call_is_a_persons(
    manager: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Priority] = []

    def send(wish: Wish, manner: Manner, *more: object) -> Answer:
        used.append(manner.priority)
        if len(used) == 1:
            record_stop(staff=manager)
        return Answer(True)

    monkeypatch.setattr(delivery, "send", send)
    record_stop(staff=manager, batch=True)
    deliver_all(CCAI)
    assert used == [Priority.BATCH, Priority.STOP]


def test_a_bulk_job_does_not_slow_down_a_stop_that_is_on_its_way(manager: User) -> None:
    record_stop(staff=manager)
    record_stop(staff=manager, batch=True)
    assert not Wish.objects.filter(batch=True).exists()
    assert {wish.version for wish in Wish.objects.all()} == {2}


def test_a_bulk_job_after_a_confirmed_stop_is_a_bulk_job(manager: User, vendors: Vendors) -> None:
    record_stop(staff=manager)
    deliver_all(CCAI)
    record_stop(staff=manager, batch=True)
    assert Wish.objects.get(vendor=CCAI).batch is True


def test_no_room_leaves_bulk_jobs_untouched_and_people_as_they_are(
    manager: User, vendors: Vendors
) -> None:
    use_up_the_room_for_batches()
    record_stop(staff=manager, batch=True)
    before = Wish.objects.get(vendor=SLICKTEXT)
    assert deliver_all(SLICKTEXT) == 0
    after = Wish.objects.get(vendor=SLICKTEXT)
    assert (after.due_at, after.lease, after.attempts) == (before.due_at, "", 0)
    record_stop(staff=manager, number="+16155550199")
    assert deliver_all(SLICKTEXT) == 1
    assert deliver_all(CCAI) == 2, "the other vendor has room"


def test_no_room_after_all_is_no_failed_try(manager: User, vendors: Vendors) -> None:
    key, _ = record_stop(staff=manager, batch=True)
    use_up_the_room_for_batches()
    assert delivery.deliver(key)
    wish = Wish.objects.get(pk=key)
    assert (wish.state, wish.attempts, wish.lease) == (WishState.ON_ITS_WAY, 0, "")
    assert wish.due_at
    assert wish.due_at > timezone.now()
    assert vendors.asked() == []


def test_looking_in_vain_is_cheap(manager: User, vendors: Vendors) -> None:
    use_up_the_room_for_batches()
    record_stop(staff=manager, batch=True)
    with CaptureQueriesContext(connection) as queries:
        deliver_all(SLICKTEXT)
    assert len(queries) == 3, "is a person's due, twice; is there room"
    assert not any("UPDATE" in query["sql"] for query in queries)


def test_a_bulk_job_that_takes_its_time_raises_no_alarm(manager: User, wish_for: MakeWish) -> None:
    wish_for(batch=True)
    Wish.objects.update(wished_at=timezone.now() - timedelta(hours=1))
    state = take_pulse()
    assert (state.waiting, state.bulk) == ({}, {CCAI: 1})
    assert state.waits(CCAI) == 1
    assert "waiting" not in {alarm.kind for alarm in alarms_of(state, manager, timezone.now())}


@pytest.fixture
def crew(vendors: Vendors) -> Iterator[Crew]:
    crew = Crew(settings.WORKER_CALLS_AT_ONCE)
    yield crew
    assert crew.stop(within=10)


@pytest.mark.django_db(transaction=True)
def test_hands_stay_free_for_people_while_a_vendor_is_slow(
    crew: Crew, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call about a bulk job hangs; a person's stop is told to both vendors all the same."""
    hang = threading.Event()
    hanging: list[str] = []

    def send(wish: Wish, *more: object) -> Answer:
        if wish.batch:
            hanging.append(wish.vendor)
            hang.wait(20)
        return Answer(True)

    monkeypatch.setattr(delivery, "send", send)
    for n in range(20):
        record_stop(staff=manager, number=f"+161555502{n:02}", batch=True)
    try:
        crew.start()
        half = settings.WORKER_CALLS_AT_ONCE // 2
        until(lambda: len(hanging) == 2 * half)
        keys = record_stop(staff=manager)
        started = time.monotonic()
        assert crew.look() >= 2
        until(lambda: Wish.objects.filter(pk__in=keys, state=WishState.CONFIRMED).count() == 2)
        assert time.monotonic() - started < 3
        assert len(hanging) == 2 * half, "no hand more than half of them"
    finally:
        hang.set()


@pytest.mark.django_db(transaction=True)
def test_one_hand_does_both(manager: User, vendors: Vendors) -> None:
    record_stop(staff=manager, batch=True)
    record_stop(staff=manager, number="+16155550199")
    crew = Crew(1)
    crew.start()
    until(lambda: not Wish.objects.exclude(state=WishState.CONFIRMED).exists())
    assert crew.stop(within=10)
