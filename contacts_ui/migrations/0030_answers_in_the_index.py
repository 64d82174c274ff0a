"""Keep the answer to *May we text?* in the index. Fills it a part at a time, then indexes it.

Nothing here holds a lock for long, so the older version can serve meanwhile. Each step can be run again.
"""

from datetime import timedelta

from django.db import migrations, models, transaction
from django.db.models import Q

from contacts_ui.migrations._indexes import AddIndexConcurrently

TABLE = "contacts_ui_indexedcontact"
STATES = "contacts_ui_consentstate"
TIMED_BY_VENDOR = {"vendor_mark", "vendor_code", "carrier", "status"}
BATCH = 500
CONTACTS_AT_ONCE = 5_000
COLUMNS = {
    "postgresql": {"answer": 'varchar(20) COLLATE "C"', "stopped_at": "timestamp with time zone"},
    "sqlite": {"answer": "varchar(20)", "stopped_at": "datetime"},
}
INDEXES = (
    models.Index(fields=["answer", "contact_id"], name="index_answer"),
    models.Index(
        fields=["stopped_at", "contact_id"],
        condition=Q(stopped_at__isnull=False),
        name="index_stopped",
    ),
)


def add_columns(apps, schema_editor):
    """Add both in place: Django would build SQLite's table and its indexes anew, for minutes."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        there = {each.name for each in connection.introspection.get_table_description(cursor, TABLE)}
    for name, kind in COLUMNS[connection.vendor].items():
        if name not in there:
            rest = "DEFAULT 'not_known' NOT NULL" if name == "answer" else "NULL"
            schema_editor.execute(f"ALTER TABLE {TABLE} ADD COLUMN {name} {kind} {rest}")


def remove_columns(apps, schema_editor):
    """Undo `add_columns`. PostgreSQL's functions that count answers go first; the next `migrate` makes the older ones."""
    if schema_editor.connection.vendor == "postgresql":
        for name in ("one_writer", "count_insert", "count_delete", "answer_update"):
            schema_editor.execute(f"DROP FUNCTION IF EXISTS index_{name}() CASCADE")
    for name in ("answer", "stopped_at"):
        schema_editor.execute(f"ALTER TABLE {TABLE} DROP COLUMN {name}")


def fill(apps, schema_editor):
    """Take the verdict of each number's record; without one, what SlickText's status says."""
    # On PostgreSQL the two numbers differ in collation, and only with the record's own is its index used.
    postgresql = schema_editor.connection.vendor == "postgresql"
    number = f'{TABLE}.number COLLATE "default"' if postgresql else f"{TABLE}.number"
    # The indexes of the contacts are not touched by either update.
    update = f"""UPDATE {TABLE} SET answer = COALESCE(
            (SELECT verdict FROM {STATES} WHERE {STATES}.number = {number}),
            CASE WHEN status IN ('unsubscribed', 'blocked') THEN 'do_not_text'
                 WHEN status = 'not subscribed' THEN 'not_subscribed'
                 WHEN status = 'subscribed' AND number <> '' THEN 'may_text' ELSE 'not_known' END),
            stopped_at = CASE WHEN status IN ('unsubscribed', 'blocked') AND NOT EXISTS
                (SELECT 1 FROM {STATES} WHERE {STATES}.number = {number}
                 AND verdict <> 'do_not_text') THEN status_changed_at END
            WHERE contact_id > %s AND contact_id <= %s"""
    contacts = apps.get_model("contacts_ui", "IndexedContact").objects.order_by("pk")
    ids = contacts.values_list("pk", flat=True)
    start = -1
    with schema_editor.connection.cursor() as cursor:
        while part := list(ids.filter(pk__gt=start)[:CONTACTS_AT_ONCE]):
            cursor.execute(update, [start, part[-1]])
            start = part[-1]
    states = apps.get_model("contacts_ui", "ConsentState").objects.filter(stopped=True)
    adapt = schema_editor.connection.ops.adapt_datetimefield_value
    rows = states.exclude(stop=None).select_related("stop").order_by("number")
    moments = [(adapt(moment(row.stop)), row.number) for row in rows.iterator(chunk_size=BATCH)]
    for start in range(0, len(moments), BATCH):
        with transaction.atomic(), schema_editor.connection.cursor() as cursor:
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
    atomic = False
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
        *(AddIndexConcurrently("IndexedContact", index) for index in INDEXES),
    ]
