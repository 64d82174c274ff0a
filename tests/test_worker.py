"""The worker: its task, and the real process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from contacts_ui.models import Vendor, Wish
from contacts_ui.models.wish import WishState
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


def test_the_process_delivers_and_stops_cleanly(wish_for: MakeWish, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "drop_before", times=1)
    wish_for(Vendor.CLOUDCONTACTAI)
    environment = {
        **os.environ,
        "TEST_NAME": str(connection.settings_dict["NAME"]),
    }
    # tests.settings clears what is the dashboard's own, so the address goes in under another name.
    code = WORKER.replace(
        "settings.VENDORS = ",
        f"os.environ['SANDBOX_URL'] = {vendors.server.url!r}\nsettings.VENDORS = ",
    )
    assert settings.VENDORS.sandbox
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until(lambda: vendors.stopped() is True or process.poll() is not None, seconds=30)
        until(
            lambda: (
                Wish.objects.get(vendor="cloudcontactai").state == WishState.CONFIRMED
                or process.poll() is not None
            )
        )
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            output, _ = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
    assert process.returncode == 0, output
    assert Wish.objects.get(vendor="cloudcontactai").state == WishState.CONFIRMED, output
    assert "Traceback" not in output
