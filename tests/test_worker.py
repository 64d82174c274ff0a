"""The worker: its threads, and the real process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from contacts_ui.models import DesiredState, Vendor, WorkerHeartbeat
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services.operations import heartbeats
from contacts_ui.worker.delivery_pool import DeliveryPool, deliver_all
from tests.people import SetDesiredState, Vendors, until

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parent.parent
# The real program on the test's database and sandbox: everything else as in production.
WORKER = """
import os, sys
import tests.settings as settings
settings.DATABASES["default"]["NAME"] = os.environ["TEST_NAME"]
settings.VENDORS = settings.read_vendors(settings.env)
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "worker", "--every", "0.2"])
"""


@pytest.fixture
def pool(vendors: Vendors) -> Iterator[DeliveryPool]:
    pool = DeliveryPool(2)
    pool.start()
    yield pool
    assert pool.stop(within_seconds=60)


def test_everything_that_is_due_is_delivered(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    for vendor in Vendor:
        set_desired_state(vendor)
    assert [deliver_all(vendor) for vendor in Vendor] == [1, 1]
    assert {desired.state for desired in DesiredState.objects.all()} == {DeliveryState.CONFIRMED}
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert [deliver_all(vendor) for vendor in Vendor] == [0, 0]


def test_one_vendor_that_hangs_does_not_keep_the_other(
    set_desired_state: SetDesiredState, vendors: Vendors, pool: DeliveryPool
) -> None:
    vendors.fault("slicktext", "hang")
    for vendor in Vendor:
        set_desired_state(vendor)
    until(lambda: pool.wake() or is_confirmed())
    assert DesiredState.objects.get(vendor="slicktext").state == DeliveryState.ON_ITS_WAY


@contextmanager
def worker(vendors: Vendors) -> Iterator[subprocess.Popen[str]]:
    """The real process; at the end it is told to stop, and must do so within seconds, without a complaint."""
    assert settings.VENDORS.sandbox
    # tests.settings clears what is the dashboard's own, so the address goes in under another name.
    code = WORKER.replace(
        "settings.VENDORS = ",
        f"os.environ['SANDBOX_URL'] = {vendors.server.url!r}\nsettings.VENDORS = ",
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "TEST_NAME": str(connection.settings_dict["NAME"])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            output, _ = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
    assert process.returncode == 0, output
    assert "Traceback" not in output, output


def is_confirmed() -> bool:
    return DesiredState.objects.get(vendor="cloudcontactai").state == DeliveryState.CONFIRMED


def test_the_process_delivers_and_stops_cleanly(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.fault("cloudcontactai", "drop_before", times=1)
    set_desired_state(Vendor.CLOUDCONTACTAI)
    with worker(vendors):
        until(is_confirmed)
        beat = until(lambda: WorkerHeartbeat.objects.first())
        assert timezone.now() - beat.beat_at < timedelta(minutes=1)
    assert vendors.stopped() is True
    assert not WorkerHeartbeat.objects.exists()


def test_it_finishes_the_running_call(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "latency", seconds=1.5)
    set_desired_state(Vendor.CLOUDCONTACTAI)
    with worker(vendors):
        until(lambda: DesiredState.objects.exclude(lease="").exists())
    assert is_confirmed()


def test_a_change_made_while_it_runs_is_delivered_soon(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    with worker(vendors):
        until(lambda: WorkerHeartbeat.objects.exists())
        set_desired_state(Vendor.CLOUDCONTACTAI)
        until(is_confirmed)


def test_a_worker_that_died_is_not_shown_for_long() -> None:
    now = timezone.now()
    WorkerHeartbeat.objects.create(
        worker="gone:1", started_at=now, beat_at=now - timedelta(minutes=2)
    )
    WorkerHeartbeat.objects.create(worker="there:1", started_at=now, beat_at=now)
    heartbeats.record()
    assert WorkerHeartbeat.objects.count() == 2
    assert not WorkerHeartbeat.objects.filter(worker="gone:1").exists()
