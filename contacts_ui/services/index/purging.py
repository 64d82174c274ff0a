"""Empty the index: for good if it is switched off, or to read every contact again."""

import time
from datetime import datetime
from typing import Final

from django.utils import timezone

from contacts_ui.database import leave_room
from contacts_ui.models import (
    IndexAnchor,
    IndexCount,
    IndexDeletion,
    IndexedContact,
    IndexSync,
    IndexTypo,
)
from contacts_ui.models.index_tables import ANSWERS_NAME

# In one transaction, which blocks all other writes on SQLite.
BATCH_SIZE: Final = 1000


def purge(*, sync_again_at: datetime | None) -> int:
    """Remove every contact while others work on; return how many. The index answers again after its next sync.

    Stops a running sync. The next one begins at `sync_again_at`; None removes its record, too.
    """
    IndexSync.objects.filter(pk=1).delete()
    if sync_again_at:
        IndexSync.objects.update_or_create(
            pk=1, defaults={"next_at": sync_again_at, "sync_due_at": sync_again_at}
        )
    removed = 0
    while keys := list(
        IndexedContact.objects.order_by("pk").values_list("pk", flat=True)[:BATCH_SIZE]
    ):
        began = time.monotonic()
        IndexedContact.objects.filter(pk__in=keys).delete()
        removed += len(keys)
        leave_room(began)
    IndexDeletion.objects.filter(at__lte=timezone.now()).delete()
    IndexTypo.objects.all().delete()
    IndexAnchor.objects.all().delete()
    # Triggers keep the counts of all contacts and of the answers.
    IndexCount.objects.exclude(name__in=("", ANSWERS_NAME)).delete()
    return removed


def prune_words() -> int:
    """Remove the words of names and places that no contact has anymore; return how many. Takes seconds."""
    known = set(IndexTypo.objects.values_list("word", flat=True).distinct())
    used: set[str] = set()
    keys = IndexedContact.objects.values_list("first_key", "last_key", "city_key")
    for texts in keys.iterator(chunk_size=2_000):
        used.update(word for text in texts for word in text.split())
    unused = sorted(known - used)
    for start in range(0, len(unused), BATCH_SIZE // 2):
        began = time.monotonic()
        IndexTypo.objects.filter(word__in=unused[start : start + BATCH_SIZE // 2]).delete()
        leave_room(began)
    return len(unused)
