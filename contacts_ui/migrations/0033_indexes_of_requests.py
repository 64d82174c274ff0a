"""Add the indexes of opt-outs and reassigned numbers while people work; they were a part of 0031."""

from django.db import models
from django.db import migrations

from contacts_ui.migrations._indexes import AddIndexMeanwhile


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("contacts_ui", "0032_compact_rows")]

    operations = [
        AddIndexMeanwhile(
            "consentstate",
            models.Index(
                fields=["-reassigned_at"],
                condition=models.Q(reassigned_at__isnull=False),
                name="consent_reassigned",
            ),
        ),
        AddIndexMeanwhile(
            "optout",
            models.Index(
                fields=[
                    "asked_at", "id", "state", "due_at", "completed_at", "seconds_to_complete", "by_person",
                ],
                name="opt_out_days",
            ),
        ),
        AddIndexMeanwhile(
            "optout",
            models.Index(
                fields=["-asked_at", "-id"],
                condition=models.Q(by_person=True, reviewed_at=None),
                name="opt_out_unreviewed",
            ),
        ),
    ]
