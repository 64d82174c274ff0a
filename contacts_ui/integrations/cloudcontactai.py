"""CloudContactAI: the do-not-text register. It can be written, not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contacts_ui.integrations.http import (
    WRITE,
    Budget,
    CallRecord,
    Connection,
    Manner,
    with_default_path,
)
from contacts_ui.integrations.parsing import BadShape, parse_do_not_text
from contacts_ui.integrations.types import DoNotText
from contacts_ui.phone import to_e164

VENDOR = "cloudcontactai"


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
    manner: Manner = WRITE,
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

    return conn.call(
        "PUT",
        "/account/do-not-text",
        endpoint="do_not_text.set",
        parse=parse,
        body={"clientId": conn.account, **who, "doNotText": do_not_text},
        manner=manner,
        # A repeat of "opt back in" could undo an opt-out that came in between.
        repeatable=do_not_text,
    )


def _same_person(answer: DoNotText, phone: str | None, contact_id: str | None) -> bool:
    """Tell whether the answer, as far as it says, is about the person asked for."""
    if contact_id is not None:
        return answer.contact_id in (None, contact_id)
    confirmed = to_e164(answer.phone)
    return confirmed is None or confirmed == to_e164(phone)
