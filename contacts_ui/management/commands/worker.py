"""`manage.py worker`: delivers wishes until both vendors have confirmed them."""

import logging
import threading
import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from contacts_ui.services import wishes
from contacts_ui.tasks import deliver_due_wishes

KEPT = timedelta(hours=1)

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Deliver what is on its way to the vendors, until it is confirmed. Stops cleanly on SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every", type=float, default=1.0, help="Seconds between two looks (default: 1)"
        )

    def handle(self, *args: Any, every: float, **options: Any) -> None:
        done = threading.Event()
        pulse = threading.Thread(target=self._pulse, args=(every, done), daemon=True, name="pulse")
        pulse.start()
        try:
            self._run_engine(every)
        finally:
            done.set()
            pulse.join(timeout=5)

    def _run_engine(self, every: float) -> None:
        """Run the engine until it is told to stop; a database that restarts must not end the worker."""
        while True:
            try:
                call_command("db_worker", interval=every, verbosity=0, reload=False)
                return
            except DatabaseError:
                logger.exception("the database is away; trying again")
                connections.close_all()
                time.sleep(every)

    def _pulse(self, every: float, done: threading.Event) -> None:
        """Ask the table what is due, and the engine to look when something is."""
        while not done.wait(every):
            try:
                if wishes.due_now(limit=1) and not DBTaskResult.objects.ready().exists():
                    deliver_due_wishes.enqueue()
                DBTaskResult.objects.finished().filter(
                    finished_at__lt=timezone.now() - KEPT
                ).delete()
            except Exception:
                # The database may be restarting: look again, for ever.
                logger.exception("could not look for what is due")
                connections.close_all()
