"""How times and numbers are written for people."""

from datetime import UTC, datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from contacts_ui.phone import pretty

register = template.Library()


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """A time in the reader's zone, UTC on hover: Nov 28, 2026, 3:05 PM EST; empty for None."""
    if moment is None:
        return ""
    utc = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        date_format(timezone.localtime(moment), "M j, Y, g:i A T"),
    )


@register.filter
def to_the_second(at: datetime) -> str:
    """A time in the reader's zone with its seconds: 3:05:17 PM EST; with its day if that is another one."""
    local = timezone.localtime(at)
    today = local.date() == timezone.localdate()
    return date_format(local, "g:i:s A T" if today else "M j, Y, g:i:s A T")


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago a time was, in its largest unit."""
    if moment is None:
        return ""
    if (timezone.now() - moment).total_seconds() < 60:
        return "just now"
    return f"{timesince(moment, depth=1)} ago"


@register.filter
def aged(moment: datetime | None) -> SafeString | str:
    """How old something is, in its largest unit and to the second, with the exact time on hover."""
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


@register.filter
def until(moment: datetime) -> str:
    """In how long a time is, in seconds or minutes."""
    seconds = max(0, round((moment - timezone.now()).total_seconds()))
    return f"in {seconds} seconds" if seconds < 120 else f"in {seconds // 60} minutes"


@register.filter
def clock(moment: datetime) -> str:
    """A time in the reader's zone, as short as it is clear: the day only if it is another one."""
    local = timezone.localtime(moment)
    return date_format(local, "g:i A T" if local.date() == timezone.localdate() else "M j, g:i A T")


@register.filter
def phone(number: str | None) -> str:
    """A number as people write it."""
    return pretty(number) if number else ""
