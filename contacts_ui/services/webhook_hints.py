"""SlickText's `contact_created` and `contact_updated`: hints. The contact is read again before anything is believed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import NotFound
from contacts_ui.integrations.manner import HINT
from contacts_ui.integrations.types import Contact
from contacts_ui.models import Vendor, WebhookEvent, Wish
from contacts_ui.models.ledger import Channel
from contacts_ui.models.wish import WishState
from contacts_ui.phone import pretty
from contacts_ui.services import last_known, ledger
from contacts_ui.services.consent import Request, Seen, judge_many, record_stop
from contacts_ui.services.vendors import to_slicktext
from contacts_ui.services.verdicts import STOPPED_STATUSES
from contacts_ui.services.webhook_claims import lifted_since

HINTS: Final = ("contact_created", "contact_updated")
NO_CONTACT = "It names no contact."
GONE = "SlickText knows no such contact any more."
NO_NUMBER = "Their number cannot be read as a phone number."
STOPPED = "They had stopped at SlickText; stopped at every connected vendor."

# For so long SlickText is asked again whether it really knows nobody there.
DOUBTED_FOR: Final = timedelta(minutes=15)

Done = Callable[[WebhookEvent, str], None]


class NotYet(Exception):
    """What we asked for is still on its way to SlickText, so what it holds says nothing yet."""


def work(event: WebhookEvent, done: Done) -> None:
    """Read the contact again and learn from what SlickText says now. Raises NotYet, or a VendorError."""
    contact_id = _contact_id(event)
    if contact_id is None:
        return done(event, NO_CONTACT)
    # Before the call: what is read may be as old as this.
    asked_at = timezone.now()
    try:
        contact = slicktext.get_contact(to_slicktext(), contact_id, manner=HINT)
    except NotFound:
        last_known.forget_contact(contact_id)
        return _at_last(event, GONE, done)
    last_known.keep_contact(contact, asked_at)
    if not contact.number:
        return _at_last(event, NO_NUMBER, done)
    with transaction.atomic():
        ledger.take_turn()
        outcome = _learn(contact, contact.number, asked_at)
        done(event, outcome)
        _done_with_others(event, contact_id, asked_at, done)
    return None


def _at_last(event: WebhookEvent, outcome: str, done: Done) -> None:
    """Nothing can be done, if that is so for a while: a vendor in trouble may say it, and a stop may hang on it.

    Raises NotYet.
    """
    if timezone.now() - event.received_at < DOUBTED_FOR:
        raise NotYet(outcome)
    done(event, outcome)


def _learn(contact: Contact, number: str, read_at: datetime) -> str:
    """A stop that we do not hold becomes one everywhere; a stopped person who is back is found by judging them."""
    seen = Seen(
        number,
        contact.contact_id,
        contact.name or pretty(number),
        contact.opt_in_status,
        read_at,
        contact.source or "",
        contact.last_opt_in_status_change,
    )
    if contact.opt_in_status in STOPPED_STATUSES and _is_news(contact, read_at):
        status, changed_at = str(contact.opt_in_status), contact.last_opt_in_status_change
        record_stop(
            staff=None,
            seen=seen,
            request=Request(
                Channel.VENDOR,
                min(changed_at or read_at, read_at),
                f"SlickText says “{status}”, which nobody here asked for.",
            ),
            status=status,
        )
        return STOPPED
    return f"{judge_many([seen])[0].verdict.label}."


def _is_news(contact: Contact, read_at: datetime) -> bool:
    """Whether SlickText holds a stop that we neither asked for nor lifted. Raises NotYet."""
    wish = Wish.objects.filter(number=contact.number, vendor=Vendor.SLICKTEXT).first()
    if wish is None:
        return True
    if wish.do_not_text:
        return False
    changed_at = contact.last_opt_in_status_change
    # SlickText writes whole seconds.
    if changed_at and changed_at >= lifted_since(wish).replace(microsecond=0):
        return True
    if wish.state == WishState.CONFIRMED and wish.confirmed_at and read_at > wish.confirmed_at:
        return True
    if wish.state in (WishState.ON_ITS_WAY, WishState.CONFIRMED):
        raise NotYet("Texts were allowed again, and SlickText has not confirmed that yet.")
    # It did not take our lift over: where that is certain it is a disagreement, for people to decide.
    return changed_at is None


def _done_with_others(event: WebhookEvent, contact_id: int, read_at: datetime, done: Done) -> None:
    """Other hints about the same contact that came before it was read have nothing to add."""
    others = WebhookEvent.objects.filter(
        vendor=Vendor.SLICKTEXT,
        due_at__lte=timezone.now() + timedelta(hours=1),
        received_at__lt=read_at,
        body__data__contact_id=contact_id,
    ).exclude(pk=event.pk)
    for other in others:
        done(other, "Told together with another hint about the same contact.")


def _contact_id(event: WebhookEvent) -> int | None:
    data = event.body.get("data")
    if not isinstance(data, dict):
        return None
    value = data.get("contact_id") or data.get("id")
    text = str(value) if isinstance(value, int | str) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
