"""Parse CloudContactAI's JSON: what it confirms, and its contacts with their do-not-text flags.

Source: vendor-apis.md, "Newly read". Its example nests the flags in ``phoneInfo``; its schema
lacks them. Both are accepted, and the same names at the top of the contact.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from contacts_ui.integrations import coerce
from contacts_ui.integrations.coerce import BadShape, unwrap
from contacts_ui.integrations.types import DoNotText, RegisteredContact, RegisteredPage
from contacts_ui.phone import to_e164

_SINCE: Final = "phoneUnsubscribedSince"
_FLAGS: Final = ("phoneManuallyUnsubscribed", _SINCE)
_NUMBER_KEYS: Final = ("phone", "phoneNumber", "number")
_ID_KEYS: Final = ("contactId", "id")
_ROWS_KEYS: Final = ("content", "data", "contacts", "items", "results")


def parse_do_not_text(raw: Any) -> DoNotText:
    """Read the answer to a change. Raises BadShape when it does not say doNotText."""
    row = coerce.mapping(unwrap(raw, "doNotText"))
    do_not_text = coerce.truth(row.get("doNotText"))
    if do_not_text is None:
        raise BadShape("doNotText is missing or not a boolean")
    return DoNotText(coerce.text_of(row, "contactId"), coerce.text_of(row, "phone"), do_not_text)


def parse_registered_page(raw: Any, page: int) -> RegisteredPage:
    """Read one page of contacts, a bare list or in an envelope; ``page`` counts from 0.

    Where the answer does not say that it is the last one, only an empty page proves the end.
    Raises BadShape when there is no list of rows.
    """
    rows, envelope = coerce.rows(raw, *_ROWS_KEYS)
    contacts = []
    for row in rows:
        with suppress(BadShape):
            contacts.append(parse_registered(row))
    return RegisteredPage(tuple(contacts), bool(rows) and not _is_last(envelope, page), len(rows))


def parse_found(raw: Any) -> tuple[RegisteredContact, ...]:
    """Read the answer of a lookup: one contact, bare or in an envelope, or a list of them. Raises BadShape."""
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
        raise BadShape(f"a contact expected, not {coerce.kind(raw)}")
    info = raw.get("phoneInfo")
    if isinstance(info, list) and len(info) == 1:
        info = info[0]
    parts = (info, raw) if isinstance(info, dict) else (raw,)
    contact_id = _text(raw, *_ID_KEYS) or None
    typed = (_text(part, key) for part in parts for key in _NUMBER_KEYS)
    number = next(filter(None, map(to_e164, typed)), None)
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
    said = set()
    for key, value in ((key, part[key]) for part in parts for key in _FLAGS if key in part):
        stops = False if value in coerce.NOTHING else coerce.truth(value)
        # A time since when, even one that cannot be read, is a stop; 0 and false mean never.
        said.add(stops is not False if key == _SINCE else stops)
    if True in said:
        return True
    return None if None in said or not said else False


def _is_last(envelope: Mapping[str, Any], page: int) -> bool:
    last, more = coerce.truth(envelope.get("last")), coerce.truth(envelope.get("hasMore"))
    if last is not None or more is not None:
        return not more if last is None else last
    pages = coerce.optional(coerce.integer, envelope.get("totalPages"))
    # Whether it counts pages from 0 is a guess; up to this page it holds either way.
    return pages is not None and page >= pages


def _text(part: Mapping[str, Any], *keys: str) -> str:
    return next(filter(None, (coerce.optional(coerce.text, part.get(key)) for key in keys)), "")


def _moment(part: Mapping[str, Any], key: str) -> datetime | None:
    return coerce.optional(coerce.epoch_or_moment, part.get(key))
