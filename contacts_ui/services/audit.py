"""Searching the ledger: the newest entries first, page by page, quick also among millions.

Entries are in the order of their ids. A page is found by the id at which it begins, so that no page is slower than the
first, and nothing is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from contacts_ui.models import LedgerEntry, LiftRequest, OptOut
from contacts_ui.models.ledger import Action

# How many times a name may have been shown before a search by it is too wide.
MOST_ROWS = 500
# Clocks are set back now and then; never by so much.
CLOCKS_DIFFER = timedelta(days=1)

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
    """Which entries to show; empty means any. `staff` "" is the dashboard itself, None anybody.

    `number` is as the ledger has it (E.164), `name` part of a name as the screen showed it; `since` (included) and
    `until` (not included) are aware and about when the entry was written. The page begins below the entry `before`,
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


@dataclass(frozen=True)
class Found:
    """One page of entries, and whether there are newer and older ones. `too_many`: the name fits too many people."""

    entries: Sequence[LedgerEntry]
    newer: bool
    older: bool
    too_many: bool = False


def search(wanted: Wanted) -> Found:
    """One page of the entries that are wanted, the newest first."""
    about, too_many = _about_people(wanted)
    entries = LedgerEntry.objects.filter(about, _exactly(wanted), _in_time(wanted))
    if wanted.after is not None:
        above = list(entries.filter(pk__gt=wanted.after).order_by("pk")[: wanted.size + 1])
        page = above[: wanted.size][::-1]
        return Found(page, len(above) > wanted.size, True, too_many)
    below = entries if wanted.before is None else entries.filter(pk__lt=wanted.before)
    rows = list(below.order_by("-pk")[: wanted.size + 1])
    newer = wanted.before is not None
    return Found(rows[: wanted.size], newer, len(rows) > wanted.size, too_many)


def staff_names() -> list[str]:
    """Everybody who ever wrote to the ledger, by the name of that time; "" is the dashboard itself."""
    with connection.cursor() as cursor:
        cursor.execute(_STAFF_NAMES)
        return [name for (name,) in cursor.fetchall()]


def _exactly(wanted: Wanted) -> Q:
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
    return Q(**chosen)


def _in_time(wanted: Wanted) -> Q:
    """The time itself, and the ids between which it must lie: entries are walked by id, not by time."""
    when = Q()
    if wanted.since:
        when &= Q(at__gte=wanted.since)
        earlier = _entries().filter(at__lt=wanted.since - CLOCKS_DIFFER).order_by("-at")
        when &= Q(pk__gt=earlier.values_list("pk", flat=True).first() or 0)
    if wanted.until:
        when &= Q(at__lt=wanted.until)
        later = _entries().filter(at__gte=wanted.until + CLOCKS_DIFFER).order_by("at")
        if key := later.values_list("pk", flat=True).first():
            when &= Q(pk__lt=key)
    return when


def _about_people(wanted: Wanted) -> tuple[Q, bool]:
    """Whose entries, for a name: everything about the contacts and numbers that the screen once called so."""
    if not wanted.name:
        return Q(), False
    called_so: list[QuerySet[Any]] = [
        OptOut.objects.filter(label__icontains=wanted.name),
        LiftRequest.objects.filter(label__icontains=wanted.name),
        # Whoever only ever consented is named in these entries alone.
        _entries().filter(action=Action.CONSENT_REQUESTED, before__label__icontains=wanted.name),
    ]
    # Made distinct here: the databases would read the whole table in another order for it.
    found = [
        row
        for rows in called_so
        for row in rows.order_by().values_list("number", "contact_id")[: MOST_ROWS + 1]
    ]
    numbers = {number for number, _ in found if number}
    ids = {contact_id for _, contact_id in found if contact_id is not None}
    return Q(number__in=numbers) | Q(contact_id__in=ids), len(found) > MOST_ROWS


def _entries() -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.all()
