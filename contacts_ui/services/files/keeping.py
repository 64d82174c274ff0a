"""A table between two steps of a person: from the upload to the press that confirms it. Nobody else sees it."""

import json
import zlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.utils import timezone

from contacts_ui.models import Upload
from contacts_ui.permissions import Staff
from contacts_ui.services.files.tables import Table

KEPT: Final = timedelta(hours=24)


def keep(
    *, staff: Staff, name: str, table: Table, choice: str, mapping: Sequence[str] = ()
) -> Upload:
    """Keep the texts of a table for a day at most."""
    purge()
    packed = json.dumps([table.headings, table.lines, table.notes], ensure_ascii=False)
    return Upload.objects.create(
        staff_id=staff.pk,
        file_name=name[-200:],
        uploaded_at=timezone.now(),
        table=zlib.compress(packed.encode(errors="replace"), 1),
        rows=len(table.lines),
        mapping=list(mapping),
        choice=choice,
    )


def get(*, staff: Staff, pk: int, choices: Sequence[str]) -> Upload:
    """One of this person's own, kept for one of these. Raises Upload.DoesNotExist."""
    since = timezone.now() - KEPT
    own = Upload.objects.filter(staff_id=staff.pk, choice__in=choices, uploaded_at__gt=since)
    return own.get(pk=pk)


def table_of(upload: Upload) -> Table:
    """The table as it was read."""
    headings, lines, notes = json.loads(zlib.decompress(bytes(upload.table)))
    return Table(headings, [(at, cells) for at, cells in lines], notes)


def purge() -> None:
    """Forget what nobody confirmed within a day."""
    Upload.objects.filter(uploaded_at__lt=timezone.now() - KEPT).delete()
