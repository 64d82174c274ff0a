from django.db import migrations


class Migration(migrations.Migration):
    """Drop what the former task engine (django-tasks-db) left: its rows only said when to look for deliveries."""

    dependencies = [("contacts_ui", "0023_desired_state")]

    operations = [
        migrations.RunSQL(
            [
                "DROP TABLE IF EXISTS django_tasks_database_dbtaskresult",
                "DELETE FROM django_migrations WHERE app = 'django_tasks_database'",
            ],
            migrations.RunSQL.noop,
        )
    ]
