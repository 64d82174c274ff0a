"""Tell CloudContactAI again of every stop that it holds, since most accounts can't be read back.

Each stop is told again within `STOP_RENEWAL_DAYS`, the oldest confirmation first, spread evenly, with the priority of a
sync. Telling again is not saying again (rule 10): no statement, no audit log entry; only `confirmed_at` moves. If the
account answers reads (`cloudcontactai_readings`), only stops that were not seen in time are told again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from contacts_ui.integrations.call_policy import RENEW
from contacts_ui.models import DesiredState, LiftRequest, Statement, Vendor, VendorAbility
from contacts_ui.models.abilities import READS
from contacts_ui.models.consent import Source
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.services.consent import delivery
from contacts_ui.services.consent.business_days import due_after
from contacts_ui.services.consent.desired_state import is_in_a_call
from contacts_ui.services.consent.rules import VENDOR_CLOCK_TOLERANCE
from contacts_ui.services.vendors import account, connected, leases, offered, rate_limit

RENEWAL: Final = "renewal"
ECHOES: Final = "CloudContactAI reports a repeated stop back to us. It changes nothing here."
STOPS_PER_TURN: Final = 20
TURN_PAUSE: Final = timedelta(seconds=10)
# After a turn with nothing to tell.
QUIET_PAUSE: Final = timedelta(minutes=1)
# A number whose call got no answer lets the others go first for so long.
UNANSWERED_PAUSE: Final = timedelta(hours=1)
# A stop whose turn comes in this moment is not called overdue.
OVERDUE_GRACE: Final = timedelta(minutes=10)
# Ten business days are never longer.
WAITING_MAX: Final = timedelta(days=30)
STATEMENTS_MAX_ROWS: Final = 1_000


@dataclass(frozen=True)
class RenewalState:
    """How fresh CloudContactAI's confirmations are; `overdue` counts those older than `days` (0: off).

    Stops whose lift request waits are not counted.

    `read_back`: the account answers reads. `echo` says that it reports repeats back to us; "" if none was seen.
    """

    days: float
    read_back: bool
    stops: int
    overdue: int
    oldest_at: datetime | None
    echo: str


def run_due() -> int:
    """Send the next stops again, if it is time; return how many. Never raises for a vendor's failure."""
    period = timedelta(days=settings.STOP_RENEWAL_DAYS)
    if not period or Vendor.CLOUDCONTACTAI not in connected():
        return 0
    turn = _take()
    if turn is None:
        return 0
    _look_for_echoes(turn)
    now = timezone.now()
    interval = max(period / max(_held().count(), 1), timedelta.resolution)
    # What was missed while no worker ran is overdue, but must not come in one burst.
    kept = turn.mark.get("paced_to")
    paced_to = max(datetime.fromisoformat(kept) if kept else now, now - STOPS_PER_TURN * interval)
    paced = 0 if is_read_back() else (now - paced_to) // interval
    wait = _wait()
    told = 0
    for place, desired in enumerate(() if wait else renewable(now)[:STOPS_PER_TURN]):
        is_overdue = desired.confirmed_at is not None and desired.confirmed_at <= now - period
        if (place >= paced and not is_overdue) or timezone.now() - now > TURN_PAUSE:
            break
        if not _tell(desired):
            wait = max(leases.RETRY_PAUSE, _wait())
            break
        told += 1
    turn.mark["paced_to"] = min(paced_to + told * interval, now).isoformat()
    pause = max(TURN_PAUSE if told or wait else QUIET_PAUSE, wait)
    leases.release(turn, pause, mark=turn.mark, words=turn.words)
    return told


def renewable(now: datetime) -> QuerySet[DesiredState]:
    """Return the stops that may be told again now, the oldest confirmation first."""
    free = _renewed(now).filter(due_at=None, lease="")
    return free.exclude(unanswered_at__gt=now - UNANSWERED_PAUSE).order_by("confirmed_at")


def _renewed(now: datetime) -> QuerySet[DesiredState]:
    """Return the stops that are kept fresh.

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
    rows = _held().filter(state=DeliveryState.CONFIRMED, confirmed_do_not_text=True)
    return rows.exclude(number__in=asked)


def is_read_back() -> bool:
    """Return True if CloudContactAI's account answers reads: then what was seen need not be told again."""
    return offered(Vendor.CLOUDCONTACTAI, READS)


def state() -> RenewalState | None:
    """Return how fresh the confirmations are, for the status page; None if CloudContactAI is not connected."""
    if Vendor.CLOUDCONTACTAI not in connected():
        return None
    days, now = settings.STOP_RENEWAL_DAYS, timezone.now()
    before = now - timedelta(days=days) - OVERDUE_GRACE
    found = _renewed(now).aggregate(
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


def _held() -> QuerySet[DesiredState]:
    """Return every stop that CloudContactAI ever confirmed: an index counts them."""
    return DesiredState.objects.filter(
        vendor=Vendor.CLOUDCONTACTAI, do_not_text=True, confirmed_at__isnull=False
    )


def _take() -> VendorAbility | None:
    """Return the renewal's row if it is time and no other worker renews; its `next_at` is the lease."""
    now, ours = timezone.now(), account(Vendor.CLOUDCONTACTAI)
    VendorAbility.objects.get_or_create(
        vendor=Vendor.CLOUDCONTACTAI, name=RENEWAL, defaults={"next_at": now, "account": ours}
    )
    due = VendorAbility.objects.filter(vendor=Vendor.CLOUDCONTACTAI, name=RENEWAL, next_at__lte=now)
    row = leases.take(due, leases.LEASE)
    if row is not None and row.account != ours:
        # Another account may or may not report repeats back.
        row.account, row.words = ours, ""
        row.save(update_fields=["account", "words"])
    return row


def _wait() -> timedelta:
    """Return how long CloudContactAI asked us to pause."""
    return timedelta(seconds=rate_limit.room_in(Vendor.CLOUDCONTACTAI, RENEW.priority))


def _tell(desired: DesiredState) -> bool:
    """Send one stop again; return False if the vendor fails. A refusal is not a failure: it needs a decision."""
    if not delivery.repeat(desired.pk, policy=RENEW):
        # Another process sends a newer state.
        return True
    kept = DesiredState.objects.only("state", "confirmed_at").get(pk=desired.pk)
    return kept.state != DeliveryState.CONFIRMED or kept.confirmed_at != desired.confirmed_at


def _look_for_echoes(turn: VendorAbility) -> None:
    """Note whether a stop that was repeated came back as an event: said in a call, after the stop was held."""
    if turn.words:
        return
    news = Statement.objects.filter(pk__gt=turn.mark.get("statements", 0)).order_by("pk")
    rows = list(news[:STATEMENTS_MAX_ROWS])
    if not rows:
        return
    turn.mark["statements"] = rows[-1].pk
    back = [each for each in rows if each.told_back and each.source == Source.VENDOR_MARK]
    held = _held().filter(number__in={each.number for each in back}, held_since__isnull=False)
    told = {desired.number: desired for desired in held}
    for each in back:
        desired, moment = told.get(each.number), each.moment
        since = desired.held_since if desired else None
        later = since is not None and moment > since + VENDOR_CLOCK_TOLERANCE
        if desired and later and is_in_a_call(desired, moment):
            turn.words = ECHOES
