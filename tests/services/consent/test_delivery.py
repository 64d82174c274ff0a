"""Deliver one desired state: the vendor's answers, and how each changes the row."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.models import LedgerEntry, Vendor
from contacts_ui.models.desired_state import DeliveryState, DesiredState
from contacts_ui.models.ledger import Action
from contacts_ui.services.consent import delivery, sending
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.consent.desired_state import due_now
from contacts_ui.services.vendors import forget_connections, leases
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY, MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
LATER = timedelta(seconds=settings.LONGEST_RETRY_SECONDS + 1)


def outcome_of(desired: DesiredState) -> LedgerEntry | None:
    return LedgerEntry.objects.filter(answer__request=desired.ledger_entry_id).last()


def test_it_works_at_cloudcontactai(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    desired = set_desired_state()
    deliver(desired.pk)
    desired.refresh_from_db()
    assert vendors.stopped() is True
    assert (desired.state, desired.settled, desired.due_at) == (DeliveryState.CONFIRMED, True, None)
    assert desired.confirmed_do_not_text is True
    assert desired.confirmed_at is not None
    assert outcome_of(desired).action == Action.STOP_CONFIRMED


def test_it_works_at_slicktext(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    desired = set_desired_state(Vendor.SLICKTEXT)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert vendors.status() == "unsubscribed"
    assert (desired.state, desired.confirmed_opt_in_status) == (
        DeliveryState.CONFIRMED,
        "unsubscribed",
    )
    assert vendors.asked() == ["slicktext PUT"]


def test_slicktext_that_takes_no_number_is_told_by_id(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.switch(edit_by_number=False)
    desired = set_desired_state(Vendor.SLICKTEXT)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert vendors.status() == "unsubscribed"
    assert desired.state == DeliveryState.CONFIRMED
    assert vendors.asked() == ["slicktext PUT", "slicktext GET", "slicktext PUT"]


def test_a_stop_for_a_person_slicktext_does_not_know_is_done(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    desired = set_desired_state(Vendor.SLICKTEXT, number=DOC_NUMBER)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.CONFIRMED
    assert desired.confirmed_do_not_text is True
    assert desired.confirmed_opt_in_status == ""
    assert desired.answer == sending.NOT_THERE


def test_a_list_that_misses_a_person_does_not_end_a_stop(
    set_desired_state: SetDesiredState, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendors.switch(edit_by_number=False)
    monkeypatch.setattr(slicktext, "find_contact", lambda *_, **__: None)
    desired = set_desired_state(Vendor.SLICKTEXT)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert vendors.status() == "unsubscribed"
    assert desired.confirmed_opt_in_status == "unsubscribed"


def test_an_opt_in_for_a_person_slicktext_does_not_know_is_refused(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    desired = set_desired_state(Vendor.SLICKTEXT, number=DOC_NUMBER, do_not_text=False)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.REFUSED
    assert outcome_of(desired).action == Action.CONSENT_REFUSED


def test_a_confirmed_desired_state_is_not_sent_again(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    desired = set_desired_state()
    deliver(desired.pk)
    deliver(desired.pk)
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
    fault: str,
    options: dict[str, int],
    vendor: Vendor,
    set_desired_state: SetDesiredState,
    vendors: Vendors,
) -> None:
    vendors.fault(vendor.value, fault, **options)
    desired = set_desired_state(vendor)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert (desired.state, desired.settled) == (DeliveryState.ON_ITS_WAY, False)
    assert desired.confirmed_at is None
    assert desired.attempts == 1
    assert desired.answer
    assert desired.due_at > timezone.now()
    assert desired.leased_until is None
    assert outcome_of(desired) is None


def test_a_desired_state_is_delivered_once_the_vendor_is_back(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "error")
    desired = set_desired_state()
    deliver(desired.pk)
    assert due_now() == []
    vendors.clear_faults()
    with time_machine.travel(timezone.now() + LATER):
        assert due_now() == [desired.pk]
        deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.CONFIRMED
    assert vendors.stopped() is True


def test_retries_back_off_with_jitter_up_to_a_cap(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "error")
    desired = set_desired_state()
    pauses = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(12):
            deliver(desired.pk)
            desired.refresh_from_db()
            pauses.append((desired.due_at - timezone.now()).total_seconds())
            clock.shift(LATER)
    for attempt, pause in enumerate(pauses):
        ceiling = min(leases.RETRY_FIRST_SECONDS * 2**attempt, settings.LONGEST_RETRY_SECONDS)
        assert ceiling / 2 <= pause <= ceiling
    capped = pauses[8:]
    assert len(set(capped)) == len(capped), "all at the same moment: there is no jitter"


def test_retry_after_is_respected(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "too_many", seconds=90)
    desired = set_desired_state()
    deliver(desired.pk)
    desired.refresh_from_db()
    pause = (desired.due_at - timezone.now()).total_seconds()
    assert 30 < pause <= 90


def test_a_refusal_ends_the_retries_and_keeps_the_vendors_words(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.switch(unknown_phone="404")
    desired = set_desired_state(number=DOC_NUMBER)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert (desired.state, desired.settled, desired.due_at) == (DeliveryState.REFUSED, True, None)
    assert "Contact not found" in desired.answer
    entry = outcome_of(desired)
    assert entry.action == Action.STOP_REFUSED
    assert entry.answer["status"] == 404


def test_a_refused_opt_in_keeps_the_vendors_words(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    vendors.switch(refuse_resubscribe=True)
    desired = set_desired_state(Vendor.SLICKTEXT, do_not_text=False)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.REFUSED
    assert "must opt in again by text" in desired.answer
    assert vendors.status() == "unsubscribed"


def test_bad_credentials_are_tried_again_for_ever(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "unauthorized")
    desired = set_desired_state()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(3):
            deliver(desired.pk)
            clock.shift(LATER)
        assert due_now() == [desired.pk]
        vendors.clear_faults()
        deliver(desired.pk)
    assert vendors.stopped() is True


def test_a_vendor_whose_keys_were_taken_out_is_waited_for(
    set_desired_state: SetDesiredState, connect_only: Callable[[str], None]
) -> None:
    """Keys are restored after a mistake in the settings; the stop must still be there."""
    desired = set_desired_state()
    connect_only("slicktext")
    deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.ON_ITS_WAY
    assert desired.due_at is not None
    assert "not connected" in desired.answer


@pytest.mark.parametrize("status", [403, 404, 422])
def test_a_refusal_by_a_proxy_is_not_the_vendors(
    status: int, set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "html", status=status)
    desired = set_desired_state()
    deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.ON_ITS_WAY


def test_a_row_that_was_settled_between_look_and_lease_is_not_sent_again(
    set_desired_state: SetDesiredState, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process delivers while this caller is about to take the lease."""
    desired = set_desired_state(Vendor.SLICKTEXT, do_not_text=False)
    really_lease_time = delivery._lease_time

    def deliver_first(policy: object) -> timedelta:
        monkeypatch.setattr(delivery, "_lease_time", really_lease_time)
        deliver(desired.pk)
        return really_lease_time(policy)

    monkeypatch.setattr(delivery, "_lease_time", deliver_first)
    deliver(desired.pk)
    assert vendors.asked() == ["slicktext PUT"]


def test_an_opt_in_expires(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    vendors.fault("slicktext", "down")
    desired = set_desired_state(Vendor.SLICKTEXT, do_not_text=False)
    deliver(desired.pk)
    vendors.clear_faults()
    with time_machine.travel(timezone.now() + timedelta(hours=73)):
        forget_connections()
        deliver(desired.pk)
    desired.refresh_from_db()
    assert (desired.state, desired.settled, desired.due_at) == (DeliveryState.EXPIRED, True, None)
    assert outcome_of(desired).action == Action.CONSENT_EXPIRED
    assert vendors.status() == "unsubscribed"


def test_a_stop_never_expires(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "down")
    desired = set_desired_state()
    deliver(desired.pk)
    vendors.clear_faults()
    assert desired.expires_at is None
    with time_machine.travel(timezone.now() + timedelta(days=3650)):
        forget_connections()
        assert due_now() == [desired.pk]
        deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.CONFIRMED
    assert vendors.stopped() is True


def test_a_stop_after_an_opt_in_has_no_end_either(set_desired_state: SetDesiredState) -> None:
    assert set_desired_state(do_not_text=False).expires_at is not None
    assert set_desired_state(do_not_text=True).expires_at is None


def test_stops_are_due_first_then_the_oldest(set_desired_state: SetDesiredState) -> None:
    opt_in = set_desired_state(do_not_text=False, number="+16155550001")
    younger = set_desired_state(number="+16155550002")
    older = set_desired_state(number="+16155550003")
    DesiredState.objects.filter(pk=older.pk).update(due_at=timezone.now() - timedelta(hours=1))
    DesiredState.objects.filter(pk=opt_in.pk).update(due_at=timezone.now() - timedelta(hours=2))
    assert due_now() == [older.pk, younger.pk, opt_in.pk]
    assert due_now(limit=1) == [older.pk]


def test_a_leased_row_is_left_alone(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    desired = set_desired_state()
    DesiredState.objects.update(
        lease="somebody", leased_until=timezone.now() + timedelta(seconds=60)
    )
    deliver(desired.pk)
    assert due_now() == []
    assert vendors.asked() == []


def test_a_lease_runs_out(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    desired = set_desired_state()
    DesiredState.objects.update(lease="crashed", leased_until=timezone.now() - timedelta(seconds=1))
    assert due_now() == [desired.pk]
    deliver(desired.pk)
    assert vendors.stopped() is True


def test_a_caller_whose_lease_was_taken_over_writes_nothing(
    set_desired_state: SetDesiredState, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    desired = set_desired_state()
    really_send = delivery.send

    def send_slowly(sent: DesiredState, policy: object, once_more: object) -> delivery.Answer:
        answer = really_send(sent, policy, once_more)
        DesiredState.objects.update(lease="somebody else")
        return answer

    monkeypatch.setattr(delivery, "send", send_slowly)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.ON_ITS_WAY
    assert desired.lease == "somebody else"


@pytest.mark.parametrize("vendor", list(Vendor))
def test_a_newer_desired_state_during_the_call_is_sent_after_it(
    vendor: Vendor,
    set_desired_state: SetDesiredState,
    vendors: Vendors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opt_in = set_desired_state(vendor, do_not_text=False)
    really_send, sent = delivery.send, []

    def send(desired: DesiredState, policy: object, once_more: object) -> delivery.Answer:
        answer = really_send(desired, policy, once_more)
        if not sent:
            set_desired_state(vendor, do_not_text=True)
        sent.append(desired.do_not_text)
        return answer

    monkeypatch.setattr(delivery, "send", send)
    deliver(opt_in.pk)
    opt_in.refresh_from_db()
    assert sent == [False, True]
    assert (opt_in.state, opt_in.do_not_text) == (DeliveryState.CONFIRMED, True)
    assert opt_in.confirmed_do_not_text is True
    held = vendors.status() if vendor == Vendor.SLICKTEXT else vendors.stopped()
    assert held in ("unsubscribed", True)


def test_an_older_failure_does_not_settle_a_newer_desired_state(
    set_desired_state: SetDesiredState, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor refuses the old desired state while the new one is written: the new one stays due, now."""
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    vendors.switch(refuse_resubscribe=True)
    desired = set_desired_state(Vendor.SLICKTEXT, do_not_text=False)
    really_send = delivery.send

    def send(sent: DesiredState, policy: object, once_more: object) -> delivery.Answer:
        set_desired_state(Vendor.SLICKTEXT, do_not_text=True)
        return really_send(sent, policy, once_more)

    monkeypatch.setattr(delivery, "send", send)
    deliver(desired.pk)
    monkeypatch.setattr(delivery, "send", really_send)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.ON_ITS_WAY
    assert due_now() == [desired.pk]
    deliver(desired.pk)
    desired.refresh_from_db()
    assert (desired.state, desired.do_not_text) == (DeliveryState.CONFIRMED, True)


def test_a_new_desired_state_starts_over(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "error")
    desired = set_desired_state()
    deliver(desired.pk)
    again = set_desired_state(do_not_text=False)
    assert again.pk == desired.pk
    assert (again.version, again.attempts, again.answer) == (2, 0, "")
    assert due_now() == [desired.pk]


def test_an_unanswered_older_opposite_desired_state_leads_to_a_second_look(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    """The old opt-in may still take effect at the vendor after our stop was confirmed."""
    vendors.fault("slicktext", "drop_before")
    desired = set_desired_state(Vendor.SLICKTEXT, do_not_text=False)
    deliver(desired.pk)
    vendors.clear_faults()
    set_desired_state(Vendor.SLICKTEXT, do_not_text=True)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.CONFIRMED
    assert desired.due_at is not None
    vendors.edit(MARTY, opt_in_status="subscribed")  # the late effect
    with time_machine.travel(timezone.now() + timedelta(seconds=settings.LATE_EFFECT_SECONDS + 1)):
        forget_connections()
        assert due_now() == [desired.pk]
        deliver(desired.pk)
    desired.refresh_from_db()
    assert vendors.status() == "unsubscribed"
    assert desired.due_at is None
    confirmed = LedgerEntry.objects.filter(action=Action.STOP_CONFIRMED)
    assert confirmed.count() == 1


def test_a_stop_is_said_again_soon_and_until_nothing_late_can_come(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.fault("slicktext", "drop_before", times=1)
    desired = set_desired_state(Vendor.SLICKTEXT, do_not_text=False)
    deliver(desired.pk)
    set_desired_state(Vendor.SLICKTEXT, do_not_text=True)
    deliver(desired.pk)
    vendors.edit(MARTY, opt_in_status="subscribed")  # the late effect
    with time_machine.travel(timezone.now() + timedelta(seconds=delivery.RESEND_SECONDS + 1)):
        forget_connections()
        deliver(desired.pk)
        desired.refresh_from_db()
        assert vendors.status() == "unsubscribed"
        assert desired.due_at > timezone.now()


def test_an_unanswered_call_of_the_same_desired_state_needs_no_second_look(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "drop_after", times=1)
    desired = set_desired_state()
    deliver(desired.pk)
    with time_machine.travel(timezone.now() + LATER):
        forget_connections()
        deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.CONFIRMED
    assert desired.due_at is None


def test_slicktext_that_answers_with_another_status_has_not_confirmed(
    set_desired_state: SetDesiredState, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchanged = slicktext.get_contact(sending.to_slicktext(), MARTY)
    monkeypatch.setattr(slicktext, "edit_contact", lambda *args, **kwargs: unchanged)
    desired = set_desired_state(Vendor.SLICKTEXT)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.state == DeliveryState.REFUSED
    assert "still says “subscribed”" in desired.answer


def test_every_desired_state_has_its_own_row(set_desired_state: SetDesiredState) -> None:
    set_desired_state(Vendor.SLICKTEXT)
    set_desired_state(Vendor.CLOUDCONTACTAI)
    set_desired_state(Vendor.CLOUDCONTACTAI, number=DOC_NUMBER)
    set_desired_state(Vendor.CLOUDCONTACTAI)
    assert DesiredState.objects.count() == 3
    assert DesiredState.objects.get(vendor="cloudcontactai", number=MARTY_NUMBER).version == 2


# The person has another number by now.


def test_a_stop_follows_a_person_who_got_another_number_elsewhere(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    desired = set_desired_state(Vendor.SLICKTEXT)
    vendors.edit(MARTY, mobile_number=FREE_NUMBER)
    deliver(desired.pk)
    desired.refresh_from_db()
    assert (desired.state, desired.answer) == (DeliveryState.CONFIRMED, sending.MOVED)
    followers = DesiredState.objects.filter(number=FREE_NUMBER, do_not_text=True)
    assert {follower.vendor for follower in followers} == set(Vendor.values)
    for pk in due_now():
        deliver(pk)
    assert (vendors.status(FREE_NUMBER), vendors.stopped(FREE_NUMBER)) == ("unsubscribed", True)


def test_a_stop_follows_although_another_person_has_the_old_number(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    desired = set_desired_state(Vendor.SLICKTEXT)
    vendors.edit(MARTY, mobile_number=FREE_NUMBER)
    vendors.create(MARTY_NUMBER, first_name="Somebody", last_name="Else")
    deliver(desired.pk)
    assert DesiredState.objects.filter(number=FREE_NUMBER, do_not_text=True).count() == 2
    entry = LedgerEntry.objects.filter(number=FREE_NUMBER).get()
    assert entry.contact_id == MARTY
    assert str(desired.ledger_entry_id) in entry.reason


def test_an_opt_in_does_not_follow_the_person(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    desired = set_desired_state(Vendor.SLICKTEXT, do_not_text=False)
    vendors.edit(MARTY, mobile_number=FREE_NUMBER, opt_in_status="unsubscribed")
    deliver(desired.pk)
    assert not DesiredState.objects.filter(number=FREE_NUMBER).exists()
    assert vendors.status(FREE_NUMBER) == "unsubscribed"
