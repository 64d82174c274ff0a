"""`manage.py worker_alive`: whether a worker on this host beats; for a container's health check."""

import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from contacts_ui.models import WorkerBeat
from contacts_ui.services.pulse import WORKER_SILENT


class Command(BaseCommand):
    help = "Exit with 1 unless a worker on this host was seen within the last half minute."

    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        host = socket.gethostname()[:60]
        seen = WorkerBeat.objects.filter(
            worker__startswith=f"{host}:", beat_at__gt=timezone.now() - WORKER_SILENT
        )
        if not seen.exists():
            raise CommandError(f"No worker on {host} has been seen lately.")
        self.stdout.write("alive")
