"""Remove secrets that earlier versions stored: SlickText's webhooks contain our own secret address."""

import time
from typing import Final

from django.db import transaction

from contacts_ui.database import leave_room
from contacts_ui.models import WebhookEvent
from contacts_ui.services.webhooks import inbox
from contacts_ui.services.webhooks.payloads import without_secrets

BATCH_ROWS: Final = 500


def clean_stored() -> int:
    """Hide our secrets in every stored body that has them; return how many did. Safe to repeat."""
    secrets = inbox.own_secrets()
    rows = WebhookEvent.objects.order_by("pk")
    after = cleaned = 0
    while page := list(rows.filter(pk__gt=after).only("pk", "body")[:BATCH_ROWS]):
        after, began = page[-1].pk, time.monotonic()
        changed = []
        for event in page:
            body = without_secrets(event.body, secrets)
            if body != event.body:
                event.body = body
                changed.append(event)
        if changed:
            with transaction.atomic():
                WebhookEvent.objects.bulk_update(changed, ["body"])
            leave_room(began)
        cleaned += len(changed)
    return cleaned
