"""Opt a person in: with evidence newer than every stop, or after a press that stopped the wrong person.

`lift_requests` asks a second person first. Each function commits before any vendor is called, as those of `doors` do.
"""

import json
import re
from collections.abc import Collection
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import DesiredState, Vendor, WebhookEvent
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action
from contacts_ui.models.opt_out import OptOutState
from contacts_ui.permissions import Staff, require
from contacts_ui.services import audit_log, index
from contacts_ui.services.consent import desired_state, record, slicktext_readings, stops
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.doors import end_hold
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import (
    EvidenceRefused,
    Judgment,
    check_evidence,
    check_newer,
    standing,
)
from contacts_ui.services.consent.stops import as_seen, said_in_words
from contacts_ui.services.consent.types import Evidence, Seen
from contacts_ui.services.vendors import connected

STOP_COMES_IN: Final = "A vendor just reported a stop for this number. Try again in a minute."
MESSAGE_WAITS: Final = (
    "They wrote “{words}”. Decide first, under Asked, whether it asks us to stop."
)


class RecordChanged(Exception):
    """Something was said about this number since the form was opened; `judgment` is the present one (rule 7)."""

    def __init__(self, judgment: Judgment, version: int | None = None) -> None:
        self.judgment = judgment
        self.version = judgment.version if version is None else version
        super().__init__("the record has changed")


class NeedsSecondPerson(Exception):
    """With FOUR_EYES on, a second person decides about every opt-in (rule 7)."""


def change_opt_in_status(
    *, staff: Staff, seen: Seen, status: str, evidence: Evidence, version: int | None = None
) -> Judgment:
    """Lift a stop or opt a person in, with newer evidence. `version` is the record's as the form showed it.

    Raises NotAllowed, NeedsSecondPerson, RecordChanged, rules.EvidenceRefused.
    """
    require(staff, "lift_stops")
    if settings.FOUR_EYES:
        raise NeedsSecondPerson
    end_hold(seen.number)
    with transaction.atomic():
        audit_log.take_turn()
        check_unchanged(seen, version)
        record_as_read(seen)
        keys = record_consent(staff=staff, seen=seen, status=status, evidence=evidence)
    deliver_now(keys)
    return judge_one(seen)


def check_unchanged(seen: Seen, version: int | None) -> None:
    """Raise RecordChanged if something was said since the form was opened (rule 7). Call it in the log's turn."""
    state = record.state_of(seen.number)
    moved = version is not None and version != (state.version if state else 0)
    if moved or record.is_held(seen.number):
        raise RecordChanged(judge_one(seen))


def check_shown(numbers: Collection[str], version: int | None) -> None:
    """Raise RecordChanged if the form of a contact has not shown the stop that its consent answers.

    `version` is the sum of the versions of these numbers, as the form showed it (rule 7).
    """
    now = sum(state.version for state in record.states_of(numbers).values())
    stopped = [number for number in numbers if record.is_stopped(number)]
    if stopped and version != now:
        raise RecordChanged(judge_one(Seen(stopped[-1])), now)


def record_as_read(seen: Seen) -> None:
    """Record what SlickText shows of a contact, so that the evidence has to answer that stop as well (rule 7)."""
    if seen.number and seen.contact_id and seen.read_at:
        slicktext_readings.record_readings([seen])


def record_consent(*, staff: Staff, seen: Seen, status: str, evidence: Evidence) -> Collection[int]:
    """Write consent, in the audit log's turn; return the keys to deliver. Raises rules.EvidenceRefused."""
    check_evidence_for(seen.number, evidence)
    said = evidence.said
    entry = audit_log.record(
        action=Action.CONSENT_REQUESTED,
        staff=staff,
        number=seen.number,
        contact_id=seen.contact_id,
        channel=evidence.channel,
        reason=evidence.words,
        asked_at=evidence.at,
        before=as_seen(seen),
        after={
            "do_not_text": False,
            "opt_in_status": status,
            "consented": evidence.who,
            "own_stops": list(evidence.own_stops),
            **said_in_words(said),
        },
    )
    # The decision that these stops, reported while we told the vendor, were our own (rule 10).
    own = record.statements_of(seen.number).filter(pk__in=evidence.own_stops, told_back=True)
    record.discount(entry, list(own.values_list("pk", flat=True)))
    record.add(
        entry,
        kind=StatementKind.CONSENT,
        source=Source.PERSON,
        said=said,
        status=status,
        words=evidence.words,
    )
    stops.withdraw_requests(entry, "Texts were allowed in the meantime.")
    stops.end_opt_outs(entry.number, by=OptOutState.LIFTED)
    return desired_state.want_consent(entry)


def check_evidence_for(number: str, evidence: Evidence) -> None:
    """Raise EvidenceRefused unless it answers every stop, and while a vendor's report or their message waits."""
    check_evidence(evidence.who, evidence.words)
    # Events that speak of a stop are due ahead of their time; any that is retried may speak of one.
    ahead = Q(due_at__lt=F("received_at")) | Q(attempts__gt=0)
    waiting = WebhookEvent.objects.filter(ahead, due_at__isnull=False)
    known = index.by_numbers([number]).get(number, ())
    named = [re.escape(number[2:]), *(rf":{each.contact.contact_id}\b" for each in known)]
    pattern = re.compile("|".join(named))
    bodies = waiting.exclude(event=slicktext_readings.READING).values_list("body", flat=True)
    if any(pattern.search(re.sub(r"[^\w:,]", "", json.dumps(body))) for body in bodies):
        raise EvidenceRefused("", STOP_COMES_IN)
    counted = record.statements_of(number).exclude(pk__in=evidence.own_stops, told_back=True)
    state = record.state_of(number)
    if state and state.asked:
        raise EvidenceRefused("", MESSAGE_WAITS.format(words=state.asked.short))
    check_newer(evidence.said, standing(counted).stop, state.reassigned_at if state else None)


def can_tell_wrong_person(number: str) -> bool:
    """Return True if a press was certainly the only stop, by both vendors' answers (rule 6).

    CloudContactAI cannot be read back, so this holds only where it is not connected and does not know the number.
    SlickText has to have said *subscribed* before the press, and to date its change within our own call.
    """
    stops_said = list(record.statements_of(number).filter(kind=StatementKind.STOP))
    if len(stops_said) != 1 or stops_said[0].source != Source.STAFF:
        return False
    at_cloudcontactai = DesiredState.objects.filter(number=number, vendor=Vendor.CLOUDCONTACTAI)
    if Vendor.CLOUDCONTACTAI in connected() or at_cloudcontactai.exists():
        return False
    state = record.state_of(number)
    changed_at = state.status_changed_at if state else None
    before = stops_said[0].ledger_entry.before.get("status")
    return bool(
        before == OptInStatus.SUBSCRIBED
        and state
        and state.reassigned_at is None
        and state.status == OptInStatus.UNSUBSCRIBED
        and changed_at
        and desired_state.is_told_back(number, Vendor.SLICKTEXT, changed_at)
    )


def wrong_person(*, staff: Staff, seen: Seen, reason: str, asked_by: str) -> Collection[int]:
    """Take back a press that stopped the wrong person, which is never consent (rule 6); return the keys to deliver.

    Call it in the transaction of the approval, after `can_tell_wrong_person`.
    """
    require(staff, "lift_stops")
    entry = audit_log.record(
        action=Action.STOP_DISCOUNTED,
        staff=staff,
        number=seen.number,
        contact_id=seen.contact_id,
        reason=reason,
        after={"asked_by": asked_by, "do_not_text": False},
    )
    pressed = record.statements_of(seen.number).filter(kind=StatementKind.STOP)
    record.discount(entry, list(pressed.values_list("pk", flat=True)))
    stops.end_opt_outs(entry.number, by=OptOutState.UNDONE)
    return desired_state.want_consent(entry, back_to=OptInStatus.SUBSCRIBED)
