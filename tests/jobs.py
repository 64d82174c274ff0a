"""Jobs as tests make and work them."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexWalk, Job, Vendor
from contacts_ui.models.job import JobKind, JobState
from contacts_ui.services import index, jobs
from contacts_ui.services.consent import delivery
from contacts_ui.services.jobs.sources import Source, from_text

NUMBERS = [f"+1615555{last:04}" for last in range(2000, 2400)]


def prepare(
    staff: User, numbers: Iterable[str], kind: JobKind = JobKind.STOP, **params: Any
) -> Job:
    """A job about these numbers, as pasted."""
    lines = "\n".join(numbers)
    return jobs.create(
        staff=staff, kind=kind, source=Source("A pasted list", from_text(lines)), params=params
    )


def started(
    staff: User, numbers: Iterable[str], kind: JobKind = JobKind.STOP, **params: Any
) -> Job:
    """As `prepare`, and the second press is made."""
    return jobs.start(staff=staff, pk=prepare(staff, numbers, kind, **params).pk)


def deliver_all() -> int:
    """Deliver whatever is due, as the crew does."""
    many = 0
    for vendor in Vendor:
        while delivery.deliver_next(vendor):
            many += 1
    return many


def work_off(job: Job, *, turns: int = 50) -> Job:
    """Give the job turns, and the vendors what is due, until it has ended."""
    for _ in range(turns):
        jobs.go_on()
        deliver_all()
        job.refresh_from_db()
        if job.state in (JobState.DONE, JobState.CANCELLED):
            return job
    raise AssertionError("the job did not end")


def fill_index(*contacts: Contact, ready: bool = True) -> None:
    """Have the index know these people, and everybody."""
    now = timezone.now()
    index.learn(contacts, now)
    if ready:
        IndexWalk.objects.update_or_create(
            pk=1, defaults={"next_at": now, "finished_at": now, "total": len(contacts)}
        )


def states(job: Job) -> dict[str, int]:
    """How many rows stand how, those of no row left out."""
    found: dict[str, int] = {}
    for state in job.rows.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found
