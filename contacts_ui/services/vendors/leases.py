"""Leases and retries: one worker at a time holds a row, and one that dies holds it no longer than its lease lasts.

Most models have `lease`, the holder's key, and `leased_until`. The others have one column for when work is due
(`next_at`, `due_at`): while the row is held, that is the end of the lease, and its value is the key.
"""

import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from contacts_ui.integrations.errors import BadCredentials, BudgetSpent, Refused, VendorError
from contacts_ui.models import Vendor, VendorAbility
from contacts_ui.services.vendors.accounts import offered_here

RETRY_FIRST_SECONDS: Final = 2.0
# After an error about a vendor, and not about one row.
RETRY_PAUSE: Final = timedelta(minutes=1)
# Until there is room in the rate limit: other calls go first.
ROOM_PAUSE: Final = timedelta(seconds=0.5)
# Longer than one call takes.
LEASE: Final = timedelta(minutes=5)

Row = TypeVar("Row", bound=Model)


class LeaseLost(Exception):
    """Another worker holds the row, or it is gone."""


def free(now: datetime | None = None) -> Q:
    """Match the rows of models with `leased_until` that no worker holds."""
    return Q(leased_until=None) | Q(leased_until__lte=now or timezone.now())


def take(
    rows: QuerySet[Row], lasts: timedelta, also: Callable[[Row], dict[str, Any]] | None = None
) -> Row | None:
    """Lease the first of `rows`, which the caller has filtered for what is due and free; None if there is none.

    `also` returns more changes for the row as it was found.
    """
    if not rows.exists():
        # So that looking in vain takes no lock.
        return None
    with transaction.atomic():
        row = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if row is None:
            return None
        key, until = _columns(row)
        own_key = {} if key == until else {key: uuid.uuid4().hex}
        more = also(row) if also else {}
        _write(row, {until: timezone.now() + lasts, **own_key, **more})
    return row


def held(row: Row) -> QuerySet[Row]:
    """Return the row as a query that finds it only while the lease is ours."""
    key = _columns(row)[0]
    return type(row)._default_manager.filter(pk=row.pk, **{key: getattr(row, key)})


def renew(row: Model, lasts: timedelta, **changes: Any) -> None:
    """Hold the row for so long from now, and write `changes`. Raises LeaseLost, and writes nothing then."""
    until = _columns(row)[1]
    if not _write(row, {until: timezone.now() + lasts, **changes}):
        raise LeaseLost


def release(row: Model, wait: timedelta = timedelta(), **changes: Any) -> bool:
    """Release the row and write `changes`, unless the lease was lost; return True if it was still ours.

    `wait` is for models with one column: how long until the work is due again.
    """
    key, until = _columns(row)
    given_back = {"lease": "", "leased_until": None}
    return _write(
        row, {**(given_back if key != until else {until: timezone.now() + wait}), **changes}
    )


def _write(row: Model, changes: dict[str, Any]) -> bool:
    written = bool(held(row).update(**changes))
    for name, value in changes.items():
        setattr(row, name, value)
    return written


def _columns(row: Model) -> tuple[str, str]:
    """Return the column that is the holder's key, and the one that is the end of the lease."""
    if hasattr(row, "lease"):
        return "lease", "leased_until"
    due = "next_at" if hasattr(row, "next_at") else "due_at"
    return due, due


def back_off(attempts: int, retry_after: float | None = None) -> timedelta:
    """Return the pause before the next try: doubling, capped, jittered, and not shorter than the vendor asked for."""
    longest = settings.LONGEST_RETRY_SECONDS
    ceiling = min(RETRY_FIRST_SECONDS * 2 ** min(attempts - 1, 10), longest)
    seconds = random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter, not a secret
    return timedelta(seconds=max(seconds, min(retry_after or 0.0, longest)))


def pause_after(error: VendorError, least: timedelta = RETRY_PAUSE) -> timedelta:
    """Return how long a task waits after an error: not long for room in the rate limit, otherwise `least` or more."""
    shortest = ROOM_PAUSE if isinstance(error, BudgetSpent) else least
    return max(shortest, timedelta(seconds=error.retry_after or 0))


def take_ability(vendor: Vendor, name: str) -> VendorAbility | None:
    """Lease the work that uses an ability of the connected account; None while it is not due or another has it."""
    due = Q(next_at=None) | Q(next_at__lte=timezone.now())
    return take(offered_here(vendor, name).filter(due), LEASE)


def release_after(ability: VendorAbility, error: VendorError) -> None:
    """Release the work with a pause; an account that refuses it is probed again."""
    refused = isinstance(error, Refused) and not isinstance(error, BadCredentials)
    release(
        ability, pause_after(error), mark=ability.mark, **({"probed_at": None} if refused else {})
    )
