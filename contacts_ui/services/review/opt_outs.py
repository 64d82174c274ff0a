"""Review opt-outs: find them, the most urgent first, and mark them as reviewed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from contacts_ui.models import DesiredState, OptOut
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.models.opt_out import OPEN, OptOutState
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import to_e164
from contacts_ui.services import audit_log
from contacts_ui.services.consent.business_days import due_soon_until

CHANGED_MAX: Final = 10
# What the filter by state offers besides the states of the rows.
NOT_COMPLETED, PAST_DUE, DUE_SOON = "open", "overdue", "close"


@dataclass(frozen=True)
class Filters:
    """Which opt-outs to show. Empty means any.

    `state` is an OptOutState, NOT_COMPLETED, PAST_DUE or DUE_SOON; `staff` "" is the dashboard itself, None anyone.
    `since` (included) and `until` (excluded) are aware and about when the person asked.
    """

    person: str = ""
    staff: str | None = None
    channel: str = ""
    state: str = ""
    reviewed: bool | None = None
    # Requests of people; False: repairs, imports, and moves.
    by_person: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    slowest_first: bool = False

    def as_recorded(self) -> dict[str, Any]:
        """Return what the audit log keeps of them: those that are set."""
        recorded = {
            "person": self.person or None,
            "staff": self.staff,
            "channel": self.channel or None,
            "state": self.state or None,
            "reviewed": self.reviewed,
            "by_person": self.by_person,
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
        }
        return {name: value for name, value in recorded.items() if value is not None}


@dataclass(frozen=True)
class Found:
    """One page of opt-outs, how many there are in all, and the words of vendors that refused, by "number vendor"."""

    rows: list[OptOut]
    total: int
    refusals: Mapping[str, str]


def find(filters: Filters, *, limit: int, offset: int) -> Found:
    """Return the opt-outs from `offset` on, at most `limit`: the most urgent first, then newest."""
    parts = in_order(filters)
    sizes = [part.count() for part in parts]
    rows: list[OptOut] = []
    for part, size in zip(parts, sizes, strict=True):
        if offset < size and len(rows) < limit:
            rows += part[offset : offset + limit - len(rows)]
        offset = max(offset - size, 0)
    return Found(rows, sum(sizes), _refusals(rows))


def _refusals(rows: Iterable[OptOut]) -> Mapping[str, str]:
    """Return the words of the vendors that refused any of these, by "number vendor"."""
    numbers = [row.number for row in rows if row.state == OptOutState.REFUSED]
    if not numbers:
        return {}
    refused = DesiredState.objects.filter(
        number__in=numbers, state=DeliveryState.REFUSED, do_not_text=True
    )
    return {f"{each.number} {each.vendor}": each.answer for each in refused}


def in_order(filters: Filters) -> list[QuerySet[OptOut]]:
    """Return all that match, as queries to read one after the other; each follows an index and sorts nothing."""
    rows = _matching(filters).select_related("ledger_entry")
    if filters.slowest_first:
        return [rows.order_by(F("seconds_to_complete").desc(nulls_last=True), "-pk")]
    refused = Q(state=OptOutState.REFUSED)
    due = Q(state=OptOutState.WAITING, due_at__lt=due_soon_until())
    return [
        # Nothing more is sent for these until a manager decides.
        rows.filter(refused).order_by("due_at", "pk"),
        rows.filter(due).order_by("due_at", "pk"),
        rows.exclude(refused | due).order_by("-asked_at", "-pk"),
    ]


def start_of(day: date) -> datetime:
    """Return the midnight at which `day` begins in the active time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def changed_for(staff_id: Any, since: datetime) -> Found:
    """Return the opt-outs that a person recorded and that are refused, or completed or ended since; refused first."""
    changed = Q(completed_at__gte=since) | Q(ended_at__gte=since)
    refused = Q(state=OptOutState.REFUSED)
    rows = OptOut.objects.filter(refused | changed, ledger_entry__staff_id=staff_id)
    rows = rows.select_related("ledger_entry")
    refused_first = Case(When(refused, then=0), default=1, output_field=IntegerField())
    changed_at = Coalesce("ended_at", "completed_at", "recorded_at")
    found = list(rows.order_by(refused_first, changed_at.desc())[:CHANGED_MAX])
    return Found(found, len(found), _refusals(found))


def not_completed_counts() -> dict[str, int]:
    """Return how many opt-outs are not completed, by the names of the filters; all time."""
    now, soon = timezone.now(), due_soon_until()
    return OptOut.objects.filter(state__in=OPEN).aggregate(
        open=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=now)),
        close=Count("pk", filter=Q(due_at__gte=now, due_at__lt=soon)),
        waiting=Count("pk", filter=Q(state=OptOutState.WAITING)),
        refused=Count("pk", filter=Q(state=OptOutState.REFUSED)),
    )


def staff_names() -> list[str]:
    """Return everyone who ever recorded an opt-out, by name; "" is the dashboard itself."""
    return list(
        OptOut.objects.order_by("staff_name").values_list("staff_name", flat=True).distinct()
    )


def mark_reviewed(*, staff: Staff, keys: Iterable[int]) -> int:
    """Mark opt-outs as reviewed by `staff`, each in the audit log; return how many were not reviewed before.

    Each commits by itself, so that a stop never waits for a long list. Raise NotAllowed.
    """
    require(staff, "review_opt_outs")
    return sum(_mark_reviewed(staff, key) for key in dict.fromkeys(keys))


def _mark_reviewed(staff: Staff, key: int) -> bool:
    with transaction.atomic():
        audit_log.take_turn()
        row = OptOut.objects.select_for_update().filter(pk=key, reviewed_at=None).first()
        if row is None:
            return False
        entry = audit_log.record(
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
    wanted = _by_person(filters.person)
    if filters.state in (NOT_COMPLETED, PAST_DUE, DUE_SOON):
        wanted &= Q(state__in=OPEN)
    elif filters.state:
        wanted &= Q(state=filters.state)
    if filters.state == PAST_DUE:
        wanted &= Q(due_at__lt=timezone.now())
    elif filters.state == DUE_SOON:
        wanted &= Q(due_at__gte=timezone.now(), due_at__lt=due_soon_until())
    lookups = {
        "staff_name": filters.staff,
        "channel": filters.channel or None,
        "reviewed_at__isnull": None if filters.reviewed is None else not filters.reviewed,
        "by_person": filters.by_person,
        "asked_at__gte": filters.since,
        "asked_at__lt": filters.until,
    }
    chosen = {name: value for name, value in lookups.items() if value is not None}
    return OptOut.objects.filter(wanted, **chosen)


def _by_person(person: str) -> Q:
    """Match a whole number in any spelling, a part of one, or every word of a name in any order."""
    if number := to_e164(person):
        return Q(number=number)
    digits = re.sub(r"\D", "", person)
    if digits and not re.search(r"[^\W\d_]", person):
        return Q(number__contains=digits)
    wanted = Q()
    for word in person.split():
        wanted &= Q(label__icontains=word)
    return wanted
