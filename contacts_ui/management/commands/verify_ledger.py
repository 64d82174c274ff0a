"""`manage.py verify_ledger`: finds any entry that was changed, removed or moved."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts_ui.models import LedgerEntry
from contacts_ui.services.ledger import broken_links


class Command(BaseCommand):
    help = "Walk the ledger's chain and name every entry that was changed, removed or moved."

    def handle(self, *args: Any, **options: Any) -> None:
        problems = list(broken_links())
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"The ledger is broken in {len(problems)} places.")
        self.stdout.write(f"The ledger is whole: {LedgerEntry.objects.count()} entries.")
