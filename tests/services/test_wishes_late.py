"""Late effects, lost leases, vendors connected later: what a crash or a slow vendor leaves behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations.errors import NoAnswer
from contacts_ui.models import LedgerEntry, OptOut, Vendor, Wish
from contacts_ui.models.wish import WishState
from contacts_ui.services.consent import delivery, desired_state
from contacts_ui.services.consent.sending import Answer
from contacts_ui.services.vendors import forget_connections
from tests.people import DOC_NUMBER, MakeWish, Vendors

pytestmark = pytest.mark.django_db
LATE = timedelta(seconds=settings.LATE_EFFECT_SECONDS)


def due_again(wish: Wish) -> None:
    Wish.objects.filter(pk=wish.pk).update(due_at=timezone.now())


def test_a_second_look_outlives_a_newer_wish(wish_for: MakeWish, vendors: Vendors) -> None:
    """Lift unanswered, stop confirmed, stop again confirmed: the lift may still come."""
    vendors.fault("cloudcontactai", "drop_before", times=1)
    wish = wish_for(do_not_text=False)
    delivery.deliver(wish.pk)
    for _ in range(2):
        wish_for(do_not_text=True)
        delivery.deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.CONFIRMED
    assert wish.due_at is not None
    with time_machine.travel(timezone.now() + LATE + timedelta(seconds=1)):
        forget_connections()
        delivery.deliver(wish.pk)
    wish.refresh_from_db()
    assert (wish.due_at, wish.unanswered_at) == (None, None)


def test_a_second_unanswered_call_does_not_hide_the_first(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    """Lift unanswered, stop unanswered, stop confirmed: the lift may still come."""
    vendors.fault("cloudcontactai", "drop_before", times=2)
    wish = wish_for(do_not_text=False)
    delivery.deliver(wish.pk)
    wish_for(do_not_text=True)
    delivery.deliver(wish.pk)
    due_again(wish)
    delivery.deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.CONFIRMED
    assert wish.due_at is not None


def test_an_answer_after_the_second_look_is_made_good_at_once(
    wish_for: MakeWish, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lift's caller hangs for long; the stop is confirmed meanwhile, and then the vendor does the lift."""
    wish = wish_for(do_not_text=False)
    really_send = delivery.send

    def hang(sent: Wish, manner: object, once_more: Callable[[], None]) -> Answer:
        monkeypatch.setattr(delivery, "send", really_send)
        wish_for(do_not_text=True)
        Wish.objects.update(lease="", leased_until=None)
        delivery.deliver(sent.pk)
        return really_send(sent, manner, once_more)

    monkeypatch.setattr(delivery, "send", hang)
    delivery.deliver(wish.pk)
    assert vendors.stopped() is False
    assert desired_state.due_now() == [wish.pk]
    delivery.deliver(wish.pk)
    assert vendors.stopped() is True


def test_no_answer_after_the_lease_was_lost_leads_to_a_second_look(
    wish_for: MakeWish, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = wish_for(do_not_text=False)
    really_send = delivery.send

    def hang(sent: Wish, manner: object, once_more: Callable[[], None]) -> Answer:
        monkeypatch.setattr(delivery, "send", really_send)
        wish_for(do_not_text=True)
        Wish.objects.update(lease="", leased_until=None)
        delivery.deliver(sent.pk)
        raise NoAnswer("cloudcontactai", outcome_unknown=True)

    monkeypatch.setattr(delivery, "send", hang)
    delivery.deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.due_at is not None
    assert wish.due_at > timezone.now() + LATE / 2


def test_whatever_nobody_foresaw_is_tried_again(
    wish_for: MakeWish, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> Answer:
        raise RuntimeError("a bug of ours")

    wish = wish_for()
    monkeypatch.setattr(delivery, "send", fail)
    delivery.deliver(wish.pk)
    wish.refresh_from_db()
    assert (wish.state, wish.lease, wish.attempts) == (WishState.ON_ITS_WAY, "", 1)
    assert wish.due_at is not None


def test_no_room_in_the_budget_is_no_failed_attempt(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.fault("slicktext", "too_many", seconds=20, times=1)
    first = wish_for(Vendor.SLICKTEXT, number=DOC_NUMBER)
    delivery.deliver(first.pk)
    second = wish_for(Vendor.SLICKTEXT)
    delivery.deliver(second.pk)
    second.refresh_from_db()
    assert second.attempts == 0
    assert second.due_at is not None
    assert timedelta(seconds=15) < second.due_at - timezone.now() < timedelta(seconds=24)


def test_the_most_urgent_wish_of_one_vendor_comes_next(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    wish_for(do_not_text=False, number=DOC_NUMBER)
    wish_for(Vendor.SLICKTEXT)
    stop = wish_for()
    assert delivery.deliver_next(Vendor.CLOUDCONTACTAI)
    stop.refresh_from_db()
    assert stop.state == WishState.CONFIRMED
    assert delivery.deliver_next(Vendor.CLOUDCONTACTAI)
    assert not delivery.deliver_next(Vendor.CLOUDCONTACTAI)
    assert vendors.asked() == ["cloudcontactai PUT"] * 2


# A vendor that got its keys later.


def test_a_vendor_connected_later_learns_earlier_stops(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    told = wish_for(Vendor.SLICKTEXT)
    wish_for(Vendor.SLICKTEXT, number=DOC_NUMBER, do_not_text=False)
    assert desired_state.tell_vendors_connected_later() == 1
    assert desired_state.tell_vendors_connected_later() == 0
    new = Wish.objects.get(vendor=Vendor.CLOUDCONTACTAI)
    assert (new.number, new.do_not_text, new.ledger_entry) == (told.number, True, told.ledger_entry)
    delivery.deliver(new.pk)
    assert vendors.stopped() is True
    assert LedgerEntry.objects.filter(action="stop:confirmed", vendor="cloudcontactai").exists()


def test_slicktext_connected_later_is_told_unsubscribed(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    wish_for()
    assert desired_state.tell_vendors_connected_later() == 1
    delivery.deliver(Wish.objects.get(vendor=Vendor.SLICKTEXT).pk)
    assert vendors.status() == "unsubscribed"


def test_a_vendor_that_is_not_connected_is_told_nothing(
    wish_for: MakeWish, connect_only: Callable[[str], None]
) -> None:
    wish_for(Vendor.SLICKTEXT)
    connect_only("slicktext")
    assert desired_state.tell_vendors_connected_later() == 0
    assert not OptOut.objects.exists()
