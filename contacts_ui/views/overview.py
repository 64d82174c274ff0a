"""The managers' overview, the agents' home, and where each role starts."""

from collections.abc import Sequence
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

from contacts_ui.forms.finder import SearchForm
from contacts_ui.forms.opt_outs import REQUESTS, SLOWEST, RangeForm
from contacts_ui.models import SecurityEventKind
from contacts_ui.permissions import may
from contacts_ui.services import index
from contacts_ui.services.consent import inbound_texts, lift_requests
from contacts_ui.services.review import answers, possible_opt_outs
from contacts_ui.services.review.inbox import ITEMS_MAX, Kind, counts, look
from contacts_ui.services.review.opt_outs import changed_for
from contacts_ui.services.review.overview import Bucket, Overview, days_in_a_bucket
from contacts_ui.services.review.overview import overview as look_over
from contacts_ui.services.security.reading import MuchRead, much_read
from contacts_ui.template_filters import day, short_day
from contacts_ui.views.durations import in_words
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.inbox_rows import changed_item, message_item, section, sections_of
from contacts_ui.views.lift_requests import request_rows
from contacts_ui.views.list_frame import TABS
from contacts_ui.views.paging import whole_number
from contacts_ui.views.plots import Column, columns_plot, line_plot, steps_plot

RANGES = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "12 months"))
DEFAULT_DAYS = 30
# What an agent's home still shows after it was decided or done.
RECENT_DAYS = 7


def home(request: StaffRequest) -> HttpResponse:
    """Send managers to the overview, agents to their home, administrators to the people, and others to the contacts."""
    pages = (
        ("review_opt_outs", "overview"),
        ("stop_texts", "agent-home"),
        ("view_contacts", "contact-list"),
        ("manage_people", "people-list"),
    )
    name = next((page for needed, page in pages if may(request.user, needed)), "contact-list")
    return redirect(name)


@require_safe
@permission("review_opt_outs")
def overview(request: StaffRequest) -> HttpResponse:
    """Show what waits for a decision; below it how many may be texted, and the opt-outs of a range of days."""
    form = RangeForm(request.GET)
    context: dict[str, Any] = {
        "form": form,
        "much_read": [_read(each) for each in much_read()],
        "sections": sections_of(look(request.user), request.user),
        "here": request.get_full_path(),
        "answers": _answers(),
        "seen": None,
    }
    if form.is_valid():
        first, last = _range(request, form)
        seen = look_over(first=first, last=last)
        context |= {
            "first": first,
            "last": last,
            "ranges": _ranges(request, first, last),
            "seen": seen,
            "moved": _moved(seen.buckets),
            "then": _then(seen, first, last),
            "per": {1: "a day", 7: "a week"}.get(
                days_in_a_bucket(first, last), f"every {days_in_a_bucket(first, last)} days"
            ),
            "table": [_line(bucket, reverse("opt-out-list")) for bucket in seen.buckets],
            "columns": columns_plot(
                [
                    Column(bucket.asked, bucket.open, short_day(bucket.first))
                    for bucket in seen.buckets
                ]
            ),
            "steps": steps_plot([(step.label, step.number) for step in seen.steps]),
        }
    return TemplateResponse(request, "overview.html", context)


@require_safe
@permission("stop_texts")
def agent_home(request: StaffRequest) -> HttpResponse:
    """Show the search, messages that wait for a decision, and what became of the reader's own requests and stops."""
    since = timezone.now() - timedelta(days=RECENT_DAYS)
    waiting = possible_opt_outs.show(list(inbound_texts.waiting()[:ITEMS_MAX]))
    asked = [message_item(each, request.user) for each in waiting]
    search = SearchForm()
    if index.state().ready:
        search.find_parts()
    requests = [
        each
        for each in lift_requests.own(request.user.pk)
        # Decisions that they have not seen, however old; the page of all their requests marks them as seen.
        if each.decided_at is None or each.decided_at > since or each.seen_at is None
    ]
    changed = changed_for(request.user.pk, since)
    context = {
        "search": search,
        "sections": [section(Kind.ASKED, counts()[Kind.ASKED], asked)] if asked else [],
        "requests": request_rows(request.user, requests),
        "changed": [changed_item(each, changed.refusals) for each in changed.rows],
        "recent_days": RECENT_DAYS,
        "here": request.path,
    }
    return TemplateResponse(request, "overview/home.html", context)


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
    same_half = f"{since:%p}" == f"{until:%p}"
    first, last = date_format(since, "f" if same_half else "f A"), date_format(until, "f A")
    on_day = "" if since.date() == timezone.localdate() else f" on {short_day(since)}"
    events = {"q": read.username, "kind": SecurityEventKind.READ_MUCH.value}
    return {
        "words": f"{read.name} was shown {read.contacts:,} contacts between {first} and {last}{on_day}.",
        "url": f"{reverse('security-events')}?{urlencode(events)}",
    }


def share(part: int, whole: int) -> str:
    """Return the share in percent; a few among many are not none."""
    return "under 0.1%" if 0 < part / whole < 0.001 else f"{part / whole:.1%}"


def _answers() -> list[dict[str, Any]]:
    """Return how many contacts have each answer, and where they are; nothing while the index is not complete."""
    counts = answers.counts_now()
    if counts is None:
        return []
    contacts, everyone = reverse("contact-list"), counts.get("", 0)
    return [
        {
            "label": label,
            "value": f"{number:,}",
            "note": f"{share(number, everyone)} of {everyone:,}" if everyone else "no contacts yet",
            "url": f"{contacts}?may={word}",
        }
        for word, label in TABS.items()
        if word
        for number in (counts.get(index.ANSWERS[word], 0),)
    ]


def _moved(buckets: Sequence[Bucket]) -> dict[str, Any] | None:
    """Return how the answers moved: a line of those who may be texted, and a table; None without any day."""
    kept = [bucket for bucket in buckets if bucket.answers]
    if not kept:
        return None
    points = [
        (bucket.answers.may_text if bucket.answers else None, short_day(bucket.last))
        for bucket in buckets
    ]
    return {
        "rows": [bucket.answers for bucket in kept],
        "line": line_plot(points) if len(kept) > 1 else None,
    }


def _then(seen: Overview, first: date, last: date) -> list[dict[str, Any]]:
    """Return what happened to the opt-outs of the range."""
    days = {"from": first.isoformat(), "to": last.isoformat(), "kind": REQUESTS}
    slowest = days | {"order": SLOWEST}
    return [
        _figure("Opt-outs", f"{seen.asked:,}", days, "asked for"),
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
        _figure("Lifted", f"{seen.lifted:,}", days | {"state": "lifted"}, "with consent, later"),
    ]


def _figure(label: str, value: str, query: dict[str, str], note: str) -> dict[str, Any]:
    return {
        "label": label,
        "value": value,
        "note": note,
        "url": f"{reverse('opt-out-list')}?{urlencode(query)}",
    }


def _line(bucket: Bucket, opt_outs: str) -> dict[str, Any]:
    days = {"from": bucket.first.isoformat(), "to": bucket.last.isoformat(), "kind": REQUESTS}
    days_text = f"{bucket.first:%a}, {day(bucket.first)}"
    if bucket.last != bucket.first:
        days_text = f"{day(bucket.first)} to {day(bucket.last)}"
    return {
        "days": days_text,
        "bucket": bucket,
        "url": f"{opt_outs}?{urlencode(days)}",
    }
