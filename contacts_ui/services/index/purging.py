"""Forgetting the whole index: for good where it is switched off, or to read everybody anew."""

import time
from datetime import datetime
from typing import Final

from django.utils import timezone

from contacts_ui.models import (
    IndexAnchor,
    IndexCount,
    IndexedContact,
    IndexGone,
    IndexSlip,
    IndexWalk,
)
from contacts_ui.services.index.learning import make_room

# In one transaction: nobody else writes on SQLite meanwhile.
AT_ONCE: Final = 1000


def purge(*, walk_again_at: datetime | None) -> int:
    """Forget everybody, while others go on; return how many. The index is not asked again before its next walk ends.

    A walk under way is given up, and the next one begins at `walk_again_at`; None: nothing is left of the walk either.
    """
    walks = IndexWalk.objects.filter(pk=1)
    walks.delete()
    if walk_again_at:
        IndexWalk.objects.update_or_create(
            pk=1, defaults={"next_at": walk_again_at, "walk_due_at": walk_again_at}
        )
    forgotten = 0
    while keys := list(
        IndexedContact.objects.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    ):
        began = time.monotonic()
        IndexedContact.objects.filter(pk__in=keys).delete()
        forgotten += len(keys)
        make_room(time.monotonic() - began)
    IndexGone.objects.filter(at__lte=timezone.now()).delete()
    IndexSlip.objects.all().delete()
    IndexAnchor.objects.all().delete()
    # The row without a name counts who is there, and goes on doing so.
    IndexCount.objects.exclude(name="").delete()
    return forgotten
