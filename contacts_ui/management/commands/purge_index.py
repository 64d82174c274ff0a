"""`manage.py purge_index`: forgets the local copy of the contacts. SlickText, wishes and ledger stay as they are."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone

from contacts_ui.services import index

VACUUM = {
    "sqlite": "VACUUM",
    "postgresql": "VACUUM FULL contacts_ui_indexedcontact",
}


class Command(BaseCommand):
    help = (
        "Forget every contact of the local index: names, numbers, everything. Web and worker may go on meanwhile. "
        "Until everybody was read again, contacts are asked for at SlickText."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reset-walk",
            action="store_true",
            help="Let a worker read everybody again at once, not only INDEX_WALK_MINUTES from now",
        )

    def handle(self, *args: Any, reset_walk: bool, **options: Any) -> None:
        minutes = 0 if reset_walk else settings.INDEX_WALK_MINUTES
        again_at = timezone.now() + timedelta(minutes=minutes)
        forgotten = index.purge(walk_again_at=again_at if settings.CONTACT_INDEX else None)
        self.stdout.write(f"{forgotten} contact{'' if forgotten == 1 else 's'} forgotten.")
        if not settings.CONTACT_INDEX:
            self.stdout.write("The index is switched off, so nobody will be read into it.")
        elif reset_walk:
            self.stdout.write("A worker reads everybody again now.")
        else:
            self.stdout.write(
                f"A worker reads everybody again in {minutes:g} minutes. To keep nothing, set CONTACT_INDEX=off "
                "and restart web and worker."
            )
        if command := VACUUM.get(connection.vendor):
            self.stdout.write(
                f"What was deleted may still be found in the database's files: {command} gives the space back."
            )
