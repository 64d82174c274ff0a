"""Parse CloudContactAI's contacts: what it shows of its do-not-text register.

Source: vendor-apis.md, "Newly read". Its example nests the flags in ``phoneInfo``; its schema
lacks them. Both are accepted, and the same names at the top of the contact.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from contacts_ui.integrations import tidy
from contacts_ui.integrations.parsing import BadShape
from contacts_ui.integrations.types import RegisteredContact, RegisteredPage
from contacts_ui.phone import to_e164

_BY_HAND: Final = "phoneManuallyUnsubscribed"
_SINCE: Final = "phoneUnsubscribedSince"
_NUMBER_KEYS: Final = ("phone", "phoneNumber", "number")
_ID_KEYS: Final = ("contactId", "id")
_ROWS_KEYS: Final = ("content", "data", "contacts", "items", "results")


def parse_registered_page(raw: Any, page: int) -> RegisteredPage:
    """Read one page of contacts, a bare list or in an envelope; ``page`` counts from 0.

    Where the answer does not say that it is the last one, only an empty page proves the end.
    Raises BadShape when there is no list of rows.
    """
    envelope: dict[str, Any] = {}
    while isinstance(raw, dict) and (key := next((k for k in _ROWS_KEYS if k in raw), None)):
        envelope |= raw
        raw = raw[key] if raw[key] is not None else []
    if not isinstance(raw, list):
        raise BadShape(f"a list of contacts expected, not {tidy.kind(raw)}")
    contacts = []
    for row in raw:
        with suppress(BadShape):
            contacts.append(parse_registered(row))
    return RegisteredPage(tuple(contacts), bool(raw) and not _is_last(envelope, page), len(raw))


def parse_found(raw: Any) -> tuple[RegisteredContact, ...]:
    """Read the answer of a look-up: one contact, bare or in an envelope, or a list of them.

    Raises BadShape for an empty body, and where rows came and none of them can be read.
    """
    row = raw
    while isinstance(row, dict) and isinstance(row.get("data"), dict):
        row = row["data"]
    if isinstance(row, dict) and not row.keys() & set(_ROWS_KEYS):
        return (parse_registered(row),)
    page = parse_registered_page(raw, 0)
    if len(page.contacts) < page.received:
        raise BadShape("a contact that cannot be read")
    return page.contacts


def parse_registered(raw: Any) -> RegisteredContact:
    """Read one contact. Raises BadShape when neither its id nor its number can be read."""
    if not isinstance(raw, dict):
        raise BadShape(f"a contact expected, not {tidy.kind(raw)}")
    info = raw.get("phoneInfo")
    if isinstance(info, list) and len(info) == 1:
        info = info[0]
    parts = (info, raw) if isinstance(info, dict) else (raw,)
    contact_id = _text(raw, *_ID_KEYS) or None
    number = next(filter(None, (_number(part) for part in parts)), None)
    if contact_id is None and number is None:
        raise BadShape("a contact without an id and a number")
    facts = {**raw, **parts[0]}
    return RegisteredContact(
        contact_id=contact_id,
        number=number,
        stopped=_stopped(parts),
        unsubscribed_since=next(filter(None, (_moment(part, _SINCE) for part in parts)), None),
        phone_type=_text(facts, "phoneType"),
        carrier=_text(facts, "carrierName"),
        reassigned_at=_moment(facts, "reassignedAtTimestamp"),
    )


def _stopped(parts: tuple[Mapping[str, Any], ...]) -> bool | None:
    """Return whether either flag says stop; None if both are missing, or unreadable and no stop."""
    said = {
        _says_stop(key, part[key]) for part in parts for key in (_BY_HAND, _SINCE) if key in part
    }
    if True in said:
        return True
    return None if None in said or not said else False


def _says_stop(key: str, value: Any) -> bool | None:
    if value in tidy.NOTHING:
        return False
    # A time since when, even one that cannot be read; 0 and false mean never.
    return tidy.truth(value) if key == _BY_HAND else tidy.truth(value) is not False


def _is_last(envelope: Mapping[str, Any], page: int) -> bool:
    last = tidy.truth(envelope.get("last"))
    if last is None and (more := tidy.truth(envelope.get("hasMore"))) is not None:
        last = not more
    if last is not None:
        return last
    try:
        pages = tidy.integer(envelope.get("totalPages"))
    except ValueError:
        return False
    # Whether it counts pages from 0 is a guess; up to this page it holds either way.
    return pages is not None and page >= pages


def _number(part: Mapping[str, Any]) -> str | None:
    return next(filter(None, (to_e164(_text(part, key)) for key in _NUMBER_KEYS)), None)


def _text(part: Mapping[str, Any], *keys: str) -> str:
    for key in keys:
        with suppress(ValueError):
            if found := tidy.text(part.get(key)):
                return found
    return ""


def _moment(part: Mapping[str, Any], key: str) -> datetime | None:
    with suppress(ValueError):
        return tidy.epoch_or_moment(part.get(key))
    return None
