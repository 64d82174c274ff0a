"""Which workers live: each writes down every few seconds that it does."""

import logging
import os
import socket
from datetime import timedelta

from django.db import connections
from django.utils import timezone

from contacts_ui.models import WorkerBeat

BEAT_EVERY_SECONDS = 3.0
# Who has not been heard of for so long does not live any more.
STALE = timedelta(seconds=30)

logger = logging.getLogger(__name__)
_started = timezone.now()


def beat() -> None:
    """Write down that this process lives, and take out those that have not been heard of."""
    now = timezone.now()
    WorkerBeat.objects.update_or_create(
        worker=_name(),
        defaults={"beat_at": now},
        create_defaults={"beat_at": now, "started_at": _started},
    )
    WorkerBeat.objects.filter(beat_at__lt=now - STALE).delete()


def gone() -> None:
    """Take this process out, at its end; a database that is away then learns it by the beat that stays out."""
    try:
        WorkerBeat.objects.filter(worker=_name()).delete()
    except Exception:
        logger.exception("could not sign off")
    finally:
        connections.close_all()


def _name() -> str:
    return f"{socket.gethostname()[:60]}:{os.getpid()}"
