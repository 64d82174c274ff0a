"""What needs a manager's decision: refusals, events that we could not act on, and reassigned numbers."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from contacts_ui.models import DesiredState, LedgerEntry, Vendor, WebhookEvent
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff
from contacts_ui.phone import pretty
from contacts_ui.services.consent import vendor_events
from contacts_ui.services.consent.record import passed_on
from contacts_ui.services.consent.rules import Judgment, OptInStatus
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.webhooks import cloudcontactai, payloads, slicktext

# Of each kind, on one page.
ROWS_MAX = 500
REFUSALS = (Action.STOP_REFUSED, Action.CONSENT_REFUSED)


@dataclass(frozen=True)
class Refusal:
    """A desired state that its vendor refused; `since` is None if unknown."""

    desired: DesiredState
    since: datetime | None

    @property
    def vendor(self) -> str:
        return Vendor(self.desired.vendor).label


def refusals(limit: int = ROWS_MAX) -> list[Refusal]:
    """Return refusals that were neither retried nor settled: stops first, then the oldest."""
    refused = DesiredState.objects.filter(state=DeliveryState.REFUSED)
    refused = refused.select_related("ledger_entry").order_by("-do_not_text", "requested_at")
    rows = list(refused[:limit])
    numbers = {row.number for row in rows}
    entries = LedgerEntry.objects.filter(action__in=REFUSALS, number__in=numbers)
    latest = entries.order_by().values_list("number", "vendor").annotate(at=Max("at"))
    since = {(number, vendor): at for number, vendor, at in latest}
    return [Refusal(row, since.get((row.number, row.vendor))) for row in rows]


def who_of(desired: DesiredState) -> str:
    """Return the name that was on the screen when a stop or consent was pressed, or the number."""
    return str(desired.ledger_entry.before.get("label") or "") or pretty(desired.number)


@dataclass(frozen=True)
class Unplaced:
    """An event that mentions a stop and names no one we can stop: the vendor's words, and whose it may be."""

    event: WebhookEvent
    facts: list[tuple[str, str]]
    said_at: datetime | None
    number: str

    @property
    def vendor(self) -> str:
        return Vendor(self.event.vendor).label


def unplaced(limit: int = ROWS_MAX) -> list[Unplaced]:
    """Return the events that wait for a person's decision, the oldest first."""
    waiting = WebhookEvent.objects.filter(needs_decision=True).order_by("pk")[:limit]
    return [_unplaced(event) for event in waiting]


@dataclass(frozen=True)
class Reassigned:
    """A number (E.164) that passed to another person at `at`, so that consent from before is void; `words` say so."""

    number: str
    at: datetime
    words: str


def reassigned(limit: int = ROWS_MAX) -> list[Reassigned]:
    """Return numbers that are *Not known* since they passed to another person, the latest first.

    Vendors are not told about *Not known*, so they may still text them.
    """
    rows = list(passed_on().order_by("-reassigned_at")[:limit])
    entries = LedgerEntry.objects.filter(
        action=Action.NUMBER_REASSIGNED, number__in=[row.number for row in rows]
    )
    words = dict(entries.order_by("pk").values_list("number", "reason"))
    return [
        Reassigned(row.number, row.reassigned_at, words.get(row.number, ""))
        for row in rows
        if row.reassigned_at
    ]


def match(*, staff: Staff, pk: int, number: str) -> Judgment:
    """Record an event as the stop of a number (E.164).

    Raise NotAllowed, WebhookEvent.DoesNotExist, consent.types.AlreadyDecided.
    """
    found = _unplaced(WebhookEvent.objects.get(pk=pk))
    said = "; ".join(f"{name}: {value}" for name, value in found.facts)
    blocked = any(value.lower() == OptInStatus.BLOCKED for _, value in found.facts)
    return vendor_events.match_event(
        staff=staff,
        pk=pk,
        seen=Seen(number, label=pretty(number)),
        at=found.said_at,
        status=OptInStatus.BLOCKED if blocked else OptInStatus.UNSUBSCRIBED,
        words=f"{found.vendor} told us, and it was matched by hand: {said}"[:2000],
    )


def _unplaced(event: WebhookEvent) -> Unplaced:
    ours = event.vendor == Vendor.SLICKTEXT
    said_at = slicktext.said_at(event) if ours else cloudcontactai.said_at(event)
    named = [each.number for each in slicktext.people_in(event.body)] if ours else []
    number = next(filter(None, named), "") if ours else cloudcontactai.number_of(event.body)
    # What speaks of a stop comes first: pages show a part.
    facts = sorted(
        payloads.facts(event.body), key=lambda fact: not payloads.speaks_of_a_stop(dict([fact]))
    )
    return Unplaced(event, facts, said_at, number or "")
