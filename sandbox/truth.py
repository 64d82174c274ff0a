"""Tell what both vendors really hold, for tests that compare it with what a dashboard believes."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from sandbox.contacts import as_contact
from sandbox.shapes import shaped
from sandbox.slicktext import BRAND_ID
from sandbox.store import Store

Truth = dict[str, Any]


def of_number(store: Store, number: str) -> Truth:
    """Return both vendors' records and every write for this number, oldest first."""
    with store.reading() as db:
        rows = db.execute("SELECT * FROM writes WHERE number = ? ORDER BY id", (number,))
        return _state(db, number) | {"history": [_write(row) for row in rows]}


def all_numbers(store: Store, after: str, offset: int, limit: int) -> Truth:
    """Return a page of all numbers that either vendor knows, by number; `next` is the next `after`."""
    sql = (
        "SELECT mobile_number FROM contacts WHERE mobile_number > :after"
        " UNION SELECT phone FROM register WHERE phone > :after ORDER BY 1"
        " LIMIT :limit OFFSET :offset"
    )
    with store.reading() as db:
        where = {"after": after, "limit": limit + 1, "offset": offset}
        numbers = [row[0] for row in db.execute(sql, where)]
        data = [_state(db, number) for number in numbers[:limit]]
    more = len(numbers) > limit
    return {"data": data, "next": numbers[limit - 1] if more else None, "hasMore": more}


def writes(store: Store, after: int, limit: int) -> Truth:
    """Return a page of all writes at both vendors, in order; `next` is the next `after`."""
    with store.reading() as db:
        sql = "SELECT * FROM writes WHERE id > ? ORDER BY id LIMIT ?"
        rows = db.execute(sql, (after, limit)).fetchall()
    data = [_write(row) | {"number": row["number"]} for row in rows]
    return {"data": data, "next": data[-1]["id"] if len(data) == limit else None}


def _state(db: sqlite3.Connection, number: str) -> Truth:
    contact = db.execute("SELECT * FROM contacts WHERE mobile_number = ?", (number,)).fetchone()
    entry = db.execute("SELECT * FROM register WHERE phone = ?", (number,)).fetchone()
    register = {name: entry[name] for name in ("contact_id", "do_not_text", "at")} if entry else {}
    return {
        "number": number,
        "slicktext": shaped(as_contact(contact), BRAND_ID, "new", "single") if contact else None,
        "cloudcontactai": register | {"do_not_text": bool(entry["do_not_text"])} if entry else None,
    }


def _write(row: sqlite3.Row) -> Truth:
    known = {name: row[name] for name in ("id", "at", "vendor", "action")}
    return known | {"detail": json.loads(row["detail"])}
