"""Jobs as tests make and run them."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexSync, Job, Vendor
from contacts_ui.models.job import JobKind, JobState
from contacts_ui.services import index, jobs
from contacts_ui.services.consent import delivery
from contacts_ui.services.jobs.sources import Source, from_text
from contacts_ui.worker import schedule

NUMBERS = [f"+1615555{last:04}" for last in range(2000, 2400)]


def prepare(
    staff: User, numbers: Iterable[str], kind: JobKind = JobKind.STOP, **params: Any
) -> Job:
    """Prepare a job about these numbers, as pasted."""
    lines = "\n".join(numbers)
    return jobs.create(
        staff=staff, kind=kind, source=Source("A pasted list", from_text(lines)), params=params
    )


def started(
    staff: User, numbers: Iterable[str], kind: JobKind = JobKind.STOP, **params: Any
) -> Job:
    """Prepare a job and start it."""
    return jobs.start(staff=staff, pk=prepare(staff, numbers, kind, **params).pk)


def deliver_all() -> int:
    """Deliver everything that is due, as the worker does."""
    many = 0
    for vendor in Vendor:
        while delivery.deliver_next(vendor):
            many += 1
    return many


def work_off(job: Job, *, turns: int = 500) -> Job:
    """Give the job turns, and the vendors what is due, until it has ended."""
    for _ in range(turns):
        schedule.run_jobs()
        deliver_all()
        job.refresh_from_db()
        if job.state in (JobState.DONE, JobState.CANCELLED):
            return job
    raise AssertionError("the job did not end")


def scheduled() -> dict[Any, float]:
    """Return what the worker runs again and again, and every how many seconds."""
    return {task.run: task.every_seconds for tasks in schedule.SCHEDULE.values() for task in tasks}


def fill_index(*contacts: Contact, ready: bool = True) -> None:
    """Put these people into the index, and mark it complete."""
    now = timezone.now()
    index.store(contacts, now)
    if ready:
        IndexSync.objects.update_or_create(
            pk=1, defaults={"next_at": now, "finished_at": now, "total": len(contacts)}
        )


def states(job: Job) -> dict[str, int]:
    """Return the number of rows in each state."""
    found: dict[str, int] = {}
    for state in job.rows.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found
