"""Store the texts that either vendor sent or received. No real text is ever sent."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.store import Store, exact_now

# Toll-free, so that no invented person has them.
SENDERS = {"slicktext": "+18885550100", "cloudcontactai": "+18885550199"}
# How a campaign, a person in the vendor's inbox, a keyword's answer and the API are named [seen].
SOURCES = ("Campaign", "InboxThread", "Keyword", "API")
SORTINGS = {
    "newest": "created DESC, id DESC",
    "oldest": "created, id",
    "random": "random()",
}
FILTERS = ("status", "source", "source_id", "direction")
WORDS = {"incoming": ("incoming", "outgoing"), "inbound": ("inbound", "outbound")}
INSERT = """
INSERT INTO messages
    (vendor, number, contact_id, incoming, body, source, source_id, title, status, created)
VALUES
    (:vendor, :number, :contact_id, :incoming, :body, :source, :source_id, :title, :status, :created)
"""


@dataclass(frozen=True)
class Message:
    """One text. `number` is the person's (E.164); `title` is its campaign's; `created` is UTC with milliseconds."""

    id: int
    vendor: str
    number: str
    contact_id: int | None
    incoming: bool
    body: str
    source: str
    source_id: str | None
    title: str
    status: str
    created: str

    @property
    def to(self) -> str:
        return SENDERS[self.vendor] if self.incoming else self.number

    @property
    def sender(self) -> str:
        return self.number if self.incoming else SENDERS[self.vendor]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"to": self.to, "from": self.sender}


def moment(text: str) -> str:
    """Return an ISO time as it is stored: UTC if it has no zone, now if it is empty. Raises ValueError."""
    if not text:
        return exact_now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as problem:
        raise ValueError("a time is written like 2026-11-29 14:05:00, in UTC") from problem
    at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def slicktext_time(kept: str) -> str:
    """Return a stored time as SlickText writes times: UTC, without a zone."""
    return kept[:19].replace("T", " ")


def milliseconds(text: str | None) -> int | None:
    """Return a stored time as epoch milliseconds, as in CloudContactAI's example."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return round(at.replace(tzinfo=at.tzinfo or UTC).timestamp() * 1000)


class Messages:
    def __init__(self, store: Store) -> None:
        self.store = store

    def add(
        self,
        *,
        vendor: str,
        number: str,
        body: str,
        incoming: bool,
        source: str,
        status: str,
        source_id: str | None = None,
        title: str = "",
        contact_id: int | None = None,
        created: str = "",
    ) -> Message:
        """Store a text and return it."""
        values = {
            "vendor": vendor, "number": number, "contact_id": contact_id, "incoming": incoming,
            "body": body, "source": source, "source_id": source_id, "title": title,
            "status": status, "created": created or exact_now(),
        }  # fmt: skip
        with self.store.writing() as db:
            key = db.execute(INSERT, values).lastrowid
            row = db.execute("SELECT * FROM messages WHERE id = ?", (key,)).fetchone()
        return _message(row)

    def find(
        self, *, vendor: str = "", number: str = "", incoming: bool | None = None, limit: int = -1
    ) -> list[Message]:
        """Return the texts of a vendor, a number, or a direction, newest first."""
        wanted = {"vendor": vendor or None, "number": number or None, "incoming": incoming}
        return self._rows({name: v for name, v in wanted.items() if v is not None}, limit=limit)

    def page(
        self, filters: dict[str, str], sorting: str, words: str, limit: int, offset: int
    ) -> tuple[list[Message], bool]:
        """Return a page of SlickText's texts, and whether more follow; filters match exactly."""
        wanted: dict[str, object] = {"vendor": "slicktext", **filters}
        if "direction" in filters:
            del wanted["direction"]
            known = {WORDS[words][0]: True, WORDS[words][1]: False}
            # An unknown word matches none.
            wanted["incoming"] = known.get(filters["direction"], -1)
        rows = self._rows(wanted, sorting, limit + 1, offset)
        return rows[:limit], len(rows) > limit

    def _rows(
        self, wanted: dict[str, object], sorting: str = "newest", limit: int = -1, offset: int = 0
    ) -> list[Message]:
        """Return texts. `wanted` has only names of columns from this file."""
        where = " AND ".join([*(f"{name} = ?" for name in wanted), "1"])
        sql = f"SELECT * FROM messages WHERE {where} ORDER BY {SORTINGS[sorting]} LIMIT ? OFFSET ?"  # noqa: S608
        with self.store.reading() as db:
            return [_message(row) for row in db.execute(sql, [*wanted.values(), limit, offset])]


def shaped(message: Message, words: str, with_id: bool) -> dict[str, Any]:
    """Return a text as in SlickText's messages resource. The part that could be read names no id."""
    shown: dict[str, Any] = {
        "to": message.to,
        "from": message.sender,
        "body": message.body,
        "direction": WORDS[words][0 if message.incoming else 1],
        "source": message.source,
        "source_id": message.source_id,
        "status": message.status,
        "created": slicktext_time(message.created),
        "contact": {"contact_id": message.contact_id} if message.contact_id else None,
    }
    return {"_id": hex_id(message.id)} | shown if with_id else shown


def hex_id(number: int) -> str:
    """Return an id as in SlickText's newer resources: 24 hexadecimal digits."""
    return hashlib.sha256(f"message {number}".encode()).hexdigest()[:24]


def _message(row: sqlite3.Row) -> Message:
    return Message(**{**dict(row), "incoming": bool(row["incoming"])})
