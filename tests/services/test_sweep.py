"""The walk round the stopped numbers: what it finds, how far it goes, and that it makes room for everybody else."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts_ui.integrations.manner import SWEEP, Priority
from contacts_ui.models import CallBudget, Disagreement, Sweep, Vendor, Wish
from contacts_ui.services import sweep
from contacts_ui.services.consent import delivery
from contacts_ui.services.sweep import go_on
from tests.people import MARTY, MARTY_NUMBER, MakeWish, Vendors

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(wish_for: MakeWish, vendors: Vendors, settings: Any) -> list[str]:
    """Three people of SlickText, stopped at both vendors; there is room for a sweep."""
    settings.SLICKTEXT_CALLS_PER_SECOND = 100.0
    numbers = [str((vendors.contact(MARTY + each) or {})["mobile_number"]) for each in range(3)]
    for number in numbers:
        for vendor in Vendor:
            delivery.deliver(wish_for(vendor, number=number).pk)
    vendors.forget_calls()
    return numbers


def soon() -> None:
    Sweep.objects.update(next_at=timezone.now())


def test_it_finds_who_is_back(three: list[str], vendors: Vendors) -> None:
    vendors.edit(opt_in_status="subscribed")
    assert go_on() == 3
    assert vendors.asked() == ["slicktext GET"] * 3
    row = Disagreement.objects.get()
    assert (row.number, row.kind, row.contact_id) == (MARTY_NUMBER, "reappeared", MARTY)


def test_it_closes_what_agrees_again(three: list[str], vendors: Vendors) -> None:
    vendors.edit(opt_in_status="subscribed")
    go_on()
    vendors.edit(opt_in_status="unsubscribed")
    Sweep.objects.update(next_at=timezone.now(), after=0)
    go_on()
    assert Disagreement.objects.get().closed_at


def test_it_goes_on_where_it_stopped(
    three: list[str], vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "AT_ONCE", 2)
    assert go_on() == 2
    assert go_on() == 0, "not before its pause is over"
    soon()
    assert go_on() == 1
    walked = [call["target"].split("%2B")[1][:11] for call in vendors.calls("slicktext")]
    assert walked == [number.removeprefix("+") for number in three]


def test_a_round_begins_once_a_day(three: list[str], vendors: Vendors) -> None:
    go_on()
    walk = Sweep.objects.get()
    assert walk.after == 0
    assert timedelta(hours=23) < walk.next_at - timezone.now() <= timedelta(hours=24)


def test_an_outage_ends_its_turn_and_loses_no_place(three: list[str], vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    assert go_on() == 0
    assert len(vendors.calls("slicktext")) == 1
    walk = Sweep.objects.get()
    assert timedelta(seconds=50) < walk.next_at - timezone.now() <= timedelta(seconds=60)
    vendors.clear_faults()
    soon()
    assert go_on() == 3


def test_one_number_that_is_refused_does_not_end_it(three: list[str], vendors: Vendors) -> None:
    vendors.fault("slicktext", "error", status=422, times=1)
    assert go_on() == 3


def test_people_come_first(three: list[str], vendors: Vendors, settings: Any) -> None:
    assert (SWEEP.priority, SWEEP.attempts, SWEEP.patience) == (Priority.SYNC, 1, 0)
    from contacts_ui.services.budget import slicktext_budget

    slicktext_budget().take("slicktext", Priority.PERSON, 3)
    # People have run far ahead of the pace, and the sweep has not waited long.
    CallBudget.objects.update(sync_at=time.time(), next_even_call=time.time() + 4)
    vendors.forget_calls()
    assert go_on() == 0, "people have used what a sync may use"
    assert vendors.asked() == []
    assert Sweep.objects.get().next_at < timezone.now() + timedelta(seconds=20), "soon again"


def test_who_is_gone_is_no_disagreement(three: list[str], vendors: Vendors) -> None:
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    assert go_on() == 3
    assert not Disagreement.objects.exists()


def test_only_stops_are_walked(wish_for: MakeWish, vendors: Vendors) -> None:
    delivery.deliver(wish_for(Vendor.SLICKTEXT, do_not_text=False).pk)
    vendors.forget_calls()
    assert go_on() == 0
    assert vendors.asked() == []


def test_it_can_be_switched_off(three: list[str], vendors: Vendors, settings: Any) -> None:
    settings.DISAGREEMENT_SWEEP_HOURS = 0
    assert go_on() == 0
    assert not Sweep.objects.exists()


def test_two_workers_share_one_walk(three: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def meanwhile(wish: Wish) -> None:
        seen.append(wish.pk)
        assert go_on() == 0, "the other worker has it"

    monkeypatch.setattr(sweep, "_look", meanwhile)
    assert go_on() == 3
    assert len(seen) == 3
