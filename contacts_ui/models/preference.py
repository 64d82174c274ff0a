"""What one member of staff chose about their own screens."""

from django.conf import settings
from django.db import models


class Preference(models.Model):
    """One row for each member of staff who ever chose something."""

    staff = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="preference",
    )
    columns = models.JSONField(default=list)
    compact = models.BooleanField(default=False, help_text="Rows of the table stand close together")
