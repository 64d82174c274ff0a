"""What was read anywhere is learned by the index: by the walk, by pages, by edits, by webhooks.

A reading counts from the moment it was asked for, the answer to a change of ours from when it came; the newer beats the
older, in whatever order they arrive. The database decides that row by row, so processes need not agree with each other.
"""

import logging
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexedContact, IndexGone
from contacts_ui.services.index import writing

# A page that was asked for before somebody was deleted is learned within this time, or never.
GONE_KEPT = timedelta(hours=1)

logger = logging.getLogger(__name__)


def learn(contacts: Iterable[Contact], read_at: datetime) -> None:
    """Keep these contacts as they were when SlickText was asked at `read_at`; what was read later stays.

    Never raises: a page, a delivery or an edit must not fail for the sake of the index.
    """
    if not settings.CONTACT_INDEX:
        return
    try:
        with _guarded():
            writing.write(contacts, read_at)
    except Exception:
        logger.warning("the index could not learn what was read", exc_info=True)


def forget(contact_id: int) -> None:
    """Take out somebody who is gone from SlickText, also against pages that were read before. Never raises."""
    if not settings.CONTACT_INDEX:
        return
    try:
        with transaction.atomic():
            now = timezone.now()
            IndexedContact.objects.filter(pk=contact_id).delete()
            IndexGone.objects.bulk_create(
                [IndexGone(contact_id=contact_id, at=now)],
                update_conflicts=True,
                unique_fields=["contact_id"],
                update_fields=["at"],
            )
    except Exception:
        logger.warning("the index could not forget a contact", exc_info=True)


def _guarded() -> AbstractContextManager[Any]:
    """Inside somebody's transaction: a savepoint, since PostgreSQL spoils the whole one after an error."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
