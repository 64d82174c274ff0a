"""Tell if each vendor answers, and since when, from the calls that are made anyway."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from django.db import transaction
from django.utils import timezone

from contacts_ui.integrations import errors
from contacts_ui.integrations.call_policy import CallRecord
from contacts_ui.models import Vendor, VendorHealth

# One failure happens on the best of days; two in a row, with nothing answered between them, are an outage.
DOWN_AFTER = 2
# How often one process writes what is no news.
WRITE_EVERY_SECONDS = 5.0
# How long after a failed call people wait only briefly for the next ones.
QUICK_SECONDS = 30.0
OUTAGE_ERRORS = (
    errors.BadCredentials,
    errors.NoAnswer,
    errors.ServerError,
    errors.Unreachable,
    errors.Unreadable,
)
# The longest pause between two tries is five minutes, so older news says nothing.
HEALTH_NEWS_LASTS = timedelta(minutes=15)


def error_named(sentence: str, vendor: Vendor) -> errors.VendorError:
    """Return the error that was stored as this sentence."""
    for kind in OUTAGE_ERRORS:
        if kind.sentence.format(vendor=vendor.label) == sentence:
            return kind(vendor.value)
    return errors.NoAnswer(vendor.value)


@dataclass(frozen=True)
class Health:
    """What the last calls to one vendor showed."""

    up: bool
    since: datetime
    checked_at: datetime
    last_error: str

    def down_now(self, now: datetime) -> bool:
        """Return True if the newest call failed, and was made lately."""
        return not self.up and now - self.checked_at < HEALTH_NEWS_LASTS


def recorded_health(vendor: Vendor) -> Health | None:
    """Return what any process last stored about `vendor`; None before its first call."""
    row = VendorHealth.objects.filter(vendor=vendor).first()
    return Health(row.up, row.since, row.checked_at, row.last_error) if row else None


@dataclass(eq=False)
class HealthMonitor:
    """Listen to the calls of one connection, from any thread; write one small row now and then."""

    vendor: Vendor
    _lock: Lock = field(default_factory=Lock)
    _failures: int = 0
    _failing_since: datetime = field(default_factory=timezone.now)
    _answered_at: float = float("-inf")
    _written: float = float("-inf")
    _tried: float = float("-inf")
    _last: type[errors.VendorError] = errors.NoAnswer

    @property
    def error(self) -> errors.VendorError | None:
        """Return the last call's error, while `failing`."""
        return self._last(self.vendor.value) if self.failing else None

    @property
    def failing(self) -> bool:
        """Return True while this process's last calls failed, one of them recently."""
        recent = time.monotonic() - self._tried < QUICK_SECONDS
        return self._failures >= DOWN_AFTER and recent

    @property
    def answering(self) -> bool:
        """Return True if the vendor answered this process some seconds ago, and nothing failed since."""
        return not self._failures and time.monotonic() - self._answered_at < WRITE_EVERY_SECONDS

    def record(self, call: CallRecord) -> None:
        """Learn from one finished call. Refusals and "too many calls" are answers too."""
        kind = getattr(errors, call.error) if call.error else None
        if kind and issubclass(kind, OUTAGE_ERRORS):
            self._failed(kind)
        else:
            self._answered()

    def _answered(self) -> None:
        with self._lock:
            news = self._failures > 0
            self._failures, self._answered_at = 0, time.monotonic()
            write = self._take_turn(news=news)
        if write:
            _write_up(self.vendor)

    def _failed(self, kind: type[errors.VendorError]) -> None:
        with self._lock:
            self._failures += 1
            self._last = kind
            if self._failures <= DOWN_AFTER or not self.failing:
                self._tried = time.monotonic()
            if self._failures == 1:
                self._failing_since = timezone.now()
            write = self._take_turn(news=self._failures <= DOWN_AFTER)
            since = self._failing_since if self._failures >= DOWN_AFTER else None
        if write:
            _write_error(self.vendor, kind.sentence.format(vendor=self.vendor.label), since)

    def _take_turn(self, *, news: bool) -> bool:
        """Return True if it is time to write: there is news, or the last write was seconds ago."""
        now = time.monotonic()
        if not news and now - self._written < WRITE_EVERY_SECONDS:
            return False
        self._written = now
        return True


def _write_up(vendor: Vendor) -> None:
    now = timezone.now()
    # A savepoint of its own: if this fails, the caller's transaction continues.
    with transaction.atomic():
        if not VendorHealth.objects.filter(vendor=vendor, up=True).update(checked_at=now):
            VendorHealth.objects.update_or_create(
                vendor=vendor, defaults={"up": True, "since": now, "checked_at": now}
            )


def _write_error(vendor: Vendor, sentence: str, since: datetime | None) -> None:
    """Store a failure; with `since`, the vendor has been down from then on."""
    now = timezone.now()
    changes = {"checked_at": now, "last_error": sentence[:300], "last_error_at": now}
    rows = VendorHealth.objects.filter(vendor=vendor)
    with transaction.atomic():
        if since and rows.filter(up=True).update(up=False, since=since, **changes):
            return
        if not rows.update(**changes):
            first = {"up": since is None, "since": since or now, **changes}
            VendorHealth.objects.get_or_create(vendor=vendor, defaults=first)
