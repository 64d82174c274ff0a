"""`manage.py ledger_head`: print the end of the audit log's chain, to keep elsewhere."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts_ui.services.verification import head_in_words, head_now, note_head


class Command(BaseCommand):
    help = (
        "Print the hash of the newest audit log entry, the number of entries, and the time of the newest. "
        "Keep the line out of reach of anyone who can change the database; `verify_ledger --head HASH` compares."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--to",
            metavar="FILE",
            help="Append the line to this file too, as the worker does each hour with LEDGER_HEAD_FILE",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            head = note_head(options["to"]) if options["to"] else head_now()
        except OSError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(head_in_words(head))
