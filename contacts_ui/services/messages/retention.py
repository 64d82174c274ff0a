"""Forget what vendors sent and received once nothing depends on it. Words that became a statement are proof: kept."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts_ui.models import IncomingMessage, SentText, Vendor, WebhookEvent
from contacts_ui.models.messages import MessageState

# A stop may be heard of late: texts are kept that long to be held against it.
TEXTS_DAYS: Final = 90
MESSAGES_DAYS: Final = 30
BATCH_ROWS: Final = 2_000
BATCHES_MAX: Final = 100
# Events that carry what people wrote, or what they were sent.
WITH_WORDS: Final = Q(event__istartswith="message.") | Q(event__iexact="inbox_message_received")


def purge() -> int:
    """Remove what is over, some rows at a time; return how many."""
    now = timezone.now()
    # Every vendor, so that the index by vendor and time serves.
    texts = SentText.objects.filter(
        vendor__in=Vendor.values, kind="", heard_at__lt=now - timedelta(days=TEXTS_DAYS)
    )
    over = now - timedelta(days=MESSAGES_DAYS)
    messages = IncomingMessage.objects.exclude(state=MessageState.WAITING)
    events = WebhookEvent.objects.filter(WITH_WORDS, needs_decision=False, done_at__lt=over)
    return sum(_remove(rows) for rows in (texts, messages.filter(decided_at__lt=over), events))


def _remove(rows: QuerySet[Any]) -> int:
    removed = 0
    for _ in range(BATCHES_MAX):
        keys = list(rows.values_list("pk", flat=True)[:BATCH_ROWS])
        removed += rows.filter(pk__in=keys).delete()[0]
        if len(keys) < BATCH_ROWS:
            break
    return removed
