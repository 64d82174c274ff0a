"""Put opt-outs into words for the review."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from contacts_ui.models import OptOut, Vendor
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Channel
from contacts_ui.models.opt_out import OPEN, OptOutState
from contacts_ui.phone import pretty
from contacts_ui.services.consent.business_days import due_soon_until, is_business_day
from contacts_ui.services.review.opt_outs import Found
from contacts_ui.services.vendors import connected
from contacts_ui.views.addresses import person_url
from contacts_ui.views.durations import in_words

REASON_MAX_LETTERS: Final = 140


@dataclass(frozen=True)
class VendorLine:
    """One vendor's part of an opt-out: `state` picks the symbol, `at` is when it confirmed."""

    name: str
    state: str
    words: str
    at: datetime | None = None


@dataclass(frozen=True)
class Clock:
    """How an opt-out compares with its ten business days. `kind` is past, close, open, late, in_time, or ""."""

    kind: str
    words: str
    due_at: datetime | None = None


def rows_of(found: Found) -> list[dict[str, Any]]:
    """Return what the template prints for each opt-out of a page."""
    now, close, there = timezone.now(), due_soon_until(), connected()
    return [
        {
            "opt_out": row,
            "name": row.label or pretty(row.number),
            "url": person_url(row.contact_id, row.number),
            "channel": Channel(row.channel).label,
            "taken_by": row.staff_name or "the dashboard",
            "recorded_later": (row.recorded_at - row.asked_at).total_seconds() >= 60,
            "reason": reason_of(row),
            "long_reason": is_quoted(row) and len(row.reason) > REASON_MAX_LETTERS,
            "state": OptOutState(row.state).label,
            "vendors": [_vendor_line(row, vendor, there, found.refusals) for vendor in Vendor],
            "clock": _clock(row, now, close),
        }
        for row in found.rows
    ]


def is_quoted(row: OptOut) -> bool:
    """Return True if the reason is the person's: not a vendor's, our own, or about a whole list."""
    carried = row.ledger_entry.after.get("source") == Source.CARRIED_OVER
    return row.by_person and row.channel != Channel.VENDOR and not carried


def reason_of(row: OptOut) -> str:
    """Return the reason, in quotation marks if the person gave it."""
    return f"“{row.reason}”" if row.reason and is_quoted(row) else row.reason


def _vendor_line(
    row: OptOut, vendor: Vendor, there: tuple[Vendor, ...], refusals: Mapping[str, str]
) -> VendorLine:
    name = vendor.label
    confirmed_at = row.confirmed_at(vendor)
    if confirmed_at:
        return VendorLine(name, "confirmed", "", confirmed_at)
    if name in row.settled_for.split(", "):
        return VendorLine(name, "settled", "resolved by hand")
    if name in row.refused_by.split(", "):
        words = refusals.get(f"{row.number} {vendor.value}", "")
        return VendorLine(name, "refused", f"refused: {words}" if words else "refused")
    if vendor not in there:
        return VendorLine(name, "not_connected", "not connected")
    if row.state in OPEN:
        return VendorLine(name, "on_its_way", "on its way")
    return VendorLine(name, "unknown", "never confirmed")


def _clock(row: OptOut, now: datetime, close: datetime) -> Clock:
    if row.state in OPEN:
        if row.due_at <= now:
            late = in_words((now - row.due_at).total_seconds())
            return Clock("past", f"{late} past due", row.due_at)
        zone = timezone.get_default_timezone()
        today, last = now.astimezone(zone).date(), row.due_at.astimezone(zone).date()
        # Business days, not counting today.
        left = (today + timedelta(days=step + 1) for step in range((last - today).days))
        days = sum(is_business_day(day) for day in left)
        words = f"{days} business day{'' if days == 1 else 's'} left" if days else "Due today"
        return Clock("close" if row.due_at < close else "open", words, row.due_at)
    if row.completed_at is None:
        return Clock("", "")
    took = in_words(row.seconds_to_complete)
    if row.completed_at > row.due_at:
        return Clock("late", f"Late: took {took}", row.due_at)
    return Clock(
        "in_time", f"In {took}" if row.state == OptOutState.COMPLETED else f"Completed in {took}"
    )
