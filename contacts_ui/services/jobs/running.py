"""Move jobs along, each row exactly once, even if a worker is killed at any point.

A stop (and a lift request) is recorded in the transaction that moves its row on: both are there, or neither.
What needs a call to a vendor is marked as begun before the call, and looked at again where its end was not recorded.
A row that was recorded ends once the vendors have answered.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from contacts_ui.database import leave_room
from contacts_ui.integrations.errors import BadCredentials, Refused, VendorError
from contacts_ui.models import Job, JobRow
from contacts_ui.models.job import JobKind, JobState, RowState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff
from contacts_ui.request_id import request_id
from contacts_ui.services import audit_log
from contacts_ui.services.jobs.controls import starter_of
from contacts_ui.services.jobs.outcomes import Outcome, complete_delivered
from contacts_ui.services.vendors import leases

State = JobState
# Two deliveries each: a stop made by a person waits for no more than these.
MAX_ROWS_ON_THEIR_WAY: Final = 100
# Then the next job has its turn.
TURN_SECONDS: Final = 1.5
# Longer than recording a row, or all calls about it: two workers never call about the same row.
LEASE_TO_RECORD: Final = timedelta(seconds=15)
LEASE_TO_CALL: Final = timedelta(seconds=60)
RETRY_AFTER_ERROR: Final = timedelta(seconds=5)
# A longer pause between two turns does not count as work.
STEP_MAX_SECONDS: Final = 10.0

logger = logging.getLogger(__name__)

# Handles one row for the person who started the job. A handler of RECORDED_KINDS runs once, inside the transaction that
# moves the row on. Any other calls a vendor, may be called again, and so compares before it sends; raises VendorError.
RowHandler = Callable[[Job, JobRow, Staff], Outcome]
RECORDED_KINDS: Final = frozenset([JobKind.STOP, JobKind.ASK_LIFT, JobKind.TELL, JobKind.REPAIR])


def run_due(handlers: Mapping[JobKind, RowHandler]) -> int:
    """Run a turn of every job with work to do; return how many rows moved. Safe to call from many workers."""
    moved = 0
    for each in list(open_jobs()):
        job = leases.take(open_jobs().filter(pk=each.pk), _lease_of(each), _count_work)
        if job is None:
            continue
        try:
            with request_id(job.reference):
                moved += _Turn(job, handlers[JobKind(job.kind)]).run()
        finally:
            leases.release(job)
    return moved


@dataclass
class _Turn:
    """One turn of one job, under its lease."""

    job: Job
    handler: RowHandler

    def run(self) -> int:
        """End the rows that were answered, begin what may begin, and finish the job after its last row."""
        moved = complete_delivered(self.job)
        if self.job.state == State.RUNNING:
            moved += self.begin()
        self.finish()
        return moved

    def begin(self) -> int:
        staff = starter_of(self.job)
        if staff is None:
            self.pause_without_starter()
            return 0
        is_recorded = JobKind(self.job.kind) in RECORDED_KINDS
        moved, until = 0, time.monotonic() + TURN_SECONDS
        for pk in self.rows_to_record() if is_recorded else self.rows_to_call_about():
            began = time.monotonic()
            running = leases.held(self.job).filter(state=State.RUNNING)
            leased_until = timezone.now() + _lease_of(self.job)
            if began >= until or not running.update(leased_until=leased_until):
                break
            if is_recorded:
                moved += self.record(pk, staff)
            elif not self.call(pk, staff):
                break
            else:
                moved += 1
            leave_room(began)
        return moved

    def pause_without_starter(self) -> None:
        """Pause a job whose starter may no longer do what it does."""
        why = (
            f"{self.job.staff_name} is no longer allowed to do this. A manager can resume the job."
        )
        with transaction.atomic():
            audit_log.record(
                action=Action.JOB_PAUSED,
                staff=None,
                reason=why,
                after={"job": self.job.pk, "kind": self.job.kind},
            )
            Job.objects.filter(pk=self.job.pk, state=State.RUNNING).update(
                state=State.PAUSED, note=why
            )

    def rows_to_record(self) -> list[int]:
        room = MAX_ROWS_ON_THEIR_WAY - self.job.rows.filter(state=RowState.WORKING).count()
        waiting = self.job.rows.filter(state=RowState.WAITING).order_by("position")
        return list(waiting.values_list("pk", flat=True)[: max(room, 0)])

    def rows_to_call_about(self) -> list[int]:
        """Return first what was begun and never ended: a worker died, or a vendor did not answer."""
        rows = self.job.rows.order_by("position").values_list("pk", flat=True)
        begun = rows.filter(state=RowState.WORKING)[:MAX_ROWS_ON_THEIR_WAY]
        return [*begun, *rows.filter(state=RowState.WAITING)[:MAX_ROWS_ON_THEIR_WAY]]

    def record(self, pk: int, staff: Staff) -> bool:
        """Record one row and move it on, in one transaction: this happens once or not at all."""
        with transaction.atomic():
            # In the chain first: a person who cancels now waits, or was first.
            audit_log.take_turn()
            rows = JobRow.objects.select_for_update().filter(pk=pk, state=RowState.WAITING)
            row = rows.first() if self.is_running() else None
            if row is None:
                return False
            self.handler(self.job, row, staff).write(row)
        return True

    def call(self, pk: int, staff: Staff) -> bool:
        """Handle one row at a vendor; return False where the vendor has an error, and the job waits."""
        with transaction.atomic():
            waiting = JobRow.objects.filter(pk=pk, state=RowState.WAITING)
            if self.is_running():
                waiting.update(state=RowState.WORKING)
        row = JobRow.objects.filter(pk=pk, state=RowState.WORKING).first()
        if row is None:
            # Canceled first.
            return True
        try:
            outcome = self.handler(self.job, row, staff)
        except VendorError as error:
            if not isinstance(error, Refused) or isinstance(error, BadCredentials):
                not_before = timezone.now() + leases.pause_after(error, RETRY_AFTER_ERROR)
                Job.objects.filter(pk=self.job.pk).update(
                    not_before=not_before, note=error.person[:300]
                )
                return False
            outcome = Outcome(RowState.FAILED, error.words or error.person)
        except Exception:
            logger.exception("row %s of %s failed", pk, self.job)
            outcome = Outcome(
                RowState.FAILED, "Something went wrong on our side. The log has the details."
            )
        outcome.write(row)
        if self.job.note:
            # The vendor answers again.
            Job.objects.filter(pk=self.job.pk).update(note="")
            self.job.note = ""
        return True

    def is_running(self) -> bool:
        return Job.objects.filter(pk=self.job.pk, state=State.RUNNING).exists()

    def finish(self) -> None:
        """End the job once its last row has ended."""
        left = self.job.rows.filter(state__in=(RowState.WAITING, RowState.WORKING))
        if left.exists():
            return
        results = results_of(self.job)
        with transaction.atomic():
            # In the chain first, like everything that moves a job.
            audit_log.take_turn()
            running = Job.objects.filter(pk=self.job.pk, state__in=(State.RUNNING, State.PAUSED))
            moved = running.update(
                state=State.DONE, finished_at=timezone.now(), results=results, note=""
            )
            if moved:
                audit_log.record(
                    action=Action.JOB_FINISHED,
                    staff=None,
                    after={"job": self.job.pk, "kind": self.job.kind, "count": self.job.total},
                    answer=results,
                )


def results_of(job: Job) -> dict[str, int]:
    """Return how many rows are in each state; each count is one look at an index."""
    return {state.value: job.rows.filter(state=state).count() for state in RowState}


def open_jobs(now: datetime | None = None) -> QuerySet[Job]:
    """Return free jobs that are running, and those paused or canceled that have rows on their way."""
    on_their_way = JobRow.objects.filter(job=OuterRef("pk"), state=RowState.WORKING)
    last_rows = Q(state__in=(State.PAUSED, State.CANCELLED)) & Exists(on_their_way)
    now = now or timezone.now()
    due = Q(not_before=None) | Q(not_before__lte=now)
    is_open = Q(state=State.RUNNING) | last_rows
    return Job.objects.filter(is_open, due, leases.free(now)).order_by("pk")


def _count_work(job: Job) -> dict[str, Any]:
    """Return how long the job has been worked on, with the time since its last turn."""
    now, seconds = timezone.now(), job.active_seconds
    if job.worked_at and job.state == State.RUNNING:
        seconds += min((now - job.worked_at).total_seconds(), STEP_MAX_SECONDS)
    return {"worked_at": now, "active_seconds": seconds}


def _lease_of(job: Job) -> timedelta:
    return LEASE_TO_RECORD if JobKind(job.kind) in RECORDED_KINDS else LEASE_TO_CALL
