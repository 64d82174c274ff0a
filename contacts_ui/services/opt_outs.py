"""The opt-outs that managers review, kept in step with the ledger and the wishes."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts_ui.models import LedgerEntry, OptOut, Vendor, Wish
from contacts_ui.models.ledger import Channel
from contacts_ui.models.wish import WishState
from contacts_ui.services.business_days import due_after
from contacts_ui.services.vendors import connected

CONFIRMED_AT = {
    Vendor.SLICKTEXT.value: "slicktext_confirmed_at",
    Vendor.CLOUDCONTACTAI.value: "cloudcontactai_confirmed_at",
}


def opened(entry: LedgerEntry, *, label: str = "") -> OptOut:
    """A stop was asked for: write its row, and end the one before it. Call it in the transaction of the entry."""
    ended(entry.number, by="renewed")
    asked_at = entry.asked_at or entry.at
    return OptOut.objects.create(
        ledger_entry=entry,
        number=entry.number,
        contact_id=entry.contact_id,
        label=label[:200],
        channel=entry.channel or Channel.UNRECORDED,
        staff_name=entry.staff_name,
        reason=entry.reason,
        asked_at=asked_at,
        recorded_at=entry.at,
        due_at=due_after(asked_at),
    )


def ended(number: str, *, by: str) -> None:
    """A newer wish for the number took the place of its stop: `by` is lifted, undone or renewed."""
    _present(number).update(ended_at=timezone.now(), ended_by=by)


def outcome(wish: Wish) -> None:
    """A vendor has settled a stop: note it. Call it in the transaction that settles the wish."""
    if not wish.do_not_text:
        return
    rows = _present(wish.number)
    if wish.state in (WishState.CONFIRMED, WishState.SETTLED):
        field = CONFIRMED_AT[wish.vendor]
        rows.filter(**{f"{field}__isnull": True}).update(**{field: timezone.now()})
        _honour(rows)
    elif wish.state == WishState.REFUSED:
        for row in rows:
            names = {*filter(None, row.refused_by.split(", ")), Vendor(wish.vendor).label}
            row.refused_by = ", ".join(sorted(names))
            row.save(update_fields=["refused_by"])


def _present(number: str) -> QuerySet[OptOut]:
    """The opt-out of a number that no newer wish has ended."""
    return OptOut.objects.filter(number=number, ended_at__isnull=True)


def _honour(rows: QuerySet[OptOut]) -> None:
    """An opt-out is honoured once every connected vendor has confirmed it."""
    waiting = Q()
    for vendor in connected():
        waiting |= Q(**{f"{CONFIRMED_AT[vendor.value]}__isnull": True})
    rows.filter(honoured_at__isnull=True).exclude(waiting).update(
        honoured_at=timezone.now(), refused_by=""
    )
