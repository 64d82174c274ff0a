"""Prove that the audit log is as it was written, and that the tables beside it agree with it.

- `chain`: every entry unchanged, in order, and none taken out.
- `records`: statements, desired states, opt-outs, and verdicts compared with the entries that they were made from.
- `heads`: the end of the chain, noted elsewhere, and checked against what was noted.
"""

from contacts_ui.services.verification.chain import (
    ChainCheck,
    Head,
    Pruned,
    broken_among,
    broken_links,
    guards_missing,
    head_now,
    pruned_so_far,
)
from contacts_ui.services.verification.heads import BadHeads, head_in_words, note_head, read_heads
from contacts_ui.services.verification.records import changed_rows

__all__ = [
    "BadHeads",
    "ChainCheck",
    "Head",
    "Pruned",
    "broken_among",
    "broken_links",
    "changed_rows",
    "guards_missing",
    "head_in_words",
    "head_now",
    "note_head",
    "pruned_so_far",
    "read_heads",
]
