"""Tell CloudContactAI again of every stop that it holds, since most accounts can't be read back.

Each stop is told again within `STOP_RENEWAL_DAYS`, the oldest confirmation first, spread evenly, with the priority of a
sync. Telling again is not saying again (rule 10): no statement, no ledger entry, and only `confirmed_at` moves. Where
the account answers reads (`register_reads`), only stops that were not seen in time are told.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Min, Q
from django.utils import timezone

from contacts_ui.integrations.manner import RENEW
from contacts_ui.models import LiftRequest, Statement, Vendor, VendorAbility, Wish
from contacts_ui.models.abilities import READS
from contacts_ui.models.consent import Source
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.models.wish import WishQuerySet, WishState
from contacts_ui.services import budget
from contacts_ui.services.consent import delivery
from contacts_ui.services.consent.business_days import due_after
from contacts_ui.services.consent.desired_state import is_in_a_call
from contacts_ui.services.consent.rules import VENDOR_CLOCK_TOLERANCE, moment_of
from contacts_ui.services.vendors import account, connected, leases, offered

RENEWAL: Final = "renewal"
ECHOES: Final = "CloudContactAI reports a repeated stop back to us. It changes nothing here."
STOPS_PER_TURN: Final = 20
PAUSE: Final = timedelta(seconds=10)
# A number whose call got no answer lets the others go first for so long.
PUT_BACK: Final = timedelta(hours=1)
# A stop whose turn comes in this moment is not called overdue.
OVERDUE_GRACE: Final = timedelta(minutes=10)
# Ten business days are never longer.
WAITING_MAX: Final = timedelta(days=30)
STATEMENTS_AT_ONCE: Final = 1_000


@dataclass(frozen=True)
class RenewalState:
    """How fresh CloudContactAI's confirmations are; `overdue` counts those older than `days`, 0 being off.

    `read_back`: the account answers reads. `echo` says that it reports repeats back to us; "" if it was not seen to.
    """

    days: float
    read_back: bool
    stops: int
    overdue: int
    oldest_at: datetime | None
    echo: str


def go_on() -> int:
    """Tell the next stops again, if it is time, and return how many. Never raises for a vendor's failure."""
    period = timedelta(days=settings.STOP_RENEWAL_DAYS)
    if not period or Vendor.CLOUDCONTACTAI not in connected():
        return 0
    turn = _take()
    if turn is None:
        return 0
    _look_for_echoes(turn)
    now = timezone.now()
    interval = max(period / max(_held().count(), 1), timedelta.resolution)
    # What was missed while no worker ran is overdue, and no reason for a burst.
    paced_to = max(_paced_to(turn, now), now - STOPS_PER_TURN * interval)
    paced = 0 if is_read_back() else (now - paced_to) // interval
    wait = _wait()
    told = 0
    for place, wish in enumerate(() if wait else renewable(now)[:STOPS_PER_TURN]):
        is_overdue = wish.confirmed_at is not None and wish.confirmed_at <= now - period
        if (place >= paced and not is_overdue) or timezone.now() - now > PAUSE:
            break
        if not _tell(wish):
            wait = max(leases.PAUSE_AFTER_ERROR, _wait())
            break
        told += 1
    turn.mark["paced_to"] = min(paced_to + told * interval, now).isoformat()
    leases.save(turn, max(PAUSE, wait), words=turn.words)
    return told


def renewable(now: datetime) -> WishQuerySet:
    """Return the stops that may be told again, the oldest confirmation first.

    Not those of people whose lift request waits: ten business days at most, since consent would be written over.
    """
    waiting = LiftRequest.objects.filter(
        state=LiftRequestState.WAITING, asked_at__gt=now - WAITING_MAX
    )
    asked = [
        number
        for number, asked_at in waiting.values_list("number", "asked_at")
        if due_after(asked_at) > now
    ]
    rows = _held().filter(
        state=WishState.CONFIRMED, confirmed_do_not_text=True, due_at=None, lease=""
    )
    rows = rows.exclude(number__in=asked).exclude(unanswered_at__gt=now - PUT_BACK)
    return rows.order_by("confirmed_at")


def is_read_back() -> bool:
    """Return True if CloudContactAI's account answers reads: then what was seen need not be told again."""
    return offered(Vendor.CLOUDCONTACTAI, READS)


def state() -> RenewalState | None:
    """Return how fresh the confirmations are, for the status page; None where CloudContactAI is not connected."""
    if Vendor.CLOUDCONTACTAI not in connected():
        return None
    days = settings.STOP_RENEWAL_DAYS
    before = timezone.now() - timedelta(days=days) - OVERDUE_GRACE
    held = _held().filter(state=WishState.CONFIRMED, confirmed_do_not_text=True)
    found = held.aggregate(
        stops=Count("pk"),
        overdue=Count("pk", filter=Q(confirmed_at__lt=before)),
        oldest_at=Min("confirmed_at"),
    )
    row = VendorAbility.objects.filter(vendor=Vendor.CLOUDCONTACTAI, name=RENEWAL).first()
    return RenewalState(
        days=days,
        read_back=is_read_back(),
        stops=found["stops"],
        overdue=found["overdue"] if days else 0,
        oldest_at=found["oldest_at"],
        echo=row.words if row else "",
    )


def _held() -> WishQuerySet:
    """Return every stop that CloudContactAI ever confirmed: an index counts them."""
    return Wish.objects.filter(
        vendor=Vendor.CLOUDCONTACTAI, do_not_text=True, confirmed_at__isnull=False
    )


def _take() -> VendorAbility | None:
    """Return the renewal's row if it is time and no other worker renews; its `next_at` is the lease."""
    now, ours = timezone.now(), account(Vendor.CLOUDCONTACTAI)
    row, _ = VendorAbility.objects.get_or_create(
        vendor=Vendor.CLOUDCONTACTAI, name=RENEWAL, defaults={"next_at": now, "account": ours}
    )
    mine = VendorAbility.objects.filter(pk=row.pk, next_at=row.next_at)
    if (row.next_at and row.next_at > now) or not mine.update(next_at=now + leases.LEASE):
        return None
    row.next_at = now + leases.LEASE
    if row.account != ours:
        # Another account may report repeats back, or not.
        row.account, row.words = ours, ""
        row.save(update_fields=["account", "words"])
    return row


def _paced_to(turn: VendorAbility, now: datetime) -> datetime:
    """Return up to when the pace is kept; it begins with the first turn."""
    kept = turn.mark.get("paced_to")
    return datetime.fromisoformat(kept) if kept else now


def _wait() -> timedelta:
    """Return how long CloudContactAI asked us to pause."""
    return timedelta(seconds=budget.room_in(Vendor.CLOUDCONTACTAI, RENEW.priority))


def _tell(wish: Wish) -> bool:
    """Tell one stop again; return False if the vendor is in trouble. A refusal is no trouble, and needs a decision."""
    if not delivery.repeat(wish.pk, manner=RENEW):
        # Another process sends a newer wish.
        return True
    kept = Wish.objects.only("state", "confirmed_at").get(pk=wish.pk)
    return kept.state != WishState.CONFIRMED or kept.confirmed_at != wish.confirmed_at


def _look_for_echoes(turn: VendorAbility) -> None:
    """Note whether a stop that was repeated came back as an event: said in a call, after the stop was held."""
    if turn.words:
        return
    news = Statement.objects.filter(pk__gt=turn.mark.get("statements", 0)).order_by("pk")
    rows = list(news[:STATEMENTS_AT_ONCE])
    if not rows:
        return
    turn.mark["statements"] = rows[-1].pk
    back = [each for each in rows if each.told_back and each.source == Source.VENDOR_MARK]
    numbers = {each.number for each in back}
    told = {wish.number: wish for wish in _held().filter(number__in=numbers)} if numbers else {}
    if any(_is_an_echo(each, told.get(each.number)) for each in back):
        turn.words = ECHOES


def _is_an_echo(said: Statement, wish: Wish | None) -> bool:
    if wish is None or wish.held_since is None:
        return False
    moment = moment_of(said)
    return moment > wish.held_since + VENDOR_CLOCK_TOLERANCE and is_in_a_call(wish, moment)
