"""Wishes: what we want each vendor to hold for a number. Writing them down, and finding those that are due.

Level-triggered, as a thermostat is: a row holds the present wish, and `delivery` sends it until the vendor has settled
that version. Whoever writes a wish takes the ledger's turn first and locks rows after that, as `delivery` does: one
order for all, so that no two wait for each other.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import LedgerEntry, Vendor, Wish
from contacts_ui.models.wish import WishQuerySet, WishState
from contacts_ui.services import ledger, lift_requests
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
    """Write down a new wish for `number` (E.164) at `vendor`; call it inside the transaction of its ledger entry.

    `batch` says that a bulk job wishes it, so that it gives way to what people wish. A person's wish that is still on
    its way stays as urgent as it was, whoever wishes after them.
    """
    now = timezone.now()
    wish, _ = Wish.objects.select_for_update().get_or_create(
        number=number,
        vendor=vendor,
        defaults={"do_not_text": do_not_text, "wished_at": now, "ledger_entry": entry},
    )
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


def wish_everywhere(
    entry: LedgerEntry, *, do_not_text: bool, status: str, batch: bool = False
) -> list[int]:
    """Write down the wish of a ledger entry for every connected vendor; return the keys of the rows.

    `status` is what SlickText shall hold; `batch` as in `wish_for`. Call it inside the transaction of the entry. A lift
    request that waits for this number has nothing left to ask for.
    """
    lift_requests.overtaken(entry, do_not_text=do_not_text)
    return [
        wish_for(
            number=entry.number,
            vendor=vendor,
            do_not_text=do_not_text,
            opt_in_status=status if vendor == Vendor.SLICKTEXT else "",
            entry=entry,
            batch=batch,
        ).pk
        for vendor in connected()
    ]


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
            status = OptInStatus.UNSUBSCRIBED if vendor == Vendor.SLICKTEXT else ""
            wish_for(
                number=stop.number,
                vendor=vendor,
                do_not_text=True,
                opt_in_status=status,
                entry=stop.ledger_entry,
                batch=True,
            )
    return len(stops)


def _untold(vendor: Vendor) -> WishQuerySet:
    told = Wish.objects.filter(vendor=vendor, number=OuterRef("number"))
    return Wish.objects.filter(do_not_text=True).exclude(vendor=vendor).exclude(Exists(told))


def due_now(
    vendor: Vendor | None = None, *, batch: bool | None = None, limit: int = 100
) -> list[int]:
    """The keys of wishes that want a call now, as `due` has them; of one vendor, or of bulk jobs or people alone."""
    rows = due().filter(vendor=vendor) if vendor else due()
    if batch is not None:
        rows = rows.filter(batch=batch)
    return list(rows.values_list("pk", flat=True)[:limit])


def being_sent(keys: Iterable[int]) -> bool:
    """Whether somebody is just calling a vendor about one of these wishes for the first time."""
    leased = Wish.objects.unsettled().filter(pk__in=keys, leased_until__gt=timezone.now())
    return leased.filter(attempts=0).exists()


def due() -> WishQuerySet:
    """The wishes that want a call now and that nobody is calling about.

    People's come before those of bulk jobs; of each, stops come first, then the oldest.
    """
    return Wish.objects.due(timezone.now()).order_by("batch", "-do_not_text", "due_at")
