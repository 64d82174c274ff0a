from django.db import migrations, models

from contacts_ui.models import ledger_guards


class Migration(migrations.Migration):
    """The ledger is append-only in the database too, and the audit finds its way in a million entries."""

    dependencies = [
        ("contacts_ui", "0003_review_and_operations"),
    ]
    operations = [
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["at"], name="ledger_at"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["staff_name", "id"], name="ledger_staff"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["action", "id"], name="ledger_action"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["channel", "id"], name="ledger_channel"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["request_id"], name="ledger_request"),
        ),
        migrations.RunPython(
            lambda apps, schema_editor: ledger_guards.install(schema_editor.connection),
            lambda apps, schema_editor: ledger_guards.remove(schema_editor.connection),
        ),
    ]
