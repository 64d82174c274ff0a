"""Whether the index may answer, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from contacts_ui.models import IndexCount, IndexWalk
from contacts_ui.services.index.walking import is_of_another_account, is_under_way


@dataclass(frozen=True)
class IndexState:
    """`enabled` by the settings; `ready` once everybody was read; `walked` contacts of about `total` in this walk.

    `next_at` is when the next walk begins, where none is `walking`. `checking`: whoever the last walk did not meet is
    just being looked for by their id. `trouble` is why the walk waits, in plain words.
    """

    enabled: bool
    ready: bool = False
    walked: int = 0
    total: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    trouble: str = ""
    walking: bool = False
    checking: bool = False
    next_at: datetime | None = None
    page_size: int = 0

    @property
    def building(self) -> bool:
        """Whether the first walk is still to be made, or under way: the vendor is asked until it has ended."""
        return self.enabled and not self.ready

    @property
    def percent(self) -> int | None:
        """How much of the walk is done, where that can be told; 100 only once it has ended."""
        if not self.walking:
            return 100 if self.ready else None
        return min(99, self.walked * 100 // self.total) if self.total else None


def state() -> IndexState:
    """How the index stands, for `/status/` and for who decides whether to ask it. One query."""
    if not settings.CONTACT_INDEX:
        return IndexState(enabled=False)
    walk = IndexWalk.objects.filter(pk=1).first()
    if walk is None or is_of_another_account(walk):
        return IndexState(enabled=True)
    walking = is_under_way(walk)
    return IndexState(
        True,
        walk.finished_at is not None,
        walk.offset,
        walk.total,
        walk.started_at,
        walk.finished_at,
        walk.trouble,
        walking,
        walk.checking,
        None if walking else walk.walk_due_at,
        walk.page_size,
    )


def is_ready() -> bool:
    """Whether the index knows everybody, so that it may answer instead of the vendor."""
    return state().ready


def size() -> int:
    """How many contacts the index holds; triggers keep count."""
    if not settings.CONTACT_INDEX:
        return 0
    total = IndexCount.objects.filter(name="", value="").values_list("number", flat=True)
    return total.first() or 0
