"""How a row ended: in words for people, once the vendors have answered."""

from dataclasses import dataclass

from django.db import transaction

from contacts_ui.models import DesiredState, Job, JobRow, LedgerEntry, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.job import RowState

BATCH_ROWS = 500


@dataclass(frozen=True)
class Outcome:
    """The state of a row, in words for people, and its audit log entry if it has one."""

    state: RowState
    words: str = ""
    entry: LedgerEntry | None = None

    def write(self, row: JobRow) -> None:
        """Save the outcome, unless the row has ended already."""
        changes: dict[str, object] = {"state": self.state, "outcome": self.words[:500]}
        if self.entry is not None:
            changes["ledger_entry_id"] = self.entry.pk
        open_states = (RowState.WAITING, RowState.WORKING)
        JobRow.objects.filter(pk=row.pk, state__in=open_states).update(**changes)


def done(words: str, entry: LedgerEntry | None = None) -> Outcome:
    """Return the outcome of a row that was done."""
    return Outcome(RowState.DONE, words, entry)


def skipped(words: str) -> Outcome:
    """Return the outcome of a row for which nothing was done."""
    return Outcome(RowState.SKIPPED, words)


def complete_delivered(job: Job) -> int:
    """End the recorded rows that every vendor has answered; return how many."""
    recorded = job.rows.filter(state=RowState.WORKING, ledger_entry_id__isnull=False)
    rows = list(recorded.order_by("position")[:BATCH_ROWS])
    desired: dict[str, list[DesiredState]] = {row.number: [] for row in rows}
    for each in DesiredState.objects.filter(number__in=desired).order_by("-vendor"):
        desired[each.number].append(each)
    ended = [(row, outcome) for row in rows if (outcome := _delivered(row, desired[row.number]))]
    if ended:
        with transaction.atomic():
            for row, outcome in ended:
                outcome.write(row)
    return len(ended)


def _delivered(row: JobRow, desired: list[DesiredState]) -> Outcome | None:
    """Return how the row ended, or None while a vendor has not answered."""
    own = [each for each in desired if each.ledger_entry_id == row.ledger_entry_id]
    if any(each.state == DeliveryState.ON_ITS_WAY for each in own):
        return None
    if any(each.ledger_entry_id > (row.ledger_entry_id or 0) for each in desired):
        return done("Recorded. A newer change replaced it before every vendor answered.")
    refused = [each for each in own if each.state == DeliveryState.REFUSED]
    if refused:
        words = "; ".join(f"{_name(each)} refused it: {each.answer}" for each in refused)
        return Outcome(RowState.FAILED, words)
    confirmed = [each for each in own if each.state != DeliveryState.SETTLED]
    sentences = []
    if confirmed:
        sentences.append(f"Confirmed by {' and '.join(map(_name, confirmed))}.")
    sentences += [f"Resolved by hand for {_name(each)}." for each in own if each not in confirmed]
    sentences += [f"{_name(each)}: {each.answer}" for each in confirmed if each.answer]
    return done(" ".join(sentences))


def _name(desired: DesiredState) -> str:
    return Vendor(desired.vendor).label
