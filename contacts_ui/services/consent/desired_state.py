"""Desired state: what each vendor should hold for a number, derived from its record; and what is due for delivery.

Level-triggered, like a thermostat: a row holds the present state, and `delivery` sends it until the vendor has
confirmed that version. Writers take the audit log's turn first and lock rows after that, as `delivery` does. One order
for all, so that no two wait for each other.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import ConsentState, DesiredState, LedgerEntry, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services import audit_log, index
from contacts_ui.services.consent import record
from contacts_ui.services.consent.rules import STOPPED_STATUSES, VENDOR_CLOCK_TOLERANCE, unanswered
from contacts_ui.services.vendors import connected


def set_desired_state(
    *,
    number: str,
    vendor: Vendor,
    do_not_text: bool,
    opt_in_status: str = "",
    entry: LedgerEntry,
    batch: bool = False,
) -> DesiredState:
    """Write what `vendor` should hold for `number` (E.164). Call it inside the transaction of its audit log entry.

    Only SlickText has a status. With `batch` the row gives way to people's; one that is on its way stays urgent.
    """
    now = timezone.now()
    # The audit log's turn lets one writer in, so no other process adds this row now.
    rows = DesiredState.objects.select_for_update().filter(number=number, vendor=vendor)
    desired = rows.first() or DesiredState(number=number, vendor=vendor)
    desired.batch = batch and (desired.settled or desired.batch)
    desired.do_not_text = do_not_text
    desired.opt_in_status = opt_in_status if vendor == Vendor.SLICKTEXT else ""
    desired.version += 1
    desired.requested_at = desired.due_at = now
    desired.expires_at = (
        None if do_not_text else now + timedelta(hours=settings.OPT_IN_EXPIRES_HOURS)
    )
    desired.ledger_entry = entry
    desired.state = DeliveryState.ON_ITS_WAY
    desired.answer = ""
    desired.attempts = 0
    desired.save()
    return desired


def want_stop(
    entry: LedgerEntry, *, number: str = "", again: bool = True, batch: bool = False
) -> list[int]:
    """Schedule the stop on record for every connected vendor; return the rows' keys.

    Vendors that were told already are told again, unless `again` is False. If newer consent has answered the stop,
    nothing changes. Call it inside the transaction of the entry, after its statement. `number` defaults to the entry's.
    """
    looks = record.derive([number or entry.number])
    if not (looks and looks[0].state.stopped):
        return []
    keys = want_standing_stop(entry, looks[0], again=again, batch=batch)
    record.refresh_verdicts([number or entry.number])
    return keys


def want_standing_stop(
    entry: LedgerEntry, look: record.Derived, *, again: bool = True, batch: bool = False
) -> list[int]:
    """Do as `want_stop` if a stop is known to stand; the caller keeps the verdict."""
    number = look.state.number
    desired_states = list(DesiredState.objects.filter(number=number, do_not_text=True))
    told = {desired.vendor for desired in desired_states}
    vendors = [vendor for vendor in connected() if again or vendor.value not in told]
    status = _strongest(look, desired_states)
    if status == OptInStatus.BLOCKED:
        keep_blocked([number])
    return [
        set_desired_state(
            number=number,
            vendor=vendor,
            do_not_text=True,
            opt_in_status=status,
            entry=entry,
            batch=batch,
        ).pk
        for vendor in vendors
    ]


def want_consent(entry: LedgerEntry, *, back_to: str = "") -> list[int]:
    """Schedule the newest valid consent for every connected vendor. Call it as `want_stop`.

    `back_to` is the status before a press that stopped the wrong person, which is told without consent (rule 6).
    """
    stands = record.standing_of(entry.number)
    if stands.stopped or not (stands.consent or back_to):
        return []
    status = back_to or (stands.consent.status if stands.consent else "")
    keys = [
        set_desired_state(
            number=entry.number,
            vendor=vendor,
            do_not_text=False,
            opt_in_status=status,
            entry=entry,
        ).pk
        for vendor in connected()
    ]
    record.refresh_verdicts([entry.number])
    return keys


def strongest(number: str) -> str:
    """Return what SlickText should hold by a stop: *blocked* is never weakened to *unsubscribed* (rule 9)."""
    looks = record.derive([number])
    desired_states = DesiredState.objects.filter(number=number, do_not_text=True)
    return _strongest(looks[0], desired_states) if looks else OptInStatus.UNSUBSCRIBED


def _strongest(look: record.Derived, desired_states: Iterable[DesiredState]) -> str:
    number = look.state.number
    known = {stop.status for stop in unanswered(look.said)} | {look.state.status}
    known |= {desired.opt_in_status for desired in desired_states}
    indexed = index.by_numbers([number]).get(number, ())
    known |= {each.contact.opt_in_status or "" for each in indexed}
    return OptInStatus.BLOCKED if OptInStatus.BLOCKED in known else OptInStatus.UNSUBSCRIBED


def keep_blocked(numbers: Collection[str]) -> None:
    """Keep what SlickText blocks: what is on its way there, or told again later, must not weaken it (rule 9)."""
    DesiredState.objects.filter(
        number__in=numbers, vendor=Vendor.SLICKTEXT, do_not_text=True
    ).update(opt_in_status=OptInStatus.BLOCKED)


def told_with_contact(number: str, status: str, began: datetime) -> None:
    """Note that saving a contact told SlickText of a stop, so that reading it back adds nothing (rule 10)."""
    desired = DesiredState.objects.filter(
        number=number, vendor=Vendor.SLICKTEXT, do_not_text=True
    ).first()
    if desired is None:
        return
    now = timezone.now()
    desired.calls = [*desired.calls, [began.isoformat(), now.isoformat()]]
    desired.confirmed_do_not_text, desired.confirmed_opt_in_status = True, status
    desired.confirmed_at = now
    note_held(desired)
    desired.save(
        update_fields=[
            "calls", "confirmed_do_not_text", "confirmed_opt_in_status", "confirmed_at", "held_since",
        ]
    )  # fmt: skip
    record.refresh_verdicts([number])


def note_held(desired: DesiredState) -> None:
    """Keep since when a vendor has held the stop. A repeat does not move it; confirmed consent ends it."""
    held_since = desired.held_since or desired.confirmed_at
    desired.held_since = held_since if desired.confirmed_do_not_text else None


def is_told_back(number: str, vendor: str, at: datetime) -> bool:
    """Return True if `at` is during a call that told this vendor about a stop, give or take the tolerance."""
    desired = DesiredState.objects.filter(number=number, vendor=vendor).first()
    return desired is not None and is_in_a_call(desired, at)


def is_in_a_call(desired: DesiredState, at: datetime) -> bool:
    """Return the same for a row that is at hand."""
    for start, end in desired.calls:
        began = datetime.fromisoformat(start) - VENDOR_CLOCK_TOLERANCE
        ended = datetime.fromisoformat(end) if end else timezone.now()
        if began <= at <= ended + VENDOR_CLOCK_TOLERANCE:
            return True
    return False


def carry_over(number: str, status: str | None, read_at: datetime) -> bool:
    """Make a stop due again if SlickText knew no such number when told, and shows it now; return True if so."""
    if not status or status in STOPPED_STATUSES:
        return False
    lost = DesiredState.objects.filter(
        number=number,
        vendor=Vendor.SLICKTEXT,
        do_not_text=True,
        state=DeliveryState.CONFIRMED,
        confirmed_opt_in_status="",
        confirmed_at__lt=read_at,
    )
    return bool(
        lost.update(
            state=DeliveryState.ON_ITS_WAY,
            settled_version=F("version") - 1,
            due_at=timezone.now(),
            answer="",
        )
    )


def tell_vendors_connected_later(*, limit: int = 200) -> int:
    """Write stops for connected vendors that were never told, with the other row's entry; return how many."""
    count = 0
    for vendor in connected():
        told = DesiredState.objects.filter(vendor=vendor, number=OuterRef("number"))
        others = DesiredState.objects.filter(do_not_text=True).exclude(vendor=vendor)
        untold = others.exclude(Exists(told)).order_by("pk")
        if not untold.exists():
            continue
        with transaction.atomic():
            # Workers look at the same time; the second one finds nothing left to do.
            audit_log.take_turn()
            for stop in untold.select_related("ledger_entry")[:limit]:
                set_desired_state(
                    number=stop.number,
                    vendor=vendor,
                    do_not_text=True,
                    opt_in_status=strongest(stop.number) if vendor == Vendor.SLICKTEXT else "",
                    entry=stop.ledger_entry,
                    batch=True,
                )
                record.refresh_verdicts([stop.number])
                count += 1
    return count


def untold() -> QuerySet[ConsentState]:
    """Return the numbers with a stop on record that a connected vendor was never told."""
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
    leased = DesiredState.objects.filter(pk__in=keys, leased_until__gt=timezone.now(), attempts=0)
    return leased.unsettled().exists()


def due(now: datetime | None = None) -> QuerySet[DesiredState]:
    """Return the rows that are due and not leased: people's before bulk jobs', then stops first, then the oldest."""
    now = now or timezone.now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    return DesiredState.objects.filter(free, due_at__lte=now).order_by(
        "batch", "-do_not_text", "due_at"
    )
