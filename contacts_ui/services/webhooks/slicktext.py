"""SlickText's events. One that says *unsubscribed* or *blocked* is a stop; all else counts only once it is read there.

The address has our own secret in it, so a stop in an event counts at once, said at its date. The contact is read again
afterwards: that adds facts, and cannot cancel the stop (rule 11).
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contacts_ui.integrations import coerce, slicktext
from contacts_ui.integrations.call_policy import CONFIRM_HINT
from contacts_ui.integrations.errors import (
    BadCredentials,
    NotFound,
    Refused,
    Unreadable,
    VendorError,
)
from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import Vendor, WebhookEvent
from contacts_ui.phone import pretty, to_e164
from contacts_ui.services import index
from contacts_ui.services.consent import inbound_texts, slicktext_readings, vendor_events
from contacts_ui.services.consent.phrases import Meaning, meaning_of
from contacts_ui.services.consent.rules import (
    STATUS_WORDS,
    STOPPED_STATUSES,
    VENDOR_CLOCK_TOLERANCE,
)
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.contacts import last_known
from contacts_ui.services.vendors import shared_reads, to_slicktext
from contacts_ui.services.webhooks import inbox
from contacts_ui.services.webhooks.payloads import (
    NeedsDecision,
    NotYet,
    facts,
    part,
    speaks_of_a_stop,
    text,
    without_secrets,
)

CONTACT_EVENTS: Final = ("contact_created", "contact_updated")
INBOX_MESSAGE: Final = "inbox_message_received"
NO_CONTACT: Final = "It names no contact."
GONE: Final = "SlickText no longer has this contact."
NOT_READABLE: Final = "SlickText does not show this contact."
NO_NUMBER: Final = "It names no phone number that can be read."
NOT_SO_THERE: Final = "It may be a stop, but SlickText shows none."
UNREADABLE: Final = "It may be a stop, but it is not in a format that we can read."
# How long SlickText is asked again whether a contact is really gone.
GONE_DOUBTED_FOR: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Person:
    """One contact of an event, as named there; `status` as SlickText spells it, None if missing."""

    raw: Mapping[str, Any]
    contact_id: int | None
    number: str
    status: str | None
    changed_at: datetime | None
    name: str
    # Something around them in the event speaks of a stop, and no one in it does.
    hinted: bool = False

    @property
    def says_stop(self) -> bool:
        return self.status in STOPPED_STATUSES

    @property
    def hints_at_stop(self) -> bool:
        """Return True if something else about them speaks of a stop."""
        return self.hinted or (self.status not in STATUS_WORDS and speaks_of_a_stop(self.raw))


# --- Receive and store --------------------------------------------------------------------------------


def is_our_secret(secret: str) -> bool:
    """Return True if `secret` is ours, compared in constant time; never while none is set."""
    ours = settings.SLICKTEXT_WEBHOOK_SECRET
    return bool(ours) and hmac.compare_digest(ours.encode(), secret.encode())


def receive(body: Mapping[str, Any]) -> None:
    """Store an event once. Its re-attempts differ in `attempts` alone; `id` may be the hook's own, so it is no key.

    A stop without a date is stored each time: it may have been said again, after a lift. Raise NotAnEvent.
    """
    body = without_secrets(body, inbox.own_secrets())
    same = {name: each for name, each in body.items() if name not in ("attempts", "url")}
    key, urgent = inbox.digest(same), _says_stop(body)
    if urgent and _moment(part(body, "date")) is None:
        key = f"{key}:{timezone.now().timestamp():.6f}"
    row = WebhookEvent(vendor=Vendor.SLICKTEXT, key=key, event=str(body.get("name") or "")[:80])
    named = text(part(body, "name")).lower()
    wanted = urgent or named in (*CONTACT_EVENTS, INBOX_MESSAGE)
    inbox.store(row, body, wanted=wanted, urgent=urgent)
    shared_reads.changed()


def _says_stop(body: Mapping[str, Any]) -> bool:
    return any(each.says_stop for each in people_in(body)) or speaks_of_a_stop(body)


# --- Process ------------------------------------------------------------------------------------------


def process(event: WebhookEvent) -> None:
    """Process an event, and mark it done. Raise NeedsDecision, or NotYet or VendorError to retry."""
    if event.event.lower() == INBOX_MESSAGE:
        inbox.mark_done(event, inbox_message_received(event))
    else:
        contact_changed(event)


def contact_changed(event: WebhookEvent) -> None:
    """Record every stop in an event, then read each contact and learn what SlickText says now."""
    people = people_in(event.body)
    if not people and speaks_of_a_stop(event.body):
        raise NeedsDecision(UNREADABLE)
    # Every stop first: it must not wait for a vendor that is down.
    recorded = [_record_said_stop(event, person) for person in people]
    read_at, outcomes, undecided = timezone.now(), [], []
    for person, words in zip(people, recorded, strict=True):
        try:
            outcomes.append(_read_again(event, person, words))
        except NeedsDecision as why:
            undecided.append(str(why))
    if undecided:
        raise NeedsDecision(" ".join(dict.fromkeys(undecided)))
    with transaction.atomic():
        inbox.mark_done(event, " ".join(dict.fromkeys(outcomes)) or NO_CONTACT)
        for person in people:
            _mark_others_done(event, person, read_at)


def inbox_message_received(event: WebhookEvent) -> str:
    """Act on what a person wrote. Its shape is not documented, only seen. Raise NeedsDecision or VendorError."""
    data = part(event.body, "data")
    inner = part(data, "message", "inbox_message")
    message = inner if isinstance(inner, dict) else data
    words = part(message, "body", "message", "text", "content")
    words = words if isinstance(words, str) else ""
    if not words and any(meaning_of(said) is not Meaning.OTHER for _, said in facts(event.body)):
        raise NeedsDecision(UNREADABLE)
    if meaning_of(words) is Meaning.OTHER:
        return inbound_texts.NOTHING
    person = part(message, "contact") or part(data, "contact")
    written = part(message, "from", "mobile_number", "phone_number", "phone")
    number = to_e164(text(written or part(person, "mobile_number", "phone_number", "phone")))
    number = number or _number_by_id(people_in({"data": person or data}))
    if number is None:
        raise NeedsDecision(NO_NUMBER)
    return inbound_texts.heard(
        vendor=Vendor.SLICKTEXT,
        # A bare `id` beside other data may be the hook's, the contact's or the conversation's.
        key=text(part(message, "message_id") or part(inner, "id")) or event.key,
        number=number,
        words=words,
        said_at=_moment(part(message, "created", "date")) or said_at(event),
        heard_at=event.received_at,
    )


def _number_by_id(people: Iterable[Person]) -> str | None:
    """Return the number of the contact that is named, by the index or by SlickText itself."""
    person = next((each for each in people if each.contact_id), None)
    if person is None or person.contact_id is None:
        return None
    if number := _number_of(person):
        return number
    try:
        return slicktext.get_contact(to_slicktext(), person.contact_id, policy=CONFIRM_HINT).number
    except NotFound:
        return None


def _record_said_stop(event: WebhookEvent, person: Person) -> str:
    """Record a stop as the event reports it; "" if it has none, or if SlickText must be asked first."""
    number = _number_of(person)
    if not person.says_stop or not number:
        return ""
    undated = person.contact_id and person.changed_at is None
    if undated and vendor_events.is_known(number, person.status):
        # Any change of a stopped contact says so again: only SlickText knows since when.
        return ""
    return _record_stop(event, person, number, person.changed_at)


def _record_stop(
    event: WebhookEvent, person: Person, number: str, changed_at: datetime | None
) -> str:
    reading = Seen(
        number,
        person.contact_id,
        person.name or pretty(number),
        person.status,
        event.received_at,
        changed_at=changed_at,
    )
    return vendor_events.slicktext_hinted(reading, at=said_at(event), event=event.event)


def _read_again(event: WebhookEvent, person: Person, recorded: str) -> str:
    """Add what SlickText says now; return what was done, in words. Raise as `process`."""
    if person.contact_id is None:
        if recorded:
            return recorded
        if person.says_stop or person.hinted or speaks_of_a_stop(person.raw):
            raise NeedsDecision(NO_NUMBER if person.says_stop else UNREADABLE)
        return NO_CONTACT
    asked_at = timezone.now()
    try:
        contact = slicktext.get_contact(to_slicktext(), person.contact_id, policy=CONFIRM_HINT)
    except BadCredentials:
        raise
    except (Refused, Unreadable) as error:
        return recorded or _without_contact(event, person, error)
    _record_read_stop(event, person, contact, asked_at, recorded=bool(recorded))
    slicktext_readings.learn([contact], asked_at, now=True)
    last_known.keep_contact(contact, asked_at)
    if not contact.number:
        return recorded or _retry_then_decide(event, person, NO_NUMBER)
    if person.hints_at_stop and contact.opt_in_status not in STOPPED_STATUSES:
        raise NeedsDecision(NOT_SO_THERE)
    return recorded or f"SlickText says “{contact.opt_in_status}”."


def _without_contact(event: WebhookEvent, person: Person, error: VendorError) -> str:
    """Decide from the event alone: SlickText does not show this contact, or not readably."""
    number, gone = _number_of(person), isinstance(error, NotFound)
    if gone and person.contact_id is not None:
        last_known.forget_contact(person.contact_id)
    if person.says_stop and number:
        return _record_stop(event, person, number, None)
    if not gone and not person.says_stop and not person.hints_at_stop:
        raise error
    return _retry_then_decide(event, person, GONE if gone else NOT_READABLE)


def _record_read_stop(
    event: WebhookEvent, person: Person, contact: Contact, asked_at: datetime, *, recorded: bool
) -> None:
    """Record the stop of an event at the present number, or one that the event was sent for and does not give."""
    number, status = contact.number, contact.opt_in_status
    changed_at = contact.last_opt_in_status_change
    if not number or (recorded and number == _number_of(person)):
        return
    if person.says_stop:
        same = status == person.status
        _record_stop(event, person, number, person.changed_at or (changed_at if same else None))
        return
    since = (said_at(event) or event.received_at) - VENDOR_CLOCK_TOLERANCE
    reading = Seen.of(contact, asked_at)
    is_news = changed_at and changed_at >= since and slicktext_readings.find_stops([reading])
    if status in STOPPED_STATUSES and is_news:
        vendor_events.slicktext_hinted(reading, at=None, event=event.event)


def _retry_then_decide(event: WebhookEvent, person: Person, outcome: str) -> str:
    """Retry for a while, then give up: a failing vendor may say that a contact is gone, and a stop may depend on it.

    Raise NotYet, then NeedsDecision if a stop does hang on it.
    """
    if timezone.now() - event.received_at < GONE_DOUBTED_FOR:
        raise NotYet(outcome)
    if person.says_stop or person.hints_at_stop:
        raise NeedsDecision(outcome)
    return outcome


def _number_of(person: Person) -> str:
    """Return their number from the event, or else from the index; empty if neither has it."""
    if person.number or person.contact_id is None:
        return person.number
    found = index.by_ids([person.contact_id]).get(person.contact_id)
    return (found.contact.number if found else None) or ""


def _mark_others_done(event: WebhookEvent, person: Person, read_at: datetime) -> None:
    """Mark other events about the same contact done: earlier ones without a stop add nothing."""
    if person.contact_id is None:
        return
    others = WebhookEvent.objects.filter(
        vendor=Vendor.SLICKTEXT,
        due_at__lte=timezone.now() + timedelta(hours=1),
        received_at__lt=read_at,
        body__data__contact_id=person.contact_id,
    ).exclude(pk=event.pk)
    for other in others:
        if other.event.lower() != INBOX_MESSAGE and not _says_stop(other.body):
            inbox.mark_done(other, "Handled together with another event about the same contact.")


# --- The parts of an event ------------------------------------------------------------------------------


def people_in(body: Mapping[str, Any]) -> list[Person]:
    """Return everyone that an event names: `data` is a contact, `{"contact": …}`, or a list of either."""
    named, around = part(body, "data", "contact", "contacts"), body
    if named is None:
        # Without a frame around it; `id` would be the hook's own.
        named, around = {key: each for key, each in body.items() if key.lower() != "id"}, {}
    said_by_name = _status_of(part(body, "name"))
    people = [_person(each, said_by_name) for each in _contacts(named)]
    if any(each.says_stop or each.hints_at_stop for each in people):
        return people
    rest = _without([each.raw for each in people], around)
    return [replace(each, hinted=speaks_of_a_stop(rest)) for each in people]


def _without(people: list[Mapping[str, Any]], value: object) -> object:
    """Return the value without the parts that are these people."""
    if any(value is each for each in people):
        return None
    if isinstance(value, list):
        return [_without(people, each) for each in value]
    if isinstance(value, dict):
        return {key: _without(people, each) for key, each in value.items()}
    return value


def _contacts(value: object, depth: int = 0) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from _contacts(each, depth)
    elif isinstance(value, dict):
        inner = part(value, "contact", "contacts", "data") if depth < 3 else None
        if isinstance(inner, dict | list):
            yield from _contacts(inner, depth + 1)
        else:
            yield value


def _person(raw: dict[str, Any], said_by_name: str | None) -> Person:
    named = text(part(raw, "contact_id", "contactid", "id"))
    is_id = named.isascii() and named.isdecimal() and len(named) <= 18
    said = text(part(raw, "opt_in_status", "optinstatus", "status"))
    return Person(
        raw,
        int(named) if is_id else None,
        to_e164(text(part(raw, "mobile_number", "mobilenumber", "phone_number", "phone", "number")))
        or "",
        _status_of(said) or said_by_name or said.lower() or None,
        _moment(part(raw, "last_opt_in_status_change")),
        " ".join(filter(None, (text(part(raw, each)) for each in ("first_name", "last_name")))),
    )


def _status_of(said: object) -> str | None:
    """Return *unsubscribed* or *blocked* from any spelling, also as the name of an event; None for anything else."""
    words = text(said).lower().replace("_", " ").replace("-", " ")
    for status in (OptInStatus.BLOCKED, OptInStatus.UNSUBSCRIBED):
        if status in words.split():
            return status
    return OptInStatus.UNSUBSCRIBED if "opted out" in words or "opt out" in words else None


def _moment(value: object) -> datetime | None:
    """Return a SlickText time, which is UTC; None if it can't be read."""
    try:
        return coerce.moment(value)
    except ValueError:
        return None


def said_at(event: WebhookEvent) -> datetime | None:
    """Return the date of an event; None without a readable one."""
    return _moment(part(event.body, "date"))
