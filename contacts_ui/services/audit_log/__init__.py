"""The audit log: what was done, by which person, for which number, and what the vendor answered. Append-only.

- `recording`: writes an entry.
- `search`: finds entries, the newest first.
- `timeline`: groups entries by request.

`services.verification` proves that no entry was changed or taken out.
"""

from contacts_ui.services.audit_log.recording import (
    NOTHING_BEFORE,
    PRACTICE,
    entries_about,
    entry_hash,
    history,
    holds_practice,
    marked_as_practice,
    name_of,
    record,
    take_turn,
)
from contacts_ui.services.audit_log.timeline import TimelineItem, by_request

__all__ = [
    "NOTHING_BEFORE",
    "PRACTICE",
    "TimelineItem",
    "by_request",
    "entries_about",
    "entry_hash",
    "history",
    "holds_practice",
    "marked_as_practice",
    "name_of",
    "record",
    "take_turn",
]
