from django.db import migrations

from contacts_ui.services.people.roles import make_roles


class Migration(migrations.Migration):
    """Viewers, Editors, Agents and Managers, as `contacts_ui.permissions` draws them."""

    dependencies = [
        ("contacts_ui", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: make_roles(apps), migrations.RunPython.noop
        ),
    ]
