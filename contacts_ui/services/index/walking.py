"""The walk through everybody at SlickText, page by page, so that the index knows them all and misses nobody for long.

One row holds how far it has come: all workers share one walk, and one that is killed is followed by the next where it
stopped. It reads with the priority of a sync, keeps to a share of the plan even when nobody else calls, and writes in
short transactions with gaps between them, so that neither a person nor a stop ever waits for it.

SlickText documents no order and gives no total, and people come and go while we walk:

- Each page begins a few rows before the last one ended, and must show one of these again. If it does not, people moved
  up past the edge of the page because others were deleted, so the walk steps back. After many such steps in one walk
  there is no order to rely on, and it goes straight on: whoever was missed is met by the next walk.
- A page that is said to be the last is believed once nobody stands behind it.
- Whoever the walk did not meet may be deleted, or may have been missed. Each is read by their id before anything is
  forgotten.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import (
    BadCredentials,
    BudgetSpent,
    NoAnswer,
    NotFound,
    Refused,
    Unreadable,
    VendorError,
)
from contacts_ui.integrations.manner import SWEEP, WALK
from contacts_ui.integrations.types import Contact, ContactPage
from contacts_ui.models import IndexedContact, IndexGone, IndexWalk, Vendor
from contacts_ui.services.index import learning, ordering
from contacts_ui.services.index.purging import purge
from contacts_ui.services.vendors import connected, to_slicktext

# What a page is asked for, largest first: smaller where the vendor refuses, or cannot manage, so many.
SIZES: Final = (10_000, 1_000, 250, 100, 50)
# An answer that did not come, or could not be read, may have been too large; this one was not.
NEVER_TOO_LARGE: Final = 250
# Rows that are read twice, to see that nobody moved.
OVERLAP: Final = 5
MOST_STEPS_BACK: Final = 30
# About how many there are, to a tenth of it.
EXACT_ENOUGH: Final = 0.1
PROBE: Final = replace(SWEEP, patience=2)
# Of the calls that the plan allows: the first walk is waited for, the others are not.
FIRST_SHARE: Final = 0.5
SHARE: Final = 0.25
STRETCH_SECONDS: Final = 20.0
# Whoever has to wait longer gives the walk back.
SHORT_WAIT: Final = timedelta(seconds=2)
# Longer than one page takes; a worker that dies holds the walk up no longer.
LEASE = timedelta(seconds=WALK.total_timeout + 15)
AFTER_TROUBLE = timedelta(seconds=30)
# By these a vendor may refuse a page behind the last contact, instead of sending an empty one.
NOTHING_THERE: Final = (400, 404, 416, 422)
DEFECT = "Something went wrong here; the log has it."

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker has the walk now, or the index was purged."""


# Told of every page before the index learns it.
Heard = Callable[[Sequence[Contact], datetime], None]


def _deaf(contacts: Sequence[Contact], read_at: datetime) -> None:
    """For who only fills the index."""


def go_on(stopping: threading.Event | None = None, heard: Heard = _deaf) -> int:
    """Walk on for a while, if it is time and no other worker does; return how many calls were tried.

    `heard` is told of every page that was read, and when it was asked for, before the index learns it. Ends early once
    `stopping` is set. Never raises for a vendor's failure. Where the index is switched off, what is left of it is
    forgotten.
    """
    if not settings.CONTACT_INDEX:
        if IndexWalk.objects.exists() or IndexedContact.objects.exists():
            purge(walk_again_at=None)
        return 0
    if Vendor.SLICKTEXT not in connected():
        return 0
    walk = _take()
    if walk is None:
        return 0
    try:
        return _walk(walk, stopping or threading.Event(), heard)
    except LeaseLost:
        return 0
    except Exception:
        logger.exception("the walk of the index failed")
        _stumbled(walk)
        return 0


def _walk(walk: IndexWalk, stopping: threading.Event, heard: Heard) -> int:
    """Step after step, as long as the next one is due soon."""
    until, steps = time.monotonic() + STRETCH_SECONDS, 0
    while not stopping.is_set() and time.monotonic() < until:
        _step(walk, heard)
        steps += 1
        wait = walk.next_at - timezone.now()
        if wait > SHORT_WAIT:
            break
        stopping.wait(max(wait.total_seconds(), 0))
    _give_back(walk)
    return steps


def _stumbled(walk: IndexWalk) -> None:
    """After a defect of ours, or trouble with the database: a pause, at the place that was saved last."""
    changes = {"trouble": DEFECT, "next_at": timezone.now() + AFTER_TROUBLE}
    _ours(walk).update(**changes, lease="", leased_until=None)


def _step(walk: IndexWalk, heard: Heard = _deaf) -> None:
    """One call: a page, or somebody who was not met."""
    now = timezone.now()
    resting = walk.walk_due_at is not None and now < walk.walk_due_at
    walk.next_at = now + _pace(walk)
    try:
        if walk.checking and resting:
            _check_one(walk, now, heard)
        else:
            if not is_under_way(walk):
                _begin(walk, now)
            _read_page(walk, now, heard)
        walk.trouble = ""
    except BudgetSpent as error:
        # Others come first; nothing is wrong.
        walk.next_at = timezone.now() + timedelta(seconds=max(error.retry_after or 0, 0.5))
    except VendorError as error:
        pause = max(AFTER_TROUBLE, timedelta(seconds=error.retry_after or 0))
        walk.trouble, walk.next_at = error.person[:300], timezone.now() + pause
    _save(walk)
    if walk.finished_at and walk.finished_at >= now:
        # What is worth doing for the whole index.
        ordering.rebuild_anchors(between=lambda: _renew(walk))


def is_of_another_account(walk: IndexWalk) -> bool:
    """Whether the settings name another address or brand than that whose contacts were read."""
    return bool(walk.account) and walk.account != _account()


def _account() -> str:
    vendor = settings.VENDORS.slicktext
    named = f"{vendor.base_url} {vendor.account}" if vendor else ""
    return blake2b(named.encode(), digest_size=16).hexdigest()


def is_under_way(walk: IndexWalk) -> bool:
    """Whether a walk began and has not met everybody yet."""
    if walk.started_at is None:
        return False
    return walk.finished_at is None or walk.finished_at < walk.started_at


def _pace(walk: IndexWalk) -> timedelta:
    share = FIRST_SHARE if walk.finished_at is None else SHARE
    return timedelta(seconds=1 / (settings.SLICKTEXT_CALLS_PER_SECOND * share))


def _begin(walk: IndexWalk, now: datetime) -> None:
    walk.offset, walk.tail, walk.steps_back = 0, [], 0
    walk.account = _account()
    walk.started_at, walk.walk_due_at, walk.checking = now, None, False
    # What was too large last time may do today.
    larger = [size for size in SIZES if size > walk.asking] if walk.asking else []
    walk.asking = larger[-1] if larger else SIZES[0]
    IndexGone.objects.filter(at__lt=now - learning.GONE_KEPT).delete()


def _read_page(walk: IndexWalk, asked_at: datetime, heard: Heard) -> None:
    offset = max(walk.offset - len(walk.tail), 0)
    try:
        page = slicktext.list_contacts(
            to_slicktext(), limit=walk.asking, offset=offset, manner=WALK
        )
    except BadCredentials:
        raise
    except (Refused, NoAnswer, Unreadable) as error:
        if _ask_for_less(walk, error) and isinstance(error, Refused):
            return
        raise
    heard(page.contacts, asked_at)
    learning.keep(page.contacts, asked_at, between=lambda: _renew(walk))
    if page.has_more and not walk.total:
        walk.total = _about(walk, page.offset + page.received)
    _advance(walk, page)


def _about(walk: IndexWalk, least: int) -> int:
    """About how many there are, so that people can be told how long the first walk will take: a dozen calls."""
    most = least
    try:
        while _somebody_at(walk, most):
            least, most = most, most * 4
        while most - least > least * EXACT_ENOUGH:
            middle = (least + most) // 2
            least, most = (middle, most) if _somebody_at(walk, middle) else (least, middle)
    except VendorError:
        # Then nobody is told; the pages matter more.
        return 0
    return (least + most) // 2


def _somebody_at(walk: IndexWalk, offset: int) -> bool:
    _renew(walk)
    page = slicktext.list_contacts(to_slicktext(), limit=1, offset=offset, manner=PROBE)
    return page.received > 0


def _ask_for_less(walk: IndexWalk, error: VendorError) -> bool:
    """Whether the same page in smaller pieces is worth a try."""
    smallest = SIZES[-1] if isinstance(error, Refused) else NEVER_TOO_LARGE
    smaller = [size for size in SIZES if smallest <= size < walk.asking]
    if smaller:
        walk.asking = smaller[0]
    return bool(smaller)


def _advance(walk: IndexWalk, page: ContactPage) -> None:
    """Where the next page begins: after this one, or before it if somebody may have slipped through."""
    ids = [contact.contact_id for contact in page.contacts]
    walk.page_size = max(walk.page_size, page.received)
    end = page.offset + page.received
    if page.offset and walk.tail and set(walk.tail).isdisjoint(ids) and _step_back(walk, page):
        return
    if not page.has_more and not (page.received and _somebody_behind(walk, page)):
        _finish(walk, end)
    elif walk.tail and end <= walk.offset:
        # Nothing but what was read before, from a vendor who does not say whether there is more: look behind it.
        walk.tail = []
    else:
        walk.offset = end
        walk.tail = _tail(page) if walk.steps_back < MOST_STEPS_BACK else []


def _somebody_behind(walk: IndexWalk, page: ContactPage) -> bool:
    """Whether somebody stands behind a page that is said to be the last: one slip of the vendor must not end a walk."""
    _renew(walk)
    end = page.offset + page.received
    try:
        behind = slicktext.list_contacts(to_slicktext(), limit=1, offset=end, manner=PROBE)
    except VendorError as error:
        if error.status not in NOTHING_THERE:
            raise
        return False
    met = {contact.contact_id for contact in page.contacts}
    return any(contact.contact_id not in met for contact in behind.contacts)


def _step_back(walk: IndexWalk, page: ContactPage) -> bool:
    if walk.steps_back >= MOST_STEPS_BACK:
        return False
    walk.steps_back += 1
    walk.offset = max(page.offset - walk.page_size, 0) + len(walk.tail)
    return True


def _tail(page: ContactPage) -> list[int]:
    """The last few ids of a page; none where some of its last rows could not be read."""
    rows = min(OVERLAP, page.received // 2)
    if any(row.position >= page.received - rows for row in page.malformed):
        return []
    return [contact.contact_id for contact in page.contacts[-rows:]] if rows else []


def _finish(walk: IndexWalk, total: int) -> None:
    """Everybody was met once."""
    now = timezone.now()
    walk.offset, walk.total, walk.tail = total, total, []
    walk.finished_at, walk.checking = now, True
    walk.walk_due_at = now + timedelta(minutes=settings.INDEX_WALK_MINUTES)


def _check_one(walk: IndexWalk, asked_at: datetime, heard: Heard) -> None:
    """Read somebody whom the walk did not meet: gone from SlickText, or only missed?"""
    contact_id = _missing(walk)
    if contact_id is None:
        walk.checking, walk.checked_to = False, 0
        walk.next_at = walk.walk_due_at or asked_at
        return
    try:
        contact = slicktext.get_contact(to_slicktext(), contact_id, manner=SWEEP)
    except BadCredentials:
        raise
    except NotFound as error:
        if error.said_by_a_proxy:
            raise
        learning.forget(contact_id)
    except (Refused, Unreadable):
        # About this one alone: they stay as they were, and the others have their turn.
        logger.info("a contact whom the walk did not meet cannot be read")
    else:
        heard([contact], asked_at)
        learning.keep([contact], asked_at)
    walk.checked_to = contact_id


def _missing(walk: IndexWalk) -> int | None:
    """The next of those who were not read since the walk began; fresh readings are not written down again."""
    since = (walk.started_at or timezone.now()) - learning.FRESH
    rows = IndexedContact.objects.filter(read_at__lt=since, pk__gt=walk.checked_to).order_by("pk")
    return rows.values_list("pk", flat=True).first()


def _take() -> IndexWalk | None:
    """The walk, if it is time for its next step and no other worker has it. Looking in vain writes nothing."""
    now = timezone.now()
    walk = IndexWalk.objects.filter(pk=1).first()
    if walk is not None and is_of_another_account(walk):
        purge(walk_again_at=now)
        walk = None
    if walk is None:
        walk, _ = IndexWalk.objects.get_or_create(pk=1, defaults={"next_at": now})
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    if walk.next_at > now or (walk.leased_until and walk.leased_until > now):
        return None
    mine = IndexWalk.objects.filter(free, pk=1, lease=walk.lease, next_at__lte=now)
    if not mine.update(lease=uuid.uuid4().hex, leased_until=now + LEASE):
        return None
    walk.refresh_from_db()
    return walk


def _renew(walk: IndexWalk) -> None:
    """It goes on: the lease is good from now. Raises LeaseLost."""
    walk.leased_until = timezone.now() + LEASE
    if not _ours(walk).update(leased_until=walk.leased_until):
        raise LeaseLost


def _save(walk: IndexWalk) -> None:
    """Write down how far it has come, unless it is not ours any more. Raises LeaseLost."""
    walk.leased_until = timezone.now() + LEASE
    fields = [field.attname for field in IndexWalk._meta.concrete_fields if not field.primary_key]
    if not _ours(walk).update(**{name: getattr(walk, name) for name in fields}):
        raise LeaseLost


def _give_back(walk: IndexWalk) -> None:
    _ours(walk).update(lease="", leased_until=None)


def _ours(walk: IndexWalk) -> "QuerySet[IndexWalk]":
    return IndexWalk.objects.filter(pk=1, lease=walk.lease)
