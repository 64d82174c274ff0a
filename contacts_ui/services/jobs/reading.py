"""How a job stands: its counts, how long it will take, its rows, and all of it as a table for a spreadsheet."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from django.db.models import Count, QuerySet
from django.utils import timezone

from contacts_ui.models import Job, JobRow, Vendor
from contacts_ui.models.job import JobKind, JobState, RowCategory, RowState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.services import ledger
from contacts_ui.services.budget import slicktext_budget
from contacts_ui.services.jobs.making import ACTS_ON
from contacts_ui.services.spreadsheets import csv_chunks
from contacts_ui.services.vendors import connected

# Calls to SlickText for one row, as far as that can be said before.
CALLS: Final = {
    JobKind.STOP: 1.0,
    JobKind.TELL: 1.0,
    JobKind.REPAIR: 1.0,
    JobKind.ASK_LIFT: 0.0,
    JobKind.EDIT: 2.0,
    JobKind.IMPORT: 2.0,
}
# A number that nobody has is refused, and then looked up.
CALLS_FOR_NOBODY: Final = 2.0
# Before so many rows and seconds its own pace says nothing.
ENOUGH_ROWS, ENOUGH_SECONDS = 20, 10.0
HEADINGS: Final = (
    "Line", "As given", "Name", "Number", "Contact id", "Found", "State", "What became of it", "Ledger entry",
)  # fmt: skip


@dataclass(frozen=True)
class Progress:
    """Where the rows of a job stand, only those that it acts on; `seconds_left` None where nobody can say."""

    total: int
    waiting: int = 0
    working: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    seconds_left: float | None = None

    @property
    def settled(self) -> int:
        """How many have ended, one way or another."""
        return self.done + self.failed + self.skipped

    @property
    def moving(self) -> bool:
        """Whether a vendor still has to answer."""
        return self.working > 0


def progress_of(job: Job) -> Progress:
    """How far a job is, by one look at an index; a finished one has written it down."""
    counts = job.results if job.state == JobState.DONE else _counts(job)
    left_out = sum(
        many for category, many in job.counts.items() if category not in ACTS_ON[JobKind(job.kind)]
    )
    progress = Progress(
        job.total,
        counts.get(RowState.WAITING, 0),
        counts.get(RowState.WORKING, 0),
        counts.get(RowState.DONE, 0),
        counts.get(RowState.FAILED, 0),
        max(counts.get(RowState.SKIPPED, 0) - left_out, 0),
    )
    left = progress.waiting + progress.working
    return replace(progress, seconds_left=_seconds(job, progress, left) if left else 0.0)


def newest(*, limit: int, offset: int) -> tuple[list[Job], int]:
    """A page of the jobs, the newest first, and how many there are. Those still being prepared are left out."""
    there = Job.objects.exclude(counts={})
    return list(there.order_by("-pk")[offset : offset + limit]), there.count()


def get(pk: int) -> Job:
    """One job. Raises Job.DoesNotExist, also for one that is still being prepared."""
    job = Job.objects.get(pk=pk)
    if not job.counts:
        raise Job.DoesNotExist
    return job


def rows(job: Job, show: str = "") -> QuerySet[JobRow]:
    """The rows in their order: all, or those of one category or one state."""
    chosen = job.rows.order_by("position")
    if show in RowCategory.values:
        return chosen.filter(category=show)
    return chosen.filter(state=show) if show in RowState.values else chosen


def counts_of(job: Job, *, by_state: bool) -> dict[str, int]:
    """How many rows there are of each category, or of each state."""
    if not by_state:
        return {category: job.counts.get(category, 0) for category in RowCategory.values}
    counts = job.results if job.state == JobState.DONE else _counts(job)
    return {state: counts.get(state, 0) for state in RowState.values}


@dataclass(frozen=True)
class Results:
    """The rows on their way out. `chunks` may be read once."""

    file_name: str
    chunks: Iterator[str]


def results(*, staff: Staff, job: Job, show: str = "") -> Results:
    """The rows as CSV; the ledger keeps who took them along. Raises NotAllowed."""
    require(staff, "bulk_work")
    chosen = rows(job, show)
    ledger.record(
        action=Action.JOB_EXPORTED,
        staff=staff,
        number="",
        after={"job": job.pk, "filters": {"show": show} if show else {}, "count": chosen.count()},
    )
    lines = (_cells(row) for row in chosen.iterator(chunk_size=2000))
    name = f"job-{job.pk}{f'-{show}' if show else ''}-{timezone.localdate():%Y-%m-%d}.csv"
    return Results(name, csv_chunks(HEADINGS, lines))


def _cells(row: JobRow) -> list[str]:
    return [
        str(row.position), row.typed, row.label, row.number, str(row.contact_id or ""), row.get_category_display(),
        row.get_state_display(), row.outcome, str(row.ledger_entry_id or ""),
    ]  # fmt: skip


def _counts(job: Job) -> dict[str, int]:
    by_state = job.rows.order_by().values_list("state").annotate(many=Count("pk"))
    return dict(by_state)


def _seconds(job: Job, progress: Progress, left: int) -> float | None:
    """By the call budget, or by the job's own pace so far where that is slower."""
    rates = [rate for rate in (_allowed(job), _measured(job, progress)) if rate]
    return left / min(rates) if rates else None


def _allowed(job: Job) -> float | None:
    """Rows a second that the budget of calls has room for."""
    kind = JobKind(job.kind)
    calls = CALLS[kind]
    if not calls or Vendor.SLICKTEXT not in connected():
        return None
    if kind in (JobKind.STOP, JobKind.TELL) and job.total:
        nobodys = job.counts.get(RowCategory.UNKNOWN, 0) / job.total
        calls += nobodys * (CALLS_FOR_NOBODY - calls)
    return slicktext_budget().even_pace / calls


def _measured(job: Job, progress: Progress) -> float | None:
    if progress.settled < ENOUGH_ROWS or job.active_seconds < ENOUGH_SECONDS:
        return None
    return progress.settled / job.active_seconds
