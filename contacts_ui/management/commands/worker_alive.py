"""`manage.py worker_alive`: a container's health check of its worker."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from contacts_ui.models import WorkerHeartbeat
from contacts_ui.services.operations.heartbeats import WORKER_SILENT_AFTER, host


class Command(BaseCommand):
    help = "Exit with 1 unless a worker on this host sent a heartbeat in the last 30 seconds."

    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        since = timezone.now() - WORKER_SILENT_AFTER
        if not WorkerHeartbeat.objects.filter(
            worker__startswith=f"{host()}:", beat_at__gt=since
        ).exists():
            raise CommandError(f"No worker on {host()} sent a heartbeat in the last 30 seconds.")
        self.stdout.write("alive")
