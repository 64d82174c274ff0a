"""An uploaded file, kept until it is confirmed, a day at most."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone

UPLOAD_LIFETIME: Final = timedelta(hours=24)


class Upload(models.Model):
    """The texts of an uploaded table, and how the person wants them read. `services.retention` deletes it."""

    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    file_name = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField(db_index=True)
    table = models.BinaryField(help_text="Compressed JSON of the table as read")
    # Kept to be read again with another sheet or encoding; null for a list, which is read once.
    content = models.BinaryField(null=True, help_text="The compressed file itself")
    options = models.JSONField(default=dict, help_text="How the file is read")
    answers = models.JSONField(default=dict, help_text="Answers by question")
    rows = models.PositiveIntegerField()
    mapping = models.JSONField(default=list, help_text="A field for each column")
    choice = models.CharField(
        max_length=20, blank=True, help_text="What to do about existing contacts"
    )

    class Meta:
        default_permissions = ()

    @classmethod
    def of(cls, staff_id: int, pk: int, choices: Sequence[str]) -> "Upload":
        """Return one of this person's uploads with one of `choices`. Raises DoesNotExist, also a day later."""
        since = timezone.now() - UPLOAD_LIFETIME
        own = cls.objects.filter(staff_id=staff_id, uploaded_at__gt=since)
        return own.get(pk=pk, choice__in=choices)
