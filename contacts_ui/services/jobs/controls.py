"""Start, pause, resume and cancel a job. What is recorded stays recorded.

Each writes its audit log entry first. That queues writers up: of two managers one decides, and the other is told.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from contacts_ui.models import Job
from contacts_ui.models.job import JobKind, JobState, RowState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, may, require
from contacts_ui.services import audit_log
from contacts_ui.services.consent.types import Request
from contacts_ui.services.jobs.creation import PERMISSIONS

State = JobState
CANCELLED_BEFORE = "Canceled before its turn."


class NotNow(Exception):
    """The job is in another state. `job` says which."""

    def __init__(self, job: Job) -> None:
        self.job = job
        super().__init__("not now")


def start(
    *,
    staff: Staff,
    pk: int,
    request: Request | None = None,
    params: Mapping[str, Any] | None = None,
) -> Job:
    """Let the workers begin. `request` says how the people asked, `params` what the job's kind needs.

    Raises NotAllowed, Job.DoesNotExist, NotNow.
    """
    require(staff, "bulk_work")
    job = Job.objects.get(pk=pk)
    require(staff, PERMISSIONS[JobKind(job.kind)])
    asked = request or Request()
    # The person who starts it acts: each row's entry has their name.
    changes = {
        "created_by_id": staff.pk,
        "staff_name": audit_log.name_of(staff),
        "started_at": timezone.now(),
        "reason": asked.reason,
        "channel": asked.channel,
        "asked_at": asked.asked_at,
        "params": {**job.params, **(params or {})},
    }
    if not job.counts or not job.total:
        raise NotNow(job)
    return _move(staff, job, Action.JOB_STARTED, (State.PREVIEW,), State.RUNNING, **changes)


def pause(*, staff: Staff, pk: int) -> Job:
    """Begin no more rows. Raises NotAllowed, Job.DoesNotExist, NotNow."""
    require(staff, "bulk_work")
    job = Job.objects.get(pk=pk)
    return _move(staff, job, Action.JOB_PAUSED, (State.RUNNING,), State.PAUSED)


def resume(*, staff: Staff, pk: int) -> Job:
    """Resume a job, in the name of the person who resumes it if its starter may no longer do this.

    Raises NotAllowed, Job.DoesNotExist, NotNow.
    """
    require(staff, "bulk_work")
    job = Job.objects.get(pk=pk)
    changes: dict[str, Any] = {"note": "", "not_before": None}
    if starter_of(job) is None:
        require(staff, PERMISSIONS[JobKind(job.kind)])
        changes |= {"created_by_id": staff.pk, "staff_name": audit_log.name_of(staff)}
    return _move(staff, job, Action.JOB_RESUMED, (State.PAUSED,), State.RUNNING, **changes)


def starter_of(job: Job) -> Staff | None:
    """Return the person who started the job; None if they may no longer do what it does."""
    staff = get_user_model().objects.filter(pk=job.created_by_id or 0).first()
    needed = ("bulk_work", PERMISSIONS[JobKind(job.kind)])
    return staff if staff and all(may(staff, each) for each in needed) else None


def cancel(*, staff: Staff, pk: int) -> Job:
    """Skip the rows that wait. Raises NotAllowed, Job.DoesNotExist, NotNow."""
    require(staff, "bulk_work")
    open_states = (State.PREVIEW, State.RUNNING, State.PAUSED)
    job, now = Job.objects.get(pk=pk), timezone.now()
    with transaction.atomic():
        _move(staff, job, Action.JOB_CANCELLED, open_states, State.CANCELLED, finished_at=now)
        job.rows.filter(state=RowState.WAITING).update(
            state=RowState.SKIPPED, outcome=CANCELLED_BEFORE
        )
    return job


@transaction.atomic(savepoint=False)
def _move(
    staff: Staff,
    job: Job,
    action: Action,
    before: tuple[JobState, ...],
    after: JobState,
    **changes: Any,
) -> Job:
    audit_log.record(
        action=action,
        staff=staff,
        reason=changes.get("reason", ""),
        channel=changes.get("channel", ""),
        asked_at=changes.get("asked_at"),
        after={"job": job.pk, "kind": job.kind, "source": job.source, "count": job.total},
    )
    moved = Job.objects.filter(pk=job.pk, state__in=before).update(state=after, **changes)
    job.refresh_from_db()
    if not moved:
        raise NotNow(job)
    return job
