"""Store SlickText's contacts as rows: find a page quickly, and change one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from sandbox.people import FIRST_ID
from sandbox.schema import CUSTOM_FIELDS, custom_value
from sandbox.store import Contact, Store, now

Filters = tuple[tuple[str, str], ...]
# The inner query reads the index alone; the fat rows are read for this page only.
PAGE = """
SELECT * FROM contacts WHERE contact_id IN (
    SELECT contact_id FROM contacts WHERE {where} contact_id > ?
    ORDER BY contact_id LIMIT ? OFFSET ?
) ORDER BY contact_id
"""
# Only names from COLUMNS and CUSTOM_FIELDS ever stand in the braces of these statements.
READ = "SELECT * FROM contacts WHERE {column} = ?"
INSERT = "INSERT INTO contacts ({columns}) VALUES ({marks})"
UPDATE = "UPDATE contacts SET {sets} WHERE contact_id = ?"
# The fewer people share a value, the earlier.
NARROWEST_FIRST = """
contact_id mobile_number email member_number created last_updated last_opt_in_status_change address
birthdate membership_date zip last_name first_name city _source_id _sub_source_id sub_source state
favorite_store loyalty_tier timezone source opt_in_status language member country custom_fields
mobile_number_carrier
"""
NARROWNESS = NARROWEST_FIRST.split()


def as_contact(row: sqlite3.Row) -> Contact:
    contact: Contact = dict(row)
    fields = contact["custom_fields"]
    contact["custom_fields"] = json.loads(fields) if fields else None
    return contact


class Contacts:
    def __init__(self, store: Store) -> None:
        self.store = store

    def page(self, filters: Filters, limit: int, offset: int) -> tuple[list[Contact], bool]:
        """Return a page, and whether more follow."""
        # The whole list begins at an id; a filtered one skips rows of its index.
        after, skip = (0, offset) if filters else (self.store.id_at(offset, FIRST_ID) - 1, 0)
        where, values = conditions(filters)
        with self.store.reading() as db:
            sql = PAGE.format(where=where)
            rows = db.execute(sql, [*values, after, limit + 1, skip]).fetchall()
        return [as_contact(row) for row in rows[:limit]], len(rows) > limit

    def counts(self, group: str, filters: Filters) -> dict[str, int]:
        """Count contacts by each value of a column, without contacts that have none."""
        where, values = conditions(filters)
        sql = f"SELECT {group}, count(*) FROM contacts WHERE {where} {group} IS NOT NULL GROUP BY 1"  # noqa: S608
        with self.store.reading() as db:
            return dict(db.execute(sql, values).fetchall())

    def get(self, key: str) -> Contact | None:
        """Return a contact by id or number, as in the path of a request."""
        column = "contact_id" if key.isdecimal() else "mobile_number"
        # No contact has an id beyond 64 bits, and SQLite would not take it.
        if column == "contact_id" and len(key) > 18:
            return None
        value: object = int(key) if column == "contact_id" else key
        with self.store.reading() as db:
            row = db.execute(READ.format(column=column), (value,)).fetchone()
        return as_contact(row) if row else None

    def create(self, values: Contact, texted: bool = False) -> Contact | None:
        """Create a contact; return None if its number exists already.

        `texted`: the vendor would send a real text now, which the history must show.
        """
        sql = INSERT.format(columns=", ".join(values), marks=", ".join("?" * len(values)))
        try:
            with self.store.writing() as db:
                cursor = db.execute(sql, plain(values))
                self.store.record(db, "slicktext", values["mobile_number"], "create", values)
                if texted:
                    self.store.record(db, "slicktext", values["mobile_number"], "text_sent", {})
                return _by_id(db, cursor.lastrowid)
        except sqlite3.IntegrityError:
            return None

    def edit(self, contact: Contact, changes: Contact) -> Contact | None:
        """Change a contact and return it; None if the new number is another contact's."""
        changes = changes | {"last_updated": now()}
        sets = ", ".join(f"{name} = ?" for name in changes)
        try:
            with self.store.writing() as db:
                db.execute(UPDATE.format(sets=sets), [*plain(changes), contact["contact_id"]])
                numbers = {contact["mobile_number"], changes.get("mobile_number")} - {None}
                for number in sorted(numbers):
                    self.store.record(db, "slicktext", number, "edit", changes)
                return _by_id(db, contact["contact_id"])
        except sqlite3.IntegrityError:
            return None

    def subscribe_stopped(self, *, but: int) -> None:
        """Subscribe everyone who is stopped, except the first few of each status."""
        sql = (
            "UPDATE contacts SET opt_in_status = 'subscribed', last_opt_in_status_change = NULL"
            " WHERE opt_in_status = :status AND contact_id NOT IN ("
            "SELECT contact_id FROM contacts WHERE opt_in_status = :status"
            " ORDER BY contact_id LIMIT :but)"
        )
        with self.store.writing() as db:
            for status in ("unsubscribed", "blocked"):
                db.execute(sql, {"status": status, "but": but})
            self.store.record(db, "slicktext", "", "subscribe_stopped", {"but": but})

    def delete(self, contact: Contact) -> None:
        key = (contact["contact_id"],)
        with self.store.writing() as db:
            gone = db.execute("DELETE FROM contacts WHERE contact_id = ?", key).rowcount
            if gone:
                db.execute("INSERT INTO gaps VALUES (?)", key)
                self.store.record(db, "slicktext", contact["mobile_number"], "delete", {})
        if gone:
            self.store.note_gap(contact["contact_id"])


def plain(values: Mapping[str, object]) -> list[object]:
    return [
        json.dumps(v, ensure_ascii=False) if isinstance(v, dict) else v for v in values.values()
    ]


def _by_id(db: sqlite3.Connection, contact_id: int | None) -> Contact:
    row = db.execute("SELECT * FROM contacts WHERE contact_id = ?", (contact_id,)).fetchone()
    return as_contact(row)


def conditions(filters: Filters) -> tuple[str, list[object]]:
    """Return the filters as conditions: exact and case-sensitive, as the vendor says.

    The narrowest filter's index is read and the others are checked: a plus before a
    column tells SQLite to leave that column's index alone.
    """
    ordered = sorted(filters, key=lambda each: NARROWNESS.index(each[0]))
    parts = [
        f"{'+' if place else ''}{custom_value(name) if name in CUSTOM_FIELDS else name} = ? AND"
        for place, (name, _) in enumerate(ordered)
    ]
    return " ".join(parts), [value for _, value in ordered]
