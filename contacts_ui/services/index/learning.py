"""What was read anywhere is learned by the index: by the walk, by pages, by edits, by webhooks.

A reading counts from the moment it was asked for, the answer to a change of ours from when it came; the newer beats the
older, in whatever order they arrive. The database decides that row by row, so processes need not agree with each other.
"""

# ruff: noqa: S608 - the only names in the SQL are our own; every value is a parameter

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import DataError, connection, transaction
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexedContact, IndexGone
from contacts_ui.services.index import writing
from contacts_ui.services.index.database import TABLE, database

# In one transaction: on SQLite nobody else writes meanwhile, and a stop must not wait.
AT_ONCE: Final = 250
# What was read so long ago is as good as read now, and not worth a write.
FRESH = timedelta(seconds=10)
# A page that was asked for before somebody was deleted is learned within this time, or never.
GONE_KEPT = timedelta(hours=1)
# No database takes a larger one.
LARGEST_ID: Final = 2**63 - 1
LONGEST_GAP_SECONDS = 0.25
_GONE: Final = IndexGone._meta.db_table

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
        began = time.monotonic()
        _keep(dict(people[start : start + AT_ONCE]), read_at)
        if len(people) > AT_ONCE:
            make_room(time.monotonic() - began)
            between()


def make_room(seconds: float) -> None:
    """Wait as long as the last write took: SQLite's one lock is not given in turns, and somebody may want it."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(min(max(seconds, 0.02), LONGEST_GAP_SECONDS))


@dataclass(frozen=True, slots=True)
class _Held:
    digest: int
    # As the database keeps it: to be compared alone.
    read_at: Any


def _keep(people: Mapping[int, Contact], read_at: datetime) -> None:
    """Look once, write who changed, and note of the others that they were read again."""
    held, gone = _held(people, read_at)
    digests = {key: writing.digest(contact) for key, contact in people.items()}
    asked_at, fresh = writing.moment(read_at), writing.moment(read_at - FRESH)
    changed, stale = [], []
    for key, contact in people.items():
        before = held.get(key)
        if key in gone or (before and before.read_at >= asked_at):
            continue
        if before is None or before.digest != digests[key]:
            changed.append(contact)
        elif before.read_at < fresh:
            stale.append(key)
    _write(changed, digests, read_at)
    _refresh(stale, read_at)


def _held(keys: Iterable[int], read_at: datetime) -> tuple[dict[int, _Held], set[int]]:
    """What the index has of these, and who was deleted since `read_at`; in one query."""
    ours = database()
    with connection.cursor() as cursor:
        # The query builder's own work on so many ids would cost more than all else.
        cursor.execute(
            f"SELECT contact_id, digest, {ours.unindexed('read_at')}, 0 FROM {TABLE}"
            f" WHERE contact_id {ours.among('bigint')} UNION ALL"
            f" SELECT contact_id, 0, {ours.unindexed('at')}, 1 FROM {_GONE} WHERE at >= %s",
            [ours.many(list(keys)), writing.moment(read_at)],
        )
        both = cursor.fetchall()
    held: dict[int, _Held] = {}
    deleted = set()
    for key, digest, at, is_gone in both:
        if is_gone:
            deleted.add(key)
        else:
            held[key] = _Held(digest, at)
    return held, deleted


def _write(changed: Sequence[Contact], digests: Mapping[int, int], read_at: datetime) -> None:
    """Insert or replace, but never what was read later; in the order of their ids, so that no two processes block."""
    if not changed:
        return
    try:
        writing.write(changed, digests, read_at)
    except (DataError, ValueError, OverflowError):
        if len(changed) == 1:
            logger.warning("a contact cannot be kept in the index", exc_info=True)
            return
        # One whom the database does not take must not keep the others out.
        for contact in changed:
            _write([contact], digests, read_at)


def _refresh(keys: Sequence[int], read_at: datetime) -> None:
    """These were found as they were. Whom somebody else is just writing is left to them."""
    if not keys:
        return
    ours, at = database(), writing.moment(read_at)
    whom = f"contact_id {ours.among('bigint')} AND read_at < %s"
    if connection.vendor == "postgresql":
        whom = f"contact_id IN (SELECT contact_id FROM {TABLE} WHERE {whom} FOR UPDATE SKIP LOCKED)"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET read_at = %s WHERE {whom}", [at, ours.many(keys), at])


def _guarded() -> AbstractContextManager[Any]:
    """Inside somebody's transaction: a savepoint, since PostgreSQL spoils the whole one after an error."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
