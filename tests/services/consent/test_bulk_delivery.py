"""Desired states of bulk jobs: delivered like all others, after everyone else's, and never in a person's way."""

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

from contacts_ui.integrations.call_policy import CallPolicy, Priority
from contacts_ui.models import CallBudget, DesiredState, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services.consent import delivery
from contacts_ui.services.consent.desired_state import due_now
from contacts_ui.services.consent.sending import Answer
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.operations.alerts import alerts_of
from contacts_ui.services.operations.system_state import read_system_state
from contacts_ui.worker.delivery_pool import DeliveryPool, deliver_all
from tests import consent
from tests.people import MARTY_NUMBER, SetDesiredState, Vendors, until

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
    """With which priority each desired state is sent from now on."""
    used: list[Priority] = []
    original = delivery.send

    def send(desired: DesiredState, policy: CallPolicy, *more: object) -> Answer:
        used.append(policy.priority)
        return original(desired, policy, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(delivery, "send", send)
    return used


def test_it_works(manager: User, vendors: Vendors) -> None:
    record_stop(staff=manager, batch=True)
    assert {desired.batch for desired in DesiredState.objects.all()} == {True}
    assert sum(deliver_all(vendor) for vendor in Vendor) == 2
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert {desired.state for desired in DesiredState.objects.all()} == {DeliveryState.CONFIRMED}


def test_peoples_stops_then_other_desired_states_then_bulk_jobs(
    set_desired_state: SetDesiredState,
) -> None:
    bulk_lift = set_desired_state(do_not_text=False, number="+16155550001", batch=True)
    bulk_stop = set_desired_state(number="+16155550002", batch=True)
    lift = set_desired_state(do_not_text=False, number="+16155550003")
    stop = set_desired_state(number="+16155550004")
    DesiredState.objects.filter(batch=True).update(due_at=timezone.now() - timedelta(hours=1))
    assert due_now() == [stop.pk, lift.pk, bulk_stop.pk, bulk_lift.pk]
    assert due_now(batch=True) == [bulk_stop.pk, bulk_lift.pk]
    assert due_now(CCAI, batch=False, limit=1) == [stop.pk]


def test_the_order_of_delivery_comes_from_the_index(set_desired_state: SetDesiredState) -> None:
    set_desired_state()
    with CaptureQueriesContext(connection) as queries:
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
    assert not DesiredState.objects.filter(batch=True).exists()
    deliver_all(SLICKTEXT)
    assert used == [Priority.STOP]


def test_a_persons_stop_during_the_call_is_a_persons(
    manager: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Priority] = []

    def send(desired: DesiredState, policy: CallPolicy, *more: object) -> Answer:
        used.append(policy.priority)
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
    assert not DesiredState.objects.filter(batch=True).exists()
    assert {desired.version for desired in DesiredState.objects.all()} == {1}


def test_a_bulk_job_after_a_confirmed_stop_tells_no_vendor_again(
    manager: User, vendors: Vendors
) -> None:
    record_stop(staff=manager)
    deliver_all(CCAI)
    record_stop(staff=manager, batch=True)
    desired = DesiredState.objects.get(vendor=CCAI)
    assert (desired.version, desired.due_at) == (1, None)


def test_a_bulk_job_after_a_refused_stop_is_a_bulk_job(manager: User, vendors: Vendors) -> None:
    record_stop(staff=manager)
    deliver_all(CCAI)
    DesiredState.objects.filter(vendor=CCAI).update(state="refused")
    record_stop(staff=manager, batch=True)
    assert DesiredState.objects.get(vendor=CCAI).batch is True


def test_no_room_leaves_bulk_jobs_untouched_and_people_as_they_are(
    manager: User, vendors: Vendors
) -> None:
    use_up_the_room_for_batches()
    record_stop(staff=manager, batch=True)
    before = DesiredState.objects.get(vendor=SLICKTEXT)
    assert deliver_all(SLICKTEXT) == 0
    after = DesiredState.objects.get(vendor=SLICKTEXT)
    assert (after.due_at, after.lease, after.attempts) == (before.due_at, "", 0)
    record_stop(staff=manager, number="+16155550199")
    assert deliver_all(SLICKTEXT) == 1
    assert deliver_all(CCAI) == 2, "the other vendor has room"


def test_no_room_after_all_is_no_failed_try(manager: User, vendors: Vendors) -> None:
    key, _ = record_stop(staff=manager, batch=True)
    use_up_the_room_for_batches()
    assert delivery.deliver(key)
    desired = DesiredState.objects.get(pk=key)
    assert (desired.state, desired.attempts, desired.lease) == (DeliveryState.ON_ITS_WAY, 0, "")
    assert desired.due_at
    assert desired.due_at > timezone.now()
    assert vendors.asked() == []


def test_looking_in_vain_is_cheap(manager: User, vendors: Vendors) -> None:
    use_up_the_room_for_batches()
    record_stop(staff=manager, batch=True)
    with CaptureQueriesContext(connection) as queries:
        deliver_all(SLICKTEXT)
    assert len(queries) == 3, "is a person's due, twice; is there room"
    assert not any("UPDATE" in query["sql"] for query in queries)


def test_a_bulk_job_that_takes_its_time_raises_no_alarm(
    manager: User, set_desired_state: SetDesiredState
) -> None:
    set_desired_state(batch=True)
    DesiredState.objects.update(requested_at=timezone.now() - timedelta(hours=1))
    state = read_system_state()
    assert (state.waiting, state.bulk) == ({}, {CCAI: 1})
    assert state.waits(CCAI) == 1
    assert "waiting" not in {alarm.kind for alarm in alerts_of(state, manager, timezone.now())}


@pytest.fixture
def pool(vendors: Vendors) -> Iterator[DeliveryPool]:
    pool = DeliveryPool(settings.WORKER_CALLS_AT_ONCE)
    yield pool
    assert pool.stop(within_seconds=60)


@pytest.mark.django_db(transaction=True)
def test_hands_stay_free_for_people_while_a_vendor_is_slow(
    pool: DeliveryPool, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call about a bulk job hangs; a person's stop still reaches both vendors."""
    hang = threading.Event()
    hanging: list[str] = []

    def send(desired: DesiredState, *more: object) -> Answer:
        if desired.batch:
            hanging.append(desired.vendor)
            hang.wait(120)
        return Answer(True)

    monkeypatch.setattr(delivery, "send", send)
    for n in range(20):
        record_stop(staff=manager, number=f"+161555502{n:02}", batch=True)
    try:
        pool.start()
        half = settings.WORKER_CALLS_AT_ONCE // 2
        until(lambda: len(hanging) == 2 * half)
        keys = record_stop(staff=manager)
        pool.wake()
        until(
            lambda: (
                DesiredState.objects.filter(pk__in=keys, state=DeliveryState.CONFIRMED).count() == 2
            )
        )
        assert len(hanging) == 2 * half, "no hand more than half of them"
    finally:
        hang.set()


@pytest.mark.django_db(transaction=True)
def test_one_hand_does_both(manager: User, vendors: Vendors) -> None:
    record_stop(staff=manager, batch=True)
    record_stop(staff=manager, number="+16155550199")
    pool = DeliveryPool(1)
    pool.start()
    until(lambda: not DesiredState.objects.exclude(state=DeliveryState.CONFIRMED).exists())
    assert pool.stop(within_seconds=10)
