"""`manage.py verify_ledger`: find audit log entries that were changed, removed, or moved."""

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts_ui.phone import to_e164
from contacts_ui.services.audit_log import entries_about
from contacts_ui.services.verification import (
    BadHeads,
    ChainCheck,
    broken_among,
    changed_rows,
    guards_missing,
    read_heads,
)

MAX_SHOWN = 100


class Command(BaseCommand):
    help = (
        "Check the audit log's chain, and name every entry that was changed, removed, or moved. Then name every row of "
        "the consent record that differs from the audit log. Exit code 1 if anything is wrong."
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
            "--heads",
            metavar="FILE",
            help="A file of such lines, such as LEDGER_HEAD_FILE: all of them must still be in the chain",
        )
        parser.add_argument(
            "--number",
            help="Check only the entries about one number, in any spelling, and their neighbors",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["number"]:
            self.check_number(options["number"])
        else:
            heads: dict[str, int | None] = _read(options["heads"]) if options["heads"] else {}
            given = (each.strip().lower() for each in options["head"])
            self.check_everything({**dict.fromkeys(given), **heads})

    def check_everything(self, heads: dict[str, int | None]) -> None:
        check = ChainCheck(wanted=heads)
        self.show(check.broken())
        absent = guards_missing()
        if absent:
            self.stderr.write(
                f"The audit log's triggers are missing: {', '.join(absent)}. Run `migrate` to restore them."
            )
        if check.problems:
            raise CommandError(f"The audit log is broken. Problems found: {check.problems}.")
        for hash_, count in heads.items():
            if count is not None and count > check.found[hash_]:
                raise CommandError(
                    f"{hash_} was noted with {count} entries. Some entries before it are missing."
                )
        if changed := self.show(changed_rows()):
            raise CommandError(f"The audit log is intact. Rows that differ from it: {changed}.")
        if len(check.found) > MAX_SHOWN:
            self.stdout.write(f"All {len(check.found)} noted heads are in the chain.")
        else:
            for hash_, entries in check.found.items():
                self.stdout.write(
                    f"{hash_} is in the chain. It proves the first {entries} entries."
                )
        if absent:
            raise CommandError("The audit log is intact, but the database does not protect it.")
        pruned = f" {check.pruned} older entries were pruned." if check.pruned else ""
        self.stdout.write(f"The audit log is intact: {check.entries} entries.{pruned}")

    def show(self, problems: Iterable[str]) -> int:
        """Write the first of the problems; return how many there are."""
        count = 0
        for count, problem in enumerate(problems, start=1):
            if count <= MAX_SHOWN:
                self.stderr.write(problem)
        if count > MAX_SHOWN:
            self.stderr.write(f"And {count - MAX_SHOWN} more.")
        return count

    def check_number(self, typed: str) -> None:
        number = to_e164(typed) or typed.strip()
        entries = entries_about(number)
        problems = list(broken_among(entries))
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"Problems with the entries about {number}: {len(problems)}.")
        self.stdout.write(
            f"{len(entries)} entries about {number} are unchanged and in their places. "
            "That none was taken out, only the check without --number shows."
        )


def _read(name: str) -> dict[str, int | None]:
    """Return the heads of a file. Raises CommandError."""
    try:
        with Path(name).open(encoding="ascii", errors="replace") as lines:
            heads = read_heads(lines)
    except (OSError, BadHeads) as error:
        raise CommandError(f"{name}: {error}") from error
    if not heads:
        raise CommandError(f"{name} has no heads.")
    return heads
