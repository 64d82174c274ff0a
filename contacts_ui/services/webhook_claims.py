"""CloudContactAI's `contact.unsubscribed`: a signed event with an unsigned body, so its data is a claim.

It can only ever stop somebody, never allow texts. Our own stops come back as such events too: echoes.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from contacts_ui.models import Vendor, WebhookEvent, Wish
from contacts_ui.models.ledger import Channel
from contacts_ui.phone import to_e164
from contacts_ui.services.consent import Request, Seen, record_stop
from contacts_ui.services.vendors import connected

UNSUBSCRIBED: Final = "contact.unsubscribed"
# How far the vendor's clock and ours may be apart, for telling an echo.
CLOCKS = timedelta(seconds=30)
# People write down when somebody consented to the minute.
MINUTE = timedelta(minutes=1)
NO_NUMBER = "It names no phone number that can be read."
ALREADY = "Already stopped, by themselves, at every connected vendor."
ECHO = "Our own stop, told back to us."
OLDER = "Older than the consent that they gave since."
STOPPED = "Stopped at every connected vendor."


def work(event: WebhookEvent) -> str:
    """Turn the event into a stop at every connected vendor, and say what was done. Call it in a transaction.

    CloudContactAI is sent the stop like anybody else: sending it again does no harm, and a vendor counts as confirmed
    here only when it has answered us, which the unsigned body of an event is not.
    """
    person = _part(event.body.get("data"), "ContactData")
    number = to_e164(_text(_part(person, "phone")))
    if number is None:
        return NO_NUMBER
    said_at = _moment(_part(event.body.get("data"), "UnsubscribedAt"), event.received_at)
    asked_at = min(said_at or event.received_at, event.received_at)
    wishes = {wish.vendor: wish for wish in Wish.objects.filter(number=number)}
    if reason := _why_not(wishes, said_at, asked_at):
        return reason
    name = [_text(_part(person, part)) for part in ("firstName", "lastName")]
    reason = f"CloudContactAI told us that they unsubscribed ({event.event}, event {event.key})."
    record_stop(
        staff=None,
        seen=Seen(number, label=" ".join(filter(None, name))),
        request=Request(Channel.VENDOR, asked_at, reason),
    )
    return STOPPED


def lifted_since(wish: Wish) -> datetime:
    """When the person last allowed texts: a stop of theirs before that is over. To the end of the minute they wrote."""
    consented_at = wish.ledger_entry.asked_at
    return min(consented_at + MINUTE, wish.wished_at) if consented_at else wish.wished_at


def _why_not(wishes: Mapping[str, Wish], said_at: datetime | None, asked_at: datetime) -> str:
    """Why the event asks for nothing new; empty where it does."""
    held = [wishes.get(vendor.value) for vendor in connected()]
    if all(wish and wish.do_not_text for wish in held):
        if any(wish and wish.ledger_entry.channel == Channel.VENDOR for wish in held):
            return ALREADY
        told = wishes.get(Vendor.CLOUDCONTACTAI.value)
        return ECHO if told and _is_echo(told, asked_at) else ""
    lifted = [lifted_since(wish) for wish in held if wish and not wish.do_not_text]
    # Without a zone it may be hours off, and then it never counts against a stop.
    return OLDER if lifted and said_at and said_at < max(lifted) else ""


def _is_echo(wish: Wish, asked_at: datetime) -> bool:
    """Whether it happened while we ourselves told CloudContactAI to stop."""
    until = wish.confirmed_at if wish.settled and wish.confirmed_at else None
    return wish.wished_at - CLOCKS <= asked_at and (until is None or asked_at <= until + CLOCKS)


def _part(value: object, name: str) -> Any:
    """A member of a JSON object by its name in any capitals; None where there is none."""
    if not isinstance(value, dict):
        return None
    return next((held for key, held in value.items() if key.lower() == name.lower()), None)


def _text(value: object) -> str:
    return str(value).strip()[:100] if isinstance(value, str | int) else ""


def _moment(value: object, received_at: datetime) -> datetime | None:
    """A time with a zone, in this century and not of tomorrow; None for any other."""
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    if moment.tzinfo is None or moment.year < 2000 or moment.year > 9000:
        return None
    return moment.astimezone(UTC) if moment <= received_at + timedelta(days=1) else None


__all__ = ["UNSUBSCRIBED", "lifted_since", "work"]
