"""Writing a stop: its ledger entry, its statement, its opt-out under review, and what the vendors shall hold."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import HeldPress, LedgerEntry
from contacts_ui.models.consent import PressState, Source, StatementKind
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff
from contacts_ui.services import ledger
from contacts_ui.services.consent import desired_state, lift_requests, opt_outs, record
from contacts_ui.services.consent.rules import Said, exactly, unanswered
from contacts_ui.services.consent.types import Request, Seen

BARE: Final = Request()


@dataclass(frozen=True)
class Stop:
    """One stop to be written. `staff` None is the dashboard itself; `status` is what SlickText shall hold by it."""

    seen: Seen
    source: Source
    said: Said
    staff: Staff | None = None
    request: Request = BARE
    status: str = OptInStatus.UNSUBSCRIBED
    key: str = ""
    # Of a bulk job, a walk: people's own stops go first.
    batch: bool = False
    # Said while we told the vendor ourselves (rule 10): counts, and opens no opt-out.
    told_back: bool = False
    # A stop that is as new stands unanswered: counts, and is asked for once only.
    repeats: bool = False

    @property
    def is_news(self) -> bool:
        """Return True if it opens an opt-out, withdraws a request, and is told again where it was told before."""
        return not (self.told_back or self.repeats)


@dataclass(frozen=True)
class Written:
    """What was written: the entry, and the keys of what is to be delivered. None: it was on record already."""

    entry: LedgerEntry
    keys: Collection[int]


class AlreadyRecorded(Exception):
    """This reading or event is on record (rule 10). Takes back the transaction of the stop."""


def write_stop(stop: Stop) -> Written | None:
    """Commit a stop, and call no vendor; return None where this event or reading is on record already.

    A press that is held ends first: then it is a stop of its own (rule 5). A waiting lift request is withdrawn.
    """
    try:
        with transaction.atomic():
            ledger.take_turn()
            end_hold(stop.seen.number)
            return write(stop)
    except AlreadyRecorded:
        return None


def said_again(number: str, said: Said, vendor: str) -> bool:
    """Return True where a stop that this vendor told of, as new as `said`, stands: one request, told in two ways.

    `vendor` is the beginning of its statements' keys. A waiting lift request makes it news: it has to be withdrawn.
    """
    state = record.state_of(number)
    if state is None or not state.stopped or lift_requests.is_waiting(number):
        return False
    standing = unanswered(record.statements_of(number), state.reassigned_at)
    return any(
        each.key.startswith(f"{vendor}:")
        and (said.earliest is None or each.latest >= said.earliest)
        for each in standing
    )


def end_hold(number: str) -> Written | None:
    """Send the press that is held for a number, if there is one. Call it in a transaction, after the ledger's turn."""
    held = (
        HeldPress.objects.select_related("staff")
        .filter(number=number, state=PressState.HELD)
        .first()
    )
    return send_press(held) if held else None


def send_press(held: HeldPress) -> Written | None:
    """Make a held press a stop, said at the moment of the press; None where it ended meanwhile.

    Call it inside a transaction, after the ledger's turn.
    """
    mine = HeldPress.objects.filter(pk=held.pk, state=PressState.HELD)
    if not mine.update(state=PressState.SENT, ended_at=timezone.now()):
        return None
    seen = Seen(
        held.number, held.contact_id, held.label, held.seen_status or None, held.seen_read_at
    )
    return write(Stop(seen, Source.STAFF, exactly(held.pressed_at), held.staff), pressed=held)


def write(stop: Stop, pressed: HeldPress | None = None) -> Written:
    """As `write_stop`, in a transaction that has the ledger's turn and ended the hold. Raises AlreadyRecorded."""
    seen, request = stop.seen, stop.request
    entry = ledger.record(
        action=Action.STOP_TOLD_BACK if stop.told_back else Action.STOP_REQUESTED,
        staff=stop.staff,
        number=seen.number,
        contact_id=seen.contact_id,
        channel=request.channel,
        reason=request.reason,
        asked_at=pressed.pressed_at if pressed else request.asked_at,
        before=as_seen(seen),
        after={"do_not_text": True, "source": stop.source, **said_in_words(stop.said)},
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
    # Looked at once, and kept once vendors' rows are written, too.
    looks = record.look([seen.number], statements=True)
    # A late, older one that newer consent has answered already is kept, and changes nothing.
    keys: Collection[int] = ()
    if looks and looks[0].state.stopped:
        if stop.is_news:
            lift_requests.overtaken(entry)
            opt_outs.opened(entry, label=seen.label)
        keys = desired_state.want_standing_stop(
            entry, looks[0], again=stop.is_news, batch=stop.batch
        )
    record.keep(looks)
    return Written(entry, keys)


def as_seen(seen: Seen) -> dict[str, object]:
    """Return what the page had shown, as an entry keeps it."""
    facts: dict[str, object] = {"label": seen.label, "status": seen.status}
    if seen.read_at:
        facts["read_at"] = seen.read_at.isoformat()
    return facts


def said_in_words(said: Said) -> dict[str, str | None]:
    """Return between which moments it was said, as an entry keeps it."""
    return {
        "said_from": said.earliest.isoformat() if said.earliest else None,
        "said_until": said.latest.isoformat(),
    }
