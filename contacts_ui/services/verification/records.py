"""Compare the tables beside the ledger with the entries that their rows were made from.

A row that was changed there, and not in the ledger, is found: each entry says what its statement said, and from the
statements follows what vendors must hold and what we may claim. Read page by page. What differs is checked once more
while no one writes, so a press in that moment is not reported.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, Max, Model, OuterRef, QuerySet

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import (
    ConsentState,
    DesiredState,
    LedgerEntry,
    OptOut,
    PrunedEntry,
    Statement,
    Vendor,
)
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.opt_out import OptOutState
from contacts_ui.phone import to_e164
from contacts_ui.services import audit_log
from contacts_ui.services.consent import record
from contacts_ui.services.consent.rules import STOPPED_STATUSES, is_later, unanswered
from contacts_ui.services.consent.slicktext_readings import changed_statements
from contacts_ui.services.verification.chain import UNREADABLE

PAGE_ROWS: Final = 1_000
# Entries with exactly one statement, which says the same.
STATEMENT_ACTIONS: Final = (
    Action.STOP_REQUESTED, Action.STOP_TOLD_BACK, Action.STOP_DETAILED, Action.CONSENT_REQUESTED,
)  # fmt: skip
# Entries after which vendors are told that texts are allowed; after all others, that they are not.
ALLOWING_ACTIONS: Final = (Action.CONSENT_REQUESTED, Action.STOP_DISCOUNTED, Action.STOP_UNDONE)
ENDED_BY: Final = {
    OptOutState.LIFTED: (Action.CONSENT_REQUESTED,),
    OptOutState.UNDONE: (Action.STOP_DISCOUNTED, Action.STOP_UNDONE),
}
Check = Callable[[list[Any]], Iterator[str]]


def changed_rows() -> Iterator[str]:
    """Name, in words, each row that does not say what the ledger says, and each one that is missing."""
    yield from changed_statements()
    yield from _found(
        Statement.objects.select_related("ledger_entry", "discounted_by"), check_statements
    )
    speaking = LedgerEntry.objects.filter(action__in=(*STATEMENT_ACTIONS, Action.STOP_DISCOUNTED))
    yield from _found(speaking, check_entries)
    yield from _found(DesiredState.objects.select_related("ledger_entry"), check_desired_states)
    yield from _found(OptOut.objects.select_related("ledger_entry"), check_opt_outs)
    yield from _found(ConsentState.objects.all(), check_states)
    kept = ConsentState.objects.filter(number=OuterRef("number"))
    lost = (
        Statement.objects.filter(~Exists(kept)).order_by("number").values_list("number", flat=True)
    )
    for number in lost.distinct():
        yield f"{number} has statements, but no verdict is kept."


def _found(rows: QuerySet[Any], check: Check) -> Iterator[str]:
    """Check all rows, page by page."""
    keys = rows.order_by("pk").values_list("pk", flat=True)
    page = list(keys[:PAGE_ROWS])
    while page:
        try:
            if next(check(list(rows.filter(pk__in=page))), None) is not None:
                with transaction.atomic():
                    audit_log.take_turn()
                    still = list(check(list(rows.filter(pk__in=page).order_by("pk"))))
                yield from still
        except UNREADABLE:
            yield f"{rows.model._meta.verbose_name}: something in {page[0]} to {page[-1]} cannot be read."
        page = list(keys.filter(pk__gt=page[-1])[:PAGE_ROWS])


def _differing(row: Model, expected: Mapping[str, Any]) -> str:
    """Return the names of the columns that are not as expected, for a sentence; "" if all are."""
    return ", ".join(name for name, value in expected.items() if getattr(row, name) != value)


# --- Statements ---------------------------------------------------------------------------------------


def check_statements(page: list[Statement]) -> Iterator[str]:
    for row in page:
        if names := _differing(row, _said_by(row.ledger_entry)):
            yield f"Statement {row.pk}: entry {row.ledger_entry_id} says otherwise ({names})."
        decision = row.discounted_by
        if decision and not _discounts(decision, row):
            yield f"Statement {row.pk}: entry {decision.pk} did not decide that it does not count."


def _said_by(entry: LedgerEntry) -> dict[str, Any]:
    """Return what an entry's statement holds, as far as the entry says it."""
    after, action = entry.after, entry.action
    if action == Action.CONTACT_DELETED:
        return {"number": entry.number, "kind": StatementKind.STOP}
    if action not in STATEMENT_ACTIONS:
        # One entry for many, with a digest, or from before the record: never consent.
        return {"kind": StatementKind.STOP}
    consents = action == Action.CONSENT_REQUESTED
    said: dict[str, Any] = {
        "number": entry.number,
        "kind": StatementKind.CONSENT if consents else StatementKind.STOP,
        "words": entry.reason,
        "heard_at": entry.at,
        "told_back": action == Action.STOP_TOLD_BACK,
    }
    if consents or action == Action.STOP_DETAILED:
        said["source"] = Source.PERSON
    if "source" in after:
        said["source"] = after["source"]
    if "opt_in_status" in after:
        said["status"] = after["opt_in_status"] or ""
    if "said_until" in after:
        said |= {"earliest": _moment(after["said_from"]), "latest": _moment(after["said_until"])}
    return said


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _discounts(decision: LedgerEntry, stop: Statement) -> bool:
    if decision.number != stop.number or decision.pk < stop.ledger_entry_id:
        return False
    if decision.action == Action.CONSENT_REQUESTED:
        return stop.told_back and stop.pk in decision.after.get("own_stops", ())
    return decision.action == Action.STOP_DISCOUNTED


def check_entries(page: list[LedgerEntry]) -> Iterator[str]:
    """Name entries whose statement or opt-out is gone, or whose decision that a stop does not count was undone."""
    made = Statement.objects.filter(ledger_entry__in=page).values_list("ledger_entry_id", flat=True)
    counts = Counter(made)
    opened = set(
        OptOut.objects.filter(ledger_entry__in=page).values_list("ledger_entry", flat=True)
    )
    consents = record.grouped(
        Statement.objects.filter(
            number__in={each.number for each in page}, kind=StatementKind.CONSENT
        )
    )
    counting = record.grouped(
        Statement.objects.filter(
            number__in={each.number for each in page if _decides(each)},
            kind=StatementKind.STOP,
            discounted_by=None,
        )
    )
    for entry in page:
        if entry.pk not in opened and _opens_opt_out(entry, consents[entry.number]):
            yield f"Entry {entry.pk} has no opt-out; it was made with 1."
        if "said_until" in entry.after and counts[entry.pk] != 1:
            yield f"Entry {entry.pk} has {counts[entry.pk] or 'no'} statements; it was made with 1."
        for stop in counting[entry.number] if _decides(entry) else ():
            if _discounts(entry, stop):
                yield f"Statement {stop.pk}: it counts, though entry {entry.pk} decided that it does not."


def _opens_opt_out(entry: LedgerEntry, consents: Sequence[Statement]) -> bool:
    """Return True for a stop that was news and unanswered when it came; entries of earlier versions do not tell."""
    if (
        entry.action != Action.STOP_REQUESTED
        or entry.after.get("repeats", True)
        or not entry.number
    ):
        return False
    said = _moment(entry.after["said_until"])
    return not any(each.ledger_entry_id < entry.pk and is_later(each, said) for each in consents)


def _decides(entry: LedgerEntry) -> bool:
    return entry.action == Action.STOP_DISCOUNTED or bool(entry.after.get("own_stops"))


# --- What vendors must hold ---------------------------------------------------------------------------


def check_desired_states(page: list[DesiredState]) -> Iterator[str]:
    said = record.grouped(
        Statement.objects.filter(number__in={each.number for each in page})
        .select_related("ledger_entry")
        .order_by("pk")
    )
    states = ConsentState.objects.in_bulk([each.number for each in page])
    confirmations = LedgerEntry.objects.filter(
        number__in={each.number for each in page},
        action__in=(Action.STOP_CONFIRMED, Action.CONSENT_CONFIRMED),
    )
    newest = confirmations.order_by().values_list("number", "vendor").annotate(pk_=Max("pk"))
    confirmed = {(number, vendor): key for number, vendor, key in newest}
    pruned = PrunedEntry.objects.exists()
    for row in page:
        entry, what = (
            row.ledger_entry,
            f"What {Vendor(row.vendor).label} must hold for {row.number}",
        )
        # About both numbers, if a contact's changed.
        moved = entry.after.get("mobile_number") if entry.action == Action.CONTACT_EDITED else None
        if row.number not in (entry.number, moved and to_e164(str(moved))):
            yield f"{what}: entry {entry.pk} is about another number (number)."
        if row.do_not_text is (entry.action in ALLOWING_ACTIONS):
            yield f"{what}: entry {entry.pk} says otherwise (do_not_text)."
        elif row.opt_in_status not in _statuses(row, said[row.number], states.get(row.number)):
            yield f"{what}: entry {entry.pk} says otherwise (opt_in_status)."
        elif row.state == DeliveryState.CONFIRMED and not pruned:
            if confirmed.get((row.number, row.vendor), 0) < row.ledger_entry_id:
                yield f"{what}: no entry says that it was confirmed (state)."
        elif row.state == DeliveryState.ON_ITS_WAY and not (row.due_at or row.leased_until):
            yield f"{what}: it is on its way, and no one will send it (due_at)."


def _statuses(
    row: DesiredState, said: Sequence[Statement], state: ConsentState | None
) -> Iterable[str | None]:
    """Return what `opt_in_status` may be: *blocked* is never weakened (rule 9), consent says its own status."""
    if row.vendor != Vendor.SLICKTEXT:
        return ("",)
    if row.do_not_text:
        standing = unanswered(said, state.reassigned_at if state else None)
        blocked = (each for each in standing if each.status == OptInStatus.BLOCKED)
        # Entries of earlier versions do not say so, and their rows may be weaker.
        if any(each.ledger_entry.after.keys() & {"opt_in_status", "covered"} for each in blocked):
            return (OptInStatus.BLOCKED,)
        return STOPPED_STATUSES
    entry = row.ledger_entry
    if entry.action == Action.STOP_DISCOUNTED:
        return (OptInStatus.SUBSCRIBED,)
    consents = {each.status for each in said if each.kind == StatementKind.CONSENT}
    return {entry.after.get("opt_in_status") or "", *consents}


# --- Opt-outs and verdicts ----------------------------------------------------------------------------


def check_opt_outs(page: list[OptOut]) -> Iterator[str]:
    numbers = {each.number for each in page}
    about = (Action.STOP_DETAILED, *(action for actions in ENDED_BY.values() for action in actions))
    entries = record.grouped(
        LedgerEntry.objects.filter(number__in=numbers, action__in=about).order_by("pk")
    )
    pruned = PrunedEntry.objects.exists()
    for row in page:
        later = [each for each in entries[row.number] if each.pk > row.ledger_entry_id]
        if names := _differing(row, _asked_by(row, later)):
            yield f"Opt-out {row.pk}: entry {row.ledger_entry_id} says otherwise ({names})."
        ends = ENDED_BY.get(OptOutState(row.state), ())
        if ends and not pruned and not any(each.action in ends for each in later):
            yield f"Opt-out {row.pk}: no entry says that it was {row.state} (state)."


def _asked_by(row: OptOut, later: Sequence[LedgerEntry]) -> dict[str, Any]:
    """Return what an opt-out holds by its entry, and by the one that added how they asked."""
    entry = row.ledger_entry
    told: dict[str, Any] = {
        "number": entry.number,
        "contact_id": entry.contact_id,
        "staff_name": entry.staff_name,
        "recorded_at": entry.at,
        "asked_at": entry.asked_at or entry.at,
        "reason": entry.reason,
        "channel": entry.channel or Channel.UNRECORDED,
    }
    for each in later:
        if each.action == Action.STOP_DETAILED and each.after.get("opt_out") == row.pk:
            told["asked_at"] = min(each.asked_at or told["asked_at"], told["asked_at"])
            told["reason"], told["channel"] = each.reason, each.channel or told["channel"]
    return told


def check_states(page: list[ConsentState]) -> Iterator[str]:
    numbers = [each.number for each in page]
    passed = LedgerEntry.objects.filter(action=Action.NUMBER_REASSIGNED, number__in=numbers)
    newest = dict(passed.order_by().values_list("number").annotate(at=Max("asked_at")))
    # A pruned entry can't be told from one that never existed.
    pruned = PrunedEntry.objects.exists()
    columns = (
        record.STATE_COLUMNS if record.vendors_are_those() else record.STATE_COLUMNS_OF_ANY_VENDORS
    )
    expected = record.expected_states(numbers)
    for kept in page:
        right = expected.get(kept.number)
        names = [name for name in columns if getattr(kept, name) != getattr(right, name, None)]
        at = newest.get(kept.number)
        if kept.reassigned_at != at and not (at is None and pruned):
            names.append("reassigned_at")
        if names:
            yield f"The verdict kept for {kept.number} does not follow from its record ({', '.join(names)})."
