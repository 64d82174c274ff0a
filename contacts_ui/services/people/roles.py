"""The roles as Django groups; a migration calls this, and so does what empties practice."""

from typing import Any

from contacts_ui.permissions import APP_LABEL, PERMISSIONS, ROLES


def make_roles(apps: Any) -> None:
    """Create the permissions and the groups, and give each group its permissions. What was added by hand stays."""
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label=APP_LABEL, model="access"
    )
    permissions = apps.get_model("auth", "Permission").objects
    for codename, name in PERMISSIONS.items():
        permissions.update_or_create(
            content_type=content_type, codename=codename, defaults={"name": name}
        )
    for role, codenames in ROLES.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=role)
        group.permissions.add(
            *permissions.filter(content_type=content_type, codename__in=codenames)
        )
