"""The worker: its task, and the real process."""

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
from django_tasks_db.models import DBTaskResult

from contacts_ui.models import Vendor, Wish, WorkerBeat
from contacts_ui.models.wish import WishState
from contacts_ui.services import beats
from contacts_ui.tasks import deliver_due_wishes
from tests.people import MakeWish, Vendors, until

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


def test_the_task_delivers_everything_that_is_due(wish_for: MakeWish, vendors: Vendors) -> None:
    wish_for(Vendor.SLICKTEXT)
    wish_for(Vendor.CLOUDCONTACTAI)
    assert deliver_due_wishes.func() == 2
    assert {wish.state for wish in Wish.objects.all()} == {WishState.CONFIRMED}
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert deliver_due_wishes.func() == 0


def test_one_vendor_that_is_down_does_not_keep_the_other(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    vendors.fault("slicktext", "down")
    wish_for(Vendor.SLICKTEXT)
    wish_for(Vendor.CLOUDCONTACTAI)
    deliver_due_wishes.func()
    assert Wish.objects.get(vendor="slicktext").state == WishState.ON_ITS_WAY
    assert Wish.objects.get(vendor="cloudcontactai").state == WishState.CONFIRMED


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
            output, _ = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
    assert process.returncode == 0, output
    assert "Traceback" not in output, output


def is_confirmed() -> bool:
    return Wish.objects.get(vendor="cloudcontactai").state == WishState.CONFIRMED


def test_the_process_delivers_and_stops_cleanly(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "drop_before", times=1)
    wish_for(Vendor.CLOUDCONTACTAI)
    with worker(vendors):
        until(is_confirmed, seconds=30)
        beat = until(lambda: WorkerBeat.objects.first())
        assert timezone.now() - beat.beat_at < timedelta(seconds=10)
    assert vendors.stopped() is True
    assert not WorkerBeat.objects.exists()


def test_it_finishes_the_call_in_hand(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "latency", seconds=1.5)
    wish_for(Vendor.CLOUDCONTACTAI)
    with worker(vendors):
        until(lambda: Wish.objects.exclude(lease="").exists(), seconds=30)
    assert is_confirmed()


def test_tasks_left_behind_block_nothing(wish_for: MakeWish, vendors: Vendors) -> None:
    """A worker was killed in a task, and another before it took one."""
    for _ in range(2):
        deliver_due_wishes.enqueue()
    left = DBTaskResult.objects.all()
    left.update(enqueued_at=timezone.now() - timedelta(minutes=5))
    DBTaskResult.objects.filter(pk=left[0].pk).update(status="RUNNING", worker_ids=["gone"])
    with worker(vendors):
        until(lambda: WorkerBeat.objects.exists(), seconds=30)
        wish_for(Vendor.CLOUDCONTACTAI)
        until(is_confirmed, seconds=10)


def test_a_worker_that_died_is_not_shown_for_long(db: None) -> None:
    now = timezone.now()
    WorkerBeat.objects.create(worker="gone:1", started_at=now, beat_at=now - timedelta(minutes=2))
    WorkerBeat.objects.create(worker="there:1", started_at=now, beat_at=now)
    beats.beat()
    assert WorkerBeat.objects.count() == 2
    assert not WorkerBeat.objects.filter(worker="gone:1").exists()
