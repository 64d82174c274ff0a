"""Parse SlickText's messages and its counts of contacts by status.

Source: vendor-apis.md, "Newly read". Each field may be missing, null, or of another JSON kind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from contacts_ui.integrations import tidy
from contacts_ui.integrations.parsing import BadShape
from contacts_ui.integrations.types import Message, MessagePage, OptInStatus
from contacts_ui.phone import to_e164

_OUTBOUND: Final = {"outbound", "outgoing", "out", "sent", "mt"}
_INBOUND: Final = {"inbound", "incoming", "in", "received", "mo"}
_ID_KEYS: Final = ("message_id", "_message_id", "id", "_id")
_CONTACT_NUMBER_KEYS: Final = ("mobile_number", "number", "phone")
_ROWS_KEYS: Final = ("data", "messages")
_STATUS_KEYS: Final = ("opt_in_status", "status", "group", "name")
_COUNT_KEYS: Final = ("count", "total", "value")
_TOTAL_KEYS: Final = ("total", "total_contacts", "total_count")
_KNOWN_STATUSES: Final = {
    OptInStatus.SUBSCRIBED,
    OptInStatus.UNSUBSCRIBED,
    OptInStatus.NOT_SUBSCRIBED,
    OptInStatus.BLOCKED,
}
# The total stands under this name among the counts by status.
TOTAL: Final = ""


def parse_messages(raw: Any, offset: int) -> MessagePage:
    """Read one page of messages; rows that cannot be read are counted.

    Without ``pagingData.hasMore`` only an empty page proves the end, as with contacts.
    Raises BadShape when there is no list of rows.
    """
    paging: Any = {}
    while isinstance(raw, dict) and (key := next((k for k in _ROWS_KEYS if k in raw), None)):
        paging = raw.get("pagingData") or paging
        raw = raw[key] if raw[key] is not None else []
    if not isinstance(raw, list):
        raise BadShape(f"a list of messages expected, not {tidy.kind(raw)}")
    messages: list[Message] = []
    for row in raw:
        with suppress(BadShape):
            messages.append(parse_message(row))
    said = tidy.truth(paging.get("hasMore")) if isinstance(paging, dict) else None
    has_more = bool(raw) and said is not False
    return MessagePage(tuple(messages), has_more, offset, len(raw), len(raw) - len(messages))


def parse_message(raw: Any) -> Message:
    """Read one message. Raises BadShape without a direction, or for numbers or a body not in text."""
    if not isinstance(raw, dict):
        raise BadShape(f"a message expected, not {tidy.kind(raw)}")
    contact: Any = raw.get("contact")
    contact = contact if isinstance(contact, dict) else {}
    try:
        to, sender = tidy.text(raw.get("to")), tidy.text(raw.get("from"))
        body = tidy.verbatim(raw.get("body")) or ""
    except ValueError as error:
        raise BadShape(str(error)) from None
    contact_number = next((contact[k] for k in _CONTACT_NUMBER_KEYS if contact.get(k)), None)
    person = to_e164(_lenient_text(contact_number))
    outbound = _is_outbound(_lenient_text(raw.get("direction")), to, sender, person)
    if outbound is None:
        raise BadShape("the direction is missing or unknown")
    created = _lenient_moment(raw.get("created"))
    key = next(filter(None, (_lenient_text(raw.get(name)) for name in _ID_KEYS)), None)
    return Message(
        key=key
        or _digest(outbound, to, sender, body, created or _lenient_text(raw.get("created"))),
        number=to_e164(to if outbound else sender) or person,
        outbound=outbound,
        body=body,
        source=_lenient_text(raw.get("source")) or "",
        status=_lenient_text(raw.get("status")) or "",
        created=created,
        contact_id=_contact_id(raw, contact),
    )


def parse_counts(raw: Any) -> dict[str, int]:
    """Read the number of contacts by status, as SlickText spells each; the total under `TOTAL`.

    The shape is not documented. Accepts an object of counts, or a list of objects that name a
    status and a count, at any depth. Raises BadShape when no status has a count.
    """
    counts = _find_counts(raw, None)
    if counts is None:
        raise BadShape("no status with a count in the answer")
    return counts


def _is_outbound(
    word: str | None, to: str | None, sender: str | None, person: str | None
) -> bool | None:
    """Return the direction: by its word, the person's own number, or a short code of the brand's."""
    first = (word or "").lower().replace("_", "-").partition("-")[0]
    if first in _OUTBOUND | _INBOUND:
        return first in _OUTBOUND
    ends = (to_e164(to), to_e164(sender))
    if person and (person in ends) and ends[0] != ends[1]:
        return ends[0] == person
    # A person has no short code, so it is the brand's end.
    if ends[0] and _is_short_code(sender):
        return True
    if ends[1] and _is_short_code(to):
        return False
    return None


def _is_short_code(text: str | None) -> bool:
    return text is not None and text.isdigit() and len(text) in (5, 6)


def _digest(outbound: bool, *facts: Any) -> str:
    """Return the SHA-256 of what never changes about a text; its status does."""
    spelled = [
        "out" if outbound else "in",
        *(None if fact is None else str(fact) for fact in facts),
    ]
    return hashlib.sha256(json.dumps(spelled).encode()).hexdigest()


def _contact_id(row: Mapping[str, Any], contact: Mapping[str, Any]) -> int | None:
    for value in (
        contact.get("contact_id"),
        row.get("contact"),
        row.get("contact.contact_id"),
        row.get("contact_id"),
        row.get("_contact_id"),
    ):
        with suppress(ValueError):
            if (found := tidy.integer(value)) is not None and found > 0:
                return found
    return None


def _lenient_text(value: Any) -> str | None:
    try:
        return tidy.text(value)
    except ValueError:
        return None


def _lenient_moment(value: Any) -> datetime | None:
    try:
        return tidy.epoch_or_moment(value)
    except ValueError:
        return None


def _find_counts(raw: Any, total: int | None) -> dict[str, int] | None:
    """Return the outermost counts; ``total`` is what an envelope around ``raw`` says."""
    if isinstance(raw, list):
        counts, inner = _from_rows(raw), raw
    elif isinstance(raw, dict):
        own = (_count(raw.get(key)) for key in _TOTAL_KEYS)
        total = next((number for number in own if number is not None), total)
        counts, inner = _from_object(raw), list(raw.values())
    else:
        return None
    if counts:
        return counts if total is None else {TOTAL: total} | counts
    return next(filter(None, (_find_counts(item, total) for item in inner)), None)


def _from_rows(rows: list[Any]) -> dict[str, int]:
    """Return the counts of a list such as [{"status": "subscribed", "count": 5}]."""
    counts: dict[str, int] = {}
    for row in rows:
        if not isinstance(row, dict):
            continue
        name = next((key for key in _STATUS_KEYS if key in row), None)
        count = _count(row)
        # "group" may also hold the name of the field that was grouped by.
        if name is None or count is None or row[name] == "opt_in_status":
            continue
        status = row[name] if isinstance(row[name], str) else json.dumps(row[name])
        counts[TOTAL if status.lower() in _TOTAL_KEYS else str(tidy.clean(status))] = count
    return counts if counts.keys() - {TOTAL} else {}


def _from_object(row: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of {"subscribed": 5, …}, if a known status is among its names."""
    if not any(str(name).lower().replace("_", " ") in _KNOWN_STATUSES for name in row):
        return {}
    return {
        str(tidy.clean(name)): count
        for name, value in row.items()
        if name.lower() not in _TOTAL_KEYS
        and not name.lower().endswith("_id")
        and (count := _count(value)) is not None
    }


def _count(value: Any) -> int | None:
    """Return a whole number from itself or from under "count", "total" or "value"."""
    if isinstance(value, dict):
        value = next((value[key] for key in _COUNT_KEYS if key in value), None)
    try:
        number = tidy.integer(value)
    except ValueError:
        return None
    return number if number is not None and number >= 0 else None
