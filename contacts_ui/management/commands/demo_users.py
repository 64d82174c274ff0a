"""`manage.py demo_users`: one login for each role, for the sandbox only."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError

PASSWORD = "practice-makes-perfect"  # noqa: S105 - for people who do not exist, printed by `make run`
PEOPLE = {
    "viewer": ("Vera", "Viewer", "Viewers"),
    "editor": ("Edgar", "Editor", "Editors"),
    "agent": ("Ada", "Agent", "Agents"),
    "manager": ("Max", "Manager", "Managers"),
    # A second person decides about consent.
    "manager2": ("Mia", "Manager", "Managers"),
    # A superuser in databases from before there were administrators, and stays one.
    "admin": ("Adam", "Admin", "Administrators"),
}


class Command(BaseCommand):
    help = "Create viewer, editor, agent, two managers and an administrator. Refuses when real vendors are connected."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.VENDORS.sandbox:
            raise CommandError(
                "Real vendors are connected: demo accounts would open them to anyone."
            )
        for username, (first_name, last_name, role) in PEOPLE.items():
            user, created = User.objects.get_or_create(
                username=username, defaults={"first_name": first_name, "last_name": last_name}
            )
            if created:
                user.set_password(PASSWORD)
                user.save()
            user.groups.add(Group.objects.get(name=role))
        self.stdout.write("  Sign in as")
        for username, (*_, role) in PEOPLE.items():
            self.stdout.write(f"    {username:<10}{role}")
        self.stdout.write(f"  Password for all of them: {PASSWORD}")
