"""An upload from its file to the confirming press, which makes a job of it. It is kept a day at most."""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from contacts_ui.models import Job, JobRow, Upload
from contacts_ui.models.job import JobKind, RowCategory, RowState
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import pretty
from contacts_ui.services import audit_log, files, jobs
from contacts_ui.services.files.columns import guess
from contacts_ui.services.files.table import Options, Table
from contacts_ui.services.imports.checking import Check, Checked, Choice, Fate, check
from contacts_ui.services.jobs.creation import create_with_rows

# People who are left as they are count with the duplicates: nothing is done about either.
_CATEGORIES: Final = {
    Fate.CREATE: RowCategory.UNKNOWN,
    Fate.UPDATE: RowCategory.KNOWN,
    Fate.STOP: RowCategory.UNKNOWN,
    Fate.SKIP: RowCategory.DUPLICATE,
    Fate.SAME: RowCategory.DUPLICATE,
    Fate.LEFT_OUT: RowCategory.DUPLICATE,
    Fate.INVALID: RowCategory.INVALID,
}


class Changed(Exception):
    """What would happen differs from what the person saw. `check` is how it is now."""

    def __init__(self, check: Check) -> None:
        self.check = check
        super().__init__("changed since it was shown")


def store(*, staff: Staff, file_name: str, content: bytes) -> Upload:
    """Read a file and store it, with a guess at its columns. Raises NotAllowed, Unreadable."""
    require(staff, "import_contacts")
    table = files.read(content)
    return Upload.objects.create(
        staff_id=staff.pk,
        file_name=file_name[-200:],
        uploaded_at=timezone.now(),
        table=table.packed(),
        content=zlib.compress(content, 1),
        rows=len(table.lines),
        mapping=guess(table),
        choice=Choice.CREATE,
    )


def read_again(upload: Upload, options: Options) -> None:
    """Read a stored file with other options. Its columns and answers start over. Raises Unreadable."""
    if upload.content is None:
        return
    table = files.read(zlib.decompress(bytes(upload.content)), options)
    upload.table, upload.rows = table.packed(), len(table.lines)
    upload.mapping, upload.options, upload.answers = guess(table), asdict(options), {}
    upload.save(update_fields=["table", "rows", "mapping", "options", "answers"])


def get(*, staff: Staff, pk: int) -> Upload:
    """Return one of this person's uploads. Raises NotAllowed, Upload.DoesNotExist."""
    require(staff, "import_contacts")
    return Upload.of(staff.pk, pk, list(Choice))


def choose(upload: Upload, mapping: Sequence[str], choice: Choice) -> None:
    """Save which column is which field, and what to do about existing contacts."""
    upload.mapping, upload.choice = list(mapping), choice
    upload.save(update_fields=["mapping", "choice"])


def answer(upload: Upload, answers: Mapping[str, str]) -> None:
    """Save answers in addition to earlier ones."""
    upload.answers = {**upload.answers, **answers}
    upload.save(update_fields=["answers"])


def check_upload(upload: Upload) -> Check:
    """Check an upload with the person's columns, choice and answers."""
    table, choice = Table.unpacked(upload.table), Choice(upload.choice)
    return check(table, upload.mapping, choice, upload.answers, upload.file_name)


def confirm(*, staff: Staff, upload: Upload, expected: str) -> Job:
    """Make a job of an upload and start it, if what will happen is exactly what was shown (`fingerprint`).

    Raises NotAllowed, and Changed where a contact or a stop is new.
    """
    for codename in ("import_contacts", "bulk_work", "edit_contacts"):
        require(staff, codename)
    checked = check_upload(upload)
    if checked.open or not checked.acts or fingerprint(checked) != expected:
        raise Changed(checked)
    if checked.stops:
        require(staff, "stop_texts")
    with transaction.atomic():
        # Of two presses, the second finds no rows.
        audit_log.take_turn()
        if not Upload.objects.filter(pk=upload.pk, rows__gt=0).update(rows=0):
            raise Changed(checked)
    try:
        job = create_with_rows(
            staff=staff,
            kind=JobKind.IMPORT,
            source=f"The file {upload.file_name}",
            params={"choice": upload.choice, "file": upload.file_name},
            rows=lambda job: (_row(job, line) for line in checked.lines),
        )
    except BaseException:
        Upload.objects.filter(pk=upload.pk).update(rows=upload.rows)
        raise
    jobs.start(staff=staff, pk=job.pk)
    Upload.objects.filter(pk=upload.pk).delete()
    return job


def fingerprint(checked: Check) -> str:
    """Return a hash of what would happen to every line. The page's form sends it back."""
    lines = (
        (line.line, line.number, line.fate, line.stop, line.said, line.values)
        for line in checked.lines
    )
    return hashlib.sha256(repr(list(lines)).encode()).hexdigest()[:32]


def _row(job: Job, line: Checked) -> JobRow:
    data: dict[str, Any] = {}
    if line.acts:
        only = {"stop_only": True} if line.fate is Fate.STOP else {}
        said = {"said": [at and at.isoformat() for at in line.said]} if line.said else {}
        data = {"values": line.values, "stop": line.stop, **said, **only}
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
