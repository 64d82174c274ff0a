"""Desired state: what each vendor shall hold for a number, derived from its record; and what is due to be told.

Level-triggered, as a thermostat is: a row holds what is wanted now, and `delivery` sends it until the vendor has
settled that version. Writers take the ledger's turn first and lock rows after that, as `delivery` does: one order for
all, so that no two wait for each other.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import ConsentState, LedgerEntry, Vendor, Wish
from contacts_ui.models.wish import WishQuerySet, WishState
from contacts_ui.services import index, ledger
from contacts_ui.services.consent import record
from contacts_ui.services.consent.rules import VENDOR_CLOCK_TOLERANCE, unanswered
from contacts_ui.services.consent.verdicts import STOPPED_STATUSES
from contacts_ui.services.vendors import connected


def wish_for(
    *,
    number: str,
    vendor: Vendor,
    do_not_text: bool,
    opt_in_status: str = "",
    entry: LedgerEntry,
    batch: bool = False,
) -> Wish:
    """Write down what is wanted for `number` (E.164) at `vendor`; call it inside the transaction of its ledger entry.

    `batch` says that a bulk job wants it, so that it gives way to what people want. A person's change that is still on
    its way stays as urgent as it was, whatever is wanted after it.
    """
    now = timezone.now()
    # The ledger's turn lets one writer in, so a row that is missing here is missing.
    rows = Wish.objects.select_for_update().filter(number=number, vendor=vendor)
    wish = rows.first() or Wish(number=number, vendor=vendor)
    wish.batch = batch and (wish.settled or wish.batch)
    wish.do_not_text = do_not_text
    wish.opt_in_status = opt_in_status
    wish.version += 1
    wish.wished_at = wish.due_at = now
    wish.expires_at = None if do_not_text else now + timedelta(hours=settings.OPT_IN_EXPIRES_HOURS)
    wish.ledger_entry = entry
    wish.state = WishState.ON_ITS_WAY
    wish.answer = ""
    wish.attempts = 0
    wish.save()
    return wish


def want_stop(
    entry: LedgerEntry, *, number: str = "", again: bool = True, batch: bool = False
) -> list[int]:
    """Want the stop that stands in the record of the entry's number at every connected vendor; return the rows' keys.

    Vendors that hold it as well are told once more unless `again` is False. Where newer consent has answered it,
    nothing is wanted. Call it inside the transaction of the entry, after its statement; `number` is the entry's own
    unless told otherwise.
    """
    looks = record.look([number or entry.number])
    if not (looks and looks[0].state.stopped):
        return []
    keys = want_standing_stop(entry, looks[0], again=again, batch=batch)
    record.told([number or entry.number])
    return keys


def want_standing_stop(
    entry: LedgerEntry, look: record.Look, *, again: bool = True, batch: bool = False
) -> list[int]:
    """As `want_stop`, where a stop is known to stand; the caller keeps what that changes."""
    number = look.state.number
    wishes = list(Wish.objects.filter(number=number, do_not_text=True))
    told = {wish.vendor for wish in wishes}
    vendors = [vendor for vendor in connected() if again or vendor.value not in told]
    status = _strongest(look, wishes)
    if status == OptInStatus.BLOCKED:
        keep_blocked([number])
    return _want(entry, vendors, number=number, do_not_text=True, status=status, batch=batch)


def want_consent(entry: LedgerEntry) -> list[int]:
    """Want what the newest valid consent says, at every connected vendor. Call it as `want_stop`."""
    stands = record.standing_of(entry.number)
    if stands.consent is None:
        return []
    keys = _want(entry, connected(), do_not_text=False, status=stands.consent.status)
    record.told([entry.number])
    return keys


def want_back(entry: LedgerEntry, status: str) -> list[int]:
    """Want what was there before a press that stopped the wrong person (rule 6). Call it as `want_stop`."""
    if record.standing_of(entry.number).stopped:
        return []
    keys = _want(entry, connected(), do_not_text=False, status=status)
    record.told([entry.number])
    return keys


def _want(
    entry: LedgerEntry,
    vendors: Iterable[Vendor],
    *,
    do_not_text: bool,
    status: str,
    number: str = "",
    batch: bool = False,
) -> list[int]:
    number = number or entry.number
    return [
        wish_for(
            number=number,
            vendor=vendor,
            do_not_text=do_not_text,
            opt_in_status=status if vendor == Vendor.SLICKTEXT else "",
            entry=entry,
            batch=batch,
        ).pk
        for vendor in vendors
    ]


def strongest(number: str) -> str:
    """Return what SlickText shall hold by a stop: *blocked* is never weakened to *unsubscribed* (rule 9)."""
    looks = record.look([number])
    wishes = Wish.objects.filter(number=number, do_not_text=True)
    return _strongest(looks[0], wishes) if looks else OptInStatus.UNSUBSCRIBED


def _strongest(look: record.Look, wishes: Iterable[Wish]) -> str:
    number = look.state.number
    known = {stop.status for stop in unanswered(look.said)} | {look.state.status}
    known |= {wish.opt_in_status for wish in wishes}
    indexed = index.by_numbers([number]).get(number, ())
    known |= {each.contact.opt_in_status or "" for each in indexed}
    return OptInStatus.BLOCKED if OptInStatus.BLOCKED in known else OptInStatus.UNSUBSCRIBED


def keep_blocked(numbers: Collection[str]) -> None:
    """Keep what SlickText blocks: what is on its way there, or told again later, must not weaken it (rule 9)."""
    Wish.objects.filter(number__in=numbers, vendor=Vendor.SLICKTEXT, do_not_text=True).update(
        opt_in_status=OptInStatus.BLOCKED
    )


def tell_again(wish: Wish) -> Wish:
    """Have a vendor told once more of what is wanted already: telling again is not saying again (rule 10)."""
    return wish_for(
        number=wish.number,
        vendor=Vendor(wish.vendor),
        do_not_text=wish.do_not_text,
        opt_in_status=wish.opt_in_status,
        entry=wish.ledger_entry,
    )


def settle_by_hand(wish: Wish, note: str) -> None:
    """Settle what a vendor refused: nothing more is sent for it."""
    wish.state, wish.settled_version, wish.due_at = WishState.SETTLED, wish.version, None
    wish.answer = note[:500]
    wish.save(update_fields=["state", "settled_version", "due_at", "answer"])


def told_with_contact(number: str, status: str, began: datetime) -> None:
    """Note that saving a contact told SlickText of a stop, so that reading it back says nothing new (rule 10)."""
    wish = Wish.objects.filter(number=number, vendor=Vendor.SLICKTEXT, do_not_text=True).first()
    if wish is None:
        return
    now = timezone.now()
    wish.calls = [*wish.calls, [began.isoformat(), now.isoformat()]]
    wish.confirmed_do_not_text, wish.confirmed_opt_in_status = True, status
    wish.confirmed_at = now
    note_held(wish)
    wish.save(
        update_fields=[
            "calls", "confirmed_do_not_text", "confirmed_opt_in_status", "confirmed_at", "held_since",
        ]
    )  # fmt: skip
    record.told([number])


def note_held(wish: Wish) -> None:
    """Keep since when a vendor has held the stop: a repeat does not move it, confirmed consent ends it."""
    wish.held_since = (wish.held_since or wish.confirmed_at) if wish.confirmed_do_not_text else None


def is_told_back(number: str, vendor: str, at: datetime) -> bool:
    """Return True where `at` lies inside a call in which we told this vendor of a stop, give or take the tolerance."""
    wish = Wish.objects.filter(number=number, vendor=vendor).first()
    return wish is not None and is_in_a_call(wish, at)


def is_in_a_call(wish: Wish, at: datetime) -> bool:
    """Return the same for a row that is at hand."""
    for start, end in wish.calls:
        began = datetime.fromisoformat(start) - VENDOR_CLOCK_TOLERANCE
        ended = datetime.fromisoformat(end) if end else timezone.now()
        if began <= at <= ended + VENDOR_CLOCK_TOLERANCE:
            return True
    return False


def carry_over(number: str, status: str | None, read_at: datetime) -> bool:
    """Make a stop due again for a number that SlickText did not know when it was told, and shows at `read_at`."""
    if not status or status in STOPPED_STATUSES:
        return False
    lost = Wish.objects.filter(
        number=number,
        vendor=Vendor.SLICKTEXT,
        do_not_text=True,
        state=WishState.CONFIRMED,
        confirmed_opt_in_status="",
        confirmed_at__lt=read_at,
    )
    return bool(
        lost.update(
            state=WishState.ON_ITS_WAY,
            settled_version=F("version") - 1,
            due_at=timezone.now(),
            answer="",
        )
    )


def tell_vendors_connected_later(*, limit: int = 200) -> int:
    """Write down stops for connected vendors that were never told of them; return how many.

    A vendor that gets its keys later has no row for numbers that were stopped before. The row refers to the ledger
    entry of the stop that the other vendor was told.
    """
    return sum(_tell(vendor, limit) for vendor in connected())


def _tell(vendor: Vendor, limit: int) -> int:
    untold = _untold(vendor).order_by("pk")
    if not untold.exists():
        return 0
    with transaction.atomic():
        # Workers look at the same time; the second one finds nothing left to do.
        ledger.take_turn()
        stops = list(untold.select_related("ledger_entry")[:limit])
        for stop in stops:
            status = strongest(stop.number) if vendor == Vendor.SLICKTEXT else ""
            wish_for(
                number=stop.number,
                vendor=vendor,
                do_not_text=True,
                opt_in_status=status,
                entry=stop.ledger_entry,
                batch=True,
            )
            record.told([stop.number])
    return len(stops)


def _untold(vendor: Vendor) -> WishQuerySet:
    told = Wish.objects.filter(vendor=vendor, number=OuterRef("number"))
    return Wish.objects.filter(do_not_text=True).exclude(vendor=vendor).exclude(Exists(told))


def untold() -> QuerySet[ConsentState]:
    """Return the numbers whose stop is on record, and that a connected vendor was never told of."""
    return ConsentState.objects.filter(untold=True).order_by("number")


def due_now(
    vendor: Vendor | None = None, *, batch: bool | None = None, limit: int = 100
) -> list[int]:
    """Return the keys of `due`; of one vendor, or of bulk jobs or people alone."""
    rows = due().filter(vendor=vendor) if vendor else due()
    if batch is not None:
        rows = rows.filter(batch=batch)
    return list(rows.values_list("pk", flat=True)[:limit])


def being_sent(keys: Iterable[int]) -> bool:
    """Return True while a process is calling a vendor about one of these rows for the first time."""
    leased = Wish.objects.unsettled().filter(pk__in=keys, leased_until__gt=timezone.now())
    return leased.filter(attempts=0).exists()


def due() -> WishQuerySet:
    """Return the rows that want a call now and that no process is calling about.

    People's come before those of bulk jobs; of each, stops come first, then the oldest.
    """
    return Wish.objects.due(timezone.now()).order_by("batch", "-do_not_text", "due_at")
