"""The verdict and the switch of one person, as the templates show them, in a row or on a card."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.core import signing
from django.urls import reverse
from django.utils.http import urlencode

from contacts_ui.permissions import REFUSALS, Staff, may
from contacts_ui.phone import pretty
from contacts_ui.services.consent import Seen
from contacts_ui.services.contacts import Contact
from contacts_ui.services.verdicts import Judgement, VendorState, Verdict

_TICKETS = signing.Signer(salt="contacts_ui.seen")
UNREADABLE_NUMBER = "This number cannot be read as a phone number. Correct it first."


@dataclass(frozen=True, slots=True)
class ConsentPanel:
    """Everything `contacts/_consent.html` needs. `poll_url` is empty once everything is settled."""

    contact_id: int
    number: str
    label: str
    verdict: Verdict
    reason: str
    vendors: tuple[VendorState, ...]
    stopped: bool
    on_its_way: bool
    needs_attention: bool
    ticket: str
    can_stop: bool
    can_lift: bool
    refusal: str
    poll_url: str
    receipt: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Powers:
    """What the reader may do about consent; asked once for a whole page."""

    stop: bool
    lift: bool

    @classmethod
    def of(cls, staff: Staff) -> "Powers":
        return cls(stop=may(staff, "stop_texts"), lift=may(staff, "lift_stops"))


def seen_of(contact: Contact, read_at: datetime) -> Seen:
    """What a reader of the page sees of one contact."""
    number = contact.number or ""
    label = contact.name or (pretty(number) if number else contact.mobile_number or "no name")
    return Seen(number, contact.contact_id, label, contact.opt_in_status, read_at)


def issue_ticket(seen: Seen) -> str:
    """What the page showed, signed: it comes back with the click, so that no vendor has to be asked before a stop."""
    at = int(seen.read_at.timestamp()) if seen.read_at else None
    return _TICKETS.sign_object([seen.number, seen.contact_id, seen.label, seen.status, at])


def read_ticket(ticket: str) -> Seen | None:
    """What the page showed; None for a ticket that we did not sign."""
    try:
        number, contact_id, label, status, at = _TICKETS.unsign_object(ticket)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    read_at = datetime.fromtimestamp(at, UTC) if at else None
    return Seen(number, contact_id, label, status, read_at)


def panel(
    seen: Seen,
    judgement: Judgement,
    powers: Powers,
    *,
    view: str,
    receipt: bool = False,
    error: str = "",
) -> ConsentPanel:
    """Put together what one reader sees and may do about one person."""
    ticket = issue_ticket(seen)
    can_stop = powers.stop and bool(seen.number)
    can_lift = powers.lift and bool(seen.number)
    return ConsentPanel(
        contact_id=seen.contact_id or 0,
        number=seen.number,
        label=seen.label,
        verdict=judgement.verdict,
        reason=judgement.reason,
        vendors=judgement.vendors,
        stopped=judgement.stopped,
        on_its_way=judgement.on_its_way,
        needs_attention=judgement.needs_attention,
        ticket=ticket,
        can_stop=can_stop,
        can_lift=can_lift,
        refusal=_refusal(seen, judgement.stopped, powers),
        poll_url=_poll_url(seen, ticket, view) if judgement.on_its_way else "",
        receipt=receipt,
        error=error,
    )


def _refusal(seen: Seen, stopped: bool, powers: Powers) -> str:
    """Why the switch cannot be moved from where it is; empty if it can."""
    if not seen.number:
        return UNREADABLE_NUMBER
    if stopped:
        return "" if powers.lift else REFUSALS["lift_stops"]
    return "" if powers.stop else REFUSALS["stop_texts"]


def _poll_url(seen: Seen, ticket: str, view: str) -> str:
    address = reverse("do-not-text", args=[seen.contact_id])
    return f"{address}?{urlencode({'ticket': ticket, 'view': view})}"
