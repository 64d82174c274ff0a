"""`manage.py prune_ledger`: remove audit log entries older than LEDGER_RETENTION_DAYS."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts_ui.services.retention.pruning import NoRetention, oldest_kept, prunable, prune

# Between two prunes, waiting writers get a turn; SQLite's lock is not fair.
PAUSE_SECONDS = 0.2


class Command(BaseCommand):
    help = (
        "Remove audit log entries older than LEDGER_RETENTION_DAYS. Entries about stopped numbers and entries that "
        "are still referred to stay. Hashes of the removed ones are kept, so verify_ledger still works. "
        "Needs the database role that runs migrations."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Show how many would be removed, and remove nothing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            before = oldest_kept()
        except NoRetention as error:
            raise CommandError(
                "LEDGER_RETENTION_DAYS is not set, so every entry is kept forever."
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
            time.sleep(PAUSE_SECONDS)
        self.stdout.write(f"{removed} {older} were removed.")
