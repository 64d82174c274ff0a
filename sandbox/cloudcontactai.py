"""Answer as CloudContactAI, by its do-not-text guide: a register that is written, and read only if switched on."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace

from sandbox.ccai_reads import Reads
from sandbox.messages import Messages
from sandbox.phones import note_by_text
from sandbox.schema import ccai_id
from sandbox.store import Contact, Store, exact_now
from sandbox.switches import Switches
from sandbox.wire import Reply, Request, json_reply

KEY = "sandbox-ccai-key"
CLIENT_ID = "sandbox-client"
E164 = re.compile(r"\+[1-9]\d{7,14}")


def refuse(status: int, message: str) -> Reply:
    """Return a refusal. The guide documents no errors; the vendor's own client tests read an `error`."""
    return json_reply({"error": message}, status)


class CloudContactAI:
    def __init__(self, store: Store, messages: Messages) -> None:
        self.store = store
        self.reads = Reads(store, messages, CLIENT_ID)

    def answer(self, request: Request, switches: Switches) -> Reply:
        """Answer an authenticated call; the path starts after /api."""
        match request.segments[1:]:
            case ["account", "do-not-text"]:
                if request.method != "PUT":
                    return refuse(405, "Method not allowed")
                return self.do_not_text(request, switches)
            case ["v2", *rest] if switches.ccai_readable:
                return self.reads.answer(request, rest, switches) or refuse(404, "Not found")
        return refuse(404, "Not found")

    def do_not_text(self, request: Request, switches: Switches) -> Reply:
        body = request.json()
        problem = "The body must be a JSON object" if body is None else problem_of(body)
        if body is None or problem:
            return refuse(400, problem)
        if body["clientId"] != CLIENT_ID:
            return refuse(403, "This API key does not belong to that client")
        do_not_text = bool(body["doNotText"])
        with self.store.writing() as db:
            contact = find(db, body)
            if contact is None and (
                body.get("contactId") is not None or switches.unknown_phone == "404"
            ):
                return refuse(404, "Contact not found")
            phone = contact["phone"] if contact else body["phone"]
            self._set(db, phone, do_not_text, known=contact is not None)
            contact_id = contact["contact_id"] if contact else ccai_id(phone)
        answer = {"contactId": contact_id, "phone": phone, "doNotText": do_not_text}
        same = contact is not None and bool(contact["do_not_text"]) is do_not_text
        return replace(json_reply(answer), changed_nothing=same)

    def mark(self, phone: str, do_not_text: bool, *, by_text: bool = False) -> None:
        """Set the mark by a person's text, or by a press inside CloudContactAI."""
        with self.store.writing() as db:
            known = find(db, {"phone": phone}) is not None
            self._set(db, phone, do_not_text, known=known, by_text=by_text)

    def forget_stops(self) -> None:
        """Hold no stop."""
        with self.store.writing() as db:
            db.execute("UPDATE register SET do_not_text = 0, at = NULL")
            self.store.record(db, "cloudcontactai", "", "forget_stops", {})

    def is_stopped(self, phone: str) -> bool:
        with self.store.reading() as db:
            entry = find(db, {"phone": phone})
        return bool(entry and entry["do_not_text"])

    def _set(
        self,
        db: sqlite3.Connection,
        phone: str,
        do_not_text: bool,
        known: bool,
        by_text: bool = False,
    ) -> None:
        note_by_text(db, phone, by_text and do_not_text)
        db.execute(
            "INSERT INTO register VALUES (?, ?, ?, ?) ON CONFLICT (phone)"
            " DO UPDATE SET do_not_text = excluded.do_not_text, at = excluded.at",
            (phone, ccai_id(phone), do_not_text, exact_now()),
        )
        detail = {"doNotText": do_not_text, "created": not known}
        self.store.record(db, "cloudcontactai", phone, "do_not_text", detail)


def problem_of(body: Contact) -> str:
    """Return what is missing of what the guide requires. Null counts as missing, since its own client sends it."""
    if not isinstance(body.get("clientId"), str) or not body["clientId"]:
        return "clientId is required"
    if not isinstance(body.get("doNotText"), bool):
        return "doNotText is required and must be true or false"
    contact_id, phone = body.get("contactId"), body.get("phone")
    if contact_id is None and phone is None:
        return "Either contactId or phone is required"
    if contact_id is not None and not isinstance(contact_id, str):
        return "contactId must be a string"
    if phone is not None and not (isinstance(phone, str) and E164.fullmatch(phone)):
        return "phone must be in E.164 format"
    return ""


def find(db: sqlite3.Connection, body: Contact) -> sqlite3.Row | None:
    """Return the number; the contactId decides if both are given."""
    column, value = ("phone", body.get("phone"))
    if body.get("contactId") is not None:
        column, value = ("contact_id", body["contactId"])
    sql = f"SELECT * FROM register WHERE {column} = ?"  # noqa: S608
    row: sqlite3.Row | None = db.execute(sql, (value,)).fetchone()
    return row
