"""`manage.py consent_preview`: whose verdict changes when the consent record is filled (migration 0018), and why."""

from argparse import ArgumentParser
from collections import defaultdict
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from contacts_ui.phone import mask
from contacts_ui.services.consent import desired_state
from contacts_ui.services.consent.migration import Conversion, Converted
from contacts_ui.services.consent.verdicts import Verdict
from contacts_ui.services.webhooks.stored import stops_in

SCHEMA: Final = ("contacts_ui", "0017_consent_record")
DATA: Final = ("contacts_ui", "0018_consent_statements")


class Command(BaseCommand):
    help = (
        "List, by reason, every number whose verdict changes when migration 0018 fills the consent record. Run it "
        "after `migrate contacts_ui 0017` and before `migrate`; it writes nothing. After `migrate` it says how many "
        "people are stopped here while a vendor was not told."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--numbers", action="store_true", help="Print numbers in full")

    def handle(self, *args: Any, **options: Any) -> None:
        applied = MigrationRecorder(connection).applied_migrations()
        if SCHEMA not in applied:
            raise CommandError(
                "Run `manage.py migrate contacts_ui 0017` first: it adds the tables."
            )
        if DATA in applied:
            many = desired_state.untold().count()
            self.stdout.write("The consent record is filled.")
            self.stdout.write(
                f"{_people(many)} stopped here while a connected vendor was not told."
            )
            return
        self._preview(in_full=options["numbers"])

    def _preview(self, *, in_full: bool) -> None:
        # The tables of that moment: later migrations add columns.
        then = MigrationExecutor(connection).loader.project_state(DATA).apps
        conversion = Conversion(then, stops_in)
        by_reason: dict[str, list[Converted]] = defaultdict(list)
        seen = untold = 0
        for each in conversion.preview():
            seen, untold = seen + 1, untold + each.state.untold
            if each.changes:
                by_reason[each.why].append(each)
        changes = sum(map(len, by_reason.values()))
        self.stdout.write(f"{changes:,} of {seen:,} verdicts change. Nothing is written yet.")
        for why, found in sorted(by_reason.items()):
            self.stdout.write(f"\n{why} ({len(found):,})")
            for each in found:
                number = each.number if in_full else mask(each.number)
                before, after = Verdict(each.before).label, Verdict(each.state.verdict).label
                self.stdout.write(f"  {number}  {before} -> {after}")
        self.stdout.write(
            f"\n{_people(untold)} stopped here while a connected vendor was not told."
        )
        if conversion.undecided:
            self.stdout.write(
                f"{len(conversion.undecided):,} stored events speak of a stop and name no number. "
                "They will stand under Needs attention."
            )
        textable = sum(each.toward_may_text for found in by_reason.values() for each in found)
        if textable:
            raise CommandError(f"{textable:,} would become May text. Do not migrate; report this.")
        self.stdout.write("None becomes May text.")


def _people(many: int) -> str:
    return "1 person is" if many == 1 else f"{many:,} people are"
