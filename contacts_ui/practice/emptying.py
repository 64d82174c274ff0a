"""Empty a practice database, audit log and all: the one thing that removes entries without a trace."""

from django.apps import apps
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection

from contacts_ui.models import LedgerEntry, ledger_guards
from contacts_ui.services import audit_log, index
from contacts_ui.services.operations.practice import may_be_emptied
from contacts_ui.services.people.roles import make_roles


class NotPractice(Exception):
    """Nothing shows that this database is for practice alone."""


def entries_made_by_hand() -> int:
    """Return how many entries were not invented."""
    invented = LedgerEntry.objects.filter(**{f"answer__{audit_log.PRACTICE}": True})
    return LedgerEntry.objects.count() - invented.count()


def empty() -> None:
    """Remove every row; roles and permissions are made again. Raises NotPractice."""
    if not may_be_emptied():
        raise NotPractice
    index.purge(sync_again_at=None)
    ledger_guards.remove(connection)
    try:
        # Its signal also makes the guards and the permissions again.
        call_command("flush", interactive=False, verbosity=0)
    finally:
        ledger_guards.install(connection)
    make_roles(apps)
    cache.clear()
