"""What CloudContactAI shows where it can be read: a stop seen, gone or new, and facts. Through the sandbox's reads."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.integrations.types import RegisteredContact
from contacts_ui.models import (
    DesiredState,
    Disagreement,
    LedgerEntry,
    NumberFact,
    OptOut,
    Statement,
    Vendor,
    VendorAbility,
)
from contacts_ui.models.abilities import AbilityState, FactKind
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Action
from contacts_ui.services.consent import (
    delivery,
    desired_state,
    disagreements,
    record,
    vendor_events,
)
from contacts_ui.services.consent.cloudcontactai_readings import note
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import Verdict
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.operations import abilities, register_pages
from contacts_ui.services.operations.register_pages import run_due
from contacts_ui.services.review import reconcile
from tests.people import FREE_NUMBER, MARTY, MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 3, 2, 15, tzinfo=UTC)
CCAI = Vendor.CLOUDCONTACTAI


@pytest.fixture
def clock(vendors: Vendors, offer_reads: Callable[[], object]) -> Iterator[Any]:
    with time_machine.travel(T0, tick=False) as traveller:
        vendors.switch(ccai_readable=True)
        vendors.write("DELETE FROM register")
        offer_reads()
        yield traveller


@pytest.fixture
def lifted(held: DesiredState, clock: Any, set_desired_state: SetDesiredState) -> DesiredState:
    """Its lift, an hour later, confirmed by both."""
    clock.shift(timedelta(hours=1))
    delivery.deliver(set_desired_state(Vendor.SLICKTEXT, do_not_text=False).pk)
    delivery.deliver(set_desired_state(CCAI, do_not_text=False).pk)
    held.refresh_from_db()
    assert held.confirmed_do_not_text is False
    assert judge_one(Seen(MARTY_NUMBER)).verdict is Verdict.MAY_TEXT
    return held


def read(clock: Any, *, after: timedelta = timedelta(days=1)) -> datetime:
    """Read the next round, some time later; return when it was asked."""
    clock.shift(after)
    assert run_due() > 0
    return timezone.now()


def at_the_vendor(vendors: Vendors, stopped: bool, number: str = MARTY_NUMBER) -> None:
    vendors.server.sandbox.cloudcontactai.mark(number, stopped)


def past_the_first_round(clock: Any) -> None:
    read(clock)


def counts() -> tuple[int, int, int]:
    return LedgerEntry.objects.count(), Statement.objects.count(), OptOut.objects.count()


def deliver_due() -> None:
    while delivery.deliver_next(CCAI) or delivery.deliver_next(Vendor.SLICKTEXT):
        pass


def test_a_stop_that_is_there_is_seen(held: DesiredState, clock: Any) -> None:
    before = counts()
    at = read(clock)
    desired = DesiredState.objects.get(pk=held.pk)
    assert (desired.confirmed_at, desired.confirmed_do_not_text) == (at, True)
    assert (desired.held_since, desired.version) == (T0, 1)
    assert counts() == before


def test_a_reading_speaks_for_the_moment_it_was_asked(held: DesiredState) -> None:
    """The stop was lifted after the question, and confirmed again after it: what came before says nothing."""
    note([RegisteredContact("1", MARTY_NUMBER, False, None, "", "", None)], T0)
    desired = DesiredState.objects.get(pk=held.pk)
    assert (desired.confirmed_at, desired.confirmed_do_not_text) == (T0, True)
    assert not Disagreement.objects.exists()


def test_a_stop_that_is_gone_is_a_disagreement_with_its_entry(
    held: DesiredState, clock: Any, vendors: Vendors
) -> None:
    at_the_vendor(vendors, False)
    at = read(clock)
    desired = DesiredState.objects.get(pk=held.pk)
    assert (desired.confirmed_do_not_text, desired.confirmed_at, desired.held_since) == (
        False,
        at,
        None,
    )
    row = Disagreement.objects.get()
    assert (row.kind, row.number, row.closed_at) == ("gone", MARTY_NUMBER, None)
    entry = LedgerEntry.objects.get(action=Action.DISAGREEMENT_FOUND)
    assert (entry.vendor, entry.after["kind"]) == (CCAI, "gone")
    judgment = judge_one(Seen(MARTY_NUMBER))
    assert judgment.verdict is Verdict.DISAGREE
    assert "CloudContactAI no longer holds the stop" in judgment.reason
    state = record.state_of(MARTY_NUMBER)
    assert state
    assert state.verdict == Verdict.DISAGREE.key
    read(clock)
    assert Disagreement.objects.count() == 1, "listed once"


def test_what_slicktext_says_in_between_opens_no_second_one(
    held: DesiredState, clock: Any, vendors: Vendors, settings: Any
) -> None:
    settings.SLICKTEXT_CALLS_PER_SECOND = 100.0
    at_the_vendor(vendors, False)
    read(clock)
    clock.shift(timedelta(minutes=5))
    vendors.edit(opt_in_status="blocked")
    assert reconcile.run_due() == 1
    row = Disagreement.objects.get()
    assert (row.kind, row.closed_at) == ("gone", None)


def test_a_repair_tells_it_again_and_closes_it(
    held: DesiredState, clock: Any, vendors: Vendors, manager: User
) -> None:
    from contacts_ui.services.consent.doors import repair_one

    at_the_vendor(vendors, False)
    read(clock)
    clock.shift(timedelta(minutes=5))
    keys = repair_one(staff=manager, key=Disagreement.objects.get().pk)
    assert keys
    for key in keys:
        delivery.deliver(key)
    assert vendors.stopped() is True
    assert disagreements.close_agreed() == 1
    assert judge_one(Seen(MARTY_NUMBER)).verdict is Verdict.DO_NOT_TEXT
    read(clock)
    assert not disagreements.present().exists()


def test_a_repair_closes_it_where_slicktext_is_not_connected(
    clock: Any,
    vendors: Vendors,
    manager: User,
    set_desired_state: SetDesiredState,
    connect_only: Any,
) -> None:
    from contacts_ui.services.consent.doors import repair_one

    connect_only("cloudcontactai")
    VendorAbility.objects.update(account=abilities.fingerprint(CCAI))
    delivery.deliver(set_desired_state(CCAI).pk)
    at_the_vendor(vendors, False)
    read(clock)
    clock.shift(timedelta(minutes=5))
    for key in repair_one(staff=manager, key=Disagreement.objects.get().pk) or ():
        delivery.deliver(key)
    assert disagreements.close_agreed() == 1


def test_a_stop_that_is_back_closes_it(held: DesiredState, clock: Any, vendors: Vendors) -> None:
    at_the_vendor(vendors, False)
    read(clock)
    at_the_vendor(vendors, True)
    read(clock)
    assert DesiredState.objects.get(pk=held.pk).confirms_stop
    assert not disagreements.present().exists()


def test_a_stop_that_is_on_its_way_is_not_gone(
    clock: Any, vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    desired = set_desired_state(CCAI)
    at_the_vendor(vendors, False)
    read(clock)
    assert DesiredState.objects.get(pk=desired.pk).confirmed_do_not_text is None
    assert not Disagreement.objects.exists()


def test_a_contact_that_does_not_say_adds_nothing(held: DesiredState, clock: Any) -> None:
    clock.shift(timedelta(days=1))
    note([RegisteredContact("1", MARTY_NUMBER, None, None, "MOBILE", "", None)], timezone.now())
    assert DesiredState.objects.get(pk=held.pk).confirmed_at == T0


def test_a_stop_that_the_record_does_not_hold_is_a_statement(clock: Any, vendors: Vendors) -> None:
    past_the_first_round(clock)
    clock.shift(timedelta(minutes=5))
    at_the_vendor(vendors, True)
    marked_at = timezone.now()
    read(clock)
    said = Statement.objects.get(number=MARTY_NUMBER)
    assert (said.source, said.told_back) == (Source.VENDOR_MARK, False)
    assert abs(said.latest - marked_at) <= timedelta(minutes=2, seconds=1)
    assert OptOut.objects.get().number == MARTY_NUMBER
    deliver_due()
    assert vendors.status() == "unsubscribed"
    before = counts()
    read(clock)
    read(clock)
    assert counts() == before, "recorded once"


def test_years_of_history_open_no_opt_outs(clock: Any, vendors: Vendors) -> None:
    at_the_vendor(vendors, True)
    read(clock)
    assert Statement.objects.get().number == MARTY_NUMBER
    assert not OptOut.objects.exists()
    deliver_due()
    assert vendors.status() == "unsubscribed", "every vendor is told all the same"


def test_what_an_event_told_already_is_not_recorded_again(clock: Any, vendors: Vendors) -> None:
    past_the_first_round(clock)
    at_the_vendor(vendors, True)
    now = timezone.now()
    vendor_events.cloudcontactai_marked(
        number=MARTY_NUMBER, at=now, heard_at=now, label="", event="hook"
    )
    before = counts()
    read(clock)
    assert counts() == before


def test_a_new_stop_after_a_lift_is_a_statement(
    lifted: DesiredState, clock: Any, vendors: Vendors
) -> None:
    past_the_first_round(clock)
    at_the_vendor(vendors, True)
    read(clock)
    assert record.is_stopped(MARTY_NUMBER)
    assert DesiredState.objects.get(pk=lifted.pk).do_not_text
    deliver_due()
    assert judge_one(Seen(MARTY_NUMBER)).verdict is Verdict.DO_NOT_TEXT


def test_a_later_stop_of_the_person_is_new_while_ours_is_held(
    held: DesiredState, clock: Any, vendors: Vendors
) -> None:
    past_the_first_round(clock)
    clock.shift(timedelta(hours=2))
    at_the_vendor(vendors, True)
    count = Statement.objects.count()
    read(clock)
    assert Statement.objects.count() == count + 1
    read(clock)
    assert Statement.objects.count() == count + 1


def test_our_own_renewal_read_back_is_no_statement(held: DesiredState, clock: Any) -> None:
    from contacts_ui.integrations.call_policy import RENEW

    past_the_first_round(clock)
    clock.shift(timedelta(hours=2))
    assert delivery.repeat(held.pk, policy=RENEW)
    before = counts()
    read(clock)
    assert counts() == before


def test_a_lift_that_the_vendor_did_not_carry_out_is_never_may_text(
    lifted: DesiredState, clock: Any
) -> None:
    """It shows our own stop of before the lift: not their statement, and not a permission."""
    before = Statement.objects.count()
    clock.shift(timedelta(days=1))
    ours = RegisteredContact("1", MARTY_NUMBER, True, T0, "", "", None)
    note([ours], timezone.now())
    assert Statement.objects.count() == before
    assert judge_one(Seen(MARTY_NUMBER)).verdict is Verdict.DISAGREE
    assert Disagreement.objects.get().kind == "only_cloudcontactai"
    clock.shift(timedelta(days=1))
    note([RegisteredContact("1", MARTY_NUMBER, False, None, "", "", None)], timezone.now())
    assert judge_one(Seen(MARTY_NUMBER)).verdict is Verdict.MAY_TEXT


def test_a_reading_from_before_the_lift_adds_nothing(lifted: DesiredState) -> None:
    before = counts()
    asked = lifted.confirmed_at
    assert asked
    note(
        [RegisteredContact("1", MARTY_NUMBER, True, T0, "", "", None)], asked - timedelta(seconds=1)
    )
    note([RegisteredContact("1", MARTY_NUMBER, True, None, "", "", None)], asked)
    assert counts() == before
    assert judge_one(Seen(MARTY_NUMBER)).verdict is Verdict.MAY_TEXT


def test_a_landline_is_a_fact_and_kept_once(clock: Any, vendors: Vendors) -> None:
    vendors.server.phone(MARTY_NUMBER, phone_type="LANDLINE")
    first = read(clock)
    fact = NumberFact.objects.get()
    assert (fact.number, fact.kind, fact.at) == (MARTY_NUMBER, FactKind.LANDLINE, first)
    read(clock)
    assert NumberFact.objects.get().at == first


def test_a_reassigned_number_voids_consent_once(
    lifted: DesiredState, clock: Any, vendors: Vendors
) -> None:
    clock.shift(timedelta(days=1))
    vendors.server.phone(MARTY_NUMBER, reassigned_at=timezone.now().strftime("%Y-%m-%d %H:%M:%S"))
    read(clock)
    state = record.state_of(MARTY_NUMBER)
    assert state
    assert state.stopped, "an older stop holds again"
    assert LedgerEntry.objects.filter(action=Action.NUMBER_REASSIGNED).count() == 1
    assert set(desired_state.due_now()), "and is told"
    read(clock)
    assert LedgerEntry.objects.filter(action=Action.NUMBER_REASSIGNED).count() == 1


def test_a_number_without_a_stop_is_not_known_after_it_passed_on(
    clock: Any, vendors: Vendors
) -> None:
    vendors.server.phone(MARTY_NUMBER, reassigned_at="2026-03-01 00:00:00")
    read(clock)
    seen = Seen(MARTY_NUMBER, MARTY, "Marty", "subscribed", timezone.now())
    assert judge_one(seen).verdict is Verdict.NOT_KNOWN


def test_a_page_on_which_nothing_is_new_takes_no_ledger_turn(clock: Any) -> None:
    clock.shift(timedelta(days=1))
    with CaptureQueriesContext(connection) as caught:
        assert run_due() > 0
    assert not [each for each in caught if "ledgerhead" in each["sql"]]
    assert sum('FROM "contacts_ui_wish"' in each["sql"] for each in caught) == 1


def test_it_continues_page_by_page_and_rests_until_the_next_round(
    clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_pages, "PAGE_SIZE", 25)
    sizes = []
    for _ in range(3):
        sizes.append(run_due())
        assert run_due() == 0, "not before its pause is over"
        clock.shift(register_pages.PAGE_PAUSE)
    assert sizes == [25, 25, 10]
    ability = VendorAbility.objects.get()
    assert ability.next_at == T0 + timedelta(days=1)
    clock.move_to(T0 + timedelta(days=1))
    assert run_due() == 25
    ability.refresh_from_db()
    assert ability.next_at - timezone.now() == timedelta(hours=8), "evenly over the day"


def test_an_outage_keeps_the_place(held: DesiredState, vendors: Vendors) -> None:
    VendorAbility.objects.update(mark={"account": abilities.account(CCAI), "page": 7})
    vendors.fault("cloudcontactai", "down")
    assert run_due() == 0
    ability = VendorAbility.objects.get()
    assert ability.mark["page"] == 7
    assert ability.next_at == T0 + timedelta(minutes=1)


def test_an_account_that_stopped_offering_reads_is_probed_again(
    held: DesiredState, vendors: Vendors
) -> None:
    VendorAbility.objects.update(probed_at=T0)
    vendors.switch(ccai_readable=False)
    assert run_due() == 0
    assert VendorAbility.objects.get().probed_at is None


@pytest.mark.parametrize("why", ["off", "not offered", "not connected"])
def test_it_does_not_read(why: str, clock: Any, settings: Any, connect_only: Any) -> None:
    if why == "off":
        settings.STOP_RENEWAL_DAYS = 0
    elif why == "not offered":
        VendorAbility.objects.update(state=AbilityState.NOT_OFFERED)
    else:
        connect_only("slicktext")
    assert run_due() == 0


def test_pages_that_never_end_end_the_round(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from contacts_ui.integrations import cloudcontactai
    from contacts_ui.integrations.types import RegisteredPage

    same = RegisteredPage(
        (RegisteredContact("1", FREE_NUMBER, False, None, "", "", None),), True, 1
    )
    monkeypatch.setattr(cloudcontactai, "list_contacts", lambda *args, **kwargs: same)
    turns = 0
    while VendorAbility.objects.get().next_at != T0 + timedelta(days=1):
        assert turns < 5
        turns += run_due()
        clock.shift(register_pages.PAGE_PAUSE)
