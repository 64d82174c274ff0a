"""Record every few seconds that a worker is running."""

import logging
import os
import socket
from datetime import timedelta
from typing import Final

from django.db import connections
from django.utils import timezone

from contacts_ui.models import WorkerHeartbeat

HEARTBEAT_SECONDS: Final = 5.0
# A worker that is quiet for longer has stopped, or hangs.
WORKER_SILENT_AFTER: Final = timedelta(seconds=30)

logger = logging.getLogger(__name__)
_started_at = timezone.now()


def host() -> str:
    """Return this machine's name, as heartbeats have it."""
    return socket.gethostname()[:60]


def record() -> None:
    """Write this process's heartbeat, and remove workers that are silent."""
    now = timezone.now()
    if not WorkerHeartbeat.objects.filter(worker=_name()).update(beat_at=now):
        WorkerHeartbeat.objects.create(worker=_name(), started_at=_started_at, beat_at=now)
    WorkerHeartbeat.objects.filter(beat_at__lt=now - WORKER_SILENT_AFTER).delete()


def remove() -> None:
    """Remove this process as it ends. Without a database, its silence says so later."""
    try:
        WorkerHeartbeat.objects.filter(worker=_name()).delete()
    except Exception:
        logger.exception("could not remove the heartbeat")
    finally:
        connections.close_all()


def _name() -> str:
    return f"{host()}:{os.getpid()}"
