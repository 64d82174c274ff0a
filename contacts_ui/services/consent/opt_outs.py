"""The opt-outs that managers review, derived from the record and kept in step with what vendors answer.

Who asks twice is on the clock twice: a request that was renewed before it was honoured keeps its own deadline, and is
honoured by the confirmation of the newer one.
"""

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from contacts_ui.models import LedgerEntry, OptOut, Vendor, Wish
from contacts_ui.models.ledger import Channel
from contacts_ui.models.opt_out import OPEN, OptOutState
from contacts_ui.models.wish import WishState
from contacts_ui.services.consent.business_days import due_after
from contacts_ui.services.vendors import connected

CONFIRMED_AT = {
    Vendor.SLICKTEXT.value: "slicktext_confirmed_at",
    Vendor.CLOUDCONTACTAI.value: "cloudcontactai_confirmed_at",
}
_KEPT_IN_STEP = (
    *CONFIRMED_AT.values(), "refused_by", "settled_for", "honoured_at", "seconds_to_honour", "state",
)  # fmt: skip


def opened(entry: LedgerEntry, *, label: str = "") -> OptOut:
    """A stop was asked for: write its row, and end the one before it. Call it in the transaction of the entry."""
    ended(entry.number, by=OptOutState.RENEWED)
    asked_at = entry.asked_at or entry.at
    return OptOut.objects.create(
        ledger_entry=entry,
        number=entry.number,
        contact_id=entry.contact_id,
        label=(label or _label_before(entry.number))[:200],
        channel=entry.channel or Channel.UNRECORDED,
        staff_name=entry.staff_name,
        reason=entry.reason,
        asked_at=asked_at,
        recorded_at=entry.at,
        due_at=due_after(asked_at),
    )


def ended(number: str, *, by: str) -> None:
    """A newer wish for the number took the place of its stop: `by` is lifted, undone or renewed."""
    present = OptOut.objects.filter(number=number)
    if by == OptOutState.RENEWED:
        # The person is still owed an answer to what is on the clock.
        state = Case(When(state__in=OPEN, then=F("state")), default=Value(by))
        present.filter(ended_at__isnull=True).update(
            ended_at=timezone.now(), ended_by=by, state=state
        )
        return
    present.filter(Q(ended_at__isnull=True) | Q(state__in=OPEN)).update(
        ended_at=timezone.now(), ended_by=by, state=by
    )


def detailed(row: OptOut, entry: LedgerEntry) -> None:
    """Add how they asked, recorded after the press, to the same request; its clock began when they asked."""
    asked_at = min(entry.asked_at or row.asked_at, row.asked_at)
    row.channel = entry.channel or row.channel
    row.reason = entry.reason
    row.asked_at, row.due_at = asked_at, due_after(asked_at)
    if row.honoured_at:
        row.seconds_to_honour = max((row.honoured_at - asked_at).total_seconds(), 0.0)
    row.save(update_fields=["channel", "reason", "asked_at", "due_at", "seconds_to_honour"])


def outcome(wish: Wish) -> None:
    """A vendor, or a manager by hand, has settled a stop: note it. Call it in the transaction that settles the wish."""
    if not wish.do_not_text:
        return
    for row in _open(wish.number):
        _note(row, wish)
        if _nobody_left(row):
            _close(row)
        row.save(update_fields=_KEPT_IN_STEP)


def tried_again(wish: Wish) -> None:
    """A stop that its vendor had refused is sent once more, so it is on its way again."""
    if not wish.do_not_text:
        return
    for row in _open(wish.number):
        row.refused_by = _without(row.refused_by, wish)
        row.state = OptOutState.REFUSED if row.refused_by else OptOutState.WAITING
        row.save(update_fields=_KEPT_IN_STEP)


def retried(number: str) -> None:
    """A stop is told again at every vendor that refused it."""
    for row in _open(number):
        row.refused_by, row.state = "", OptOutState.WAITING
        row.save(update_fields=_KEPT_IN_STEP)


def _open(number: str) -> QuerySet[OptOut]:
    """Return the requests of a number that are on the clock, locked until the transaction ends."""
    return OptOut.objects.select_for_update().filter(number=number, state__in=OPEN).order_by("pk")


def _note(row: OptOut, wish: Wish) -> None:
    """What was said about one vendor; what a manager settles by hand is never called confirmed."""
    row.refused_by = _without(row.refused_by, wish)
    if wish.state == WishState.CONFIRMED:
        field = CONFIRMED_AT[wish.vendor]
        setattr(row, field, getattr(row, field) or timezone.now())
        row.settled_for = _without(row.settled_for, wish)
    elif wish.state == WishState.SETTLED:
        row.settled_for = _with(row.settled_for, wish)
    elif wish.state == WishState.REFUSED:
        row.refused_by = _with(row.refused_by, wish)
    row.state = OptOutState.REFUSED if row.refused_by else OptOutState.WAITING


def _nobody_left(row: OptOut) -> bool:
    """Return True if every connected vendor has confirmed it, or was settled by hand."""
    return all(
        getattr(row, CONFIRMED_AT[vendor.value]) or vendor.label in row.settled_for.split(", ")
        for vendor in connected()
    )


def _close(row: OptOut) -> None:
    if row.settled_for:
        row.state = OptOutState.SETTLED
        return
    row.honoured_at = timezone.now()
    row.seconds_to_honour = max((row.honoured_at - row.asked_at).total_seconds(), 0.0)
    row.refused_by = ""
    row.state = OptOutState.RENEWED if row.ended_by else OptOutState.HONOURED


def _with(names: str, wish: Wish) -> str:
    return ", ".join(sorted({*filter(None, names.split(", ")), Vendor(wish.vendor).label}))


def _without(names: str, wish: Wish) -> str:
    label = Vendor(wish.vendor).label
    return ", ".join(name for name in names.split(", ") if name != label)


def _label_before(number: str) -> str:
    """Return the name under which the number was last stopped, for a request that brings none."""
    named = OptOut.objects.filter(number=number).exclude(label="").order_by("-pk")
    return named.values_list("label", flat=True).first() or ""
