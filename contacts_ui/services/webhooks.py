"""What the vendors tell us by themselves: stored and answered at once, worked on afterwards by the worker.

`receive_cloudcontactai` and `receive_slicktext` write one row and ask nobody. `due_now` finds rows, `work` does one:
it takes the row for a while, and whatever dies with its process is due again afterwards.
"""

import hashlib
import hmac
import json
import logging
import random
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from contacts_ui import request_id
from contacts_ui.integrations.errors import VendorError
from contacts_ui.models import Vendor, WebhookEvent
from contacts_ui.services import ledger, shared_reads, webhook_claims, webhook_hints
from contacts_ui.services.verdicts import STOPPED_STATUSES
from contacts_ui.services.webhook_claims import UNSUBSCRIBED
from contacts_ui.services.webhook_hints import HINTS, NotYet

# Longer than one piece of work: a call to SlickText and two transactions.
LEASE = timedelta(seconds=60)
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 300.0
LONGEST_GAP_SECONDS = 0.2
# Hints that speak of a stop are worked on before all others, also in the flood of an import.
AHEAD = timedelta(days=1)

logger = logging.getLogger(__name__)


class NotAnEvent(Exception):
    """The body is nothing that we could store and act on. Its text is for whoever sent it."""


def parse(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body, if any database could hold it. Raises NotAnEvent."""
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
        text = json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as problem:
        raise NotAnEvent("not JSON") from problem
    if not isinstance(body, dict):
        raise NotAnEvent("not a JSON object")
    if rb"\u0000" in text:
        # PostgreSQL takes no such character.
        raise NotAnEvent("a null character")
    return body


def event_hash_of(body: Mapping[str, Any]) -> str:
    """What CloudContactAI signs, and what makes an event this event. Raises NotAnEvent."""
    event_hash = body.get("eventHash")
    if not isinstance(event_hash, str) or not event_hash:
        raise NotAnEvent("no eventHash")
    return event_hash


def expects_cloudcontactai() -> bool:
    """Whether its webhooks are switched on, by a secret."""
    return bool(settings.CCAI_WEBHOOK_SECRET and settings.VENDORS.cloudcontactai)


def is_signed_by_cloudcontactai(event_hash: str, signature: str) -> bool:
    """Whether `signature` is base64(HMAC-SHA256(secret, "clientId:eventHash")), compared in constant time.

    The vendor's scheme covers the hash of the event and not its body.
    """
    vendor = settings.VENDORS.cloudcontactai
    if vendor is None:
        return False
    message = f"{vendor.account}:{event_hash}".encode()
    digest = hmac.new(settings.CCAI_WEBHOOK_SECRET.encode(), message, hashlib.sha256).digest()
    return hmac.compare_digest(b64encode(digest), signature.encode())


def is_slicktext_secret(secret: str) -> bool:
    """Whether `secret` is ours, compared in constant time; never while none is set."""
    wanted = settings.SLICKTEXT_WEBHOOK_SECRET
    return bool(wanted) and hmac.compare_digest(wanted.encode(), secret.encode())


def receive_cloudcontactai(body: Mapping[str, Any], event_hash: str) -> None:
    """Store an event once; what it is about is its hash, so a replay with another body changes nothing."""
    event = str(body.get("eventType") or "")
    _store(Vendor.CLOUDCONTACTAI, _fitting(event_hash), event, body, wanted=event == UNSUBSCRIBED)


def receive_slicktext(body: Mapping[str, Any]) -> None:
    """Store a hint once. Its re-attempts differ in `attempts` alone; `id` may be the hook's own, so it is no key."""
    event = str(body.get("name") or "")
    same = {name: body.get(name) for name in ("id", "name", "date", "data")}
    digest = hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()
    _store(Vendor.SLICKTEXT, digest, event, body, wanted=event in HINTS)
    shared_reads.changed()


def due_now(*, limit: int = 100) -> list[int]:
    """The keys of events that want work now; those that speak of a stop first."""
    due = WebhookEvent.objects.filter(due_at__lte=timezone.now()).order_by("due_at", "pk")
    return list(due.values_list("pk", flat=True)[:limit])


def work_due() -> int:
    """Work on everything that is due, one after the other; return how many."""
    keys = due_now()
    for key in keys:
        began = time.monotonic()
        work(key)
        if connection.vendor == "sqlite":
            # Its one lock is not given in turns: without a gap, who answers the vendors would wait for all of us.
            time.sleep(min(time.monotonic() - began, LONGEST_GAP_SECONDS))
    return len(keys)


def work(pk: int) -> None:
    """Do what one event asks for, once; try again later where a vendor has to be asked first and does not answer."""
    event = _take(pk)
    if event is None:
        return
    with request_id.request_id(event.request_id):
        try:
            if event.vendor == Vendor.SLICKTEXT:
                webhook_hints.work(event, _done)
            else:
                with transaction.atomic():
                    # One stop for one event, also where two workers meet.
                    ledger.take_turn()
                    _done(event, webhook_claims.work(event))
        except NotYet as reason:
            _postpone(event, str(reason))
        except VendorError as error:
            _postpone(event, error.person, error.retry_after)
        except Exception:
            # A defect of ours must not lose a person's stop: it is tried again, and the log says why.
            logger.exception("webhook %s could not be worked on", event.pk)
            _postpone(event, "Something went wrong here; the log has it.")


def _store(vendor: Vendor, key: str, event: str, body: Mapping[str, Any], *, wanted: bool) -> None:
    now = timezone.now()
    urgent = _status(body) in STOPPED_STATUSES or vendor == Vendor.CLOUDCONTACTAI
    row = WebhookEvent(
        vendor=vendor,
        key=key,
        event=event[:80],
        body=body,
        received_at=now,
        request_id=request_id.current(),
        due_at=(now - AHEAD if urgent else now) if wanted else None,
        done_at=None if wanted else now,
        outcome="" if wanted else "Nothing that we act on.",
    )
    WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)


def _status(body: Mapping[str, Any]) -> object:
    data = body.get("data")
    status = data.get("opt_in_status") if isinstance(data, dict) else None
    return status if isinstance(status, str) else None


def _refuse_constant(name: str) -> None:
    """NaN and Infinity are not JSON."""
    raise ValueError(name)


def _fitting(text: str) -> str:
    return text if len(text) <= 150 else hashlib.sha256(text.encode()).hexdigest()


def _take(pk: int) -> WebhookEvent | None:
    """Take an event that is due, so that no other worker does; it is due again if we die with it."""
    now = timezone.now()
    event = WebhookEvent.objects.filter(pk=pk, due_at__lte=now).first()
    if event is None:
        return None
    mine = WebhookEvent.objects.filter(pk=pk, due_at=event.due_at)
    attempts = event.attempts + 1
    if not mine.update(due_at=now + LEASE, attempts=attempts):
        return None
    event.due_at, event.attempts = now + LEASE, attempts
    return event


def _done(event: WebhookEvent, outcome: str) -> None:
    """In the transaction of what was done. Whoever was too slow and lost the event does it again, which is harmless."""
    changes = {"due_at": None, "done_at": timezone.now(), "outcome": outcome[:300]}
    WebhookEvent.objects.filter(pk=event.pk).update(**changes)


def _postpone(event: WebhookEvent, why: str, retry_after: float | None = None) -> None:
    """For ever, with capped and jittered pauses: a stop may hang on it."""
    ceiling = min(FIRST_RETRY_SECONDS * 2 ** min(event.attempts - 1, 10), LONGEST_RETRY_SECONDS)
    seconds = random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter, not a secret
    seconds = max(seconds, min(retry_after or 0, LONGEST_RETRY_SECONDS))
    due_at = timezone.now() + timedelta(seconds=seconds)
    WebhookEvent.objects.filter(pk=event.pk, done_at=None).update(due_at=due_at, outcome=why[:300])
