"""Whether each vendor answers, and since when: learned from the calls that are made anyway."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from django.db import transaction
from django.utils import timezone

from contacts_ui.integrations import errors
from contacts_ui.integrations.http import CallRecord
from contacts_ui.models import Vendor, VendorHealth

# One failure happens on the best of days; two in a row, with nothing answered between them, are an outage.
DOWN_AFTER = 2
# How often one process writes down what it knew already.
WRITE_EVERY_SECONDS = 5.0
# For so long after a patient call that failed, people wait only shortly for the next ones.
QUICK_SECONDS = 30.0
TROUBLES = (
    errors.BadCredentials,
    errors.NoAnswer,
    errors.ServerTrouble,
    errors.Unreachable,
    errors.Unreadable,
)
KEY_REFUSED = errors.BadCredentials.sentence


def trouble_named(sentence: str, vendor: Vendor) -> errors.VendorError:
    """The trouble that was written down as this sentence."""
    for kind in TROUBLES:
        if kind.sentence.format(vendor=vendor.label) == sentence:
            return kind(vendor.value)
    return errors.NoAnswer(vendor.value)


@dataclass(eq=False)
class Watch:
    """Listens to the calls of one connection, from any thread; writes one small row now and then."""

    vendor: Vendor
    _lock: Lock = field(default_factory=Lock)
    _failures: int = 0
    _failing_since: datetime = field(default_factory=timezone.now)
    _written: float = float("-inf")
    _tried: float = float("-inf")
    _last: type[errors.VendorError] = errors.NoAnswer

    @property
    def trouble(self) -> errors.VendorError | None:
        """How the last call failed, while it is `failing`."""
        return self._last(self.vendor.value) if self.failing else None

    @property
    def failing(self) -> bool:
        """Whether the last calls of this process all failed, one of them a moment ago: no time to wait long.

        After that moment the next one waits as usual: a vendor may only have become slow.
        """
        recent = time.monotonic() - self._tried < QUICK_SECONDS
        return self._failures >= DOWN_AFTER and recent

    def noted(self, call: CallRecord) -> None:
        """Learn from one finished call. A refusal and "too many calls" are answers too."""
        kind = getattr(errors, call.error) if call.error else None
        if kind and issubclass(kind, TROUBLES):
            self._failed(kind)
        else:
            self._answered()

    def _answered(self) -> None:
        with self._lock:
            news = self._failures > 0
            self._failures = 0
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
            _write_trouble(self.vendor, kind.sentence.format(vendor=self.vendor.label), since)

    def _take_turn(self, *, news: bool) -> bool:
        """Whether to write now: there is news, or the last time was some seconds ago."""
        now = time.monotonic()
        if not news and now - self._written < WRITE_EVERY_SECONDS:
            return False
        self._written = now
        return True


def _write_up(vendor: Vendor) -> None:
    now = timezone.now()
    # A savepoint of its own: if this fails, whatever transaction the caller is in goes on.
    with transaction.atomic():
        if not VendorHealth.objects.filter(vendor=vendor, up=True).update(checked_at=now):
            VendorHealth.objects.update_or_create(
                vendor=vendor, defaults={"up": True, "since": now, "checked_at": now}
            )


def _write_trouble(vendor: Vendor, sentence: str, since: datetime | None) -> None:
    """Write down a failure; with `since`, the vendor has been down from then on."""
    now = timezone.now()
    changes = {"checked_at": now, "trouble": sentence[:300], "trouble_at": now}
    rows = VendorHealth.objects.filter(vendor=vendor)
    with transaction.atomic():
        if since and rows.filter(up=True).update(up=False, since=since, **changes):
            return
        if not rows.update(**changes):
            first = {"up": since is None, "since": since or now, **changes}
            VendorHealth.objects.get_or_create(vendor=vendor, defaults=first)
