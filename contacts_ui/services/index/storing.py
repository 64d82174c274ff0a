"""Store contacts in the index whenever they are read: by the sync, pages, edits, and webhooks.

A reading counts from when SlickText was asked, the answer to our own change from when it came. The newer one wins, in
whatever order they arrive. The database decides that row by row, so processes need not coordinate.
"""

# ruff: noqa: S608 - the only names in the SQL are our own; every value is a parameter

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import DataError, connection, transaction
from django.utils import timezone

from contacts_ui.database import TakingTurns
from contacts_ui.integrations.types import Contact
from contacts_ui.models import ForgottenPerson, IndexDeletion, IndexedContact
from contacts_ui.services.index import writing
from contacts_ui.services.index.database import TABLE, database

# Contacts in one transaction. On SQLite it blocks all other writes, and a stop must not wait.
BATCH_SIZE: Final = 250
# A contact that was read this recently is not worth a write.
FRESH = timedelta(seconds=10)
# A page that was asked for before a contact was deleted is stored within this time, or never.
DELETED_KEPT = timedelta(hours=1)
# No database takes a larger one.
ID_MAX: Final = 2**63 - 1
_GONE: Final = IndexDeletion._meta.db_table
_FORGOTTEN: Final = ForgottenPerson._meta.db_table

logger = logging.getLogger(__name__)


def store(contacts: Iterable[Contact], read_at: datetime) -> None:
    """Store these contacts as SlickText showed them when asked at `read_at`; later readings stay.

    Never raises: a page, a delivery, or an edit must not fail because of the index.
    """
    try:
        with _guarded():
            store_or_raise(contacts, read_at)
    except Exception:
        logger.warning("the index could not store what was read", exc_info=True)


def remove(contact_id: int) -> None:
    """Remove a contact that SlickText deleted, also if a page from before that arrives later. Never raises."""
    if not settings.CONTACT_INDEX:
        return
    try:
        with transaction.atomic():
            now = timezone.now()
            IndexedContact.objects.filter(pk=contact_id).delete()
            IndexDeletion.objects.bulk_create(
                [IndexDeletion(contact_id=contact_id, at=now)],
                update_conflicts=True,
                unique_fields=["contact_id"],
                update_fields=["at"],
            )
    except Exception:
        logger.warning("the index could not remove a contact", exc_info=True)


def store_or_raise(
    contacts: Iterable[Contact], read_at: datetime, between: Callable[[], object] = lambda: None
) -> None:
    """Store these contacts like `store`, but raise errors; call `between` after each of several transactions."""
    if not settings.CONTACT_INDEX:
        return
    possible = {each.contact_id: each for each in contacts if each.contact_id <= ID_MAX}
    people, turns = sorted(possible.items()), TakingTurns()
    for start in range(0, len(people), BATCH_SIZE):
        _keep(dict(people[start : start + BATCH_SIZE]), read_at, turns)
        if len(people) > BATCH_SIZE:
            between()


@dataclass(frozen=True, slots=True)
class _Held:
    digest: int
    # In the database's own form, for comparing only.
    read_at: Any


def _keep(people: Mapping[int, Contact], read_at: datetime, turns: TakingTurns) -> None:
    """Write the contacts that changed, and note the time of those that did not."""
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
    _write(changed, digests, read_at, turns)
    _refresh(stale, read_at, turns)


def _held(people: Mapping[int, Contact], read_at: datetime) -> tuple[dict[int, _Held], set[int]]:
    """Return what the index has of these, and which were deleted since `read_at` or are forgotten; in one query."""
    ours, keys = database(), list(people)
    numbers = [each.number for each in people.values() if each.number]
    with connection.cursor() as cursor:
        # The query builder's own work on so many ids would cost more than all else.
        cursor.execute(
            f"SELECT contact_id, digest, {ours.unindexed('read_at')}, '' FROM {TABLE}"
            f" WHERE contact_id {ours.among('bigint')} UNION ALL"
            f" SELECT contact_id, 0, {ours.unindexed('at')}, '-' FROM {_GONE} WHERE at >= %s UNION ALL"
            f" SELECT contact_id, 0, {ours.unindexed('forgotten_at')}, number FROM {_FORGOTTEN}"
            f" WHERE contact_id {ours.among('bigint')} OR number {ours.among('text')}",
            [ours.many(keys), writing.moment(read_at), ours.many(keys), ours.many(numbers)],
        )
        all_three = cursor.fetchall()
    held: dict[int, _Held] = {}
    left_out, forgotten = set(), set()
    for key, digest, at, number in all_three:
        if not number:
            held[key] = _Held(digest, at)
            continue
        left_out.add(key)
        forgotten.add(number)
    left_out |= {key for key, each in people.items() if each.number in forgotten}
    return held, left_out


def _write(
    changed: Sequence[Contact], digests: Mapping[int, int], read_at: datetime, turns: TakingTurns
) -> None:
    """Insert or replace, but never later readings; in the order of their ids, so that no two processes deadlock."""
    if not changed:
        return
    try:
        writing.write(changed, digests, read_at, turns)
    except (DataError, ValueError, OverflowError):
        if len(changed) == 1:
            logger.warning("a contact cannot be kept in the index", exc_info=True)
            return
        # One contact that the database refuses must not keep the others out.
        for contact in changed:
            _write([contact], digests, read_at, turns)


def _refresh(keys: Sequence[int], read_at: datetime, turns: TakingTurns) -> None:
    """Note that these unchanged contacts were read again, except rows that another process is writing now."""
    if not keys:
        return
    ours, at = database(), writing.moment(read_at)
    rows = f"contact_id {ours.among('bigint')} AND read_at < %s"
    if connection.vendor == "postgresql":
        rows = f"contact_id IN (SELECT contact_id FROM {TABLE} WHERE {rows} FOR UPDATE SKIP LOCKED)"
    with turns, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET read_at = %s WHERE {rows}", [at, ours.many(keys), at])


def _guarded() -> AbstractContextManager[Any]:
    """Return a savepoint inside a transaction, since PostgreSQL gives up the whole one after an error."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
