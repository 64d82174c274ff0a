"""The inbox: every event is stored and answered at once, and worked on afterwards by the worker.

`receive_cloudcontactai` and `receive_slicktext` write one row and ask no vendor. `due_now` finds rows, `work` does one:
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
from typing import Any, Final

from django.conf import settings
from django.db import DataError, connection, transaction
from django.utils import timezone

from contacts_ui import request_id
from contacts_ui.integrations.errors import VendorError
from contacts_ui.models import Vendor, WebhookEvent
from contacts_ui.services import shared_reads
from contacts_ui.services.consent import readings
from contacts_ui.services.webhooks import cloudcontactai, slicktext
from contacts_ui.services.webhooks.payloads import NeedsDecision, NotAnEvent, NotYet

# Longer than one piece of work: a call to SlickText and two transactions.
LEASE = timedelta(seconds=60)
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 300.0
LONGEST_GAP_SECONDS = 0.2
# Hints that speak of a stop are worked on before all others, also in the flood of an import.
AHEAD = timedelta(days=1)
NOTHING_FOR_US: Final = "Nothing that we act on."
ANOTHER_BODY: Final = "It came under the hash of another event, and says something else."

logger = logging.getLogger(__name__)


def event_hash_of(body: Mapping[str, Any]) -> str:
    """Return what CloudContactAI signs, and what makes an event this event. Raises NotAnEvent."""
    event_hash = body.get("eventHash")
    if not isinstance(event_hash, str) or not event_hash:
        raise NotAnEvent("no eventHash")
    return event_hash


def expects_cloudcontactai() -> bool:
    """Return True if its webhooks are switched on, by a secret."""
    return bool(settings.CCAI_WEBHOOK_SECRET and settings.VENDORS.cloudcontactai)


def is_signed_by_cloudcontactai(event_hash: str, signature: str) -> bool:
    """Return True if `signature` is base64(HMAC-SHA256(secret, "clientId:eventHash")), compared in constant time.

    The vendor's scheme covers the hash of the event and not its body.
    """
    vendor = settings.VENDORS.cloudcontactai
    if vendor is None:
        return False
    message = f"{vendor.account}:{event_hash}".encode()
    digest = hmac.new(settings.CCAI_WEBHOOK_SECRET.encode(), message, hashlib.sha256).digest()
    return hmac.compare_digest(b64encode(digest), signature.encode())


def is_slicktext_secret(secret: str) -> bool:
    """Return True if `secret` is ours, compared in constant time; never while none is set."""
    wanted = settings.SLICKTEXT_WEBHOOK_SECRET
    return bool(wanted) and hmac.compare_digest(wanted.encode(), secret.encode())


def receive_cloudcontactai(body: Mapping[str, Any], event_hash: str) -> None:
    """Store an event once. Its hash is what it is signed by, so a replay with another body is left to people.

    Raises NotAnEvent.
    """
    key = event_hash if len(event_hash) <= 150 else _digest(event_hash)
    row = WebhookEvent(vendor=Vendor.CLOUDCONTACTAI, key=key, event=_name(body.get("eventType")))
    urgent = cloudcontactai.may_be_a_stop(body)
    wanted = cloudcontactai.is_wanted(body)
    stored = _store(row, body, wanted=wanted, urgent=urgent)
    if _plain(stored) == _plain(body):
        return
    row.key = f"{key}:{_digest(body)[:32]}"
    if urgent or cloudcontactai.may_be_a_stop(stored):
        row.needs_decision, row.outcome = True, ANOTHER_BODY
        _store(row, body, wanted=False)
    elif wanted:
        # Another text, or another state of the same one, which its own id shows.
        _store(row, body, wanted=True)


def receive_slicktext(body: Mapping[str, Any]) -> None:
    """Store a hint once. Its re-attempts differ in `attempts` alone; `id` may be the hook's own, so it is no key.

    A stop without a date is stored each time: it may have been said again, after a lift. Raises NotAnEvent.
    """
    same = {name: each for name, each in body.items() if name not in ("attempts", "url")}
    row = WebhookEvent(vendor=Vendor.SLICKTEXT, key=_digest(same), event=_name(body.get("name")))
    row.body, says_stop = body, slicktext.says_stop(body)
    if says_stop and slicktext.said_at(row) is None:
        row.key = f"{row.key}:{timezone.now().timestamp():.6f}"
    _store(row, body, wanted=slicktext.is_wanted(body), urgent=says_stop)
    shared_reads.changed()


def due_now(*, limit: int = 100) -> list[int]:
    """Return the keys of events that want work now; those that speak of a stop first."""
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
            if event.event == readings.READING:
                with transaction.atomic():
                    _done(event, readings.record_event(event.body))
            elif event.vendor == Vendor.SLICKTEXT:
                slicktext.work(event, _done)
            else:
                cloudcontactai.work(event, _done)
        except NeedsDecision as why:
            _done(event, str(why), needs_decision=True)
        except NotYet as why:
            _postpone(event, str(why))
        except VendorError as error:
            _postpone(event, error.person, error.retry_after)
        except Exception:
            # A defect of ours must not lose a person's stop: it is tried again, and the log says why.
            logger.exception("webhook %s could not be worked on", event.pk)
            _postpone(event, "Something went wrong here; the log has it.")


def _store(
    row: WebhookEvent, body: Mapping[str, Any], *, wanted: bool, urgent: bool = False
) -> dict[str, Any]:
    """Write down an event, unless it is there; return the body that is stored. Raises NotAnEvent."""
    now = timezone.now()
    row.body, row.received_at, row.request_id = body, now, request_id.current()
    row.due_at = (now - AHEAD if urgent else now) if wanted else None
    row.done_at = None if wanted else now
    row.outcome = row.outcome or ("" if wanted else NOTHING_FOR_US)
    rows = WebhookEvent.objects.filter(vendor=row.vendor, key=row.key)
    try:
        WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)
        # SQLite takes what it cannot hold without a word, and leaves it out.
        stored = rows.values_list("body", flat=True).first()
    except DataError as problem:
        raise NotAnEvent("nothing that our database holds") from problem
    if stored is None:
        raise NotAnEvent("nothing that our database holds")
    return dict(stored)


def _plain(body: Mapping[str, Any]) -> object:
    """For comparing: PostgreSQL gives numbers back as it writes them, 1e300 with all its zeros."""
    return json.loads(json.dumps(body), parse_int=float)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _name(value: object) -> str:
    return str(value or "")[:80]


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


def _done(event: WebhookEvent, outcome: str, *, needs_decision: bool = False) -> None:
    """In the transaction of what was done. A worker that lost the event does it again, which is harmless."""
    mine = WebhookEvent.objects.filter(pk=event.pk)
    mine.update(due_at=None, done_at=timezone.now())
    # What a person decided meanwhile stays as it is.
    mine.filter(decided_at=None).update(outcome=outcome[:300], needs_decision=needs_decision)


def _postpone(event: WebhookEvent, why: str, retry_after: float | None = None) -> None:
    """For ever, with capped and jittered pauses: a stop may hang on it."""
    ceiling = min(FIRST_RETRY_SECONDS * 2 ** min(event.attempts - 1, 10), LONGEST_RETRY_SECONDS)
    seconds = random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter, not a secret
    seconds = max(seconds, min(retry_after or 0, LONGEST_RETRY_SECONDS))
    due_at = timezone.now() + timedelta(seconds=seconds)
    WebhookEvent.objects.filter(pk=event.pk, done_at=None).update(due_at=due_at, outcome=why[:300])
