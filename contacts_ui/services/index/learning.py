"""What was read anywhere is learned by the index: by the walk, by pages, by edits, by webhooks.

A reading counts from the moment it was asked for, the answer to a change of ours from when it came; the newer beats the
older, in whatever order they arrive. The database decides that row by row, so processes need not agree with each other.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import DataError, connection, transaction
from django.db.models import CharField, Value
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexedContact, IndexGone
from contacts_ui.services.index.folding import folded_text, name_key

_PLAIN = (
    "mobile_number",
    "first_name",
    "last_name",
    "email",
    "city",
    "state",
    "zip",
    "country",
    "source",
    "language",
    "timezone",
)

_LONGEST = {
    field.name: field.max_length
    for field in IndexedContact._meta.fields
    if isinstance(field, CharField)
}

_FIELDS = [field for field in IndexedContact._meta.concrete_fields if not field.generated]

# To be raised when something else is made of a contact (how it is folded, say): then every row is written anew.
EDITION: Final = 1
# In one transaction: on SQLite nobody else writes meanwhile, and a stop must not wait.
AT_ONCE: Final = 250
# What was read so long ago is as good as read now, and not worth a write.
FRESH = timedelta(seconds=10)
# A page that was asked for before somebody was deleted is learned within this time, or never.
GONE_KEPT = timedelta(hours=1)
# No database takes a larger one.
LARGEST_ID: Final = 2**63 - 1
LONGEST_GAP_SECONDS = 0.25

logger = logging.getLogger(__name__)


def learn(contacts: Iterable[Contact], read_at: datetime) -> None:
    """Keep these contacts as they were when SlickText was asked at `read_at`; what was read later stays.

    Never raises: a page, a delivery or an edit must not fail for the sake of the index.
    """
    try:
        with _guarded():
            keep(contacts, read_at)
    except Exception:
        logger.warning("the index could not learn what was read", exc_info=True)


def forget(contact_id: int) -> None:
    """Take out somebody who is gone from SlickText, also against pages that were read before. Never raises."""
    if not settings.CONTACT_INDEX:
        return
    try:
        with transaction.atomic():
            now = timezone.now()
            IndexedContact.objects.filter(pk=contact_id).delete()
            IndexGone.objects.bulk_create(
                [IndexGone(contact_id=contact_id, at=now)],
                update_conflicts=True,
                unique_fields=["contact_id"],
                update_fields=["at"],
            )
    except Exception:
        logger.warning("the index could not forget a contact", exc_info=True)


def keep(
    contacts: Iterable[Contact], read_at: datetime, between: Callable[[], object] = lambda: None
) -> None:
    """As `learn`, for who wants to know of trouble; `between` is called after each transaction of many."""
    if not settings.CONTACT_INDEX:
        return
    possible = {each.contact_id: each for each in contacts if each.contact_id <= LARGEST_ID}
    people = sorted(possible.items())
    for start in range(0, len(people), AT_ONCE):
        seconds = _keep(dict(people[start : start + AT_ONCE]), read_at)
        if len(people) > AT_ONCE:
            make_room(seconds)
            between()


def make_room(seconds: float) -> None:
    """Wait as long as the last write took: SQLite's one lock is not given in turns, and somebody may want it."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(min(max(seconds, 0.02), LONGEST_GAP_SECONDS))


@dataclass(frozen=True, slots=True)
class _Held:
    digest: str
    read_at: datetime


def _keep(people: Mapping[int, Contact], read_at: datetime) -> float:
    """Look once, write who changed, and note of the others that they were read again.

    Returns for how many seconds it wrote.
    """
    held, gone = _held(people, read_at)
    changed, stale = [], []
    for key, contact in people.items():
        before = held.get(key)
        if key in gone or (before and before.read_at >= read_at):
            continue
        digest = _digest(contact)
        if before is None or before.digest != digest:
            changed.append(_row(contact, read_at, digest))
        elif before.read_at < read_at - FRESH:
            stale.append(key)
    began = time.monotonic()
    _write(changed)
    _refresh(stale, read_at)
    return time.monotonic() - began


def _held(keys: Iterable[int], read_at: datetime) -> tuple[dict[int, _Held], set[int]]:
    """What the index has of these, and who was deleted since `read_at`; in one query."""
    rows = IndexedContact.objects.filter(pk__in=list(keys))
    gone = IndexGone.objects.filter(at__gte=read_at)
    # Nobody's digest is "gone".
    both = rows.values_list("contact_id", "digest", "read_at").union(
        gone.annotate(digest=Value("gone")).values_list("contact_id", "digest", "at"), all=True
    )
    held: dict[int, _Held] = {}
    deleted = set()
    for key, digest, at in both:
        if digest == "gone":
            deleted.add(key)
        else:
            held[key] = _Held(digest, at)
    return held, deleted


def _write(rows: Sequence[IndexedContact]) -> None:
    """Insert or replace, but never what was read later; in the order of their ids, so that no two processes block."""
    if not rows:
        return
    try:
        # Made ready before the transaction begins, which on SQLite keeps everybody else from writing.
        values = [
            [field.get_db_prep_save(getattr(row, field.attname), connection) for field in _FIELDS]
            for row in rows
        ]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(_upsert_sql([field.attname for field in _FIELDS]), values)
    except (DataError, ValueError, OverflowError):
        if len(rows) == 1:
            logger.warning("a contact cannot be kept in the index", exc_info=True)
            return
        # One whom the database does not take must not keep the others out.
        for row in rows:
            _write([row])


def _upsert_sql(columns: Sequence[str]) -> str:
    """Django's own upsert knows no condition. SQLite and PostgreSQL write this one in the same way."""
    quote = connection.ops.quote_name
    table, key, names = (
        IndexedContact._meta.db_table,
        "contact_id",
        [quote(each) for each in columns],
    )
    sets = ", ".join(f"{name} = excluded.{name}" for name in names if name != quote(key))
    return (
        f"INSERT INTO {quote(table)} ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})"  # noqa: S608
        f" ON CONFLICT ({quote(key)}) DO UPDATE SET {sets}"
        f" WHERE {quote(table)}.{quote('read_at')} < excluded.{quote('read_at')}"
    )


def _refresh(keys: Sequence[int], read_at: datetime) -> None:
    """These were found as they were. Whom somebody else is just writing is left to them."""
    if not keys:
        return
    rows = IndexedContact.objects.filter(pk__in=keys, read_at__lt=read_at)
    with transaction.atomic():
        free = rows.select_for_update(skip_locked=True)
        IndexedContact.objects.filter(pk__in=free.values("pk")).update(read_at=read_at)


def _guarded() -> AbstractContextManager[Any]:
    """Inside somebody's transaction: a savepoint, since PostgreSQL spoils the whole one after an error."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _digest(contact: Contact) -> str:
    facts = (
        EDITION,
        *(getattr(contact, name) for name in _PLAIN),
        contact.opt_in_status,
        contact.last_opt_in_status_change,
        contact.created,
        contact.last_updated,
        sorted(contact.custom_fields.items()),
    )
    return hashlib.blake2b(repr(facts).encode(), digest_size=12).hexdigest()


def _row(contact: Contact, read_at: datetime, digest: str) -> IndexedContact:
    facts: dict[str, Any] = {name: _cut(name, getattr(contact, name)) for name in _PLAIN}
    return IndexedContact(
        contact_id=contact.contact_id,
        number=contact.number or "",
        status=_cut("status", contact.opt_in_status),
        custom_fields=contact.custom_fields,
        status_changed_at=contact.last_opt_in_status_change,
        created=contact.created,
        last_updated=contact.last_updated,
        name_key=_cut("name_key", name_key(contact)),
        folded=folded_text(contact),
        digest=digest,
        read_at=read_at,
        **facts,
    )


def _cut(field: str, text: str | None) -> str:
    """As much as the column holds; PostgreSQL knows no NUL."""
    return (text or "").replace("\0", "")[: _LONGEST[field]]
