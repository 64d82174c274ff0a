"""Raw JSON becomes our types.

The shapes are those of the vendors' pages; the tolerance is for what was seen beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from contacts_ui.integrations import tidy
from contacts_ui.integrations.types import Brand, Contact, ContactPage, DoNotText, Malformed


class BadShape(ValueError):
    """JSON that is not what the vendor's page shows. Its message never carries a value."""


# The vendor's name of each field, ours, and how it is read.
_Reader = Callable[[Any], Any]
_FIELDS: Final[dict[str, tuple[str, _Reader]]] = {
    "_brand_id": ("brand_id", tidy.integer),
    "first_name": ("first_name", tidy.text),
    "last_name": ("last_name", tidy.text),
    "mobile_number_carrier": ("carrier", tidy.text),
    "email": ("email", tidy.text),
    "birthdate": ("birthdate", tidy.day),
    "address": ("address", tidy.text),
    "city": ("city", tidy.text),
    "state": ("state", tidy.text),
    "country": ("country", tidy.text),
    "source": ("source", tidy.text),
    "_source_id": ("source_id", tidy.text),
    "sub_source": ("sub_source", tidy.text),
    "_sub_source_id": ("sub_source_id", tidy.text),
    "timezone": ("timezone", tidy.text),
    "language": ("language", tidy.text),
    "opt_in_status": ("opt_in_status", tidy.verbatim),
    "last_opt_in_status_change": ("last_opt_in_status_change", tidy.moment),
    "created": ("created", tidy.moment),
    "last_updated": ("last_updated", tidy.moment),
}
_SPECIAL: Final = {"contact_id", "mobile_number", "zip", "custom_fields"}
CONTACT_FIELDS: Final = frozenset(_FIELDS) | _SPECIAL


def parse_contact(raw: Any) -> Contact:
    """Read one contact, bare or wrapped as ``{"data": {...}}``.

    An unreadable value becomes None and is kept as it came in ``extra``. Raises BadShape only
    when the id or the number, which everything else hangs on, cannot be read.
    """
    row = _object(unwrap(raw, "contact_id"))
    values: dict[str, Any] = {}
    extra = {key: tidy.clean(item) for key, item in row.items() if key not in CONTACT_FIELDS}
    for key, (name, read) in _FIELDS.items():
        try:
            values[name] = read(row.get(key))
        except ValueError:
            extra[key] = tidy.clean(row[key])
    custom_fields = _custom_fields(row.get("custom_fields"), extra)
    return Contact(
        contact_id=_required(row, "contact_id", tidy.integer),
        mobile_number=_readable(row, "mobile_number"),
        zip=_postcode(row.get("zip"), values.get("country"), extra),
        custom_fields=custom_fields,
        extra=extra,
        **values,
    )


def parse_page(raw: Any, offset: int) -> ContactPage:
    """Read one page of contacts; a row that cannot be read is reported beside the others.

    Where the vendor leaves ``pagingData.hasMore`` out, any row at all means that there may be
    more: it may cap a page below what was asked, so only an empty page proves the end.
    Raises BadShape when there is no list of rows.
    """
    rows, paging = _rows(raw)
    contacts: list[Contact] = []
    malformed: list[Malformed] = []
    for position, row in enumerate(rows):
        try:
            contacts.append(parse_contact(row))
        except BadShape as error:
            malformed.append(Malformed(position, _contact_id(row), str(error)))
    said = tidy.truth(paging.get("hasMore"))
    has_more = bool(rows) and said is not False
    return ContactPage(tuple(contacts), has_more, offset, tuple(malformed), len(rows))


def parse_brand(raw: Any, account: str = "") -> Brand:
    """Read a brand from an object or a list; from several, the one whose id is ``account``."""
    found = unwrap(raw, "brand_id")
    rows = found if isinstance(found, list) else [found]
    brands = [_brand(row) for row in rows]
    if not brands:
        raise BadShape("no brand in the answer")
    return next((brand for brand in brands if str(brand.brand_id) == account), brands[0])


def parse_do_not_text(raw: Any) -> DoNotText:
    """Read CloudContactAI's answer. Raises BadShape when it does not say doNotText."""
    row = _object(unwrap(raw, "doNotText"))
    do_not_text = tidy.truth(row.get("doNotText"))
    if do_not_text is None:
        raise BadShape("doNotText is missing or not a boolean")
    return DoNotText(_readable(row, "contactId"), _readable(row, "phone"), do_not_text)


def unwrap(raw: Any, key: str) -> Any:
    """Take the envelope off ``{"data": ...}`` unless the object itself has ``key``."""
    while isinstance(raw, dict) and key not in raw and "data" in raw:
        raw = raw["data"]
    return raw


def _object(raw: Any) -> Mapping[str, Any]:
    if isinstance(raw, list) and len(raw) == 1:
        raw = raw[0]
    if not isinstance(raw, dict):
        raise BadShape(f"an object expected, not {tidy.kind(raw)}")
    return raw


def _required(row: Mapping[str, Any], key: str, read: Callable[[Any], int | None]) -> int:
    try:
        value = read(row.get(key))
    except ValueError:
        value = None
    if value is None or value < 1:
        raise BadShape(f"{key} is missing or not a whole number")
    return value


def _readable(row: Mapping[str, Any], key: str) -> str | None:
    try:
        return tidy.text(row.get(key))
    except ValueError as error:
        raise BadShape(f"{key}: {error}") from None


def _postcode(value: Any, country: str | None, extra: dict[str, Any]) -> str | None:
    try:
        return tidy.postcode(value, country)
    except ValueError:
        extra["zip"] = tidy.clean(value)
        return None


def _custom_fields(value: Any, extra: dict[str, Any]) -> dict[str, Any]:
    """Read an object, or what stands for none: null, "null", an empty list."""
    if isinstance(value, dict):
        return dict(tidy.clean(value))
    if value not in (*tidy.NOTHING, []):
        extra["custom_fields"] = tidy.clean(value)
    return {}


def _rows(raw: Any) -> tuple[list[Any], Mapping[str, Any]]:
    """Find the rows and the paging data in a list, an envelope, or an envelope within one."""
    paging: Any = {}
    while isinstance(raw, dict) and "data" in raw:
        paging = raw.get("pagingData") or paging
        raw = raw["data"] if raw["data"] is not None else []
    if not isinstance(raw, list):
        raise BadShape(f"a list of contacts expected, not {tidy.kind(raw)}")
    return raw, paging if isinstance(paging, dict) else {}


def _contact_id(row: Any) -> int | None:
    try:
        return _required(row, "contact_id", tidy.integer) if isinstance(row, dict) else None
    except BadShape:
        return None


def _brand(raw: Any) -> Brand:
    row = _object(raw)
    extra = {key: tidy.clean(item) for key, item in row.items() if key not in {"brand_id", "name"}}
    brand_id = _required(row, "brand_id", tidy.integer)
    return Brand(brand_id, _readable(row, "name") or "", extra)
