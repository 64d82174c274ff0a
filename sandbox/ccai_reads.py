"""Answer CloudContactAI's reads, by its OpenAPI pages (v1): contacts, and a contact's texts. Promised to no account.

The worked example of *Reassigned Phone Number Lookup* nests the phone's flags in `phoneInfo`, with national digits and
epoch milliseconds; the schema of a contact (ContactDto) has the flags flat, with a date. A page is documented as an
object and no more: Spring's page is a guess.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from sandbox.messages import Messages, milliseconds, moment
from sandbox.phones import UNKNOWN
from sandbox.schema import ccai_id
from sandbox.store import Contact, Store
from sandbox.switches import Switches
from sandbox.wire import Reply, Request, json_reply, whole_number

DEFAULT_PAGE, LARGEST_PAGE = 20, 1000
# Everyone in the register and everyone at SlickText, so that a practice account has a list. The condition stands in
# both halves: each has an index.
EVERYONE = """
SELECT mobile_number AS phone FROM contacts WHERE {contacts}
UNION SELECT phone FROM register WHERE {register}
ORDER BY 1 LIMIT :limit OFFSET :offset
"""
TOTAL = """
SELECT (SELECT count(*) FROM contacts WHERE {contacts}) + (
    SELECT count(*) FROM register WHERE {register}
    AND NOT EXISTS (SELECT 1 FROM contacts WHERE mobile_number = register.phone)
)
"""
# What `filter` may be: a whole number, a part of one, nothing, or what no number has.
EXACT, PART, ANY, NONE = "{phone} = :wanted", "substr({phone}, 3) LIKE :wanted", "1", "0"
FACTS = """
SELECT everyone.phone, register.do_not_text, register.at, phones.phone_type, phones.carrier_name,
    phones.looked_up_at, phones.reassigned_at, phones.by_text,
    contacts.first_name, contacts.last_name, contacts.email
FROM ({everyone}) AS everyone
LEFT JOIN register ON register.phone = everyone.phone
LEFT JOIN phones ON phones.phone = everyone.phone
LEFT JOIN contacts ON contacts.mobile_number = everyone.phone
ORDER BY everyone.phone
"""


class Reads:
    def __init__(self, store: Store, messages: Messages, client_id: str) -> None:
        self.store = store
        self.messages = messages
        self.client_id = client_id

    def answer(self, request: Request, rest: list[str], switches: Switches) -> Reply | None:
        """Answer a read; the path starts after /api/v2. None if there is no such thing or contact."""
        if request.method not in ("GET", "HEAD"):
            return json_reply({"error": "Method not allowed"}, 405)
        match rest:
            case ["contacts"]:
                return self._page_of_contacts(request, switches)
            case ["contacts", "withPhone"]:
                rows = self._rows(*matching(request.query.get("filter", "")))
                return json_reply([self._shaped(row, switches) for row in rows])
            case ["contacts", contact_id]:
                phone = self._phone_of(contact_id)
                rows = self._rows(EXACT, phone) if phone else []
                return json_reply(self._shaped(rows[0], switches)) if rows else None
            case ["messages", "contact", contact_id]:
                phone = self._phone_of(contact_id)
                return json_reply(self._chat(phone)) if phone else None
            case ["messages", "incoming"]:
                return self._page_of_incoming(request, switches)
        return None

    def _page_of_contacts(self, request: Request, switches: Switches) -> Reply:
        where, wanted = matching(request.query.get("filter", ""))
        number, size = _paging(request)
        with self.store.reading() as db:
            total = db.execute(_both(TOTAL, where), {"wanted": wanted}).fetchone()[0]
        rows = self._rows(where, wanted, size, number * size)
        content = [self._shaped(row, switches) for row in rows]
        return json_reply(_page(content, total, number, size))

    def _page_of_incoming(self, request: Request, switches: Switches) -> Reply:
        """Return a received text. Its documented form has no id and no time."""
        number, size = _paging(request)
        came = self.messages.find(vendor="cloudcontactai", incoming=True)
        wanted = request.query.get("filter", "").lower()
        came = [each for each in came if wanted in each.body.lower() or wanted in each.number]
        content: list[Contact] = []
        for message in came[number * size : (number + 1) * size]:
            rows = self._rows(EXACT, message.number)
            content.append(
                {
                    "archive": False,
                    "campaignId": int(message.source_id) if message.source_id else None,
                    "clientId": self.client_id,
                    "contact": self._shaped(rows[0], switches) if rows else None,
                    "fromPhone": message.sender,
                    "toPhone": message.to,
                    "message": message.body,
                }
            )
        return json_reply(_page(content, len(came), number, size))

    def _chat(self, phone: str) -> list[Contact]:
        """Return a contact's texts. `sender` is true for texts that the account sent: a guess."""
        return [
            {
                "id": each.id,
                "created_at": each.created,
                "message": each.body,
                "sender": not each.incoming,
                "sender_phone": each.sender,
                "to_phone": each.to,
                "campaign_title": each.title,
                "mms": False,
            }
            for each in self.messages.find(vendor="cloudcontactai", number=phone)
            if each.status in ("DELIVERED", "RECEIVED")
        ]

    def _rows(self, where: str, wanted: str, limit: int = -1, offset: int = 0) -> list[sqlite3.Row]:
        sql = FACTS.format(everyone=_both(EVERYONE, where))
        with self.store.reading() as db:
            values = {"wanted": wanted, "limit": limit, "offset": offset}
            return db.execute(sql, values).fetchall()

    def _phone_of(self, contact_id: str) -> str | None:
        """Return an id: the register's own, or computed from the number."""
        with self.store.reading() as db:
            sql = "SELECT phone FROM register WHERE contact_id = ?"
            if row := db.execute(sql, (contact_id,)).fetchone():
                return str(row["phone"])
            numbers = db.execute("SELECT mobile_number FROM contacts")
            return next((str(n) for (n,) in numbers if ccai_id(n) == contact_id), None)

    def _shaped(self, row: sqlite3.Row, switches: Switches) -> Contact:
        stopped, digits = bool(row["do_not_text"]), row["phone"].removeprefix("+1")
        contact: Contact = {
            "id": ccai_id(row["phone"]),
            "clientId": self.client_id,
            "firstName": row["first_name"],
            "lastName": row["last_name"],
            "email": row["email"],
            "phone": digits,
        }
        since = moment(row["at"]) if stopped and row["at"] else None
        by_hand = stopped and not row["by_text"]
        kind = row["phone_type"] or UNKNOWN["phone_type"]
        if switches.ccai_read_shape == "flat":
            return contact | {
                "phoneType": kind,
                "phoneUnsubscribedSince": since,
                "phoneManuallyUnsubscribed": by_hand,
            }
        return contact | {
            "phoneInfo": {
                "phoneNumber": digits,
                "phoneType": kind,
                "carrierName": row["carrier_name"] or UNKNOWN["carrier_name"],
                "phoneUnsubscribedSince": milliseconds(since),
                "phoneManuallyUnsubscribed": by_hand,
                "lastReassignLookupTimestamp": milliseconds(row["looked_up_at"]),
                "reassignedAtTimestamp": milliseconds(row["reassigned_at"]),
            }
        }


def _both(sql: str, where: str) -> str:
    """Return a condition for the numbers of both vendors."""
    register = where.format(phone="register.phone")
    return sql.format(contacts=where.format(phone="mobile_number"), register=register)


def matching(text: str) -> tuple[str, str]:
    """Return a condition for `filter`, whose meaning is not documented: here a number or part of one, no names."""
    digits = re.sub(r"\D", "", text)
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    if len(digits) == 10:
        return EXACT, f"+1{digits}"
    if digits:
        return PART, f"%{digits}%"
    return (NONE if text else ANY), ""


def _paging(request: Request) -> tuple[int, int]:
    """Return the page's number from 0, and its size; ignore what is no number."""
    number = whole_number(request.query.get("pageNumber"), 0) or 0
    size = whole_number(request.query.get("pageSize"), DEFAULT_PAGE, minimum=1) or DEFAULT_PAGE
    return number, min(size, LARGEST_PAGE)


def _page(content: list[Contact], total: int, number: int, size: int) -> dict[str, Any]:
    pages = -(-total // size)
    return {
        "content": content,
        "totalElements": total,
        "totalPages": pages,
        "number": number,
        "size": size,
        "numberOfElements": len(content),
        "first": number == 0,
        "last": number + 1 >= pages,
        "empty": not content,
    }
