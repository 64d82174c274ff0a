"""How soon a text after a stop is an alarm and a banner: from sending the event, with a worker process of its own.

Pages count what was counted up to five seconds ago, so events come at any moment of these.

.venv/bin/python bin/bench_alarm.py [--events 50]
"""

import argparse
import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "DJANGO_DEBUG": "on",
            "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
            # No vendor has to answer for this.
            "SANDBOX_URL": "http://127.0.0.1:9",
        }
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        from django.core.management import call_command
        from django.test.utils import setup_test_environment

        logging.disable(logging.ERROR)
        setup_test_environment()
        call_command("migrate", verbosity=0)
        prepare(options.events)
        command = [sys.executable, "manage.py", "worker"]
        with (Path(folder) / "worker.log").open("wb") as log:
            worker = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
            try:
                measure(options.events)
            finally:
                worker.terminate()
                worker.wait(timeout=30)


def number(index: int) -> str:
    return f"+1615555{1001 + index}"


def prepare(events: int) -> None:
    """Record stops that CloudContactAI has held for an hour."""
    from datetime import timedelta

    from django.db import transaction
    from django.utils import timezone

    from contacts_ui.models import Vendor, Wish
    from contacts_ui.models.consent import Source, StatementKind
    from contacts_ui.models.ledger import Action
    from contacts_ui.services import ledger
    from contacts_ui.services.consent import record
    from contacts_ui.services.consent.rules import exactly

    held = timezone.now() - timedelta(hours=1)
    with transaction.atomic():
        for index in range(-1, events):
            entry = ledger.record(action=Action.STOP_REQUESTED, staff=None, number=number(index))
            said = exactly(held - timedelta(hours=1))
            record.add(entry, kind=StatementKind.STOP, source=Source.PERSON, said=said)
            for vendor in Vendor:
                Wish.objects.create(
                    number=number(index),
                    vendor=vendor,
                    do_not_text=True,
                    ledger_entry=entry,
                    wished_at=held,
                    held_since=held,
                    confirmed_do_not_text=True,
                    confirmed_at=held,
                    state="confirmed",
                )


def measure(events: int) -> None:
    """Send one event at a time, and wait until it is an alarm, and until the banner counts it."""
    from contacts_ui.models import SentText
    from contacts_ui.services.pulse import KEPT_SECONDS, pulse
    from tests.hooks import tell_ccai

    alarms, banners = [], []
    # The first waits for the worker's start.
    for index in range(-1, events):
        data = {
            "SmsSid": index + 10,
            "To": number(index),
            "Message": "Sale!",
            "CampaignTitle": "Sale",
        }
        time.sleep(random.uniform(0, KEPT_SECONDS))  # noqa: S311 - no secret
        began = time.perf_counter()
        event = {"eventType": "message.sent", "eventHash": f"bench{index}", "data": data}
        if tell_ccai(event).status_code != 200:
            raise SystemExit("the event was not taken")
        raised = SentText.objects.filter(number=number(index), alarm_at__isnull=False)
        wait_until(raised.exists, index)
        alarm = time.perf_counter() - began
        wait_until(lambda count=index + 2: pulse().texted >= count, index)
        if index >= 0:
            alarms.append(alarm)
            banners.append(time.perf_counter() - began)
    print(f"{'from the event to':<20}{'median':>10}{'worst':>10}  seconds, {events} events")
    for name, times in (("the alarm", alarms), ("the banner", banners)):
        print(f"{name:<20}{statistics.median(times):>10.2f}{max(times):>10.2f}")


def wait_until(condition, index: int) -> None:  # type: ignore[no-untyped-def]
    deadline = time.perf_counter() + TIMEOUT_SECONDS
    while not condition():
        if time.perf_counter() > deadline:
            raise SystemExit(f"event {index} took longer than {TIMEOUT_SECONDS} seconds")
        time.sleep(0.01)


if __name__ == "__main__":
    main()
