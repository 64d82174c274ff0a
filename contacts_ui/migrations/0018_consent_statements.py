"""What was known before the consent record was kept becomes its statements. Calls no vendor.

In transactions of some numbers each, of which each number is done once: what was broken off goes on when it is run
again. `manage.py consent_preview` says before whose verdict changes. The conversion is that of
`services.consent.migration`, over the models of this moment: two copies of the rules would part.
"""

from django.db import migrations


def convert(apps, schema_editor):
    from contacts_ui.services.consent.migration import Conversion
    from contacts_ui.services.webhooks.stored import stops_in

    Conversion(apps, stops_in, schema_editor.connection.alias).run()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("contacts_ui", "0017_consent_record"),
    ]

    operations = [
        # Statements stay when it is taken back: the schema's own migration removes their table.
        migrations.RunPython(convert, migrations.RunPython.noop, elidable=False),
    ]
