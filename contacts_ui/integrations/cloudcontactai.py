"""CloudContactAI: the do-not-text register. Every account can write it; some can read it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contacts_ui.integrations import errors
from contacts_ui.integrations.call_policy import READ, WRITE, Budget, CallPolicy, CallRecord
from contacts_ui.integrations.cloudcontactai_parsing import (
    parse_do_not_text,
    parse_found,
    parse_registered_page,
)
from contacts_ui.integrations.coerce import BadShape
from contacts_ui.integrations.http import Connection, with_default_path
from contacts_ui.integrations.types import DoNotText, RegisteredContact, RegisteredPage
from contacts_ui.phone import to_e164

VENDOR = "cloudcontactai"
_STOPPED_FIRST = {True: 2, False: 1, None: 0}


def connect(
    base_url: str,
    api_key: str,
    client_id: str,
    budget: Budget,
    on_call: Callable[[CallRecord], None] | None = None,
) -> Connection:
    """Return a connection for one client; "/api" is added to a base URL without a path."""
    url = with_default_path(base_url, "/api")
    return Connection(VENDOR, url, api_key, client_id.strip(), budget, on_call, accept="*/*")


def set_do_not_text(
    conn: Connection,
    *,
    do_not_text: bool,
    phone: str | None = None,
    contact_id: str | None = None,
    policy: CallPolicy = WRITE,
) -> DoNotText:
    """Opt a person out (True) or back in (False); return what the vendor confirmed.

    CloudContactAI, Do Not Text Integration Guide: PUT /account/do-not-text. Exactly one of
    ``phone`` (E.164) and ``contact_id`` (CloudContactAI's own) names the person.
    Raises VendorError; an answer that confirms something else is Unreadable, outcome unknown.
    """
    if (phone is None) == (contact_id is None):
        raise ValueError("give either phone or contact_id")
    who = {"phone": phone} if phone is not None else {"contactId": contact_id}

    def parse(data: Any) -> DoNotText:
        answer = parse_do_not_text(data)
        if answer.do_not_text is not do_not_text or not _same_person(answer, phone, contact_id):
            raise BadShape("it confirms something else")
        return answer

    body = {"clientId": conn.account, **who, "doNotText": do_not_text}
    path, name = "/account/do-not-text", "do_not_text.set"
    # A repeat of "opt back in" could undo an opt-out that came in between.
    return conn.call("PUT", path, name, parse, policy, body=body, repeatable=do_not_text)


def list_contacts(
    conn: Connection, *, page: int = 0, size: int = 100, policy: CallPolicy = READ
) -> RegisteredPage:
    """Return one page of contacts with their flags; ``page`` counts from 0.

    CloudContactAI, OpenAPI v1: GET /v2/contacts. Whether it counts pages from 0 is a guess, so a
    page may come twice. Raises NotFound where the account offers no reads.
    """
    params = {"filter": "", "pageNumber": page, "pageSize": size}
    return conn.get(
        "/v2/contacts",
        "contacts.list",
        lambda data: parse_registered_page(data, page),
        policy,
        params,
    )


def find_contact(
    conn: Connection, phone: str, *, policy: CallPolicy = READ
) -> RegisteredContact | None:
    """Return the contact with this number (E.164), None only if there certainly is none.

    CloudContactAI, OpenAPI v1: GET /v2/contacts/withPhone. Asks in E.164, and where that finds
    nothing in national digits, as its example shows them. Of several contacts with the number a
    stopped one is returned. Raises Unreadable when it shows only other numbers, since the filter
    may have been ignored, and for a 404 that is not JSON.
    """
    spellings = [phone, phone.removeprefix("+1")] if phone.startswith("+1") else [phone]
    for spelling in spellings:
        params = {"filter": spelling}
        try:
            rows = conn.get("/v2/contacts/withPhone", "contacts.find", parse_found, policy, params)
        except errors.NotFound as error:
            if "json" in str(error.log.get("content_type")):
                continue
            facts = {"problem": "a 404 that is not JSON"}
            raise errors.Unreadable(VENDOR, status=error.status, log=facts) from None
        found = [contact for contact in rows if contact.number == phone]
        if found:
            return max(found, key=lambda contact: _STOPPED_FIRST[contact.stopped])
        if rows:
            raise errors.Unreadable(VENDOR, log={"problem": "about other numbers"})
    return None


def _same_person(answer: DoNotText, phone: str | None, contact_id: str | None) -> bool:
    """Return True unless the answer names another person than the one asked for."""
    if contact_id is not None:
        return answer.contact_id in (None, contact_id)
    confirmed = to_e164(answer.phone)
    return confirmed is None or confirmed == to_e164(phone)
