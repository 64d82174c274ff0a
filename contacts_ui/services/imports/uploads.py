"""What was uploaded, from the first step to the confirming press. It is kept no longer than that, or a day."""

from collections.abc import Sequence

from django.utils import timezone

from contacts_ui.models import JobRow, Upload
from contacts_ui.models.job import JobKind, JobState, RowState
from contacts_ui.permissions import Staff, require
from contacts_ui.services import files
from contacts_ui.services.files import keeping
from contacts_ui.services.files.columns import guess
from contacts_ui.services.imports.checks import Choice


def keep(*, staff: Staff, file_name: str, content: bytes) -> Upload:
    """Read an uploaded file and keep its texts, with a guess at its columns. Raises NotAllowed, Unreadable."""
    require(staff, "import_contacts")
    table = files.read(content)
    return keeping.keep(
        staff=staff, name=file_name, table=table, mapping=guess(table), choice=Choice.CREATE
    )


def get(*, staff: Staff, pk: int) -> Upload:
    """An upload of this person's own. Raises NotAllowed, Upload.DoesNotExist."""
    require(staff, "import_contacts")
    return keeping.get(staff=staff, pk=pk, choices=list(Choice))


def choose(upload: Upload, mapping: Sequence[str], choice: Choice) -> None:
    """Remember how the person wants it read."""
    upload.mapping, upload.choice = list(mapping), choice
    upload.save(update_fields=["mapping", "choice"])


def purge() -> None:
    """Forget uploads that nobody confirmed within a day, and what imports that have ended had brought along."""
    keeping.purge()
    ended = JobRow.objects.filter(
        job__kind=JobKind.IMPORT,
        job__state__in=(JobState.DONE, JobState.CANCELLED),
        job__finished_at__gt=timezone.now() - 2 * keeping.KEPT,
    ).exclude(state__in=(RowState.WAITING, RowState.WORKING))
    ended.exclude(data={}).update(data={})
