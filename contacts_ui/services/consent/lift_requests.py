"""Lift requests: ask a second person to opt someone in, with the evidence, and decide (rule 7).

Every use case writes its audit log entry first. That takes its place in the chain, so writers queue, and what it checks
next is still true when it commits. A check that fails takes the entry back.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from contacts_ui.models import ConsentState, LedgerEntry, LiftRequest, Statement
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.lift_request import LiftRequestKind, LiftRequestState
from contacts_ui.permissions import APP_LABEL, Staff, require
from contacts_ui.services import audit_log
from contacts_ui.services.consent import doors, opt_in, record, stops
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import (
    EvidenceRefused,
    Judgment,
    Verdict,
    check_newer,
    standing,
)
from contacts_ui.services.consent.stops import end_request
from contacts_ui.services.consent.types import AlreadyDecided, Evidence, Seen

STOPPED = (Verdict.DO_NOT_TEXT, Verdict.DISAGREE)


class NothingToLift(Exception):
    """Texts to this number are allowed already, so there is nothing to ask for."""


class AlreadyAsked(Exception):
    """A request for this number is already waiting."""


class OwnRequest(Exception):
    """With four eyes, no one approves their own request."""


class NotTheirs(Exception):
    """Only the person who asked may withdraw a request."""


class CannotTell(Exception):
    """Nothing shows that a press was the only stop (rule 6)."""


def ask(
    *,
    staff: Staff,
    seen: Seen,
    status: str,
    evidence: Evidence,
    version: int | None = None,
    kind: LiftRequestKind | None = None,
) -> LiftRequest:
    """Ask to lift the stop of a number, or to opt a person in; `status` is what SlickText should hold then.

    `version` is the record's as the form showed it. Raises NotAllowed, NothingToLift, AlreadyAsked,
    opt_in.RecordChanged, rules.EvidenceRefused, CannotTell.
    """
    require(staff, "ask_lift")
    doors.end_hold(seen.number)
    with transaction.atomic():
        entry = audit_log.record(
            action=Action.LIFT_ASKED,
            staff=staff,
            number=seen.number,
            contact_id=seen.contact_id,
            channel=evidence.channel,
            reason=evidence.words,
            asked_at=evidence.at,
            before={"label": seen.label, "status": seen.status},
            after={"opt_in_status": status, **_about(kind, evidence.who)},
        )
        if stops.is_request_waiting(seen.number, ignore_texted=True):
            raise AlreadyAsked
        # Their waiting START is answered by what they say now.
        stops.withdraw_requests(entry, f"{entry.staff_name} asked them, and recorded their answer.")
        opt_in.check_unchanged(seen, version)
        opt_in.record_as_read(seen)
        if kind is None:
            verdict = judge_one(seen).verdict
            if verdict is Verdict.MAY_TEXT:
                raise NothingToLift
            kind = LiftRequestKind.LIFT if verdict in STOPPED else LiftRequestKind.OPT_IN
        if kind != LiftRequestKind.WRONG_PERSON:
            opt_in.check_evidence_for(seen.number, evidence)
        elif not opt_in.can_tell_wrong_person(seen.number):
            raise CannotTell
        return open_request(entry, seen=seen, kind=kind, status=status, evidence=evidence)


def open_request(
    entry: LedgerEntry,
    *,
    seen: Seen,
    kind: LiftRequestKind,
    status: str,
    evidence: Evidence,
    asked_by: str = "",
) -> LiftRequest:
    """Write the request of an audit log entry, in its transaction. `asked_by` is for requests that no staff made."""
    said = evidence.said
    return LiftRequest.objects.create(
        kind=kind,
        number=seen.number,
        contact_id=seen.contact_id,
        label=seen.label[:200],
        opt_in_status=status,
        consent_who=evidence.who[:200],
        consent_channel=evidence.channel,
        consent_at=said.earliest or evidence.at,
        consent_until=said.latest,
        consent_words=evidence.words,
        undated=evidence.undated,
        stop=record.answered_stop(seen.number),
        own_stops=list(evidence.own_stops),
        asked_by_id=entry.staff_id,
        asked_by_name=asked_by or entry.staff_name,
        asked_at=entry.at,
    )


def _about(kind: str | None, who: str) -> dict[str, str]:
    """Return what an entry says a request is about: who consented, or that this is not consent at all."""
    wrong_person = kind == LiftRequestKind.WRONG_PERSON
    return {"kind": LiftRequestKind.WRONG_PERSON.value} if wrong_person else {"consented": who}


def withdraw(*, staff: Staff, pk: int) -> LiftRequest:
    """Withdraw your own request. Raises NotAllowed, LiftRequest.DoesNotExist, NotTheirs, AlreadyDecided."""
    require(staff, "ask_lift")
    request = LiftRequest.objects.get(pk=pk)
    if request.asked_by_id != staff.pk:
        raise NotTheirs
    with transaction.atomic():
        return _decide(staff, request, Action.LIFT_WITHDRAWN, LiftRequestState.WITHDRAWN)


def decline(*, staff: Staff, pk: int, note: str) -> LiftRequest:
    """Decline a request, and say why. Raises NotAllowed, LiftRequest.DoesNotExist, AlreadyDecided."""
    require(staff, "lift_stops")
    request = LiftRequest.objects.get(pk=pk)
    with transaction.atomic():
        return _decide(staff, request, Action.LIFT_DECLINED, LiftRequestState.DECLINED, note)


def approve(
    *,
    staff: Staff,
    pk: int,
    note: str = "",
    seen: Seen | None = None,
    own_stops: Collection[int] = (),
) -> tuple[LiftRequest, Judgment]:
    """Approve a request: record its consent; return the request, and the person's judgment now.

    The evidence is checked against the present record, and against what SlickText just said of them (`seen`).
    `own_stops` are reported stops that the decider says were ours. Raises NotAllowed, LiftRequest.DoesNotExist,
    OwnRequest, AlreadyDecided, rules.EvidenceRefused, CannotTell.
    """
    require(staff, "lift_stops")
    request = LiftRequest.objects.get(pk=pk)
    if not may_approve(staff, request):
        raise OwnRequest
    if seen is None or seen.number != request.number:
        seen = Seen(request.number, request.contact_id, request.label)
    # A held press is a stop, and so is what SlickText says: each withdraws the request, and stays.
    doors.end_hold(request.number)
    opt_in.record_as_read(seen)
    with transaction.atomic():
        audit_log.take_turn()
        request = _decide(staff, request, Action.LIFT_APPROVED, LiftRequestState.APPROVED, note)
        if request.kind == LiftRequestKind.WRONG_PERSON:
            if not opt_in.can_tell_wrong_person(request.number):
                raise CannotTell
            keys = opt_in.wrong_person(
                staff=staff,
                seen=seen,
                reason=request.consent_words,
                asked_by=request.asked_by_name,
            )
        else:
            keys = opt_in.record_consent(
                staff=staff,
                seen=seen,
                status=request.opt_in_status,
                evidence=evidence_of(request, own_stops),
            )
    deliver_now(keys)
    return request, judge_one(seen)


def may_approve(staff: Staff, request: LiftRequest) -> bool:
    """Return False if people would approve their own request, with four eyes."""
    needs_two = settings.FOUR_EYES or request.kind == LiftRequestKind.WRONG_PERSON
    return not (needs_two and request.asked_by_id == staff.pk)


def deciders() -> int:
    """Count the active accounts that may decide about consent. With four eyes, it takes two."""
    users = get_user_model().objects.with_perm(
        f"{APP_LABEL}.lift_stops", backend="django.contrib.auth.backends.ModelBackend"
    )
    return int(users.count())


def told_back(numbers: Collection[str]) -> dict[str, list[Statement]]:
    """Return the reported stops of stopped numbers that may be ours and are not decided yet (rule 10)."""
    stopped = ConsentState.objects.filter(number__in=set(filter(None, numbers)), stopped=True)
    rows = Statement.objects.filter(
        number__in=stopped.values("number"),
        kind=StatementKind.STOP,
        told_back=True,
        discounted_by=None,
    )
    return record.grouped(rows.select_related("ledger_entry").order_by("pk"))


def cannot_answer(requests: Iterable[LiftRequest]) -> set[int]:
    """Return the ids of requests by START that answer no stop, unless a stop is called our own (rule 1)."""
    texted = [each for each in requests if each.texted_to]
    numbers = {each.number for each in texted}
    said = record.grouped(Statement.objects.filter(number__in=numbers, told_back=False))
    states = record.states_of(numbers)
    found = set()
    for each in texted:
        state = states.get(each.number)
        try:
            check_newer(
                evidence_of(each).said,
                standing(said[each.number]).stop,
                state.reassigned_at if state else None,
            )
        except EvidenceRefused:
            found.add(each.pk)
    return found


def blocked_by_carrier(numbers: Collection[str]) -> set[str]:
    """Return the numbers with a carrier's code on record. Only the person's own START ends that block (rule 13)."""
    codes = Statement.objects.filter(number__in=numbers, source=Source.CARRIER)
    return set(codes.values_list("number", flat=True))


def evidence_of(request: LiftRequest, own_stops: Collection[int] = ()) -> Evidence:
    """Return the evidence of a request; `own_stops` are those that the decider calls our own."""
    return Evidence(
        request.consent_who,
        Channel(request.consent_channel),
        request.consent_at,
        request.consent_words,
        until=request.consent_until,
        exact=True,
        undated=request.undated,
        own_stops=tuple(own_stops),
    )


def _decide(
    staff: Staff, request: LiftRequest, action: Action, state: LiftRequestState, note: str = ""
) -> LiftRequest:
    """Decide a waiting request, for good and once."""
    entry = audit_log.record(
        action=action,
        staff=staff,
        number=request.number,
        contact_id=request.contact_id,
        reason=note,
        after={
            "asked_by": request.asked_by_name,
            "lift_request": request.pk,
            "opt_in_status": request.opt_in_status,
            **_about(request.kind, request.consent_who),
        },
    )
    changed = LiftRequest.objects.filter(pk=request.pk, state=LiftRequestState.WAITING).update(
        state=state,
        decided_by_id=staff.pk,
        decided_by_name=entry.staff_name,
        decided_at=timezone.now(),
        note=note,
    )
    request.refresh_from_db()
    if not changed:
        raise AlreadyDecided(request)
    return request


# --- The lists ------------------------------------------------------------------------------------------

State = LiftRequestState
DECIDED = (State.APPROVED, State.DECLINED, State.WITHDRAWN, State.EXPIRED)


@dataclass(frozen=True)
class Wanted:
    """A filter of requests by what is not empty; `number` is E.164, days are inclusive. None shows nothing."""

    number: str = ""
    state: str = ""
    asked_by: str = ""
    decided_by: str = ""
    since: date | None = None
    until: date | None = None


def waiting(wanted: Wanted | None) -> QuerySet[LiftRequest]:
    """Return the requests that wait for a decision, the oldest first."""
    return _matching(wanted).filter(state=State.WAITING).order_by("asked_at")


def decided(wanted: Wanted | None) -> QuerySet[LiftRequest]:
    """Return the requests that are decided, withdrawn or expired, the newest decision first."""
    return _matching(wanted).filter(state__in=DECIDED).order_by("-decided_at", "-pk")


def unseen_decisions() -> QuerySet[LiftRequest]:
    """Return the requests that others, or a new stop, decided, and whose person has not seen that yet."""
    rows = LiftRequest.objects.filter(asked_by__isnull=False, seen_at=None, state__in=DECIDED)
    return rows.exclude(decided_by=F("asked_by"))


def own(staff_id: Any, *, limit: int = 50) -> list[LiftRequest]:
    """Return a person's own requests, the newest first."""
    rows = LiftRequest.objects.select_related("stop__ledger_entry").filter(asked_by_id=staff_id)
    return list(rows.order_by("-pk")[:limit])


def mark_seen(staff_id: Any) -> int:
    """Note that a person has seen the decisions on their requests; return how many."""
    return unseen_decisions().filter(asked_by_id=staff_id).update(seen_at=timezone.now())


def newest(number: str) -> LiftRequest | None:
    """Return the newest request about a number (E.164), in any state."""
    return LiftRequest.objects.filter(number=number).order_by("-pk").first()


def expire_old(*, limit: int = 200) -> int:
    """Expire requests that were not decided in time, since consent grows old; return how many."""
    days = settings.LIFT_REQUEST_EXPIRES_DAYS
    if not days:
        return 0
    before = timezone.now() - timedelta(days=days)
    old = LiftRequest.objects.filter(state=State.WAITING, asked_at__lt=before).order_by("pk")
    if not old.exists():
        return 0
    with transaction.atomic():
        # Managers may be deciding, and workers look at the same time; the second finds nothing left to do.
        audit_log.take_turn()
        found = list(old[:limit])
        for request in found:
            words = f"It was not decided within {days:g} days."
            end_request(request, State.EXPIRED, Action.LIFT_EXPIRED, words)
    return len(found)


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
        matching &= Q(asked_at__date__gte=wanted.since)
    if wanted.until:
        matching &= Q(asked_at__date__lte=wanted.until)
    return LiftRequest.objects.select_related("stop__ledger_entry").filter(matching)
