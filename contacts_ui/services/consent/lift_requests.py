"""The lift requests as they are kept: who waits, what was decided, and what a newer statement makes of one that waits.

Asking and deciding are in `lifting`.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from contacts_ui.models import LedgerEntry, LiftRequest, Statement
from contacts_ui.models.ledger import Action
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.services import ledger
from contacts_ui.services.consent import record
from contacts_ui.services.consent.rules import standing

State = LiftRequestState
DECIDED = (State.APPROVED, State.DECLINED, State.WITHDRAWN, State.EXPIRED)


@dataclass(frozen=True)
class Wanted:
    """Which requests a reader wants to see; an empty field does not filter. `number` is E.164, days are inclusive.

    None in its place stands for a question that makes no sense: nothing is shown.
    """

    number: str = ""
    state: str = ""
    asked_by: str = ""
    decided_by: str = ""
    since: date | None = None
    until: date | None = None


def waiting(wanted: Wanted | None) -> QuerySet[LiftRequest]:
    """Return the requests that wait for a decision, the oldest first."""
    return _with_stop(_matching(wanted)).filter(state=State.WAITING).order_by("asked_at")


def decided(wanted: Wanted | None) -> QuerySet[LiftRequest]:
    """Return the requests that are decided, withdrawn or expired, the newest decision first."""
    return _with_stop(_matching(wanted)).filter(state__in=DECIDED).order_by("-decided_at", "-pk")


class Counts(NamedTuple):
    """How many requests wait, and how many of a person's own were decided without their having seen it."""

    waiting: int
    decided: int


def counts(staff_id: Any) -> Counts:
    """Return what the menu shows, in one query: every page of those who ask or decide wants it."""
    waits, unseen = Q(state=State.WAITING), _unseen(staff_id)
    found = LiftRequest.objects.filter(waits | unseen).aggregate(
        waiting=Count("pk", filter=waits), decided=Count("pk", filter=unseen)
    )
    return Counts(**found)


def own(staff_id: Any, *, limit: int = 50) -> list[LiftRequest]:
    """Return a person's own requests, the newest first."""
    rows = LiftRequest.objects.filter(asked_by_id=staff_id).order_by("-pk")
    return list(_with_stop(rows)[:limit])


def _with_stop(rows: QuerySet[LiftRequest]) -> QuerySet[LiftRequest]:
    return rows.select_related("stop__ledger_entry")


def mark_seen(staff_id: Any) -> None:
    """They have seen what became of their requests."""
    LiftRequest.objects.filter(_unseen(staff_id)).update(seen_at=timezone.now())


def _unseen(staff_id: Any) -> Q:
    """Return a person's own requests that others, or a new stop, decided."""
    by_others = Q(decided_by=None) | ~Q(decided_by_id=staff_id)
    return Q(asked_by_id=staff_id, seen_at=None, state__in=DECIDED) & by_others


def newest(number: str) -> LiftRequest | None:
    """Return the newest request about a number (E.164), whatever became of it."""
    return LiftRequest.objects.filter(number=number).order_by("-pk").first()


def is_waiting(number: str, *, ignore_texted: bool = False) -> bool:
    """Return True where a request about the number waits; `ignore_texted`: one that their START did not open."""
    rows = LiftRequest.objects.filter(number=number, state=State.WAITING)
    return any(not (ignore_texted and each.texted_to) for each in rows)


def answered_stop(number: str) -> Statement | None:
    """Return the stop that a lift answers: the newest that is not our own told back, else the newest, if any."""
    stands = record.standing_of(number)
    if stands.stop is None or not stands.stopped:
        return None
    others = record.statements_of(number).filter(told_back=False)
    return standing(others).stop or stands.stop


def overtaken(entry: LedgerEntry, words: str = "They were stopped once more.") -> None:
    """Withdraw what waits: a newer statement leaves nothing to decide. Call it in the transaction of its entry."""
    for request in LiftRequest.objects.filter(number=entry.number, state=State.WAITING):
        _end(request, State.WITHDRAWN, Action.LIFT_WITHDRAWN, words, {"overtaken_by": entry.pk})


def expire_old(*, limit: int = 200) -> int:
    """Let requests expire that were not decided in time, since consent grows old; return how many."""
    days = settings.LIFT_REQUEST_EXPIRES_DAYS
    if not days:
        return 0
    before = timezone.now() - timedelta(days=days)
    old = LiftRequest.objects.filter(state=State.WAITING, asked_at__lt=before).order_by("pk")
    if not old.exists():
        return 0
    with transaction.atomic():
        # Managers may be deciding, and workers look at the same time; the second finds nothing left to do.
        ledger.take_turn()
        found = list(old[:limit])
        for request in found:
            words = f"It was not decided within {days:g} days."
            _end(request, State.EXPIRED, Action.LIFT_EXPIRED, words)
    return len(found)


def _end(
    request: LiftRequest,
    state: State,
    action: Action,
    words: str,
    answer: dict[str, Any] | None = None,
) -> None:
    """Settle a request that the dashboard itself ends, and not a person."""
    LiftRequest.objects.filter(pk=request.pk).update(
        state=state, decided_at=timezone.now(), note=words
    )
    ledger.record(
        action=action,
        staff=None,
        number=request.number,
        contact_id=request.contact_id,
        reason=words,
        after={"asked_by": request.asked_by_name, "lift_request": request.pk},
        answer=answer,
    )


def _matching(wanted: Wanted | None) -> QuerySet[LiftRequest]:
    if wanted is None:
        return LiftRequest.objects.none()
    matching = Q()
    for field in ("number", "state"):
        if value := getattr(wanted, field):
            matching &= Q(**{field: value})
    for field in ("asked_by", "decided_by"):
        if value := getattr(wanted, field):
            matching &= Q(**{f"{field}_name__icontains": value})
    if wanted.since:
        matching &= Q(asked_at__gte=_midnight(wanted.since))
    if wanted.until:
        matching &= Q(asked_at__lt=_midnight(wanted.until + timedelta(days=1)))
    return LiftRequest.objects.filter(matching)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
