"""The worker: its threads, and the real process."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.models import (
    ConsentSetup,
    DesiredState,
    HeldPress,
    Job,
    Vendor,
    WebhookEvent,
    WorkerHeartbeat,
)
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.job import JobKind, JobState
from contacts_ui.services.consent import held_presses
from contacts_ui.services.operations import heartbeats
from contacts_ui.worker import schedule
from contacts_ui.worker.delivery_pool import DeliveryPool, deliver_all
from contacts_ui.worker.due import Question
from tests.people import DOC_NUMBER, SetDesiredState, Vendors, until

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


def test_an_idle_worker_asks_little(vendors: Vendors) -> None:
    urgent = list(schedule.urgent_tasks(DeliveryPool(1)).values())
    groups = schedule.timed_tasks(urgent, threading.Event(), look_every_seconds=0.5)
    statements_a_second = 0.0
    for task in (task for tasks in groups.values() for task in tasks):
        # The first time may find something to do.
        task.run()
        with CaptureQueriesContext(connection) as made:
            task.run()
        statements_a_second += len(made) / task.every_seconds
    assert statements_a_second <= 5
    assert not any(task.is_due.is_set() for task in urgent)


def test_one_question_finds_what_is_due(set_desired_state: SetDesiredState) -> None:
    ConsentSetup.load()
    tasks = schedule.urgent_tasks(DeliveryPool(1))
    question = Question([task.due for task in tasks.values()])
    assert not any(question.ask())
    # Due since after the first question.
    set_desired_state(Vendor.CLOUDCONTACTAI)
    now = timezone.now()
    Job.objects.create(kind=JobKind.STOP, state=JobState.RUNNING, created_at=now)
    found = dict(zip(tasks, question.ask(), strict=True))
    assert [name for name, is_due in found.items() if is_due] == ["delivery", "jobs"]
    in_an_hour = now + timedelta(hours=1)
    press = HeldPress.objects.create(number=DOC_NUMBER, pressed_at=now, send_at=in_an_hour)
    WebhookEvent.objects.create(vendor=Vendor.SLICKTEXT, body={}, received_at=now, due_at=now)
    found = dict(zip(tasks, question.ask(), strict=True))
    assert [name for name, is_due in found.items() if is_due] == ["delivery", "webhooks", "jobs"]
    HeldPress.objects.filter(pk=press.pk).update(send_at=now)
    assert all(question.ask())


def test_an_emptied_database_counts_as_due() -> None:
    question = Question([held_presses.due])
    ConsentSetup.objects.all().delete()
    assert list(question.ask()) == [True]
    assert list(question.ask()) == [False]


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
