"""Everything that the audit log proves about one number, for a person who was not there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils import timezone

from contacts_ui.models import (
    DesiredState,
    IncomingMessage,
    LedgerEntry,
    LiftRequest,
    OptOut,
    Statement,
    Vendor,
)
from contacts_ui.models.ledger import Action
from contacts_ui.services.audit_log import entries_about
from contacts_ui.services.consent.record import statements_of
from contacts_ui.services.messages.sent_texts import texts_after_stop
from contacts_ui.services.review.numbers import NumberFacts, facts_of
from contacts_ui.services.review.texts_after_stop import TextAfterStop, of_texts
from contacts_ui.services.vendors import connected
from contacts_ui.services.verification import (
    Head,
    Pruned,
    broken_among,
    guards_missing,
    head_now,
    pruned_so_far,
)

# What both vendors are told about.
REQUEST_ACTIONS = (
    Action.STOP_REQUESTED.value,
    Action.STOP_UNDONE.value,
    Action.CONSENT_REQUESTED.value,
    Action.DISAGREEMENT_REPAIRED.value,
)


@dataclass(frozen=True)
class Request:
    """One time that texts were stopped or allowed: its entry, its opt-out, and what each vendor answered."""

    entry: LedgerEntry
    opt_out: OptOut | None
    answers: Sequence[LedgerEntry]

    @property
    def is_stop(self) -> bool:
        return self.opt_out is not None or self.entry.action == Action.STOP_REQUESTED

    @property
    def asked_at(self) -> datetime:
        return self.entry.asked_at or self.entry.at


@dataclass(frozen=True)
class Holding:
    """What we want one vendor to hold, and what it confirmed last; `desired` is None if we never told it."""

    vendor: Vendor
    connected: bool
    desired: DesiredState | None


@dataclass(frozen=True)
class Sheet:
    """The evidence about one number (E.164) at one moment. `problems` says what is wrong with its entries.

    `pruned` is what was removed from the whole audit log, whatever number it was about.
    """

    number: str
    made_at: datetime
    facts: NumberFacts
    statements: Sequence[Statement]
    names: Sequence[str]
    contact_ids: Sequence[int]
    other_numbers: Sequence[str]
    requests: Sequence[Request]
    lift_requests: Sequence[LiftRequest]
    # Messages that became no statement expire.
    messages: Sequence[IncomingMessage]
    holdings: Sequence[Holding]
    texts: Sequence[TextAfterStop]
    entries: Sequence[LedgerEntry]
    problems: Sequence[str]
    guarded: bool
    head: Head
    pruned: Pruned | None


def sheet(number: str) -> Sheet:
    """Return the evidence about `number` from the audit log. Call no vendor."""
    made_at, head = timezone.now(), head_now()
    statements = list(statements_of(number).select_related("ledger_entry"))
    # One entry may be about many numbers, and prove a statement about this one.
    found = {each.ledger_entry_id: each.ledger_entry for each in statements}
    found |= {entry.pk: entry for entry in entries_about(number)}
    entries = [found[key] for key in sorted(found)]
    opt_outs = {row.ledger_entry_id: row for row in OptOut.objects.filter(number=number)}
    desired = {row.vendor: row for row in DesiredState.objects.filter(number=number)}
    there = connected()
    contact_ids = sorted({entry.contact_id for entry in entries if entry.contact_id is not None})
    return Sheet(
        number=number,
        made_at=made_at,
        facts=facts_of(number),
        statements=statements,
        names=_names(entries, opt_outs.values()),
        contact_ids=contact_ids,
        other_numbers=_other_numbers(number, contact_ids),
        requests=[
            Request(
                entry,
                opt_outs.get(entry.pk),
                [each for each in entries if each.answer.get("request") == entry.pk],
            )
            for entry in entries
            if entry.action in REQUEST_ACTIONS
        ],
        lift_requests=list(LiftRequest.objects.filter(number=number).order_by("asked_at", "pk")),
        messages=list(IncomingMessage.objects.filter(number=number).order_by("heard_at", "pk")),
        holdings=[Holding(each, each in there, desired.get(each.value)) for each in Vendor],
        texts=of_texts(texts_after_stop(number)),
        entries=entries,
        problems=list(broken_among(entries)),
        guarded=not guards_missing(),
        head=head,
        pruned=pruned_so_far(),
    )


def _names(entries: Iterable[LedgerEntry], opt_outs: Iterable[OptOut]) -> list[str]:
    """Return the names under which the screen showed this number, the oldest first."""
    labels = [str(entry.before.get("label") or "") for entry in entries]
    labels += [row.label for row in opt_outs]
    return [label for label in dict.fromkeys(labels) if any(map(str.isalpha, label))]


def _other_numbers(number: str, contact_ids: Sequence[int]) -> list[str]:
    """Return the numbers that the same contacts had in other entries."""
    others = LedgerEntry.objects.filter(contact_id__in=contact_ids).exclude(number__in=(number, ""))
    latest = others.order_by().values("number").annotate(last=Max("pk")).order_by("last")
    return list(latest.values_list("number", flat=True))
