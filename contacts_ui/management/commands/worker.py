"""`manage.py worker`: delivers to the vendors and runs the schedule. Run as many as you like, anywhere."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand

from contacts_ui import checks
from contacts_ui.services.operations import heartbeats
from contacts_ui.worker import schedule
from contacts_ui.worker.delivery_pool import DeliveryPool
from dashboard.memory import share_arenas

# Longer than most calls last, and shorter than a supervisor waits before it kills.
GRACE_SECONDS: Final = 8.0
STOP_CHECK_SECONDS: Final = 0.1

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Deliver changes to the vendors until they confirm them. Stops cleanly on SIGTERM."

    # It serves no pages, so it starts even if a page is broken.
    requires_system_checks = (checks.PRACTICE,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every",
            type=float,
            default=0.5,
            help="Seconds between checks for work that is due (default: 0.5)",
        )

    def handle(self, *args: Any, every: float, **options: Any) -> None:
        share_arenas()
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        pool = DeliveryPool(settings.WORKER_CALLS_AT_ONCE)
        threads = schedule.start(pool, stopping, look_every_seconds=every)
        pool.start()
        # Not stopping.wait(): a signal handler that sets an event can hang inside the wait for it.
        while not stopping.is_set():
            time.sleep(STOP_CHECK_SECONDS)
        deadline = time.monotonic() + GRACE_SECONDS
        if not pool.stop(within_seconds=GRACE_SECONDS):
            logger.warning("a call was still running; another worker will send it again")
        for thread in threads:
            thread.join(timeout=max(deadline - time.monotonic(), 0.1))
        heartbeats.remove()
