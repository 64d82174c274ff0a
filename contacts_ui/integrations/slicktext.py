"""SlickText v2: the contact directory, its messages and counts. One function for each endpoint.

Every function raises the members of ``VendorError``. All times are UTC.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import quote

from contacts_ui.integrations import coerce, errors
from contacts_ui.integrations.call_policy import READ, WRITE, Budget, CallPolicy, CallRecord
from contacts_ui.integrations.coerce import BadShape, unwrap
from contacts_ui.integrations.http import Connection, with_default_path
from contacts_ui.integrations.slicktext_parsing import (
    CONTACT_FIELDS,
    parse_brand,
    parse_contact,
    parse_counts,
    parse_messages,
    parse_page,
)
from contacts_ui.integrations.types import (
    Brand,
    Contact,
    ContactPage,
    Created,
    MessagePage,
    OptInStatus,
)
from contacts_ui.phone import to_e164

VENDOR = "slicktext"

# Before each lookup after a create whose answer was lost.
LOOKUP_PAUSES_SECONDS = (0.2, 0.8, 1.5)
# More than one row, in case the filter is ignored; with the filter there is one at most.
FIND_LIMIT = 50


def connect(
    base_url: str,
    api_key: str,
    brand_id: str,
    budget: Budget,
    on_call: Callable[[CallRecord], None] | None = None,
) -> Connection:
    """Return a connection for one brand; "/v1" is added to a base URL without a path.

    SlickText's screen shows the brand id with a letter ("b26136"); its paths want the digits.
    """
    digits = re.sub(r"\D", "", brand_id)
    return Connection(VENDOR, with_default_path(base_url, "/v1"), api_key, digits, budget, on_call)


def list_contacts(
    conn: Connection,
    *,
    limit: int = 50,
    offset: int = 0,
    filters: Mapping[str, str] | None = None,
    policy: CallPolicy = READ,
) -> ContactPage:
    """Return one page of contacts, in the vendor's order.

    SlickText, Contacts, "Retrieve All Contacts": GET /brands/{brand}/contacts. ``filters`` match
    exactly and case-sensitively; custom fields go by their internal name. The vendor may send
    fewer rows than ``limit``: go on at ``offset + received`` while ``has_more``.
    Raises Unreadable for a 404: without a list, nothing is known about any contact.
    """
    params = {**(filters or {}), "limit": limit, "offset": offset}
    try:
        return conn.get(
            _contacts(conn), "contacts.list", lambda data: parse_page(data, offset), policy, params
        )
    except errors.NotFound as error:
        raise errors.Unreadable(VENDOR, status=error.status, log={"problem": "no list"}) from None


def get_contact(conn: Connection, contact_id: int, *, policy: CallPolicy = READ) -> Contact:
    """Return one contact.

    SlickText, Contacts, "Retrieve a Specific Contact": GET /brands/{brand}/contacts/{id}.
    Raises NotFound, and Unreadable when the answer is about another contact.
    """
    path = _contacts(conn, contact_id)
    return conn.get(path, "contacts.read", _contact_named(contact_id), policy)


def find_contact(conn: Connection, number: str, *, policy: CallPolicy = READ) -> Contact | None:
    """Return the contact with this number (any spelling), None only if there certainly is none.

    SlickText, Contacts, "Retrieve All Contacts", filtered by mobile_number. Raises Unreadable
    when the vendor ignored the filter, since not found would then mean nothing.
    """
    return next(iter(find_contacts(conn, number, policy=policy)), None)


def find_contacts(conn: Connection, number: str, *, policy: CallPolicy = READ) -> list[Contact]:
    """Return every contact with this number, as `find_contact` does: an import may have made several."""
    wanted = to_e164(number) or number
    page = list_contacts(conn, limit=FIND_LIMIT, filters={"mobile_number": wanted}, policy=policy)
    found = [contact for contact in page.contacts if contact.number == wanted]
    if not found and (page.malformed or (page.contacts and page.has_more)):
        raise errors.Unreadable(VENDOR, log={"problem": "not found, but not everyone was shown"})
    return found


def create_contact(
    conn: Connection, fields: Mapping[str, Any], *, policy: CallPolicy = WRITE
) -> Created:
    """Create a contact; ``mobile_number`` is mandatory.

    SlickText, Contacts, "Create a Contact": POST /brands/{brand}/contacts. It is sent once.
    If the answer is lost, the number is looked up. Found counts as created (``by_lookup``; it may also have
    been there before: compare). Not found raises the original error, whose outcome stays unknown. With WRITE
    all of it takes at most 23 seconds.
    Raises NumberExists, Invalid.
    """
    number = str(fields["mobile_number"])
    number = to_e164(number) or number
    try:
        path, parse, body = _contacts(conn), _contact_named(number), _json(fields)
        contact = conn.call("POST", path, "contacts.create", parse, policy, body=body)
        return Created(contact, by_lookup=False)
    except errors.VendorError as error:
        if not error.outcome_unknown:
            raise
        lost = error
    for pause in LOOKUP_PAUSES_SECONDS:
        time.sleep(pause)
        with suppress(errors.VendorError):
            if found := find_contact(conn, number, policy=_short(policy)):
                return Created(found, by_lookup=True)
    raise lost


def edit_contact(
    conn: Connection,
    id_or_number: int | str,
    changes: Mapping[str, Any],
    *,
    policy: CallPolicy = WRITE,
) -> Contact:
    """Change only the given fields and return the whole contact as it is now; a number goes in E.164.

    SlickText, Contacts, "Edit a Specific Contact": PUT /brands/{brand}/contacts/{id or number}.
    ``custom_fields`` go nested, and once more flat when the reply shows them unchanged.
    The vendor may leave a change out without a word: compare. Raises NotFound, Invalid,
    NumberExists.
    """
    custom_fields = changes.get("custom_fields") or {}
    contact, shows_custom_fields = _put(conn, id_or_number, changes, policy)
    # A name that is also a field of the contact itself would, written flat, overwrite that field.
    flat = {
        name: value
        for name, value in custom_fields.items()
        if shows_custom_fields
        and name not in CONTACT_FIELDS
        and not _alike(contact.custom_fields.get(name), value)
    }
    if not flat:
        return contact
    try:
        return _put(conn, contact.contact_id, flat, policy)[0]
    except errors.Refused:
        # Everything else is saved; the contact as it is now says what is not.
        return contact


def delete_contact(conn: Connection, contact_id: int, *, policy: CallPolicy = WRITE) -> None:
    """Remove a contact from the brand. It may be created again.

    SlickText, Contacts, "Delete a Specific Contact": DELETE /brands/{brand}/contacts/{id}.
    When the answer is lost it is sent once more, and "not found" then means done.
    Raises NotFound when it was gone before.
    """
    try:
        _delete(conn, contact_id, policy)
        return
    except errors.VendorError as error:
        if not error.outcome_unknown:
            raise
        lost = error
    try:
        _delete(conn, contact_id, _short(policy))
    except errors.NotFound:
        return
    except errors.VendorError:
        raise lost from None


def get_brand(conn: Connection, *, policy: CallPolicy = READ) -> Brand:
    """Return the brand behind our key: the cheapest check of the credentials.

    SlickText, Brands: GET /brands. Raises BadCredentials.
    """
    return conn.get("/brands", "brands.read", lambda data: parse_brand(data, conn.account), policy)


def list_messages(
    conn: Connection,
    *,
    limit: int = 50,
    offset: int = 0,
    filters: Mapping[str, str] | None = None,
    policy: CallPolicy = READ,
) -> MessagePage:
    """Return one page of texts sent and received, in the vendor's order, which is not documented.

    SlickText, Messages: GET /brands/{brand}/messages. ``filters`` may name status, source,
    source_id, and direction. Go on at ``offset + received`` while ``has_more``.
    Raises NotFound where the account offers no list of messages.
    """
    params = {**(filters or {}), "limit": limit, "offset": offset}
    path = f"/brands/{conn.account}/messages"
    return conn.get(
        path, "messages.list", lambda data: parse_messages(data, offset), policy, params
    )


def count_contacts(conn: Connection, *, policy: CallPolicy = READ) -> dict[str, int]:
    """Return the number of contacts by opt-in status, as SlickText spells each.

    SlickText, Analytics: GET /brands/{brand}/analytics/contacts?group=opt_in_status. The total,
    if given, is under "". Raises NotFound where the account offers no counts.
    """
    path, params = f"/brands/{conn.account}/analytics/contacts", {"group": "opt_in_status"}
    return conn.get(path, "analytics.contacts", parse_counts, policy, params)


def _contacts(conn: Connection, id_or_number: int | str | None = None) -> str:
    path = f"/brands/{conn.account}/contacts"
    return path if id_or_number is None else f"{path}/{quote(str(id_or_number), safe='')}"


def _put(
    conn: Connection, id_or_number: int | str, changes: Mapping[str, Any], policy: CallPolicy
) -> tuple[Contact, bool]:
    """Return the contact as it is now, and whether the reply showed its custom fields."""
    parse = parse_contact if "mobile_number" in changes else _contact_named(id_or_number)
    return conn.call(
        "PUT",
        _contacts(conn, id_or_number),
        "contacts.edit",
        lambda data: (parse(data), "custom_fields" in unwrap(data, "contact_id")),
        policy,
        body=_json(changes),
        # A repeat of "subscribed" could undo a STOP that came in between.
        repeatable=changes.get("opt_in_status") != OptInStatus.SUBSCRIBED,
    )


def _alike(shown: Any, wanted: Any) -> bool:
    """Compare loosely: the vendor may turn 1 into "1" and empty text into null."""
    if isinstance(shown, dict | list) or isinstance(wanted, dict | list):
        return bool(shown == wanted)
    return (coerce.text(shown) or "").lower() == (coerce.text(wanted) or "").lower()


def _delete(conn: Connection, contact_id: int, policy: CallPolicy) -> None:
    path = _contacts(conn, contact_id)
    conn.call("DELETE", path, "contacts.delete", lambda _: None, policy)


def _short(policy: CallPolicy) -> CallPolicy:
    """Return a short policy for one request after a lost answer: a person is waiting."""
    return replace(
        policy,
        attempts=1,
        read_timeout=min(policy.read_timeout, 2.5),
        total_timeout=min(policy.total_timeout, 2.5),
        patience=min(policy.patience, 1.0),
    )


def _contact_named(id_or_number: int | str) -> Callable[[Any], Contact]:
    """Return a parser that raises BadShape if the answer is about another contact than the one asked for."""

    def parse(data: Any) -> Contact:
        contact = parse_contact(data)
        names = {str(contact.contact_id), contact.mobile_number, contact.number}
        if str(id_or_number) not in names:
            raise BadShape("it is about another contact")
        return contact

    return parse


def _json(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as JSON can carry them."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in fields.items()
    }
