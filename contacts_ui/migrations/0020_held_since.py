"""Fill in since when each vendor has held each stop: its first confirmation after consent was confirmed last.

In batches; after an interruption, the next run does what is left.
"""

from django.db import migrations, transaction
from django.db.models import Max

BATCH_ROWS = 500
CONFIRMED = {"stop:confirmed": True, "consent:confirmed": False}


def fill(apps, schema_editor):
    Wish = apps.get_model("contacts_ui", "Wish")
    LedgerEntry = apps.get_model("contacts_ui", "LedgerEntry")
    Statement = apps.get_model("contacts_ui", "Statement")
    holding = Wish.objects.filter(confirmed_do_not_text=True, held_since=None)
    after = 0
    while rows := list(holding.filter(pk__gt=after).order_by("pk")[:BATCH_ROWS]):
        after = rows[-1].pk
        entries = LedgerEntry.objects.filter(
            number__in={row.number for row in rows}, action__in=CONFIRMED
        )
        since = {}
        for number, vendor, action, at in entries.order_by("pk").values_list(
            "number", "vendor", "action", "at"
        ):
            if CONFIRMED[action]:
                since.setdefault((number, vendor), at)
            else:
                since.pop((number, vendor), None)
        for row in rows:
            row.held_since = since.get((row.number, row.vendor), row.confirmed_at)
        with transaction.atomic():
            Wish.objects.bulk_update(rows, ["held_since"])
    newest = Statement.objects.aggregate(newest=Max("pk"))["newest"] or 0
    apps.get_model("contacts_ui", "ConsentSetup").objects.update(texts_checked_to=newest)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("contacts_ui", "0019_what_vendors_know"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=False),
    ]
