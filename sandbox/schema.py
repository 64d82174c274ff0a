"""Make the tables, and fill them with people."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import blake2b

from sandbox.people import COLUMNS, FIRST_ID, Row, people

# The brand's custom fields, with the type that the vendor's screen would give them.
CUSTOM_FIELDS = {
    "member": "number",
    "member_number": "number",
    "membership_date": "date",
    "favorite_store": "text",
    "loyalty_tier": "text",
}
TABLES = """
DROP TABLE IF EXISTS contacts;
DROP TABLE IF EXISTS gaps;
DROP TABLE IF EXISTS register;
DROP TABLE IF EXISTS writes;
DROP TABLE IF EXISTS meta;
DROP TABLE IF EXISTS messages;
DROP TABLE IF EXISTS phones;
CREATE TABLE contacts (contact_id INTEGER PRIMARY KEY AUTOINCREMENT, {columns});
CREATE TABLE gaps (contact_id INTEGER PRIMARY KEY);
CREATE TABLE register (
    phone TEXT PRIMARY KEY, contact_id TEXT NOT NULL, do_not_text INTEGER NOT NULL, at TEXT
) WITHOUT ROWID;
CREATE TABLE writes (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, vendor TEXT NOT NULL, number TEXT NOT NULL,
    action TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE meta (people INTEGER NOT NULL, seed INTEGER NOT NULL);
"""
# Apart, since a file of an earlier version lacks them and is kept.
ADDED = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY, vendor TEXT NOT NULL, number TEXT NOT NULL, contact_id INTEGER,
    incoming INTEGER NOT NULL, body TEXT NOT NULL, source TEXT NOT NULL, source_id TEXT,
    title TEXT NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_number ON messages (number);
CREATE INDEX IF NOT EXISTS messages_created ON messages (vendor, created);
CREATE TABLE IF NOT EXISTS phones (
    phone TEXT PRIMARY KEY, phone_type TEXT, carrier_name TEXT, looked_up_at TEXT,
    reassigned_at TEXT, by_text INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""
INDEXES = """
CREATE UNIQUE INDEX by_mobile_number ON contacts (mobile_number);
CREATE UNIQUE INDEX register_contact_id ON register (contact_id);
CREATE INDEX writes_number ON writes (number);
"""


def custom_value(name: str) -> str:
    """Return the expression of a custom field, for its filter and its index."""
    if name not in CUSTOM_FIELDS:
        raise KeyError(name)
    return f"CAST(json_extract(custom_fields, '$.{name}') AS TEXT)"


def fill(connection: sqlite3.Connection, count: int, seed: int) -> None:
    """Build everything again inside the caller's transaction: indexes last, which is faster."""
    run(connection, TABLES.format(columns=", ".join(f"{name} TEXT" for name in COLUMNS[1:])))
    marks = ", ".join("?" * len(COLUMNS))
    connection.executemany(f"INSERT INTO contacts VALUES ({marks})", people(count, seed))  # noqa: S608
    if not count:
        # Ids start after the last person, also when there are none.
        connection.execute("INSERT INTO sqlite_sequence VALUES ('contacts', ?)", (FIRST_ID - 1,))
    connection.executemany("INSERT INTO register VALUES (?, ?, ?, ?)", _register(connection))
    plain = {name: name for name in COLUMNS[1:] if name not in ("mobile_number", "custom_fields")}
    custom = {f"custom_{name}": custom_value(name) for name in CUSTOM_FIELDS}
    # Without nulls, since no filter asks for null.
    indexes = (
        f"CREATE INDEX by_{name} ON contacts ({value}) WHERE {value} IS NOT NULL;"
        for name, value in (plain | custom).items()
    )
    run(connection, ADDED + INDEXES + "".join(indexes))
    connection.execute("INSERT INTO meta VALUES (?, ?)", (count, seed))


def run(connection: sqlite3.Connection, script: str) -> None:
    """Run statements one by one, since executescript would commit the transaction."""
    for statement in script.split(";"):
        if statement.strip():
            connection.execute(statement)


def _register(connection: sqlite3.Connection) -> Iterator[Row]:
    """Fill the register: four in five people, and two in three of the stops that SlickText has.

    The stops it does not have are the disagreements that a dashboard must show.
    """
    rows = connection.execute(
        "SELECT mobile_number, opt_in_status, last_opt_in_status_change FROM contacts"
        " ORDER BY mobile_number"
    )
    for number, status, changed in rows:
        chance = int(ccai_id(number)[-6:], 16) % 15
        if chance < 12:
            stopped = status in ("unsubscribed", "blocked") and chance < 8
            yield number, ccai_id(number), int(stopped), changed if stopped else None


def ccai_id(number: str) -> str:
    """Return CloudContactAI's own id: a string, unlike SlickText's."""
    return blake2b(number.encode(), key=b"cloudcontactai", digest_size=12).hexdigest()
