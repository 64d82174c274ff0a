"""`manage.py rebuild_verdicts`: works out again what is kept of every number's consent record."""

from typing import Any

from django.core.management.base import BaseCommand

from contacts_ui.services.consent import record


class Command(BaseCommand):
    help = (
        "Work out the kept verdict of every number again from its statements: after a vendor was connected or "
        "disconnected, or if in doubt. Calls no vendor, and can be run at any time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{record.rebuild():,} verdicts rebuilt.")
