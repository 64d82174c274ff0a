"""`manage.py prune_ledger`: removes ledger entries that are older than LEDGER_RETENTION_DAYS."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts_ui.services.pruning import NoRetention, oldest_kept, prunable, prune

# Between two prunes whoever waits to write gets a turn; SQLite's lock is not fair.
GAP_SECONDS = 0.2


class Command(BaseCommand):
    help = (
        "Remove ledger entries older than LEDGER_RETENTION_DAYS, except those about numbers that are stopped and those "
        "that something still refers to. Their places in the chain are kept, so that verify_ledger still works. "
        "Needs the account that may migrate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Say how many would be removed, and remove none"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            before = oldest_kept()
        except NoRetention as error:
            raise CommandError(
                "LEDGER_RETENTION_DAYS is not set, so every entry is kept for ever."
            ) from error
        older = f"entries from before {before:%Y-%m-%d}"
        if options["dry_run"]:
            self.stdout.write(f"{prunable(before).count()} {older} would be removed.")
            return
        removed = 0
        while entry := prune(before):
            removed += entry.after["pruned"]
            self.stdout.write(
                f"Entry {entry.pk} says that {entry.after['pruned']} were removed, the last with the hash "
                f"{entry.after['last_hash']}."
            )
            time.sleep(GAP_SECONDS)
        self.stdout.write(f"{removed} {older} were removed.")
