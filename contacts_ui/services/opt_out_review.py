"""Reviewing opt-outs: finding them, what is pressing first, and marking them as reviewed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from contacts_ui.models import OptOut, Wish
from contacts_ui.models.ledger import Action
from contacts_ui.models.opt_out import OPEN, OptOutState
from contacts_ui.models.wish import WishState
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import to_e164
from contacts_ui.services import ledger
from contacts_ui.services.consent.business_days import due_after

# How many business days before its deadline an open request counts as close to it.
CLOSE = 3
# Beside the states of the rows, what a filter may ask about those on the clock.
UNHONOURED, PAST_DUE, CLOSE_TO_DUE = "open", "overdue", "close"


@dataclass(frozen=True)
class Filters:
    """Which opt-outs to show. Empty means any.

    `state` is an OptOutState, UNHONOURED, PAST_DUE or CLOSE_TO_DUE; `staff` None is anybody, "" the dashboard itself.
    `since` (included) and `until` (not included) are aware and about when the person asked.
    """

    person: str = ""
    staff: str | None = None
    channel: str = ""
    state: str = ""
    reviewed: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    slowest_first: bool = False

    def as_recorded(self) -> dict[str, Any]:
        """What the ledger keeps of them: only those that are set."""
        facts = {
            "person": self.person or None,
            "staff": self.staff,
            "channel": self.channel or None,
            "state": self.state or None,
            "reviewed": self.reviewed,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }
        return {name: value for name, value in facts.items() if value is not None}


@dataclass(frozen=True)
class Found:
    """One page of opt-outs, how many there are in all, and the words of vendors that refused, by "number vendor"."""

    rows: list[OptOut]
    total: int
    refusals: Mapping[str, str]


def find(filters: Filters, *, limit: int, offset: int) -> Found:
    """The opt-outs from `offset` on, at most `limit`: past due and close first by deadline, then the newest."""
    parts = in_order(filters)
    sizes = [part.count() for part in parts]
    rows: list[OptOut] = []
    for part, size in zip(parts, sizes, strict=True):
        if offset < size and len(rows) < limit:
            rows += part[offset : offset + limit - len(rows)]
        offset = max(offset - size, 0)
    return Found(rows, sum(sizes), _refusals(rows))


def in_order(filters: Filters) -> list[QuerySet[OptOut]]:
    """All that match, as queries to be read one after the other; each walks an index instead of sorting everything."""
    rows = _matching(filters)
    if filters.slowest_first:
        return [rows.order_by(F("seconds_to_honour").desc(nulls_last=True), "-pk")]
    pressing = Q(state__in=OPEN, due_at__lt=close_until())
    return [
        rows.filter(pressing).order_by("due_at", "pk"),
        rows.exclude(pressing).order_by("-asked_at", "-pk"),
    ]


def start_of(day: date) -> datetime:
    """Midnight at which `day` begins in the active time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def close_until() -> datetime:
    """An open request whose deadline is before this is close to it."""
    return due_after(timezone.now(), CLOSE)


def on_the_clock() -> dict[str, int]:
    """How many requests are not honoured yet, by the names of the filters; all time."""
    now, close = timezone.now(), close_until()
    return OptOut.objects.filter(state__in=OPEN).aggregate(
        open=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=now)),
        close=Count("pk", filter=Q(due_at__gte=now, due_at__lt=close)),
        waiting=Count("pk", filter=Q(state=OptOutState.WAITING)),
        refused=Count("pk", filter=Q(state=OptOutState.REFUSED)),
    )


def staff_names() -> list[str]:
    """Everybody who ever took an opt-out, in the order of the alphabet; "" is the dashboard itself."""
    return list(
        OptOut.objects.order_by("staff_name").values_list("staff_name", flat=True).distinct()
    )


def mark_reviewed(*, staff: Staff, keys: Iterable[int]) -> int:
    """Mark opt-outs as reviewed by `staff`, each with its ledger entry; return how many were not reviewed before.

    Each commits by itself, so that a long list never makes a stop wait for the ledger. Raises NotAllowed.
    """
    require(staff, "review_opt_outs")
    return sum(_mark_reviewed(staff, key) for key in dict.fromkeys(keys))


def _mark_reviewed(staff: Staff, key: int) -> bool:
    with transaction.atomic():
        ledger.take_turn()
        row = OptOut.objects.select_for_update().filter(pk=key, reviewed_at=None).first()
        if row is None:
            return False
        entry = ledger.record(
            action=Action.OPT_OUT_REVIEWED,
            staff=staff,
            number=row.number,
            contact_id=row.contact_id,
            after={"request": row.ledger_entry_id, "state": row.state},
        )
        row.reviewed_at = entry.at
        row.reviewed_by_id, row.reviewed_by_name = staff.pk, entry.staff_name
        row.save(update_fields=["reviewed_at", "reviewed_by", "reviewed_by_name"])
    return True


def _matching(filters: Filters) -> QuerySet[OptOut]:
    wanted = _about(filters.person) & _standing(filters.state)
    if filters.staff is not None:
        wanted &= Q(staff_name=filters.staff)
    if filters.channel:
        wanted &= Q(channel=filters.channel)
    if filters.reviewed is not None:
        wanted &= Q(reviewed_at__isnull=not filters.reviewed)
    if filters.since:
        wanted &= Q(asked_at__gte=filters.since)
    if filters.until:
        wanted &= Q(asked_at__lt=filters.until)
    return OptOut.objects.filter(wanted)


def _about(person: str) -> Q:
    """A whole number in any spelling, a part of one, or every word of a name, in any order."""
    if number := to_e164(person):
        return Q(number=number)
    digits = re.sub(r"\D", "", person)
    if digits and not re.search(r"[^\W\d_]", person):
        return Q(number__contains=digits)
    wanted = Q()
    for word in person.split():
        wanted &= Q(label__icontains=word)
    return wanted


def _standing(state: str) -> Q:
    if state == UNHONOURED:
        return Q(state__in=OPEN)
    if state == PAST_DUE:
        return Q(state__in=OPEN, due_at__lt=timezone.now())
    if state == CLOSE_TO_DUE:
        return Q(state__in=OPEN, due_at__gte=timezone.now(), due_at__lt=close_until())
    return Q(state=state) if state else Q()


def _refusals(rows: list[OptOut]) -> dict[str, str]:
    """Why vendors refused, in their words, by "number vendor"."""
    numbers = [row.number for row in rows if row.state == OptOutState.REFUSED]
    if not numbers:
        return {}
    words: dict[str, str] = {}
    for wish in Wish.objects.filter(number__in=numbers, state=WishState.REFUSED, do_not_text=True):
        words[f"{wish.number} {wish.vendor}"] = wish.answer
    return words
