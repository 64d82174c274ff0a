"""Opt-outs in words, as the review prints them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import OptOut, Vendor
from contacts_ui.models.ledger import Channel
from contacts_ui.models.opt_out import OPEN, OptOutState
from contacts_ui.phone import pretty
from contacts_ui.services.consent.business_days import is_business_day
from contacts_ui.services.consent.opt_outs import CONFIRMED_AT
from contacts_ui.services.opt_out_review import Found, close_until
from contacts_ui.services.vendors import connected
from contacts_ui.views.durations import in_words

SHORT = 140


@dataclass(frozen=True)
class VendorLine:
    """One vendor's part: `state` picks the symbol, `words` say it, `at` is when it confirmed."""

    name: str
    state: str
    words: str
    at: datetime | None = None


@dataclass(frozen=True)
class Clock:
    """Where a request stands on its ten business days. `kind` is past, close, open, late, in_time or empty."""

    kind: str
    words: str
    due_at: datetime | None = None


def rows_of(found: Found) -> list[dict[str, Any]]:
    """What the template prints for each opt-out of a page."""
    now, close, there = timezone.now(), close_until(), connected()
    return [
        {
            "opt_out": row,
            "name": row.label or pretty(row.number),
            "url": person_url(row),
            "channel": Channel(row.channel).label,
            "taken_by": row.staff_name or "the dashboard",
            "recorded_later": (row.recorded_at - row.asked_at).total_seconds() >= 60,
            "long_reason": len(row.reason) > SHORT,
            "state": OptOutState(row.state).label,
            "vendors": [_vendor_line(row, vendor, there, found.refusals) for vendor in Vendor],
            "clock": _clock(row, now, close),
        }
        for row in found.rows
    ]


def person_url(row: OptOut) -> str:
    """The person's page; for a number that no contact had, its own."""
    if row.contact_id is not None:
        return reverse("contact-detail", args=[row.contact_id])
    return reverse("number-detail", args=[row.number])


def _vendor_line(
    row: OptOut, vendor: Vendor, there: tuple[Vendor, ...], refusals: Mapping[str, str]
) -> VendorLine:
    name = vendor.label
    confirmed_at = getattr(row, CONFIRMED_AT[vendor.value])
    if confirmed_at:
        return VendorLine(name, "confirmed", "", confirmed_at)
    if name in row.settled_for.split(", "):
        return VendorLine(name, "settled", "settled by hand")
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
        kind = "close" if row.due_at < close else "open"
        return Clock(kind, _left(now, row.due_at), row.due_at)
    if row.honoured_at is None:
        return Clock("", "")
    took = in_words(row.seconds_to_honour)
    if row.honoured_at > row.due_at:
        return Clock("late", f"Late: took {took}", row.due_at)
    return Clock(
        "in_time", f"In {took}" if row.state == OptOutState.HONOURED else f"Honoured in {took}"
    )


def _left(now: datetime, due: datetime) -> str:
    """How many business days are left, today not counted."""
    zone = timezone.get_default_timezone()
    days = _business_days(now.astimezone(zone).date(), due.astimezone(zone).date())
    if not days:
        return "Due today"
    return f"{days} business day{'' if days == 1 else 's'} left"


def _business_days(after: date, until: date) -> int:
    days = (after + timedelta(days=step + 1) for step in range((until - after).days))
    return sum(is_business_day(day) for day in days)
