"""Write times and numbers for people. The templates have each of these as a filter of its name."""

from datetime import UTC, date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from contacts_ui.phone import pretty


def when(moment: datetime | None) -> SafeString | str:
    """Write a time in the reader's zone, UTC on hover: Nov 28, 2026, 3:05 PM EST; "" for None."""
    if moment is None:
        return ""
    utc = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        date_format(timezone.localtime(moment), "M j, Y, g:i A T"),
    )


def to_the_second(at: datetime) -> str:
    """Write a time in the reader's zone with its seconds: 3:05:17 PM EST; with its day unless it is today."""
    local = timezone.localtime(at)
    today = local.date() == timezone.localdate()
    return date_format(local, "g:i:s A T" if today else "M j, Y, g:i:s A T")


def ago(moment: datetime | None) -> str:
    """Write how long ago a time was, in its largest unit; "" for None."""
    if moment is None:
        return ""
    if (timezone.now() - moment).total_seconds() < 60:
        return "just now"
    return f"{timesince(moment, depth=1)} ago"


def aged(moment: datetime | None) -> SafeString | str:
    """Write how long ago a time was, in its largest unit from seconds on, the exact time on hover."""
    if moment is None:
        return ""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    unit, size = next((each for each in units if seconds >= each[1]), units[-1])
    return format_html(
        '<time datetime="{}" title="{} ({} UTC)">{} {} ago</time>',
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        date_format(timezone.localtime(moment), "M j, Y, g:i:s A T"),
        moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        seconds // size,
        unit,
    )


def until(moment: datetime) -> str:
    """Write how far off a time is, in seconds or minutes."""
    seconds = max(0, round((moment - timezone.now()).total_seconds()))
    return f"in {seconds} seconds" if seconds < 120 else f"in {seconds // 60} minutes"


def clock(moment: datetime) -> str:
    """Write a time in the reader's zone, with its day unless it is today."""
    local = timezone.localtime(moment)
    return date_format(local, "g:i A T" if local.date() == timezone.localdate() else "M j, g:i A T")


def phone(number: str | None) -> str:
    """Write a phone number as people do; "" for None."""
    return pretty(number) if number else ""


def exactly(value: Any) -> Any:
    """Write a time to the second in the reader's zone and in UTC; pass on anything else, "" for None."""
    if not isinstance(value, datetime):
        return "" if value is None else value
    local, utc = timezone.localtime(value), value.astimezone(UTC)
    same_day = local.date() == utc.date()
    return format_html(
        '<time datetime="{}">{}</time> ({} UTC)',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        date_format(local, "M j, Y, g:i:s A T"),
        date_format(utc, "H:i:s" if same_day else "M j, Y, H:i:s"),
    )


def day(value: date, pattern: str = "M j, Y") -> str:
    """Write a day by Django's pattern for dates; of a time, the reader's day."""
    return date_format(timezone.localtime(value) if isinstance(value, datetime) else value, pattern)
