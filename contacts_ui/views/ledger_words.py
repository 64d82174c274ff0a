"""All that an entry of the ledger says, in words: for the audit and the evidence sheet."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.dateparse import parse_datetime

from contacts_ui.contact_fields import label_of
from contacts_ui.models import LedgerEntry
from contacts_ui.models.consent import Source
from contacts_ui.models.messages import TextKind
from contacts_ui.services.consent.rules import STATUS_WORDS
from contacts_ui.views.contact_facts import in_words
from contacts_ui.views.history import history_of

# What the entries' before and after hold besides a contact's fields.
NAMES: Final = {
    "do_not_text": "Do not text",
    "opt_in_status": "Opt-in status",
    "label": "Name on the screen",
    "status": "Opt-in status on the screen",
    "read_at": "Read from SlickText at",
    "consented": "Who consented",
    "asked_by": "Asked by",
    "lift_request": "Lift request",
    "pruned": "Entries removed",
    "older_than": "Written before",
    "first_pruned": "First removed entry",
    "last_pruned": "Last removed entry",
    "last_hash": "Its hash",
    "digest": "Digest of the hashes that are kept",
    "force_double_opt_in": "SlickText asks them by text",
    "source": "Source",
    "repeats": "Made before",
    "said_from": "Made no earlier than",
    "said_until": "Made no later than",
    "own_stops": "Stops that were ours",
    "opt_out": "Opt-out request",
    "pressed_at": "Pressed at",
    "statements": "Statements",
    "covered": "What the digest covers",
    "kind": "Kind",
    "stop": "Entry of the stop",
    "stop_said": "Stop made at",
    "sent_at": "Sent",
    "dated": "The vendor said when",
    "held_since": "Vendor held the stop from",
    "text": "Text",
    "username": "Username",
    "role": "Role",
    "active": "Active",
    "second_factor": "Second factor",
    "sessions_ended": "Sessions ended",
    "link": "Link for",
}
ANSWER_NAMES: Final = {
    "confirmed": "Confirmed",
    "words": "In words",
    "status": "HTTP status",
    "request": "About entry",
    "outcome": "Outcome",
    "settled": "Confirmed",
    "contact_id": "SlickText id",
    "opt_in_status": "Opt-in status",
    "last_updated": "Last updated at SlickText",
    "overtaken_by": "Replaced by entry",
    "practice": "Invented for practice",
}
Value = str | datetime


def entry_in_full(entry: LedgerEntry) -> dict[str, Any]:
    """Return everything about one entry: in short as in the history, then field by field."""
    fields = dict.fromkeys([*entry.before, *entry.after])
    return {
        **history_of([entry])[0],
        "entry": entry,
        "contact_url": reverse("contact-detail", args=[entry.contact_id])
        if entry.contact_id
        else "",
        "evidence_url": reverse("evidence", args=[entry.number]) if entry.number else "",
        "fields": [
            {
                "label": NAMES.get(name) or label_of(name),
                "before": _value(entry.before, name),
                "after": _value(entry.after, name),
            }
            for name in fields
        ],
        "answers": [
            {"label": ANSWER_NAMES.get(name, name), "value": _value(entry.answer, name)}
            for name in entry.answer
        ],
    }


def _value(values: Mapping[str, Any], name: str) -> Value:
    """Return a value in words: a time, yes or no, a status; "" if there is none."""
    value = values.get(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in ("status", "opt_in_status") and isinstance(value, str):
        return STATUS_WORDS.get(value, value)
    if name == "source" and value in Source.values:
        return Source(value).label
    if name == "kind" and value in TextKind.values:
        return TextKind(value).label
    if isinstance(value, str) and "T" in value and (moment := _moment(value)):
        return moment
    return in_words(name, value)


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
