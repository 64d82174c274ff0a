"""Preparing a job: every line is looked up and sorted, so that its preview can say exactly what will happen."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from contacts_ui.models import ConsentState, Job, JobRow, Wish
from contacts_ui.models.job import JobKind, RowCategory, RowState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import pretty
from contacts_ui.services import index, ledger
from contacts_ui.services.consent import record
from contacts_ui.services.consent.lifting import STOPPED
from contacts_ui.services.consent.verdicts import judge
from contacts_ui.services.files.tables import MOST_ROWS
from contacts_ui.services.jobs.sources import Candidate, Source
from contacts_ui.services.vendors import connected

Category = RowCategory
# So many rows are looked up and written at once: short enough that nobody waits for the database's one lock.
AT_ONCE: Final = 500

NEEDS: Final = {
    JobKind.STOP: "stop_texts",
    JobKind.ASK_LIFT: "ask_lift",
    JobKind.EDIT: "edit_contacts",
    JobKind.IMPORT: "import_contacts",
    JobKind.TELL: "stop_texts",
    JobKind.REPAIR: "stop_texts",
}
# Whom a job acts on; the others are listed, and nothing is done about them.
ACTS_ON: Final = {
    JobKind.STOP: (Category.KNOWN, Category.UNKNOWN),
    JobKind.ASK_LIFT: (Category.STOPPED,),
    JobKind.EDIT: (Category.KNOWN,),
    JobKind.IMPORT: (Category.KNOWN, Category.UNKNOWN),
    JobKind.TELL: (Category.KNOWN, Category.UNKNOWN),
    JobKind.REPAIR: (Category.KNOWN, Category.UNKNOWN),
}
# These act on everyone they name, stopped or not.
NOT_ABOUT_STOPPED: Final = (JobKind.EDIT, JobKind.IMPORT, JobKind.REPAIR)
_WHY_NOT: Final = {
    (JobKind.STOP, Category.STOPPED): "Stopped already.",
    (JobKind.TELL, Category.STOPPED): "Every connected vendor was told already.",
    (
        JobKind.ASK_LIFT,
        Category.KNOWN,
    ): "Nobody holds a stop for them, so there is nothing to lift.",
    (JobKind.ASK_LIFT, Category.UNKNOWN): "Nobody holds a stop for this number.",
    (JobKind.EDIT, Category.UNKNOWN): "Nobody has this number at SlickText, as far as we know.",
}


class CannotMake(Exception):
    """Nothing was prepared. `sentence` says why, for the screen."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


def create(
    *,
    staff: Staff,
    kind: JobKind,
    source: Source,
    params: Mapping[str, Any] | None = None,
) -> Job:
    """Prepare a job about whom a source names; nothing happens to anybody yet.

    The rows are written in short transactions; `counts` stays empty until the last one is there. Raises NotAllowed,
    CannotMake.
    """
    require(staff, "bulk_work")
    require(staff, NEEDS[kind])
    job = Job.objects.create(
        kind=kind,
        source=source.words[:300],
        created_by_id=staff.pk,
        staff_name=ledger.name_of(staff),
        created_at=timezone.now(),
        params={"notes": list(source.notes), **(params or {})},
    )
    try:
        counts = _write_rows(job, source.candidates)
    except BaseException:
        job.delete()
        raise
    with transaction.atomic():
        ledger.record(
            action=Action.JOB_CREATED,
            staff=staff,
            number="",
            after={"job": job.pk, "kind": job.kind, "source": job.source, "count": job.total},
        )
        job.counts = counts
        job.save(update_fields=["counts", "total"])
    return job


def _write_rows(job: Job, candidates: Iterable[Candidate]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    sorter, lines, position = _Sorter(job), iter(candidates), 0
    while some := list(islice(lines, AT_ONCE)):
        if position + len(some) > MOST_ROWS:
            raise CannotMake(f"More than {MOST_ROWS:,} lines are too many for one job. Split them.")
        rows = list(sorter.rows(some, after=position))
        JobRow.objects.bulk_create(rows)
        position += len(rows)
        counts.update(row.category for row in rows)
    if not position:
        raise CannotMake("There is nobody in it.")
    job.total = sum(counts[category] for category in ACTS_ON[JobKind(job.kind)])
    return dict(counts)


class _Sorter:
    """Sorts the candidates of one job, and remembers whom it has seen."""

    def __init__(self, job: Job) -> None:
        self._job, self._kind = job, JobKind(job.kind)
        self._seen: dict[str | int, int] = {}
        self._there = connected()
        self._states: dict[str, ConsentState] = {}

    def rows(self, some: list[Candidate], *, after: int) -> Iterator[JobRow]:
        """The rows of these candidates, whose lines come after line `after`."""
        bare = [each.number for each in some if each.number and each.contact is None]
        known = index.by_numbers(bare) if bare else {}
        numbers = {each.number for each in some if each.number}
        wishes: dict[str, list[Wish]] = {}
        for wish in Wish.objects.filter(number__in=numbers):
            wishes.setdefault(wish.number, []).append(wish)
        self._states = record.states_of(numbers)
        for position, each in enumerate(some, start=after + 1):
            contact, read_at = each.contact, each.read_at
            if contact is None and (found := known.get(each.number)):
                contact, read_at = found[0].contact, found[0].read_at
            candidate = replace(each, contact=contact, read_at=read_at)
            yield self._row(candidate, wishes.get(each.number, []), each.line or position)

    def _row(self, each: Candidate, wishes: list[Wish], position: int) -> JobRow:
        contact = each.contact
        category, why = self._category(each, wishes, position)
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

    def _category(
        self, each: Candidate, wishes: list[Wish], position: int
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
        if self._kind not in NOT_ABOUT_STOPPED and self._stopped(each, wishes):
            return Category.STOPPED, ""
        return (Category.KNOWN if contact else Category.UNKNOWN), ""

    def _stopped(self, each: Candidate, wishes: list[Wish]) -> bool:
        """Whether a stop of this number would add nothing, or, for a lift, whether there is one to lift."""
        status = each.contact.opt_in_status if each.contact else None
        state = self._states.get(each.number)
        if self._kind is JobKind.TELL:
            return state is not None and state.stopped and not state.untold
        judgement = judge(
            status, each.read_at, wishes, self._there, number=each.number, state=state
        )
        if self._kind is JobKind.ASK_LIFT:
            return judgement.verdict in STOPPED
        # Who stopped texts at SlickText alone is worth telling CloudContactAI of.
        told = {wish.vendor for wish in wishes if wish.do_not_text}
        return judgement.stopped and not judgement.stop_refused and told >= set(self._there)
