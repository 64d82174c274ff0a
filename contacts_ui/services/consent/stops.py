"""Write a stop: its audit log entry, its statement, its opt-out for managers, and the desired state of each vendor."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import (
    DesiredState,
    HeldPress,
    LedgerEntry,
    LiftRequest,
    OptOut,
    Vendor,
)
from contacts_ui.models.consent import PressState, Source, StatementKind
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.models.opt_out import OPEN, OptOutState
from contacts_ui.permissions import Staff
from contacts_ui.services import audit_log
from contacts_ui.services.consent import desired_state, record
from contacts_ui.services.consent.business_days import due_after
from contacts_ui.services.consent.rules import Said, exactly, is_as_new, unanswered
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.vendors import connected

BARE: Final = Request()


@dataclass(frozen=True)
class Stop:
    """A stop to write. `staff` None is the dashboard itself; `status` is what SlickText should hold by it."""

    seen: Seen
    source: Source
    said: Said
    staff: Staff | None = None
    request: Request = BARE
    status: str = OptInStatus.UNSUBSCRIBED
    key: str = ""
    # Of a bulk job or a sync: people's own stops go first.
    batch: bool = False
    # Said while we told the vendor ourselves (rule 10): counts, and opens no opt-out.
    told_back: bool = False
    # An equally new stop is unanswered: this one counts, and is sent only once.
    repeats: bool = False

    @property
    def is_news(self) -> bool:
        """Return True if it opens an opt-out, withdraws a request, and is told again where it was told before."""
        return not (self.told_back or self.repeats)


@dataclass(frozen=True)
class Written:
    """What was written: the entry, and the keys to deliver."""

    entry: LedgerEntry
    keys: Collection[int]


class AlreadyRecorded(Exception):
    """This reading or event is on record (rule 10). Rolls back the transaction of the stop."""


def write_stop(stop: Stop) -> Written | None:
    """Commit a stop, but call no vendor; return None if this event or reading is on record already.

    A press that is held becomes a stop of its own first (rule 5). A waiting lift request is withdrawn.
    """
    try:
        with transaction.atomic():
            audit_log.take_turn()
            end_hold(stop.seen.number)
            return write(stop)
    except AlreadyRecorded:
        return None


def is_told(number: str) -> bool:
    """Return True if a stop stands that every connected vendor was told, and no lift request waits.

    Another one in a list then counts, but opens no opt-out, and no vendor is told again.
    """
    state = record.state_of(number)
    if state is None or not state.stopped or state.untold or is_request_waiting(number):
        return False
    refused = DesiredState.objects.filter(
        number=number, do_not_text=True, state=DeliveryState.REFUSED
    )
    return not refused.exists()


def said_again(number: str, said: Said, vendor: str) -> bool:
    """Return True if an equally new stop of this vendor counts: one request, reported in two ways.

    `vendor` is the prefix of its statements' keys. With a lift request waiting it is news: it withdraws the request.
    """
    state = record.state_of(number)
    if state is None or not state.stopped or is_request_waiting(number):
        return False
    standing = unanswered(record.statements_of(number), state.reassigned_at)
    return is_as_new(said, (each for each in standing if each.key.startswith(f"{vendor}:")))


def end_hold(number: str) -> Written | None:
    """Make the press that is held for a number a stop, if there is one. Call it in the audit log's turn."""
    held = (
        HeldPress.objects.select_related("staff")
        .filter(number=number, state=PressState.HELD)
        .first()
    )
    return send_press(held) if held else None


def send_press(held: HeldPress) -> Written | None:
    """Make a held press a stop, said when pressed; None if the hold has ended. Call it in the audit log's turn."""
    mine = HeldPress.objects.filter(pk=held.pk, state=PressState.HELD)
    if not mine.update(state=PressState.SENT, ended_at=timezone.now()):
        return None
    seen = Seen(
        held.number, held.contact_id, held.label, held.seen_status or None, held.seen_read_at
    )
    return write(Stop(seen, Source.STAFF, exactly(held.pressed_at), held.staff), pressed=held)


def write(stop: Stop, pressed: HeldPress | None = None) -> Written:
    """Do as `write_stop`, in a transaction that has the audit log's turn and ended the hold. Raises AlreadyRecorded."""
    seen, request = stop.seen, stop.request
    entry = audit_log.record(
        action=Action.STOP_TOLD_BACK if stop.told_back else Action.STOP_REQUESTED,
        staff=stop.staff,
        number=seen.number,
        contact_id=seen.contact_id,
        channel=request.channel,
        reason=request.reason,
        asked_at=pressed.pressed_at if pressed else request.asked_at,
        before=as_seen(seen),
        after={
            "do_not_text": True,
            "opt_in_status": stop.status,
            "source": stop.source,
            "repeats": stop.repeats,
            **said_in_words(stop.said),
        },
    )
    statement = record.write(
        entry,
        kind=StatementKind.STOP,
        source=stop.source,
        said=stop.said,
        status=stop.status,
        words=request.reason,
        key=stop.key,
        told_back=stop.told_back,
    )
    if statement is None:
        raise AlreadyRecorded
    derived = record.derive([seen.number], statements=True)
    keys: Collection[int] = ()
    # A late stop that newer consent has answered already is on record, and changes nothing.
    if derived and derived[0].state.stopped:
        if stop.is_news:
            withdraw_requests(entry)
            open_opt_out(entry, label=seen.label, by_person=request.by_person)
        keys = desired_state.want_standing_stop(
            entry, derived[0], again=stop.is_news, batch=stop.batch
        )
    record.save(derived)
    return Written(entry, keys)


def as_seen(seen: Seen) -> dict[str, object]:
    """Return what the page had shown, for an audit log entry."""
    facts: dict[str, object] = {"label": seen.label, "status": seen.status}
    if seen.read_at:
        facts["read_at"] = seen.read_at.isoformat()
    return facts


def said_in_words(said: Said) -> dict[str, str | None]:
    """Return between which moments it was said, for an audit log entry."""
    return {
        "said_from": said.earliest.isoformat() if said.earliest else None,
        "said_until": said.latest.isoformat(),
    }


# --- The opt-outs that managers review, kept in step with what vendors answer ---------------------------

_OPT_OUT_PROGRESS: Final = (
    "slicktext_confirmed_at", "cloudcontactai_confirmed_at", "refused_by", "settled_for", "completed_at",
    "seconds_to_complete", "state",
)  # fmt: skip


def open_opt_out(entry: LedgerEntry, *, label: str = "", by_person: bool = True) -> OptOut:
    """Open an opt-out for a stop, and end the one before it. Call it in the transaction of the entry."""
    end_opt_outs(entry.number, by=OptOutState.RENEWED)
    asked_at = entry.asked_at or entry.at
    if not label:
        named = OptOut.objects.filter(number=entry.number).exclude(label="").order_by("-pk")
        label = named.values_list("label", flat=True).first() or ""
    return OptOut.objects.create(
        ledger_entry=entry,
        number=entry.number,
        contact_id=entry.contact_id,
        label=label[:200],
        channel=entry.channel or Channel.UNRECORDED,
        staff_name=entry.staff_name,
        reason=entry.reason,
        by_person=by_person,
        asked_at=asked_at,
        recorded_at=entry.at,
        due_at=due_after(asked_at),
    )


def end_opt_outs(number: str, *, by: str) -> None:
    """End the opt-outs of a number: its stop was lifted, undone or renewed (`by`)."""
    present = OptOut.objects.filter(number=number)
    if by == OptOutState.RENEWED:
        # An opt-out that is not completed keeps its own deadline.
        state = Case(When(state__in=OPEN, then=F("state")), default=Value(by))
        present.filter(ended_at__isnull=True).update(
            ended_at=timezone.now(), ended_by=by, state=state
        )
        return
    present.filter(Q(ended_at__isnull=True) | Q(state__in=OPEN)).update(
        ended_at=timezone.now(), ended_by=by, state=by
    )


def add_details(row: OptOut, entry: LedgerEntry) -> None:
    """Add how they asked, recorded after the press, to the same opt-out. Its clock began when they asked."""
    asked_at = min(entry.asked_at or row.asked_at, row.asked_at)
    row.channel = entry.channel or row.channel
    row.reason, row.by_person = entry.reason, True
    row.asked_at, row.due_at = asked_at, due_after(asked_at)
    if row.completed_at:
        row.seconds_to_complete = max((row.completed_at - asked_at).total_seconds(), 0.0)
    row.save(
        update_fields=[
            "channel",
            "reason",
            "by_person",
            "asked_at",
            "due_at",
            "seconds_to_complete",
        ]
    )


def note_outcome(desired: DesiredState) -> None:
    """Note that a vendor confirmed or refused a stop, or a manager resolved it. Call it in the same transaction."""
    if not desired.do_not_text:
        return
    for row in _open_opt_outs(desired.number):
        _note_answer(row, desired)
        # Complete: every connected vendor has confirmed it, or it was resolved by hand.
        settled_for = row.settled_for.split(", ")
        complete = all(row.confirmed_at(each) or each.label in settled_for for each in connected())
        if complete and row.settled_for:
            row.state = OptOutState.SETTLED
        elif complete:
            row.completed_at, row.refused_by = timezone.now(), ""
            row.seconds_to_complete = max((row.completed_at - row.asked_at).total_seconds(), 0.0)
            row.state = OptOutState.RENEWED if row.ended_by else OptOutState.COMPLETED
        row.save(update_fields=_OPT_OUT_PROGRESS)


def note_retry(number: str, vendors: Iterable[Vendor] = tuple(Vendor)) -> None:
    """Note that a stop is sent again to those of these vendors that refused it."""
    labels = [vendor.label for vendor in vendors]
    for row in _open_opt_outs(number):
        refused_by = row.refused_by.split(", ")
        row.refused_by = ", ".join(name for name in refused_by if name not in labels)
        row.state = OptOutState.REFUSED if row.refused_by else OptOutState.WAITING
        row.save(update_fields=_OPT_OUT_PROGRESS)


def _open_opt_outs(number: str) -> QuerySet[OptOut]:
    """Return the open opt-outs of a number, locked until the transaction ends."""
    return OptOut.objects.select_for_update().filter(number=number, state__in=OPEN).order_by("pk")


def _note_answer(row: OptOut, desired: DesiredState) -> None:
    """Note the answer of one vendor. What a manager resolves by hand is never called confirmed."""
    row.refused_by = _without(row.refused_by, desired)
    if desired.state == DeliveryState.CONFIRMED:
        confirmed_at = row.confirmed_at(desired.vendor) or timezone.now()
        setattr(row, f"{desired.vendor}_confirmed_at", confirmed_at)
        row.settled_for = _without(row.settled_for, desired)
    elif desired.state == DeliveryState.SETTLED:
        row.settled_for = _with(row.settled_for, desired)
    elif desired.state == DeliveryState.REFUSED:
        row.refused_by = _with(row.refused_by, desired)
    row.state = OptOutState.REFUSED if row.refused_by else OptOutState.WAITING


def _with(names: str, desired: DesiredState) -> str:
    return ", ".join(sorted({*filter(None, names.split(", ")), Vendor(desired.vendor).label}))


def _without(names: str, desired: DesiredState) -> str:
    label = Vendor(desired.vendor).label
    return ", ".join(name for name in names.split(", ") if name != label)


# --- Lift requests that a newer statement withdraws ----------------------------------------------------


def is_request_waiting(number: str, *, ignore_texted: bool = False) -> bool:
    """Return True if a request about the number waits; with `ignore_texted`, one that their START did not open."""
    rows = LiftRequest.objects.filter(number=number, state=LiftRequestState.WAITING)
    return any(not (ignore_texted and each.texted_to) for each in rows)


def withdraw_requests(entry: LedgerEntry, words: str = "They were stopped again.") -> None:
    """Withdraw requests that wait: a newer statement leaves nothing to decide. Call it in the same transaction."""
    for request in LiftRequest.objects.filter(number=entry.number, state=LiftRequestState.WAITING):
        end_request(
            request,
            LiftRequestState.WITHDRAWN,
            Action.LIFT_WITHDRAWN,
            words,
            {"overtaken_by": entry.pk},
        )


def end_request(
    request: LiftRequest,
    state: LiftRequestState,
    action: Action,
    words: str,
    answer: dict[str, Any] | None = None,
) -> None:
    """End a request that the dashboard itself ends, not a person."""
    LiftRequest.objects.filter(pk=request.pk).update(
        state=state, decided_at=timezone.now(), note=words
    )
    audit_log.record(
        action=action,
        staff=None,
        number=request.number,
        contact_id=request.contact_id,
        reason=words,
        after={"asked_by": request.asked_by_name, "lift_request": request.pk},
        answer=answer,
    )
