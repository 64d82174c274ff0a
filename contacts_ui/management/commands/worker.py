"""`manage.py worker`: delivers wishes until both vendors have confirmed them. Run as many as you like, anywhere."""

import logging
import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker as Engine

from contacts_ui import rounds, tasks
from contacts_ui.services import beats
from contacts_ui.services.crew import Crew

# Longer than most calls last, and shorter than a supervisor waits before it kills. A lease covers a call that lasts on.
GRACE_SECONDS = 8.0

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Deliver what is on its way to the vendors, until it is confirmed. Stops cleanly on SIGTERM."

    # It serves no pages: a worker starts although a page is broken.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every", type=float, default=0.5, help="Seconds between two looks (default: 0.5)"
        )

    def handle(self, *args: Any, every: float, **options: Any) -> None:
        self._stopping, self._every = threading.Event(), every
        self._engine: Engine | None = None
        for told in (signal.SIGTERM, signal.SIGINT):
            signal.signal(told, self._stop)
        for name in ("django_tasks", "django_tasks_db"):
            # A line for each look says nothing.
            logging.getLogger(name).setLevel(logging.WARNING)
        tasks.crew = Crew(settings.WORKER_CALLS_AT_ONCE)
        threads = rounds.start(self._stopping, look_every=every)
        try:
            tasks.crew.start()
            self._run_engine()
        finally:
            self._stopping.set()
            self._end(tasks.crew, threads)

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        """Take nothing new; what is in hand ends first. A second signal changes nothing.

        Nothing is raised here: it would leave the engine's transaction open, and its lock in everybody's way.
        """
        self._stopping.set()
        if self._engine is not None:
            self._engine.running = False

    def _run_engine(self) -> None:
        """Run the engine until it is told to stop; a database that restarts must not end the worker."""
        while not self._stopping.is_set():
            self._engine = engine = _new_engine(self._every)
            if self._stopping.is_set():
                return
            try:
                engine.run()
            except Exception:
                logger.exception("the database is away; trying again")
                connections.close_all()
                self._stopping.wait(self._every)

    def _end(self, crew: Crew, threads: list[threading.Thread]) -> None:
        if not crew.stop(within=GRACE_SECONDS):
            logger.warning("a call was still in hand; another worker will send it again")
        for thread in threads:
            thread.join(timeout=1)
        beats.gone()


def _new_engine(every: float) -> Engine:
    return Engine(
        queue_names=["*"],
        excluded_queue_names=[],
        interval=min(every, 0.25),
        batch=False,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=get_random_string(32),
    )
