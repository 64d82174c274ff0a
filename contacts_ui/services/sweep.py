"""A walk round all stopped numbers, so that a disagreement is found also where nobody looks.

A few calls every few seconds, with the priority of a sync: people, stops and batches come first, and where the budget
has no room it waits. How far it has come is in the database: many workers share one walk, and a restart goes on.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import (
    BadCredentials,
    BudgetSpent,
    Refused,
    Unreadable,
    VendorError,
)
from contacts_ui.integrations.manner import SWEEP
from contacts_ui.models import Sweep, Vendor, Wish
from contacts_ui.services.consent import disagreements, readings
from contacts_ui.services.vendors import connected, to_slicktext

# Two calls a second at most: a quarter of the plan, when nobody else wants it.
AT_ONCE = 20
PAUSE = timedelta(seconds=10)
# Longer than a slow batch lasts; a worker that dies holds the walk up no longer.
LEASE = timedelta(minutes=5)
AFTER_TROUBLE = timedelta(minutes=1)
NEXT_ROOM = timedelta(seconds=1)


def go_on() -> int:
    """Look at the next few stopped numbers, if it is time; return at how many. Never raises for a vendor's failure."""
    disagreements.close_agreed()
    if not settings.DISAGREEMENT_SWEEP_HOURS or Vendor.SLICKTEXT not in connected():
        return 0
    walk = _take()
    if walk is None:
        return 0
    if not walk.after:
        walk.round_started_at = timezone.now()
    stops = Wish.objects.filter(vendor=Vendor.SLICKTEXT, do_not_text=True, pk__gt=walk.after)
    batch = list(stops.order_by("pk")[:AT_ONCE])
    seen, trouble = 0, None
    for wish in batch:
        trouble = _look(wish)
        if trouble:
            break
        walk.after, seen = wish.pk, seen + 1
    walk.next_at = timezone.now() + _pause(trouble)
    if len(batch) < AT_ONCE and not trouble:
        walk.after, walk.next_at = 0, _next_round(walk)
    walk.save()
    return seen


def _take() -> Sweep | None:
    """The walk, if it is time for its next steps and no other worker makes them."""
    now = timezone.now()
    Sweep.objects.get_or_create(pk=1, defaults={"next_at": now})
    if not Sweep.objects.filter(pk=1, next_at__lte=now).update(next_at=now + LEASE):
        return None
    return Sweep.objects.get(pk=1)


def _look(wish: Wish) -> VendorError | None:
    """Read who has the number now, and record what that means. Returns why to wait, if at all."""
    read_at = timezone.now()
    try:
        found = slicktext.find_contacts(to_slicktext(), wish.number, manner=SWEEP)
    except BadCredentials as error:
        return error
    except (Refused, Unreadable):
        # About this number alone: the walk goes on.
        return None
    except VendorError as error:
        return error
    readings.learn(found, read_at, now=True)
    return None


def _pause(trouble: VendorError | None) -> timedelta:
    if trouble is None:
        return PAUSE
    if isinstance(trouble, BudgetSpent):
        # Others come first; that is no trouble.
        return max(NEXT_ROOM, timedelta(seconds=trouble.retry_after or 0))
    return max(AFTER_TROUBLE, timedelta(seconds=trouble.retry_after or 0))


def _next_round(walk: Sweep) -> datetime:
    started_at = walk.round_started_at or timezone.now()
    return max(
        started_at + timedelta(hours=settings.DISAGREEMENT_SWEEP_HOURS), timezone.now() + PAUSE
    )
