"""Name models and fields by the field's terms. Tables and columns keep their names, so no row is touched."""

from django.db import migrations, models

MODELS = {
    "IndexWalk": ("IndexSync", "contacts_ui_indexwalk"),
    "IndexSlip": ("IndexTypo", "contacts_ui_indexslip"),
    "IndexGone": ("IndexDeletion", "contacts_ui_indexgone"),
    "Sweep": ("ReconcileProgress", "contacts_ui_sweep"),
    "WorkerBeat": ("WorkerHeartbeat", "contacts_ui_workerbeat"),
}
TIME = models.DateTimeField
FIELDS = [
    ("OptOut", "honoured_at", "completed_at", TIME(null=True, db_column="honoured_at")),
    ("OptOut", "seconds_to_honour", "seconds_to_complete", models.FloatField(null=True, db_column="seconds_to_honour")),
    ("DesiredState", "wished_at", "requested_at", TIME(db_column="wished_at")),
    ("IndexWalk", "walk_due_at", "sync_due_at", TIME(null=True, db_column="walk_due_at")),
    ("IndexWalk", "trouble", "last_error", models.CharField(max_length=300, blank=True, db_column="trouble")),
    ("VendorHealth", "trouble", "last_error", models.CharField(max_length=300, blank=True, db_column="trouble")),
    ("VendorHealth", "trouble_at", "last_error_at", TIME(null=True, db_column="trouble_at")),
    ("ConsentSetup", "first_walk_ended_at", "first_sync_ended_at", TIME(null=True, db_column="first_walk_ended_at")),
]  # fmt: skip
DAYS = ["asked_at", "id", "state", "due_at", "completed_at", "seconds_to_complete"]
HELP = [
    ("ConsentSetup", "first_sync_ended_at", TIME(null=True, db_column="first_walk_ended_at", help_text="Everyone had been read once: later stops go out by themselves")),
    ("IndexSync", "finished_at", TIME(null=True, help_text="When all contacts were last read once")),
    ("IndexSync", "lease", models.CharField(blank=True, max_length=40, help_text="Of the worker that syncs now")),
    ("IndexSync", "steps_back", models.PositiveSmallIntegerField(default=0, help_text="In this sync, in search of the tail")),
    ("IndexSync", "sync_due_at", TIME(null=True, db_column="walk_due_at", help_text="When the next sync begins")),
    ("IndexSync", "total", models.PositiveBigIntegerField(default=0, help_text="Contacts at the last finished sync; about, while the first runs")),
    ("OptOut", "completed_at", TIME(null=True, db_column="honoured_at", help_text="When the last connected vendor confirmed")),
    ("OptOut", "seconds_to_complete", models.FloatField(null=True, db_column="seconds_to_honour", help_text="From asked_at to completed_at")),
    ("VendorHealth", "last_error", models.CharField(blank=True, max_length=300, db_column="trouble", help_text="The last failure in plain words")),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("contacts_ui", "0027_job_words")]

    operations = [
        # A column that is named first does not change when its field is renamed.
        *(migrations.AlterField(model, old, field) for model, old, _, field in FIELDS),
        *(migrations.RenameField(model, old, new) for model, old, new, _ in FIELDS),
        *(migrations.AlterModelTable(old, table) for old, (_, table) in MODELS.items()),
        *(migrations.RenameModel(old, new) for old, (new, _) in MODELS.items()),
        *(migrations.AlterField(model, name, field) for model, name, field in HELP),
        # The same columns under their new names: the index itself stays.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex("OptOut", "opt_out_days"),
                migrations.AddIndex("OptOut", models.Index(fields=DAYS, name="opt_out_days")),
            ]
        ),
    ]
