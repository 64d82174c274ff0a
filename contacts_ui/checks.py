"""Check the settings at startup."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution

# Claims over a text that should not have been sent can be made for four years in the United States.
FOUR_YEARS_DAYS = 1461


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
