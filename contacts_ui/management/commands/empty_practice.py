"""`manage.py empty_practice`: remove everything from a practice database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts_ui.practice import emptying
from contacts_ui.services.operations.practice import may_be_emptied


class Command(BaseCommand):
    help = "Remove everything from a practice database: contacts, accounts, audit log. Asks first. Refuses any other."

    # With real keys the checks refuse this database, and this is the way out.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--noinput", action="store_true", help="Don't ask")
        parser.add_argument("--check", action="store_true", help="Only check if this is allowed")

    def handle(self, *args: Any, noinput: bool, check: bool, **options: Any) -> None:
        if not may_be_emptied():
            raise CommandError("This database holds no practice history. Nothing was removed.")
        if check:
            return
        if not noinput:
            by_hand = emptying.entries_made_by_hand()
            self.stdout.write(
                "This removes everything from this database: contacts, accounts, settings, and the audit log."
                f" {by_hand:,} of its entries were made by hand. This cannot be undone."
            )
            if input("Type “empty” to go on: ").strip().strip("“”\"'") != "empty":
                raise CommandError("Nothing was removed.")
        emptying.empty()
        self.stdout.write("The practice database is empty.")
