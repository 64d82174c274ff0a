"""Delivering one wish: what a vendor answers, and what becomes of the row."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.models import LedgerEntry, Vendor
from contacts_ui.models.ledger import Action
from contacts_ui.models.wish import Wish, WishState
from contacts_ui.services.consent import delivery, sending
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.consent.desired_state import due_now
from contacts_ui.services.vendors import forget_connections
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY, MARTY_NUMBER, MakeWish, Vendors

pytestmark = pytest.mark.django_db
LATER = timedelta(seconds=settings.LONGEST_RETRY_SECONDS + 1)


def outcome_of(wish: Wish) -> LedgerEntry | None:
    return LedgerEntry.objects.filter(answer__request=wish.ledger_entry_id).last()


def test_it_works_at_cloudcontactai(wish_for: MakeWish, vendors: Vendors) -> None:
    wish = wish_for()
    deliver(wish.pk)
    wish.refresh_from_db()
    assert vendors.stopped() is True
    assert (wish.state, wish.settled, wish.due_at) == (WishState.CONFIRMED, True, None)
    assert wish.confirmed_do_not_text is True
    assert wish.confirmed_at is not None
    assert outcome_of(wish).action == Action.STOP_CONFIRMED


def test_it_works_at_slicktext(wish_for: MakeWish, vendors: Vendors) -> None:
    wish = wish_for(Vendor.SLICKTEXT)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert vendors.status() == "unsubscribed"
    assert (wish.state, wish.confirmed_opt_in_status) == (WishState.CONFIRMED, "unsubscribed")
    assert vendors.asked() == ["slicktext PUT"]


def test_slicktext_that_takes_no_number_is_told_by_id(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.switch(edit_by_number=False)
    wish = wish_for(Vendor.SLICKTEXT)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert vendors.status() == "unsubscribed"
    assert wish.state == WishState.CONFIRMED
    assert vendors.asked() == ["slicktext PUT", "slicktext GET", "slicktext PUT"]


def test_a_stop_for_somebody_slicktext_does_not_know_is_done(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    wish = wish_for(Vendor.SLICKTEXT, number=DOC_NUMBER)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.CONFIRMED
    assert wish.confirmed_do_not_text is True
    assert wish.confirmed_opt_in_status == ""
    assert wish.answer == sending.NOT_THERE


def test_a_list_that_passes_somebody_over_does_not_end_a_stop(
    wish_for: MakeWish, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendors.switch(edit_by_number=False)
    monkeypatch.setattr(slicktext, "find_contact", lambda *_, **__: None)
    wish = wish_for(Vendor.SLICKTEXT)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert vendors.status() == "unsubscribed"
    assert wish.confirmed_opt_in_status == "unsubscribed"


def test_an_opt_in_for_somebody_slicktext_does_not_know_is_refused(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    wish = wish_for(Vendor.SLICKTEXT, number=DOC_NUMBER, do_not_text=False)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.REFUSED
    assert outcome_of(wish).action == Action.CONSENT_REFUSED


def test_a_confirmed_wish_is_not_sent_again(wish_for: MakeWish, vendors: Vendors) -> None:
    wish = wish_for()
    deliver(wish.pk)
    deliver(wish.pk)
    assert vendors.asked() == ["cloudcontactai PUT"]
    assert due_now() == []


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("error", {}),
        ("html", {}),
        ("html", {"status": 200}),
        ("drop_before", {}),
        ("drop_after", {}),
        ("too_many", {}),
        ("down", {}),
        ("unauthorized", {}),
    ],
)
@pytest.mark.parametrize("vendor", list(Vendor))
def test_every_failure_leaves_the_stop_on_its_way(
    fault: str, options: dict[str, int], vendor: Vendor, wish_for: MakeWish, vendors: Vendors
) -> None:
    vendors.fault(vendor.value, fault, **options)
    wish = wish_for(vendor)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert (wish.state, wish.settled) == (WishState.ON_ITS_WAY, False)
    assert wish.confirmed_at is None
    assert wish.attempts == 1
    assert wish.answer
    assert wish.due_at > timezone.now()
    assert wish.leased_until is None
    assert outcome_of(wish) is None


def test_a_wish_is_delivered_once_the_vendor_is_back(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "error")
    wish = wish_for()
    deliver(wish.pk)
    assert due_now() == []
    vendors.clear_faults()
    with time_machine.travel(timezone.now() + LATER):
        assert due_now() == [wish.pk]
        deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.CONFIRMED
    assert vendors.stopped() is True


def test_retries_back_off_with_jitter_up_to_a_cap(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "error")
    wish = wish_for()
    pauses = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(12):
            deliver(wish.pk)
            wish.refresh_from_db()
            pauses.append((wish.due_at - timezone.now()).total_seconds())
            clock.shift(LATER)
    for attempt, pause in enumerate(pauses):
        ceiling = min(delivery.FIRST_RETRY_SECONDS * 2**attempt, settings.LONGEST_RETRY_SECONDS)
        assert ceiling / 2 <= pause <= ceiling
    capped = pauses[8:]
    assert len(set(capped)) == len(capped), "all at the same moment: there is no jitter"


def test_retry_after_is_honoured(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "too_many", seconds=90)
    wish = wish_for()
    deliver(wish.pk)
    wish.refresh_from_db()
    pause = (wish.due_at - timezone.now()).total_seconds()
    assert 85 < pause <= 90


def test_a_refusal_ends_the_retries_and_keeps_the_vendors_words(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    vendors.switch(unknown_phone="404")
    wish = wish_for(number=DOC_NUMBER)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert (wish.state, wish.settled, wish.due_at) == (WishState.REFUSED, True, None)
    assert "Contact not found" in wish.answer
    entry = outcome_of(wish)
    assert entry.action == Action.STOP_REFUSED
    assert entry.answer["status"] == 404


def test_a_refused_opt_in_keeps_the_vendors_words(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    vendors.switch(refuse_resubscribe=True)
    wish = wish_for(Vendor.SLICKTEXT, do_not_text=False)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.REFUSED
    assert "must opt in again by text" in wish.answer
    assert vendors.status() == "unsubscribed"


def test_bad_credentials_are_tried_again_for_ever(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "unauthorized")
    wish = wish_for()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(3):
            deliver(wish.pk)
            clock.shift(LATER)
        assert due_now() == [wish.pk]
        vendors.clear_faults()
        deliver(wish.pk)
    assert vendors.stopped() is True


def test_a_vendor_whose_keys_were_taken_out_is_waited_for(
    wish_for: MakeWish, vendors: Vendors, connect_only: Callable[[str], None]
) -> None:
    """Keys come back after a mistake in the settings; the stop must still be there."""
    wish = wish_for()
    connect_only("slicktext")
    deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.ON_ITS_WAY
    assert wish.due_at is not None
    assert "not connected" in wish.answer


@pytest.mark.parametrize("status", [403, 404, 422])
def test_a_refusal_by_a_proxy_is_not_the_vendors(
    status: int, wish_for: MakeWish, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "html", status=status)
    wish = wish_for()
    deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.ON_ITS_WAY


def test_a_row_that_was_settled_between_look_and_lease_is_not_sent_again(
    wish_for: MakeWish, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else delivers while this caller is about to take the lease."""
    wish = wish_for(Vendor.SLICKTEXT, do_not_text=False)
    really_lease_time = delivery._lease_time

    def deliver_first(manner: object) -> timedelta:
        monkeypatch.setattr(delivery, "_lease_time", really_lease_time)
        deliver(wish.pk)
        return really_lease_time(manner)

    monkeypatch.setattr(delivery, "_lease_time", deliver_first)
    deliver(wish.pk)
    assert vendors.asked() == ["slicktext PUT"]


def test_an_opt_in_expires(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    vendors.fault("slicktext", "down")
    wish = wish_for(Vendor.SLICKTEXT, do_not_text=False)
    deliver(wish.pk)
    vendors.clear_faults()
    with time_machine.travel(timezone.now() + timedelta(hours=73)):
        forget_connections()
        deliver(wish.pk)
    wish.refresh_from_db()
    assert (wish.state, wish.settled, wish.due_at) == (WishState.EXPIRED, True, None)
    assert outcome_of(wish).action == Action.CONSENT_EXPIRED
    assert vendors.status() == "unsubscribed"


def test_a_stop_never_expires(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "down")
    wish = wish_for()
    deliver(wish.pk)
    vendors.clear_faults()
    assert wish.expires_at is None
    with time_machine.travel(timezone.now() + timedelta(days=3650)):
        forget_connections()
        assert due_now() == [wish.pk]
        deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.CONFIRMED
    assert vendors.stopped() is True


def test_a_stop_after_an_opt_in_has_no_end_either(wish_for: MakeWish) -> None:
    assert wish_for(do_not_text=False).expires_at is not None
    assert wish_for(do_not_text=True).expires_at is None


def test_stops_are_due_first_then_the_oldest(wish_for: MakeWish) -> None:
    opt_in = wish_for(do_not_text=False, number="+16155550001")
    younger = wish_for(number="+16155550002")
    older = wish_for(number="+16155550003")
    Wish.objects.filter(pk=older.pk).update(due_at=timezone.now() - timedelta(hours=1))
    Wish.objects.filter(pk=opt_in.pk).update(due_at=timezone.now() - timedelta(hours=2))
    assert due_now() == [older.pk, younger.pk, opt_in.pk]
    assert due_now(limit=1) == [older.pk]


def test_a_leased_row_is_left_alone(wish_for: MakeWish, vendors: Vendors) -> None:
    wish = wish_for()
    Wish.objects.update(lease="somebody", leased_until=timezone.now() + timedelta(seconds=60))
    deliver(wish.pk)
    assert due_now() == []
    assert vendors.asked() == []


def test_a_lease_runs_out(wish_for: MakeWish, vendors: Vendors) -> None:
    wish = wish_for()
    Wish.objects.update(lease="crashed", leased_until=timezone.now() - timedelta(seconds=1))
    assert due_now() == [wish.pk]
    deliver(wish.pk)
    assert vendors.stopped() is True


def test_a_caller_whose_lease_was_taken_over_writes_nothing(
    wish_for: MakeWish, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = wish_for()
    really_send = delivery.send

    def send_slowly(sent: Wish, manner: object, once_more: object) -> delivery.Answer:
        answer = really_send(sent, manner, once_more)
        Wish.objects.update(lease="somebody else")
        return answer

    monkeypatch.setattr(delivery, "send", send_slowly)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.ON_ITS_WAY
    assert wish.lease == "somebody else"


@pytest.mark.parametrize("vendor", list(Vendor))
def test_a_newer_wish_during_the_call_is_sent_after_it(
    vendor: Vendor, wish_for: MakeWish, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    opt_in = wish_for(vendor, do_not_text=False)
    really_send, sent = delivery.send, []

    def send(wish: Wish, manner: object, once_more: object) -> delivery.Answer:
        answer = really_send(wish, manner, once_more)
        if not sent:
            wish_for(vendor, do_not_text=True)
        sent.append(wish.do_not_text)
        return answer

    monkeypatch.setattr(delivery, "send", send)
    deliver(opt_in.pk)
    opt_in.refresh_from_db()
    assert sent == [False, True]
    assert (opt_in.state, opt_in.do_not_text) == (WishState.CONFIRMED, True)
    assert opt_in.confirmed_do_not_text is True
    held = vendors.status() if vendor == Vendor.SLICKTEXT else vendors.stopped()
    assert held in ("unsubscribed", True)


def test_an_older_failure_does_not_settle_a_newer_wish(
    wish_for: MakeWish, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor refuses the old wish while the new one is written: the new one stays due, now."""
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    vendors.switch(refuse_resubscribe=True)
    wish = wish_for(Vendor.SLICKTEXT, do_not_text=False)
    really_send = delivery.send

    def send(sent: Wish, manner: object, once_more: object) -> delivery.Answer:
        wish_for(Vendor.SLICKTEXT, do_not_text=True)
        return really_send(sent, manner, once_more)

    monkeypatch.setattr(delivery, "send", send)
    deliver(wish.pk)
    monkeypatch.setattr(delivery, "send", really_send)
    wish.refresh_from_db()
    assert wish.state == WishState.ON_ITS_WAY
    assert due_now() == [wish.pk]
    deliver(wish.pk)
    wish.refresh_from_db()
    assert (wish.state, wish.do_not_text) == (WishState.CONFIRMED, True)


def test_a_new_wish_starts_anew(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "error")
    wish = wish_for()
    deliver(wish.pk)
    again = wish_for(do_not_text=False)
    assert again.pk == wish.pk
    assert (again.version, again.attempts, again.answer) == (2, 0, "")
    assert due_now() == [wish.pk]


def test_an_unanswered_older_opposite_wish_leads_to_a_second_look(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    """The old opt-in may still take effect at the vendor after our stop was confirmed."""
    vendors.fault("slicktext", "drop_before")
    wish = wish_for(Vendor.SLICKTEXT, do_not_text=False)
    deliver(wish.pk)
    vendors.clear_faults()
    wish_for(Vendor.SLICKTEXT, do_not_text=True)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.CONFIRMED
    assert wish.due_at is not None
    vendors.edit(MARTY, opt_in_status="subscribed")  # the late effect
    with time_machine.travel(timezone.now() + timedelta(seconds=settings.LATE_EFFECT_SECONDS + 1)):
        forget_connections()
        assert due_now() == [wish.pk]
        deliver(wish.pk)
    wish.refresh_from_db()
    assert vendors.status() == "unsubscribed"
    assert wish.due_at is None
    confirmed = LedgerEntry.objects.filter(action=Action.STOP_CONFIRMED)
    assert confirmed.count() == 1


def test_a_stop_is_said_again_soon_and_until_nothing_late_can_come(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    vendors.fault("slicktext", "drop_before", times=1)
    wish = wish_for(Vendor.SLICKTEXT, do_not_text=False)
    deliver(wish.pk)
    wish_for(Vendor.SLICKTEXT, do_not_text=True)
    deliver(wish.pk)
    vendors.edit(MARTY, opt_in_status="subscribed")  # the late effect
    with time_machine.travel(timezone.now() + timedelta(seconds=delivery.LOOK_AGAIN_SECONDS + 1)):
        forget_connections()
        deliver(wish.pk)
        wish.refresh_from_db()
        assert vendors.status() == "unsubscribed"
        assert wish.due_at is not None
        assert wish.due_at > timezone.now()


def test_an_unanswered_call_of_the_same_wish_needs_no_second_look(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "drop_after", times=1)
    wish = wish_for()
    deliver(wish.pk)
    with time_machine.travel(timezone.now() + LATER):
        forget_connections()
        deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.CONFIRMED
    assert wish.due_at is None


def test_slicktext_that_answers_with_another_status_has_not_confirmed(
    wish_for: MakeWish, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchanged = slicktext.get_contact(sending.to_slicktext(), MARTY)
    monkeypatch.setattr(slicktext, "edit_contact", lambda *args, **kwargs: unchanged)
    wish = wish_for(Vendor.SLICKTEXT)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.state == WishState.REFUSED
    assert "still says “subscribed”" in wish.answer


def test_every_wish_has_its_own_row(wish_for: MakeWish) -> None:
    wish_for(Vendor.SLICKTEXT)
    wish_for(Vendor.CLOUDCONTACTAI)
    wish_for(Vendor.CLOUDCONTACTAI, number=DOC_NUMBER)
    wish_for(Vendor.CLOUDCONTACTAI)
    assert Wish.objects.count() == 3
    assert Wish.objects.get(vendor="cloudcontactai", number=MARTY_NUMBER).version == 2


# The person has another number by now.


def test_a_stop_follows_somebody_who_got_another_number_elsewhere(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    wish = wish_for(Vendor.SLICKTEXT)
    vendors.edit(MARTY, mobile_number=FREE_NUMBER)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert (wish.state, wish.answer) == (WishState.CONFIRMED, sending.MOVED)
    followers = Wish.objects.filter(number=FREE_NUMBER, do_not_text=True)
    assert {follower.vendor for follower in followers} == set(Vendor.values)
    for pk in due_now():
        deliver(pk)
    assert (vendors.status(FREE_NUMBER), vendors.stopped(FREE_NUMBER)) == ("unsubscribed", True)


def test_a_stop_follows_although_somebody_else_has_the_old_number(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    wish = wish_for(Vendor.SLICKTEXT)
    vendors.edit(MARTY, mobile_number=FREE_NUMBER)
    vendors.create(MARTY_NUMBER, first_name="Somebody", last_name="Else")
    deliver(wish.pk)
    assert Wish.objects.filter(number=FREE_NUMBER, do_not_text=True).count() == 2
    entry = LedgerEntry.objects.filter(number=FREE_NUMBER).get()
    assert entry.contact_id == MARTY
    assert str(wish.ledger_entry_id) in entry.reason


def test_an_opt_in_follows_nobody(wish_for: MakeWish, vendors: Vendors) -> None:
    wish = wish_for(Vendor.SLICKTEXT, do_not_text=False)
    vendors.edit(MARTY, mobile_number=FREE_NUMBER, opt_in_status="unsubscribed")
    deliver(wish.pk)
    assert not Wish.objects.filter(number=FREE_NUMBER).exists()
    assert vendors.status(FREE_NUMBER) == "unsubscribed"
