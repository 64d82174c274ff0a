"""Keep the answer to *May we text?* in the index. Fills it in one pass over the contacts, then indexes it."""

from datetime import timedelta

from django.db import migrations, models
from django.db.models import Q

TABLE = "contacts_ui_indexedcontact"
STATES = "contacts_ui_consentstate"
TIMED_BY_VENDOR = {"vendor_mark", "vendor_code", "carrier", "status"}
BATCH = 500


def add_columns(apps, schema_editor):
    """Add both in place: Django would build SQLite's table and its indexes anew, for minutes."""
    postgresql = schema_editor.connection.vendor == "postgresql"
    text = 'varchar(20) COLLATE "C"' if postgresql else "varchar(20)"
    moment = "timestamp with time zone" if postgresql else "datetime"
    schema_editor.execute(
        f"ALTER TABLE {TABLE} ADD COLUMN answer {text} DEFAULT 'not_known' NOT NULL"
    )
    schema_editor.execute(f"ALTER TABLE {TABLE} ADD COLUMN stopped_at {moment} NULL")


def remove_columns(apps, schema_editor):
    """Undo `add_columns`. PostgreSQL's functions that count answers go first; the next `migrate` makes the older ones."""
    if schema_editor.connection.vendor == "postgresql":
        for name in ("one_writer", "count_insert", "count_delete", "answer_update"):
            schema_editor.execute(f"DROP FUNCTION IF EXISTS index_{name}() CASCADE")
    for name in ("answer", "stopped_at"):
        schema_editor.execute(f"ALTER TABLE {TABLE} DROP COLUMN {name}")


def fill(apps, schema_editor):
    """Take the verdict of each number's record; without one, what SlickText's status says."""
    schema_editor.execute(
        f"""UPDATE {TABLE} SET answer = COALESCE(
            (SELECT verdict FROM {STATES} WHERE {STATES}.number = {TABLE}.number),
            CASE WHEN status IN ('unsubscribed', 'blocked') THEN 'do_not_text'
                 WHEN status = 'not subscribed' THEN 'not_subscribed'
                 WHEN status = 'subscribed' AND number <> '' THEN 'may_text' ELSE 'not_known' END),
            stopped_at = CASE WHEN status IN ('unsubscribed', 'blocked') AND NOT EXISTS
                (SELECT 1 FROM {STATES} WHERE {STATES}.number = {TABLE}.number
                 AND verdict <> 'do_not_text') THEN status_changed_at END"""
    )
    # The indexes of the contacts are not touched by either update.
    states = apps.get_model("contacts_ui", "ConsentState").objects.filter(stopped=True)
    adapt = schema_editor.connection.ops.adapt_datetimefield_value
    rows = states.exclude(stop=None).select_related("stop").order_by("number")
    moments = [(adapt(moment(row.stop)), row.number) for row in rows.iterator(chunk_size=BATCH)]
    with schema_editor.connection.cursor() as cursor:
        for start in range(0, len(moments), BATCH):
            cursor.executemany(
                f"UPDATE {TABLE} SET stopped_at = %s WHERE number = %s",
                moments[start : start + BATCH],
            )


def moment(stop):
    """Return when a stop was said; a vendor's time without its tolerance."""
    if stop.earliest is None:
        return stop.latest
    if stop.source in TIMED_BY_VENDOR or ":message:" in stop.key:
        return min(stop.earliest + timedelta(minutes=2), stop.latest)
    return stop.earliest


class Migration(migrations.Migration):
    dependencies = [("contacts_ui", "0029_labels")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add_columns, remove_columns)],
            state_operations=[
                migrations.AddField(
                    "IndexedContact",
                    "answer",
                    models.CharField(max_length=20, db_default="not_known"),
                ),
                migrations.AddField("IndexedContact", "stopped_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            "IndexedContact", models.Index(fields=["answer", "contact_id"], name="index_answer")
        ),
        migrations.AddIndex(
            "IndexedContact",
            models.Index(
                fields=["stopped_at", "contact_id"],
                condition=Q(stopped_at__isnull=False),
                name="index_stopped",
            ),
        ),
    ]
