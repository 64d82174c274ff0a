"""The consent record of each number: write statements, and keep the state that follows from them.

Call every function that writes inside a transaction that has the audit log's turn. So writers queue, and what was
checked is still true when it commits.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import Max, QuerySet, Subquery
from django.db.models.functions import Coalesce

from contacts_ui.integrations.types import Contact
from contacts_ui.models import (
    ConsentSetup,
    ConsentState,
    DesiredState,
    HeldPress,
    IncomingMessage,
    LedgerEntry,
    Statement,
)
from contacts_ui.models.consent import PressState, Source, StatementKind
from contacts_ui.models.messages import MessageState
from contacts_ui.services import audit_log, index
from contacts_ui.services.consent.rules import (
    STOPPED_STATUSES,
    Judgment,
    Said,
    Standing,
    Verdict,
    is_later,
    judge,
    standing,
)
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.vendors import connected

# Columns that follow from a number's statements alone; and with the connected vendors.
STATE_COLUMNS_OF_ANY_VENDORS: Final = ("stop_id", "consent_id", "stopped", "held_id", "asked_id")
STATE_COLUMNS: Final = (*STATE_COLUMNS_OF_ANY_VENDORS, "verdict", "untold")


def add(entry: LedgerEntry, **facts: Any) -> Statement | None:
    """Write a statement, as `write` does, and refresh the state of its number."""
    statement = write(entry, **facts)
    if statement:
        refresh([statement.number], statements=True)
    return statement


def write(
    entry: LedgerEntry,
    *,
    kind: StatementKind,
    source: Source,
    said: Said,
    heard_at: datetime | None = None,
    number: str = "",
    status: str = "",
    words: str = "",
    key: str = "",
    told_back: bool = False,
) -> Statement | None:
    """Write a statement whose proof is `entry`; return None if its `key` is on record already.

    `number` defaults to the entry's; `status` is what SlickText should hold by it. Call `refresh` with `statements`
    before the transaction ends.
    """
    number = number or entry.number
    if key and Statement.objects.filter(number=number, key=key).exists():
        return None
    return Statement.objects.create(
        number=number,
        kind=kind,
        source=source,
        earliest=said.earliest,
        latest=said.latest,
        heard_at=heard_at or entry.at,
        status=status,
        words=words,
        key=key,
        told_back=told_back,
        ledger_entry=entry,
    )


def discount(entry: LedgerEntry, ids: Collection[int]) -> int:
    """Note the decision of `entry` that the person did not make these stops; return how many."""
    mine = Statement.objects.filter(
        pk__in=ids, number=entry.number, kind=StatementKind.STOP, discounted_by=None
    )
    count = mine.update(discounted_by=entry)
    if count:
        refresh([entry.number], statements=True)
    return count


def reassign(number: str, at: datetime) -> None:
    """Note that the number passed to another person at `at`: consent from before is void (rule 1)."""
    state, _ = ConsentState.objects.get_or_create(number=number)
    state.reassigned_at = max(at, state.reassigned_at or at)
    state.save(update_fields=["reassigned_at"])
    refresh([number], statements=True)


def statements_of(number: str) -> QuerySet[Statement]:
    """Return every statement about a number (E.164), in the order in which they came."""
    return Statement.objects.filter(number=number).order_by("pk")


def state_of(number: str) -> ConsentState | None:
    """Return the state of a number; None without a record."""
    if not number:
        return None
    return states_of([number]).get(number)


def states_of(numbers: Collection[str]) -> dict[str, ConsentState]:
    """Return the same for many, in one query."""
    rows = ConsentState.objects.select_related(
        "stop", "stop__ledger_entry", "consent", "held", "asked"
    )
    return {row.number: row for row in rows.filter(number__in=numbers)}


def is_stopped(number: str) -> bool:
    """Return True if the record holds an unanswered stop, or a press that is still held."""
    stopped = ConsentState.objects.filter(number=number, stopped=True)
    return stopped.exists() or is_held(number)


def is_held(number: str) -> bool:
    """Return True while a bare press for the number can still be unsent."""
    return HeldPress.objects.filter(number=number, state=PressState.HELD).exists()


def passed_on() -> QuerySet[ConsentState]:
    """Return the states that are *Not known* since their number passed to another person."""
    return ConsentState.objects.filter(
        verdict=Verdict.NOT_KNOWN.key,
        reassigned_at__isnull=False,
        stopped=False,
        held=None,
        consent=None,
    )


def standing_of(number: str) -> Standing:
    """Apply rule 1 to the record of a number as it is now."""
    state = ConsentState.objects.filter(number=number).first()
    return standing(statements_of(number), state.reassigned_at if state else None)


def answered_stop(number: str) -> Statement | None:
    """Return the stop that a lift answers: the newest that is not our own, reported back, else the newest, or None."""
    stands = standing_of(number)
    if stands.stop is None or not stands.stopped:
        return None
    others = statements_of(number).filter(told_back=False)
    return standing(others).stop or stands.stop


def note_readings(readings: Iterable[Seen]) -> bool:
    """Keep SlickText's newest reading of numbers that have a record; return True if any is new.

    Of several contacts with one number, read together, the one that can be texted counts.
    """
    in_order = sorted(
        readings, key=lambda each: (each.heard_at, each.status not in STOPPED_STATUSES)
    )
    newest = {each.number: each for each in in_order}
    moved = []
    for state in _states(newest):
        reading = newest[state.number]
        if state.read_at and state.read_at >= reading.heard_at:
            continue
        state.contact_id, state.status = reading.contact_id, (reading.status or "")[:40]
        state.status_changed_at, state.read_at = reading.changed_at, reading.heard_at
        moved.append(state)
    _save_with_verdicts(moved, ["contact_id", "status", "status_changed_at", "read_at"])
    return bool(moved)


def note_messages(number: str) -> None:
    """Keep their newest message that waits for a decision. Open lift forms then ask again."""
    waiting = IncomingMessage.objects.filter(number=number, state=MessageState.WAITING)
    [row] = _rows_of([number])
    row.asked = waiting.order_by("-pk").first()
    row.version += 1
    _save_with_verdicts([row], ["asked", "version"])


class Derived(NamedTuple):
    """The state that follows from the statements of one number, not saved yet."""

    state: ConsentState
    said: Sequence[Statement]


def refresh(numbers: Collection[str], *, statements: bool = False) -> None:
    """Derive and save the state of these numbers again. `statements` raises the version that lift forms carry."""
    save(derive(numbers, statements=statements))


def derive(numbers: Collection[str], *, statements: bool = False) -> list[Derived]:
    """Apply rule 1 to the statements of these numbers: the first half of `refresh`."""
    numbers = set(filter(None, numbers))
    if not numbers:
        return []
    rows = _rows_of(numbers)
    said = grouped(Statement.objects.filter(number__in=numbers).order_by("pk"))
    held = HeldPress.objects.filter(number__in=numbers, state=PressState.HELD)
    presses = {press.number: press for press in held}
    for row in rows:
        stands = standing(said[row.number], row.reassigned_at)
        row.stop, row.consent, row.stopped = stands.stop, stands.consent, stands.stopped
        row.held = presses.get(row.number)
        row.version += statements
    return [Derived(row, said[row.number]) for row in rows]


def save(derived: Sequence[Derived]) -> None:
    """Save derived states, with their verdicts: the second half of `refresh`."""
    _save_with_verdicts(
        [each.state for each in derived], ["version", "stop", "consent", "stopped", "held"]
    )


def refresh_verdicts(numbers: Collection[str]) -> None:
    """Refresh the verdicts alone: nothing new was said, but what vendors hold, or should hold, has changed."""
    _save_with_verdicts(_rows_of(numbers), [])


def _rows_of(numbers: Collection[str]) -> list[ConsentState]:
    """Return the rows of these numbers; new ones are not saved yet."""
    rows = list(_states(numbers))
    missing = sorted(set(numbers) - {row.number for row in rows})
    return rows + [ConsentState(number=number) for number in missing]


def _states(numbers: Collection[str]) -> QuerySet[ConsentState]:
    """Return the rows with all that a verdict needs, so that no row asks for its own."""
    rows = ConsentState.objects.select_related("stop", "held", "asked")
    return rows.filter(number__in=numbers)


def _save_with_verdicts(rows: Sequence[ConsentState], fields: list[str]) -> None:
    """Derive the verdicts of these rows, and save those that changed with the other `fields`."""
    before = [(row.verdict, row.untold) for row in rows]
    desired_states, there = _derive_verdicts(rows), connected()
    moved = [
        row
        for row, old in zip(rows, before, strict=True)
        if fields or row._state.adding or old != (row.verdict, row.untold)
    ]
    # One query for new and old rows; of the old ones it writes these columns only.
    ConsentState.objects.bulk_create(
        moved,
        update_conflicts=True,
        unique_fields=["number"],
        update_fields=[*fields, "verdict", "untold"],
        batch_size=500,
    )

    def answer(state: ConsentState, contact_id: int, status: str, read_at: datetime) -> str:
        about: dict[str, Any] = {"number": state.number, "state": state, "contact_id": contact_id}
        return judge(status, read_at, desired_states[state.number], there, **about).verdict.key

    index.keep_answers(moved, answer)


def _derive_verdicts(rows: Sequence[ConsentState]) -> dict[str, list[DesiredState]]:
    """Set the verdict of these rows, and whether a vendor was never told; return the desired states by number."""
    desired_states = grouped(DesiredState.objects.filter(number__in=[row.number for row in rows]))
    there = connected()
    for row in rows:
        holders = {desired.vendor for desired in desired_states[row.number] if desired.do_not_text}
        row.untold = row.stopped and any(vendor.value not in holders for vendor in there)
        # The row itself has what SlickText said.
        judgment = judge(
            None, None, desired_states[row.number], there, number=row.number, state=row
        )
        row.verdict = judgment.verdict.key
    return desired_states


def expected_states(numbers: Collection[str]) -> dict[str, ConsentState]:
    """Return the states that should be saved for these numbers. Write nothing."""
    waiting = IncomingMessage.objects.filter(number__in=numbers, state=MessageState.WAITING)
    asked = {message.number: message for message in waiting.order_by("pk")}
    rows = [each.state for each in derive(numbers)]
    for row in rows:
        row.asked = asked.get(row.number)
    _derive_verdicts(rows)
    return {row.number: row for row in rows}


def vendors_are_those() -> bool:
    """Return True if the saved verdicts are for the vendors that are connected now."""
    return ConsentSetup.load().vendors in ("", ",".join(connected()))


def grouped(rows: Iterable[Any]) -> dict[str, list[Any]]:
    """Return rows by their number; an empty list for one that has none."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.number].append(row)
    return groups


def statements_to_check(limit: int) -> list[tuple[int, str]]:
    """Return the key and number of statements that texts were not checked against yet, the oldest first."""
    checked_to = ConsentSetup.objects.values("texts_checked_to")[:1]
    news = Statement.objects.filter(pk__gt=Coalesce(Subquery(checked_to), 0)).order_by("pk")
    return list(news.values_list("pk", "number")[:limit])


def note_texts_checked(mark: int) -> None:
    """Save the last statement that texts were checked against; another worker may be ahead."""
    ConsentSetup.load()
    ConsentSetup.objects.filter(texts_checked_to__lt=mark).update(texts_checked_to=mark)


def rebuild(*, batch: int = 500) -> int:
    """Derive the state of every number with a record again; return how many."""
    count, after = 0, ""
    while numbers := list(
        ConsentState.objects.filter(number__gt=after)
        .order_by("number")
        .values_list("number", flat=True)[:batch]
    ):
        with transaction.atomic():
            audit_log.take_turn()
            refresh(numbers)
        count, after = count + len(numbers), numbers[-1]
    return count


def rebuild_for_vendors() -> None:
    """Rebuild all states after a vendor was connected or disconnected: verdicts depend on it."""
    setup, now = ConsentSetup.load(), ",".join(connected())
    if setup.vendors == now:
        return
    if setup.vendors:
        rebuild()
    ConsentSetup.objects.filter(pk=setup.pk).update(vendors=now)


# --- What we may claim about people now. Looking changes nothing (rule 12) ----------------------------


def judge_one(seen: Seen) -> Judgment:
    """Return what we may claim about one person now."""
    return judge_many([seen])[0]


def judge_many(people: Sequence[Seen]) -> list[Judgment]:
    """Return what we may claim about many people, in their order.

    Two queries, and one each for held presses, messages, and a single person's stop, if there are any: few people have
    them, so a join costs more. The state names them, so that reading them later misses no stop.
    """
    numbers = {person.number for person in people if person.number}
    desired_states = grouped(DesiredState.objects.filter(number__in=numbers))
    rows = ConsentState.objects.filter(number__in=numbers)
    if len(people) > 1:
        rows = rows.select_related("stop").prefetch_related("held", "asked")
    states = {state.number: state for state in rows}
    return _judged([(person, states.get(person.number)) for person in people], desired_states)


def answers_of(contacts: Sequence[tuple[Contact, ConsentState]], read_at: datetime) -> list[str]:
    """Return the verdicts about contacts as SlickText showed them at `read_at`, for the index. One query."""
    numbers = {state.number for _, state in contacts}
    desired_states = grouped(DesiredState.objects.filter(number__in=numbers))
    people = [
        (Seen(state.number, each.contact_id, status=each.opt_in_status, read_at=read_at), state)
        for each, state in contacts
    ]
    return [each.verdict.key for each in _judged(people, desired_states)]


def _judged(
    people: Iterable[tuple[Seen, ConsentState | None]],
    desired_states: Mapping[str, list[DesiredState]],
) -> list[Judgment]:
    there = connected()
    return [
        judge(
            person.status,
            person.read_at,
            desired_states[person.number],
            there,
            number=person.number,
            state=state,
            contact_id=person.contact_id,
        )
        for person, state in people
    ]


def stops_told(numbers: Sequence[str]) -> set[str]:
    """Return the numbers (E.164) with a stop on record that was or will be sent to a vendor, without held presses."""
    told: set[str] = set()
    for some in _parts(numbers):
        stopped = ConsentState.objects.filter(number__in=some, stopped=True)
        desired_states = DesiredState.objects.filter(
            number__in=stopped.values("number"), do_not_text=True
        )
        told.update(desired_states.values_list("number", flat=True))
    return told


def newest_stops(numbers: Sequence[str]) -> dict[str, datetime]:
    """Return until when the newest stop of each number (E.164) was said, without those that may be our own."""
    newest: dict[str, datetime] = {}
    for some in _parts(numbers):
        stops = Statement.objects.filter(
            number__in=some, kind=StatementKind.STOP, told_back=False, discounted_by=None
        )
        newest.update(stops.values_list("number").annotate(Max("latest")))
    return newest


def answered_stops(stops: Mapping[str, Said]) -> set[str]:
    """Return the numbers (E.164) where a consent on record answers a stop of that time, by rule 1."""
    answered: set[str] = set()
    for some in _parts(list(stops)):
        states = states_of(some)
        consents = Statement.objects.filter(number__in=some, kind=StatementKind.CONSENT)
        for said in consents:
            state = states.get(said.number)
            counts = is_later(said, state.reassigned_at if state else None)
            if counts and is_later(said, stops[said.number].latest):
                answered.add(said.number)
    return answered


def _parts(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split into as many as SQLite takes in one query."""
    return (numbers[start : start + 500] for start in range(0, len(numbers), 500))
