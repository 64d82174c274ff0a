"""CloudContactAI's events. Their signature does not cover the body, so an event can stop texts but never allow them.

Our own stops come back as such events: `told back, or theirs`. Data is flat and capitalized; numbers and ids come as
text or number (`vendor-apis.md`, *Newly read*).
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contacts_ui.models import Statement, Vendor, WebhookEvent
from contacts_ui.models.abilities import FactKind
from contacts_ui.models.consent import StatementKind
from contacts_ui.phone import to_e164
from contacts_ui.services import audit_log
from contacts_ui.services.consent import inbound_texts, phone_numbers, record, vendor_events
from contacts_ui.services.consent.phrases import Meaning, meaning_of
from contacts_ui.services.consent.rules import VENDOR_CLOCK_TOLERANCE
from contacts_ui.services.messages import sent_texts
from contacts_ui.services.messages.number_facts import note_fact
from contacts_ui.services.webhooks import inbox
from contacts_ui.services.webhooks.payloads import (
    NeedsDecision,
    NotAnEvent,
    NotYet,
    facts,
    part,
    speaks_of_a_stop,
    text,
    without_secrets,
)

CONTACT_UNSUBSCRIBED: Final = "contact.unsubscribed"
INCOMING: Final = "message.incoming"
SENT: Final = "message.sent"
EXCLUDED: Final = "message.excluded"
ERROR: Final = "message.error"
EVENTS: Final = (CONTACT_UNSUBSCRIBED, INCOMING, SENT, EXCLUDED, ERROR)

ANOTHER_BODY: Final = "It has the same hash as another event, but different content."
NO_NUMBER: Final = "It names no phone number that can be read."
UNREADABLE: Final = "It may be a stop, but it is not in a format that we can read."
SAYS_STOP: Final = "It may be a stop, but CloudContactAI did not mark anyone."
WITH_THEIR_STOP: Final = "Recorded with their stop."
# Our own texts end with "Reply STOP", so of what we sent only the vendor's own words count.
OUR_WORDS: Final = ("message", "customdata", "campaigntitle")
# A reason may say at its end that they stopped.
LONGEST_REASON: Final = 5000
# Codes that are a stop: what they mean, and whether a carrier says so (rule 13).
STOP_CODES: Final = {
    "2001": ("CloudContactAI says that the person asked not to be texted", False),
    "21610": ("The carrier says that the person unsubscribed", True),
}
# Codes that are facts about a number and no stops (Twilio's error dictionary, which CloudContactAI passes on).
FACT_CODES: Final = {
    "30003": (FactKind.UNREACHABLE, "Phone off or out of reach"),
    "30004": (FactKind.UNREACHABLE, "Texts to it are blocked on the way"),
    "30005": (FactKind.UNREACHABLE, "Number unknown or no longer in service"),
    "30006": (FactKind.LANDLINE, "Landline, or a carrier that can't be reached"),
    "21211": (FactKind.UNREACHABLE, "Not a valid number"),
    "21614": (FactKind.LANDLINE, "Not a mobile number"),
    "CCAI-ERR-01": (FactKind.LANDLINE, "Landline"),
    "CCAI-ERR-02": (FactKind.LANDLINE, "Landline, by its carrier"),
    "CCAI-ERR-03": (FactKind.UNREACHABLE, "Not a valid number"),
}
# Failures that say nothing of the person: queue full, account suspended, filtered, unknown, sender not registered.
DELIVERY_CODES: Final = ("30001", "30002", "30007", "30008", "30034")
# Words by which a failure is a stop, or means a new owner, whatever its code.
OPTED_OUT: Final = re.compile(
    r"unsubscrib|opt(?:ed)?[\W_]?out|\bnot to (?:be )?(?:text|contact)|\bto not (?:be )?(?:text|contact)",
    re.I,
)
REASSIGNED: Final = re.compile(r"reassign", re.I)
# How long CloudContactAI relies on one lookup of a number's owner (`vendor-apis.md`).
OWNER_LOOKUP_VALID: Final = timedelta(days=60)
# Its samples have 0 where a text or a campaign has no id.
NO_ID: Final = ("", "0", "null", "None")
# Where CloudContactAI might say when: none of these is documented.
SENT_TIMES: Final = ("sentat", "datesent", "senton", "timestamp", "createdat", "date", "receivedat")


# --- Receive and store --------------------------------------------------------------------------------


def is_enabled() -> bool:
    """Return True if its webhooks are switched on by a secret."""
    return bool(settings.CCAI_WEBHOOK_SECRET and settings.VENDORS.cloudcontactai)


def is_signed(body: Mapping[str, Any], signature: str) -> bool:
    """Return True if `signature` is base64(HMAC-SHA256(secret, "clientId:eventHash")), compared in constant time.

    The vendor's scheme covers the hash of the event and not its body. Raise NotAnEvent without a hash.
    """
    event_hash, vendor = _hash_of(body), settings.VENDORS.cloudcontactai
    if vendor is None:
        return False
    message = f"{vendor.account}:{event_hash}".encode()
    expected = hmac.new(settings.CCAI_WEBHOOK_SECRET.encode(), message, hashlib.sha256).digest()
    return hmac.compare_digest(b64encode(expected), signature.encode())


def receive(body: Mapping[str, Any]) -> None:
    """Store an event once. A person decides about a stop under the hash of an event with another body.

    Raise NotAnEvent.
    """
    event_hash = _hash_of(body)
    body = without_secrets(body, inbox.own_secrets())
    key = event_hash if len(event_hash) <= 150 else inbox.digest(event_hash)
    name = str(body.get("eventType") or "")[:80]
    row = WebhookEvent(vendor=Vendor.CLOUDCONTACTAI, key=key, event=name)
    wanted, urgent = is_wanted(body), _may_be_a_stop(body)
    stored = inbox.store(row, body, wanted=wanted, urgent=urgent)
    if inbox.is_same(stored, body):
        return
    row.key = f"{key}:{inbox.digest(body)[:32]}"
    if urgent or _may_be_a_stop(stored):
        row.needs_decision, row.outcome = True, ANOTHER_BODY
        inbox.store(row, body, wanted=False)
    elif wanted:
        # Another text, or another state of the same one, which its own id shows.
        inbox.store(row, body, wanted=True)


def _hash_of(body: Mapping[str, Any]) -> str:
    event_hash = body.get("eventHash")
    if not isinstance(event_hash, str) or not event_hash:
        raise NotAnEvent("no eventHash")
    return event_hash


def is_wanted(body: Mapping[str, Any]) -> bool:
    """Return True for an event that must be processed: one that we know, or that speaks of a stop."""
    if _known_event(text(part(body, "eventtype"))):
        return True
    return _speaks(body)


def _speaks(body: Mapping[str, Any]) -> bool:
    """Return True if an event speaks of a stop, other than in a text that we sent."""
    said = dict(body)
    if _is_our_text(body) and isinstance(said.get("data"), dict):
        said["data"] = {
            name: each for name, each in said["data"].items() if name.lower() not in OUR_WORDS
        }
    return speaks_of_a_stop(said)


def _may_be_a_stop(body: Mapping[str, Any]) -> bool:
    # A text that was sent is none, and a campaign has many.
    return is_wanted(body) and _known_event(text(part(body, "eventtype"))) != SENT


def _known_event(name: str) -> str:
    """Return which of EVENTS this is, in any capitals; "" for another one."""
    name = name.strip().lower()
    name = INCOMING if name == "message.received" else name
    known = (each for each in EVENTS if name == each or name.startswith(f"{each}."))
    return next(known, "")


def _is_our_text(body: Mapping[str, Any]) -> bool:
    """Return True for an event about a text that we sent, not one that a person wrote."""
    name = text(part(body, "eventtype")).lower()
    return name.startswith("message.") and _known_event(name) != INCOMING


# --- Process: one function for each event -------------------------------------------------------------


def process(event: WebhookEvent) -> None:
    """Process an event, and mark it done. Raise NeedsDecision or NotYet.

    CloudContactAI gets the stop of its own event, too: sending it again does no harm, and only its answer confirms.
    """
    name = _known_event(event.event)
    if name == SENT:
        # Without the turn at the audit log: most are to people who never stopped.
        inbox.mark_done(event, message_sent(event))
        return
    handlers = {
        CONTACT_UNSUBSCRIBED: contact_unsubscribed,
        INCOMING: message_incoming,
        EXCLUDED: message_excluded,
        ERROR: message_error,
    }
    with transaction.atomic():
        # One stop for one event, also where two workers meet.
        audit_log.take_turn()
        inbox.mark_done(event, handlers.get(name, other_event)(event))


def contact_unsubscribed(event: WebhookEvent) -> str:
    """Record that CloudContactAI marked a person: a stop."""
    person = part(part(event.body, "data"), "contactdata")
    name = [text(part(person, each)) for each in ("firstname", "lastname")]
    return vendor_events.cloudcontactai_marked(
        number=_required_number(event),
        at=said_at(event),
        heard_at=event.received_at,
        label=" ".join(filter(None, name)),
        event=event.key,
    )


def message_incoming(event: WebhookEvent) -> str:
    """Act on what a person wrote. Undated: no time is documented for it."""
    number, words = number_of(event.body), _words_of(event)
    if not words and any(meaning_of(said) is not Meaning.OTHER for _, said in facts(event.body)):
        raise NeedsDecision(UNREADABLE)
    if number is None:
        if meaning_of(words) is not Meaning.OTHER:
            raise NeedsDecision(NO_NUMBER)
        return NO_NUMBER
    return inbound_texts.heard(
        vendor=Vendor.CLOUDCONTACTAI,
        key=_message_key(event),
        number=number,
        words=words,
        said_at=_time_in(event, *SENT_TIMES),
        heard_at=event.received_at,
    )


def message_sent(event: WebhookEvent) -> str:
    """Keep a text that was sent, and list it if it came after a stop."""
    data, number = part(event.body, "data"), number_of(event.body)
    if number is None:
        return NO_NUMBER
    if not sent_texts.was_sent(text(part(data, "messagestatus"))):
        return "It was not sent."
    campaign_id, source = text(part(data, "campaignid")), text(part(data, "source"))
    campaign = text(part(data, "campaigntitle")) or ("" if campaign_id in NO_ID else campaign_id)
    note = sent_texts.Text(
        Vendor.CLOUDCONTACTAI,
        _message_key(event),
        number,
        _time_in(event, *SENT_TIMES),
        event.received_at,
        f"Campaign {campaign}" if campaign else source,
        _words_of(event),
        sent_texts.is_by_person(source),
    )
    return (
        "A text after their stop: it is listed."
        if sent_texts.keep([note])
        else "A text that was sent."
    )


def message_excluded(event: WebhookEvent) -> str:
    """Act on a person left out of a campaign: for an opt-out, CloudContactAI holds a stop."""
    reason = text(part(part(event.body, "data"), "excludedreason"), longest=LONGEST_REASON)
    if REASSIGNED.search(reason):
        return _number_reassigned(event)
    if not (speaks_of_a_stop(reason) or OPTED_OUT.search(reason)):
        if _speaks(event.body):
            return other_event(event)
        return f"Left out for another reason: {reason}" if reason else "Left out."
    return _stop_by_code(event, "excluded", f"CloudContactAI left them out: “{reason}”.")


def message_error(event: WebhookEvent) -> str:
    """Act on a text that failed: its code or words may be a stop, a new owner, or a fact about the number."""
    data = part(event.body, "data")
    code = text(part(data, "errorcode"))
    named = (
        text(part(data, each), longest=LONGEST_REASON) for each in ("errormessage", "errortype")
    )
    said = " ".join(filter(None, named))
    if code in STOP_CODES:
        meaning, carrier = STOP_CODES[code]
        return _stop_by_code(event, code, f"{meaning} (code {code}).", carrier=carrier)
    if REASSIGNED.search(said):
        return _number_reassigned(event)
    if OPTED_OUT.search(said):
        carrier = event.event.lower().startswith("message.error.carrier")
        who = "The carrier" if carrier else "CloudContactAI"
        return _stop_by_code(event, code or "words", f"{who} says “{said}”.", carrier=carrier)
    if _speaks(event.body) and code not in (*FACT_CODES, *DELIVERY_CODES):
        return other_event(event)
    number = number_of(event.body)
    if code not in FACT_CODES or number is None:
        return "A text that could not be delivered."
    kind, words = FACT_CODES[code]
    note_fact(number, Vendor.CLOUDCONTACTAI, kind, f"{words} (code {code})", event.received_at)
    return f"{kind.label}. Kept as a fact about the number."


def other_event(event: WebhookEvent) -> str:
    """Wait for `contact.unsubscribed` about the same person; a person decides if none comes."""
    number, since = number_of(event.body), event.received_at - VENDOR_CLOCK_TOLERANCE
    stops = Statement.objects.filter(number=number or "", kind=StatementKind.STOP)
    if number and stops.filter(latest__gte=since).exists():
        return WITH_THEIR_STOP
    if number and timezone.now() - event.received_at < VENDOR_CLOCK_TOLERANCE:
        raise NotYet(SAYS_STOP)
    raise NeedsDecision(SAYS_STOP)


def _stop_by_code(event: WebhookEvent, code: str, words: str, *, carrier: bool = False) -> str:
    return vendor_events.code_reported(
        number=_required_number(event),
        code=code,
        words=words,
        carrier=carrier,
        heard_at=event.received_at,
    )


def _number_reassigned(event: WebhookEvent) -> str:
    """Void consent from before: as of when we heard, because the event doesn't say since when."""
    number = number_of(event.body)
    if number is None:
        return NO_NUMBER
    known = record.state_of(number)
    passed_at = known.reassigned_at if known else None
    if passed_at and event.received_at - passed_at < OWNER_LOOKUP_VALID:
        # The same lookup, told with each text: it must not void what the new owner said since.
        return "On record: the number passed to another person."
    words = "CloudContactAI says that the number passed to another person."
    phone_numbers.reassign(number=number, at=event.received_at, words=words)
    return "The number passed to another person: consent from before is void."


# --- The parts of an event ----------------------------------------------------------------------------


def _required_number(event: WebhookEvent) -> str:
    number = number_of(event.body)
    if number is None:
        raise NeedsDecision(NO_NUMBER)
    return number


def number_of(body: Mapping[str, Any]) -> str | None:
    """Return the number (E.164) that an event is about; None if it names none that can be read."""
    data = part(body, "data")
    person = part(data, "contactdata", "contact")
    theirs = part(person, "phone", "phonenumber", "mobile_number")
    theirs = theirs or part(data, "phone", "phonenumber")
    if theirs is None and not text(part(body, "eventtype")).lower().startswith("contact."):
        theirs = part(data, "to" if _is_our_text(body) else "from")
    return to_e164(text(theirs))


def said_at(event: WebhookEvent) -> datetime | None:
    """Return when it was said: a time with a zone, of this century and not of tomorrow; None for any other."""
    return _time_in(event, "unsubscribedat")


def _time_in(event: WebhookEvent, *names: str) -> datetime | None:
    said = text(part(part(event.body, "data"), *names) or part(event.body, *names))
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    if moment.tzinfo is None or moment.year < 2000 or moment.year > 9000:
        return None
    return moment.astimezone(UTC) if moment <= event.received_at + timedelta(days=1) else None


def _message_key(event: WebhookEvent) -> str:
    """Return what identifies a text, whichever event reports it."""
    named = text(part(part(event.body, "data"), "smssid", "messageid"))
    return event.key if named in NO_ID else f"{named}:{number_of(event.body)}"


def _words_of(event: WebhookEvent) -> str:
    words = part(part(event.body, "data"), "message", "body", "text")
    return words if isinstance(words, str) else ""
