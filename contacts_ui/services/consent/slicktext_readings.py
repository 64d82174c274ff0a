"""What a contact, as SlickText shows it, means for consent. Recorded as the reading arrives, never as a page renders.

*Unsubscribed* or *blocked* is a statement, recorded once. *Subscribed* never answers a stop (rule 3).
An open page leaves what it found in the inbox of events, for the worker. A worker records at once.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
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
    DesiredState,
    HeldPress,
    IndexSync,
    LedgerEntry,
    LiftRequest,
    Statement,
    Vendor,
    WebhookEvent,
)
from contacts_ui.models.consent import PressState, Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.phone import pretty
from contacts_ui.services import audit_log, index
from contacts_ui.services.consent import desired_state, disagreements, record
from contacts_ui.services.consent.record import judge_many
from contacts_ui.services.consent.rules import (
    STOPPED_STATUSES,
    VENDOR_CLOCK_TOLERANCE,
    Said,
    by_vendor,
    is_as_new,
    unanswered,
    usable,
)
from contacts_ui.services.consent.stops import Stop, Written, write_stop
from contacts_ui.services.consent.types import Request, Seen

READING: Final = "reading"
# In one transaction: most readings say nothing new.
BATCH_READINGS: Final = 2_000

# The columns that the digest of a shared entry covers. Entries of earlier versions list none.
COVERED: Final = (
    "number", "key", "latest", "kind", "source", "earliest", "heard_at", "status", "words", "told_back",
)  # fmt: skip
COVERED_AT_FIRST: Final = "number key latest"

logger = logging.getLogger(__name__)


class Found(NamedTuple):
    """A stop that a reading shows and the record lacks: its time, and what identifies it."""

    reading: Seen
    said: Said
    key: str
    told_back: bool
    # An equally new stop is unanswered: this one is kept, and sent only once.
    repeats: bool = False


def learn(contacts: Iterable[Contact], read_at: datetime, *, now: bool = False) -> None:
    """Keep what was read at `read_at`, for the index and for the record. Never raises.

    `now` is for workers, which may wait for the audit log; a page leaves what is new to them.
    """
    contacts = list(contacts)
    with _never_raising():
        if now:
            hear(contacts, read_at)
        elif news := _news(_readings_of(contacts, read_at)):
            _put_in_inbox(news)
    index.store(contacts, read_at)


def leave_to_worker(contacts: Iterable[Contact], read_at: datetime) -> None:
    """Keep what a change of ours was answered with; a worker finds out what is new. Never raises."""
    contacts = list(contacts)
    with _never_raising():
        _put_in_inbox(_readings_of(contacts, read_at))
    index.store(contacts, read_at)


def hear(contacts: Iterable[Contact], read_at: datetime) -> None:
    """Record what these readings mean, before the index learns them."""
    readings = _readings_of(contacts, read_at)
    for start in range(0, len(readings), BATCH_READINGS):
        if news := _news(readings[start : start + BATCH_READINGS]):
            record_readings(_without_forgotten_names(news))


def _readings_of(contacts: Iterable[Contact], read_at: datetime) -> list[Seen]:
    return [Seen.of(each, read_at) for each in contacts if each.number]


@contextmanager
def _never_raising() -> Iterator[None]:
    """Log an error, and continue: a page or a delivery must not fail because of the record."""
    try:
        # In a transaction, use a savepoint: after an error PostgreSQL would spoil all of it. Without one, use none: on
        # SQLite it would take the only lock, even with nothing to write.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            yield
    except Exception:
        logger.exception("what a reading means for consent could not be recorded")


def _news(readings: Sequence[Seen]) -> list[Seen]:
    """Return the readings of numbers about which at least one says something new."""
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
        if differs and not (read_at and read_at >= each.heard_at):
            news.add(each.number)
    return [each for each in readings if each.number in news]


def _without_forgotten_names(readings: Sequence[Seen]) -> Sequence[Seen]:
    """Return these readings without the names of forgotten people."""
    ids, numbers = index.forgotten_among(
        [each.contact_id for each in readings if each.contact_id is not None],
        [each.number for each in readings],
    )
    return [
        replace(each, label=pretty(each.number))
        if each.contact_id in ids or each.number in numbers
        else each
        for each in readings
    ]


def record_readings(readings: Sequence[Seen]) -> None:
    """Record what these readings mean: new stops, what SlickText said last, and where the vendors disagree."""
    with transaction.atomic():
        audit_log.take_turn()
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
            if desired_state.carry_over(each.number, each.status, each.heard_at):
                record.refresh([each.number])
    _notice_disagreements(readings)


def find_stops(readings: Sequence[Seen]) -> list[Found]:
    """Return the stops among these readings that the record does not hold."""
    stopped = [each for each in readings if each.status in STOPPED_STATUSES]
    if not stopped:
        return []
    numbers = {each.number for each in stopped}
    desired_states = {
        desired.number: desired
        for desired in DesiredState.objects.filter(number__in=numbers, vendor=Vendor.SLICKTEXT)
    }
    said = record.grouped(Statement.objects.filter(number__in=numbers))
    found: dict[tuple[str, str], Found] = {}
    for each in stopped:
        stop = meaning(each, desired_states.get(each.number), said[each.number])
        if stop:
            found.setdefault((each.number, stop.key), stop)
    return list(found.values())


def meaning(
    reading: Seen, told: DesiredState | None, known: Sequence[Statement] = ()
) -> Found | None:
    """Return the stop that a stopped status shows, given the record and what we told SlickText ourselves.

    None if it says nothing new: told and confirmed, on record, or read before SlickText confirmed. A date outside our
    own calls still counts: a lift may just have written over that stop (rule 10).
    """
    changed_at, confirmed_at = reading.changed_at, told.confirmed_at if told else None
    stale = confirmed_at is not None and reading.heard_at < confirmed_at
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
    shown = {each.status for each in unanswered(known) if each.source == Source.STATUS}
    return None if changed_at is None and reading.status in shown else found


def found_in(reading: Seen, told: DesiredState | None, known: Sequence[Statement]) -> Found:
    """Make the stop of a stopped status, said at its date and heard when it was read."""
    said = by_vendor(reading.changed_at, reading.heard_at)
    moment = usable(reading.changed_at, reading.heard_at)
    told_back = told is not None and desired_state.is_in_a_call(told, moment)
    repeats = is_as_new(said, unanswered(known))
    return Found(reading, said, key_of(reading, told), told_back, repeats)


def key_of(reading: Seen, told: DesiredState | None) -> str:
    """Return the key that tells a status from others. Without a date of its change, the lift before it does."""
    since = ""
    if reading.changed_at:
        since = reading.changed_at.isoformat()
    elif told and told.confirmed_do_not_text is False and told.confirmed_at:
        since = f"after {told.confirmed_at.isoformat()}"
    return f"slicktext:{reading.contact_id}:{reading.status}:{since}"


def _opening_opt_outs(found: Sequence[Found]) -> list[Found]:
    """Return those that changed after the first sync, or that end a hold or a request. Each is written alone."""
    if not found:
        return []
    numbers = [each.reading.number for each in found]
    held = HeldPress.objects.filter(number__in=numbers, state=PressState.HELD)
    waiting = LiftRequest.objects.filter(number__in=numbers, state=LiftRequestState.WAITING)
    alone = {*held.values_list("number", flat=True), *waiting.values_list("number", flat=True)}
    since = first_sync_ended_at()
    # Without a date it changed after the first sync.
    return [
        each
        for each in found
        if each.reading.number in alone
        or (since and (each.reading.changed_at is None or each.reading.changed_at > since))
    ]


def first_sync_ended_at() -> datetime | None:
    """Return when the first sync had read everyone at SlickText, even after the index was purged."""
    setup = ConsentSetup.load()
    if setup.first_sync_ended_at is None:
        walk = IndexSync.objects.filter(pk=1).exclude(finished_at=None).first()
        if walk:
            setup.first_sync_ended_at = walk.finished_at
            setup.save(update_fields=["first_sync_ended_at"])
    return setup.first_sync_ended_at


def write_with_opt_out(found: Found, words: str, seen: Seen | None = None) -> Written | None:
    """Write a stop with its opt-out, deadline and delivery, after stops made by hand."""
    reading = found.reading
    return write_stop(
        Stop(
            seen or reading,
            Source.STATUS,
            found.said,
            request=Request(Channel.VENDOR, usable(reading.changed_at, reading.heard_at), words),
            status=reading.status or "",
            key=found.key,
            batch=True,
            told_back=found.told_back,
            repeats=found.repeats,
        )
    )


def _write_without_opt_outs(found: Sequence[Found]) -> None:
    """Write the statements of a page: one audit log entry with a hash over them, no opt-outs, no delivery."""
    if not found:
        return
    statements = [
        Statement(
            number=each.reading.number,
            kind=StatementKind.STOP,
            source=Source.STATUS,
            earliest=each.said.earliest,
            latest=each.said.latest,
            heard_at=each.reading.heard_at,
            status=each.reading.status or "",
            words=f"SlickText says “{each.reading.status}”.",
            key=each.key,
            told_back=each.told_back,
        )
        for each in found
    ]
    lines = ([getattr(each, name) for name in COVERED] for each in statements)
    entry = audit_log.record(
        action=Action.STOPS_READ,
        staff=None,
        vendor=Vendor.SLICKTEXT,
        after={
            "statements": len(found), "digest": digest_of(lines), "covered": " ".join(COVERED)
        },
    )  # fmt: skip
    for each in statements:
        each.ledger_entry = entry
    Statement.objects.bulk_create(statements, ignore_conflicts=True, batch_size=500)
    record.refresh({each.number for each in statements}, statements=True)


def digest_of(statements: Iterable[Sequence[Any]]) -> str:
    """Return the SHA-256, in hex, of the covered columns of statements that share an entry."""
    lines = sorted(
        " ".join(
            each.astimezone(UTC).isoformat() if isinstance(each, datetime) else str(each)
            for each in statement
        )
        for statement in statements
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def changed_statements() -> Iterator[str]:
    """Name the entries whose statements no longer match their hash, for `verify_ledger`."""
    for entry in LedgerEntry.objects.filter(action=Action.STOPS_READ).order_by("pk").iterator():
        columns = entry.after.get("covered", COVERED_AT_FIRST).split()
        rows = list(entry.statements.values_list(*columns))
        if (len(rows), digest_of(rows)) != (entry.after["statements"], entry.after["digest"]):
            yield f"The statements of entry {entry.pk} are not those that it was made for."


def _notice_disagreements(readings: Sequence[Seen]) -> None:
    """Compare what was read with the record. Never raises a database error."""
    numbers = [each.number for each in readings]
    desired_states = record.grouped(DesiredState.objects.filter(number__in=numbers))
    # Of several contacts with one number, the one who can be texted is the news.
    by_number = {
        each.number: each
        for each in sorted(readings, key=lambda each: each.status not in STOPPED_STATUSES)
        if each.number in desired_states
    }
    people = list(by_number.values())
    try:
        disagreements.notice(
            disagreements.Comparison(person, desired_states[person.number], judgment)
            for person, judgment in zip(people, judge_many(people), strict=True)
        )
    except DatabaseError:
        logger.exception("a disagreement could not be recorded")


# --- The inbox: what a page found, for the worker -----------------------------------------------------


def _put_in_inbox(readings: Sequence[Seen]) -> None:
    """Store what was read, without waiting for the audit log."""
    if not readings:
        return
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
        # Before events without a stop.
        due_at=now - timedelta(days=1),
    )
    WebhookEvent.objects.bulk_create([event], ignore_conflicts=True)


def record_event(body: Mapping[str, Any]) -> str:
    """Record what a page or a change left in the inbox; return what was done, in words."""
    readings = [_from_json(row) for row in body.get("contacts", ())]
    if news := _news(readings):
        record_readings(_without_forgotten_names(news))
    return f"Recorded {len(readings)} readings."


def _as_json(reading: Seen) -> dict[str, Any]:
    row = asdict(reading)
    row["changed_at"] = reading.changed_at.isoformat() if reading.changed_at else None
    row["read_at"] = reading.heard_at.isoformat()
    return row


def _from_json(row: Mapping[str, Any]) -> Seen:
    changed_at = parse_datetime(row["changed_at"]) if row["changed_at"] else None
    read_at = parse_datetime(row["read_at"]) or timezone.now()
    label = row["label"] or pretty(row["number"])
    return Seen(**{**row, "label": label, "changed_at": changed_at, "read_at": read_at})
