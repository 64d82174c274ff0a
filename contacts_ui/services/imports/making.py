"""The confirming press: a checked file becomes a job, started at once, and the upload is forgotten."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from contacts_ui.models import Job, JobRow, Upload
from contacts_ui.models.job import JobKind, RowCategory, RowState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import pretty
from contacts_ui.services import jobs, ledger
from contacts_ui.services.files.keeping import table_of
from contacts_ui.services.imports.checking import check
from contacts_ui.services.imports.checks import Check, Checked, Choice, Fate

AT_ONCE: Final = 500
# People who are left as they are stand with the doubles: nothing is done about either.
_CATEGORIES: Final = {
    Fate.CREATE: RowCategory.UNKNOWN,
    Fate.UPDATE: RowCategory.KNOWN,
    Fate.STOP: RowCategory.UNKNOWN,
    Fate.SKIP: RowCategory.DUPLICATE,
    Fate.SAME: RowCategory.DUPLICATE,
    Fate.INVALID: RowCategory.INVALID,
}


class Changed(Exception):
    """What would happen is no longer what the person saw. `check` is how it is now."""

    def __init__(self, check: Check) -> None:
        self.check = check
        super().__init__("changed since it was shown")


def check_upload(upload: Upload) -> Check:
    """Check an upload as the person wants it read."""
    return check(table_of(upload), upload.mapping, Choice(upload.choice))


def confirm(*, staff: Staff, upload: Upload, expected: str) -> Job:
    """Make a job of an upload and start it, if exactly what was shown (`fingerprint`) will happen.

    Raises NotAllowed, and Changed where somebody was created or stopped meanwhile.
    """
    for codename in ("import_contacts", "bulk_work", "edit_contacts"):
        require(staff, codename)
    checked = check_upload(upload)
    if not checked.acts or fingerprint(checked) != expected:
        raise Changed(checked)
    if checked.stops:
        require(staff, "stop_texts")
    job = _make(staff, upload, checked)
    jobs.start(staff=staff, pk=job.pk)
    # Two presses at the same moment: the upload is there for one of them.
    Upload.objects.filter(pk=upload.pk).delete()
    return job


def fingerprint(checked: Check) -> str:
    """The counts that a page showed, for its form to bring back."""
    counts = checked.counts
    return "-".join(str(many) for many in (*(counts[fate] for fate in Fate), checked.stops))


def _make(staff: Staff, upload: Upload, checked: Check) -> Job:
    with transaction.atomic():
        # Whoever comes second finds no upload any more.
        ledger.take_turn()
        if not Upload.objects.filter(pk=upload.pk, rows__gt=0).update(rows=0):
            raise Changed(checked)
    job = Job.objects.create(
        kind=JobKind.IMPORT,
        source=f"The file {upload.file_name}"[:300],
        created_by_id=staff.pk,
        staff_name=ledger.name_of(staff),
        created_at=timezone.now(),
        params={"choice": upload.choice, "file": upload.file_name},
    )
    try:
        counts = _write_rows(job, checked)
    except BaseException:
        job.delete()
        Upload.objects.filter(pk=upload.pk).update(rows=upload.rows)
        raise
    with transaction.atomic():
        job.total, job.counts = checked.acts, counts
        ledger.record(
            action=Action.JOB_CREATED,
            staff=staff,
            number="",
            after={"job": job.pk, "kind": job.kind, "source": job.source, "count": job.total},
        )
        job.save(update_fields=["total", "counts"])
    return job


def _write_rows(job: Job, checked: Check) -> dict[str, int]:
    """In short transactions, so that nobody waits for the database's one lock."""
    counts: Counter[str] = Counter()
    rows: Iterator[JobRow] = (_row(job, line) for line in checked.lines)
    while some := list(islice(rows, AT_ONCE)):
        JobRow.objects.bulk_create(some)
        counts.update(str(row.category) for row in some)
    return dict(counts)


def _row(job: Job, line: Checked) -> JobRow:
    data: dict[str, Any] = {}
    if line.acts:
        only = {"stop_only": True} if line.fate is Fate.STOP else {}
        data = {"values": line.values, "stop": line.stop, **only}
    return JobRow(
        job=job,
        position=line.line,
        typed=line.typed,
        number=line.number,
        contact_id=line.contact_id,
        label=(line.name or (pretty(line.number) if line.number else ""))[:200],
        category=_CATEGORIES[line.fate],
        state=RowState.WAITING if line.acts else RowState.SKIPPED,
        outcome="" if line.acts else line.why[:500],
        data=data,
    )
