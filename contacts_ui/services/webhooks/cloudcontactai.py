"""CloudContactAI's `contact.unsubscribed`: a signed event with an unsigned body, so its data is a claim.

It can only ever stop texts, never allow them. Our own stops come back as such events, too: `told back, or theirs`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from contacts_ui.models import Statement, WebhookEvent
from contacts_ui.models.consent import StatementKind
from contacts_ui.phone import to_e164
from contacts_ui.services.consent.rules import VENDOR_CLOCK_TOLERANCE
from contacts_ui.services.consent.vendor_doors import cloudcontactai_marked
from contacts_ui.services.webhooks.payloads import (
    NeedsDecision,
    NotYet,
    part,
    speaks_of_a_stop,
    text,
)

UNSUBSCRIBED: Final = "contact.unsubscribed"
NO_NUMBER: Final = "It names no phone number that can be read."
SAYS_STOP: Final = "It may be a stop, but CloudContactAI did not mark anyone."
WITH_THEIR_STOP: Final = "Recorded with their stop."
# Our own texts end with "Reply STOP", so of what we sent only the vendor's own words count.
OF_OURS: Final = ("message.sent", "message.excluded", "message.error")
# By which it says that the person asked for no texts, and by which their carrier does.
STOP_CODES: Final = ("2001", "21610")
OUR_WORDS: Final = ("message", "customdata", "campaigntitle")


def is_unsubscribed(event: str) -> bool:
    """Return True for the event by which CloudContactAI says that a person unsubscribed."""
    return event.strip().lower() == UNSUBSCRIBED


def is_wanted(body: Mapping[str, Any]) -> bool:
    """Return True where an event has to be worked on: it says stop, one way or another."""
    event = text(part(body, "eventtype"))
    if is_unsubscribed(event) or text(part(part(body, "data"), "errorcode")) in STOP_CODES:
        return True
    said = dict(body)
    if event.lower().startswith(OF_OURS) and isinstance(said.get("data"), dict):
        said["data"] = {
            name: each for name, each in said["data"].items() if name.lower() not in OUR_WORDS
        }
    return speaks_of_a_stop(said)


def work(event: WebhookEvent) -> str:
    """Turn the event into a stop at every connected vendor, and say what was done. Call it in a transaction.

    CloudContactAI is sent the stop like anybody else: sending it again does no harm, and a vendor counts as confirmed
    here only when it has answered us, which the unsigned body of an event is not. Raises NeedsDecision, NotYet.
    """
    number = number_of(event.body)
    if not is_unsubscribed(event.event):
        return _came_with_a_stop(event, number)
    if number is None:
        raise NeedsDecision(NO_NUMBER)
    person = part(part(event.body, "data"), "contactdata")
    name = [text(part(person, each)) for each in ("firstname", "lastname")]
    return cloudcontactai_marked(
        number=number,
        at=said_at(event),
        heard_at=event.received_at,
        label=" ".join(filter(None, name)),
        event=event.key,
    )


def number_of(body: Mapping[str, Any]) -> str | None:
    """Return the number (E.164) that an event is about; None where it names none that can be read."""
    data = part(body, "data")
    person = part(data, "contactdata", "contact")
    theirs = part(person, "phone", "phonenumber", "mobile_number")
    theirs = theirs or part(data, "phone", "phonenumber")
    if theirs is None and not text(part(body, "eventtype")).lower().startswith("contact."):
        incoming = not text(part(body, "eventtype")).lower().startswith(OF_OURS)
        theirs = part(data, "from" if incoming else "to")
    return to_e164(text(theirs))


def said_at(event: WebhookEvent) -> datetime | None:
    """Return when it was said: a time with a zone, of this century and not of tomorrow; None for any other."""
    data = part(event.body, "data")
    said = text(part(data, "unsubscribedat") or part(event.body, "unsubscribedat"))
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    if moment.tzinfo is None or moment.year < 2000 or moment.year > 9000:
        return None
    return moment.astimezone(UTC) if moment <= event.received_at + timedelta(days=1) else None


def _came_with_a_stop(event: WebhookEvent, number: str | None) -> str:
    """Another event that says stop: CloudContactAI marks such people, too, before or after. Raises as `work`."""
    since = event.received_at - VENDOR_CLOCK_TOLERANCE
    stops = Statement.objects.filter(number=number or "", kind=StatementKind.STOP)
    if number and stops.filter(latest__gte=since).exists():
        return WITH_THEIR_STOP
    if number and timezone.now() - event.received_at < VENDOR_CLOCK_TOLERANCE:
        raise NotYet(SAYS_STOP)
    raise NeedsDecision(SAYS_STOP)
