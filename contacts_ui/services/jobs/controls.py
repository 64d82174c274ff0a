"""Starting, pausing, resuming and cancelling a job. What is recorded stays recorded, whatever becomes of the rest.

Each writes its ledger entry first: that queues writers up, so of two managers one decides and the other is told.
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
from contacts_ui.services import ledger
from contacts_ui.services.consent.types import Request
from contacts_ui.services.jobs.making import NEEDS

State = JobState
CANCELLED_BEFORE = "Cancelled before its turn."


class NotNow(Exception):
    """The job does not stand where this could be done; `job` says where it stands."""

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
    """Let the workers begin; `request` says how the people asked, `params` what the job's kind needs.

    Raises NotAllowed, Job.DoesNotExist, NotNow.
    """
    require(staff, "bulk_work")
    job = Job.objects.get(pk=pk)
    require(staff, NEEDS[JobKind(job.kind)])
    asked = request or Request()
    # Who starts it is who acts: it is their name that each row's entry carries.
    changes = {
        "created_by_id": staff.pk,
        "staff_name": ledger.name_of(staff),
        "started_at": timezone.now(),
        "reason": asked.reason,
        "channel": asked.channel,
        "asked_at": asked.asked_at,
        "params": {**job.params, **(params or {})},
    }
    if not job.counts or not job.total:
        raise NotNow(job)
    with transaction.atomic():
        return _move(staff, job, Action.JOB_STARTED, (State.PREVIEW,), State.RUNNING, **changes)


def pause(*, staff: Staff, pk: int) -> Job:
    """Begin no further rows. Raises NotAllowed, Job.DoesNotExist, NotNow."""
    require(staff, "bulk_work")
    with transaction.atomic():
        return _move(
            staff, Job.objects.get(pk=pk), Action.JOB_PAUSED, (State.RUNNING,), State.PAUSED
        )


def resume(*, staff: Staff, pk: int) -> Job:
    """Go on where it stands; in their own name, where whoever started it may not any more.

    Raises NotAllowed, Job.DoesNotExist, NotNow.
    """
    require(staff, "bulk_work")
    job = Job.objects.get(pk=pk)
    changes: dict[str, Any] = {"note": "", "not_before": None}
    if starter_of(job) is None:
        require(staff, NEEDS[JobKind(job.kind)])
        changes |= {"created_by_id": staff.pk, "staff_name": ledger.name_of(staff)}
    with transaction.atomic():
        return _move(staff, job, Action.JOB_RESUMED, (State.PAUSED,), State.RUNNING, **changes)


def starter_of(job: Job) -> Staff | None:
    """Who started it, as long as they may still do what it does."""
    staff = get_user_model().objects.filter(pk=job.created_by_id or 0).first()
    needed = ("bulk_work", NEEDS[JobKind(job.kind)])
    return staff if staff and all(may(staff, each) for each in needed) else None


def cancel(*, staff: Staff, pk: int) -> Job:
    """Never begin the rows that wait. Raises NotAllowed, Job.DoesNotExist, NotNow."""
    require(staff, "bulk_work")
    open_states = (State.PREVIEW, State.RUNNING, State.PAUSED)
    with transaction.atomic():
        job = _move(
            staff,
            Job.objects.get(pk=pk),
            Action.JOB_CANCELLED,
            open_states,
            State.CANCELLED,
            finished_at=timezone.now(),
        )
        job.rows.filter(state=RowState.WAITING).update(
            state=RowState.SKIPPED, outcome=CANCELLED_BEFORE
        )
    return job


def _move(
    staff: Staff | None,
    job: Job,
    action: Action,
    before: tuple[JobState, ...],
    after: JobState,
    **changes: Any,
) -> Job:
    ledger.record(
        action=action,
        staff=staff,
        number="",
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
