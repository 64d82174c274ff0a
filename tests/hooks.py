"""What the vendors would send us, and the worker's turn afterwards."""

import hashlib
import hmac
import itertools
import json
from base64 import b64encode
from typing import Any

from django.test import Client
from django.utils import timezone

from contacts_ui.models import WebhookEvent
from contacts_ui.services.consent import delivery, desired_state
from contacts_ui.services.webhooks.processing import process_due
from dashboard.vendors import PRACTICE_CCAI_SECRET, PRACTICE_SLICKTEXT_SECRET

from .people import MARTY, MARTY_NUMBER

CCAI = "/webhooks/cloudcontactai/"
SLICKTEXT = f"/webhooks/slicktext/{PRACTICE_SLICKTEXT_SECRET}/"
_hashes = itertools.count(1)


def signature(event_hash: str, secret: str = PRACTICE_CCAI_SECRET) -> str:
    digest = hmac.new(secret.encode(), f"sandbox-client:{event_hash}".encode(), hashlib.sha256)
    return b64encode(digest.digest()).decode()


def unsubscribed(number: str = MARTY_NUMBER, at: str | None = "", **more: Any) -> dict[str, Any]:
    """An event of CloudContactAI; `at` is its UnsubscribedAt, just now unless given."""
    at = timezone.now().isoformat() if at == "" else at
    data = {"ContactData": {"phone": number, **more}, "UnsubscribedAt": at}
    return {"eventType": "contact.unsubscribed", "data": data, "eventHash": f"h{next(_hashes)}"}


def hint(contact_id: int = MARTY, name: str = "contact_updated", **data: Any) -> dict[str, Any]:
    """A hint of SlickText about a contact."""
    return {
        "id": 41,
        "name": name,
        "url": "https://dashboard.example.com/",
        "attempts": 1,
        "date": "2026-11-22 12:00:00",
        "data": {"contact_id": contact_id, **data},
    }


def post(address: str, body: object, method: str = "POST", **headers: str) -> Any:
    """As a stranger on the network, with CSRF checks on."""
    client = Client(enforce_csrf_checks=True)
    raw = body if isinstance(body, bytes) else json.dumps(body)
    return client.generic(method, address, raw, content_type="application/json", headers=headers)


def tell_ccai(body: dict[str, Any], method: str = "POST") -> Any:
    signed = {"X-CCAI-Signature": signature(str(body["eventHash"]))}
    return post(CCAI, body, method, **signed)


def tell_slicktext(body: dict[str, Any]) -> Any:
    return post(SLICKTEXT, body)


def work() -> list[str]:
    """Let the worker do what is due, deliver what follows, and return each event's outcome."""
    process_due()
    for key in desired_state.due_now():
        delivery.deliver(key)
    return list(WebhookEvent.objects.order_by("pk").values_list("outcome", flat=True))
