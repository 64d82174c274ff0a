"""Write times and numbers for people, always in the dashboard's own time zone: each is a filter of its name."""

from datetime import UTC, date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from contacts_ui.phone import pretty

DAY, MINUTE, SECOND = "M j, Y", "M j, Y, g:i A T", "M j, Y, g:i:s A T"


def when(moment: datetime | None) -> SafeString | str:
    """Write a time with its zone, UTC on hover: Nov 28, 2026, 3:05 PM EST; "" for None."""
    return _time(moment, date_format(timezone.localtime(moment), MINUTE)) if moment else ""


def ago(moment: datetime | None) -> SafeString | str:
    """Write how long ago a time was, in its largest unit, the time itself on hover; "" for None."""
    if moment is None:
        return ""
    seconds = (timezone.now() - moment).total_seconds()
    return _time(moment, "just now" if seconds < 60 else f"{timesince(moment, depth=1)} ago")


def exactly(value: Any) -> Any:
    """Write a time to the second, and in UTC; pass on anything else, "" for None."""
    if not isinstance(value, datetime):
        return "" if value is None else value
    local, utc = timezone.localtime(value), value.astimezone(UTC)
    same_day = local.date() == utc.date()
    return format_html(
        "{} ({} UTC)",
        _time(value, date_format(local, SECOND)),
        date_format(utc, "g:i:s A" if same_day else "M j, Y, g:i:s A"),
    )


def to_the_second(at: datetime) -> str:
    """Write a time with its seconds: 3:05:17 PM EST; with its day unless it is today."""
    local = timezone.localtime(at)
    return date_format(local, "g:i:s A T" if local.date() == timezone.localdate() else SECOND)


def until(moment: datetime) -> str:
    """Write how far off a time is, in seconds or minutes."""
    seconds = max(0, round((moment - timezone.now()).total_seconds()))
    return f"in {seconds} seconds" if seconds < 120 else f"in {seconds // 60} minutes"


def day(value: date) -> str:
    """Write a day, or the day of a time: Nov 28, 2026."""
    return date_format(timezone.localtime(value) if isinstance(value, datetime) else value, DAY)


def phone(number: str | None) -> str:
    """Write a phone number as people do; "" for None."""
    return pretty(number) if number else ""


def _time(moment: datetime, words: str) -> SafeString:
    """Mark up the words of a time for machines, with the time on hover in our zone and in UTC."""
    utc = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} ({} UTC)">{}</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        date_format(timezone.localtime(moment), SECOND),
        date_format(utc, "M j, Y, g:i:s A"),
        words,
    )
