"""`manage.py invite --role administrator`: make an account, and a link to choose its password."""

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils.html import strip_tags

from contacts_ui.permissions import ROLES
from contacts_ui.services import people
from contacts_ui.template_filters import when

SINGULAR = {role.removesuffix("s").lower(): role for role in ROLES}


class Command(BaseCommand):
    help = "Invite a person: make an account with a role, and print a link that works once, to choose a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--role", required=True, choices=SINGULAR, metavar="ROLE", help=", ".join(SINGULAR)
        )
        parser.add_argument("--username", help="what they type to sign in; without it: the role")
        parser.add_argument("--email", default="")
        parser.add_argument("--name", default="", help='first and last name, as "Ann Lee"')
        parser.add_argument(
            "--url", default="http://localhost:8000", help="where people reach the dashboard"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"] or options["role"]
        try:
            link = self.link_for(username, options)
        except people.NotPossible as refused:
            raise CommandError(refused.sentence) from refused
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if link is None:
            self.stdout.write(
                f"{username} can now sign in with the company account {options['email']}."
            )
            return
        address = options["url"].rstrip("/") + reverse("account-link", args=[link.token])
        self.stdout.write(f"  {address}")
        until = strip_tags(when(link.expires_at))
        self.stdout.write(
            f"  Works once, until {until}: choose a password there, then sign in as {username}."
        )

    def link_for(self, username: str, options: dict[str, Any]) -> people.Link | None:
        """Invite; where an invitation was not used yet, make a new link."""
        role = SINGULAR[options["role"]]
        waiting = User.objects.filter(username=username, last_login=None, groups__name=role).first()
        if waiting is not None and not waiting.has_usable_password():
            return people.make_reset_link(staff=None, pk=waiting.pk)
        first_name, _, last_name = options["name"].strip().rpartition(" ")
        if not first_name:
            first_name, last_name = last_name, ""
        _, link = people.invite(
            staff=None,
            username=username,
            role=role,
            first_name=first_name,
            last_name=last_name,
            email=options["email"],
        )
        return link
