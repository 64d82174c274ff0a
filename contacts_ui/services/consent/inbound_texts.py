"""Texts that people write to a vendor about consent.

A word that always counts is a stop at once. A text that may be one waits for a decision, and the number is *Not known*
until then; after two business days it counts as a stop. START opens a request, and answers nothing by itself (rule 3).
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import IncomingMessage, LiftRequest, Vendor
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.lift_request import OWN_TEXT, LiftRequestKind
from contacts_ui.models.messages import MessageState
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import pretty
from contacts_ui.services import audit_log, index
from contacts_ui.services.consent import lift_requests, record, stops
from contacts_ui.services.consent.business_days import due_after
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.phrases import Meaning, meaning_of
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import (
    VENDOR_CLOCK_TOLERANCE,
    Judgment,
    Verdict,
    by_vendor,
    usable,
)
from contacts_ui.services.consent.stops import Stop, Written, said_again, write_stop
from contacts_ui.services.consent.types import AlreadyDecided, Evidence, Request, Seen

DECIDE_BUSINESS_DAYS: Final = 2
# How far two reports of one message may be apart: a webhook may round its time.
SAME_MESSAGE_TOLERANCE: Final = timedelta(seconds=10)
STOPPED_AT_ONCE: Final = "They asked us to stop: stopped at every connected vendor."
ON_RECORD: Final = "Already on record."
WAITS: Final = "It may ask us to stop: it waits for a decision."
NOTHING: Final = "It doesn't ask us to stop."


def heard(
    *,
    vendor: Vendor,
    key: str,
    number: str,
    words: str,
    said_at: datetime | None,
    heard_at: datetime,
) -> str:
    """Act on a message from `number` (E.164), said at `said_at` by the vendor, once; return what was done."""
    meaning = meaning_of(words)
    if meaning is Meaning.OTHER:
        return NOTHING
    message = IncomingMessage(
        vendor=vendor,
        key=key[:200],
        number=number,
        words=words,
        # A future time counts as none.
        said_at=said_at if by_vendor(said_at, heard_at).earliest else None,
        heard_at=heard_at,
        due_at=due_after(usable(said_at, heard_at), DECIDE_BUSINESS_DAYS),
    )
    with transaction.atomic():
        audit_log.take_turn()
        if meaning is Meaning.ALWAYS_STOPS:
            return STOPPED_AT_ONCE if _stop(message) else ON_RECORD
        if meaning is Meaning.START:
            return _request_to_start(message)
        same = IncomingMessage.objects.filter(vendor=message.vendor, key=message.key)
        if same.exists() or _came_another_way(message):
            return ON_RECORD
        message.save()
        record.note_messages(message.number)
        return WAITS


def _came_another_way(message: IncomingMessage) -> bool:
    """Return True if it came by webhook or list before. Without a time it may be new: the same words, after consent."""
    if message.said_at is None:
        return False
    same = IncomingMessage.objects.filter(
        number=message.number, words=message.words, said_at__isnull=False
    )
    return any(abs(each.moment - message.moment) <= VENDOR_CLOCK_TOLERANCE for each in same)


def _stop(message: IncomingMessage, staff: Staff | None = None) -> Written | None:
    """Record the words as a stop, at the time they wrote them; return None if it is already on record."""
    said = by_vendor(message.said_at, message.heard_at)
    prefix = "ccai" if message.vendor == Vendor.CLOUDCONTACTAI else message.vendor
    if message.said_at:
        # It may be reported twice, by webhook and in the list, even with START between.
        same = record.statements_of(message.number).filter(
            source=Source.PERSON,
            words=message.words,
            key__startswith=f"{prefix}:message:",
            earliest__isnull=False,
        )
        apart = [abs(each.moment - message.said_at) for each in same]
        if any(each <= SAME_MESSAGE_TOLERANCE for each in apart):
            return None
    return write_stop(
        Stop(
            _person(message.number),
            Source.PERSON,
            said,
            staff,
            Request(Channel.TEXT, message.moment, message.words),
            key=f"{prefix}:message:{message.key}"[:200],
            repeats=said_again(message.number, said, prefix),
        )
    )


def _person(number: str) -> Seen:
    """Return the contact who has the number, by the index; without a name if there are several."""
    people = index.by_numbers([number]).get(number, [])
    if len(people) != 1:
        return Seen(number, label=pretty(number))
    return Seen.of(people[0].contact, people[0].read_at)


def _request_to_start(message: IncomingMessage) -> str:
    """Open a request with what they wrote, unless one waits or texts are allowed (rule 3)."""
    seen = _person(message.number)
    if stops.is_request_waiting(seen.number):
        return "They wrote START. A request is already waiting."
    said = by_vendor(message.said_at, message.heard_at)
    near = said.latest - VENDOR_CLOCK_TOLERANCE, said.latest + VENDOR_CLOCK_TOLERANCE
    texted = LiftRequest.objects.filter(
        number=message.number, asked_by_name__startswith=OWN_TEXT, consent_until__range=near
    )
    if texted.exists():
        # This START opened a request already: a vendor may report it by webhook and in its list.
        return ON_RECORD
    stop = record.answered_stop(seen.number)
    if stop and said.earliest and stop.earliest and said.latest < stop.earliest:
        return "They wrote START before they asked us to stop."
    if stop is None and judge_one(seen).verdict is Verdict.MAY_TEXT:
        return "They wrote START. Texts are already allowed."
    kind = LiftRequestKind.LIFT if stop else LiftRequestKind.OPT_IN
    who = (
        seen.label if any(map(str.isalpha, seen.label)) else f"The person at {pretty(seen.number)}"
    )
    entry = audit_log.record(
        action=Action.LIFT_ASKED,
        staff=None,
        number=seen.number,
        contact_id=seen.contact_id,
        vendor=message.vendor,
        channel=Channel.TEXT,
        reason=message.words,
        asked_at=message.moment,
        before={"label": seen.label, "status": seen.status},
        after={"opt_in_status": OptInStatus.SUBSCRIBED, "consented": who},
    )
    lift_requests.open_request(
        entry,
        seen=seen,
        kind=kind,
        status=OptInStatus.SUBSCRIBED,
        evidence=Evidence(
            who,
            Channel.TEXT,
            said.earliest or said.latest,
            message.words,
            until=said.latest,
            exact=True,
            undated=said.earliest is None,
        ),
        asked_by=OWN_TEXT + message.get_vendor_display(),
    )
    return "They wrote START: a request waits for a decision."


# --- The review list ----------------------------------------------------------------------------------


def waiting() -> QuerySet[IncomingMessage]:
    """Return the messages that wait for a decision, the most pressing first."""
    return IncomingMessage.objects.filter(state=MessageState.WAITING).order_by("due_at", "pk")


def decided(*, since: timedelta = timedelta(days=7)) -> QuerySet[IncomingMessage]:
    """Return the messages that were decided recently, the newest decision first."""
    rows = IncomingMessage.objects.exclude(state=MessageState.WAITING)
    return rows.filter(decided_at__gt=timezone.now() - since).order_by("-decided_at", "-pk")


def stop_texts(*, staff: Staff, pk: int) -> Judgment:
    """Decide that a message asks us to stop: a stop, said when they wrote it. Raises NotAllowed, and as `_decide`."""
    require(staff, "stop_texts")
    with transaction.atomic():
        audit_log.take_turn()
        message = _decide(staff, pk, MessageState.STOPPED)
        written = _stop(message, staff)
        record.note_messages(message.number)
    deliver_now(written.keys if written else ())
    return judge_one(_person(message.number))


def dismiss(*, staff: Staff, pk: int) -> Judgment:
    """Decide that a message is not a request. The audit log keeps no words, which expire. Raises as `stop_texts`."""
    require(staff, "lift_stops")
    with transaction.atomic():
        audit_log.take_turn()
        message = _decide(staff, pk, MessageState.NOT_A_REQUEST)
        _record_decision(staff, message, Action.MESSAGE_DISMISSED)
    return judge_one(_person(message.number))


def reopen(*, staff: Staff, pk: int) -> Judgment:
    """Undo *Not a request*: the message waits again, with its old deadline. Raises as `stop_texts`."""
    require(staff, "lift_stops")
    with transaction.atomic():
        audit_log.take_turn()
        message = IncomingMessage.objects.get(pk=pk)
        mine = IncomingMessage.objects.filter(pk=pk, state=MessageState.NOT_A_REQUEST)
        if not mine.update(state=MessageState.WAITING, decided_by_name="", decided_at=None):
            raise AlreadyDecided(message)
        _record_decision(staff, message, Action.MESSAGE_REOPENED)
    return judge_one(_person(message.number))


def stop_undecided(*, limit: int = 50) -> int:
    """Make stops of messages that no one decided in two business days: when in doubt, the stop wins. Return how many.

    One that fails waits and holds up no other. Once all had their turn, its error is raised.
    """
    count, failed = 0, None
    for pk in waiting().filter(due_at__lte=timezone.now()).values_list("pk", flat=True)[:limit]:
        try:
            with transaction.atomic():
                audit_log.take_turn()
                message = _decide(None, pk, MessageState.STOPPED)
                _stop(message)
                record.note_messages(message.number)
        except AlreadyDecided:
            continue
        except Exception as error:
            failed = error
            continue
        count += 1
    if failed:
        raise failed
    return count


def _decide(staff: Staff | None, pk: int, state: MessageState) -> IncomingMessage:
    """Record the decision, once, after the audit log's turn. Raises IncomingMessage.DoesNotExist, AlreadyDecided."""
    message = IncomingMessage.objects.get(pk=pk)
    changed = IncomingMessage.objects.filter(pk=pk, state=MessageState.WAITING).update(
        state=state, decided_by_name=audit_log.name_of(staff), decided_at=timezone.now()
    )
    if not changed:
        raise AlreadyDecided(message)
    return message


def _record_decision(staff: Staff, message: IncomingMessage, action: Action) -> None:
    audit_log.record(
        action=action,
        staff=staff,
        number=message.number,
        vendor=message.vendor,
        asked_at=message.moment,
        before={"message": message.pk},
    )
    record.note_messages(message.number)
