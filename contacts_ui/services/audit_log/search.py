"""Search the audit log: the newest entries first, page by page, fast among millions.

Entries are in the order of their ids. A page is found by the id at which it begins, so no page is slower than
the first, and nothing is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, Q, QuerySet

from contacts_ui.models import LedgerEntry, LiftRequest, OptOut
from contacts_ui.models.ledger import Action

# A name with more rows than this is too common to search by.
NAME_MAX_ROWS = 500
# Clocks are set back now and then, but never by this much.
CLOCK_TOLERANCE = timedelta(days=1)

# Each step is one look into the index, so a hundred names in a million entries cost a millisecond.
_STAFF_NAMES = """
    WITH RECURSIVE names(name) AS (
      SELECT min(staff_name) FROM contacts_ui_ledgerentry
      UNION ALL
      SELECT (SELECT min(staff_name) FROM contacts_ui_ledgerentry WHERE staff_name > name)
      FROM names WHERE name IS NOT NULL
    )
    SELECT name FROM names WHERE name IS NOT NULL"""


@dataclass(frozen=True)
class Wanted:
    """Which entries to show; empty means any. `staff` "" is the dashboard itself, None anyone.

    `number` is in E.164, `name` is part of a name as the screen showed it; `since` (included) and
    `until` (not included) are aware and mean when the entry was written. The page begins below the entry `before`,
    or ends above the entry `after`.
    """

    number: str = ""
    contact_id: int | None = None
    name: str = ""
    staff: str | None = None
    action: str = ""
    vendor: str = ""
    channel: str = ""
    since: datetime | None = None
    until: datetime | None = None
    request_id: str = ""
    entry_id: int | None = None
    before: int | None = None
    after: int | None = None
    size: int = 50


Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Found(Generic[Row]):
    """One page of rows, and whether there are newer and older ones. `too_many`: the name fits too many people."""

    entries: Sequence[Row]
    newer: bool
    older: bool
    too_many: bool = False


def search(wanted: Wanted) -> Found[LedgerEntry]:
    """Return one page of matching entries, the newest first."""
    about, too_many = _about_people(wanted.name)
    values = {
        "number": wanted.number,
        "action": wanted.action,
        "vendor": wanted.vendor,
        "channel": wanted.channel,
        "request_id": wanted.request_id,
        "contact_id": wanted.contact_id,
        "pk": wanted.entry_id,
    }
    chosen = {name: value for name, value in values.items() if value not in ("", None)}
    if wanted.staff is not None:
        chosen["staff_name"] = wanted.staff
    entries = LedgerEntry.objects.filter(about, _in_time(wanted), **chosen)
    page = newest_first(entries, before=wanted.before, after=wanted.after, size=wanted.size)
    return replace(page, too_many=too_many)


def newest_first(
    rows: QuerySet[Row], *, before: int | None, after: int | None, size: int
) -> Found[Row]:
    """Return the page of `rows` above the id `after`, or below `before`: the newest first; nothing is counted."""
    if after is not None:
        above = list(rows.filter(pk__gt=after).order_by("pk")[: size + 1])
        return Found(above[:size][::-1], len(above) > size, bool(above) or rows.exists())
    below = rows if before is None else rows.filter(pk__lt=before)
    found = list(below.order_by("-pk")[: size + 1])
    newer = before is not None and (bool(found) or rows.exists())
    return Found(found[:size], newer, len(found) > size)


def staff_names() -> list[str]:
    """Return the names of everyone who wrote an entry, as they were then; "" is the dashboard itself."""
    with connection.cursor() as cursor:
        cursor.execute(_STAFF_NAMES)
        return [name for (name,) in cursor.fetchall()]


def _in_time(wanted: Wanted) -> Q:
    """Filter by time, and by the ids between which that must be: entries are read by id."""
    when = Q()
    if wanted.since:
        when &= Q(at__gte=wanted.since)
        earlier = LedgerEntry.objects.filter(at__lt=wanted.since - CLOCK_TOLERANCE).order_by("-at")
        when &= Q(pk__gt=earlier.values_list("pk", flat=True).first() or 0)
    if wanted.until:
        when &= Q(at__lt=wanted.until)
        later = LedgerEntry.objects.filter(at__gte=wanted.until + CLOCK_TOLERANCE).order_by("at")
        if key := later.values_list("pk", flat=True).first():
            when &= Q(pk__lt=key)
    return when


def _about_people(shown_name: str) -> tuple[Q, bool]:
    """Filter by the contacts and numbers that were once shown with a name; return True if they are too many."""
    if not shown_name:
        return Q(), False
    labeled: list[QuerySet[Any]] = [
        OptOut.objects.filter(label__icontains=shown_name),
        LiftRequest.objects.filter(label__icontains=shown_name),
        # A person who only ever consented is named in these entries alone.
        LedgerEntry.objects.filter(
            action=Action.CONSENT_REQUESTED, before__label__icontains=shown_name
        ),
    ]
    # Distinct in Python: the databases would read the whole table for it.
    found = [
        row
        for rows in labeled
        for row in rows.order_by().values_list("number", "contact_id")[: NAME_MAX_ROWS + 1]
    ]
    numbers = {number for number, _ in found if number}
    ids = {contact_id for _, contact_id in found if contact_id is not None}
    return Q(number__in=numbers) | Q(contact_id__in=ids), len(found) > NAME_MAX_ROWS
