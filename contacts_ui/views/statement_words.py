"""Put statements of the consent record in words: who said it, when, and since when a person is stopped."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.utils.html import format_html

from contacts_ui.models import Statement
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Channel
from contacts_ui.services.consent.rules import MINUTE, VENDOR_CLOCK_TOLERANCE
from contacts_ui.template_filters import when

_BY_VENDORS: Final = {
    Source.VENDOR_MARK.value: "reported by CloudContactAI",
    Source.STATUS.value: "SlickText said “{}”",
    Source.VENDOR_CODE.value: "an error code from CloudContactAI",
    Source.CARRIER.value: "an error code from the carrier",
}


def statement_in_words(
    statement: Statement, *, words: bool = True, names: bool = True
) -> dict[str, Any]:
    """Return what pages print of a statement. Without `names`, no source or channel; without `words`, no words."""
    entry = statement.ledger_entry
    heard = names and statement.source in (Source.PERSON, Source.STAFF)
    told = heard and entry.channel not in ("", Channel.UNRECORDED)
    return {
        "statement": statement,
        "is_stop": statement.kind == StatementKind.STOP,
        "said": said_at(statement),
        "source": source_of(statement) if names else "",
        "channel": entry.get_channel_display().lower() if told else "",
        "words": statement.words if words else "",
        "quoted": is_quoted(statement),
        "consented": entry.after.get("consented") or "" if words else "",
    }


def is_quoted(statement: Statement) -> bool:
    """Return True if the words are the person's: not a vendor's, our own, or about a whole list."""
    return statement.source == Source.PERSON


def source_of(statement: Statement, *, names: bool = True) -> str:
    """Return who or what said it; without `names`, no staff name."""
    staff = statement.ledger_entry.staff_name if names else ""
    source = statement.source
    if source == Source.PERSON:
        return f"the person, recorded by {staff}" if staff else "the person"
    if source == Source.STAFF:
        return f"{staff or 'staff'}, no words recorded"
    if source == Source.CARRIED_OVER:
        return f"carried over by {staff}" if staff else "carried over"
    return _BY_VENDORS[source].format(statement.status)


def since_in_words(statement: Statement, *, names: bool = True) -> str:
    """Return what follows "Stopped since": the time, and who stopped them; without `names`, no staff name."""
    staff = statement.ledger_entry.staff_name if names else ""
    by = f" by {staff}" if staff else ""
    if statement.source in _BY_VENDORS or statement.source == Source.CARRIED_OVER:
        by = f": {source_of(statement, names=False)}"
    return format_html("{}{}", said_at(statement), by)


def said_at(statement: Statement, spelled: Callable[[datetime], str] = when) -> str:
    """Return when it was said, as exactly as we know; `spelled` writes one moment."""
    earliest, latest = statement.earliest, statement.latest
    if earliest is None:
        return format_html("{} at the latest", spelled(latest))
    if latest - earliest <= MINUTE:
        return spelled(earliest)
    if latest - earliest <= 2 * VENDOR_CLOCK_TOLERANCE:
        return format_html("about {}", spelled(min(earliest + VENDOR_CLOCK_TOLERANCE, latest)))
    return format_html("between {} and {}", spelled(earliest), spelled(latest))
