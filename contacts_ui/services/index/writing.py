"""Write many contacts into the table at once. `storing` decides which."""

# ruff: noqa: S608 - the only names in the SQL are our own columns

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from itertools import chain
from typing import Any, Final

import msgspec
from django.db import connection, transaction
from django.db.models import CharField

from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import IndexedContact
from contacts_ui.services.index import records
from contacts_ui.services.index.answers import Answer, answers_for
from contacts_ui.services.index.database import TABLE, database
from contacts_ui.services.index.text import custom_key, email_key, name_key, normalize, search_text
from contacts_ui.services.index.typos import store_words

# Raise it when normalizing changes, so that the next sync writes every contact again.
NORMALIZE_VERSION: Final = 2
# Up to this many, finding out what changed costs as much as writing all.
FEW_ROWS: Final = 3
# Of one statement. With each, SQLite writes its full text out, so many at once take half the time. There are few sizes,
# because it keeps every statement that it has read.
_ROWS_AT_ONCE: Final = (250, 50, 10, 1)
TEXTS: Final = (
    "first_name", "last_name", "mobile_number", "email", "city", "state", "zip", "country", "source", "language",
    "timezone",
)  # fmt: skip
_FOLDED: Final = ("city", "state", "zip", "country", "source", "language", "timezone")
_COLUMNS: Final = (
    "contact_id", "status", "custom_fields", "status_changed_at", "created", "last_updated", "read_at", "digest",
    *TEXTS, "number", "name_key", "first_key", "last_key", "email_key", "status_key",
    *(f"{name}_key" for name in _FOLDED), "custom_key", "folded",
    "answer", "stopped_at",
)  # fmt: skip
_READ_AT: Final = _COLUMNS.index("read_at")
_TYPES: Final = {
    "contact_id": "bigint",
    "digest": "bigint",
    "status_changed_at": "timestamptz",
    "created": "timestamptz",
    "last_updated": "timestamptz",
    "read_at": "timestamptz",
    "stopped_at": "timestamptz",
}
_LONGEST: Final = {
    field.name: field.max_length
    for field in IndexedContact._meta.fields
    if isinstance(field, CharField)
}


def write(
    contacts: Sequence[Contact],
    digests: Mapping[int, int],
    read_at: datetime,
    turns: AbstractContextManager[None],
) -> None:
    """Write these contacts in one transaction within `turns`; later readings stay."""
    asked_at = moment(read_at)
    ordered = sorted(contacts, key=lambda contact: contact.contact_id)
    # Before the transaction, since it keeps a stop waiting.
    rows, names = rows_of(ordered, digests, asked_at), names_of(ordered)
    with turns, transaction.atomic(), connection.cursor() as cursor:
        upsert(cursor, with_answers(rows, answers_for(ordered, read_at)))
        store_names(cursor, names)
    _doubt_older(ordered, asked_at)


def _doubt_older(contacts: Iterable[Contact], asked_at: Any) -> None:
    """Clear the status of older rows, of other contacts, that have a number which is stopped by now.

    A number belongs to one contact at SlickText. The older contact was deleted or lost the number; its next reading
    writes the row again.
    """
    stopped = {each.number: each.contact_id for each in contacts if _is_stopped(each)}
    if not stopped:
        return
    ours = database()
    others = (
        f"number {ours.among('text')} AND NOT contact_id {ours.among('bigint')} AND read_at < %s"
    )
    known = f"{others} AND status <> '' AND status_key NOT IN ('unsubscribed', 'blocked')"
    parameters = [ours.many(list(stopped)), ours.many(list(stopped.values())), asked_at]
    for each in records.where(f"{known} ORDER BY contact_id", parameters):
        doubted = replace(each.contact, opt_in_status=None)
        with transaction.atomic(), connection.cursor() as cursor:
            [answer] = answers_for([doubted], each.read_at)
            cursor.execute(
                f"UPDATE {TABLE} SET status = '', status_key = '', digest = 0, answer = %s, stopped_at = %s"
                " WHERE contact_id = %s AND read_at < %s",
                [answer.answer, moment(answer.stopped_at), doubted.contact_id, asked_at],
            )


def _is_stopped(contact: Contact) -> bool:
    return bool(contact.number) and contact.opt_in_status in (
        OptInStatus.UNSUBSCRIBED,
        OptInStatus.BLOCKED,
    )


def upsert(cursor: Any, rows: list[tuple[Any, ...]]) -> None:
    """Insert or replace these rows, but never later readings."""
    if connection.vendor == "sqlite" and len(rows) > FEW_ROWS:
        rows = _update_changes(cursor, rows)
    if not rows:
        return
    changes = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
    conflict = f" ON CONFLICT (contact_id) DO UPDATE SET {changes} WHERE {TABLE}.read_at <= excluded.read_at"
    into = f"INSERT INTO {TABLE} ({', '.join(_COLUMNS)})"
    if connection.vendor == "sqlite":
        row = f"({', '.join('%s' for _ in _COLUMNS)})"
        start = 0
        for size in _ROWS_AT_ONCE:
            while len(rows) - start >= size:
                values = ", ".join(row for _ in range(size))
                some = chain.from_iterable(rows[start : start + size])
                cursor.execute(f"{into} VALUES {values}{conflict}", list(some))
                start += size
        return
    # One text of all is made and sent much faster than an array of each column.
    kinds = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _COLUMNS)
    columns = ", ".join(_COLUMNS).replace("custom_fields", "custom_fields::jsonb")
    cursor.execute(
        f"{into} SELECT {columns} FROM json_to_recordset(%s) AS given({kinds}){conflict}",
        [msgspec.json.encode([dict(zip(_COLUMNS, row, strict=True)) for row in rows]).decode()],
    )


def _update_changes(cursor: Any, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Update only the changed columns of the contacts that are there; return the other rows.

    SQLite rewrites the indexes of all columns that are named, whether the value changed or not.
    """
    ours = database()
    # Times as the texts that are written.
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


def names_of(contacts: Iterable[Contact]) -> tuple[set[str], set[str]]:
    """Return the texts whose words a typo may be corrected to, and the names of custom fields."""
    texts: set[str | None] = set()
    fields: set[str] = set()
    for each in contacts:
        texts |= {each.first_name, each.last_name, each.city}
        fields |= each.custom_fields.keys()
    return {normalize(text) for text in texts if text}, {normalize(name)[:200] for name in fields}


def store_names(cursor: Any, names: tuple[set[str], set[str]]) -> None:
    """Store what `names_of` returns."""
    texts, fields = names
    store_words(cursor, texts)
    cursor.executemany(
        "INSERT INTO contacts_ui_indexcount(name, value, number) VALUES ('custom', %s, 0) ON CONFLICT DO NOTHING",
        [(name,) for name in sorted(fields)],
    )


def rows_of(
    contacts: Iterable[Contact], digests: Mapping[int, int], read_at: Any
) -> list[tuple[Any, ...]]:
    """Return what is kept of each contact, without the answer."""
    # `connection` looks up the thread's own each time.
    adapt = connection.ops.adapt_datetimefield_value
    return [_row(each, read_at, digests[each.contact_id], adapt) for each in contacts]


def with_answers(
    rows: Iterable[tuple[Any, ...]], answers: Iterable[Answer]
) -> list[tuple[Any, ...]]:
    """Return whole rows."""
    return [
        (*row, each.answer, moment(each.stopped_at))
        for row, each in zip(rows, answers, strict=True)
    ]


def _row(
    contact: Contact, read_at: Any, digest_: int, adapt: Callable[[datetime | None], Any]
) -> tuple[Any, ...]:
    number = contact.number or ""
    texts = [_cut(name, getattr(contact, name)) for name in TEXTS]
    folded = [_cut(f"{name}_key", normalize(getattr(contact, name) or "")) for name in _FOLDED]
    return (
        contact.contact_id,
        _cut("status", contact.opt_in_status),
        json.dumps(contact.custom_fields).replace("\\u0000", ""),
        adapt(contact.last_opt_in_status_change),
        adapt(contact.created),
        adapt(contact.last_updated),
        read_at,
        digest_,
        *texts,
        number,
        _cut("name_key", name_key(contact)),
        _cut("first_key", normalize(contact.first_name or "")),
        _cut("last_key", normalize(contact.last_name or "")),
        _cut("email_key", email_key(contact.email or "")),
        _cut("status_key", normalize(contact.opt_in_status or "")),
        *folded,
        custom_key(contact.custom_fields),
        search_text(contact, number),
    )


def digest(contact: Contact) -> int:
    """Return a hash of everything kept of a contact, to see quickly whether anything changed."""
    facts = [NORMALIZE_VERSION, contact.opt_in_status, *(getattr(contact, name) for name in TEXTS)]
    times = [contact.last_opt_in_status_change, contact.created, contact.last_updated]
    text = repr((facts, times, contact.custom_fields))
    return int.from_bytes(
        blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True
    )


def moment(at: datetime | None) -> Any:
    """Return a time in the database's own form."""
    return None if at is None else connection.ops.adapt_datetimefield_value(at)


def _cut(field: str, text: str | None) -> str:
    """Return as much text as the column holds, without NUL, which PostgreSQL refuses."""
    return (text or "").replace("\0", "")[: _LONGEST[field]]
