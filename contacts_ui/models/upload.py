"""A file on its way in: kept from the upload to the confirming press, and a day at most."""

from django.conf import settings
from django.db import models


class Upload(models.Model):
    """The texts of an uploaded table, and how the person wants them read. `services.imports` purges it."""

    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    file_name = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField(db_index=True)
    table = models.BinaryField(help_text="Compressed JSON: headings, lines, notes")
    rows = models.PositiveIntegerField()
    mapping = models.JSONField(default=list, help_text="A field for each column")
    choice = models.CharField(max_length=20, blank=True, help_text="What about those who exist")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"upload {self.pk}"
