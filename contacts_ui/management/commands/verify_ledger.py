"""`manage.py verify_ledger`: finds any entry that was changed, removed or moved."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts_ui.phone import to_e164
from contacts_ui.services.consent.readings import changed_statements
from contacts_ui.services.ledger import entries_about
from contacts_ui.services.proof import Walk, broken_among, guards_missing

SHOWN = 100


class Command(BaseCommand):
    help = (
        "Walk the ledger's chain and name every entry that was changed, removed or moved. "
        "Exit code 1 if anything is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="HASH",
            help="A hash that `ledger_head` printed or an evidence sheet shows: it must still be in the chain",
        )
        parser.add_argument(
            "--number",
            help="Check only the entries about one number, in any spelling, and their neighbours",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["number"]:
            self._one_number(options["number"])
        else:
            self._everything([text.strip().lower() for text in options["head"]])

    def _everything(self, heads: list[str]) -> None:
        walk = Walk(wanted=heads)
        for problem in walk.broken():
            if walk.problems <= SHOWN:
                self.stderr.write(problem)
        if walk.problems > SHOWN:
            self.stderr.write(f"And {walk.problems - SHOWN} more.")
        absent = guards_missing()
        if absent:
            self.stderr.write(
                f"The database's own guards are missing: {', '.join(absent)}. `migrate` makes them again."
            )
        if walk.problems:
            raise CommandError(f"The ledger is broken in {walk.problems} places.")
        changed = list(changed_statements())
        for problem in changed:
            self.stderr.write(problem)
        if changed:
            raise CommandError("The ledger is whole, but stops that were read were changed since.")
        for hash_, count in walk.found.items():
            self.stdout.write(f"{hash_} is in the chain: it vouches for the first {count} entries.")
        if absent:
            raise CommandError("The ledger is whole, but the database does not guard it.")
        pruned = f" {walk.pruned} older ones were pruned." if walk.pruned else ""
        self.stdout.write(f"The ledger is whole: {walk.entries} entries.{pruned}")

    def _one_number(self, typed: str) -> None:
        number = to_e164(typed) or typed.strip()
        entries = entries_about(number)
        problems = list(broken_among(entries))
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(
                f"{len(problems)} things are wrong around the entries about {number}."
            )
        self.stdout.write(
            f"{len(entries)} entries about {number} are unchanged and in their places. "
            "That none was taken out, only the check without --number shows."
        )
