"""Reconciling stopped numbers: what it finds, how far it reads, and that people come first."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts_ui.integrations.call_policy import RECONCILE, Priority
from contacts_ui.models import CallBudget, DesiredState, Disagreement, ReconcileProgress, Vendor
from contacts_ui.services.consent import delivery
from contacts_ui.services.review import reconcile
from contacts_ui.services.review.reconcile import run_due
from tests.people import MARTY, MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(set_desired_state: SetDesiredState, vendors: Vendors, settings: Any) -> list[str]:
    """Three people of SlickText, stopped at both vendors; there is room for a sweep."""
    settings.SLICKTEXT_CALLS_PER_SECOND = 100.0
    numbers = [str((vendors.contact(MARTY + each) or {})["mobile_number"]) for each in range(3)]
    for number in numbers:
        for vendor in Vendor:
            delivery.deliver(set_desired_state(vendor, number=number).pk)
    vendors.forget_calls()
    return numbers


def soon() -> None:
    ReconcileProgress.objects.update(next_at=timezone.now())


def test_it_finds_people_who_are_back(three: list[str], vendors: Vendors) -> None:
    vendors.edit(opt_in_status="subscribed")
    assert run_due() == 3
    assert vendors.asked() == ["slicktext GET"] * 3
    row = Disagreement.objects.get()
    assert (row.number, row.kind, row.contact_id) == (MARTY_NUMBER, "reappeared", MARTY)


def test_it_closes_what_agrees_again(three: list[str], vendors: Vendors) -> None:
    vendors.edit(opt_in_status="subscribed")
    run_due()
    vendors.edit(opt_in_status="unsubscribed")
    ReconcileProgress.objects.update(next_at=timezone.now(), after=0)
    run_due()
    assert Disagreement.objects.get().closed_at


def test_it_continues_where_it_stopped(
    three: list[str], vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "BATCH_NUMBERS", 2)
    assert run_due() == 2
    assert run_due() == 0, "not before its pause is over"
    soon()
    assert run_due() == 1
    read = [call["target"].split("%2B")[1][:11] for call in vendors.calls("slicktext")]
    assert read == [number.removeprefix("+") for number in three]


def test_a_round_begins_once_a_day(three: list[str]) -> None:
    run_due()
    progress = ReconcileProgress.objects.get()
    assert progress.after == 0
    assert timedelta(hours=23) < progress.next_at - timezone.now() <= timedelta(hours=24)


def test_an_outage_pauses_it_and_loses_no_number(three: list[str], vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    assert run_due() == 0
    assert len(vendors.calls("slicktext")) == 1
    progress = ReconcileProgress.objects.get()
    assert timedelta(seconds=10) < progress.next_at - timezone.now() <= timedelta(seconds=60)
    vendors.clear_faults()
    soon()
    assert run_due() == 3


def test_one_number_that_is_refused_does_not_end_it(three: list[str], vendors: Vendors) -> None:
    vendors.fault("slicktext", "error", status=422, times=1)
    assert run_due() == 3


def test_people_come_first(three: list[str], vendors: Vendors, settings: Any) -> None:
    assert (RECONCILE.priority, RECONCILE.attempts, RECONCILE.patience) == (Priority.SYNC, 1, 0)
    from contacts_ui.services.vendors.rate_limit import slicktext_budget

    slicktext_budget().take("slicktext", Priority.PERSON, 3)
    # People have run far ahead of the pace, and the sweep has not waited long.
    CallBudget.objects.update(sync_at=time.time(), next_even_call=time.time() + 4)
    vendors.forget_calls()
    assert run_due() == 0, "people have used what a sync may use"
    assert vendors.asked() == []
    assert ReconcileProgress.objects.get().next_at < timezone.now() + timedelta(seconds=20), (
        "soon again"
    )


def test_a_deleted_contact_is_no_disagreement(three: list[str], vendors: Vendors) -> None:
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    assert run_due() == 3
    assert not Disagreement.objects.exists()


def test_only_stops_are_read(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    delivery.deliver(set_desired_state(Vendor.SLICKTEXT, do_not_text=False).pk)
    vendors.forget_calls()
    assert run_due() == 0
    assert vendors.asked() == []


def test_it_can_be_switched_off(three: list[str], settings: Any) -> None:
    settings.RECONCILE_HOURS = 0
    assert run_due() == 0
    assert not ReconcileProgress.objects.exists()


def test_two_workers_share_one_round(three: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def other_worker(desired: DesiredState) -> None:
        seen.append(desired.pk)
        assert run_due() == 0, "the other worker has it"

    monkeypatch.setattr(reconcile, "_read", other_worker)
    assert run_due() == 3
    assert len(seen) == 3
