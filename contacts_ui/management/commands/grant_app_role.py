"""`manage.py grant_app_role ROLE`: give the PostgreSQL role that runs web and worker its rights, and no more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction


class Command(BaseCommand):
    help = (
        "Let a PostgreSQL role read and write rows, but not change tables, triggers, or ledger entries. "
        "Run it as the owner of the tables after each migrate; running it again does no harm."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="The role with which web and worker connect")

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("This needs PostgreSQL: this database has no roles.")
        from contacts_ui.models import app_role

        try:
            with transaction.atomic():
                app_role.grant(connection, role)
        except app_role.NoSuchRole:
            raise CommandError(
                f"There is no role “{role}”. Create it first: CREATE ROLE … LOGIN."
            ) from None
        except app_role.TooPowerful:
            raise CommandError(
                f"“{role}” could get past the ledger's guards: it is a superuser, owns tables, belongs to a role, "
                "or may make tables. Use a new role, and run this as the owner of the database."
            ) from None
        self.stdout.write(
            f"{role} reads and writes rows. It can't change tables, triggers, or ledger entries."
        )
