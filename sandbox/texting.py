"""Practice texts: people text the vendors in any words, and the vendors text people unless they stopped texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import ccai_events, phones
from sandbox.faults import VENDORS
from sandbox.messages import Message, moment, slicktext_time
from sandbox.slicktext import PENDING
from sandbox.store import Contact
from sandbox.validation import ValidationError, number

if TYPE_CHECKING:
    from sandbox.app import Sandbox

# CloudContactAI's page names these six; SlickText uses the same here.
STOP_WORDS = ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT")
START_WORDS = ("START", "UNSTOP")
YES = "YES"
CONFIRMATION = "You are unsubscribed and will get no more messages. Reply START to resubscribe."
DEFAULT_BODY = "Our fall sale starts today. Reply STOP to end."
CAMPAIGN = ("6001", "Fall sale")
FAILED = "undelivered"


def person_texts(sandbox: Sandbox, vendor: str, phone: str, words: str, at: str = "") -> Message:
    """Send a person's text to one vendor, which changes that vendor alone. Raises ValueError.

    CloudContactAI reports a START like any other text, since it has no event for it.
    """
    vendor, phone = _known(vendor), _phone(phone)
    if not words.strip():
        raise ValueError("a text has words")
    if vendor == "slicktext":
        return _to_slicktext(sandbox, phone, words, moment(at))
    return _to_cloudcontactai(sandbox, phone, words, moment(at))


def vendor_texts(
    sandbox: Sandbox,
    vendor: str,
    phone: str,
    *,
    body: str = "",
    source: str = "Campaign",
    outcome: str = "",
    source_id: str = "",
    title: str = "",
    reason: str = "",
    custom_data: str = "",
    at: str = "",
) -> dict[str, Any]:
    """Text a person as a vendor would; return what happened. Raises ValueError.

    `outcome` is what the vendor would do by itself, unless it is given: "sent" also texts a stopped person.
    """
    vendor, phone = _known(vendor), _phone(phone)
    if source == "Campaign":
        source_id, title = source_id or CAMPAIGN[0], title or CAMPAIGN[1]
    if vendor == "cloudcontactai" and not (source_id or "0").isdecimal():
        raise ValueError("CloudContactAI's campaigns have whole numbers as ids")
    contact = sandbox.slicktext.contacts.get(phone) if vendor == "slicktext" else None
    if vendor == "slicktext":
        event = outcome = _slicktext_outcome(contact, source, outcome)
        status = {"sent": "delivered"}.get(outcome, outcome)
    else:
        outcome = _ccai_outcome(sandbox, phone, outcome)
        event = ccai_events.event_of(outcome)
        status = ccai_events.STATUSES[event]
    if event == "refused":
        return {"outcome": event, "message": None}
    message = sandbox.messages.add(
        vendor=vendor, number=phone, body=body or DEFAULT_BODY, incoming=False, source=source,
        source_id=source_id or None, title=title, status=status, created=moment(at),
        contact_id=contact["contact_id"] if contact else None,
    )  # fmt: skip
    if vendor == "cloudcontactai":
        data = ccai_events.data_of(
            message, outcome, sandbox.switches, reason=reason, custom_data=custom_data
        )
        sandbox.webhooks.told_by_ccai(event, phone, data)
    return {"outcome": event, "message": message.as_json()}


def changes_inside(sandbox: Sandbox, phone: str, do_not_text: bool) -> None:
    """Press or lift *Do Not Text* inside CloudContactAI; only a stop sends an event. Raises ValueError."""
    phone = _phone(phone)
    sandbox.cloudcontactai.mark(phone, do_not_text)
    if do_not_text:
        sandbox.webhooks.unsubscribed(phone)


def learns_about_phone(sandbox: Sandbox, phone: str, facts: dict[str, str]) -> dict[str, Any]:
    """Set what CloudContactAI knows about a phone: `phone_type`, `carrier_name`, `reassigned_at`. Raises ValueError."""
    return phones.learn(sandbox.store, _phone(phone), facts)


def _slicktext_outcome(contact: Contact | None, source: str, outcome: str) -> str:
    """Send campaigns to subscribers only; from the inbox, a human can text anyone who is not blocked."""
    if outcome not in ("", "sent", "refused", FAILED):
        raise ValueError(f"an outcome at SlickText is sent, refused or {FAILED}")
    status = contact["opt_in_status"] if contact else None
    allowed = status == "subscribed" or (
        source == "InboxThread" and status not in (None, "blocked")
    )
    return outcome or ("sent" if allowed else "refused")


def _ccai_outcome(sandbox: Sandbox, phone: str, outcome: str) -> str:
    """Exclude stopped people; a reassigned number and a landline are errors."""
    facts = phones.of(sandbox.store, phone)
    phones.looked_up(sandbox.store, phone)
    if outcome:
        return outcome
    if sandbox.cloudcontactai.is_stopped(phone):
        return sandbox.switches.ccai_stopped_text
    if facts["reassigned_at"]:
        return ccai_events.REASSIGNED
    return "CCAI-ERR-01" if facts["phone_type"] == "LANDLINE" else "sent"


def _to_slicktext(sandbox: Sandbox, phone: str, words: str, at: str) -> Message:
    """Change the status by STOP, START, and an awaited YES; send every text as an inbox message."""
    word = _keyword(words)
    contacts, changed = sandbox.slicktext.contacts, None
    with sandbox.store.alone():
        contact = contacts.get(phone)
        status = _status_after(sandbox, word, words, contact)
        if status and contact is None:
            raise ValueError("no contact at SlickText has this number")
        if contact and status:
            changes = {"opt_in_status": status, "last_opt_in_status_change": slicktext_time(at)}
            changed = contacts.edit(contact, changes)
    contact_id = contact["contact_id"] if contact else None
    message = sandbox.messages.add(
        vendor="slicktext", number=phone, body=words, incoming=True, contact_id=contact_id,
        source="Keyword" if word else "InboxThread", status="received", created=at,
    )  # fmt: skip
    if changed is not None and (word != "STOP" or sandbox.switches.stop_hooks):
        sandbox.webhooks.contact_written(changed, created=False)
    if sandbox.switches.inbox_hooks:
        sandbox.webhooks.inbox_message(message, sandbox.switches)
    if status == "unsubscribed" and sandbox.switches.stop_confirmation:
        sandbox.messages.add(
            vendor="slicktext", number=phone, body=CONFIRMATION, incoming=False,
            contact_id=contact_id, source="Keyword", status="delivered", created=at,
        )  # fmt: skip
    return message


def _status_after(sandbox: Sandbox, word: str, words: str, contact: Contact | None) -> str | None:
    """Return the status that a text leads to; None if it changes nothing."""
    if word == "STOP" or (sandbox.switches.opt_out_intel and "stop" in words.lower()):
        return "unsubscribed"
    waits = contact is not None and contact["opt_in_status"] == PENDING
    return "subscribed" if word == "START" or (word == YES and waits) else None


def _to_cloudcontactai(sandbox: Sandbox, phone: str, words: str, at: str) -> Message:
    message = sandbox.messages.add(
        vendor="cloudcontactai", number=phone, body=words, incoming=True, source="InboxThread",
        status="RECEIVED", created=at,
    )  # fmt: skip
    word = _keyword(words)
    if word in ("STOP", "START"):
        sandbox.cloudcontactai.mark(phone, word == "STOP", by_text=True)
    data = ccai_events.data_of(message, "", sandbox.switches)
    sandbox.webhooks.told_by_ccai(sandbox.switches.ccai_incoming_name, phone, data)
    if word == "STOP":
        sandbox.webhooks.unsubscribed(phone, at)
    return message


def _keyword(words: str) -> str:
    """Return STOP, START, or YES for a text of that word alone; else ""."""
    word = words.strip().upper()
    if word in STOP_WORDS:
        return "STOP"
    return "START" if word in START_WORDS else YES if word == YES else ""


def _known(vendor: str) -> str:
    if vendor not in VENDORS:
        raise ValueError(f"a vendor is one of {', '.join(VENDORS)}")
    return vendor


def _phone(phone: str) -> str:
    try:
        return number(phone)
    except ValidationError as problem:
        raise ValueError(problem.message) from problem
