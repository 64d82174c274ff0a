"""What the vendors said about the rows that are on their way."""

from django.db import transaction

from contacts_ui.models import Job, JobRow, Vendor, Wish
from contacts_ui.models.job import RowState
from contacts_ui.models.wish import WishState
from contacts_ui.services.jobs.outcomes import Outcome, done

AT_ONCE = 500


def settle(job: Job) -> int:
    """Move on the recorded rows whose vendors have all answered; return how many."""
    rows = list(
        job.rows.filter(state=RowState.WORKING, ledger_entry_id__isnull=False).order_by("position")[
            :AT_ONCE
        ]
    )
    wishes: dict[str, list[Wish]] = {row.number: [] for row in rows}
    for wish in Wish.objects.filter(number__in=wishes).order_by("-vendor"):
        wishes[wish.number].append(wish)
    ended = [(row, outcome) for row in rows if (outcome := _outcome(row, wishes[row.number]))]
    if ended:
        with transaction.atomic():
            for row, outcome in ended:
                outcome.write(row)
    return len(ended)


def _outcome(row: JobRow, wishes: list[Wish]) -> Outcome | None:
    """How the row ended; None while a vendor has not answered."""
    own = [wish for wish in wishes if wish.ledger_entry_id == row.ledger_entry_id]
    if any(wish.state == WishState.ON_ITS_WAY for wish in own):
        return None
    if any(wish.ledger_entry_id > (row.ledger_entry_id or 0) for wish in wishes):
        return done("Recorded; something newer took its place before every vendor had answered.")
    refused = [wish for wish in own if wish.state == WishState.REFUSED]
    if refused:
        words = "; ".join(f"{_name(wish)} refused it: {wish.answer}" for wish in refused)
        return Outcome(RowState.FAILED, words)
    return done(_how_it_was_done(own))


def _how_it_was_done(own: list[Wish]) -> str:
    confirmed = [wish for wish in own if wish.state != WishState.SETTLED]
    sentences = []
    if confirmed:
        sentences.append(f"Confirmed by {' and '.join(_name(wish) for wish in confirmed)}.")
    sentences += [f"Settled by hand for {_name(wish)}." for wish in own if wish not in confirmed]
    sentences += [f"{_name(wish)}: {wish.answer}" for wish in confirmed if wish.answer]
    return " ".join(sentences)


def _name(wish: Wish) -> str:
    return Vendor(wish.vendor).label
