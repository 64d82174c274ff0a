"""Count the contacts that an account was shown, and slow down its lists above a limit.

The last hour is this clock hour, and a share of the one before. One statement for each page.
"""

import logging
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from contacts_ui.models import ContactReads, SecurityEvent, SecurityEventKind
from contacts_ui.permissions import Staff
from contacts_ui.services.security import record

HOUR: Final = timedelta(hours=1)
# How often an account above the limit is shown a list.
PAUSE_SECONDS: Final = 10
# How long a process remembers that an account is above the limit, without counting again.
KNOWN_SECONDS: Final = 600
# On SQLite, where all writers wait for each other: a page does not wait longer to be counted.
WRITER_WAIT_MILLISECONDS: Final = 500
# For how many people, and how many hours back, managers are told.
TOLD_PEOPLE, TOLD_HOURS = 5, 24

_ADD: Final = """
    INSERT INTO {table} (account_id, hour, contacts) VALUES (%s, %s, %s)
    ON CONFLICT (account_id, hour) DO UPDATE SET contacts = {table}.contacts + excluded.contacts
    RETURNING contacts,
      (SELECT before.contacts FROM {table} before WHERE before.account_id = %s AND before.hour = %s)"""

logger = logging.getLogger(__name__)


def shown(staff: Staff, contacts: int) -> int:
    """Add `contacts` to `staff`'s count; return about how many they were shown in the last hour.

    Above READS_PER_HOUR their lists slow down from now on, and one event an hour records it. If counting fails, the
    page is still shown.
    """
    now = timezone.now()
    try:
        with _short_wait(), transaction.atomic():
            total = _added(staff, contacts, now)
            if total > settings.READS_PER_HOUR:
                # Once in a clock hour. The row just written is locked, so two pages do not both record it.
                told = SecurityEvent.objects.filter(
                    account_id=staff.pk, kind=SecurityEventKind.READ_MUCH, at__gte=_hour_of(now)
                )
                if not told.exists():
                    details = {"contacts": total, "limit": settings.READS_PER_HOUR}
                    record(SecurityEventKind.READ_MUCH, account=staff, details=details)
    except DatabaseError:
        logger.exception("the contacts that were shown could not be counted")
        return 0
    if total > settings.READS_PER_HOUR:
        cache.set(f"reads:over:{staff.pk}", total, KNOWN_SECONDS)
    return total


@contextmanager
def _short_wait() -> Iterator[None]:
    """Wait only briefly for another writer of SQLite."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    run = connection.connection.execute
    (usual,) = run("PRAGMA busy_timeout").fetchone()
    run(f"PRAGMA busy_timeout = {WRITER_WAIT_MILLISECONDS}")
    try:
        yield
    finally:
        run(f"PRAGMA busy_timeout = {usual}")


def wait_seconds(staff: Staff) -> tuple[int, int]:
    """Return how many seconds `staff` must wait for the next list, and how many contacts they were shown.

    0 seconds begin the next pause: the list may be shown. Without a cache no one waits.
    """
    if not (many := cache.get(f"reads:over:{staff.pk}")):
        return 0, 0
    next_at = time.time() + PAUSE_SECONDS
    if cache.add(f"reads:turn:{staff.pk}", next_at, PAUSE_SECONDS):
        return 0, many
    until = cache.get(f"reads:turn:{staff.pk}", 0)
    return max(1, math.ceil(until - time.time())), many


@dataclass(frozen=True)
class MuchRead:
    """How many contacts a person was shown from `since` to `until`: one clock hour, or two."""

    name: str
    username: str
    contacts: int
    since: datetime
    until: datetime


def much_read() -> list[MuchRead]:
    """Return who read more than READS_PER_HOUR in the last day, the newest first: three queries, one if no one did."""
    since = timezone.now() - timedelta(hours=TOLD_HOURS)
    told = SecurityEvent.objects.filter(kind=SecurityEventKind.READ_MUCH, at__gte=since)
    events = list(told.prefetch_related("account").order_by("-pk")[:TOLD_PEOPLE])
    if not events:
        return []
    accounts: Iterable[Any] = {event.account_id for event in events}
    first = min(event.at for event in events) - 2 * HOUR
    rows = ContactReads.objects.filter(account_id__in=accounts, hour__gte=first)
    counts = {(row.account_id, row.hour): row.contacts for row in rows}
    found = []
    for event in events:
        key, account, hour = event.account_id or 0, event.account, _hour_of(event.at)
        many, since = counts.get((key, hour), 0), hour
        if many <= event.details.get("limit", 0):
            many, since = many + counts.get((key, hour - HOUR), 0), hour - HOUR
        many = max(many, event.details.get("contacts", 0))
        name = (account.get_full_name() if account else "") or event.name
        found.append(MuchRead(name, event.name, many, since, hour + HOUR))
    return found


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _added(staff: Staff, contacts: int, now: datetime) -> int:
    hour = _hour_of(now)
    times = [connection.ops.adapt_datetimefield_value(each) for each in (hour, hour - HOUR)]
    statement = _ADD.format(table=connection.ops.quote_name(ContactReads._meta.db_table))
    with connection.cursor() as cursor:
        cursor.execute(statement, [staff.pk, times[0], contacts, staff.pk, times[1]])
        this, last = cursor.fetchone()
    share = 1 - (now - hour) / HOUR
    total: int = this + int((last or 0) * share)
    return total
