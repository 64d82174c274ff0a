"""The index sync: read every contact at SlickText, page by page, so that the index has them all.

All workers share one sync; its row holds how far it has come, and a killed worker's sync is resumed where it stopped.
It runs with the lowest priority and in a share of the plan's calls, and writes in short transactions with gaps between
them, so people and stops never wait for it.

SlickText documents no order and gives no total, and contacts come and go during a sync:

- Each page begins a few rows before the last one ended, and must show one of these again. If it does not, contacts
  moved up past the edge of the page because others were deleted, so the sync steps back. After many such steps it
  goes straight on: the next sync finds contacts that were missed.
- A page that claims to be the last is believed once no contact is found behind it.
- A contact that the sync did not see may be deleted or missed. It is read by its id before it is removed.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.call_policy import RECONCILE, SYNC_PAGE
from contacts_ui.integrations.errors import (
    BadCredentials,
    BudgetSpent,
    NoAnswer,
    NotFound,
    Refused,
    Unreadable,
    VendorError,
)
from contacts_ui.integrations.types import Contact, ContactPage
from contacts_ui.models import AnswersOfDay, IndexDeletion, IndexedContact, IndexSync, Vendor
from contacts_ui.services.index import storing
from contacts_ui.services.index.counts import refresh_counts
from contacts_ui.services.index.marks import refresh_marks
from contacts_ui.services.index.purging import purge
from contacts_ui.services.vendors import connected, leases, to_slicktext

# Largest first. A smaller page is asked for if the vendor refuses, or can't manage, a larger one.
PAGE_SIZES: Final = (10_000, 1_000, 250, 100, 50)
# A missing or unreadable answer to a page of this size was not too large.
SAFE_PAGE_SIZE: Final = 250
# Read twice, to notice contacts that moved.
OVERLAP_ROWS: Final = 5
STEPS_BACK_MAX: Final = 30
# The estimated total may be wrong by this share.
ESTIMATE_TOLERANCE: Final = 0.1
PROBE: Final = replace(RECONCILE, patience=2)
# Shares of the calls that the plan allows. People wait for the first sync only.
FIRST_SYNC_SHARE: Final = 0.5
SYNC_SHARE: Final = 0.25
RUN_MAX_SECONDS: Final = 20.0
# A worker that would wait longer for its next call gives the sync back.
CALL_WAIT_MAX: Final = timedelta(seconds=2)
# Longer than one page takes; a dead worker holds the sync up no longer.
LEASE = timedelta(seconds=SYNC_PAGE.total_timeout + 15)
PAUSE_AFTER_ERROR = timedelta(seconds=30)
# With these a vendor may refuse a page behind the last contact, instead of sending an empty one.
PAST_THE_END_STATUSES: Final = (400, 404, 416, 422)
DEFECT = "Something went wrong on our side. The log has the details."

logger = logging.getLogger(__name__)


# Called with every page that was read, and when it was asked for, before the index stores it.
OnPage = Callable[[Sequence[Contact], datetime], None]


def _ignore_page(contacts: Sequence[Contact], read_at: datetime) -> None:
    """Do nothing with a page."""


def run_due(stopping: threading.Event | None = None, on_page: OnPage = _ignore_page) -> int:
    """Sync for some seconds if a call is due and no other worker is at it; return how many calls were tried.

    Ends early if `stopping` is set. Never raises for a vendor's failure. Empties the index if it is switched off.
    """
    if not settings.CONTACT_INDEX:
        if IndexSync.objects.exists() or IndexedContact.objects.exists():
            purge(sync_again_at=None)
        return 0
    if Vendor.SLICKTEXT not in connected():
        return 0
    sync = _take()
    if sync is None:
        return 0
    stopping, until, calls = stopping or threading.Event(), time.monotonic() + RUN_MAX_SECONDS, 0
    try:
        while not stopping.is_set() and time.monotonic() < until:
            _make_call(sync, on_page)
            calls += 1
            wait = sync.next_at - timezone.now()
            if wait > CALL_WAIT_MAX:
                break
            stopping.wait(max(wait.total_seconds(), 0))
        leases.release(sync)
    except leases.LeaseLost:
        return 0
    except Exception:
        logger.exception("the index sync failed")
        # It resumes from the place that was saved last.
        leases.release(sync, last_error=DEFECT, next_at=timezone.now() + PAUSE_AFTER_ERROR)
        return 0
    return calls


def _make_call(sync: IndexSync, on_page: OnPage) -> None:
    """Read a page, or one contact that the sync did not see, and save how far it has come."""
    now = timezone.now()
    between_syncs = sync.sync_due_at is not None and now < sync.sync_due_at
    sync.next_at = now + _call_interval(sync)
    try:
        if sync.checking and between_syncs:
            _verify_one(sync, now, on_page)
        else:
            if not is_under_way(sync):
                _begin(sync, now)
            _read_page(sync, now, on_page)
        sync.last_error = ""
    except BudgetSpent as error:
        # Others come first; nothing is wrong.
        sync.next_at = timezone.now() + leases.pause_after(error)
    except VendorError as error:
        sync.last_error = error.person[:300]
        sync.next_at = timezone.now() + leases.pause_after(error, PAUSE_AFTER_ERROR)
    _save(sync)
    if sync.finished_at and sync.finished_at >= now:
        refresh_marks(between=lambda: _renew(sync))
        refresh_counts(between=lambda: _renew(sync))


def is_of_another_account(sync: IndexSync) -> bool:
    """Return True if the settings name another address or brand than the one that was read."""
    return bool(sync.account) and sync.account != _account()


def _account() -> str:
    vendor = settings.VENDORS.slicktext
    named = f"{vendor.base_url} {vendor.account}" if vendor else ""
    return blake2b(named.encode(), digest_size=16).hexdigest()


def is_under_way(sync: IndexSync) -> bool:
    """Return True if a sync has begun and not finished."""
    if sync.started_at is None:
        return False
    return sync.finished_at is None or sync.finished_at < sync.started_at


def _call_interval(sync: IndexSync) -> timedelta:
    share = FIRST_SYNC_SHARE if sync.finished_at is None else SYNC_SHARE
    return timedelta(seconds=1 / (settings.SLICKTEXT_CALLS_PER_SECOND * share))


def _begin(sync: IndexSync, now: datetime) -> None:
    sync.offset, sync.tail, sync.steps_back = 0, [], 0
    sync.account = _account()
    sync.started_at, sync.sync_due_at, sync.checking = now, None, False
    # A page that was too large last time may work today.
    larger = [size for size in PAGE_SIZES if size > sync.asking] if sync.asking else []
    sync.asking = larger[-1] if larger else PAGE_SIZES[0]
    IndexDeletion.objects.filter(at__lt=now - storing.DELETED_KEPT).delete()


def _read_page(sync: IndexSync, asked_at: datetime, on_page: OnPage) -> None:
    offset = max(sync.offset - len(sync.tail), 0)
    try:
        page = slicktext.list_contacts(
            to_slicktext(), limit=sync.asking, offset=offset, policy=SYNC_PAGE
        )
    except BadCredentials:
        raise
    except (Refused, NoAnswer, Unreadable) as error:
        if _ask_for_less(sync, error) and isinstance(error, Refused):
            return
        raise
    on_page(page.contacts, asked_at)
    storing.store_or_raise(page.contacts, asked_at, between=lambda: _renew(sync))
    if page.has_more and not sync.total:
        sync.total = _estimate_total(sync, page.offset + page.received)
    _advance(sync, page)


def _estimate_total(sync: IndexSync, least: int) -> int:
    """Return about how many contacts there are, by a dozen calls; 0 if the vendor fails. Shows people the progress."""
    most = least
    try:
        while _has_contact_at(sync, most):
            least, most = most, most * 4
        while most - least > least * ESTIMATE_TOLERANCE:
            middle = (least + most) // 2
            least, most = (middle, most) if _has_contact_at(sync, middle) else (least, middle)
    except VendorError:
        return 0
    return (least + most) // 2


def _has_contact_at(sync: IndexSync, offset: int) -> bool:
    _renew(sync)
    page = slicktext.list_contacts(to_slicktext(), limit=1, offset=offset, policy=PROBE)
    return page.received > 0


def _ask_for_less(sync: IndexSync, error: VendorError) -> bool:
    """Return True if a smaller page is worth a try, and note its size."""
    smallest = PAGE_SIZES[-1] if isinstance(error, Refused) else SAFE_PAGE_SIZE
    smaller = [size for size in PAGE_SIZES if smallest <= size < sync.asking]
    if smaller:
        sync.asking = smaller[0]
    return bool(smaller)


def _advance(sync: IndexSync, page: ContactPage) -> None:
    """Set where the next page begins: after this one, or before it if contacts may have been missed."""
    ids = [contact.contact_id for contact in page.contacts]
    sync.page_size = max(sync.page_size, page.received)
    end = page.offset + page.received
    if page.offset and sync.tail and set(sync.tail).isdisjoint(ids) and _step_back(sync, page):
        return
    if not page.has_more and not (page.received and _has_contact_behind(sync, page)):
        _finish(sync, end)
    elif sync.tail and end <= sync.offset:
        # Only rows that were read before, from a vendor that doesn't say if there are more: look behind them.
        sync.tail = []
    else:
        sync.offset = end
        sync.tail = _tail(page) if sync.steps_back < STEPS_BACK_MAX else []


def _has_contact_behind(sync: IndexSync, page: ContactPage) -> bool:
    """Return True if contacts follow a page that claims to be the last: one wrong answer must not end a sync."""
    _renew(sync)
    end = page.offset + page.received
    try:
        behind = slicktext.list_contacts(to_slicktext(), limit=1, offset=end, policy=PROBE)
    except VendorError as error:
        if error.status not in PAST_THE_END_STATUSES:
            raise
        return False
    seen = {contact.contact_id for contact in page.contacts}
    return any(contact.contact_id not in seen for contact in behind.contacts)


def _step_back(sync: IndexSync, page: ContactPage) -> bool:
    if sync.steps_back >= STEPS_BACK_MAX:
        return False
    sync.steps_back += 1
    sync.offset = max(page.offset - sync.page_size, 0) + len(sync.tail)
    return True


def _tail(page: ContactPage) -> list[int]:
    """Return the last few ids of a page; none if some of its last rows could not be read."""
    rows = min(OVERLAP_ROWS, page.received // 2)
    if any(row.position >= page.received - rows for row in page.malformed):
        return []
    return [contact.contact_id for contact in page.contacts[-rows:]] if rows else []


def _finish(sync: IndexSync, total: int) -> None:
    """Note that every contact was read, and when the next sync begins."""
    now = timezone.now()
    sync.offset, sync.total, sync.tail = total, total, []
    sync.finished_at, sync.checking = now, True
    sync.sync_due_at = now + timedelta(minutes=settings.INDEX_SYNC_MINUTES)


def _verify_one(sync: IndexSync, asked_at: datetime, on_page: OnPage) -> None:
    """Read the next contact that the sync did not see by its id: deleted at SlickText, or missed?"""
    contact_id = _next_unseen(sync)
    if contact_id is None:
        sync.checking, sync.checked_to = False, 0
        sync.next_at = sync.sync_due_at or asked_at
        return
    try:
        contact = slicktext.get_contact(to_slicktext(), contact_id, policy=RECONCILE)
    except BadCredentials:
        raise
    except NotFound as error:
        if error.said_by_a_proxy:
            raise
        storing.remove(contact_id)
    except (Refused, Unreadable):
        # Only this contact is affected. It stays as it was.
        logger.info("a contact that the index sync did not see cannot be read")
    else:
        on_page([contact], asked_at)
        storing.store_or_raise([contact], asked_at)
    sync.checked_to = contact_id


def _next_unseen(sync: IndexSync) -> int | None:
    """Return the id of the next contact that was not read since the sync began."""
    # A contact that was read just before keeps its time.
    since = (sync.started_at or timezone.now()) - storing.FRESH
    rows = IndexedContact.objects.filter(read_at__lt=since, pk__gt=sync.checked_to).order_by("pk")
    return rows.values_list("pk", flat=True).first()


def _take() -> IndexSync | None:
    """Lease the sync if its next call is due and no other worker has it; else write nothing."""
    now = timezone.now()
    sync = IndexSync.objects.filter(pk=1).first()
    if sync is not None and is_of_another_account(sync):
        purge(sync_again_at=now)
        AnswersOfDay.objects.all().delete()
        sync = None
    if sync is None:
        sync, _ = IndexSync.objects.get_or_create(pk=1, defaults={"next_at": now})
    if sync.next_at > now:
        return None
    return leases.take(IndexSync.objects.filter(leases.free(), pk=1, next_at__lte=now), LEASE)


def _renew(sync: IndexSync) -> None:
    leases.renew(sync, LEASE)


def _save(sync: IndexSync) -> None:
    """Save how far the sync has come. Raises LeaseLost, also if the index was purged."""
    kept = ("lease", "leased_until")
    fields = [field.attname for field in IndexSync._meta.concrete_fields if not field.primary_key]
    leases.renew(sync, LEASE, **{name: getattr(sync, name) for name in fields if name not in kept})
