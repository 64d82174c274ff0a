"""How times are written where they must stand for themselves: to the second, with both zones."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

register = template.Library()


@register.filter
def exactly(value: Any) -> Any:
    """A time in the reader's zone and in UTC, to the second; anything else as it is, "" for None."""
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
