"""Stored webhook events: keep each once, lease one that is due, mark it done, or retry it later."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import DataError
from django.db.models import QuerySet
from django.utils import timezone

from contacts_ui import request_id
from contacts_ui.models import WebhookEvent
from contacts_ui.services.vendors import leases
from contacts_ui.services.webhooks.payloads import NotAnEvent

EVENTS_BATCH: Final = 100
# Longer than one event takes: a call to SlickText and two transactions.
LEASE: Final = timedelta(seconds=60)
# Events that speak of a stop are processed before all others, also in the flood of an import.
URGENT_HEAD_START: Final = timedelta(days=1)
NOTHING_FOR_US: Final = "No action needed."
# The only member of a body that retention emptied: its hash, so that a replay is recognized.
EMPTIED: Final = "emptied_sha256"
NOT_STORABLE: Final = "nothing that our database holds"


def own_secrets() -> tuple[str, ...]:
    """Return the secrets that no stored row may hold: SlickText sends back the address that it was given."""
    keys = (vendor.api_key for vendor in settings.VENDORS.connected)
    return (settings.SLICKTEXT_WEBHOOK_SECRET, settings.CCAI_WEBHOOK_SECRET, *keys)


def store(
    row: WebhookEvent, body: Mapping[str, Any], *, wanted: bool, urgent: bool = False
) -> dict[str, Any]:
    """Store an event unless its key is there already; return the body that is stored. Raise NotAnEvent."""
    now = timezone.now()
    row.body, row.received_at, row.request_id = body, now, request_id.current()
    row.due_at = (now - URGENT_HEAD_START if urgent else now) if wanted else None
    row.done_at = None if wanted else now
    row.outcome = row.outcome or ("" if wanted else NOTHING_FOR_US)
    rows = WebhookEvent.objects.filter(vendor=row.vendor, key=row.key)
    try:
        WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)
        # SQLite leaves out what it cannot hold, without an error.
        stored = rows.values_list("body", flat=True).first()
    except DataError as error:
        raise NotAnEvent(NOT_STORABLE) from error
    if stored is None:
        raise NotAnEvent(NOT_STORABLE)
    return dict(stored)


def is_same(stored: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Return True if a stored body says the same as a new one, also after retention emptied it."""
    return (
        stored == emptied(body) if EMPTIED in stored else _comparable(stored) == _comparable(body)
    )


def emptied(body: Mapping[str, Any]) -> dict[str, str]:
    """Return what is kept of a body once its words are not needed."""
    return {EMPTIED: digest(_comparable(body))}


def digest(value: object) -> str:
    """Return the SHA-256 of a JSON value, in hexadecimal."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _comparable(body: Mapping[str, Any]) -> object:
    """Return numbers as floats: PostgreSQL writes 1e300 back with all its zeros."""
    return json.loads(json.dumps(body), parse_int=float)


def due(now: datetime | None = None) -> QuerySet[WebhookEvent]:
    """Return the events that are due; those that speak of a stop first."""
    return WebhookEvent.objects.filter(due_at__lte=now or timezone.now()).order_by("due_at", "pk")


def due_events() -> list[int]:
    """Return the keys of the next events that are due."""
    return list(due().values_list("pk", flat=True)[:EVENTS_BATCH])


def take(pk: int) -> WebhookEvent | None:
    """Lease a due event, None if another worker has it. It is due again if this process dies."""
    return leases.take(due().filter(pk=pk), LEASE, lambda event: {"attempts": event.attempts + 1})


def mark_done(event: WebhookEvent, outcome: str, *, needs_decision: bool = False) -> None:
    """Mark an event done, in the transaction of what it changed. A person's decision stays as it is."""
    mine = WebhookEvent.objects.filter(pk=event.pk)
    mine.update(due_at=None, done_at=timezone.now())
    mine.filter(decided_at=None).update(outcome=outcome[:300], needs_decision=needs_decision)


def retry_later(event: WebhookEvent, why: str, retry_after: float | None = None) -> None:
    """Retry an event after a capped and jittered pause, without end: a stop may depend on it."""
    due_at = timezone.now() + leases.back_off(event.attempts, retry_after)
    WebhookEvent.objects.filter(pk=event.pk, done_at=None).update(due_at=due_at, outcome=why[:300])
