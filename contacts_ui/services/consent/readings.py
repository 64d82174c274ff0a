"""What a contact read at SlickText means for consent. Recorded where the reading arrives, never while a page is made.

*Unsubscribed* or *blocked* is a statement, recorded once. *Subscribed* never answers a stop (rule 3).
A page that is opened leaves what it found in the inbox of events, for the worker; a worker records at once.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from contacts_ui import request_id
from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import (
    ConsentSetup,
    ConsentState,
    HeldPress,
    IndexWalk,
    LedgerEntry,
    LiftRequest,
    Statement,
    Vendor,
    WebhookEvent,
    Wish,
)
from contacts_ui.models.consent import PressState, Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.services import index, ledger
from contacts_ui.services.consent import desired_state, disagreements, record
from contacts_ui.services.consent.looking import judge_many
from contacts_ui.services.consent.rules import (
    VENDOR_CLOCK_TOLERANCE,
    Said,
    by_vendor,
    unanswered,
    usable,
)
from contacts_ui.services.consent.stops import Stop, Written, write_stop
from contacts_ui.services.consent.types import Reading, Request, Seen, reading_of
from contacts_ui.services.consent.verdicts import STOPPED_STATUSES

READING: Final = "reading"
# Readings in one transaction: most of a page says nothing new.
READINGS_AT_ONCE: Final = 2_000

logger = logging.getLogger(__name__)


class Found(NamedTuple):
    """A stop that a reading shows and the record does not hold: when it was said, and what makes it this one."""

    reading: Reading
    said: Said
    key: str
    told_back: bool
    # A stop that is as new stands unanswered: kept, and asked for once only.
    repeats: bool = False


def learn(contacts: Iterable[Contact], read_at: datetime, *, now: bool = False) -> None:
    """Keep what was read at `read_at`: for the index, and for the record.

    `now` is for workers, who may wait for the ledger; a page leaves it to them. Never raises: a page, a delivery or an
    edit must not fail for it.
    """
    contacts = list(contacts)
    try:
        # Inside a transaction a savepoint, since PostgreSQL spoils all of it after an error. Else none: on SQLite it
        # would take the one lock, also where there is nothing to write.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            hear(contacts, read_at, now=now)
    except Exception:
        logger.exception("what a reading means for consent could not be recorded")
    index.learn(contacts, read_at)


def hear(contacts: Iterable[Contact], read_at: datetime, *, now: bool = True) -> None:
    """Record what these readings mean, or leave it to a worker; before the index learns them."""
    readings = [reading_of(each, each.number, read_at) for each in contacts if each.number]
    for start in range(0, len(readings), READINGS_AT_ONCE):
        news = _news(readings[start : start + READINGS_AT_ONCE])
        if news and now:
            record_readings(news)
        elif news:
            _leave_to_worker(news)


def _news(readings: Sequence[Reading]) -> list[Reading]:
    """Return those of numbers about which one says something that the record does not hold yet."""
    news = {stop.reading.number for stop in find_stops(readings)}
    states = ConsentState.objects.filter(number__in=[each.number for each in readings])
    held = {
        number: ((status, contact_id), read_at)
        for number, status, contact_id, read_at in states.values_list(
            "number", "status", "contact_id", "read_at"
        )
    }
    for each in readings:
        if each.number not in held:
            continue
        last, read_at = held[each.number]
        differs = last != (each.status or "", each.contact_id)
        if differs and not (read_at and read_at >= each.read_at):
            news.add(each.number)
    return [each for each in readings if each.number in news]


def record_readings(readings: Sequence[Reading]) -> None:
    """Record what these readings mean: new stops, what SlickText said last, and where the vendors disagree."""
    with transaction.atomic():
        ledger.take_turn()
        found = find_stops(readings)
        opening = _opening_opt_outs(found)
        _write_without_opt_outs([each for each in found if each not in opening])
        for stop in opening:
            status = stop.reading.status
            write_with_opt_out(stop, f"SlickText says “{status}”, which was not asked for here.")
        record.note_readings(readings)
        if blocked := [each.number for each in readings if each.status == OptInStatus.BLOCKED]:
            desired_state.keep_blocked(blocked)
        for each in readings:
            if desired_state.carry_over(each.number, each.status, each.read_at):
                record.changed([each.number])
    _notice_disagreements(readings)


def find_stops(readings: Sequence[Reading]) -> list[Found]:
    """Return the stops among these readings that the record does not hold."""
    stopped = [each for each in readings if each.status in STOPPED_STATUSES]
    if not stopped:
        return []
    numbers = {each.number for each in stopped}
    wishes = {
        wish.number: wish
        for wish in Wish.objects.filter(number__in=numbers, vendor=Vendor.SLICKTEXT)
    }
    said = record.grouped(Statement.objects.filter(number__in=numbers))
    found: dict[tuple[str, str], Found] = {}
    for each in stopped:
        stop = meaning(each, wishes.get(each.number), said[each.number])
        if stop:
            found.setdefault((each.number, stop.key), stop)
    return list(found.values())


def meaning(reading: Reading, told: Wish | None, known: Sequence[Statement] = ()) -> Found | None:
    """Return what a stopped status says, given the record and what we told SlickText ourselves.

    None where it says nothing new: told and confirmed, on record, or sent before SlickText confirmed, unless it has a
    date that is none of our calls: a lift may just have written over that stop (rule 10).
    """
    changed_at, confirmed_at = reading.changed_at, told.confirmed_at if told else None
    stale = confirmed_at is not None and reading.read_at < confirmed_at
    dated = told and changed_at and not desired_state.is_in_a_call(told, changed_at)
    if stale and not dated:
        return None
    shows_what_was_told = bool(
        told and told.confirmed_do_not_text and told.confirmed_opt_in_status == reading.status
    )
    later = bool(changed_at and confirmed_at and changed_at > confirmed_at + VENDOR_CLOCK_TOLERANCE)
    if shows_what_was_told and not later:
        return None
    found = found_in(reading, told, known)
    if found.key in {each.key for each in known}:
        return None
    if changed_at is None and any(_same_status(each, reading) for each in unanswered(known)):
        return None
    return found


def found_in(reading: Reading, told: Wish | None, known: Sequence[Statement]) -> Found:
    """Make the stop of a stopped status, said at its date and heard at `reading.read_at`."""
    said = by_vendor(reading.changed_at, reading.read_at)
    moment = usable(reading.changed_at, reading.read_at)
    told_back = told is not None and desired_state.is_in_a_call(told, moment)
    repeats = any(
        said.earliest is None or each.latest >= said.earliest for each in unanswered(known)
    )
    return Found(reading, said, key_of(reading, told), told_back, repeats)


def _same_status(statement: Statement, reading: Reading) -> bool:
    return statement.source == Source.STATUS and statement.status == reading.status


def key_of(reading: Reading, told: Wish | None) -> str:
    """Return what makes a status this one. Without a date of its change, the lift before it tells two apart."""
    since = ""
    if reading.changed_at:
        since = reading.changed_at.isoformat()
    elif told and told.confirmed_do_not_text is False and told.confirmed_at:
        since = f"after {told.confirmed_at.isoformat()}"
    return f"slicktext:{reading.contact_id}:{reading.status}:{since}"


def _opening_opt_outs(found: Sequence[Found]) -> list[Found]:
    """Return those that changed after the first walk, or that end a hold or a request: each is written by itself."""
    if not found:
        return []
    numbers = [each.reading.number for each in found]
    alone = set(
        HeldPress.objects.filter(number__in=numbers, state=PressState.HELD).values_list(
            "number", flat=True
        )
    ) | set(
        LiftRequest.objects.filter(number__in=numbers, state=LiftRequestState.WAITING).values_list(
            "number", flat=True
        )
    )
    since = first_walk_ended_at()
    return [
        each
        for each in found
        if each.reading.number in alone or _is_later(each.reading.changed_at, since)
    ]


def _is_later(changed_at: datetime | None, since: datetime | None) -> bool:
    """Return True if a status changed after everyone had been read once; without a date it did."""
    return since is not None and (changed_at is None or changed_at > since)


def first_walk_ended_at() -> datetime | None:
    """Return when everyone at SlickText had been read once, also after the index was purged."""
    setup = ConsentSetup.load()
    if setup.first_walk_ended_at is None:
        walk = IndexWalk.objects.filter(pk=1).exclude(finished_at=None).first()
        if walk:
            setup.first_walk_ended_at = walk.finished_at
            setup.save(update_fields=["first_walk_ended_at"])
    return setup.first_walk_ended_at


def write_with_opt_out(found: Found, words: str, seen: Seen | None = None) -> Written | None:
    """Write a stop of its own: opt-out, clock and delivery, behind stops made by hand."""
    reading = found.reading
    return write_stop(
        Stop(
            seen or reading.seen,
            Source.STATUS,
            found.said,
            request=Request(Channel.VENDOR, usable(reading.changed_at, reading.read_at), words),
            status=reading.status or "",
            key=found.key,
            batch=True,
            told_back=found.told_back,
            repeats=found.repeats,
        )
    )


def _write_without_opt_outs(found: Sequence[Found]) -> None:
    """Write statements of a page that was read: one ledger entry with a hash over them, no opt-outs, no vendor told."""
    if not found:
        return
    entry = ledger.record(
        action=Action.STOPS_READ,
        staff=None,
        number="",
        vendor=Vendor.SLICKTEXT,
        after={"statements": len(found), "digest": digest_of(_line(each) for each in found)},
    )
    statements = [
        Statement(
            number=each.reading.number,
            kind=StatementKind.STOP,
            source=Source.STATUS,
            earliest=each.said.earliest,
            latest=each.said.latest,
            heard_at=each.reading.read_at,
            status=each.reading.status or "",
            words=f"SlickText says “{each.reading.status}”.",
            key=each.key,
            told_back=each.told_back,
            ledger_entry=entry,
        )
        for each in found
    ]
    Statement.objects.bulk_create(statements, ignore_conflicts=True, batch_size=500)
    record.changed({each.number for each in statements}, statements=True)


def _line(found: Found) -> tuple[str, str, datetime]:
    return found.reading.number, found.key, found.said.latest


def digest_of(statements: Iterable[tuple[str, str, datetime]]) -> str:
    """Return the SHA-256, in hex, of statements that share one entry: the number, key and latest moment of each."""
    lines = sorted(
        f"{number} {key} {latest.astimezone(UTC).isoformat()}" for number, key, latest in statements
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def changed_statements() -> Iterator[str]:
    """Name the entries whose statements are not those of their hash any more, for `verify_ledger`."""
    for entry in LedgerEntry.objects.filter(action=Action.STOPS_READ).order_by("pk").iterator():
        rows = list(entry.statements.values_list("number", "key", "latest"))
        if (len(rows), digest_of(rows)) != (entry.after["statements"], entry.after["digest"]):
            yield f"The statements of entry {entry.pk} are not those that it was made for."


def _notice_disagreements(readings: Sequence[Reading]) -> None:
    """Compare what was read with what the record says; never fails a reading."""
    numbers = [each.number for each in readings]
    wishes = record.grouped(Wish.objects.filter(number__in=numbers))
    # Of several contacts with one number, the one who can be texted is the news.
    by_number = {
        each.number: each.seen
        for each in sorted(readings, key=lambda each: each.status not in STOPPED_STATUSES)
        if each.number in wishes
    }
    people = list(by_number.values())
    try:
        disagreements.notice(
            disagreements.Look(person, wishes[person.number], judgement)
            for person, judgement in zip(people, judge_many(people), strict=True)
        )
    except DatabaseError:
        logger.exception("a disagreement could not be recorded")


# --- The inbox: what a page found, for the worker -----------------------------------------------------


def _leave_to_worker(readings: Sequence[Reading]) -> None:
    """Write down what was read, without waiting for the ledger."""
    rows = [_as_json(each) for each in readings]
    same = [
        [row[name] for name in ("number", "contact_id", "status", "changed_at")] for row in rows
    ]
    digest = hashlib.sha256(repr(same).encode()).hexdigest()[:32]
    key, now = f"{READING}:{digest}", timezone.now()
    waiting = WebhookEvent.objects.filter(
        vendor=Vendor.SLICKTEXT, key__startswith=f"{key}:", done_at=None
    )
    if waiting.exists():
        return
    event = WebhookEvent(
        vendor=Vendor.SLICKTEXT,
        key=f"{key}:{now.timestamp():.6f}",
        event=READING,
        body={"contacts": rows},
        received_at=now,
        request_id=request_id.current(),
        # Before hints that speak of no stop.
        due_at=now - timedelta(days=1),
    )
    WebhookEvent.objects.bulk_create([event], ignore_conflicts=True)


def record_event(body: Mapping[str, Any]) -> str:
    """Record what a page had found and left in the inbox; say what was done, in words."""
    readings = [_from_json(row) for row in body.get("contacts", ())]
    record_readings(readings)
    return f"Recorded {len(readings)} readings."


def _as_json(reading: Reading) -> dict[str, Any]:
    row = reading._asdict()
    row["changed_at"] = reading.changed_at.isoformat() if reading.changed_at else None
    row["read_at"] = reading.read_at.isoformat()
    return row


def _from_json(row: Mapping[str, Any]) -> Reading:
    changed_at = parse_datetime(row["changed_at"]) if row["changed_at"] else None
    read_at = parse_datetime(row["read_at"]) or timezone.now()
    return Reading(**{**row, "changed_at": changed_at, "read_at": read_at})
