"""Moving jobs along, each row exactly once, whatever is killed in between.

A stop (and an asked lift) is recorded in the same transaction that moves its row on: either both are there or neither.
What needs a call to a vendor is marked as begun before the call, and looked at again where nobody wrote down how it
ended. A row that is on its way is settled once the vendors have answered.
"""

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from contacts_ui.integrations.errors import BadCredentials, Refused, VendorError
from contacts_ui.models import Job, JobRow
from contacts_ui.models.job import JobKind, JobState, RowState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff
from contacts_ui.request_id import request_id
from contacts_ui.services import ledger
from contacts_ui.services.jobs import editing, recording
from contacts_ui.services.jobs.controls import starter_of
from contacts_ui.services.jobs.outcomes import Outcome
from contacts_ui.services.jobs.settling import settle

State = JobState
# So many rows of a job are on their way at once (two wishes each): whoever is stopped by a person waits for no more.
ON_THEIR_WAY_AT_ONCE: Final = 100
# How long one job is worked on before the next has its turn.
TURN_SECONDS: Final = 1.5
# Outlasts what is done about one row: recording it, or all calls about it, so that two workers never call about one.
LEASE_TO_RECORD: Final = timedelta(seconds=15)
LEASE_TO_CALL: Final = timedelta(seconds=60)
AFTER_TROUBLE: Final = timedelta(seconds=5)
# A pause longer than this between two turns was none of work.
LONGEST_STEP: Final = 10.0
LONGEST_GAP_SECONDS: Final = 0.05

logger = logging.getLogger(__name__)

# Records what the row asks for, inside the transaction that moves the row on. Called once.
Recorder = Callable[[Job, JobRow, Staff], Outcome]
# Does the row at a vendor. Called again where nobody knows how it ended, so it compares before it sends. Raises
# VendorError.
Doer = Callable[[Job, JobRow, Staff], Outcome]
RECORDERS: Final[dict[JobKind, Recorder]] = {
    JobKind.STOP: recording.stop,
    JobKind.ASK_LIFT: recording.ask_lift,
    JobKind.TELL: recording.tell,
    JobKind.REPAIR: recording.repair,
}
DOERS: Final[dict[JobKind, Doer]] = {JobKind.EDIT: editing.edit}

__all__ = ["DOERS", "Outcome", "go_on"]


def go_on() -> int:
    """Give every job that has something to do a turn; return how many rows moved. Many workers may call it at once."""
    moved = 0
    for pk in _open_jobs():
        job = _take(pk)
        if job is None:
            continue
        try:
            with request_id(job.reference):
                moved += _Turn(job).take()
        finally:
            _release(job)
    return moved


@dataclass
class _Turn:
    """One turn of one job, under its lease."""

    job: Job

    def take(self) -> int:
        """Settle what was answered, begin what may begin, and finish the job after its last row."""
        moved = settle(self.job)
        if self.job.state == State.RUNNING:
            moved += self._begin()
        self._finish()
        return moved

    def _begin(self) -> int:
        staff = self._staff()
        if staff is None:
            return 0
        kind, until = JobKind(self.job.kind), time.monotonic() + TURN_SECONDS
        recorder = RECORDERS.get(kind)
        rows = self._to_record() if recorder else self._to_do()
        moved = 0
        for pk in rows:
            began = time.monotonic()
            if began >= until or not self._renew():
                break
            if recorder:
                moved += _record(self.job, pk, staff, recorder)
            elif not self._call(pk, staff):
                break
            else:
                moved += 1
            _leave_a_gap(began)
        return moved

    def _staff(self) -> Staff | None:
        """Who started it, as long as they may still do what it does; else it stands, and says why."""
        staff = starter_of(self.job)
        if staff is None:
            who = self.job.staff_name
            self._stand(f"{who} may not do this any more. Somebody who may has to go on with it.")
        return staff

    def _stand(self, why: str) -> None:
        with transaction.atomic():
            ledger.record(
                action=Action.JOB_PAUSED,
                staff=None,
                number="",
                reason=why,
                after={"job": self.job.pk, "kind": self.job.kind},
            )
            Job.objects.filter(pk=self.job.pk, state=State.RUNNING).update(
                state=State.PAUSED, note=why
            )

    def _to_record(self) -> list[int]:
        room = ON_THEIR_WAY_AT_ONCE - self.job.rows.filter(state=RowState.WORKING).count()
        waiting = self.job.rows.filter(state=RowState.WAITING).order_by("position")
        return list(waiting.values_list("pk", flat=True)[: max(room, 0)])

    def _to_do(self) -> list[int]:
        """First what was begun and never ended: a worker died, or a vendor did not answer."""
        rows = self.job.rows.order_by("position").values_list("pk", flat=True)
        begun = rows.filter(state=RowState.WORKING)[:ON_THEIR_WAY_AT_ONCE]
        return [*begun, *rows.filter(state=RowState.WAITING)[:ON_THEIR_WAY_AT_ONCE]]

    def _renew(self) -> bool:
        until = timezone.now() + _lease_of(JobKind(self.job.kind))
        mine = Job.objects.filter(pk=self.job.pk, lease=self.job.lease, state=State.RUNNING)
        return bool(mine.update(leased_until=until))

    def _call(self, pk: int, staff: Staff) -> bool:
        """Do one row at a vendor; False when the vendor is in trouble, and the job waits."""
        row = _mark_begun(self.job, pk)
        if row is None:
            return True
        try:
            outcome = DOERS[JobKind(self.job.kind)](self.job, row, staff)
        except VendorError as error:
            if isinstance(error, Refused) and not isinstance(error, BadCredentials):
                outcome = Outcome(RowState.FAILED, error.words or error.person)
            else:
                self._wait(error)
                return False
        except Exception:
            logger.exception("row %s of %s failed", pk, self.job)
            outcome = Outcome(
                RowState.FAILED, "Something went wrong on our side; the log says what."
            )
        outcome.write(row)
        if self.job.note:
            # The vendor answers again.
            Job.objects.filter(pk=self.job.pk).update(note="")
            self.job.note = ""
        return True

    def _wait(self, error: VendorError) -> None:
        pause = max(AFTER_TROUBLE, timedelta(seconds=error.retry_after or 0))
        Job.objects.filter(pk=self.job.pk).update(
            not_before=timezone.now() + pause, note=error.person[:300]
        )

    def _finish(self) -> None:
        """Done, once its last row has ended."""
        left = self.job.rows.filter(state__in=(RowState.WAITING, RowState.WORKING))
        if left.exists():
            return
        results = results_of(self.job)
        with transaction.atomic():
            # In the chain first, as everybody who moves a job.
            ledger.take_turn()
            running = Job.objects.filter(pk=self.job.pk, state__in=(State.RUNNING, State.PAUSED))
            moved = running.update(
                state=State.DONE, finished_at=timezone.now(), results=results, note=""
            )
            if moved:
                ledger.record(
                    action=Action.JOB_FINISHED,
                    staff=None,
                    number="",
                    after={"job": self.job.pk, "kind": self.job.kind, "count": self.job.total},
                    answer=results,
                )


def results_of(job: Job) -> dict[str, int]:
    """How many of its rows stand how, by one look at an index."""
    counts = {state.value: 0 for state in RowState}
    for state in RowState:
        counts[state.value] = job.rows.filter(state=state).count()
    return counts


def _open_jobs() -> list[int]:
    """Running jobs, and those that are paused or cancelled while rows are still on their way."""
    now = timezone.now()
    on_their_way = JobRow.objects.filter(job=OuterRef("pk"), state=RowState.WORKING)
    last_rows = Q(state__in=(State.PAUSED, State.CANCELLED)) & Exists(on_their_way)
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    jobs = Job.objects.filter(Q(state=State.RUNNING) | last_rows).filter(free)
    jobs = jobs.filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
    return list(jobs.order_by("pk").values_list("pk", flat=True))


def _take(pk: int) -> Job | None:
    """Lease a job, unless another worker was faster."""
    now, lease = timezone.now(), uuid.uuid4().hex
    job = Job.objects.get(pk=pk)
    until = now + _lease_of(JobKind(job.kind))
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    if not Job.objects.filter(free, pk=pk).update(lease=lease, leased_until=until):
        return None
    job.refresh_from_db()
    if job.worked_at and job.state == State.RUNNING:
        job.active_seconds += min((now - job.worked_at).total_seconds(), LONGEST_STEP)
    Job.objects.filter(pk=pk).update(worked_at=now, active_seconds=job.active_seconds)
    return job


def _lease_of(kind: JobKind) -> timedelta:
    return LEASE_TO_RECORD if kind in RECORDERS else LEASE_TO_CALL


def _release(job: Job) -> None:
    Job.objects.filter(pk=job.pk, lease=job.lease).update(lease="", leased_until=None)


def _record(job: Job, pk: int, staff: Staff, recorder: Recorder) -> bool:
    """Record one row's request and move the row on, in one transaction: it is done once or not at all."""
    with transaction.atomic():
        # In the chain first: whoever cancels meanwhile waits, or has been first.
        ledger.take_turn()
        rows = JobRow.objects.select_for_update().filter(pk=pk, state=RowState.WAITING)
        row = rows.filter(job__state=State.RUNNING).first() if _running(job) else None
        if row is None:
            return False
        recorder(job, row, staff).write(row)
    return True


def _running(job: Job) -> bool:
    return Job.objects.filter(pk=job.pk, state=State.RUNNING).exists()


def _mark_begun(job: Job, pk: int) -> JobRow | None:
    """The row, marked as begun before any vendor hears of it; None where somebody cancelled first."""
    with transaction.atomic():
        waiting = JobRow.objects.filter(pk=pk, state=RowState.WAITING)
        if _running(job):
            waiting.update(state=RowState.WORKING)
    return JobRow.objects.filter(pk=pk, state=RowState.WORKING).first()


def _leave_a_gap(began: float) -> None:
    if connection.vendor == "sqlite":
        # Its one lock is not given in turns: without a gap, who clicks would wait for a whole turn of ours.
        time.sleep(min(time.monotonic() - began, LONGEST_GAP_SECONDS))
