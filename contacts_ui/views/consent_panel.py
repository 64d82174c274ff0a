"""The verdict and the switch of one person, as the templates show them, in a row or on a card."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from contacts_ui.models import IncomingMessage, LiftRequest
from contacts_ui.permissions import REFUSALS, Staff, may
from contacts_ui.services.consent.lift_requests import newest
from contacts_ui.services.consent.rules import Judgment, VendorState, Verdict
from contacts_ui.services.consent.types import Seen
from contacts_ui.views.statement_words import said_at


class _Tickets(signing.Signer):
    """Signatures of 96 bits: long ones compress badly on a page of fifty, and 96 bits cannot be guessed."""

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        """Sign as Django does, but shorter."""
        return super().signature(value, key)[:16]


_TICKETS = _Tickets(salt="contacts_ui.seen")
UNREADABLE_NUMBER = "This is not a valid phone number. Correct it first."
# How long a press usually takes to be sent and answered, after its hold.
SENDING_MS: Final = 700
# Why a switch does not move, by the key of the page's hidden sentences.
REASONS: Final = {
    "lift": REFUSALS["lift_stops"],
    "stop": REFUSALS["stop_texts"],
    "number": UNREADABLE_NUMBER,
}


class ConsentPanel(NamedTuple):
    """Everything `contacts/_consent.html` needs, ready to print. A tuple, since a page holds up to 250 of these.

    `move` is what the switch does: stop, lift, or ask for a lift; empty if the reader may do none of it. `refused_by`
    is then the key of the reason in REASONS. `poll_url` is empty once no delivery is on its way. `news`: something
    happened just now, so each vendor's answer is shown; `note` says what. `held_until` is when a held press is sent, in
    `held_for` seconds; `may_unsend`: the reader may take it back. `press_url` is where the switch posts: `stop_url`, or
    to tell the vendors again. `asked` is the newest lift request, on a card. `message` is their message that the reader
    may decide about, on a card. `on_record` is when the stop that we hold was made, on a contact's card.
    """

    contact_id: int
    home_url: str
    label: str
    verdict_key: str
    verdict_label: str
    reason: str
    on_record: str
    ordinary: bool
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
    asked: LiftRequest | None
    may_withdraw: bool
    message: IncomingMessage | None
    may_dismiss: bool
    note: str
    error: str


@dataclass(frozen=True, slots=True)
class Powers:
    """What the reader may do about consent, worked out once for a whole page."""

    stop: bool
    lift: bool
    ask: bool
    staff_id: Any
    asked: LiftRequest | None

    @classmethod
    def of(cls, staff: Staff, judgments: Sequence[Judgment], *, about: str = "") -> "Powers":
        """Return what `staff` may do about these people, with the newest lift request `about` a number."""
        ask = may(staff, "ask_lift")
        wanted = ask and about and any(each.verdict is not Verdict.MAY_TEXT for each in judgments)
        return cls(
            stop=may(staff, "stop_texts"),
            lift=may(staff, "lift_stops"),
            ask=ask,
            staff_id=staff.pk,
            asked=newest(about) if wanted else None,
        )


def issue_ticket(seen: Seen) -> str:
    """Sign what the page showed. The click returns it, so that no vendor has to be asked before a stop.

    Plain text, which compresses well with the page. The name comes last, since it may hold anything.
    """
    at = int(seen.read_at.timestamp()) if seen.read_at else ""
    return _TICKETS.sign(
        f"{seen.number}|{seen.contact_id or ''}|{at}|{seen.status or ''}|{seen.label}"
    )


def read_ticket(ticket: str) -> Seen | None:
    """Return what the page showed; None for a ticket that we did not sign."""
    try:
        number, contact_id, at, status, label = _TICKETS.unsign(ticket).split("|", 4)
    except (signing.BadSignature, ValueError):
        return None
    read_at = datetime.fromtimestamp(int(at), UTC) if at else None
    return Seen(number, int(contact_id) if contact_id else None, label, status or None, read_at)


def panel(
    seen: Seen,
    judgment: Judgment,
    powers: Powers,
    *,
    view: str,
    address: str = "",
    receipt: bool = False,
    note: str = "",
    error: str = "",
) -> ConsentPanel:
    """Return what one reader sees and may do about one person. `receipt`: they have just clicked.

    `address` is the page below which the panel polls and posts; by default the contact's.
    """
    ticket, held = issue_ticket(seen), judgment.held
    left = max((held.send_at - timezone.now()).total_seconds(), 0.0) if held else 0.0
    # While a press is held, a second one sends it: then the switch still stops (rule 5).
    move, refused_by = _move(seen, judgment.stopped and not held, powers)
    number_page = bool(address)
    address = address or address_of(seen.contact_id or 0)
    stop_url = f"{address}do-not-text/"
    # The page of a number says it beside the answer.
    stop = judgment.stop if view == "card" and not number_page and not held else None
    # There, a press tells the vendors again of a stop, rather than saying one (rule 10).
    tells_again = judgment.stop_refused or judgment.verdict is Verdict.DISAGREE
    polls = judgment.on_its_way
    poll_url = f"{stop_url}?{urlencode({'ticket': ticket, 'view': view})}" if polls else ""
    return ConsentPanel(
        contact_id=seen.contact_id or 0,
        home_url=address,
        label=seen.label,
        verdict_key=judgment.verdict.key,
        verdict_label=judgment.verdict.label,
        reason=judgment.reason,
        on_record=said_at(stop) if stop else "",
        ordinary=judgment.is_ordinary,
        vendors=judgment.vendors,
        stopped=judgment.stopped,
        move=move,
        refused_by=refused_by,
        refusal=REASONS.get(refused_by, ""),
        ticket=ticket,
        stop_url=stop_url,
        press_url=f"{stop_url}?again=1" if tells_again else stop_url,
        lift_url=f"{address}ask-lift/" if move == "ask" else f"{address}opt-in/",
        poll_url=poll_url,
        poll_after=f"{round(left * 1000) + SENDING_MS}ms" if left else "2s",
        pending=polls and not held,
        news=bool(receipt or polls or judgment.needs_attention),
        can_stop=powers.stop and bool(seen.number),
        can_try_again=powers.stop and judgment.stop_refused,
        held_until=held.send_at if held else None,
        held_for=math.ceil(left),
        may_unsend=bool(held and left and held.staff_id == powers.staff_id),
        unsend_url=f"{address}unsend/",
        tell_now_url=f"{address}tell-now/",
        asked=powers.asked,
        may_withdraw=bool(powers.asked and powers.asked.asked_by_id == powers.staff_id),
        message=judgment.asked if powers.stop and view == "card" else None,
        may_dismiss=powers.lift,
        note=note,
        error=error,
    )


def _move(seen: Seen, stopped: bool, powers: Powers) -> tuple[str, str]:
    """Return what the switch does; if nothing, the key of the reason."""
    if not seen.number:
        return "", "number"
    if stopped:
        return ("lift", "") if powers.lift else ("ask", "") if powers.ask else ("", "lift")
    return ("stop", "") if powers.stop else ("", "stop")


@cache
def _pattern() -> str:
    return reverse("contact-detail", args=[0])


def address_of(contact_id: int) -> str:
    """Return a contact's address. Call reverse() once: fifty calls for a page cost more than its vendor."""
    return _pattern().replace("/0/", f"/{contact_id}/")
