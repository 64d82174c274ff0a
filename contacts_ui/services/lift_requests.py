"""The lift requests as they are kept: who waits, what was decided, and what a newer wish makes of one that waits.

Asking and deciding are in `lifting`.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts_ui.models import LedgerEntry, LiftRequest
from contacts_ui.models.ledger import Action
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.services import ledger

State = LiftRequestState
DECIDED = (State.APPROVED, State.DECLINED, State.WITHDRAWN, State.EXPIRED)


@dataclass(frozen=True)
class Wanted:
    """Which requests a reader wants to see; an empty field does not filter. `number` is E.164, days are inclusive.

    None in its place stands for a question that makes no sense: nobody is shown.
    """

    number: str = ""
    state: str = ""
    asked_by: str = ""
    decided_by: str = ""
    since: date | None = None
    until: date | None = None


def waiting(wanted: Wanted | None) -> QuerySet[LiftRequest]:
    """The requests that wait for a decision, the oldest first."""
    return _matching(wanted).filter(state=State.WAITING).order_by("asked_at")


def decided(wanted: Wanted | None) -> QuerySet[LiftRequest]:
    """The requests that are decided, withdrawn or expired, the newest decision first."""
    return _matching(wanted).filter(state__in=DECIDED).order_by("-decided_at", "-pk")


def waiting_count() -> int:
    """How many requests wait for a decision; every page of a manager asks."""
    return LiftRequest.objects.filter(state=State.WAITING).count()


def newest(number: str) -> LiftRequest | None:
    """The newest request about a number (E.164), whatever became of it."""
    return LiftRequest.objects.filter(number=number).order_by("-pk").first()


def overtaken(entry: LedgerEntry, *, do_not_text: bool) -> None:
    """A newer wish for the number leaves nothing to decide. Call it in the transaction of the wish's entry."""
    words = "They were stopped once more." if do_not_text else "Texts were allowed meanwhile."
    for request in LiftRequest.objects.filter(number=entry.number, state=State.WAITING):
        LiftRequest.objects.filter(pk=request.pk).update(
            state=State.WITHDRAWN, decided_at=timezone.now(), note=words
        )
        ledger.record(
            action=Action.LIFT_WITHDRAWN,
            staff=None,
            number=request.number,
            contact_id=request.contact_id,
            reason=words,
            after={"asked_by": request.asked_by_name, "lift_request": request.pk},
            answer={"overtaken_by": entry.pk},
        )


def expire_old(*, limit: int = 200) -> int:
    """Let requests expire that nobody decided in time, since consent grows old; return how many."""
    days = settings.LIFT_REQUEST_EXPIRES_DAYS
    if not days:
        return 0
    before = timezone.now() - timedelta(days=days)
    old = LiftRequest.objects.filter(state=State.WAITING, asked_at__lt=before).order_by("pk")
    if not old.exists():
        return 0
    with transaction.atomic():
        # Managers may be deciding, and workers look at the same time; whoever comes second finds nothing left to do.
        ledger.take_turn()
        found = list(old[:limit])
        for request in found:
            _expire(request, f"Nobody decided about it within {days:g} days.")
    return len(found)


def _expire(request: LiftRequest, words: str) -> None:
    LiftRequest.objects.filter(pk=request.pk).update(
        state=State.EXPIRED, decided_at=timezone.now(), note=words
    )
    ledger.record(
        action=Action.LIFT_EXPIRED,
        staff=None,
        number=request.number,
        contact_id=request.contact_id,
        reason=words,
        after={"asked_by": request.asked_by_name, "lift_request": request.pk},
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
