"""Store what CloudContactAI knows about a phone: its type, its carrier, and whether its number was reassigned."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from sandbox.messages import moment
from sandbox.store import Store, exact_now

TYPES = ("MOBILE", "LANDLINE", "VOIP", "INVALID", "UNKNOWN")
UNKNOWN = {
    "phone_type": "MOBILE",
    "carrier_name": "Sandbox Wireless, Inc.",
    "looked_up_at": None,
    "reassigned_at": None,
    "by_text": 0,
}
WRITE = """
INSERT INTO phones (phone, {names}) VALUES (:phone, {values})
ON CONFLICT (phone) DO UPDATE SET {sets}
"""


def of(store: Store, phone: str) -> dict[str, Any]:
    """Return the facts about a phone (E.164), with defaults."""
    with store.reading() as db:
        row = db.execute("SELECT * FROM phones WHERE phone = ?", (phone,)).fetchone()
    known = {name: row[name] for name in UNKNOWN if row[name] is not None} if row else {}
    return UNKNOWN | known


def learn(store: Store, phone: str, facts: Mapping[str, str]) -> dict[str, Any]:
    """Store facts and return all of them; "now" is a time, an empty one removes it. Raises ValueError."""
    if unknown := facts.keys() - {"phone_type", "carrier_name", "reassigned_at"}:
        raise ValueError(f"a phone has no {', '.join(sorted(unknown))}")
    values: dict[str, object] = dict(facts)
    if values.get("phone_type", "MOBILE") not in TYPES:
        raise ValueError(f"phone_type is one of {', '.join(TYPES)}")
    if "reassigned_at" in facts:
        at = facts["reassigned_at"]
        values["reassigned_at"] = moment("" if at == "now" else at) if at else None
        values["looked_up_at"] = exact_now()
    if values:
        _write(store, phone, values)
    return of(store, phone)


def looked_up(store: Store, phone: str) -> None:
    """Look up a phone before a text."""
    _write(store, phone, {"looked_up_at": exact_now()})


def note_by_text(db: sqlite3.Connection, phone: str, by_text: bool) -> None:
    """Return True if the number came into the register by a text, not by hand."""
    if by_text:
        db.execute(_sql({"by_text": 1}), {"phone": phone, "by_text": 1})
    else:
        db.execute("UPDATE phones SET by_text = 0 WHERE phone = ?", (phone,))


def _write(store: Store, phone: str, values: Mapping[str, object]) -> None:
    with store.writing() as db:
        db.execute(_sql(values), {"phone": phone, **values})


def _sql(values: Mapping[str, object]) -> str:
    """Write facts. `values` has only names of UNKNOWN."""
    return WRITE.format(
        names=", ".join(values),
        values=", ".join(f":{name}" for name in values),
        sets=", ".join(f"{name} = excluded.{name}" for name in values),
    )
