"""Stops told to CloudContactAI again: evenly, behind everybody, and without any effect on what was said."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui import rounds
from contacts_ui.integrations.manner import RENEW, Priority
from contacts_ui.models import (
    CallBudget,
    LedgerEntry,
    LiftRequest,
    OptOut,
    Statement,
    Vendor,
    VendorAbility,
    Wish,
)
from contacts_ui.models.abilities import AbilityState
from contacts_ui.models.ledger import Channel
from contacts_ui.models.wish import WishState
from contacts_ui.services import budget
from contacts_ui.services.consent import delivery, desired_state, record, renewal, vendor_doors
from contacts_ui.services.consent.business_days import due_after
from contacts_ui.services.consent.looking import judge_one
from contacts_ui.services.consent.renewal import go_on
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.consent.verdicts import Verdict
from contacts_ui.services.operations import abilities, register_pages
from tests.people import MARTY_NUMBER, MakeWish, Vendors, logged_in

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 3, 2, 15, tzinfo=UTC)
WEEK = timedelta(days=7)
CCAI = Vendor.CLOUDCONTACTAI


@pytest.fixture
def clock(vendors: Vendors) -> Iterator[Any]:
    with time_machine.travel(T0, tick=False) as traveller:
        yield traveller


@pytest.fixture
def held(clock: Any, wish_for: MakeWish) -> Wish:
    """One stop that both vendors hold since T0."""
    delivery.deliver(wish_for(Vendor.SLICKTEXT).pk)
    wish = wish_for(CCAI)
    delivery.deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.confirms_stop
    return wish


@pytest.fixture
def many(held: Wish) -> Callable[[int], list[str]]:
    """Let CloudContactAI hold so many stops, all confirmed at T0."""

    def make(count: int) -> list[str]:
        numbers = [f"+1417555{each:04}" for each in range(count - 1)]
        fields = {
            field.attname: getattr(held, field.attname)
            for field in Wish._meta.concrete_fields
            if field.attname not in ("id", "number")
        }
        Wish.objects.bulk_create(Wish(number=number, **fields) for number in numbers)
        record.rebuild()
        return [MARTY_NUMBER, *numbers]

    return make


@pytest.fixture
def told(held: Wish, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The numbers that CloudContactAI was asked to hold again, in order."""
    numbers: list[str] = []
    send = delivery.send

    def noted(wish: Wish, *rest: Any) -> Any:
        numbers.append(wish.number)
        return send(wish, *rest)

    monkeypatch.setattr(delivery, "send", noted)
    return numbers


def in_turns(clock: Any, until: datetime, every: timedelta) -> int:
    told = 0
    while timezone.now() < until:
        clock.shift(every)
        told += go_on()
    return told


def begin(clock: Any) -> None:
    assert go_on() == 0, "the pace begins with the first turn"


def overdue(clock: Any) -> None:
    """Come back when every stop is older than a week."""
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
    assert not Wish.objects.filter(vendor=CCAI, confirmed_at__lte=T0).exists()


def test_the_oldest_confirmation_goes_first(clock: Any, many: Any, told: list[str]) -> None:
    numbers = many(7)
    begin(clock)
    for place, number in enumerate(numbers):
        at = T0 - timedelta(minutes=place)
        Wish.objects.filter(vendor=CCAI, number=number).update(confirmed_at=at)
    in_turns(clock, T0 + WEEK, timedelta(hours=1))
    assert told[:7] == numbers[::-1]


def test_what_is_overdue_is_caught_up_at_once(clock: Any, many: Any, told: list[str]) -> None:
    many(50)
    overdue(clock)
    assert go_on() == 20
    assert go_on() == 0, "a turn is some seconds after the other"
    clock.shift(timedelta(seconds=10))
    assert go_on() == 20
    clock.shift(timedelta(seconds=10))
    assert go_on() == 10
    clock.shift(timedelta(seconds=10))
    assert go_on() == 0
    assert len(set(told)) == len(told) == 50


def test_after_a_pause_of_days_nothing_that_is_not_due_comes_in_a_burst(
    clock: Any, many: Any
) -> None:
    many(1000)
    begin(clock)
    clock.shift(timedelta(days=3))
    assert go_on() == 20
    clock.shift(timedelta(seconds=10))
    assert go_on() == 0


def test_zero_switches_it_off(held: Wish, clock: Any, vendors: Vendors, settings: Any) -> None:
    settings.STOP_RENEWAL_DAYS = 0
    vendors.forget_calls()
    clock.shift(timedelta(days=400))
    assert go_on() == 0
    assert vendors.asked() == []
    assert not VendorAbility.objects.exists()


def test_a_fraction_of_a_day_counts(clock: Any, many: Any, settings: Any) -> None:
    settings.STOP_RENEWAL_DAYS = 0.5
    many(12)
    begin(clock)
    clock.shift(timedelta(minutes=59))
    assert go_on() == 0
    clock.shift(timedelta(minutes=1))
    assert go_on() == 1
    assert in_turns(clock, T0 + timedelta(hours=12), timedelta(minutes=20)) == 11


def test_it_is_not_renewed_where_the_vendor_is_not_connected(
    held: Wish, clock: Any, connect_only: Any
) -> None:
    connect_only("slicktext")
    clock.shift(timedelta(days=400))
    assert go_on() == 0


def test_it_goes_behind_everybody(held: Wish, clock: Any, monkeypatch: Any) -> None:
    assert (RENEW.priority, RENEW.attempts, RENEW.patience) == (Priority.SYNC, 1, 0)
    manners = []
    send = delivery.send

    def noted(wish: Wish, manner: Any, *rest: Any) -> Any:
        manners.append(manner)
        return send(wish, manner, *rest)

    monkeypatch.setattr(delivery, "send", noted)
    Wish.objects.update(batch=True)
    overdue(clock)
    assert go_on() == 1
    assert [manner.priority for manner in manners] == [Priority.SYNC]


def test_a_renewal_moves_nothing_but_the_confirmation(
    held: Wish, clock: Any, vendors: Vendors
) -> None:
    before = (LedgerEntry.objects.count(), Statement.objects.count(), OptOut.objects.count())
    opt_outs = list(OptOut.objects.values())
    state = record.state_of(MARTY_NUMBER)
    overdue(clock)
    assert go_on() == 1
    wish = Wish.objects.get(pk=held.pk)
    assert wish.confirmed_at == timezone.now()
    assert (wish.held_since, wish.version, wish.settled_version) == (T0, 1, 1)
    assert (wish.state, wish.due_at, wish.lease, wish.attempts) == ("confirmed", None, "", 0)
    assert before == (
        LedgerEntry.objects.count(), Statement.objects.count(), OptOut.objects.count(),
    )  # fmt: skip
    assert opt_outs == list(OptOut.objects.values())
    after = record.state_of(MARTY_NUMBER)
    assert state
    assert after
    assert (state.version, state.verdict) == (after.version, after.verdict)


def test_a_stop_that_was_lifted_at_the_vendor_comes_back(
    held: Wish, clock: Any, vendors: Vendors
) -> None:
    vendors.server.sandbox.cloudcontactai.mark(MARTY_NUMBER, False)
    overdue(clock)
    go_on()
    assert vendors.stopped() is True


@pytest.mark.parametrize("fault", ["down", "drop_after", "error"])
def test_an_outage_leaves_the_row_as_it_was_and_pauses(
    fault: str, clock: Any, many: Any, vendors: Vendors, told: list[str]
) -> None:
    many(5)
    overdue(clock)
    before = list(Wish.objects.order_by("pk").values("state", "answer", "attempts", "confirmed_at"))
    vendors.fault("cloudcontactai", fault, **({"status": 503} if fault == "error" else {}))
    assert go_on() == 0
    assert len(told) == 1, "the first failure ends the turn"
    now = list(Wish.objects.order_by("pk").values("state", "answer", "attempts", "confirmed_at"))
    assert before == now
    assert desired_state.due_now() == [], "nothing waits in the queue of people"
    assert not Wish.objects.exclude(lease="").exists()
    judgement = judge_one(Seen(MARTY_NUMBER))
    assert judgement.verdict is Verdict.DO_NOT_TEXT
    assert judgement.vendors[1].line == "Do not text"
    assert not judgement.on_its_way
    clock.shift(timedelta(seconds=50))
    assert go_on() == 0, "a minute's pause"
    vendors.clear_faults()
    clock.shift(timedelta(seconds=10))
    assert go_on() >= 4, "one whose call got no answer lets the others go first"
    clock.shift(timedelta(hours=1))
    go_on()
    assert not Wish.objects.filter(vendor=CCAI, confirmed_at=T0).exists()


def test_one_number_in_trouble_does_not_hold_the_others_up(
    clock: Any, many: Any, monkeypatch: Any
) -> None:
    many(3)
    overdue(clock)
    send = delivery.send

    def unreadable(wish: Wish, *rest: Any) -> Any:
        if wish.number == MARTY_NUMBER:
            raise ValueError("an answer that nothing was made for")
        return send(wish, *rest)

    monkeypatch.setattr(delivery, "send", unreadable)
    Wish.objects.filter(number=MARTY_NUMBER, vendor=CCAI).update(
        confirmed_at=T0 - timedelta(days=1)
    )
    assert go_on() == 0
    clock.shift(timedelta(minutes=1))
    assert go_on() == 2


def test_a_vendor_that_asks_for_a_pause_gets_it(held: Wish, clock: Any, vendors: Vendors) -> None:
    overdue(clock)
    budget.PoliteBudget().pause("cloudcontactai", 45)
    vendors.forget_calls()
    assert go_on() == 0
    assert vendors.asked() == []
    row = VendorAbility.objects.get(name=renewal.RENEWAL)
    assert timedelta(seconds=40) < row.next_at - timezone.now() <= timedelta(seconds=45)
    CallBudget.objects.all().delete()


def test_a_refused_renewal_needs_attention(held: Wish, clock: Any, vendors: Vendors) -> None:
    overdue(clock)
    vendors.fault("cloudcontactai", "error", status=422, times=1)
    go_on()
    wish = Wish.objects.get(pk=held.pk)
    assert (wish.state, wish.due_at) == (WishState.REFUSED, None)
    assert judge_one(Seen(MARTY_NUMBER)).needs_attention
    clock.shift(timedelta(days=30))
    assert go_on() == 0, "a person decides"


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
    held: Wish, clock: Any, agent: User
) -> None:
    overdue(clock)
    request = ask_lift(agent)
    assert go_on() == 0
    clock.move_to(due_after(request.asked_at) - timedelta(minutes=1))
    assert go_on() == 0
    clock.shift(timedelta(minutes=2))
    assert go_on() == 1


def test_a_decided_request_holds_nothing_up(held: Wish, clock: Any, agent: User) -> None:
    overdue(clock)
    request = ask_lift(agent)
    request.state = "declined"
    request.save()
    assert go_on() == 1


def test_a_stop_of_a_person_that_comes_meanwhile_wins(
    held: Wish, clock: Any, wish_for: MakeWish, monkeypatch: Any, vendors: Vendors
) -> None:
    overdue(clock)
    send = delivery.send

    def lifted_meanwhile(wish: Wish, *rest: Any) -> Any:
        if wish.do_not_text:
            wish_for(CCAI, do_not_text=False)
        return send(wish, *rest)

    monkeypatch.setattr(delivery, "send", lifted_meanwhile)
    go_on()
    wish = Wish.objects.get(pk=held.pk)
    assert (wish.do_not_text, wish.version, wish.settled) == (False, 2, True)
    assert vendors.stopped() is False


def test_an_unanswered_renewal_gives_a_later_lift_its_second_look(
    held: Wish, clock: Any, wish_for: MakeWish, vendors: Vendors
) -> None:
    overdue(clock)
    vendors.fault("cloudcontactai", "drop_after", times=1)
    go_on()
    delivery.deliver(wish_for(CCAI, do_not_text=False).pk)
    wish = Wish.objects.get(pk=held.pk)
    assert wish.state == WishState.CONFIRMED
    assert wish.due_at, "the unanswered stop may still take effect"


def test_two_workers_do_not_both_renew(held: Wish, clock: Any, monkeypatch: Any) -> None:
    overdue(clock)
    others = []

    def meanwhile(wish: Wish) -> bool:
        others.append(go_on())
        return True

    monkeypatch.setattr(renewal, "_tell", meanwhile)
    assert go_on() == 1
    assert others == [0]


def test_a_killed_renewal_is_told_again_and_leaves_the_verdict(
    held: Wish, clock: Any, monkeypatch: Any
) -> None:
    overdue(clock)

    class Killed(BaseException):
        pass

    def killed(*args: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(delivery, "send", killed)
        with pytest.raises(Killed):
            go_on()
    assert judge_one(Seen(MARTY_NUMBER)).vendors[1].line == "Do not text"
    clock.shift(timedelta(minutes=1))
    assert delivery.deliver_next(CCAI)
    wish = Wish.objects.get(pk=held.pk)
    assert (wish.confirmed_at, wish.due_at, wish.held_since) == (timezone.now(), None, T0)


def echo(number: str = MARTY_NUMBER, key: str = "echo") -> None:
    now = timezone.now()
    vendor_doors.cloudcontactai_marked(
        number=number, at=now, heard_at=now, label="Marty McFly", event=key
    )


def test_a_repeat_that_comes_back_is_harmless_and_said_on_the_status_page(
    held: Wish, clock: Any, manager: User
) -> None:
    overdue(clock)
    max_ = logged_in(manager)
    opt_outs = OptOut.objects.count()
    go_on()
    echo()
    assert Wish.objects.get(pk=held.pk).version == 1, "not told once more"
    assert OptOut.objects.count() == opt_outs
    assert renewal.ECHOES not in max_.get("/status/").content.decode()
    clock.shift(timedelta(minutes=1))
    go_on()
    assert renewal.ECHOES in max_.get("/status/").content.decode()


def test_the_first_stop_told_back_is_no_echo_of_a_repeat(held: Wish, clock: Any) -> None:
    echo()
    begin(clock)
    assert VendorAbility.objects.get(name=renewal.RENEWAL).words == ""


def test_a_stop_of_their_own_is_no_echo(held: Wish, clock: Any) -> None:
    overdue(clock)
    clock.shift(timedelta(days=-3))
    echo()
    clock.shift(timedelta(days=3))
    go_on()
    assert VendorAbility.objects.get(name=renewal.RENEWAL).words == ""


def test_with_reads_only_what_was_not_seen_in_time_is_told(clock: Any, many: Any) -> None:
    many(10)
    VendorAbility.objects.create(
        vendor=CCAI,
        name=abilities.READS,
        state=AbilityState.OFFERED,
        account=abilities.fingerprint(CCAI),
    )
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


def test_the_queries_of_one_renewal_are_few(held: Wish, clock: Any) -> None:
    overdue(clock)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert go_on() == 1
    assert len(caught) <= 28


def test_a_worker_renews_and_reads_back_in_its_vendors_thread() -> None:
    assert {renewal.go_on, register_pages.go_on} <= {each.do for each in rounds.VENDORS}
