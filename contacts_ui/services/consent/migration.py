"""Turn what was known before the record was kept into statements, number by number, and work out their verdicts.

The ledger, stored events and the index are read; no vendor is called, and no row of what vendors shall hold changes.
Migration 0018 writes, `manage.py consent_preview` only looks. Models come from the registry that is handed in, so the
migration has those of its moment; of other services only what is pure is used.
"""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
from contacts_ui.services.consent.readings import digest_of, key_of, meaning
from contacts_ui.services.consent.rules import (
    VENDOR_CLOCK_TOLERANCE,
    Said,
    by_vendor,
    exactly,
    standing,
    unanswered,
    within_minute,
)
from contacts_ui.services.consent.types import Reading
from contacts_ui.services.consent.verdicts import STOPPED_STATUSES, Verdict, judge
from contacts_ui.services.ledger import NOTHING_BEFORE, entry_hash
from contacts_ui.services.vendors import connected

NUMBERS_AT_ONCE: Final = 250
# Between two transactions other writers get a turn; SQLite's lock is not fair.
GAP_SECONDS: Final = 0.01

_STOPS = (Action.STOP_REQUESTED, Action.STOP_RETRIED)
_READ_OF_THE_LEDGER: Final = (
    *_STOPS, Action.STOP_CONFIRMED, Action.STOP_UNDONE, Action.CONSENT_REQUESTED, Action.CONTACT_DELETED,
)  # fmt: skip

# How the old rules had ended an event.
ECHO: Final = "Our own stop, told back to us."
OLDER: Final = "Older than the consent that they gave since."
NOT_ACTED_ON: Final = (
    "It names no contact.",
    "SlickText knows no such contact any more.",
    "Their number cannot be read as a phone number.",
)
# Those whose stop is in the ledger.
_WRITTEN: Final = (
    "Stopped at every connected vendor.",
    "They had stopped at SlickText; stopped at every connected vendor.",
)

# Why a verdict changes, for the preview.
TOLD_BACK = "CloudContactAI marked them while we told it of our own stop, so it may be theirs."
NOT_OLDER = "CloudContactAI marked them, which was taken for older than their consent."
MARKED = "CloudContactAI marked them."
HINTED = "A message from SlickText said that they stopped."
READ = "SlickText shows them as unsubscribed or blocked."
DELETED = "SlickText held their stop when their contact was deleted."
DESIRED = "A vendor was told of a stop that the audit log no longer holds."
NO_SLIP = "A stop that was recorded with how they asked had been undone."
NOT_NEWER = "The evidence of consent is not later than their newest stop."
OTHER = "A stop on record was not answered by newer consent."


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


StopsIn = Callable[[Any, Mapping[int, str]], Iterable[tuple[str, Event]]]


@dataclass
class Draft:
    """A statement that is not saved yet. Without a ledger entry of its own its batch gets one; `why` as above."""

    statement: Any
    why: str = ""


@dataclass
class Converted:
    """What becomes of one number: its statements, and what they come to."""

    number: str
    drafts: list[Draft]
    state: Any
    wishes: list[Any]
    there: frozenset[Vendor]

    @property
    def before(self) -> str:
        """Return the verdict by the old rules, which know no record."""
        status = self.state.status or None
        read = status, self.state.read_at
        return judge(*read, self.wishes, self.there, number=self.number).verdict.key

    @property
    def why(self) -> str:
        """Return why the number is stopped: by the stop that no consent answers, those that were none before first."""
        left = {id(each) for each in unanswered(draft.statement for draft in self.drafts)}
        named = [each.why for each in self.drafts if each.why and id(each.statement) in left]
        if named:
            return named[-1]
        kinds = {each.statement.kind for each in self.drafts}
        return NOT_NEWER if left and StatementKind.CONSENT in kinds else OTHER

    @property
    def changes(self) -> bool:
        """Return True if the verdict is another one than before."""
        return bool(self.before != self.state.verdict)

    @property
    def toward_may_text(self) -> bool:
        """Return True if a number would become *May text*: never."""
        return self.changes and self.state.verdict == Verdict.MAY_TEXT.key


@dataclass
class _About:
    """Everything that is known of one number."""

    number: str
    entries: list[Any] = field(default_factory=list)
    undone: set[int] = field(default_factory=set)
    wishes: list[Any] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def slicktext(self) -> Any:
        """Return the row of what SlickText shall hold, None where there is none."""
        return next((wish for wish in self.wishes if wish.vendor == Vendor.SLICKTEXT), None)

    @property
    def reading(self) -> Any:
        """Return the newest row of the index with this number."""
        return max(self.rows, key=lambda row: row.read_at, default=None)


class Conversion:
    """One run over all numbers that have no kept verdict yet, so that it can be broken off and run again.

    `apps` is a registry of models: Django's own, or that of a migration. `stops_in` reads a stored event, given the
    numbers of contacts (`services.webhooks.stored`).
    """

    def __init__(self, apps: Any, stops_in: StopsIn, using: str = "default") -> None:
        self._apps, self._stops_in, self._using = apps, stops_in, using
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

    def preview(self) -> Iterator[Converted]:
        """Yield what `run` would write; writes nothing."""
        self.read_events()
        for numbers in _some_at_a_time(self.numbers()):
            yield from self.convert(numbers)

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
            statements = [draft.statement for each in found for draft in each.drafts]
            self._prove([each for each in statements if not each.ledger_entry_id], head)
            self._rows("Statement").bulk_create(statements, batch_size=500)
            states.bulk_create((each.state for each in found), batch_size=500)
            self._note_what_requests_answer(found)

    def convert(self, numbers: Collection[str]) -> list[Converted]:
        """Work out what becomes of these numbers; writes nothing."""
        return [
            found
            for about in self._about(numbers)
            if (found := self._convert(about)).drafts or about.wishes
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
            for number, event in self._stops_in(row, known):
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
            for number, event in self._stops_in(row, {})
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
        for wish in self._rows("Wish").filter(**mine):
            about[wish.number].wishes.append(wish)
        rows = self._rows("IndexedContact").filter(**mine)
        for row in rows.only("number", "status", "status_changed_at", "read_at"):
            about[row.number].rows.append(row)
        for number, each in about.items():
            each.events = self._events.get(number, [])
        return list(about.values())

    # --- Statements ----------------------------------------------------------------------------------

    def _convert(self, about: _About) -> Converted:
        calls = _calls(about)
        drafts: list[Draft] = []
        for entry in about.entries:
            if draft := self._of_entry(entry, about, drafts):
                drafts.append(draft)
        drafts += self._of_desired_state(about, drafts)
        for found in chain(self._of_events(about, calls), self._of_readings(about, calls)):
            # What was recorded once is not recorded again.
            if all(draft.statement.key != found.statement.key for draft in drafts):
                drafts.append(found)
        return self._come_to(about, drafts)

    def _of_entry(self, entry: Any, about: _About, before: list[Draft]) -> Draft | None:
        if entry.action == Action.STOP_REQUESTED:
            return self._of_stop(entry, before, undone=entry.pk in about.undone)
        if entry.action == Action.CONSENT_REQUESTED:
            return self._draft(
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
        if not deleted or standing(draft.statement for draft in before).stopped:
            return None
        return self._draft(
            entry.number,
            Source.CARRIED_OVER,
            Said(None, entry.at),
            entry.at,
            why=DELETED,
            status=held,
            words=f"SlickText said “{held}” when the contact was deleted.",
            ledger_entry_id=entry.pk,
        )

    def _of_stop(self, entry: Any, before: list[Draft], *, undone: bool) -> Draft | None:
        """A stop of the ledger; None for a bare press that was taken back."""
        bare = not entry.reason and not entry.asked_at and entry.channel in ("", "unrecorded")
        if undone and bare:
            return None
        source, said, key = _source_of(entry, bare=bare)
        blocked = entry.before.get("status") == OptInStatus.BLOCKED
        return self._draft(
            entry.number,
            source,
            said,
            entry.at,
            why=NO_SLIP if undone else "",
            status=OptInStatus.BLOCKED if blocked else OptInStatus.UNSUBSCRIBED,
            words=entry.reason,
            key="" if any(draft.statement.key == key for draft in before) else key,
            ledger_entry_id=entry.pk,
        )

    def _of_desired_state(self, about: _About, before: list[Draft]) -> Iterator[Draft]:
        """A stop that vendors were told and that the ledger does not hold any more, as it was pruned."""
        told = [wish for wish in about.wishes if wish.do_not_text]
        if any(draft.statement.kind == StatementKind.STOP for draft in before) or not told:
            return
        wish = told[0]
        yield self._draft(
            about.number,
            Source.CARRIED_OVER,
            Said(None, wish.wished_at),
            wish.wished_at,
            why=DESIRED,
            status=wish.opt_in_status or OptInStatus.UNSUBSCRIBED,
            ledger_entry_id=wish.ledger_entry_id,
        )

    def _of_events(self, about: _About, calls: Calls) -> Iterator[Draft]:
        for event in about.events:
            at = event.at or event.heard_at
            key, source = f"ccai:{event.key}"[:200], Source.VENDOR_MARK
            why = {ECHO: TOLD_BACK, OLDER: NOT_OLDER}.get(event.outcome, MARKED)
            words = f"CloudContactAI marked them (event {event.key[:150]})."
            if event.vendor == Vendor.SLICKTEXT:
                now = timezone.now()
                reading = Reading(about.number, event.contact_id, event.status, event.at, now)
                found = meaning(reading, about.slicktext)
                if found is None:
                    continue
                key, source, why = found.key, Source.STATUS, HINTED
                words = f"SlickText told us that they are “{event.status}”."
            yield self._draft(
                about.number,
                source,
                by_vendor(event.at, event.heard_at),
                event.heard_at,
                why=why,
                status=event.status or OptInStatus.UNSUBSCRIBED,
                words=words,
                key=key,
                told_back=event.outcome == ECHO or _lies_in(calls[event.vendor], at),
            )

    def _of_readings(self, about: _About, calls: Calls) -> Iterator[Draft]:
        for row in about.rows:
            if row.status not in STOPPED_STATUSES:
                continue
            changed_at, read_at, told = row.status_changed_at, row.read_at, about.slicktext
            reading = Reading(about.number, row.contact_id, row.status, changed_at, read_at)
            told_back = _lies_in(calls[Vendor.SLICKTEXT], changed_at or read_at)
            # An undone stop was no answer to what SlickText had shown before it.
            if meaning(reading, told) is None and (not about.undone or told_back):
                continue
            yield self._draft(
                about.number,
                Source.STATUS,
                by_vendor(changed_at, read_at),
                read_at,
                why=READ,
                status=row.status,
                words=f"SlickText says “{row.status}”.",
                key=key_of(reading, told),
                told_back=told_back,
            )

    def _draft(
        self,
        number: str,
        source: Source,
        said: Said,
        heard_at: datetime,
        *,
        why: str = "",
        kind: str = StatementKind.STOP.value,
        **facts: Any,
    ) -> Draft:
        model = self._apps.get_model("contacts_ui", "Statement")
        statement = model(
            number=number,
            kind=kind,
            source=source.value,
            earliest=said.earliest,
            latest=said.latest,
            heard_at=heard_at,
            **facts,
        )
        return Draft(statement, why)

    def _come_to(self, about: _About, drafts: list[Draft]) -> Converted:
        """Return the verdict that is kept."""
        stands = standing(draft.statement for draft in drafts)
        row = about.reading
        state = self._apps.get_model("contacts_ui", "ConsentState")(
            number=about.number, version=len(drafts), stopped=stands.stopped
        )
        state.stop, state.consent = stands.stop, stands.consent
        # Messages are kept since a later migration.
        state.asked = None
        if row:
            state.contact_id, state.status = row.contact_id, row.status[:40]
            state.status_changed_at, state.read_at = row.status_changed_at, row.read_at
        told = {wish.vendor for wish in about.wishes if wish.do_not_text}
        state.untold = stands.stopped and any(each.value not in told for each in self._there)
        judgement = judge(None, None, about.wishes, self._there, number=about.number, state=state)
        state.verdict = judgement.verdict.key
        return Converted(about.number, drafts, state, about.wishes, self._there)

    # --- Writing -------------------------------------------------------------------------------------

    def _prove(self, statements: list[Any], head: Any) -> None:
        """Write one ledger entry for statements that have none, with a hash over them."""
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
        stops = {each.number: each.state.stop for each in found if each.state.stop}
        waiting = self._rows("LiftRequest").filter(state="waiting", stop=None)
        for request in waiting.filter(number__in=list(stops)):
            request.stop = stops[request.number]
            request.save(update_fields=["stop"])

    def _rows(self, model: str) -> Any:
        return self._apps.get_model("contacts_ui", model)._default_manager.using(self._using)


def _some_at_a_time(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), NUMBERS_AT_ONCE):
        yield values[start : start + NUMBERS_AT_ONCE]


def _source_of(entry: Any, *, bare: bool) -> tuple[Source, Said, str]:
    """Return who or what said a stop of the ledger, when, and what makes an event or a reading this one."""
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
    return key_of(Reading(entry.number, entry.contact_id or 0, status, changed_at, entry.at), None)


def _typed(entry: Any) -> Said:
    """Return between which moments it was said by what staff typed; what has seconds was not typed."""
    at = entry.asked_at
    if at.second or at.microsecond:
        return exactly(min(at, entry.at))
    return within_minute(at, entry.at)


def _calls(about: _About) -> Calls:
    """From when to when we told each vendor of a stop, by the ledger."""
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
    confirmed = {wish.vendor: wish.confirmed_at for wish in about.wishes if wish.do_not_text}
    for name, since in open_since.items():
        until = confirmed.get(name)
        calls[name].append((since, until if until and until > since else timezone.now()))
    return calls


def _lies_in(calls: list[tuple[datetime, datetime]], at: datetime) -> bool:
    return any(
        start - VENDOR_CLOCK_TOLERANCE <= at <= end + VENDOR_CLOCK_TOLERANCE for start, end in calls
    )
