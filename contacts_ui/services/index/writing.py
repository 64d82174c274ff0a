"""Contacts into the index's table, thousands at once: who is as before costs a new time and no more."""

# ruff: noqa: S608 - the only names in the SQL are our own columns

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from django.db import DataError, connection, transaction
from django.db.models import BigIntegerField, CharField, Value

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexedContact, IndexGone
from contacts_ui.services.index.database import TABLE
from contacts_ui.services.index.folding import custom_key, fold, folded_text, letters, name_key
from contacts_ui.services.index.words import learn_words

# Raised when what is folded changes, so that everybody is written anew by the next walk.
FOLDING: Final = 1
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
# In one transaction: on SQLite nobody else writes meanwhile, and a stop must not wait.
BATCH: Final = 250
# What was read so long ago is as good as read now, and not worth a write.
FRESH = timedelta(seconds=10)
# No database takes a larger one.
LARGEST_ID: Final = 2**63 - 1
LONGEST_GAP_SECONDS: Final = 0.25

logger = logging.getLogger(__name__)


def write(
    contacts: Iterable[Contact],
    read_at: datetime,
    between: Callable[[float], object] = lambda seconds: None,
) -> None:
    """Keep these contacts; each batch in a transaction of its own, and what was read later stays.

    `between` is called after each batch with the seconds for which it wrote.
    """
    possible = {each.contact_id: each for each in contacts if each.contact_id <= LARGEST_ID}
    # In one order for all, so that no two processes wait for each other in a circle.
    ordered = sorted(possible.items())
    for start in range(0, len(ordered), BATCH):
        between(_write_batch(dict(ordered[start : start + BATCH]), read_at))


def make_room(seconds: float) -> None:
    """Wait as long as the last write took: SQLite's one lock is not given in turns, and somebody may want it."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(min(max(seconds, 0.02), LONGEST_GAP_SECONDS))


def _write_batch(people: Mapping[int, Contact], read_at: datetime) -> float:
    """Look once, write who changed, and note of the others that they were read again; return for how long it wrote."""
    held, gone = _held(people, read_at)
    changed, digests, stale = [], [], []
    for key, contact in people.items():
        before = held.get(key)
        if key in gone or (before and before.read_at > read_at):
            continue
        digest = _digest(contact)
        if before is None or before.digest != digest:
            changed.append(contact)
            digests.append(digest)
        elif before.read_at < read_at - FRESH:
            stale.append(key)
    # Made ready before the transaction begins.
    moment = _moment(read_at)
    rows = [_row(each, moment, digest) for each, digest in zip(changed, digests, strict=True)]
    began = time.monotonic()
    _write(changed, rows)
    _refresh(stale, read_at)
    return time.monotonic() - began


class _Held(NamedTuple):
    digest: int
    read_at: datetime


def _held(keys: Iterable[int], read_at: datetime) -> tuple[dict[int, _Held], set[int]]:
    """What the index has of these, and who was deleted since `read_at`; in one query."""
    rows = IndexedContact.objects.filter(pk__in=list(keys))
    nothing = Value(None, output_field=BigIntegerField())
    gone = IndexGone.objects.filter(at__gte=read_at).annotate(digest=nothing)
    both = rows.values_list("contact_id", "digest", "read_at").union(
        gone.values_list("contact_id", "digest", "at"), all=True
    )
    found: list[tuple[int, int | None, datetime]] = list(both)
    held = {key: _Held(digest, at) for key, digest, at in found if digest is not None}
    return held, {key for key, digest, _ in found if digest is None}


def _write(contacts: Sequence[Contact], rows: list[tuple[Any, ...]]) -> None:
    """Insert or replace, but never what was read later."""
    if not rows:
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            _upsert(cursor, rows)
            _learn_names(cursor, contacts)
    except (DataError, ValueError, OverflowError):
        if len(rows) == 1:
            logger.warning("a contact cannot be kept in the index", exc_info=True)
            return
        # One whom the database does not take must not keep the others out.
        for contact, row in zip(contacts, rows, strict=True):
            _write([contact], [row])


def _refresh(keys: Sequence[int], read_at: datetime) -> None:
    """These were found as they were. Whom somebody else is just writing is left to them."""
    if not keys:
        return
    rows = IndexedContact.objects.filter(pk__in=keys, read_at__lt=read_at)
    with transaction.atomic():
        free = rows.select_for_update(skip_locked=True)
        IndexedContact.objects.filter(pk__in=free.values("pk")).update(read_at=read_at)


def _upsert(cursor: Any, rows: list[tuple[Any, ...]]) -> None:
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


def _learn_names(cursor: Any, contacts: Iterable[Contact]) -> None:
    """The words that a slip may be corrected to, and the names of the custom fields there are."""
    texts, fields = set(), set()
    for each in contacts:
        texts |= {fold(text) for text in (each.first_name, each.last_name, each.city) if text}
        fields |= {fold(name)[:200] for name in each.custom_fields}
    learn_words(cursor, texts)
    if not fields:
        return
    cursor.executemany(
        "INSERT INTO contacts_ui_indexcount(name, value, number) VALUES ('custom', %s, 0) ON CONFLICT DO NOTHING",
        [(name,) for name in sorted(fields)],
    )


def _row(contact: Contact, read_at: Any, digest: int) -> tuple[Any, ...]:
    number = contact.number or ""
    texts = [_cut(name, getattr(contact, name)) for name in TEXTS]
    folded = [_cut(f"{name}_key", fold(getattr(contact, name) or "")) for name in _FOLDED]
    return (
        contact.contact_id,
        _cut("status", contact.opt_in_status),
        json.dumps(contact.custom_fields).replace("\\u0000", ""),
        _moment(contact.last_opt_in_status_change),
        _moment(contact.created),
        _moment(contact.last_updated),
        read_at,
        digest,
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


def _digest(contact: Contact) -> int:
    facts = [FOLDING, contact.opt_in_status, *(getattr(contact, name) for name in TEXTS)]
    times = [contact.last_opt_in_status_change, contact.created, contact.last_updated]
    text = repr((facts, times, contact.custom_fields))
    return int.from_bytes(
        blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True
    )


def _moment(at: datetime | None) -> Any:
    return None if at is None else connection.ops.adapt_datetimefield_value(at)


def _cut(field: str, text: str | None) -> str:
    """As much as the column holds; PostgreSQL knows no NUL."""
    return (text or "").replace("\0", "")[: _LONGEST[field]]
