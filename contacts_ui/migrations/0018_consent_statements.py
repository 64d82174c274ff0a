"""What was known before the consent record was kept becomes its statements. Calls no vendor.

In transactions of some numbers each, and each number once: after an interruption, the next run does the rest. The rules
are those of the app, over the models of this moment: two copies of the rules would part.
"""

from django.db import migrations


def convert(apps, schema_editor):
    from contacts_ui.migrations._consent_statements import Conversion

    Conversion(apps, schema_editor.connection.alias).run()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("contacts_ui", "0017_consent_record"),
    ]

    operations = [
        # Statements stay when it is taken back: the schema's own migration removes their table.
        migrations.RunPython(convert, migrations.RunPython.noop, elidable=False),
    ]
