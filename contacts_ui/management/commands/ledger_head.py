"""`manage.py ledger_head`: the end of the ledger's chain, to be written down elsewhere."""

from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand

from contacts_ui.services.proof import head_now


class Command(BaseCommand):
    help = (
        "Print the hash of the newest ledger entry, how many entries there are, and the time of the newest. "
        "Keep the line where nobody who can change the database can change it; `verify_ledger --head HASH` compares."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        head = head_now()
        at = head.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if head.at else "never"
        self.stdout.write(f"{head.hash} {head.entries} entries, the newest of {at}")
