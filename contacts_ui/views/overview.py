"""The managers' overview, and where each role starts."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from contacts_ui.forms.opt_outs import SLOWEST, RangeForm
from contacts_ui.models import SecurityEventKind
from contacts_ui.permissions import may
from contacts_ui.services.review.overview import Bucket, Overview, days_in_a_bucket
from contacts_ui.services.review.overview import overview as look_over
from contacts_ui.services.security.reading import MuchRead, much_read
from contacts_ui.views.durations import in_words
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.paging import whole_number
from contacts_ui.views.plots import Column, columns_plot, steps_plot

RANGES = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "12 months"))
DEFAULT_DAYS = 30


def home(request: StaffRequest) -> HttpResponse:
    """Send managers to the overview, administrators to the people, and everyone else to the contacts."""
    pages = (
        ("review_opt_outs", "overview"),
        ("view_contacts", "contact-list"),
        ("manage_people", "people-list"),
    )
    name = next((page for needed, page in pages if may(request.user, needed)), "contact-list")
    return redirect(name)


@require_safe
@permission("review_opt_outs")
def overview(request: StaffRequest) -> HttpResponse:
    """Show opt-outs over a range of days, and what is due now; each number links to its rows."""
    form = RangeForm(request.GET)
    much = [_read(each) for each in much_read()]
    context: dict[str, Any] = {"form": form, "much_read": much, "seen": None}
    if form.is_valid():
        first, last = _range(request, form)
        seen = look_over(first=first, last=last)
        context |= {
            "first": first,
            "last": last,
            "ranges": _ranges(request, first, last),
            "seen": seen,
            "now": _now(seen),
            "then": _then(seen, first, last),
            "per": {1: "a day", 7: "a week"}.get(
                days_in_a_bucket(first, last), f"every {days_in_a_bucket(first, last)} days"
            ),
            "table": [_line(bucket) for bucket in seen.buckets],
            "columns": columns_plot(
                [
                    Column(bucket.asked, bucket.open, date_format(bucket.first, "M j"))
                    for bucket in seen.buckets
                ]
            ),
            "steps": steps_plot([(step.label, step.number) for step in seen.steps]),
        }
    return TemplateResponse(request, "overview.html", context)


def _range(request: StaffRequest, form: RangeForm) -> tuple[date, date]:
    """Return the days in the address: from and to, or the last so many days."""
    today = timezone.localdate()
    first, last = form.cleaned_data["from"], form.cleaned_data["to"]
    days = whole_number(request.GET.get("days"), DEFAULT_DAYS)
    days = days if days in dict(RANGES) else DEFAULT_DAYS
    last = last or max(today, first or today)
    return first or last - timedelta(days=days - 1), last


def _ranges(request: StaffRequest, first: date, last: date) -> list[dict[str, Any]]:
    today = last == timezone.localdate()
    return [
        {
            "label": label,
            "url": f"{request.path}?days={days}",
            "current": today and (last - first).days + 1 == days,
        }
        for days, label in RANGES
    ]


def _read(read: MuchRead) -> dict[str, str]:
    """Return who was shown very many contacts, and when: "between 2 and 3 PM", with the day if it is not today."""
    since, until = timezone.localtime(read.since), timezone.localtime(read.until)
    same_half = date_format(since, "A") == date_format(until, "A")
    first, last = date_format(since, "f" if same_half else "f A"), date_format(until, "f A")
    day = "" if since.date() == timezone.localdate() else f" on {date_format(since, 'M j')}"
    events = {"q": read.username, "kind": SecurityEventKind.READ_MUCH.value}
    return {
        "words": f"{read.name} was shown {read.contacts:,} contacts between {first} and {last}{day}.",
        "url": f"{reverse('security-events')}?{urlencode(events)}",
    }


def _now(seen: Overview) -> list[dict[str, Any]]:
    """Return what is not completed, whenever people asked."""
    return [
        _figure(label, seen.not_completed[state], {"state": state}, note, alarm=alarm)
        for state, label, note, alarm in (
            ("overdue", "Past due", "more than ten business days", "stop"),
            ("close", "Due soon", "three business days or less", "care"),
            ("waiting", "Waiting", "a vendor has not confirmed", ""),
            ("refused", "Refused", "a vendor said no", "stop"),
        )
    ]


def _then(seen: Overview, first: date, last: date) -> list[dict[str, Any]]:
    """Return what happened to the opt-outs of the range."""
    days = {"from": first.isoformat(), "to": last.isoformat()}
    slowest = days | {"order": SLOWEST}
    return [
        _figure("Opt-outs", seen.asked, days, "asked for"),
        _figure(
            "Median time to complete",
            in_words(seen.median_seconds) or "–",
            slowest,
            "half were faster",
        ),
        _figure(
            "Longest time to complete",
            in_words(seen.worst_seconds) or "–",
            slowest,
            "the slowest one",
        ),
        _figure("Lifted", seen.lifted, days | {"state": "lifted"}, "with consent, later"),
    ]


def _figure(
    label: str, value: int | str, query: dict[str, str], note: str, *, alarm: str = ""
) -> dict[str, Any]:
    return {
        "label": label,
        "value": value,
        "note": note,
        "url": f"{reverse('opt-out-list')}?{urlencode(query)}",
        "alarm": alarm if value else "",
    }


def _line(bucket: Bucket) -> dict[str, Any]:
    days = {"from": bucket.first.isoformat(), "to": bucket.last.isoformat()}
    day = date_format(bucket.first, "D, M j, Y")
    if bucket.last != bucket.first:
        day = f"{date_format(bucket.first, 'M j, Y')} to {date_format(bucket.last, 'M j, Y')}"
    return {
        "days": day,
        "bucket": bucket,
        "url": f"{reverse('opt-out-list')}?{urlencode(days)}",
    }
