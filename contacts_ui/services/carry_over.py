"""A stop of a number that SlickText did not know is carried over to whoever appears there with it later."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from contacts_ui.models import Vendor, Wish
from contacts_ui.models.wish import WishState
from contacts_ui.services.verdicts import STOPPED_STATUSES


@dataclass(frozen=True, slots=True)
class Appearance:
    """What SlickText said of a number when it was read (None: it was not), and our own wishes for it."""

    status: str | None
    read_at: datetime | None
    wishes: Iterable[Wish]


def carry_over(appearances: Iterable[Appearance]) -> None:
    """Make stops due again for people whom SlickText did not know when it was told, and knows now.

    One query, and only when there is such a person. The wishes at hand are brought up to date too, so that what is
    shown next is that the stop is on its way. The worker delivers it.
    """
    lost = [wish for each in appearances for wish in each.wishes if _never_arrived(wish, each)]
    if not lost:
        return
    now = timezone.now()
    # Only while the wish is still that confirmed stop: a newer one says by itself what is to be done.
    Wish.objects.filter(
        pk__in=[wish.pk for wish in lost],
        do_not_text=True,
        state=WishState.CONFIRMED,
        confirmed_opt_in_status="",
    ).update(state=WishState.ON_ITS_WAY, settled_version=F("version") - 1, due_at=now, answer="")
    for wish in lost:
        wish.state, wish.answer = WishState.ON_ITS_WAY, ""
        wish.settled_version, wish.due_at = wish.version - 1, now


def _never_arrived(wish: Wish, seen: Appearance) -> bool:
    """Whether SlickText had nobody with this number when it was told, and now has somebody who is not stopped."""
    return bool(
        wish.vendor == Vendor.SLICKTEXT
        and wish.do_not_text
        and wish.state == WishState.CONFIRMED
        and not wish.confirmed_opt_in_status
        and seen.status
        and seen.status not in STOPPED_STATUSES
        and seen.read_at
        and wish.confirmed_at
        and seen.read_at > wish.confirmed_at
    )
