"""Parse SlickText's JSON: contacts, brands, messages, and counts of contacts by status.

The shapes are those of the vendor's pages; what else was seen is accepted too. Each field may be missing, null, or
of another JSON kind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from contacts_ui.integrations import coerce
from contacts_ui.integrations.coerce import BadShape, unwrap
from contacts_ui.integrations.types import (
    Brand,
    Contact,
    ContactPage,
    Malformed,
    Message,
    MessagePage,
    OptInStatus,
)
from contacts_ui.phone import to_e164

# The vendor's name of each field, ours, and how it is read.
_Reader = Callable[[Any], Any]
_FIELDS: Final[dict[str, tuple[str, _Reader]]] = {
    "_brand_id": ("brand_id", coerce.integer),
    **{
        name: (name, coerce.text)
        for name in ("first_name", "last_name", "email", "address", "city", "state", "country")
    },
    "mobile_number_carrier": ("carrier", coerce.text),
    "birthdate": ("birthdate", coerce.day),
    "source": ("source", coerce.text),
    "_source_id": ("source_id", coerce.text),
    "sub_source": ("sub_source", coerce.text),
    "_sub_source_id": ("sub_source_id", coerce.text),
    "timezone": ("timezone", coerce.text),
    "language": ("language", coerce.text),
    "opt_in_status": ("opt_in_status", coerce.verbatim),
    "last_opt_in_status_change": ("last_opt_in_status_change", coerce.moment),
    "created": ("created", coerce.moment),
    "last_updated": ("last_updated", coerce.moment),
}
_SPECIAL: Final = {"contact_id", "mobile_number", "zip", "custom_fields"}
CONTACT_FIELDS: Final = frozenset(_FIELDS) | _SPECIAL

_OUTBOUND: Final = {"outbound", "outgoing", "out", "sent", "mt"}
_INBOUND: Final = {"inbound", "incoming", "in", "received", "mo"}
_ID_KEYS: Final = ("message_id", "_message_id", "id", "_id")
_CONTACT_ID_KEYS: Final = ("contact", "contact.contact_id", "contact_id", "_contact_id")
_CONTACT_NUMBER_KEYS: Final = ("mobile_number", "number", "phone")
_STATUS_KEYS: Final = ("opt_in_status", "status", "group", "name")
_COUNT_KEYS: Final = ("count", "total", "value")
_TOTAL_KEYS: Final = ("total", "total_contacts", "total_count")
_KNOWN_STATUSES: Final = {
    OptInStatus.SUBSCRIBED,
    OptInStatus.UNSUBSCRIBED,
    OptInStatus.NOT_SUBSCRIBED,
    OptInStatus.BLOCKED,
}
# The total has this name among the counts by status.
TOTAL: Final = ""


def parse_contact(raw: Any) -> Contact:
    """Read one contact, bare or wrapped as ``{"data": {...}}``.

    An unreadable value becomes None and is kept as it came in ``extra``. Raises BadShape only
    when the id or the number, which everything else hangs on, cannot be read.
    """
    row = coerce.mapping(unwrap(raw, "contact_id"))
    values: dict[str, Any] = {}
    extra = {key: coerce.clean(item) for key, item in row.items() if key not in CONTACT_FIELDS}
    for key, (name, read) in _FIELDS.items():
        try:
            values[name] = read(row.get(key))
        except ValueError:
            extra[key] = coerce.clean(row[key])
    try:
        zip_code = coerce.postcode(row.get("zip"), values.get("country"))
    except ValueError:
        zip_code, extra["zip"] = None, coerce.clean(row["zip"])
    custom_fields = row.get("custom_fields")
    if not isinstance(custom_fields, dict):
        # null, "null", and an empty list mean none.
        if custom_fields not in (*coerce.NOTHING, []):
            extra["custom_fields"] = coerce.clean(custom_fields)
        custom_fields = {}
    return Contact(
        contact_id=_required_id(row, "contact_id"),
        mobile_number=coerce.text_of(row, "mobile_number"),
        zip=zip_code,
        custom_fields=coerce.clean(custom_fields),
        extra=extra,
        **values,
    )


def parse_page(raw: Any, offset: int) -> ContactPage:
    """Read one page of contacts; a row that cannot be read is reported separately.

    Where the vendor leaves ``pagingData.hasMore`` out, any row at all means that there may be
    more: it may cap a page below what was asked, so only an empty page proves the end.
    Raises BadShape when there is no list of rows.
    """
    rows, envelope = coerce.rows(raw, "data")
    contacts: list[Contact] = []
    malformed: list[Malformed] = []
    for position, row in enumerate(rows):
        try:
            contacts.append(parse_contact(row))
        except BadShape as error:
            contact_id = coerce.row_id(row.get("contact_id")) if isinstance(row, dict) else None
            malformed.append(Malformed(position, contact_id, str(error)))
    return ContactPage(
        tuple(contacts), _has_more(rows, envelope), offset, tuple(malformed), len(rows)
    )


def parse_brand(raw: Any, account: str = "") -> Brand:
    """Read a brand from an object or a list; from several, the one whose id is ``account``."""
    found = unwrap(raw, "brand_id")
    brands = []
    for each in found if isinstance(found, list) else [found]:
        row = coerce.mapping(each)
        extra = {k: coerce.clean(v) for k, v in row.items() if k not in {"brand_id", "name"}}
        name = coerce.text_of(row, "name") or ""
        brands.append(Brand(_required_id(row, "brand_id"), name, extra))
    if not brands:
        raise BadShape("no brand in the answer")
    return next((brand for brand in brands if str(brand.brand_id) == account), brands[0])


def _required_id(row: Mapping[str, Any], key: str) -> int:
    found = coerce.row_id(row.get(key))
    if found is None:
        raise BadShape(f"{key} is missing or not a whole number")
    return found


def _has_more(rows: list[Any], envelope: Mapping[str, Any]) -> bool:
    paging = envelope.get("pagingData")
    said = coerce.truth(paging.get("hasMore")) if isinstance(paging, dict) else None
    return bool(rows) and said is not False


def parse_messages(raw: Any, offset: int) -> MessagePage:
    """Read one page of messages, as `parse_page` does; rows that cannot be read are counted. Raises BadShape."""
    rows, envelope = coerce.rows(raw, "data", "messages")
    messages: list[Message] = []
    for row in rows:
        with suppress(BadShape):
            messages.append(parse_message(row))
    has_more, malformed = _has_more(rows, envelope), len(rows) - len(messages)
    return MessagePage(tuple(messages), has_more, offset, len(rows), malformed)


def parse_message(raw: Any) -> Message:
    """Read one message. Raises BadShape without a direction, or for numbers or a body not in text."""
    if not isinstance(raw, dict):
        raise BadShape(f"a message expected, not {coerce.kind(raw)}")

    def optional_text(name: str) -> str | None:
        return coerce.optional(coerce.text, raw.get(name))

    contact: Any = raw.get("contact")
    contact = contact if isinstance(contact, dict) else {}
    try:
        to, sender = coerce.text(raw.get("to")), coerce.text(raw.get("from"))
        body = coerce.verbatim(raw.get("body")) or ""
    except ValueError as error:
        raise BadShape(str(error)) from None
    ids = (contact.get("contact_id"), *(raw.get(name) for name in _CONTACT_ID_KEYS))
    contact_number = next((contact[k] for k in _CONTACT_NUMBER_KEYS if contact.get(k)), None)
    person = to_e164(coerce.optional(coerce.text, contact_number))
    outbound = _is_outbound(optional_text("direction"), to, sender, person)
    if outbound is None:
        raise BadShape("the direction is missing or unknown")
    created = coerce.optional(coerce.epoch_or_moment, raw.get("created"))
    key = next(filter(None, (optional_text(name) for name in _ID_KEYS)), None)
    if not key:
        # The SHA-256 of what never changes about a text; its status does.
        facts = [to, sender, body, created or optional_text("created")]
        spelled = [
            "out" if outbound else "in",
            *(each if each is None else str(each) for each in facts),
        ]
        key = hashlib.sha256(json.dumps(spelled).encode()).hexdigest()
    return Message(
        key=key,
        number=to_e164(to if outbound else sender) or person,
        outbound=outbound,
        body=body,
        source=optional_text("source") or "",
        status=optional_text("status") or "",
        created=created,
        contact_id=next(filter(None, map(coerce.row_id, ids)), None),
    )


def parse_counts(raw: Any) -> dict[str, int]:
    """Read the number of contacts by status, as SlickText spells each; the total under `TOTAL`.

    The shape is not documented. Accepts an object of counts, or a list of objects that name a
    status and a count, at any depth. Raises BadShape when no status has a count.
    """
    if counts := _find_counts(raw, None):
        return counts
    raise BadShape("no status with a count in the answer")


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
    return False if ends[1] and _is_short_code(to) else None


def _is_short_code(text: str | None) -> bool:
    return text is not None and text.isdigit() and len(text) in (5, 6)


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
        name, count = next((key for key in _STATUS_KEYS if key in row), None), _count(row)
        # "group" may also hold the name of the field that was grouped by.
        if name is None or count is None or row[name] == "opt_in_status":
            continue
        status = row[name] if isinstance(row[name], str) else json.dumps(row[name])
        counts[TOTAL if status.lower() in _TOTAL_KEYS else str(coerce.clean(status))] = count
    return counts if counts.keys() - {TOTAL} else {}


def _from_object(row: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of {"subscribed": 5, …}, if a known status is among its names."""
    if not any(str(name).lower().replace("_", " ") in _KNOWN_STATUSES for name in row):
        return {}
    return {
        str(coerce.clean(name)): count
        for name, value in row.items()
        if name.lower() not in _TOTAL_KEYS
        and not name.lower().endswith("_id")
        and (count := _count(value)) is not None
    }


def _count(value: Any) -> int | None:
    """Return a whole number from itself or from under "count", "total" or "value"."""
    if isinstance(value, dict):
        value = next((value[key] for key in _COUNT_KEYS if key in value), None)
    number = coerce.optional(coerce.integer, value)
    return number if number is not None and number >= 0 else None
