"""What became of a row, and writing it down."""

from dataclasses import dataclass

from contacts_ui.models import JobRow, LedgerEntry
from contacts_ui.models.job import RowState


@dataclass(frozen=True)
class Outcome:
    """Where a row stands now, in words for people, and the ledger entry that was made for it, if one was."""

    state: RowState
    words: str = ""
    entry: LedgerEntry | None = None

    def write(self, row: JobRow) -> None:
        """Move the row on. What has ended already stays as it ended."""
        changes: dict[str, object] = {"state": self.state, "outcome": self.words[:500]}
        if self.entry is not None:
            changes["ledger_entry_id"] = self.entry.pk
        open_states = (RowState.WAITING, RowState.WORKING)
        JobRow.objects.filter(pk=row.pk, state__in=open_states).update(**changes)


def done(words: str, entry: LedgerEntry | None = None) -> Outcome:
    """It was done."""
    return Outcome(RowState.DONE, words, entry)


def skipped(words: str) -> Outcome:
    """Nothing had to be done, or could be."""
    return Outcome(RowState.SKIPPED, words)
