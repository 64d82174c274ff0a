"""Forgetting the whole index: for good where it is switched off, or to read everybody anew."""

from datetime import datetime

from django.db import connection
from django.utils import timezone

from contacts_ui.models import IndexedContact, IndexGone, IndexWalk, index_tables


def purge(*, walk_again_at: datetime | None) -> int:
    """Forget everybody, while others go on; return how many. The index is not asked again before its next walk ends.

    A walk under way is given up, and the next one begins at `walk_again_at`; None: nothing is left of the walk either.
    """
    IndexWalk.objects.filter(pk=1).delete()
    if walk_again_at:
        IndexWalk.objects.update_or_create(
            pk=1, defaults={"next_at": walk_again_at, "walk_due_at": walk_again_at}
        )
    forgotten = IndexedContact.objects.count()
    index_tables.empty(connection)
    IndexGone.objects.filter(at__lte=timezone.now()).delete()
    return forgotten
