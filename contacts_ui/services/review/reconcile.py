"""Reconcile: read each stopped number at SlickText again, so that a disagreement is found without anyone looking.

A few calls every few seconds, with the priority of a sync: people, stops and batches come first. Progress is in the
database: workers share one round, and a restart continues it.
"""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.call_policy import RECONCILE
from contacts_ui.integrations.errors import BadCredentials, Refused, Unreadable, VendorError
from contacts_ui.models import DesiredState, ReconcileProgress, Vendor
from contacts_ui.services.consent import disagreements, slicktext_readings
from contacts_ui.services.vendors import connected, leases, to_slicktext

# Two calls a second at most: a quarter of the plan, when nothing else needs it.
BATCH_NUMBERS: Final = 20
PAUSE: Final = timedelta(seconds=10)


def run_due() -> int:
    """Read the next stopped numbers, if it is time; return how many. Raise no VendorError."""
    disagreements.close_agreed()
    if not settings.RECONCILE_HOURS or Vendor.SLICKTEXT not in connected():
        return 0
    now = timezone.now()
    ReconcileProgress.objects.get_or_create(pk=1, defaults={"next_at": now})
    due = ReconcileProgress.objects.filter(pk=1, next_at__lte=now)
    progress = leases.take(due, leases.LEASE)
    if progress is None:
        return 0
    if not progress.after:
        progress.round_started_at = timezone.now()
    stops = DesiredState.objects.filter(vendor=Vendor.SLICKTEXT, do_not_text=True)
    batch = list(stops.filter(pk__gt=progress.after).order_by("pk")[:BATCH_NUMBERS])
    done, pause = 0, PAUSE
    try:
        for desired in batch:
            _read(desired)
            progress.after, done = desired.pk, done + 1
    except VendorError as error:
        pause = leases.pause_after(error)
    if done == len(batch) < BATCH_NUMBERS:
        every = timedelta(hours=settings.RECONCILE_HOURS)
        now = timezone.now()
        pause = max((progress.round_started_at or now) + every - now, pause)
        progress.after = 0
    leases.release(
        progress, pause, after=progress.after, round_started_at=progress.round_started_at
    )
    return done


def _read(desired: DesiredState) -> None:
    """Read who has the number now, and record what that means. Raise VendorError if the round has to wait."""
    read_at = timezone.now()
    try:
        found = slicktext.find_contacts(to_slicktext(), desired.number, policy=RECONCILE)
    except BadCredentials:
        raise
    except (Refused, Unreadable):
        # About this number alone: continue with the next.
        return
    slicktext_readings.learn(found, read_at, now=True)
