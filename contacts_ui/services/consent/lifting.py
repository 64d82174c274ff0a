"""Asking for consent to be raised, with the evidence, and deciding about it: two pairs of eyes (rule 7).

Every use case writes its ledger entry first. That takes its place in the chain, so writers queue, and what is checked
next is still true when it commits; a check that fails takes the entry back.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from contacts_ui.models import ConsentState, LiftRequest, Statement
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.lift_request import LiftRequestKind, LiftRequestState
from contacts_ui.permissions import APP_LABEL, Staff, require
from contacts_ui.services import ledger
from contacts_ui.services.consent import doors, lift_requests, raising, record
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.looking import judge_one
from contacts_ui.services.consent.rules import EvidenceRefused, check_newer, standing
from contacts_ui.services.consent.types import Evidence, Seen
from contacts_ui.services.consent.verdicts import Judgement, Verdict

STOPPED = (Verdict.DO_NOT_TEXT, Verdict.DISAGREE)


class NothingToLift(Exception):
    """Texts to this number are allowed already, so there is nothing to ask for."""


class AlreadyAsked(Exception):
    """A request for this number waits already."""


class AlreadyDecided(Exception):
    """Someone else decided first, or it was withdrawn; `request` says who and when."""

    def __init__(self, request: LiftRequest) -> None:
        self.request = request
        super().__init__("already decided")


class OwnRequest(Exception):
    """With four eyes, people do not approve their own request."""


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
    """Ask for the stop of a number to be lifted, or for an opt-in; `status` is what SlickText shall hold then.

    `version` is the record's as the form showed it. Raises NotAllowed, NothingToLift, AlreadyAsked,
    raising.RecordChanged, rules.EvidenceRefused, CannotTell.
    """
    require(staff, "ask_lift")
    doors.end_hold(seen.number)
    with transaction.atomic():
        entry = ledger.record(
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
        if lift_requests.is_waiting(seen.number, ignore_texted=True):
            raise AlreadyAsked
        # A START of theirs that waits is answered by what they say now.
        lift_requests.overtaken(entry, f"{entry.staff_name} asked them, and recorded their answer.")
        raising.check_unchanged(seen, version)
        raising.record_as_read(seen)
        kind = kind or _kind_for(seen)
        _check(kind, seen.number, evidence)
        said = evidence.said
        return LiftRequest.objects.create(
            kind=kind,
            number=seen.number,
            contact_id=seen.contact_id,
            label=seen.label[:200],
            opt_in_status=status,
            consent_who=evidence.who,
            consent_channel=evidence.channel,
            consent_at=said.earliest or evidence.at,
            consent_until=said.latest,
            consent_words=evidence.words,
            stop=lift_requests.answered_stop(seen.number),
            own_stops=list(evidence.own_stops),
            asked_by_id=staff.pk,
            asked_by_name=entry.staff_name,
            asked_at=entry.at,
        )


def give_or_ask(*, staff: Staff, seen: Seen, status: str, evidence: Evidence) -> bool:
    """Record consent, or with four eyes ask for it; return True where a second person decides.

    Raises NotAllowed, AlreadyAsked, rules.EvidenceRefused.
    """
    if settings.FOUR_EYES:
        ask(staff=staff, seen=seen, status=status, evidence=evidence)
        return True
    raising.change_opt_in_status(staff=staff, seen=seen, status=status, evidence=evidence)
    return False


def _kind_for(seen: Seen) -> LiftRequestKind:
    """Return what a request about this person asks for. Raises NothingToLift."""
    verdict = judge_one(seen).verdict
    if verdict is Verdict.MAY_TEXT:
        raise NothingToLift
    return LiftRequestKind.LIFT if verdict in STOPPED else LiftRequestKind.OPT_IN


def _check(kind: LiftRequestKind, number: str, evidence: Evidence) -> None:
    """Raise unless the request could be approved as the record stands."""
    if kind == LiftRequestKind.WRONG_PERSON:
        if not raising.can_tell_wrong_person(number):
            raise CannotTell
        return
    raising.check_evidence_for(number, evidence)


def _about(kind: str | None, who: str) -> dict[str, str]:
    """Return what an entry says a request is about: who consented, or that this is not consent at all."""
    wrong_person = kind == LiftRequestKind.WRONG_PERSON
    return {"kind": LiftRequestKind.WRONG_PERSON.value} if wrong_person else {"consented": who}


def withdraw(*, staff: Staff, pk: int) -> LiftRequest:
    """Take one's own request back.

    Raises NotAllowed, LiftRequest.DoesNotExist, NotTheirs, AlreadyDecided.
    """
    require(staff, "ask_lift")
    request = LiftRequest.objects.get(pk=pk)
    if request.asked_by_id != staff.pk:
        raise NotTheirs
    with transaction.atomic():
        return _decide(staff, request, Action.LIFT_WITHDRAWN, LiftRequestState.WITHDRAWN)


def decline(*, staff: Staff, pk: int, note: str) -> LiftRequest:
    """Leave everything as it is, and say why.

    Raises NotAllowed, LiftRequest.DoesNotExist, AlreadyDecided.
    """
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
) -> tuple[LiftRequest, Judgement]:
    """Do what was asked, with the evidence of the request; return it, and what we may claim about the person now.

    The evidence is held against the record as it is now, and against what SlickText just said of them (`seen`).
    `own_stops` are stops told back that the decider says are our own. Raises NotAllowed, LiftRequest.DoesNotExist,
    OwnRequest, AlreadyDecided, rules.EvidenceRefused, CannotTell.
    """
    require(staff, "lift_stops")
    request = LiftRequest.objects.get(pk=pk)
    if not may_approve(staff, request):
        raise OwnRequest
    if seen is None or seen.number != request.number:
        seen = Seen(request.number, request.contact_id, request.label)
    # A press that is held is a stop, and so is what SlickText says: each withdraws the request, and stays.
    doors.end_hold(request.number)
    raising.record_as_read(seen)
    with transaction.atomic():
        ledger.take_turn()
        request = _decide(staff, request, Action.LIFT_APPROVED, LiftRequestState.APPROVED, note)
        if request.kind == LiftRequestKind.WRONG_PERSON:
            if not raising.can_tell_wrong_person(request.number):
                raise CannotTell
            keys = raising.wrong_person(
                staff=staff,
                seen=seen,
                reason=request.consent_words,
                asked_by=request.asked_by_name,
            )
        else:
            keys = raising.record_consent(
                staff=staff,
                seen=seen,
                status=request.opt_in_status,
                evidence=evidence_of(request, own_stops),
            )
    deliver_now(keys)
    return request, judge_one(seen)


def may_approve(staff: Staff, request: LiftRequest) -> bool:
    """Return False where the person would approve their own request, with four eyes."""
    needs_two = settings.FOUR_EYES or request.kind == LiftRequestKind.WRONG_PERSON
    return not (needs_two and request.asked_by_id == staff.pk)


def deciders() -> int:
    """Count the active accounts that may decide about consent; with four eyes, fewer than two cannot."""
    users = get_user_model().objects.with_perm(
        f"{APP_LABEL}.lift_stops", backend="django.contrib.auth.backends.ModelBackend"
    )
    return int(users.count())


def told_back(numbers: Collection[str]) -> dict[str, list[Statement]]:
    """Return those stops of stopped numbers that are *told back, or theirs* and not decided yet (rule 10)."""
    stopped = ConsentState.objects.filter(number__in=set(filter(None, numbers)), stopped=True)
    rows = Statement.objects.filter(
        number__in=stopped.values("number"),
        kind=StatementKind.STOP,
        told_back=True,
        discounted_by=None,
    )
    return record.grouped(rows.select_related("ledger_entry").order_by("pk"))


def cannot_answer(requests: Iterable[LiftRequest]) -> set[int]:
    """Return the ids of those that a START opened, and that answer nothing: no later than a stop, or without a time.

    Approving such a request is refused (rule 1), as long as no stop was decided to be our own.
    """
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


def is_blocked_by_carrier(number: str) -> bool:
    """Return True where a carrier's code is on record: that ends only with the person's own START (rule 13)."""
    return bool(blocked_by_carrier([number]))


def blocked_by_carrier(numbers: Collection[str]) -> set[str]:
    """Return those of many numbers where one is."""
    codes = Statement.objects.filter(number__in=numbers, source=Source.CARRIER)
    return set(codes.values_list("number", flat=True))


def evidence_of(request: LiftRequest, own_stops: Collection[int] = ()) -> Evidence:
    """Return the evidence that the request brought; which stops were our own, the decider says."""
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
    """Settle a waiting request for good; of several people at once, one does."""
    about: dict[str, Any] = {
        "asked_by": request.asked_by_name,
        "lift_request": request.pk,
        "opt_in_status": request.opt_in_status,
        **_about(request.kind, request.consent_who),
    }
    entry = ledger.record(
        action=action,
        staff=staff,
        number=request.number,
        contact_id=request.contact_id,
        reason=note,
        after=about,
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
