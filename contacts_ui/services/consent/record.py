"""The consent record of each number: writing statements, and keeping what they come to.

Every function that writes is called inside a transaction that has taken the ledger's turn: so writers queue, and what
was checked is still true when it commits.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from contacts_ui.models import (
    ConsentSetup,
    ConsentState,
    HeldPress,
    IncomingMessage,
    LedgerEntry,
    Statement,
    Wish,
)
from contacts_ui.models.consent import PressState, Source, StatementKind
from contacts_ui.models.messages import MessageState
from contacts_ui.services import ledger
from contacts_ui.services.consent.rules import Said, Standing, standing
from contacts_ui.services.consent.types import Reading
from contacts_ui.services.consent.verdicts import STOPPED_STATUSES, judge
from contacts_ui.services.vendors import connected


def add(entry: LedgerEntry, **facts: Any) -> Statement | None:
    """Write a statement, as `write`, and bring what is kept of its number up to date."""
    statement = write(entry, **facts)
    if statement:
        changed([statement.number], statements=True)
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
    """Write a statement whose proof is `entry`; return None where it was recorded before, by its `key`.

    `number` is the entry's own unless told otherwise; `status` is what SlickText shall hold by it. Call `changed` with
    `statements` before the transaction ends.
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
    """Note the decision of `entry` that these stops of its number were not the person's; return how many."""
    mine = Statement.objects.filter(
        pk__in=ids, number=entry.number, kind=StatementKind.STOP, discounted_by=None
    )
    count = mine.update(discounted_by=entry)
    if count:
        changed([entry.number], statements=True)
    return count


def reassign(number: str, at: datetime) -> None:
    """Note that the number passed to another person at `at`: consent from before is void (rule 1)."""
    state, _ = ConsentState.objects.get_or_create(number=number)
    state.reassigned_at = max(at, state.reassigned_at or at)
    state.save(update_fields=["reassigned_at"])
    changed([number], statements=True)


def statements_of(number: str) -> QuerySet[Statement]:
    """Return every statement about a number (E.164), in the order in which they came."""
    return Statement.objects.filter(number=number).order_by("pk")


def state_of(number: str) -> ConsentState | None:
    """Return what the record of a number comes to; None without a record."""
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
    """Return True where the record holds an unanswered stop, or a press that is still held."""
    return has_stop(number) or is_held(number)


def has_stop(number: str) -> bool:
    """Return True where the record holds an unanswered stop, as it is kept."""
    return ConsentState.objects.filter(number=number, stopped=True).exists()


def is_held(number: str) -> bool:
    """Return True while a bare press for the number can still be unsent."""
    return HeldPress.objects.filter(number=number, state=PressState.HELD).exists()


def standing_of(number: str) -> Standing:
    """Apply rule 1 to the record of a number as it is now."""
    state = ConsentState.objects.filter(number=number).first()
    return standing(statements_of(number), state.reassigned_at if state else None)


def note_readings(readings: Iterable[Reading]) -> bool:
    """Keep what SlickText said last of numbers that have a record: the newest reading; of several contacts with one
    number, read at once, the one who can be texted.
    """
    in_order = sorted(
        readings, key=lambda each: (each.read_at, each.status not in STOPPED_STATUSES)
    )
    newest = {each.number: each for each in in_order}
    moved = []
    for state in _states(newest):
        reading = newest[state.number]
        if state.read_at and state.read_at >= reading.read_at:
            continue
        state.contact_id, state.status = reading.contact_id, (reading.status or "")[:40]
        state.status_changed_at, state.read_at = reading.changed_at, reading.read_at
        moved.append(state)
    _judge(moved, ["contact_id", "status", "status_changed_at", "read_at"])
    return bool(moved)


def note_messages(number: str) -> None:
    """Keep whether a message of theirs waits for a decision: the newest. Lift forms show what came meanwhile."""
    waiting = IncomingMessage.objects.filter(number=number, state=MessageState.WAITING)
    [row] = _rows_of([number])
    row.asked = waiting.order_by("-pk").first()
    row.version += 1
    _judge([row], ["asked", "version"])


class Look(NamedTuple):
    """What the statements of one number come to, worked out and not yet kept: see `keep`."""

    state: ConsentState
    said: Sequence[Statement]


def changed(numbers: Collection[str], *, statements: bool = False) -> None:
    """Bring what is kept of these numbers up to date: after a statement, a delivery, a reading, a press.

    `statements` raises the version that lift forms carry.
    """
    keep(look(numbers, statements=statements))


def look(numbers: Collection[str], *, statements: bool = False) -> list[Look]:
    """Apply rule 1 to the statements of these numbers; the first half of `changed`."""
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
    return [Look(row, said[row.number]) for row in rows]


def keep(looks: Sequence[Look]) -> None:
    """Keep what was worked out, with the verdict; the second half of `changed`."""
    _judge([each.state for each in looks], ["version", "stop", "consent", "stopped", "held"])


def told(numbers: Collection[str]) -> None:
    """Bring what is kept up to date where nothing new was said, but what vendors shall hold, or hold, has changed."""
    _judge(_rows_of(numbers), [])


def _rows_of(numbers: Collection[str]) -> list[ConsentState]:
    """Return the rows of these numbers; those that have none get one when they are written."""
    rows = list(_states(numbers))
    missing = sorted(set(numbers) - {row.number for row in rows})
    return rows + [ConsentState(number=number) for number in missing]


def _states(numbers: Collection[str]) -> QuerySet[ConsentState]:
    """With what a verdict looks at, else each would ask for its own."""
    rows = ConsentState.objects.select_related("stop", "held", "asked")
    return rows.filter(number__in=numbers)


def _judge(rows: Sequence[ConsentState], fields: list[str]) -> None:
    """Work out the verdicts of these rows, and write them with the other `fields` that were changed."""
    wishes = grouped(Wish.objects.filter(number__in=[row.number for row in rows]))
    there = connected()
    moved = []
    for row in rows:
        before = row.verdict, row.untold
        holders = {wish.vendor for wish in wishes[row.number] if wish.do_not_text}
        row.untold = row.stopped and any(vendor.value not in holders for vendor in there)
        # What SlickText said is in the row itself.
        judgement = judge(None, None, wishes[row.number], there, number=row.number, state=row)
        row.verdict = judgement.verdict.key
        if fields or row._state.adding or before != (row.verdict, row.untold):
            moved.append(row)
    # One statement for new and old rows; of the old ones these columns alone.
    ConsentState.objects.bulk_create(
        moved,
        update_conflicts=True,
        unique_fields=["number"],
        update_fields=[*fields, "verdict", "untold"],
        batch_size=500,
    )


def grouped(rows: Iterable[Any]) -> dict[str, list[Any]]:
    """Return rows by their number; an empty list for one that has none."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.number].append(row)
    return groups


def statements_since(mark: int, limit: int) -> list[tuple[int, str]]:
    """Return the key and number of statements after `mark`, in the order in which they came."""
    news = Statement.objects.filter(pk__gt=mark).order_by("pk")
    return list(news.values_list("pk", "number")[:limit])


def texts_checked_to() -> int:
    """Return the last statement that texts were held against."""
    return ConsentSetup.load().texts_checked_to


def note_texts_checked(mark: int) -> None:
    """Keep the last statement that texts were held against; another worker may have come further."""
    ConsentSetup.objects.filter(texts_checked_to__lt=mark).update(texts_checked_to=mark)


def rebuild(*, batch: int = 500) -> int:
    """Work out again what is kept of every number that has a record; return how many."""
    count, after = 0, ""
    while numbers := list(
        ConsentState.objects.filter(number__gt=after)
        .order_by("number")
        .values_list("number", flat=True)[:batch]
    ):
        with transaction.atomic():
            ledger.take_turn()
            changed(numbers)
        count, after = count + len(numbers), numbers[-1]
    return count


def rebuild_for_vendors() -> None:
    """Rebuild what is kept once a vendor was connected or disconnected: verdicts depend on who is."""
    setup, now = ConsentSetup.load(), ",".join(connected())
    if setup.vendors == now:
        return
    if setup.vendors:
        rebuild()
    ConsentSetup.objects.filter(pk=setup.pk).update(vendors=now)
