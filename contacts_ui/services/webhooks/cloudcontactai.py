"""CloudContactAI's events: signed, with an unsigned body, so their data is a claim.

They can only ever stop texts, never allow them. Our own stops come back as such events, too: `told back, or theirs`.
Their data is flat and capitalised; numbers and ids come as text or number (`vendor-apis.md`, *Newly read*).
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from contacts_ui.models import Statement, Vendor, WebhookEvent
from contacts_ui.models.abilities import FactKind
from contacts_ui.models.consent import StatementKind
from contacts_ui.phone import to_e164
from contacts_ui.services import ledger
from contacts_ui.services.consent import number_doors, own_words, record, vendor_doors
from contacts_ui.services.consent.phrases import Meaning, meaning_of
from contacts_ui.services.consent.rules import VENDOR_CLOCK_TOLERANCE
from contacts_ui.services.messages import sent
from contacts_ui.services.messages.facts import note_fact
from contacts_ui.services.webhooks.payloads import (
    NeedsDecision,
    NotYet,
    facts,
    part,
    speaks_of_a_stop,
    text,
)

INCOMING: Final = "message.incoming"
SENT: Final = "message.sent"
NO_NUMBER: Final = "It names no phone number that can be read."
UNREADABLE: Final = "It may be a stop, but it is not in a form that we can read."
SAYS_STOP: Final = "It may be a stop, but CloudContactAI did not mark anyone."
WITH_THEIR_STOP: Final = "Recorded with their stop."
# Our own texts end with "Reply STOP", so of what we sent only the vendor's own words count.
OUR_WORDS: Final = ("message", "customdata", "campaigntitle")
# Codes that are a stop: what they mean, and whether a carrier says so (rule 13).
STOP_CODES: Final = {
    "2001": ("CloudContactAI says that the person asked not to be texted", False),
    "21610": ("The carrier says that the person unsubscribed", True),
}
WHO: Final = {True: "The carrier says", False: "CloudContactAI says"}
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
# Words by which a failure is a stop, or tells of a new owner, whatever its code.
OPTED_OUT: Final = re.compile(
    r"unsubscrib|opt(?:ed)?[\W_]?out|\bnot to (?:be )?(?:text|contact)|\bto not (?:be )?(?:text|contact)",
    re.I,
)
REASSIGNED: Final = re.compile(r"reassign", re.I)
# For so long CloudContactAI goes by one lookup of a number's owner (`vendor-apis.md`).
LOOKUP_VALID: Final = timedelta(days=60)
NO_ID: Final = ("", "0", "null", "None")
# Where a vendor might say when: none is documented.
SENT_TIMES: Final = ("sentat", "datesent", "senton", "timestamp", "createdat", "date", "receivedat")

Done = Callable[[WebhookEvent, str], None]


def is_wanted(body: Mapping[str, Any]) -> bool:
    """Return True where an event has to be worked on: one that we know, or that speaks of a stop."""
    if _kind_of(text(part(body, "eventtype"))):
        return True
    said = dict(body)
    if _is_of_ours(body) and isinstance(said.get("data"), dict):
        said["data"] = {
            name: each for name, each in said["data"].items() if name.lower() not in OUR_WORDS
        }
    return speaks_of_a_stop(said)


def may_be_a_stop(body: Mapping[str, Any]) -> bool:
    """Return True for what goes first. A text that was sent does not: a campaign has many."""
    return is_wanted(body) and _kind_of(text(part(body, "eventtype"))) != SENT


def work(event: WebhookEvent, done: Done) -> None:
    """Do what an event asks for, and say what was done. Raises NeedsDecision, NotYet.

    CloudContactAI is sent a stop like anybody else: sending it again does no harm, and a vendor counts as confirmed
    here only when it has answered us, which the unsigned body of an event is not.
    """
    kind = _kind_of(event.event)
    if kind == SENT:
        # Without the ledger's turn: most are to people who never stopped.
        done(event, _sent(event))
        return
    with transaction.atomic():
        # One stop for one event, also where two workers meet.
        ledger.take_turn()
        done(event, WORK.get(kind, _came_with_a_stop)(event))


def _kind_of(event: str) -> str:
    """Return the known event that this is, in any capitals; "" for another one."""
    name = event.strip().lower()
    name = "message.incoming" if name == "message.received" else name
    return next(
        (known for known in (*WORK, SENT) if name == known or name.startswith(f"{known}.")), ""
    )


def _is_of_ours(body: Mapping[str, Any]) -> bool:
    """Return True for an event about a text of ours, not one of theirs."""
    name = text(part(body, "eventtype")).lower()
    return name.startswith("message.") and _kind_of(name) != INCOMING


# --- One function for each event ----------------------------------------------------------------------


def _marked(event: WebhookEvent) -> str:
    number = number_of(event.body)
    if number is None:
        raise NeedsDecision(NO_NUMBER)
    person = part(part(event.body, "data"), "contactdata")
    name = [text(part(person, each)) for each in ("firstname", "lastname")]
    return vendor_doors.cloudcontactai_marked(
        number=number,
        at=said_at(event),
        heard_at=event.received_at,
        label=" ".join(filter(None, name)),
        event=event.key,
    )


def _incoming(event: WebhookEvent) -> str:
    """Take what a person wrote. Undated: no time is documented for it."""
    number, words = number_of(event.body), _words_of(event)
    if not words and any(meaning_of(said) is not Meaning.OTHER for _, said in facts(event.body)):
        raise NeedsDecision(UNREADABLE)
    if number is None:
        if meaning_of(words) is not Meaning.OTHER:
            raise NeedsDecision(NO_NUMBER)
        return NO_NUMBER
    return own_words.heard(
        vendor=Vendor.CLOUDCONTACTAI,
        key=_message_key(event),
        number=number,
        words=words,
        said_at=_time_in(event, *SENT_TIMES),
        heard_at=event.received_at,
    )


def _sent(event: WebhookEvent) -> str:
    data, number = part(event.body, "data"), number_of(event.body)
    if number is None:
        return NO_NUMBER
    if not sent.was_sent(text(part(data, "messagestatus"))):
        return "It was not sent."
    campaign_id = text(part(data, "campaignid"))
    campaign = text(part(data, "campaigntitle")) or ("" if campaign_id in NO_ID else campaign_id)
    listed = sent.note(
        [
            sent.Text(
                Vendor.CLOUDCONTACTAI,
                _message_key(event),
                number,
                _time_in(event, *SENT_TIMES),
                event.received_at,
                f"Campaign {campaign}" if campaign else text(part(data, "source")),
                _words_of(event),
                sent.is_by_person(text(part(data, "source"))),
            )
        ]
    )
    return "A text after their stop: it is listed." if listed else "A text that was sent."


def _excluded(event: WebhookEvent) -> str:
    """Left out of a campaign. Where the reason is an opt-out, it says that CloudContactAI holds a stop."""
    reason = text(part(part(event.body, "data"), "excludedreason"))
    if REASSIGNED.search(reason):
        return _reassigned(event)
    if not (speaks_of_a_stop(reason) or OPTED_OUT.search(reason)):
        return f"Left out for another reason: {reason}" if reason else "Left out."
    return _code(event, "excluded", f"CloudContactAI left them out: “{reason}”.", carrier=False)


def _error(event: WebhookEvent) -> str:
    data = part(event.body, "data")
    code = text(part(data, "errorcode"))
    said = " ".join(filter(None, (text(part(data, "errormessage")), text(part(data, "errortype")))))
    if code in STOP_CODES:
        meaning, carrier = STOP_CODES[code]
        return _code(event, code, f"{meaning} (code {code}).", carrier=carrier)
    if REASSIGNED.search(said):
        return _reassigned(event)
    if OPTED_OUT.search(said):
        carrier = event.event.lower().startswith("message.error.carrier")
        return _code(event, code or "words", f"{WHO[carrier]} “{said}”.", carrier=carrier)
    if speaks_of_a_stop(said) and code not in (*FACT_CODES, *DELIVERY_CODES):
        return _came_with_a_stop(event)
    number = number_of(event.body)
    if code not in FACT_CODES or number is None:
        return "A text that could not be delivered."
    kind, words = FACT_CODES[code]
    note_fact(number, Vendor.CLOUDCONTACTAI, kind, f"{words} (code {code})", event.received_at)
    return f"{kind.label}. Kept as a fact about the number."


def _reassigned(event: WebhookEvent) -> str:
    """Void consent from before; the event doesn't say since when, so it is as of when it was heard."""
    number = number_of(event.body)
    if number is None:
        return NO_NUMBER
    known = record.state_of(number)
    passed_at = known.reassigned_at if known else None
    if passed_at and event.received_at - passed_at < LOOKUP_VALID:
        # The same lookup, told with each text: it must not void what the new owner said since.
        return "On record: the number passed to another person."
    words = "CloudContactAI says that the number passed to another person."
    number_doors.reassign(number=number, at=event.received_at, words=words)
    return "The number passed to another person: consent from before is void."


def _code(event: WebhookEvent, code: str, words: str, *, carrier: bool) -> str:
    number = number_of(event.body)
    if number is None:
        raise NeedsDecision(NO_NUMBER)
    return vendor_doors.code_reported(
        number=number, code=code, words=words, carrier=carrier, heard_at=event.received_at
    )


def _came_with_a_stop(event: WebhookEvent) -> str:
    """Another event that says stop: CloudContactAI marks such people, too, before or after. Raises as `work`."""
    number, since = number_of(event.body), event.received_at - VENDOR_CLOCK_TOLERANCE
    stops = Statement.objects.filter(number=number or "", kind=StatementKind.STOP)
    if number and stops.filter(latest__gte=since).exists():
        return WITH_THEIR_STOP
    if number and timezone.now() - event.received_at < VENDOR_CLOCK_TOLERANCE:
        raise NotYet(SAYS_STOP)
    raise NeedsDecision(SAYS_STOP)


WORK: Final[dict[str, Callable[[WebhookEvent], str]]] = {
    "contact.unsubscribed": _marked,
    INCOMING: _incoming,
    "message.excluded": _excluded,
    "message.error": _error,
}


# --- The parts of an event ----------------------------------------------------------------------------


def _message_key(event: WebhookEvent) -> str:
    """Return what makes a message this one, by whichever event it came."""
    named = text(part(part(event.body, "data"), "smssid", "messageid"))
    # Its samples have 0 where a text has no id.
    return event.key if named in NO_ID else f"{named}:{number_of(event.body)}"


def _words_of(event: WebhookEvent) -> str:
    words = part(part(event.body, "data"), "message", "body", "text")
    return words if isinstance(words, str) else ""


def number_of(body: Mapping[str, Any]) -> str | None:
    """Return the number (E.164) that an event is about; None where it names none that can be read."""
    data = part(body, "data")
    person = part(data, "contactdata", "contact")
    theirs = part(person, "phone", "phonenumber", "mobile_number")
    theirs = theirs or part(data, "phone", "phonenumber")
    if theirs is None and not text(part(body, "eventtype")).lower().startswith("contact."):
        theirs = part(data, "to" if _is_of_ours(body) else "from")
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
