"""What was uploaded, from the first step to the confirming press. It is kept no longer than that, or a day."""

import json
import zlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.utils import timezone

from contacts_ui.models import JobRow, Upload
from contacts_ui.models.job import JobKind, JobState, RowState
from contacts_ui.permissions import Staff, require
from contacts_ui.services.imports import files
from contacts_ui.services.imports.checking import Choice
from contacts_ui.services.imports.columns import guess
from contacts_ui.services.imports.tables import Table

KEPT: Final = timedelta(hours=24)


def keep(*, staff: Staff, file_name: str, content: bytes) -> Upload:
    """Read an uploaded file and keep its texts, with a guess at its columns. Raises NotAllowed, Unreadable."""
    require(staff, "import_contacts")
    table = files.read(content)
    packed = json.dumps([table.headings, table.lines, table.notes], ensure_ascii=False)
    purge()
    return Upload.objects.create(
        staff_id=staff.pk,
        file_name=file_name[-200:],
        uploaded_at=timezone.now(),
        table=zlib.compress(packed.encode(errors="replace"), 1),
        rows=len(table.lines),
        mapping=guess(table),
        choice=Choice.CREATE,
    )


def get(*, staff: Staff, pk: int) -> Upload:
    """An upload of this person's own. Raises NotAllowed, Upload.DoesNotExist."""
    require(staff, "import_contacts")
    return Upload.objects.get(pk=pk, staff_id=staff.pk, uploaded_at__gt=timezone.now() - KEPT)


def table_of(upload: Upload) -> Table:
    """The table as it was read."""
    headings, lines, notes = json.loads(zlib.decompress(bytes(upload.table)))
    return Table(headings, [(at, cells) for at, cells in lines], notes)


def choose(upload: Upload, mapping: Sequence[str], choice: Choice) -> None:
    """Remember how the person wants it read."""
    upload.mapping, upload.choice = list(mapping), choice
    upload.save(update_fields=["mapping", "choice"])


def purge() -> None:
    """Forget uploads that nobody confirmed within a day, and what imports that have ended had brought along."""
    Upload.objects.filter(uploaded_at__lt=timezone.now() - KEPT).delete()
    ended = JobRow.objects.filter(
        job__kind=JobKind.IMPORT,
        job__state__in=(JobState.DONE, JobState.CANCELLED),
        job__finished_at__gt=timezone.now() - 2 * KEPT,
    ).exclude(state__in=(RowState.WAITING, RowState.WORKING))
    ended.exclude(data={}).update(data={})
