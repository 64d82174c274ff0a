"""Two callers about one row: the newer wish is what both vendor and row hold in the end."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from contacts_ui.models import Vendor, Wish
from contacts_ui.models.wish import WishState
from contacts_ui.services.consent import delivery
from tests.people import MakeWish, Vendors, until

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


def test_a_newer_wish_wins_although_the_older_call_answers_late(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "latency", seconds=0.7, times=1)
    wish = wish_for(do_not_text=False)
    older = deliver_in_thread(wish.pk)
    until(lambda: Wish.objects.get().lease)
    wish_for(do_not_text=True)
    delivery.deliver(wish.pk)  # finds the row leased and leaves it
    assert vendors.asked() == []
    older.join()
    wish.refresh_from_db()
    assert (wish.state, wish.do_not_text) == (WishState.CONFIRMED, True)
    assert vendors.stopped() is True
    assert vendors.asked() == ["cloudcontactai PUT"] * 2


def test_a_newer_wish_wins_although_the_older_lease_ran_out(
    wish_for: MakeWish, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older caller wakes up after somebody took over: it must not claim anything."""
    wish = wish_for(do_not_text=False)
    answered, may_go_on = threading.Event(), threading.Event()
    really_send = delivery.send

    def send(sent: Wish, manner: object, once_more: object) -> delivery.Answer:
        answer = really_send(sent, manner, once_more)
        if not sent.do_not_text:
            answered.set()
            assert may_go_on.wait(10)
        return answer

    monkeypatch.setattr(delivery, "send", send)
    older = deliver_in_thread(wish.pk)
    assert answered.wait(10)
    wish_for(do_not_text=True)
    Wish.objects.update(lease="", leased_until=None)
    delivery.deliver(wish.pk)
    may_go_on.set()
    older.join()
    wish.refresh_from_db()
    assert (wish.state, wish.confirmed_do_not_text) == (WishState.CONFIRMED, True)
    assert vendors.stopped() is True


def test_many_callers_make_one_call(wish_for: MakeWish, vendors: Vendors) -> None:
    wish = wish_for(Vendor.SLICKTEXT)
    threads = [deliver_in_thread(wish.pk) for _ in range(6)]
    for thread in threads:
        thread.join()
    assert vendors.asked() == ["slicktext PUT"]


def test_many_clicks_end_in_the_last_wish(wish_for: MakeWish, vendors: Vendors) -> None:
    def click(do_not_text: bool) -> None:
        try:
            delivery.deliver(wish_for(do_not_text=do_not_text).pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=4) as clicks:
        list(clicks.map(click, [index % 2 == 0 for index in range(12)]))
    wish = Wish.objects.get()
    assert wish.version == 12
    assert wish.settled
    assert vendors.stopped() is wish.do_not_text
