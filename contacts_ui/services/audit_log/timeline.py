"""Group audit log entries by the request that they are about: a stop and what each vendor answered are one item."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contacts_ui.models import LedgerEntry


@dataclass(frozen=True)
class TimelineItem:
    """One request with the entries about it, the oldest first; or one entry that stands alone."""

    entry: LedgerEntry
    about: list[LedgerEntry] = field(default_factory=list)


def by_request(entries: Sequence[LedgerEntry]) -> list[TimelineItem]:
    """Group entries, the newest first, by the request that they name. Read nothing from the database.

    An entry whose request is not among them stands alone.
    """
    items = {entry.pk: TimelineItem(entry) for entry in entries}
    for entry in reversed(entries):
        # A review keeps the request that it is about with what changed.
        request = items.get(entry.answer.get("request") or entry.after.get("request"))
        if request and request.entry.pk < entry.pk:
            request.about.append(items.pop(entry.pk).entry)
    return list(items.values())
