"""Tell requests of people from repairs, imports, and moves, and add the indexes of 0031, while people work.

Both were a part of 0031, and closed the table of opt-outs for as long as they took. Each can be run again.
"""

from django.db import migrations, models
from django.db.models import Q

from contacts_ui.migrations._indexes import AddIndexConcurrently

BATCH = 5_000
# What the dashboard itself wrote as the reason.
OWN_REASONS = (
    Q(reason__startswith="Imported as unsubscribed: ")
    | Q(reason="Stopped at both vendors, because they disagreed.")
    | Q(reason__startswith="Carried over: ")
    | Q(reason__startswith="Requested for their former number, in entry ")
)


def find_own(apps, schema_editor):
    """Mark the opt-outs that no one asked for in their own words, a part at a time."""
    opt_outs = apps.get_model("contacts_ui", "OptOut").objects.order_by("pk")
    own = opt_outs.filter(OWN_REASONS, channel="unrecorded", by_person=True)
    start = 0
    while part := list(own.filter(pk__gt=start).values_list("pk", flat=True)[:BATCH]):
        own.filter(pk__gt=start, pk__lte=part[-1]).update(by_person=False)
        start = part[-1]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("contacts_ui", "0032_compact_rows")]

    operations = [
        migrations.RunPython(find_own, migrations.RunPython.noop),
        AddIndexConcurrently(
            "consentstate",
            models.Index(
                fields=["-reassigned_at"],
                condition=Q(reassigned_at__isnull=False),
                name="consent_reassigned",
            ),
        ),
        AddIndexConcurrently(
            "optout",
            models.Index(
                fields=[
                    "asked_at", "id", "state", "due_at", "completed_at", "seconds_to_complete", "by_person",
                ],
                name="opt_out_days",
            ),
        ),
        AddIndexConcurrently(
            "optout",
            models.Index(
                fields=["-asked_at", "-id"],
                condition=Q(by_person=True, reviewed_at=None),
                name="opt_out_unreviewed",
            ),
        ),
    ]
