"""`manage.py forget NUMBER`: remove a person's name and details; their number and its statements stay."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts_ui.phone import pretty, to_e164
from contacts_ui.services.retention.forgetting import Forgotten, forget, look, undo


class Command(BaseCommand):
    help = (
        "Show what is kept about a person, and with --yes remove it everywhere. Statements, stops and the ledger stay, "
        "and the person stays out of the index while SlickText still has them. SlickText must be asked too."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="Their phone number, in any spelling")
        parser.add_argument("--yes", action="store_true", help="Remove it")
        parser.add_argument("--undo", action="store_true", help="Read them from SlickText again")

    def handle(self, *args: Any, **options: Any) -> None:
        number = to_e164(options["number"])
        if number is None:
            raise CommandError("This is not a US phone number.")
        if options["undo"]:
            if not undo(staff=None, number=number):
                raise CommandError(f"{pretty(number)} was not forgotten.")
            self.stdout.write("Undone. They appear again after the next read of SlickText.")
            return
        if not options["yes"]:
            self.tell(look(number))
            self.stdout.write("Nothing was removed. Add --yes to remove it.")
            return
        done = forget(staff=None, number=number)
        self.tell(done)
        self.stdout.write(
            f"Removed. Now ask {' and '.join(done.ask_vendors) or 'your vendors'} to delete them, too."
        )

    def tell(self, found: Forgotten) -> None:
        for words, count in found.removed.items():
            self.stdout.write(f"{words}: {count}")
        self.stdout.write(
            f"Stays: the number, {found.statements} statements, {found.entries} ledger entries. The ledger keeps the "
            "name it was written with until its retention ends."
        )
