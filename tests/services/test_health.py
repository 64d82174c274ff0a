"""Whether a vendor answers, and since when, learned from ordinary calls; and nothing that depends on it."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from contacts_ui.integrations.http import CHECK, READ, CallRecord
from contacts_ui.integrations.manner import GLANCE
from contacts_ui.models import Vendor, VendorHealth, Wish
from contacts_ui.services import health, shared_reads
from contacts_ui.services import vendors as vendors_module
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.health import Watch
from tests.people import MARTY, MakeWish, Vendors

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 11, 22, 12, tzinfo=UTC)


def call(error: str | None = None) -> CallRecord:
    return CallRecord("slicktext", "GET", "contacts.list", None if error else 200, 0.1, error)


def row() -> VendorHealth:
    return VendorHealth.objects.get(vendor="slicktext")


@pytest.fixture
def watch() -> Watch:
    return Watch(Vendor.SLICKTEXT)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which writes were asked for."""
    asked: list[str] = []
    for name in ("_write_up", "_write_trouble"):
        real: Callable[..., None] = getattr(health, name)

        def noted(*args: object, real: Callable[..., None] = real, name: str = name) -> None:
            asked.append(name)
            real(*args)

        monkeypatch.setattr(health, name, noted)
    return asked


def test_an_answer_is_up(watch: Watch) -> None:
    watch.noted(call())
    assert row().up
    assert row().trouble == ""


def test_one_failure_is_a_trouble_and_no_outage(watch: Watch) -> None:
    watch.noted(call())
    watch.noted(call("NoAnswer"))
    assert row().up
    assert row().trouble == "SlickText did not answer in time."


def test_two_in_a_row_are_down_since_the_first(watch: Watch) -> None:
    with time_machine.travel(T0, tick=False) as clock:
        watch.noted(call())
        clock.shift(60)
        watch.noted(call("Unreachable"))
        clock.shift(20)
        watch.noted(call("ServerTrouble"))
    assert not row().up
    assert row().since == T0 + timedelta(seconds=60)
    assert row().trouble == "SlickText has a problem on its side right now."
    assert row().trouble_at == T0 + timedelta(seconds=80)


def test_longer_down_keeps_its_beginning(watch: Watch) -> None:
    with time_machine.travel(T0, tick=False) as clock:
        for _ in range(5):
            watch.noted(call("NoAnswer"))
            clock.shift(60)
    assert row().since == T0


def test_the_first_answer_is_up_again_at_once(watch: Watch) -> None:
    for error in ("NoAnswer", "NoAnswer", "NoAnswer", None):
        watch.noted(call(error))
    assert row().up
    assert row().since > row().trouble_at  # type: ignore[operator]
    assert row().trouble == "SlickText did not answer in time."


def test_an_answer_between_two_failures_is_no_outage(watch: Watch) -> None:
    for error in ("NoAnswer", None, "NoAnswer", None, "NoAnswer"):
        watch.noted(call(error))
    assert row().up


@pytest.mark.parametrize("error", ["Invalid", "NotFound", "NumberExists", "RateLimited", "Refused"])
def test_a_refusal_is_an_answer(watch: Watch, error: str) -> None:
    for _ in range(3):
        watch.noted(call(error))
    assert row().up
    assert row().trouble == ""


def test_a_refused_key_is_trouble(watch: Watch) -> None:
    for _ in range(2):
        watch.noted(call("BadCredentials"))
    assert not row().up
    assert "does not accept our key" in row().trouble


def test_many_answers_are_few_writes(watch: Watch, statements: list[str]) -> None:
    for _ in range(500):
        watch.noted(call())
    assert statements == ["_write_up"]


def test_many_failures_are_few_writes(watch: Watch, statements: list[str]) -> None:
    for _ in range(500):
        watch.noted(call("NoAnswer"))
    assert statements == ["_write_trouble"] * 2


def test_another_process_is_heard(watch: Watch) -> None:
    """What one process wrote as down, another one's next answer puts right, some seconds later at most."""
    other = Watch(Vendor.SLICKTEXT)
    watch.noted(call())
    for _ in range(2):
        other.noted(call("NoAnswer"))
    assert not row().up
    watch._written -= health.WRITE_EVERY_SECONDS
    watch.noted(call())
    assert row().up


def test_its_own_trouble_leaves_the_callers_transaction_alone(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        list(VendorHealth.objects.raw("SELECT * FROM there_is_no_such_table"))

    monkeypatch.setattr(VendorHealth.objects, "update_or_create", fail)
    with transaction.atomic():
        with pytest.raises(DatabaseError):
            watch.noted(call())
        # On PostgreSQL this would fail if the transaction were broken.
        assert not VendorHealth.objects.exists()


def test_a_call_ends_well_though_its_health_cannot_be_written(
    vendors: Vendors,
    wish_for: MakeWish,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*args: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(health, "_write_up", fail)
    with caplog.at_level(logging.ERROR):
        deliver(wish_for(Vendor.CLOUDCONTACTAI).pk)
    assert Wish.objects.get().state == "confirmed"
    assert "vendor_listener_failed" in caplog.text


def test_real_calls_are_heard(max_: Client, vendors: Vendors) -> None:
    max_.get("/contacts/")
    assert row().up
    vendors.fault("slicktext", "error", status=500)
    max_.get("/contacts/")
    assert not row().up
    assert row().since <= timezone.now()


@pytest.mark.django_db(transaction=True)
def test_many_threads_at_once(watch: Watch) -> None:
    """The first row is made by one of them; none of them fails."""
    failures: list[BaseException] = []

    def work(number: int) -> None:
        from django.db import connection

        try:
            Watch(Vendor.SLICKTEXT).noted(call("NoAnswer" if number % 2 else None))
            watch.noted(call("NoAnswer"))
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert VendorHealth.objects.count() == 1


def test_who_asks_a_vendor_that_just_failed_waits_shortly(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And as usual again after half a minute, since it may only have become slow; or after one answer."""
    now = [1000.0]
    monkeypatch.setattr(health.time, "monotonic", lambda: now[0])
    watch.noted(call("NoAnswer"))
    assert not watch.failing, "one failure happens on the best of days"
    watch.noted(call("NoAnswer"))
    assert watch.failing
    now[0] += 29
    watch.noted(call("NoAnswer"))
    assert watch.failing
    now[0] += 2
    assert not watch.failing
    watch.noted(call("NoAnswer"))
    assert watch.failing
    watch.noted(call())
    assert not watch.failing


def test_pages_wait_shortly_while_slicktext_fails(max_: Client, vendors: Vendors) -> None:
    address = f"/contacts/{MARTY}/"
    max_.get(address)
    assert vendors_module.how_to_read() is READ
    vendors.fault("slicktext", "down")
    shared_reads.changed()
    vendors.forget_calls()
    max_.get(address)
    assert len(vendors.asked()) == GLANCE.attempts
    assert vendors_module.how_to_read() is CHECK
    vendors.forget_calls()
    assert max_.get(address).status_code == 200, "from the copy"
    assert vendors.asked() == [], "it is shown at once"
    max_.get("/contacts/?live=1")
    assert len(vendors.asked()) == CHECK.attempts
