"""Migration 0018: turn what was known before the consent record was kept into statements, and judge each number.

Reads the audit log, stored events and the index. Calls no vendor, and changes no desired state. Models come from the
registry that is handed in, so the migration has those of its moment; of our services only what is pure is used.
"""

import secrets
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import Vendor
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services.audit_log import NOTHING_BEFORE, entry_hash
from contacts_ui.services.consent.rules import (
    STOPPED_STATUSES,
    VENDOR_CLOCK_TOLERANCE,
    Said,
    by_vendor,
    exactly,
    judge,
    standing,
    within_minute,
)
from contacts_ui.services.consent.slicktext_readings import digest_of, key_of, meaning
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.vendors import connected
from contacts_ui.services.webhooks import cloudcontactai, slicktext
from contacts_ui.services.webhooks.payloads import speaks_of_a_stop

NUMBERS_AT_ONCE: Final = 250
# Between two transactions other writers get a turn; SQLite's lock is not fair.
GAP_SECONDS: Final = 0.01

_STOPS = (Action.STOP_REQUESTED, Action.STOP_RETRIED)
_READ_OF_THE_LEDGER: Final = (
    *_STOPS, Action.STOP_CONFIRMED, Action.STOP_UNDONE, Action.CONSENT_REQUESTED, Action.CONTACT_DELETED,
)  # fmt: skip

# How the old rules had ended an event.
OUR_OWN_TOLD_BACK: Final = "Our own stop, told back to us."
NOT_ACTED_ON: Final = (
    "It names no contact.",
    "SlickText knows no such contact any more.",
    "Their number cannot be read as a phone number.",
)
# Those whose stop is in the audit log.
_WRITTEN: Final = (
    "Stopped at every connected vendor.",
    "They had stopped at SlickText; stopped at every connected vendor.",
)

# From when to when we told each vendor of a stop.
Calls = dict[str, list[tuple[datetime, datetime]]]


class Event(NamedTuple):
    """A stored event that speaks of a stop: when that was, and how it had ended."""

    vendor: Vendor
    key: str
    at: datetime | None
    heard_at: datetime
    outcome: str
    status: str = ""
    contact_id: int | None = None


class Converted(NamedTuple):
    """The statements of one number, not saved yet, and what they come to. One without an entry gets its batch's."""

    statements: list[Any]
    state: Any


@dataclass
class _About:
    """Everything that is known of one number."""

    number: str
    entries: list[Any] = field(default_factory=list)
    undone: set[int] = field(default_factory=set)
    desired_states: list[Any] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def slicktext(self) -> Any:
        """Return the row of what SlickText should hold, None where there is none."""
        return next(
            (desired for desired in self.desired_states if desired.vendor == Vendor.SLICKTEXT), None
        )

    @property
    def reading(self) -> Any:
        """Return the newest row of the index with this number."""
        return max(self.rows, key=lambda row: row.read_at, default=None)


class Conversion:
    """One run over all numbers that have no kept verdict yet, so that it can be interrupted and run again.

    `apps` is the migration's registry of models.
    """

    def __init__(self, apps: Any, using: str = "default") -> None:
        self._apps, self._using = apps, using
        self._there = frozenset(connected())
        self._events: dict[str, list[Event]] = {}
        # Events that speak of a stop and name no number.
        self.undecided: list[int] = []

    def run(self) -> None:
        """Write everything, in transactions of some numbers each."""
        self.set_up()
        self.read_events()
        for numbers in _some_at_a_time(self.numbers()):
            self.write(numbers)
            time.sleep(GAP_SECONDS)
        self._rows("WebhookEvent").filter(pk__in=self.undecided, decided_at=None).update(
            needs_decision=True
        )

    def set_up(self) -> None:
        """Make the one row of settings. What became of old requests is no news to those who asked."""
        walk = self._rows("IndexWalk").filter(pk=1).first()
        made = {
            "number_key": secrets.token_bytes(64),
            "first_walk_ended_at": walk.finished_at if walk else None,
        }
        self._rows("ConsentSetup").get_or_create(pk=1, defaults=made)
        decided = self._rows("LiftRequest").filter(seen_at=None).exclude(decided_at=None)
        decided.update(seen_at=F("decided_at"))

    def numbers(self) -> list[str]:
        """Return every number about which something may be said, except those that are done."""
        stops = Action.STOP_REQUESTED, Action.STOP_RETRIED, Action.CONSENT_REQUESTED
        entries = self._rows("LedgerEntry")
        deleted = entries.filter(
            action=Action.CONTACT_DELETED, before__opt_in_status__in=STOPPED_STATUSES
        )
        rows = self._rows("IndexedContact").filter(status_key__in=STOPPED_STATUSES)
        found = set(self._events)
        for query in (entries.filter(action__in=stops), deleted, self._rows("Wish"), rows):
            found.update(query.order_by().values_list("number", flat=True).iterator())
        found.difference_update(
            self._rows("ConsentState").values_list("number", flat=True).iterator()
        )
        return sorted(each for each in found if each.startswith("+") and len(each) <= 20)

    def write(self, numbers: Collection[str]) -> None:
        """Write the statements and what they come to, in one transaction."""
        with transaction.atomic(using=self._using):
            head = self._take_turn()
            states = self._rows("ConsentState")
            done = set(states.filter(number__in=numbers).values_list("number", flat=True))
            found = self.convert([each for each in numbers if each not in done])
            statements = [statement for each in found for statement in each.statements]
            self._prove([each for each in statements if not each.ledger_entry_id], head)
            self._rows("Statement").bulk_create(statements, batch_size=500)
            states.bulk_create((each.state for each in found), batch_size=500)
            self._note_what_requests_answer(found)

    def convert(self, numbers: Collection[str]) -> list[Converted]:
        """Work out what happens to these numbers; writes nothing."""
        return [
            found
            for about in self._about(numbers)
            if (found := self._convert(about)).statements or about.desired_states
        ]

    # --- What is known -------------------------------------------------------------------------------

    def read_events(self) -> None:
        """Read again the stored events that speak of a stop and became none."""
        found: dict[str, list[Event]] = defaultdict(list)
        stored = self._rows("WebhookEvent").exclude(done_at=None).exclude(outcome__in=_WRITTEN)
        marks = stored.filter(vendor=Vendor.CLOUDCONTACTAI, event="contact.unsubscribed")
        hints = stored.filter(
            vendor=Vendor.SLICKTEXT, event__in=("contact_created", "contact_updated")
        )
        known = self._numbers_by_contact(hints)
        for row in chain(marks.iterator(), hints.iterator()):
            for number, event in _stops_in(row, known):
                if number:
                    found[number].append(event)
                elif row.vendor == Vendor.CLOUDCONTACTAI or row.outcome in NOT_ACTED_ON:
                    self.undecided.append(row.pk)
        self._events = dict(found)

    def _numbers_by_contact(self, hints: Any) -> dict[int, str]:
        """The numbers of contacts that hints name by their id alone, as far as the index knows them."""
        wanted = {
            event.contact_id
            for row in hints.iterator()
            for number, event in _stops_in(row, {})
            if event.contact_id and not number
        }
        known: dict[int, str] = {}
        for ids in _some_at_a_time(sorted(wanted)):
            rows = self._rows("IndexedContact").filter(contact_id__in=ids)
            known.update(rows.values_list("contact_id", "number"))
        return known

    def _about(self, numbers: Collection[str]) -> list[_About]:
        about = {number: _About(number) for number in numbers}
        mine = {"number__in": list(about)}
        entries = self._rows("LedgerEntry").filter(**mine, action__in=_READ_OF_THE_LEDGER)
        for entry in entries.order_by("pk"):
            about[entry.number].entries.append(entry)
            if entry.action == Action.STOP_UNDONE:
                about[entry.number].undone.add(entry.before.get("stop", 0))
        ended = self._rows("OptOut").filter(**mine, state="undone")
        for number, entry_id in ended.values_list("number", "ledger_entry_id"):
            about[number].undone.add(entry_id)
        for desired in self._rows("Wish").filter(**mine):
            about[desired.number].desired_states.append(desired)
        rows = self._rows("IndexedContact").filter(**mine)
        for row in rows.only("number", "status", "status_changed_at", "read_at"):
            about[row.number].rows.append(row)
        for number, each in about.items():
            each.events = self._events.get(number, [])
        return list(about.values())

    # --- Statements ----------------------------------------------------------------------------------

    def _convert(self, about: _About) -> Converted:
        calls = _calls(about)
        statements: list[Any] = []
        for entry in about.entries:
            if statement := self._of_entry(entry, about, statements):
                statements.append(statement)
        statements += self._of_desired_state(about, statements)
        for found in chain(self._of_events(about, calls), self._of_readings(about, calls)):
            # What was recorded once is not recorded again.
            if all(each.key != found.key for each in statements):
                statements.append(found)
        return Converted(statements, self._come_to(about, statements))

    def _of_entry(self, entry: Any, about: _About, before: list[Any]) -> Any:
        if entry.action == Action.STOP_REQUESTED:
            return self._of_stop(entry, before, undone=entry.pk in about.undone)
        if entry.action == Action.CONSENT_REQUESTED:
            return self._statement(
                entry.number,
                Source.PERSON,
                _typed(entry) if entry.asked_at else Said(None, entry.at),
                entry.at,
                kind=StatementKind.CONSENT.value,
                status=entry.after.get("opt_in_status") or "",
                words=entry.reason,
                ledger_entry_id=entry.pk,
            )
        held = entry.before.get("opt_in_status")
        deleted = entry.action == Action.CONTACT_DELETED and held in STOPPED_STATUSES
        if not deleted or standing(before).stopped:
            return None
        return self._statement(
            entry.number,
            Source.CARRIED_OVER,
            Said(None, entry.at),
            entry.at,
            status=held,
            words=f"SlickText said “{held}” when the contact was deleted.",
            ledger_entry_id=entry.pk,
        )

    def _of_stop(self, entry: Any, before: list[Any], *, undone: bool) -> Any:
        """A stop of the audit log; None for a bare press that was taken back."""
        bare = not entry.reason and not entry.asked_at and entry.channel in ("", "unrecorded")
        if undone and bare:
            return None
        source, said, key = _source_of(entry, bare=bare)
        blocked = entry.before.get("status") == OptInStatus.BLOCKED
        return self._statement(
            entry.number,
            source,
            said,
            entry.at,
            status=OptInStatus.BLOCKED if blocked else OptInStatus.UNSUBSCRIBED,
            words=entry.reason,
            key="" if any(each.key == key for each in before) else key,
            ledger_entry_id=entry.pk,
        )

    def _of_desired_state(self, about: _About, before: list[Any]) -> Iterator[Any]:
        """A stop that vendors were told and that the audit log does not hold any more, as it was pruned."""
        told = [desired for desired in about.desired_states if desired.do_not_text]
        if any(each.kind == StatementKind.STOP for each in before) or not told:
            return
        desired = told[0]
        yield self._statement(
            about.number,
            Source.CARRIED_OVER,
            Said(None, desired.wished_at),
            desired.wished_at,
            status=desired.opt_in_status or OptInStatus.UNSUBSCRIBED,
            ledger_entry_id=desired.ledger_entry_id,
        )

    def _of_events(self, about: _About, calls: Calls) -> Iterator[Any]:
        for event in about.events:
            at = event.at or event.heard_at
            key, source = f"ccai:{event.key}"[:200], Source.VENDOR_MARK
            words = f"CloudContactAI marked them (event {event.key[:150]})."
            if event.vendor == Vendor.SLICKTEXT:
                now = timezone.now()
                reading = _reading(about.number, event.contact_id, event.status, event.at, now)
                found = meaning(reading, about.slicktext)
                if found is None:
                    continue
                key, source = found.key, Source.STATUS
                words = f"SlickText told us that they are “{event.status}”."
            yield self._statement(
                about.number,
                source,
                by_vendor(event.at, event.heard_at),
                event.heard_at,
                status=event.status or OptInStatus.UNSUBSCRIBED,
                words=words,
                key=key,
                told_back=event.outcome == OUR_OWN_TOLD_BACK or _lies_in(calls[event.vendor], at),
            )

    def _of_readings(self, about: _About, calls: Calls) -> Iterator[Any]:
        for row in about.rows:
            if row.status not in STOPPED_STATUSES:
                continue
            changed_at, read_at, told = row.status_changed_at, row.read_at, about.slicktext
            reading = _reading(about.number, row.contact_id, row.status, changed_at, read_at)
            told_back = _lies_in(calls[Vendor.SLICKTEXT], changed_at or read_at)
            # An undone stop was no answer to what SlickText had shown before it.
            if meaning(reading, told) is None and (not about.undone or told_back):
                continue
            yield self._statement(
                about.number,
                Source.STATUS,
                by_vendor(changed_at, read_at),
                read_at,
                status=row.status,
                words=f"SlickText says “{row.status}”.",
                key=key_of(reading, told),
                told_back=told_back,
            )

    def _statement(
        self,
        number: str,
        source: Source,
        said: Said,
        heard_at: datetime,
        *,
        kind: str = StatementKind.STOP.value,
        **facts: Any,
    ) -> Any:
        return self._apps.get_model("contacts_ui", "Statement")(
            number=number,
            kind=kind,
            source=source.value,
            earliest=said.earliest,
            latest=said.latest,
            heard_at=heard_at,
            **facts,
        )

    def _come_to(self, about: _About, statements: list[Any]) -> Any:
        """Return the verdict that is kept."""
        stands = standing(statements)
        row = about.reading
        state = self._apps.get_model("contacts_ui", "ConsentState")(
            number=about.number, version=len(statements), stopped=stands.stopped
        )
        state.stop, state.consent = stands.stop, stands.consent
        # Messages are kept since a later migration.
        state.asked = None
        if row:
            state.contact_id, state.status = row.contact_id, row.status[:40]
            state.status_changed_at, state.read_at = row.status_changed_at, row.read_at
        told = {desired.vendor for desired in about.desired_states if desired.do_not_text}
        state.untold = stands.stopped and any(each.value not in told for each in self._there)
        judgement = judge(
            None, None, about.desired_states, self._there, number=about.number, state=state
        )
        state.verdict = judgement.verdict.key
        return state

    # --- Writing -------------------------------------------------------------------------------------

    def _prove(self, statements: list[Any], head: Any) -> None:
        """Write one audit log entry for statements that have none, with a hash over them."""
        if not statements:
            return
        digest = digest_of((each.number, each.key, each.latest) for each in statements)
        entry = self._apps.get_model("contacts_ui", "LedgerEntry")(
            at=timezone.now(),
            action=Action.STOPS_READ.value,
            staff_name="",
            number="",
            reason="Known before the consent record was kept.",
            after={"statements": len(statements), "digest": digest},
            previous_hash=head.hash,
        )
        entry.hash = entry_hash(entry)
        entry.save(force_insert=True, using=self._using)
        head.hash = entry.hash
        head.save(update_fields=["hash"], using=self._using)
        for each in statements:
            each.ledger_entry_id = entry.pk

    def _take_turn(self) -> Any:
        """As `ledger.take_turn`, with the models at hand."""
        heads = self._rows("LedgerHead")
        newest = self._rows("LedgerEntry").order_by("-pk").values_list("hash", flat=True).first()
        heads.get_or_create(pk=1, defaults={"hash": newest or NOTHING_BEFORE})
        return heads.select_for_update().get(pk=1)

    def _note_what_requests_answer(self, found: list[Converted]) -> None:
        stops = {each.state.number: each.state.stop for each in found if each.state.stop}
        waiting = self._rows("LiftRequest").filter(state="waiting", stop=None)
        for request in waiting.filter(number__in=list(stops)):
            request.stop = stops[request.number]
            request.save(update_fields=["stop"])

    def _rows(self, model: str) -> Any:
        return self._apps.get_model("contacts_ui", model)._default_manager.using(self._using)


def _stops_in(row: Any, known: Mapping[int, str]) -> Iterator[tuple[str, Event]]:
    """Yield each stop that a stored event speaks of, with its number; "" where it names none.

    `known` has the numbers of contacts that are named by their id alone.
    """
    if row.vendor == Vendor.CLOUDCONTACTAI:
        at = cloudcontactai.said_at(row)
        event = Event(Vendor.CLOUDCONTACTAI, row.key, at, row.received_at, row.outcome)
        yield cloudcontactai.number_of(row.body) or "", event
        return
    told = Event(Vendor.SLICKTEXT, row.key, slicktext.said_at(row), row.received_at, row.outcome)
    speaking = [each for each in slicktext.people_in(row.body) if each.says_stop]
    for each in speaking:
        number = each.number or known.get(each.contact_id or 0, "")
        at = each.changed_at or told.at
        yield number, told._replace(at=at, status=each.status or "", contact_id=each.contact_id)
    if not speaking and speaks_of_a_stop(row.body):
        yield "", told


def _some_at_a_time(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), NUMBERS_AT_ONCE):
        yield values[start : start + NUMBERS_AT_ONCE]


def _source_of(entry: Any, *, bare: bool) -> tuple[Source, Said, str]:
    """Return who or what said a stop of the audit log, when, and what makes an event or a reading this one."""
    automatic = entry.staff_id is None and not entry.staff_name
    if automatic and entry.channel == Channel.VENDOR:
        said = by_vendor(entry.asked_at, entry.at)
        if "CloudContactAI" in entry.reason:
            event = entry.reason.rpartition("event ")[2].removesuffix(").")
            return Source.VENDOR_MARK, said, f"ccai:{event}"[:200]
        return Source.STATUS, said, _key_of_hint(entry)
    follows = "old number follows" in entry.reason or entry.reason.startswith("Repair: ")
    if automatic or follows:
        return Source.CARRIED_OVER, Said(None, entry.at), ""
    said = _typed(entry) if entry.asked_at else exactly(entry.at)
    if entry.request_id.startswith("job-"):
        return Source.CARRIED_OVER, said, ""
    return (Source.STAFF if bare else Source.PERSON), said, ""


def _key_of_hint(entry: Any) -> str:
    """Return the key of the reading that made this stop; without a time of its change, that is when it was read."""
    changed_at = entry.asked_at
    if changed_at and changed_at.isoformat() == entry.before.get("read_at"):
        changed_at = None
    status = entry.before.get("status") or ""
    reading = _reading(entry.number, entry.contact_id or 0, status, changed_at, entry.at)
    return key_of(reading, None)


def _reading(
    number: str, contact_id: int | None, status: str, changed_at: datetime | None, read_at: datetime
) -> Seen:
    return Seen(number, contact_id, status=status, changed_at=changed_at, read_at=read_at)


def _typed(entry: Any) -> Said:
    """Return between which moments it was said by what staff typed; what has seconds was not typed."""
    at = entry.asked_at
    if at.second or at.microsecond:
        return exactly(min(at, entry.at))
    return within_minute(at, entry.at)


def _calls(about: _About) -> Calls:
    """From when to when we told each vendor of a stop, by the audit log."""
    calls: Calls = {vendor.value: [] for vendor in Vendor}
    open_since: dict[str, datetime] = {}
    for entry in about.entries:
        if entry.action in _STOPS:
            for vendor in Vendor:
                open_since.setdefault(vendor.value, entry.at)
        elif entry.action == Action.STOP_CONFIRMED and entry.vendor in open_since:
            calls[entry.vendor].append((open_since.pop(entry.vendor), entry.at))
        elif entry.action in (Action.STOP_UNDONE, Action.CONSENT_REQUESTED):
            for name, since in open_since.items():
                calls[name].append((since, entry.at))
            open_since.clear()
    confirmed = {
        desired.vendor: desired.confirmed_at
        for desired in about.desired_states
        if desired.do_not_text
    }
    for name, since in open_since.items():
        until = confirmed.get(name)
        calls[name].append((since, until if until and until > since else timezone.now()))
    return calls


def _lies_in(calls: list[tuple[datetime, datetime]], at: datetime) -> bool:
    return any(
        start - VENDOR_CLOCK_TOLERANCE <= at <= end + VENDOR_CLOCK_TOLERANCE for start, end in calls
    )
