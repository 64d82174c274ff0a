"""One budget of vendor calls for everyone: the rate is kept, stops never wait, batches leave room."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.test import Client

from contacts_ui.integrations.call_policy import Priority
from contacts_ui.integrations.errors import BudgetSpent
from contacts_ui.models import CallBudget, DesiredState
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.vendors import forget_connections
from contacts_ui.services.vendors.rate_limit import (
    BURST_SECONDS,
    KEPT_FOR_STOPS,
    DatabaseBudget,
    PoliteBudget,
)
from sandbox.limits import RateLimit
from tests.pages import Page
from tests.people import SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
PER_SECOND = 8.0
WINDOW = 60.0
A_HAIR = 0.0001  # of rounding
Clock = Any  # time_machine does not export the type of what `travel` gives
NOW = "2026-03-05T12:00:00Z"


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Time that stands still until a test moves it."""
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def budget() -> DatabaseBudget:
    return DatabaseBudget(per_second=PER_SECOND)


def taken_at_once(budget: DatabaseBudget, priority: Priority, most: int = 500) -> int:
    """How many calls there is room for right now."""
    for count in range(most):
        try:
            budget.take("slicktext", priority, patience=A_HAIR)
        except BudgetSpent:
            return count
    return most


def test_it_works(budget: DatabaseBudget, clock: object) -> None:
    budget.take("slicktext", Priority.PERSON, patience=0)
    assert CallBudget.objects.get().vendor == "slicktext"


def test_no_minute_has_more_than_the_vendor_allows(budget: DatabaseBudget, clock: Clock) -> None:
    calls = taken_at_once(budget, Priority.PERSON)
    for _ in range(59):
        clock.shift(1)
        calls += taken_at_once(budget, Priority.PERSON)
    allowed = PER_SECOND * WINDOW
    assert 0.92 * allowed <= calls < allowed * (1 - KEPT_FOR_STOPS), "the rest is for stops"


def test_a_burst_is_allowed_and_then_an_even_pace(budget: DatabaseBudget, clock: Clock) -> None:
    assert taken_at_once(budget, Priority.PERSON) == PER_SECOND * BURST_SECONDS + 1
    clock.shift(1)
    assert taken_at_once(budget, Priority.PERSON) in (6, 7)


def test_the_less_it_matters_the_less_of_the_burst(budget: DatabaseBudget, clock: object) -> None:
    sync = taken_at_once(budget, Priority.SYNC)
    batch = taken_at_once(budget, Priority.BATCH)
    person = taken_at_once(budget, Priority.PERSON)
    burst = PER_SECOND * BURST_SECONDS
    assert (sync, batch, person) == (burst * 0.1 + 1, burst * 0.15, burst * 0.75)
    assert taken_at_once(budget, Priority.BATCH) == 0


def test_no_one_starves_while_people_take_all_there_is(
    budget: DatabaseBudget, clock: Clock
) -> None:
    had = dict.fromkeys(Priority, 0)
    for _ in range(600):
        had[Priority.PERSON] += taken_at_once(budget, Priority.PERSON)
        for priority in (Priority.SYNC, Priority.BATCH):
            had[priority] += taken_at_once(budget, priority)
        clock.shift(0.1)
    assert 13 <= had[Priority.BATCH] <= 16, "one every four seconds"
    assert 3 <= had[Priority.SYNC] <= 5, "one every twenty seconds"
    assert had[Priority.PERSON] > 400
    assert sum(had.values()) < PER_SECOND * WINDOW * (1 - KEPT_FOR_STOPS)


def test_a_minute_of_all_at_once_with_retries_never_meets_the_vendors_limit(
    budget: DatabaseBudget, clock: Clock
) -> None:
    """Against the sandbox's own count: people who want more than there is, a bulk job, a sync, some stops."""
    vendor = RateLimit(clock=time.time)
    refused = calls = 0

    def call() -> None:
        nonlocal refused, calls
        answer = vendor.take("key", 480)
        calls += 1
        refused += answer.over
        budget.report("slicktext", answer.limit, answer.remaining, answer.reset)

    for tenth in range(1800):
        if tenth % 20 == 0:
            budget.take("slicktext", Priority.STOP, patience=A_HAIR)
            call()
        for priority in (Priority.SYNC, Priority.BATCH, Priority.PERSON):
            for _ in range(taken_at_once(budget, priority, most=1)):
                call()
        clock.shift(0.1)
    assert refused == 0
    assert calls > 0.85 * 3 * 480


def test_a_stop_never_waits_for_the_rate(budget: DatabaseBudget, clock: object) -> None:
    taken_at_once(budget, Priority.PERSON)
    for _ in range(100):
        budget.take("slicktext", Priority.STOP, patience=0)


def test_stops_are_counted_anyway(budget: DatabaseBudget, clock: Clock) -> None:
    for _ in range(60):
        budget.take("slicktext", Priority.STOP, patience=0)
    assert taken_at_once(budget, Priority.PERSON) == 0
    clock.shift(1)
    assert taken_at_once(budget, Priority.PERSON) == 0


def test_a_flood_of_stops_is_forgotten_with_the_vendors_window(
    budget: DatabaseBudget, clock: Clock
) -> None:
    for _ in range(1500):
        budget.take("slicktext", Priority.STOP, patience=0)
    clock.shift(WINDOW)
    budget.take("slicktext", Priority.PERSON, patience=0)


def test_short_patience_reserves_nothing(budget: DatabaseBudget, clock: object) -> None:
    taken_at_once(budget, Priority.PERSON)
    before = CallBudget.objects.get().next_even_call
    with pytest.raises(BudgetSpent) as spent:
        budget.take("slicktext", Priority.PERSON, patience=0.01)
    assert 0.01 < spent.value.retry_after < 0.2
    assert CallBudget.objects.get().next_even_call == before


def test_patience_waits_for_its_turn(
    budget: DatabaseBudget, clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    taken_at_once(budget, Priority.PERSON)
    monkeypatch.setattr(time, "sleep", slept.append)
    budget.take("slicktext", Priority.PERSON, patience=3)
    budget.take("slicktext", Priority.PERSON, patience=3)
    assert 0 < slept[0] < slept[1] < 0.4


def test_a_pause_holds_everyone_also_stops(budget: DatabaseBudget, clock: Clock) -> None:
    budget.pause("slicktext", 10)
    for priority in Priority:
        with pytest.raises(BudgetSpent) as spent:
            budget.take("slicktext", priority, patience=3)
        assert 9 < spent.value.retry_after <= 10
    clock.shift(10)
    budget.take("slicktext", Priority.STOP, patience=0)


def test_a_pause_has_an_end_whatever_the_vendor_says(budget: DatabaseBudget, clock: Clock) -> None:
    budget.pause("slicktext", 10**9)
    clock.shift(121)
    budget.take("slicktext", Priority.PERSON, patience=0)


def test_nothing_left_of_the_vendors_window_pauses_everyone(
    budget: DatabaseBudget, clock: Clock
) -> None:
    budget.report("slicktext", 480, 0, 20.0)
    with pytest.raises(BudgetSpent):
        budget.take("slicktext", Priority.PERSON, patience=3)
    clock.shift(20)
    budget.take("slicktext", Priority.PERSON, patience=0)


def test_the_last_of_the_vendors_window_is_kept_for_stops(
    budget: DatabaseBudget, clock: Clock
) -> None:
    """Others may be using the same key: our own count is not all there is."""
    budget.report("slicktext", 480, 24, 20.0)
    for priority in (Priority.PERSON, Priority.BATCH, Priority.SYNC):
        with pytest.raises(BudgetSpent):
            budget.take("slicktext", priority, patience=3)
    budget.take("slicktext", Priority.STOP, patience=0)
    clock.shift(20)
    budget.take("slicktext", Priority.PERSON, patience=0)


def test_what_the_headers_say_is_kept_but_not_at_every_call(
    budget: DatabaseBudget, clock: Clock
) -> None:
    budget.report("slicktext", 480, 300, 20.0)
    budget.report("slicktext", 480, 299, 20.0)
    assert CallBudget.objects.get().reported_remaining == 300
    clock.shift(6)
    budget.report("slicktext", 480, 250, 14.0)
    assert CallBudget.objects.get().reported_remaining == 250


def test_each_vendor_has_its_own(budget: DatabaseBudget, clock: object) -> None:
    budget.pause("slicktext", 60)
    budget.take("cloudcontactai", Priority.PERSON, patience=0)
    PoliteBudget().take("cloudcontactai", Priority.PERSON, patience=0)


def test_cloudcontactai_has_no_rate_but_keeps_a_pause(clock: Clock) -> None:
    polite = PoliteBudget()
    assert taken_at_once(polite, Priority.PERSON) == 500
    polite.pause("slicktext", 5)
    assert taken_at_once(polite, Priority.STOP) == 0
    clock.shift(5)
    polite.take("slicktext", Priority.PERSON, patience=0)


@pytest.mark.django_db(transaction=True)
def test_the_rate_holds_over_threads_and_processes() -> None:
    """Each with a budget object and a connection of its own, as processes have."""
    taken: list[int] = []

    def one(_: int) -> None:
        try:
            taken.append(taken_at_once(DatabaseBudget(per_second=2.0), Priority.PERSON, most=20))
        finally:
            connections.close_all()

    started = time.time()
    with ThreadPoolExecutor(max_workers=5) as callers:
        list(callers.map(one, range(5)))
    seconds = time.time() - started
    allowed = 2.0 * BURST_SECONDS + 1 + 2.0 * seconds + 1
    assert 11 <= sum(taken) <= allowed


def test_a_429_is_heeded_by_the_next_page(vera: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "too_many", seconds=30, times=1)
    vera.get("/contacts/")
    vendors.forget_calls()
    page = Page(vera.get("/contacts/"))
    assert vendors.asked() == []
    assert "SlickText" in page.text
    assert "Try again in a moment." in page.text


def test_stops_go_out_when_people_have_used_up_the_budget(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    taken_at_once(DatabaseBudget(per_second=PER_SECOND), Priority.PERSON)
    deliver(set_desired_state("slicktext").pk)
    assert vendors.status() == "unsubscribed"


def test_a_stop_during_a_pause_stays_on_its_way(
    set_desired_state: SetDesiredState, vendors: Vendors, connect_only: Callable[[str], None]
) -> None:
    DatabaseBudget(per_second=PER_SECOND).pause("slicktext", 60)
    forget_connections()
    deliver(set_desired_state("slicktext").pk)
    desired = DesiredState.objects.get()
    assert desired.state == "on_its_way"
    assert vendors.asked() == []
    assert desired.unanswered_version == 0, "nothing was sent, so nothing can come late"
