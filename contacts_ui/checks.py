"""What the dashboard says at start-up about its settings."""

from typing import Any

from django.conf import settings
from django.core.checks import Warning as Caution
from django.core.checks import register


@register()
def retention(**kwargs: Any) -> list[Caution]:
    """Somebody who sets a retention must know that nothing is removed yet."""
    if not settings.LEDGER_RETENTION_DAYS:
        return []
    words = "LEDGER_RETENTION_DAYS is set, but nothing is removed from the ledger yet."
    hint = "Set it to 0; docs/proof.md says what removing entries would take."
    return [Caution(words, hint=hint, id="contacts_ui.W001")]
