"""Contacts into the index's table, many at once. Who is written, and when, is decided in `learning`."""

# ruff: noqa: S608 - the only names in the SQL are our own columns

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import CharField

from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import IndexedContact
from contacts_ui.services.index.database import TABLE, database
from contacts_ui.services.index.folding import custom_key, fold, folded_text, letters, name_key
from contacts_ui.services.index.words import learn_words

# Raised when what is folded changes, so that everybody is written anew by the next walk.
FOLDING: Final = 1
# To look first what of so few changed costs as much as to write all.
FEW: Final = 3
TEXTS: Final = (
    "first_name", "last_name", "mobile_number", "email", "city", "state", "zip", "country", "source", "language",
    "timezone",
)  # fmt: skip
_FOLDED: Final = ("city", "state", "zip", "country", "source", "language", "timezone")
_COLUMNS: Final = (
    "contact_id", "status", "custom_fields", "status_changed_at", "created", "last_updated", "read_at", "digest",
    *TEXTS, "number", "name_key", "first_key", "last_key", "email_key", "status_key",
    *(f"{name}_key" for name in _FOLDED), "custom_key", "folded",
)  # fmt: skip
_READ_AT: Final = _COLUMNS.index("read_at")
_TYPES: Final = {
    "contact_id": "bigint",
    "digest": "bigint",
    "custom_fields": "jsonb",
    "status_changed_at": "timestamptz",
    "created": "timestamptz",
    "last_updated": "timestamptz",
    "read_at": "timestamptz",
}
_LONGEST: Final = {
    field.name: field.max_length
    for field in IndexedContact._meta.fields
    if isinstance(field, CharField)
}


def write(contacts: Sequence[Contact], digests: Mapping[int, int], read_at: datetime) -> None:
    """Keep these contacts, in one transaction; whoever was read later stays as they were read then."""
    asked_at = moment(read_at)
    ordered = sorted(contacts, key=lambda contact: contact.contact_id)
    rows = [_row(each, asked_at, digests[each.contact_id]) for each in ordered]
    with transaction.atomic(), connection.cursor() as cursor:
        _upsert(cursor, rows)
        _learn_names(cursor, ordered)
    _doubt_older(ordered, asked_at)


def _doubt_older(contacts: Iterable[Contact], asked_at: Any) -> None:
    """Who was read earlier under a number that is stopped by now, as another contact, is not known to be textable.

    A number is one contact's at SlickText: the older row is of somebody deleted, or of whom the number left. The next
    reading of them writes the row anew.
    """
    stopped = {each.number: each.contact_id for each in contacts if _is_stopped(each)}
    if not stopped:
        return
    ours = database()
    others = (
        f"number {ours.among('text')} AND NOT contact_id {ours.among('bigint')} AND read_at < %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT contact_id FROM {TABLE} WHERE {others} AND status <> ''"
            " AND status_key NOT IN ('unsubscribed', 'blocked')",
            [ours.many(list(stopped)), ours.many(list(stopped.values())), asked_at],
        )
        if older := [key for (key,) in cursor.fetchall()]:
            cursor.execute(
                f"UPDATE {TABLE} SET status = '', status_key = '', digest = 0"
                f" WHERE contact_id {ours.among('bigint')} AND read_at < %s",
                [ours.many(older), asked_at],
            )


def _is_stopped(contact: Contact) -> bool:
    return bool(contact.number) and contact.opt_in_status in (
        OptInStatus.UNSUBSCRIBED,
        OptInStatus.BLOCKED,
    )


def _upsert(cursor: Any, rows: list[tuple[Any, ...]]) -> None:
    if connection.vendor == "sqlite" and len(rows) > FEW:
        rows = _update_changes(cursor, rows)
    if not rows:
        return
    changes = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
    conflict = f" ON CONFLICT (contact_id) DO UPDATE SET {changes} WHERE {TABLE}.read_at <= excluded.read_at"
    into = f"INSERT INTO {TABLE} ({', '.join(_COLUMNS)})"
    if connection.vendor == "sqlite":
        values = ", ".join("%s" for _ in _COLUMNS)
        cursor.executemany(f"{into} VALUES ({values}){conflict}", rows)
        return
    arrays = ", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in _COLUMNS)
    cursor.execute(
        f"{into} SELECT * FROM unnest({arrays}){conflict}", [*map(list, zip(*rows, strict=True))]
    )


def _update_changes(cursor: Any, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Write of whoever is there what changed alone, and return the others.

    SQLite writes every index of every column that is named anew, whether the value is another or not.
    """
    ours = database()
    # Bare texts of times, as they are written.
    columns = ", ".join(ours.unindexed(name) for name in _COLUMNS)
    cursor.execute(
        f"SELECT {columns} FROM {TABLE} WHERE contact_id {ours.among('bigint')}",
        [ours.many([row[0] for row in rows])],
    )
    held = {row[0]: row for row in cursor.fetchall()}
    changes: dict[tuple[int, ...], list[list[Any]]] = defaultdict(list)
    for row in rows:
        if before := held.get(row[0]):
            changed = tuple(at for at, value in enumerate(row) if value != before[at])
            changes[changed].append([*(row[at] for at in changed), row[0], row[_READ_AT]])
    for changed, values in changes.items():
        if changed:
            sets = ", ".join(f"{_COLUMNS[at]} = %s" for at in changed)
            cursor.executemany(
                f"UPDATE {TABLE} SET {sets} WHERE contact_id = %s AND read_at <= %s", values
            )
    return [row for row in rows if row[0] not in held]


def _learn_names(cursor: Any, contacts: Iterable[Contact]) -> None:
    """The words that a slip may be corrected to, and the names of the custom fields there are."""
    texts, fields = set(), set()
    for each in contacts:
        texts |= {fold(text) for text in (each.first_name, each.last_name, each.city) if text}
        fields |= {fold(name)[:200] for name in each.custom_fields}
    learn_words(cursor, texts)
    cursor.executemany(
        "INSERT INTO contacts_ui_indexcount(name, value, number) VALUES ('custom', %s, 0) ON CONFLICT DO NOTHING",
        [(name,) for name in sorted(fields)],
    )


def _row(contact: Contact, read_at: Any, its_digest: int) -> tuple[Any, ...]:
    number = contact.number or ""
    texts = [_cut(name, getattr(contact, name)) for name in TEXTS]
    folded = [_cut(f"{name}_key", fold(getattr(contact, name) or "")) for name in _FOLDED]
    return (
        contact.contact_id,
        _cut("status", contact.opt_in_status),
        json.dumps(contact.custom_fields).replace("\\u0000", ""),
        moment(contact.last_opt_in_status_change),
        moment(contact.created),
        moment(contact.last_updated),
        read_at,
        its_digest,
        *texts,
        number,
        _cut("name_key", name_key(contact)),
        _cut("first_key", fold(contact.first_name or "")),
        _cut("last_key", fold(contact.last_name or "")),
        _cut("email_key", letters(contact.email or "")),
        _cut("status_key", fold(contact.opt_in_status or "")),
        *folded,
        custom_key(contact.custom_fields),
        folded_text(contact, number),
    )


def digest(contact: Contact) -> int:
    """Of everything that is kept of a contact: one short look tells whether anything changed."""
    facts = [FOLDING, contact.opt_in_status, *(getattr(contact, name) for name in TEXTS)]
    times = [contact.last_opt_in_status_change, contact.created, contact.last_updated]
    text = repr((facts, times, contact.custom_fields))
    return int.from_bytes(
        blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True
    )


def moment(at: datetime | None) -> Any:
    """As the database keeps it."""
    return None if at is None else connection.ops.adapt_datetimefield_value(at)


def _cut(field: str, text: str | None) -> str:
    """As much as the column holds; PostgreSQL knows no NUL."""
    return (text or "").replace("\0", "")[: _LONGEST[field]]
