"""`manage.py practice_history`: half a year of invented history, for the sandbox only."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from contacts_ui.practice import history
from contacts_ui.practice.sandbox import NoSandbox


class Command(BaseCommand):
    help = "Invent half a year of history in an empty practice database. Does nothing where the audit log has entries."

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            entries = history.write(now=timezone.now())
        except NoSandbox:
            raise CommandError("Real vendors are connected: no history is invented.") from None
        except OSError as error:
            raise CommandError(f"The sandbox does not answer ({error}). Start it first.") from None
        except history.NotEmpty:
            return
        except history.TooFewPeople:
            words = f"No history: the sandbox needs {history.PEOPLE_MIN} subscribed people or more."
            self.stdout.write(f"  {words}")
            return
        seconds = time.monotonic() - began
        self.stdout.write(f"  Half a year of history: {entries:,} entries in {seconds:.0f} s.")
