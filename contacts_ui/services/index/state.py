"""Whether the index may answer, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from contacts_ui.models import IndexWalk


@dataclass(frozen=True)
class IndexState:
    """`enabled` by the settings; `ready` once everybody was read; `walked` contacts of about `total` in this walk."""

    enabled: bool
    ready: bool = False
    walked: int = 0
    total: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    trouble: str = ""


def state() -> IndexState:
    """How the index stands, for `/status/` and for who decides whether to ask it."""
    if not settings.CONTACT_INDEX:
        return IndexState(enabled=False)
    walk = IndexWalk.objects.filter(pk=1).first()
    if walk is None:
        return IndexState(enabled=True)
    return IndexState(
        True,
        walk.finished_at is not None,
        walk.offset,
        walk.total,
        walk.started_at,
        walk.finished_at,
        walk.trouble,
    )


def is_ready() -> bool:
    """Whether the index knows everybody, so that it may answer instead of the vendor."""
    return state().ready
