"""Note the end of the chain where database administrators can't change it, and read it back.

One line for each note, only ever appended: hash, entries, and when the newest was written.
"""

import re
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

from contacts_ui.services.audit_log import NOTHING_BEFORE
from contacts_ui.services.verification.chain import Head, head_now

_LINE: Final = re.compile(r"([0-9a-f]{64})(?: (\d+) entr\w+\b.*)?")
# The log stream that docs/operations.md says how to send elsewhere.
stream = structlog.get_logger("security")


class BadHeads(Exception):
    """A line of a file of heads is not a head. `line` counts from 1."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"Line {line} is not a head of the audit log.")


def head_in_words(head: Head) -> str:
    """Return a head as one line, as `read_heads` reads it."""
    at = head.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if head.at else "never"
    return f"{head.hash} {head.entries} entries, the newest of {at}"


def note_head(path: str | Path = "") -> Head:
    """Append the head to a file, and send it to the `security` stream of the log.

    Without a path, LEDGER_HEAD_FILE names the file; if that is empty, only the log has it. Raises OSError.
    """
    head = head_now()
    stream.info("ledger-head", hash=head.hash, entries=head.entries, entry=head.entry_id)
    if path := path or settings.LEDGER_HEAD_FILE:
        with Path(path).open("a", encoding="ascii") as file:
            file.write(f"{head_in_words(head)}\n")
    return head


def read_heads(lines: Iterable[str]) -> dict[str, int | None]:
    """Return the hashes of noted heads, each with the number of entries then, or None if the line has only a hash.

    Raises BadHeads.
    """
    heads: dict[str, int | None] = {}
    for place, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise BadHeads(place)
        # From before the first entry.
        if found[1] == NOTHING_BEFORE:
            continue
        heads[found[1]] = int(found[2]) if found[2] else None
    return heads
