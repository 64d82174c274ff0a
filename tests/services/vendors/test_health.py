"""Return True if a vendor answers, and since when, learned from ordinary calls; and nothing that depends on it."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from contacts_ui.integrations.call_policy import CHECK, READ, READ_BRIEFLY, CallRecord
from contacts_ui.models import DesiredState, Vendor, VendorHealth
from contacts_ui.services import vendors as vendors_module
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.vendors import health, shared_reads
from contacts_ui.services.vendors.health import HealthMonitor
from tests.people import MARTY, SetDesiredState, Vendors, at_once

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 11, 22, 12, tzinfo=UTC)


def call(error: str | None = None) -> CallRecord:
    return CallRecord("slicktext", "GET", "contacts.list", None if error else 200, 0.1, error)


def row() -> VendorHealth:
    return VendorHealth.objects.get(vendor="slicktext")


@pytest.fixture
def monitor() -> HealthMonitor:
    return HealthMonitor(Vendor.SLICKTEXT)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which writes were asked for."""
    asked: list[str] = []
    for name in ("_write_up", "_write_error"):
        real: Callable[..., None] = getattr(health, name)

        def record(*args: object, real: Callable[..., None] = real, name: str = name) -> None:
            asked.append(name)
            real(*args)

        monkeypatch.setattr(health, name, record)
    return asked


def test_an_answer_is_up(monitor: HealthMonitor) -> None:
    monitor.record(call())
    assert row().up
    assert row().last_error == ""


def test_one_failure_is_an_error_and_no_outage(monitor: HealthMonitor) -> None:
    monitor.record(call())
    monitor.record(call("NoAnswer"))
    assert row().up
    assert row().last_error == "SlickText did not answer in time."


def test_two_in_a_row_are_down_since_the_first(monitor: HealthMonitor) -> None:
    with time_machine.travel(T0, tick=False) as clock:
        monitor.record(call())
        clock.shift(60)
        monitor.record(call("Unreachable"))
        clock.shift(20)
        monitor.record(call("ServerError"))
    assert not row().up
    assert row().since == T0 + timedelta(seconds=60)
    assert row().last_error == "SlickText has a problem on its side right now."
    assert row().last_error_at == T0 + timedelta(seconds=80)


def test_longer_down_keeps_its_beginning(monitor: HealthMonitor) -> None:
    with time_machine.travel(T0, tick=False) as clock:
        for _ in range(5):
            monitor.record(call("NoAnswer"))
            clock.shift(60)
    assert row().since == T0


def test_the_first_answer_is_up_again_at_once(monitor: HealthMonitor) -> None:
    for error in ("NoAnswer", "NoAnswer", "NoAnswer", None):
        monitor.record(call(error))
    assert row().up
    assert row().since > row().last_error_at  # type: ignore[operator]
    assert row().last_error == "SlickText did not answer in time."


def test_an_answer_between_two_failures_is_no_outage(monitor: HealthMonitor) -> None:
    for error in ("NoAnswer", None, "NoAnswer", None, "NoAnswer"):
        monitor.record(call(error))
    assert row().up


@pytest.mark.parametrize("error", ["Invalid", "NotFound", "NumberExists", "RateLimited", "Refused"])
def test_a_refusal_is_an_answer(monitor: HealthMonitor, error: str) -> None:
    for _ in range(3):
        monitor.record(call(error))
    assert row().up
    assert row().last_error == ""


def test_a_refused_key_is_an_error(monitor: HealthMonitor) -> None:
    for _ in range(2):
        monitor.record(call("BadCredentials"))
    assert not row().up
    assert "does not accept our key" in row().last_error


def test_many_answers_are_few_writes(monitor: HealthMonitor, statements: list[str]) -> None:
    for _ in range(500):
        monitor.record(call())
    assert statements == ["_write_up"]


def test_many_failures_are_few_writes(monitor: HealthMonitor, statements: list[str]) -> None:
    for _ in range(500):
        monitor.record(call("NoAnswer"))
    assert statements == ["_write_error"] * 2


def test_another_process_is_heard(monitor: HealthMonitor) -> None:
    """If one process recorded a vendor as down, another's next answer corrects it within seconds."""
    other = HealthMonitor(Vendor.SLICKTEXT)
    monitor.record(call())
    for _ in range(2):
        other.record(call("NoAnswer"))
    assert not row().up
    monitor._written -= health.WRITE_EVERY_SECONDS
    monitor.record(call())
    assert row().up


def test_its_own_error_leaves_the_callers_transaction_alone(
    monitor: HealthMonitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        list(VendorHealth.objects.raw("SELECT * FROM there_is_no_such_table"))

    monkeypatch.setattr(VendorHealth.objects, "update_or_create", fail)
    with transaction.atomic():
        with pytest.raises(DatabaseError):
            monitor.record(call())
        # On PostgreSQL this would fail if the transaction were broken.
        assert not VendorHealth.objects.exists()


def test_a_call_ends_well_though_its_health_cannot_be_written(
    vendors: Vendors,
    set_desired_state: SetDesiredState,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*args: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(health, "_write_up", fail)
    with caplog.at_level(logging.ERROR):
        deliver(set_desired_state(Vendor.CLOUDCONTACTAI).pk)
    assert DesiredState.objects.get().state == "confirmed"
    assert "vendor_listener_failed" in caplog.text


def test_real_calls_are_heard(max_: Client, vendors: Vendors) -> None:
    max_.get("/contacts/")
    assert row().up
    vendors.fault("slicktext", "error", status=500)
    max_.get("/contacts/")
    assert not row().up
    assert row().since <= timezone.now()


@pytest.mark.django_db(transaction=True)
def test_many_threads_at_once(monitor: HealthMonitor) -> None:
    """The first row is made by one of them; none of them fails."""
    failures: list[BaseException] = []

    def work(number: int) -> None:
        from django.db import connection

        try:
            HealthMonitor(Vendor.SLICKTEXT).record(call("NoAnswer" if number % 2 else None))
            monitor.record(call("NoAnswer"))
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    at_once(*(partial(work, number) for number in range(8)))
    assert failures == []
    assert VendorHealth.objects.count() == 1


def test_who_asks_a_vendor_that_just_failed_waits_shortly(
    monitor: HealthMonitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And as usual again after half a minute, since it may only have become slow; or after one answer."""
    now = [1000.0]
    monkeypatch.setattr(health.time, "monotonic", lambda: now[0])
    monitor.record(call("NoAnswer"))
    assert not monitor.failing, "one failure happens on the best of days"
    monitor.record(call("NoAnswer"))
    assert monitor.failing
    now[0] += 29
    monitor.record(call("NoAnswer"))
    assert monitor.failing
    now[0] += 2
    assert not monitor.failing
    monitor.record(call("NoAnswer"))
    assert monitor.failing
    monitor.record(call())
    assert not monitor.failing


def test_pages_wait_shortly_while_slicktext_fails(max_: Client, vendors: Vendors) -> None:
    address = f"/contacts/{MARTY}/"
    max_.get(address)
    assert vendors_module.how_to_read() is READ
    vendors.fault("slicktext", "down")
    shared_reads.changed()
    vendors.forget_calls()
    max_.get(address)
    assert len(vendors.asked()) == READ_BRIEFLY.attempts
    assert vendors_module.how_to_read() is CHECK
    vendors.forget_calls()
    assert max_.get(address).status_code == 200, "from the copy"
    assert vendors.asked() == [], "it is shown at once"
    max_.get("/contacts/?live=1")
    assert len(vendors.asked()) == CHECK.attempts
