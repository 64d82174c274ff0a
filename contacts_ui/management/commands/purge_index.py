"""`manage.py purge_index`: empty the local copy of the contacts. Nothing changes at SlickText or in the audit log."""

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
        "Remove every contact from the local index. Web and worker may keep running. "
        "Until the next sync has finished, pages ask SlickText."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reset-sync",
            action="store_true",
            help="Sync now instead of INDEX_SYNC_MINUTES from now",
        )

    def handle(self, *args: Any, reset_sync: bool, **options: Any) -> None:
        minutes = 0 if reset_sync else settings.INDEX_SYNC_MINUTES
        again_at = timezone.now() + timedelta(minutes=minutes)
        removed = index.purge(sync_again_at=again_at if settings.CONTACT_INDEX else None)
        self.stdout.write(f"{removed} contact{'' if removed == 1 else 's'} removed.")
        if not settings.CONTACT_INDEX:
            self.stdout.write("The index is turned off, so no contacts will be added.")
        elif reset_sync:
            self.stdout.write("A worker syncs the index now.")
        else:
            self.stdout.write(
                f"A worker syncs the index in {minutes:g} minutes. To keep it empty, set CONTACT_INDEX=off "
                "and restart web and worker."
            )
        if command := VACUUM.get(connection.vendor):
            self.stdout.write(
                f"Removed data may still be in the database's files. {command} frees the space."
            )
