"""Report a job's state: its counts, the time left, its rows, and its results as CSV."""

from dataclasses import dataclass, replace
from typing import Final

from django.db.models import Count, QuerySet
from django.utils import timezone

from contacts_ui.models import Job, JobRow, Vendor
from contacts_ui.models.job import JobKind, RowCategory, RowState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import pretty
from contacts_ui.services import audit_log
from contacts_ui.services.files.writing import Download, csv_download
from contacts_ui.services.jobs.creation import ACTS_ON
from contacts_ui.services.security import exported
from contacts_ui.services.vendors import connected
from contacts_ui.services.vendors.rate_limit import slicktext_budget

# Estimated calls to SlickText for one row.
CALLS_PER_ROW: Final = {
    JobKind.STOP: 1.0,
    JobKind.TELL: 1.0,
    JobKind.REPAIR: 1.0,
    JobKind.ASK_LIFT: 0.0,
    JobKind.EDIT: 2.0,
    JobKind.IMPORT: 2.0,
}
# A number that no contact has is refused, and then looked up.
CALLS_PER_UNKNOWN_ROW: Final = 2.0
# With fewer, the job's own pace says nothing.
PACE_MIN_ROWS, PACE_MIN_SECONDS = 20, 10.0
HEADINGS: Final = (
    "Line", "As given", "Name", "Number", "Contact id", "Found", "State", "Outcome", "Audit log entry",
)  # fmt: skip
NUMBERS: Final = ("As given", "Number")


@dataclass(frozen=True)
class Progress:
    """How many rows that a job acts on are in each state; `seconds_left` is None if it is unknown."""

    total: int
    waiting: int = 0
    working: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    seconds_left: float | None = None

    @property
    def settled(self) -> int:
        """Return how many rows have ended, in any way."""
        return self.done + self.failed + self.skipped

    @property
    def moving(self) -> bool:
        """Return True if a vendor still has to answer."""
        return self.working > 0


def progress_of(job: Job) -> Progress:
    """Return how far a job is. A finished job has its results stored."""
    counts = job.results or _counts(job)
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
    if not progress.waiting + progress.working:
        return replace(progress, seconds_left=0.0)
    return replace(progress, seconds_left=_seconds_left(job, progress))


def newest(*, limit: int, offset: int) -> tuple[list[Job], int]:
    """Return a page of the jobs, newest first, and the total. Jobs still being prepared are left out."""
    there = Job.objects.exclude(counts={})
    return list(there.order_by("-pk")[offset : offset + limit]), there.count()


def get(pk: int) -> Job:
    """Return a job. Raises Job.DoesNotExist, also for one still being prepared."""
    job = Job.objects.get(pk=pk)
    if not job.counts:
        raise Job.DoesNotExist
    return job


def rows(job: Job, show: str = "") -> QuerySet[JobRow]:
    """Return the rows in order: all, or those of one category or one state."""
    chosen = job.rows.order_by("position")
    if show in RowCategory.values:
        return chosen.filter(category=show)
    return chosen.filter(state=show) if show in RowState.values else chosen


def counts_of(job: Job, *, by_state: bool) -> dict[str, int]:
    """Return the number of rows of each category, or of each state."""
    if not by_state:
        return {category: job.counts.get(category, 0) for category in RowCategory.values}
    counts = job.results or _counts(job)
    return {state: counts.get(state, 0) for state in RowState.values}


def results(*, staff: Staff, job: Job, show: str = "") -> Download:
    """Export the rows as CSV; the audit log keeps who did. Raises NotAllowed."""
    require(staff, "bulk_work")
    show = show if show in (*RowCategory.values, *RowState.values) else ""
    chosen = rows(job, show)
    count = chosen.count()
    audit_log.record(
        action=Action.JOB_EXPORTED,
        staff=staff,
        after={"job": job.pk, "filters": {"show": show} if show else {}, "count": count},
    )
    exported(staff, "job results", rows=count, job=job.pk)
    lines = (
        (
            str(row.position), row.typed, row.label, pretty(row.number), str(row.contact_id or ""),
            row.get_category_display(), row.get_state_display(), row.outcome, str(row.ledger_entry_id or ""),
        )
        for row in chosen.iterator(chunk_size=2000)
    )  # fmt: skip
    name = f"job-{job.pk}{f'-{show}' if show else ''}-{timezone.localdate():%Y-%m-%d}"
    return csv_download(name, HEADINGS, lines, NUMBERS)


def _counts(job: Job) -> dict[str, int]:
    by_state = job.rows.order_by().values_list("state").annotate(many=Count("pk"))
    return dict(by_state)


def _seconds_left(job: Job, progress: Progress) -> float | None:
    """Return the time left by the rate limit, or by the job's own pace so far if that is slower."""
    kind, rows_per_second = JobKind(job.kind), []
    if (calls := CALLS_PER_ROW[kind]) and Vendor.SLICKTEXT in connected():
        if kind in (JobKind.STOP, JobKind.TELL) and job.total:
            unknown = job.counts.get(RowCategory.UNKNOWN, 0) / job.total
            calls += unknown * (CALLS_PER_UNKNOWN_ROW - calls)
        rows_per_second.append(slicktext_budget().even_pace / calls)
    if progress.settled >= PACE_MIN_ROWS and job.active_seconds >= PACE_MIN_SECONDS:
        rows_per_second.append(progress.settled / job.active_seconds)
    left = progress.waiting + progress.working
    return left / min(rows_per_second) if rows_per_second else None
