"""Tell whether the index may answer, and how far its sync has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from contacts_ui.models import IndexSync
from contacts_ui.services.index.counts import kept_count
from contacts_ui.services.index.sync import is_of_another_account, is_under_way

# Built once, and not with first(), which orders it: this is asked on most pages.
_SYNC: Final = IndexSync.objects.filter(pk=1)


@dataclass(frozen=True)
class IndexState:
    """The state of the index.

    - enabled: by the settings; ready: every contact was read once
    - synced: contacts read in this sync, of about `total`
    - checking: contacts that the last sync did not see are being read by their id
    - next_at: when the next sync begins, if none is running
    - error: why the sync waits, for people
    """

    enabled: bool
    ready: bool = False
    synced: int = 0
    total: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str = ""
    syncing: bool = False
    checking: bool = False
    next_at: datetime | None = None

    @property
    def building(self) -> bool:
        """Return True until the first sync has finished. Until then, pages ask the vendor."""
        return self.enabled and not self.ready

    @property
    def percent(self) -> int | None:
        """Return how much of the sync is done, if known; 100 only after it has finished."""
        if not self.syncing:
            return 100 if self.ready else None
        return min(99, self.synced * 100 // self.total) if self.total else None


def state() -> IndexState:
    """Return the state of the index. One query."""
    if not settings.CONTACT_INDEX:
        return IndexState(enabled=False)
    sync = next(iter(_SYNC.all()), None)
    if sync is None or is_of_another_account(sync):
        return IndexState(enabled=True)
    syncing = is_under_way(sync)
    return IndexState(
        True,
        sync.finished_at is not None,
        sync.offset,
        sync.total,
        sync.started_at,
        sync.finished_at,
        sync.last_error,
        syncing,
        sync.checking,
        None if syncing else sync.sync_due_at,
    )


def is_ready() -> bool:
    """Return True if the index has every contact and may answer instead of the vendor."""
    return state().ready


def size() -> int:
    """Return how many contacts the index holds."""
    if not settings.CONTACT_INDEX:
        return 0
    return kept_count()
