"""Stops told to CloudContactAI again: evenly, after everyone else, and without any effect on the record."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.integrations.call_policy import RENEW, Priority
from contacts_ui.models import (
    CallBudget,
    DesiredState,
    LedgerEntry,
    LiftRequest,
    OptOut,
    Statement,
    Vendor,
    VendorAbility,
)
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Channel
from contacts_ui.services.consent import delivery, desired_state, record, renewal, vendor_events
from contacts_ui.services.consent.business_days import due_after
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.renewal import run_due
from contacts_ui.services.consent.rules import Verdict
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.operations import register_pages
from contacts_ui.services.vendors import rate_limit
from tests.jobs import scheduled
from tests.people import MARTY_NUMBER, SetDesiredState, Vendors, logged_in

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 3, 2, 15, tzinfo=UTC)
WEEK = timedelta(days=7)
CCAI = Vendor.CLOUDCONTACTAI


@pytest.fixture
def clock(vendors: Vendors) -> Iterator[Any]:
    with time_machine.travel(T0, tick=False) as traveller:
        yield traveller


@pytest.fixture
def many(held: DesiredState) -> Callable[[int], list[str]]:
    """Let CloudContactAI hold so many stops, all confirmed at T0."""

    def make(count: int) -> list[str]:
        numbers = [f"+1417555{each:04}" for each in range(count - 1)]
        fields = {
            field.attname: getattr(held, field.attname)
            for field in DesiredState._meta.concrete_fields
            if field.attname not in ("id", "number")
        }
        DesiredState.objects.bulk_create(
            DesiredState(number=number, **fields) for number in numbers
        )
        record.rebuild()
        return [MARTY_NUMBER, *numbers]

    return make


@pytest.fixture
def told(held: DesiredState, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The numbers that CloudContactAI was asked to hold again, in order."""
    numbers: list[str] = []
    send = delivery.send

    def noted(desired: DesiredState, *rest: Any) -> Any:
        numbers.append(desired.number)
        return send(desired, *rest)

    monkeypatch.setattr(delivery, "send", noted)
    return numbers


def in_turns(clock: Any, until: datetime, every: timedelta) -> int:
    told = 0
    while timezone.now() < until:
        clock.shift(every)
        told += run_due()
    return told


def begin(clock: Any) -> None:
    assert run_due() == 0, "the pace begins with the first turn"


def overdue(clock: Any) -> None:
    """Return at a time when every stop is older than a week."""
    begin(clock)
    clock.move_to(T0 + WEEK + timedelta(seconds=30))


def test_a_hundred_stops_are_spread_evenly_over_the_week(
    clock: Any, many: Any, told: list[str]
) -> None:
    numbers = many(100)
    begin(clock)
    days = [in_turns(clock, T0 + timedelta(days=day), timedelta(minutes=20)) for day in range(1, 8)]
    assert sorted(days) == [14, 14, 14, 14, 14, 15, 15]
    assert sorted(told) == sorted(numbers), "each of them once"
    assert not DesiredState.objects.filter(vendor=CCAI, confirmed_at__lte=T0).exists()


def test_the_oldest_confirmation_goes_first(clock: Any, many: Any, told: list[str]) -> None:
    numbers = many(7)
    begin(clock)
    for place, number in enumerate(numbers):
        at = T0 - timedelta(minutes=place)
        DesiredState.objects.filter(vendor=CCAI, number=number).update(confirmed_at=at)
    in_turns(clock, T0 + WEEK, timedelta(hours=1))
    assert told[:7] == numbers[::-1]


def test_what_is_overdue_is_caught_up_at_once(clock: Any, many: Any, told: list[str]) -> None:
    many(50)
    overdue(clock)
    assert run_due() == 20
    assert run_due() == 0, "a turn is some seconds after the other"
    clock.shift(timedelta(seconds=10))
    assert run_due() == 20
    clock.shift(timedelta(seconds=10))
    assert run_due() == 10
    clock.shift(timedelta(seconds=10))
    assert run_due() == 0
    assert len(set(told)) == len(told) == 50


def test_after_a_pause_of_days_nothing_that_is_not_due_comes_in_a_burst(
    clock: Any, many: Any
) -> None:
    many(1000)
    begin(clock)
    clock.shift(timedelta(days=3))
    assert run_due() == 20
    clock.shift(timedelta(seconds=10))
    assert run_due() == 0


def test_zero_switches_it_off(
    held: DesiredState, clock: Any, vendors: Vendors, settings: Any
) -> None:
    settings.STOP_RENEWAL_DAYS = 0
    vendors.forget_calls()
    clock.shift(timedelta(days=400))
    assert run_due() == 0
    assert vendors.asked() == []
    assert not VendorAbility.objects.exists()


def test_a_fraction_of_a_day_counts(clock: Any, many: Any, settings: Any) -> None:
    settings.STOP_RENEWAL_DAYS = 0.5
    many(12)
    begin(clock)
    clock.shift(timedelta(minutes=59))
    assert run_due() == 0
    clock.shift(timedelta(minutes=1))
    assert run_due() == 1
    assert in_turns(clock, T0 + timedelta(hours=12), timedelta(minutes=20)) == 11


def test_it_is_not_renewed_where_the_vendor_is_not_connected(
    held: DesiredState, clock: Any, connect_only: Any
) -> None:
    connect_only("slicktext")
    clock.shift(timedelta(days=400))
    assert run_due() == 0


def test_it_goes_behind_everyone(held: DesiredState, clock: Any, monkeypatch: Any) -> None:
    assert (RENEW.priority, RENEW.attempts, RENEW.patience) == (Priority.SYNC, 1, 0)
    manners = []
    send = delivery.send

    def noted(desired: DesiredState, policy: Any, *rest: Any) -> Any:
        manners.append(policy)
        return send(desired, policy, *rest)

    monkeypatch.setattr(delivery, "send", noted)
    DesiredState.objects.update(batch=True)
    overdue(clock)
    assert run_due() == 1
    assert [policy.priority for policy in manners] == [Priority.SYNC]


def test_a_renewal_moves_nothing_but_the_confirmation(held: DesiredState, clock: Any) -> None:
    before = (LedgerEntry.objects.count(), Statement.objects.count(), OptOut.objects.count())
    opt_outs = list(OptOut.objects.values())
    state = record.state_of(MARTY_NUMBER)
    overdue(clock)
    assert run_due() == 1
    desired = DesiredState.objects.get(pk=held.pk)
    assert desired.confirmed_at == timezone.now()
    assert (desired.held_since, desired.version, desired.settled_version) == (T0, 1, 1)
    assert (desired.state, desired.due_at, desired.lease, desired.attempts) == (
        "confirmed",
        None,
        "",
        0,
    )
    assert before == (
        LedgerEntry.objects.count(), Statement.objects.count(), OptOut.objects.count(),
    )  # fmt: skip
    assert opt_outs == list(OptOut.objects.values())
    after = record.state_of(MARTY_NUMBER)
    assert state
    assert after
    assert (state.version, state.verdict) == (after.version, after.verdict)


def test_a_stop_that_was_lifted_at_the_vendor_comes_back(
    held: DesiredState, clock: Any, vendors: Vendors
) -> None:
    vendors.server.sandbox.cloudcontactai.mark(MARTY_NUMBER, False)
    overdue(clock)
    run_due()
    assert vendors.stopped() is True


@pytest.mark.parametrize("fault", ["down", "drop_after", "error"])
def test_an_outage_leaves_the_row_as_it_was_and_pauses(
    fault: str, clock: Any, many: Any, vendors: Vendors, told: list[str]
) -> None:
    many(5)
    overdue(clock)
    before = list(
        DesiredState.objects.order_by("pk").values("state", "answer", "attempts", "confirmed_at")
    )
    vendors.fault("cloudcontactai", fault, **({"status": 503} if fault == "error" else {}))
    assert run_due() == 0
    assert len(told) == 1, "the first failure ends the turn"
    now = list(
        DesiredState.objects.order_by("pk").values("state", "answer", "attempts", "confirmed_at")
    )
    assert before == now
    assert desired_state.due_now() == [], "nothing waits in the queue of people"
    assert not DesiredState.objects.exclude(lease="").exists()
    judgment = judge_one(Seen(MARTY_NUMBER))
    assert judgment.verdict is Verdict.DO_NOT_TEXT
    assert judgment.vendors[1].line == "Do not text"
    assert not judgment.on_its_way
    clock.shift(timedelta(seconds=50))
    assert run_due() == 0, "a minute's pause"
    vendors.clear_faults()
    clock.shift(timedelta(seconds=10))
    assert run_due() >= 4, "one whose call got no answer lets the others go first"
    clock.shift(timedelta(hours=1))
    run_due()
    assert not DesiredState.objects.filter(vendor=CCAI, confirmed_at=T0).exists()


def test_one_failing_number_does_not_hold_the_others_up(
    clock: Any, many: Any, monkeypatch: Any
) -> None:
    many(3)
    overdue(clock)
    send = delivery.send

    def unreadable(desired: DesiredState, *rest: Any) -> Any:
        if desired.number == MARTY_NUMBER:
            raise ValueError("an answer that nothing was made for")
        return send(desired, *rest)

    monkeypatch.setattr(delivery, "send", unreadable)
    DesiredState.objects.filter(number=MARTY_NUMBER, vendor=CCAI).update(
        confirmed_at=T0 - timedelta(days=1)
    )
    assert run_due() == 0
    clock.shift(timedelta(minutes=1))
    assert run_due() == 2


def test_a_vendor_that_asks_for_a_pause_gets_it(
    held: DesiredState, clock: Any, vendors: Vendors
) -> None:
    overdue(clock)
    rate_limit.PoliteBudget().pause("cloudcontactai", 45)
    vendors.forget_calls()
    assert run_due() == 0
    assert vendors.asked() == []
    row = VendorAbility.objects.get(name=renewal.RENEWAL)
    assert timedelta(seconds=40) < row.next_at - timezone.now() <= timedelta(seconds=45)
    CallBudget.objects.all().delete()


def test_a_refused_renewal_needs_attention(
    held: DesiredState, clock: Any, vendors: Vendors
) -> None:
    overdue(clock)
    vendors.fault("cloudcontactai", "error", status=422, times=1)
    run_due()
    desired = DesiredState.objects.get(pk=held.pk)
    assert (desired.state, desired.due_at) == (DeliveryState.REFUSED, None)
    assert judge_one(Seen(MARTY_NUMBER)).needs_attention
    clock.shift(timedelta(days=30))
    assert run_due() == 0, "a person decides"


def ask_lift(agent: User) -> LiftRequest:
    return LiftRequest.objects.create(
        number=MARTY_NUMBER,
        asked_by=agent,
        asked_by_name="Ada",
        asked_at=timezone.now(),
        consent_who="Marty McFly",
        consent_channel=Channel.PHONE,
        consent_at=timezone.now(),
        consent_words="Yes, text me.",
    )


def test_a_waiting_request_holds_a_renewal_up_for_ten_business_days(
    held: DesiredState, clock: Any, agent: User
) -> None:
    overdue(clock)
    request = ask_lift(agent)
    for moment in (timezone.now(), due_after(request.asked_at) - timedelta(minutes=1)):
        clock.move_to(moment)
        assert (counted_overdue(), run_due()) == (0, 0)
    clock.shift(timedelta(minutes=2))
    assert (counted_overdue(), run_due()) == (1, 1)


def counted_overdue() -> int:
    state = renewal.state()
    assert state
    return state.overdue


def test_a_decided_request_holds_nothing_up(held: DesiredState, clock: Any, agent: User) -> None:
    overdue(clock)
    request = ask_lift(agent)
    request.state = "declined"
    request.save()
    assert run_due() == 1


def test_a_persons_stop_during_the_renewal_wins(
    held: DesiredState,
    clock: Any,
    set_desired_state: SetDesiredState,
    monkeypatch: Any,
    vendors: Vendors,
) -> None:
    overdue(clock)
    send = delivery.send

    def lifted_during_the_call(desired: DesiredState, *rest: Any) -> Any:
        if desired.do_not_text:
            set_desired_state(CCAI, do_not_text=False)
        return send(desired, *rest)

    monkeypatch.setattr(delivery, "send", lifted_during_the_call)
    run_due()
    desired = DesiredState.objects.get(pk=held.pk)
    assert (desired.do_not_text, desired.version, desired.settled) == (False, 2, True)
    assert vendors.stopped() is False


def test_an_unanswered_renewal_gives_a_later_lift_its_second_look(
    held: DesiredState, clock: Any, set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    overdue(clock)
    vendors.fault("cloudcontactai", "drop_after", times=1)
    run_due()
    delivery.deliver(set_desired_state(CCAI, do_not_text=False).pk)
    desired = DesiredState.objects.get(pk=held.pk)
    assert desired.state == DeliveryState.CONFIRMED
    assert desired.due_at, "the unanswered stop may still take effect"


def test_two_workers_do_not_both_renew(held: DesiredState, clock: Any, monkeypatch: Any) -> None:
    overdue(clock)
    others = []

    def in_between(desired: DesiredState) -> bool:
        others.append(run_due())
        return True

    monkeypatch.setattr(renewal, "_tell", in_between)
    assert run_due() == 1
    assert others == [0]


def test_a_killed_renewal_is_told_again_and_leaves_the_verdict(
    held: DesiredState, clock: Any, monkeypatch: Any
) -> None:
    overdue(clock)

    class Killed(BaseException):
        pass

    def killed(*args: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(delivery, "send", killed)
        with pytest.raises(Killed):
            run_due()
    assert judge_one(Seen(MARTY_NUMBER)).vendors[1].line == "Do not text"
    clock.shift(timedelta(minutes=1))
    assert delivery.deliver_next(CCAI)
    desired = DesiredState.objects.get(pk=held.pk)
    assert (desired.confirmed_at, desired.due_at, desired.held_since) == (timezone.now(), None, T0)


def echo(number: str = MARTY_NUMBER, key: str = "echo") -> None:
    now = timezone.now()
    vendor_events.cloudcontactai_marked(
        number=number, at=now, heard_at=now, label="Marty McFly", event=key
    )


def test_a_repeat_that_comes_back_is_harmless_and_said_on_the_status_page(
    held: DesiredState, clock: Any, manager: User
) -> None:
    overdue(clock)
    max_ = logged_in(manager)
    opt_outs = OptOut.objects.count()
    run_due()
    echo()
    assert DesiredState.objects.get(pk=held.pk).version == 1, "not told again"
    assert OptOut.objects.count() == opt_outs
    assert renewal.ECHOES not in max_.get("/status/").content.decode()
    clock.shift(timedelta(minutes=1))
    run_due()
    assert renewal.ECHOES in max_.get("/status/").content.decode()


def test_the_first_stop_told_back_is_no_echo_of_a_repeat(held: DesiredState, clock: Any) -> None:
    echo()
    begin(clock)
    assert VendorAbility.objects.get(name=renewal.RENEWAL).words == ""


def test_a_stop_of_their_own_is_no_echo(held: DesiredState, clock: Any) -> None:
    overdue(clock)
    clock.shift(timedelta(days=-3))
    echo()
    clock.shift(timedelta(days=3))
    run_due()
    assert VendorAbility.objects.get(name=renewal.RENEWAL).words == ""


def test_with_reads_only_what_was_not_seen_in_time_is_told(
    clock: Any, many: Any, offer_reads: Callable[[], object]
) -> None:
    many(10)
    offer_reads()
    begin(clock)
    assert in_turns(clock, T0 + timedelta(days=6), timedelta(hours=6)) == 0
    assert in_turns(clock, T0 + timedelta(days=8), timedelta(hours=6)) == 10


@pytest.mark.parametrize("days", [7, 0])
def test_the_status_page_says_how_it_stands(
    days: float, many: Any, clock: Any, manager: User, settings: Any
) -> None:
    settings.STOP_RENEWAL_DAYS = days
    many(3)
    clock.shift(timedelta(days=8))
    page = " ".join(logged_in(manager).get("/status/").content.decode().split())
    if days:
        assert "CloudContactAI is told about every stop again every 7 days." in page
        assert "3 stops are overdue." in page
        assert "Mar 2, 2026" in page
    else:
        assert "Renewal is off" in page


def test_the_queries_of_one_renewal_are_few(held: DesiredState, clock: Any) -> None:
    overdue(clock)
    with CaptureQueriesContext(connection) as caught:
        assert run_due() == 1
    assert len(caught) <= 32


def test_a_worker_renews_and_reads_back_in_its_vendors_thread() -> None:
    assert {renewal.run_due, register_pages.run_due} <= scheduled().keys()
