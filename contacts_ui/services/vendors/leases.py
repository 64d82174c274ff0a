"""The lease on slow work at a vendor: one worker at a time, and a restart goes on where the last one was.

The row of an ability holds it: `next_at` is when the lease ends, or when the work goes on; `mark` is how far it came.
"""

from datetime import timedelta
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from contacts_ui.integrations.errors import BadCredentials, BudgetSpent, Refused, VendorError
from contacts_ui.models import Vendor, VendorAbility
from contacts_ui.services.vendors.accounts import offered_here

# Longer than one call takes; a worker that dies holds the work up no longer.
LEASE: Final = timedelta(minutes=5)
PAUSE_AFTER_ERROR: Final = timedelta(minutes=1)
# Until there is room in the budget: others come first.
PAUSE_FOR_ROOM: Final = timedelta(seconds=1)


def take(vendor: Vendor, name: str) -> VendorAbility | None:
    """Lease an ability of the account that is connected; None while it is not time, or another worker has it."""
    now = timezone.now()
    ours, until = offered_here(vendor, name), now + LEASE
    if not ours.filter(Q(next_at=None) | Q(next_at__lte=now)).update(next_at=until):
        return None
    return ours.filter(next_at=until).first()


def save(ability: VendorAbility, wait: timedelta, **changes: Any) -> bool:
    """Keep the mark, and go on after `wait`. False, and nothing kept, once another worker or a new probe took over."""
    ours = VendorAbility.objects.filter(pk=ability.pk, next_at=ability.next_at)
    ability.next_at = timezone.now() + wait
    return bool(ours.update(mark=ability.mark, next_at=ability.next_at, **changes))


def pause_after(error: VendorError) -> timedelta:
    """Return how long to wait after an error; at least as long as the vendor asked for."""
    least = PAUSE_FOR_ROOM if isinstance(error, BudgetSpent) else PAUSE_AFTER_ERROR
    return max(least, timedelta(seconds=error.retry_after or 0))


def doubts(error: VendorError) -> dict[str, Any]:
    """Return the change that has the next round probe anew, where the account may not offer it anymore; else {}."""
    refused = isinstance(error, Refused) and not isinstance(error, BadCredentials)
    return {"probed_at": None} if refused else {}
