from django.db import migrations


class Migration(migrations.Migration):
    """Call the model by the field's term. Its table keeps its name, so no row is touched and nothing is locked."""

    dependencies = [("contacts_ui", "0022_people_and_sign_in")]

    operations = [
        migrations.AlterModelTable(name="wish", table="contacts_ui_wish"),
        migrations.RenameModel(old_name="Wish", new_name="DesiredState"),
        migrations.AlterModelOptions(name="desiredstate", options={}),
    ]
