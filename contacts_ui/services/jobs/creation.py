"""Prepare a job: look up and sort every line, so that the preview can say exactly what will happen."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from contacts_ui.models import ConsentState, DesiredState, Job, JobRow
from contacts_ui.models.job import JobKind, RowCategory, RowState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import pretty
from contacts_ui.services import audit_log, index
from contacts_ui.services.consent import record
from contacts_ui.services.consent.lift_requests import STOPPED
from contacts_ui.services.consent.rules import judge
from contacts_ui.services.files.table import FILE_MAX_ROWS
from contacts_ui.services.jobs.sources import Candidate, CannotCreate, Source
from contacts_ui.services.vendors import connected

Category = RowCategory
# Short transactions: a stop never waits long for the database's one lock.
BATCH_ROWS: Final = 500

PERMISSIONS: Final = {
    JobKind.STOP: "stop_texts",
    JobKind.ASK_LIFT: "ask_lift",
    JobKind.EDIT: "edit_contacts",
    JobKind.IMPORT: "import_contacts",
    JobKind.TELL: "stop_texts",
    JobKind.REPAIR: "stop_texts",
}
# The rows that a job acts on. The others are only listed.
ACTS_ON: Final = {
    JobKind.STOP: (Category.KNOWN, Category.UNKNOWN, Category.STOPPED),
    JobKind.ASK_LIFT: (Category.STOPPED,),
    JobKind.EDIT: (Category.KNOWN,),
    JobKind.IMPORT: (Category.KNOWN, Category.UNKNOWN),
    JobKind.TELL: (Category.KNOWN, Category.UNKNOWN),
    JobKind.REPAIR: (Category.KNOWN, Category.UNKNOWN),
}
# These act on stopped people too.
ACTS_ON_STOPPED: Final = (JobKind.EDIT, JobKind.IMPORT, JobKind.REPAIR)
_WHY_NOT: Final = {
    (JobKind.TELL, Category.STOPPED): "Every connected vendor was already told.",
    (JobKind.ASK_LIFT, Category.KNOWN): "There is no stop to lift.",
    (JobKind.ASK_LIFT, Category.UNKNOWN): "There is no stop to lift.",
    (JobKind.EDIT, Category.UNKNOWN): "No contact in SlickText has this number, as far as we know.",
}


def create(
    *,
    staff: Staff,
    kind: JobKind,
    source: Source,
    params: Mapping[str, Any] | None = None,
) -> Job:
    """Prepare a job from a source. Nothing is changed for anyone yet. Raises NotAllowed, CannotCreate."""
    require(staff, "bulk_work")
    require(staff, PERMISSIONS[kind])

    def rows(job: Job) -> Iterator[JobRow]:
        sorter, lines, position = _Sorter(job), iter(source.candidates), 0
        while some := list(islice(lines, BATCH_ROWS)):
            if position + len(some) > FILE_MAX_ROWS:
                raise CannotCreate(
                    f"More than {FILE_MAX_ROWS:,} lines are too many for one job. Split them."
                )
            yield from sorter.rows(some, after=position)
            position += len(some)

    params = {"notes": list(source.notes), **(params or {})}
    return create_with_rows(staff=staff, kind=kind, source=source.words, params=params, rows=rows)


def create_with_rows(
    *,
    staff: Staff,
    kind: JobKind,
    source: str,
    params: Mapping[str, Any],
    rows: Callable[[Job], Iterator[JobRow]],
) -> Job:
    """Write a job with the rows that `rows` makes for it. Raises CannotCreate without any.

    The rows are written in short transactions; `counts` is empty until the last one is there.
    """
    job = Job.objects.create(
        kind=kind,
        source=source[:300],
        created_by_id=staff.pk,
        staff_name=audit_log.name_of(staff),
        created_at=timezone.now(),
        params=params,
    )
    counts: Counter[str] = Counter()
    try:
        left = rows(job)
        while some := list(islice(left, BATCH_ROWS)):
            JobRow.objects.bulk_create(some)
            counts.update(str(row.category) for row in some)
        if not counts:
            raise CannotCreate("This list is empty.")
    except BaseException:
        job.delete()
        raise
    with transaction.atomic():
        job.counts, job.total = dict(counts), sum(counts[each] for each in ACTS_ON[kind])
        audit_log.record(
            action=Action.JOB_CREATED,
            staff=staff,
            after={"job": job.pk, "kind": job.kind, "source": job.source, "count": job.total},
        )
        job.save(update_fields=["counts", "total"])
    return job


class _Sorter:
    """Sorts the candidates of one job, and finds the duplicates."""

    def __init__(self, job: Job) -> None:
        self._job, self._kind = job, JobKind(job.kind)
        self._seen: dict[str | int, int] = {}
        self._there = connected()
        self._states: dict[str, ConsentState] = {}

    def rows(self, some: list[Candidate], *, after: int) -> Iterator[JobRow]:
        """Yield the rows of these candidates, whose lines come after line `after`."""
        bare = [each.number for each in some if each.number and each.contact is None]
        known = index.by_numbers(bare) if bare else {}
        numbers = {each.number for each in some if each.number}
        desired: dict[str, list[DesiredState]] = {}
        for state in DesiredState.objects.filter(number__in=numbers):
            desired.setdefault(state.number, []).append(state)
        self._states = record.states_of(numbers)
        for position, each in enumerate(some, start=after + 1):
            contact, read_at = each.contact, each.read_at
            if contact is None and (found := known.get(each.number)):
                contact, read_at = found[0].contact, found[0].read_at
            candidate = replace(each, contact=contact, read_at=read_at)
            yield self.row(candidate, desired.get(each.number, []), each.line or position)

    def row(self, each: Candidate, desired: list[DesiredState], position: int) -> JobRow:
        contact = each.contact
        category, why = self.category_of(each, desired, position)
        acts = category in ACTS_ON[self._kind]
        data = dict(each.data)
        if contact and each.read_at:
            data |= {"status": contact.opt_in_status, "read_at": each.read_at.isoformat()}
        label = (contact.name if contact else "") or (pretty(each.number) if each.number else "")
        return JobRow(
            job=self._job,
            position=position,
            typed=each.typed,
            number=each.number,
            contact_id=contact.contact_id if contact else None,
            label=label[:200],
            category=category,
            state=RowState.WAITING if acts else RowState.SKIPPED,
            outcome="" if acts else why or _WHY_NOT.get((self._kind, category), ""),
            data=data,
        )

    def category_of(
        self, each: Candidate, desired: list[DesiredState], position: int
    ) -> tuple[RowCategory, str]:
        contact = each.contact
        if each.problem and not (self._kind is JobKind.EDIT and contact):
            return Category.INVALID, each.problem
        key: str | int = each.number or (contact.contact_id if contact else each.typed)
        if contact and self._kind is JobKind.EDIT:
            # Two people with one number are two to edit, and one to stop.
            key = contact.contact_id
        first = self._seen.setdefault(key, position)
        if first != position:
            return Category.DUPLICATE, f"The same as line {first}."
        if self._kind not in ACTS_ON_STOPPED and self.is_stopped(each, desired):
            return Category.STOPPED, ""
        return (Category.KNOWN if contact else Category.UNKNOWN), ""

    def is_stopped(self, each: Candidate, desired: list[DesiredState]) -> bool:
        """Return True if a stop of this number tells no vendor anything, or, for a lift, if there is one to lift."""
        status = each.contact.opt_in_status if each.contact else None
        state = self._states.get(each.number)
        if self._kind is JobKind.TELL:
            return state is not None and state.stopped and not state.untold
        judgment = judge(
            status, each.read_at, desired, self._there, number=each.number, state=state
        )
        if self._kind is JobKind.ASK_LIFT:
            return judgment.verdict in STOPPED
        # A stop that only SlickText holds is still news for CloudContactAI.
        told = {row.vendor for row in desired if row.do_not_text}
        return judgment.stopped and not judgment.stop_refused and told >= set(self._there)
