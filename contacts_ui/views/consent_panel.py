"""The verdict and the switch of one person, as the templates show them, in a row or on a card."""

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlencode

from contacts_ui.models import HeldPress, IncomingMessage, LiftRequest
from contacts_ui.permissions import REFUSALS, Staff, may
from contacts_ui.services.consent.lift_requests import newest
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.consent.verdicts import Judgement, VendorState, Verdict

_SALT: Final = "contacts_ui.seen"


class _Tickets(signing.Signer):
    """Fifty signatures are what compresses worst on a page: 96 bits of each are more than anybody can try out here."""

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        """What Django's own makes of it; the key is derived once, and not for each row."""
        made = hmac.digest(_derived(key or self.key), force_bytes(value), "sha256")
        return signing.b64_encode(made)[:16].decode()


@cache
def _derived(key: str | bytes) -> bytes:
    return hashlib.sha256(f"{_SALT}signer".encode() + force_bytes(key)).digest()


_TICKETS = _Tickets(salt=_SALT)
UNREADABLE_NUMBER = "This number cannot be read as a phone number. Correct it first."
# After its hold a press needs this long to be sent and answered, as a rule.
SENDING_MS: Final = 700
# Why a switch does not move, by the key that the page's hidden sentences have.
REASONS: Final = {
    "lift": REFUSALS["lift_stops"],
    "stop": REFUSALS["stop_texts"],
    "number": UNREADABLE_NUMBER,
}


class ConsentPanel(NamedTuple):
    """Everything `contacts/_consent.html` needs, ready to print. A page holds up to 250 of these, hence no dataclass.

    `move` is what the switch does: stop, lift, or ask for a lift, or empty when the reader may do none of it;
    `refused_by` is then the key of the reason in REASONS. `poll_url` is empty once everything is settled. `news`:
    something happened just now, so each vendor's answer is shown; `note` says what. `held_until` is when a held press
    is sent, in `held_for` seconds, and `may_unsend` says whether the reader may take it back. `press_url` is where the
    switch posts: `stop_url`, or to tell the vendors again. `asked` is the newest request for a lift, on a card.
    `message` is one of theirs that the reader may decide about, on a card.
    """

    contact_id: int
    home_url: str
    label: str
    verdict_key: str
    verdict_label: str
    reason: str
    vendors: tuple[VendorState, ...]
    stopped: bool
    move: str
    refused_by: str
    refusal: str
    ticket: str
    stop_url: str
    press_url: str
    lift_url: str
    poll_url: str
    poll_after: str
    pending: bool
    news: bool
    can_stop: bool
    can_try_again: bool
    held_until: datetime | None
    held_for: int
    may_unsend: bool
    unsend_url: str
    tell_now_url: str
    version: int
    asked: LiftRequest | None
    may_withdraw: bool
    message: IncomingMessage | None
    may_dismiss: bool
    note: str
    error: str


@dataclass(frozen=True, slots=True)
class Powers:
    """What the reader may do about consent; asked once for a whole page."""

    stop: bool
    lift: bool
    ask: bool
    staff_id: Any
    asked: LiftRequest | None

    @classmethod
    def of(cls, staff: Staff, judgements: Sequence[Judgement], *, about: str = "") -> "Powers":
        """What `staff` may do about these people; `about` is the number of the one whose lift request is wanted too."""
        ask = may(staff, "ask_lift")
        wanted = ask and about and any(each.verdict is not Verdict.MAY_TEXT for each in judgements)
        return cls(
            stop=may(staff, "stop_texts"),
            lift=may(staff, "lift_stops"),
            ask=ask,
            staff_id=staff.pk,
            asked=newest(about) if wanted else None,
        )


def issue_ticket(seen: Seen) -> str:
    """What the page showed, signed: it comes back with the click, so that no vendor has to be asked before a stop.

    Plain text, as the page around it compresses it well; the name comes last, since it may hold anything.
    """
    at = int(seen.read_at.timestamp()) if seen.read_at else ""
    return _TICKETS.sign(
        f"{seen.number}|{seen.contact_id or ''}|{at}|{seen.status or ''}|{seen.label}"
    )


def read_ticket(ticket: str) -> Seen | None:
    """What the page showed; None for a ticket that we did not sign."""
    try:
        number, contact_id, at, status, label = _TICKETS.unsign(ticket).split("|", 4)
    except (signing.BadSignature, ValueError):
        return None
    read_at = datetime.fromtimestamp(int(at), UTC) if at else None
    return Seen(number, int(contact_id) if contact_id else None, label, status or None, read_at)


def panel(
    seen: Seen,
    judgement: Judgement,
    powers: Powers,
    *,
    view: str,
    address: str = "",
    receipt: bool = False,
    note: str = "",
    error: str = "",
) -> ConsentPanel:
    """Put together what one reader sees and may do about one person. `receipt`: they have just clicked.

    `address` is the page below which the panel asks and posts; "": the contact's.
    """
    ticket, held = issue_ticket(seen), judgement.held
    left = _seconds_left(held)
    # While a press is held, a second one sends it: then the switch still stops (rule 5).
    move, refused_by = _move(seen, judgement.stopped and not held, powers)
    address = address or address_of(seen.contact_id or 0)
    stop_url = f"{address}do-not-text/"
    return ConsentPanel(
        contact_id=seen.contact_id or 0,
        home_url=address,
        label=seen.label,
        verdict_key=judgement.verdict.key,
        verdict_label=judgement.verdict.label,
        reason=judgement.reason,
        vendors=judgement.vendors,
        stopped=judgement.stopped,
        move=move,
        refused_by=refused_by,
        refusal=REASONS.get(refused_by, ""),
        ticket=ticket,
        stop_url=stop_url,
        press_url=f"{stop_url}?again=1" if _tells_again(judgement) else stop_url,
        lift_url=f"{address}ask-lift/" if move == "ask" else f"{address}consent/",
        poll_url=_poll_url(stop_url, ticket, view) if judgement.on_its_way else "",
        poll_after=f"{round(left * 1000) + SENDING_MS}ms" if left else "2s",
        pending=judgement.on_its_way and not held,
        news=bool(receipt or judgement.on_its_way or judgement.needs_attention),
        can_stop=powers.stop and bool(seen.number),
        can_try_again=powers.stop and judgement.stop_refused,
        held_until=held.send_at if held else None,
        held_for=math.ceil(left),
        may_unsend=bool(held and left and held.staff_id == powers.staff_id),
        unsend_url=f"{address}unsend/",
        tell_now_url=f"{address}tell-now/",
        version=judgement.version,
        asked=powers.asked,
        may_withdraw=bool(powers.asked and powers.asked.asked_by_id == powers.staff_id),
        message=judgement.asked if powers.stop and view == "card" else None,
        may_dismiss=powers.lift,
        note=note,
        error=error,
    )


def _move(seen: Seen, stopped: bool, powers: Powers) -> tuple[str, str]:
    """What pressing the switch does, and if nothing, the key of the reason."""
    if not seen.number:
        return "", "number"
    if stopped:
        return ("lift", "") if powers.lift else ("ask", "") if powers.ask else ("", "lift")
    return ("stop", "") if powers.stop else ("", "stop")


def _tells_again(judgement: Judgement) -> bool:
    """Whether a press tells the vendors again of a stop, rather than saying one (rule 10)."""
    return judgement.stop_refused or judgement.verdict is Verdict.DISAGREE


def _seconds_left(held: HeldPress | None) -> float:
    """For how many more seconds a press is held; 0 where none is."""
    return max((held.send_at - timezone.now()).total_seconds(), 0.0) if held else 0.0


@cache
def _pattern() -> str:
    return reverse("contact-detail", args=[0])


def address_of(contact_id: int) -> str:
    """A contact's address. One reverse() for the process: fifty for a page cost more than its vendor."""
    return _pattern().replace("/0/", f"/{contact_id}/")


def _poll_url(address: str, ticket: str, view: str) -> str:
    return f"{address}?{urlencode({'ticket': ticket, 'view': view})}"
