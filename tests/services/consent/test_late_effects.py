"""Late effects, lost leases, vendors connected later: what a crash or a slow vendor leaves behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations.errors import NoAnswer
from contacts_ui.models import DesiredState, LedgerEntry, OptOut, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services.consent import delivery, desired_state
from contacts_ui.services.consent.sending import Answer
from contacts_ui.services.vendors import forget_connections
from tests.people import DOC_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
LATE = timedelta(seconds=settings.LATE_EFFECT_SECONDS)


def due_again(desired: DesiredState) -> None:
    DesiredState.objects.filter(pk=desired.pk).update(due_at=timezone.now())


def test_a_second_look_outlives_a_newer_desired_state(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    """Lift unanswered, stop confirmed, stop again confirmed: the lift may still come."""
    vendors.fault("cloudcontactai", "drop_before", times=1)
    desired = set_desired_state(do_not_text=False)
    delivery.deliver(desired.pk)
    for _ in range(2):
        set_desired_state(do_not_text=True)
        delivery.deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.CONFIRMED
    assert desired.due_at is not None
    with time_machine.travel(timezone.now() + LATE + timedelta(seconds=1)):
        forget_connections()
        delivery.deliver(desired.pk)
    desired.refresh_from_db()
    assert (desired.due_at, desired.unanswered_at) == (None, None)


def test_a_second_unanswered_call_does_not_hide_the_first(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    """Lift unanswered, stop unanswered, stop confirmed: the lift may still come."""
    vendors.fault("cloudcontactai", "drop_before", times=2)
    desired = set_desired_state(do_not_text=False)
    delivery.deliver(desired.pk)
    set_desired_state(do_not_text=True)
    delivery.deliver(desired.pk)
    due_again(desired)
    delivery.deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.CONFIRMED
    assert desired.due_at is not None


def test_an_answer_after_the_second_look_is_made_good_at_once(
    set_desired_state: SetDesiredState, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lift's caller hangs for long; the stop is confirmed in between, and then the vendor does the lift."""
    desired = set_desired_state(do_not_text=False)
    really_send = delivery.send

    def hang(sent: DesiredState, policy: object, once_more: Callable[[], None]) -> Answer:
        monkeypatch.setattr(delivery, "send", really_send)
        set_desired_state(do_not_text=True)
        DesiredState.objects.update(lease="", leased_until=None)
        delivery.deliver(sent.pk)
        return really_send(sent, policy, once_more)

    monkeypatch.setattr(delivery, "send", hang)
    delivery.deliver(desired.pk)
    assert vendors.stopped() is False
    assert desired_state.due_now() == [desired.pk]
    delivery.deliver(desired.pk)
    assert vendors.stopped() is True


def test_no_answer_after_the_lease_was_lost_leads_to_a_second_look(
    set_desired_state: SetDesiredState, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    desired = set_desired_state(do_not_text=False)
    really_send = delivery.send

    def hang(sent: DesiredState, policy: object, once_more: Callable[[], None]) -> Answer:
        monkeypatch.setattr(delivery, "send", really_send)
        set_desired_state(do_not_text=True)
        DesiredState.objects.update(lease="", leased_until=None)
        delivery.deliver(sent.pk)
        raise NoAnswer("cloudcontactai", outcome_unknown=True)

    monkeypatch.setattr(delivery, "send", hang)
    delivery.deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.due_at > timezone.now() + LATE / 2


def test_an_unexpected_error_is_retried(
    set_desired_state: SetDesiredState, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> Answer:
        raise RuntimeError("a bug of ours")

    desired = set_desired_state()
    monkeypatch.setattr(delivery, "send", fail)
    delivery.deliver(desired.pk)
    desired.refresh_from_db()
    assert (desired.state, desired.lease, desired.attempts) == (DeliveryState.ON_ITS_WAY, "", 1)
    assert desired.due_at is not None


def test_no_room_in_the_budget_is_no_failed_attempt(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.fault("slicktext", "too_many", seconds=20, times=1)
    first = set_desired_state(Vendor.SLICKTEXT, number=DOC_NUMBER)
    delivery.deliver(first.pk)
    second = set_desired_state(Vendor.SLICKTEXT)
    delivery.deliver(second.pk)
    second.refresh_from_db()
    assert second.attempts == 0
    assert timedelta(seconds=5) < second.due_at - timezone.now() < timedelta(seconds=24)


def test_the_most_urgent_desired_state_of_one_vendor_comes_next(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    set_desired_state(do_not_text=False, number=DOC_NUMBER)
    set_desired_state(Vendor.SLICKTEXT)
    stop = set_desired_state()
    assert delivery.deliver_next(Vendor.CLOUDCONTACTAI)
    stop.refresh_from_db()
    assert stop.state == DeliveryState.CONFIRMED
    assert delivery.deliver_next(Vendor.CLOUDCONTACTAI)
    assert not delivery.deliver_next(Vendor.CLOUDCONTACTAI)
    assert vendors.asked() == ["cloudcontactai PUT"] * 2


# A vendor that got its keys later.


def test_a_vendor_connected_later_learns_earlier_stops(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    told = set_desired_state(Vendor.SLICKTEXT)
    set_desired_state(Vendor.SLICKTEXT, number=DOC_NUMBER, do_not_text=False)
    assert desired_state.tell_vendors_connected_later() == 1
    assert desired_state.tell_vendors_connected_later() == 0
    new = DesiredState.objects.get(vendor=Vendor.CLOUDCONTACTAI)
    assert (new.number, new.do_not_text, new.ledger_entry) == (told.number, True, told.ledger_entry)
    delivery.deliver(new.pk)
    assert vendors.stopped() is True
    assert LedgerEntry.objects.filter(action="stop:confirmed", vendor="cloudcontactai").exists()


def test_slicktext_connected_later_is_told_unsubscribed(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    set_desired_state()
    assert desired_state.tell_vendors_connected_later() == 1
    delivery.deliver(DesiredState.objects.get(vendor=Vendor.SLICKTEXT).pk)
    assert vendors.status() == "unsubscribed"


def test_a_vendor_that_is_not_connected_is_told_nothing(
    set_desired_state: SetDesiredState, connect_only: Callable[[str], None]
) -> None:
    set_desired_state(Vendor.SLICKTEXT)
    connect_only("slicktext")
    assert desired_state.tell_vendors_connected_later() == 0
    assert not OptOut.objects.exists()
