"""Two callers about one row: the newer desired state is what both vendor and row hold in the end."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from contacts_ui.models import DesiredState, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services.consent import delivery
from tests.people import SetDesiredState, Vendors, until

pytestmark = pytest.mark.django_db(transaction=True)


def deliver_in_thread(pk: int) -> threading.Thread:
    def run() -> None:
        try:
            delivery.deliver(pk)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_newer_desired_state_wins_although_the_older_call_answers_late(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "latency", seconds=3, times=1)
    desired = set_desired_state(do_not_text=False)
    older = deliver_in_thread(desired.pk)
    until(lambda: DesiredState.objects.get().lease)
    set_desired_state(do_not_text=True)
    delivery.deliver(desired.pk)  # finds the row leased and leaves it
    assert vendors.asked() == []
    older.join()
    desired.refresh_from_db()
    assert (desired.state, desired.do_not_text) == (DeliveryState.CONFIRMED, True)
    assert vendors.stopped() is True
    assert vendors.asked() == ["cloudcontactai PUT"] * 2


def test_a_newer_desired_state_wins_although_the_older_lease_ran_out(
    set_desired_state: SetDesiredState, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older caller wakes up after another took over: it must not claim anything."""
    desired = set_desired_state(do_not_text=False)
    answered, may_go_on = threading.Event(), threading.Event()
    really_send = delivery.send

    def send(sent: DesiredState, policy: object, once_more: object) -> delivery.Answer:
        answer = really_send(sent, policy, once_more)
        if not sent.do_not_text:
            answered.set()
            assert may_go_on.wait(60)
        return answer

    monkeypatch.setattr(delivery, "send", send)
    older = deliver_in_thread(desired.pk)
    assert answered.wait(60)
    set_desired_state(do_not_text=True)
    DesiredState.objects.update(lease="", leased_until=None)
    delivery.deliver(desired.pk)
    may_go_on.set()
    older.join()
    desired.refresh_from_db()
    assert (desired.state, desired.confirmed_do_not_text) == (DeliveryState.CONFIRMED, True)
    assert vendors.stopped() is True


def test_many_callers_make_one_call(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    desired = set_desired_state(Vendor.SLICKTEXT)
    threads = [deliver_in_thread(desired.pk) for _ in range(6)]
    for thread in threads:
        thread.join()
    assert vendors.asked() == ["slicktext PUT"]


def test_many_clicks_end_in_the_last_desired_state(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    def click(do_not_text: bool) -> None:
        try:
            delivery.deliver(set_desired_state(do_not_text=do_not_text).pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=4) as clicks:
        list(clicks.map(click, [index % 2 == 0 for index in range(12)]))
    desired = DesiredState.objects.get()
    assert desired.version == 12
    assert desired.settled
    assert vendors.stopped() is desired.do_not_text
