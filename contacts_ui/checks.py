"""Check the settings at startup, and that practice history never meets real vendors."""

from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from contacts_ui.services import audit_log

# Claims over a text that should not have been sent can be made for four years in the United States.
FOUR_YEARS_DAYS = 1461
# The tag of the check that a worker runs as well.
PRACTICE: Final = "practice"
PRACTICE_WITH_REAL_KEYS: Final = (
    "This database holds practice history, and real vendors are connected."
    " Invented stops would be sent to them."
)
PRACTICE_HINT: Final = (
    "Connect a database of its own (DATABASE_URL), or empty this one: manage.py empty_practice."
)


@register()
def retention(**kwargs: Any) -> list[CheckMessage]:
    """Warn that pruning the audit log loses its proof."""
    days = settings.LEDGER_RETENTION_DAYS
    if not days:
        return []
    if days < 0:
        return [Error("LEDGER_RETENTION_DAYS must not be negative.", id="contacts_ui.E001")]
    if days >= FOUR_YEARS_DAYS:
        return []
    words = f"LEDGER_RETENTION_DAYS is {days}: prune_ledger removes proof that may still be needed."
    hint = "Claims can be made for four years: 1461 days or more; 0 keeps everything."
    return [Caution(words, hint=hint, id="contacts_ui.W001")]


@register(PRACTICE)
def practice_history(**kwargs: Any) -> list[CheckMessage]:
    """Refuse a database that holds invented history once real vendors are connected."""
    if not holds_practice_with_real_keys():
        return []
    return [Error(PRACTICE_WITH_REAL_KEYS, hint=PRACTICE_HINT, id="contacts_ui.E002")]


def refuse_practice_history() -> None:
    """Do not serve such a database; gunicorn runs no checks. Raises ImproperlyConfigured."""
    if settings.VENDORS.sandbox:
        return
    try:
        if holds_practice_with_real_keys():
            raise ImproperlyConfigured(f"{PRACTICE_WITH_REAL_KEYS} {PRACTICE_HINT}")
    finally:
        # It is the main thread's, which serves no requests.
        connection.close()


def holds_practice_with_real_keys() -> bool:
    """Return True for practice history with real vendors; one query, and only with real keys."""
    if settings.VENDORS.sandbox:
        return False
    try:
        return audit_log.holds_practice()
    except DatabaseError:
        # Away, or not migrated yet.
        return False
