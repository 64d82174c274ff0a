"""Asking for a stop to be lifted, with the evidence, and deciding about it: two pairs of eyes.

Every use case writes its ledger entry first. That takes its place in the chain, so writers queue up, and what is
checked next is still true when it commits; a check that fails takes the entry back.
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contacts_ui.models import LiftRequest
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.permissions import Staff, require
from contacts_ui.services import consent, ledger
from contacts_ui.services.consent import Evidence, Seen
from contacts_ui.services.verdicts import Judgement, Verdict

STOPPED = (Verdict.DO_NOT_TEXT, Verdict.DISAGREE)


class NothingToLift(Exception):
    """Nobody holds a stop for this number, so there is nothing to ask for."""


class AlreadyAsked(Exception):
    """Somebody has asked already, and it is not decided yet."""


class AlreadyDecided(Exception):
    """Somebody else decided first, or it was withdrawn; `request` says who and when."""

    def __init__(self, request: LiftRequest) -> None:
        self.request = request
        super().__init__("already decided")


class OwnRequest(Exception):
    """With four eyes, nobody approves their own request."""


class NotTheirs(Exception):
    """Only who asked may withdraw a request."""


def ask(*, staff: Staff, seen: Seen, status: str, evidence: Evidence) -> LiftRequest:
    """Ask for the stop of a number to be lifted; `status` is what SlickText shall hold then.

    Raises NotAllowed, NothingToLift, AlreadyAsked.
    """
    require(staff, "ask_lift")
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
            after={"opt_in_status": status, "consented": evidence.who},
        )
        if LiftRequest.objects.filter(number=seen.number, state=LiftRequestState.WAITING).exists():
            raise AlreadyAsked
        if consent.judge_one(seen).verdict not in STOPPED:
            raise NothingToLift
        return LiftRequest.objects.create(
            number=seen.number,
            contact_id=seen.contact_id,
            label=seen.label[:200],
            opt_in_status=status,
            consent_who=evidence.who,
            consent_channel=evidence.channel,
            consent_at=evidence.at,
            consent_words=evidence.words,
            asked_by_id=staff.pk,
            asked_by_name=entry.staff_name,
            asked_at=entry.at,
        )


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
    """Leave the stop as it is, and say why.

    Raises NotAllowed, LiftRequest.DoesNotExist, AlreadyDecided.
    """
    require(staff, "lift_stops")
    request = LiftRequest.objects.get(pk=pk)
    with transaction.atomic():
        return _decide(staff, request, Action.LIFT_DECLINED, LiftRequestState.DECLINED, note)


def approve(*, staff: Staff, pk: int, note: str = "") -> tuple[LiftRequest, Judgement]:
    """Lift the stop with the evidence of the request; return it, and what we may claim about the person now.

    Raises NotAllowed, LiftRequest.DoesNotExist, OwnRequest, AlreadyDecided.
    """
    require(staff, "lift_stops")
    request = LiftRequest.objects.get(pk=pk)
    if not may_approve(staff, request):
        raise OwnRequest
    seen = Seen(request.number, request.contact_id, request.label)
    with transaction.atomic():
        request = _decide(staff, request, Action.LIFT_APPROVED, LiftRequestState.APPROVED, note)
        keys = consent.record_consent(
            staff=staff, seen=seen, status=request.opt_in_status, evidence=evidence_of(request)
        )
    consent.deliver_now(keys)
    return request, consent.judge_one(seen)


def may_approve(staff: Staff, request: LiftRequest) -> bool:
    """Whether `staff` may approve it; with four eyes, nobody approves what they asked for themselves."""
    return not (settings.FOUR_EYES and request.asked_by_id == staff.pk)


def evidence_of(request: LiftRequest) -> Evidence:
    """The evidence of consent that the request brought."""
    channel = Channel(request.consent_channel)
    return Evidence(request.consent_who, channel, request.consent_at, request.consent_words)


def _decide(
    staff: Staff, request: LiftRequest, action: Action, state: LiftRequestState, note: str = ""
) -> LiftRequest:
    """Settle a waiting request for good; of several people at once, one does."""
    about: dict[str, Any] = {"asked_by": request.asked_by_name, "lift_request": request.pk}
    entry = ledger.record(
        action=action,
        staff=staff,
        number=request.number,
        contact_id=request.contact_id,
        reason=note,
        after={**about, "opt_in_status": request.opt_in_status, "consented": request.consent_who},
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
