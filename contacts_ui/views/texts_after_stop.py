"""Was anyone texted after asking us to stop? The answer, each text, and what is watched."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from contacts_ui.forms.texts_after_stop import TextsAfterStopForm
from contacts_ui.models import Vendor
from contacts_ui.models.messages import TextKind
from contacts_ui.phone import pretty
from contacts_ui.services.review.numbers import seen_of_many
from contacts_ui.services.review.texts_after_stop import (
    NOT_CONFIRMATIONS,
    Filters,
    Found,
    Watched,
    find,
    watched,
)
from contacts_ui.template_filters import day
from contacts_ui.views.addresses import with_changes
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.paging import FIRST_PAGE, Page, chips_of, results_of
from contacts_ui.views.text_words import text_in_words, watched_in_words

# What matters most first.
ORDER: Final = (*NOT_CONFIRMATIONS, TextKind.CONFIRMATION)
# How many of a kind, as it follows a colon.
OF_KIND: Final = {
    TextKind.AFTER_HELD: "{} after the vendor held the stop",
    TextKind.BEFORE_HELD: "{} before the vendor held the stop",
    TextKind.ON_ITS_WAY: "{} on the way when the vendor got the stop",
    TextKind.BY_PERSON: "{} written by a person in the vendor's inbox",
}


@require_safe
@permission("view_audit")
def texts_after_stop(request: StaffRequest) -> HttpResponse:
    """Show the answer in a sentence, how many texts of each kind, each text, and what is watched."""
    form, page = TextsAfterStopForm(request.GET), Page.of(request)
    context: dict[str, Any] = {
        "form": form,
        "active_filters": chips_of(request, form),
        "found": None,
    }
    if form.is_valid():
        filters = form.filters()
        found = find(filters, limit=page.size, offset=page.offset)
        people = seen_of_many({each.text.number for each in found.rows})
        rows = [
            text_in_words(each) | {"who": people[each.text.number].label} for each in found.rows
        ]
        vendors = watched()
        asked_about = [each for each in vendors if filters.vendor in ("", each.vendor.value)]
        context |= {
            "found": found,
            "answer": _answer(found, filters, asked_about),
            "kinds": _kinds(request, found),
            "rows": rows,
            "watched": [watched_in_words(each) for each in vendors],
            **page.context(request, shown=len(rows), total=found.total),
        }
    return results_of(request, "texts_after_stop/list.html", context)


def _answer(found: Found, filters: Filters, vendors: list[Watched]) -> dict[str, Any]:
    """Return yes or no, the sentence behind it, and what it leaves out; `vendors` are those asked about."""
    unwatched = [each.vendor.label for each in vendors if not each.is_watched]
    left_out = [f"Texts sent by {name} are not watched." for name in unwatched]
    answer: dict[str, Any] = {"left_out": left_out, "alarms": found.alarms}
    heard = [each.first for each in vendors if each.first]
    if found.after_stop.texts:
        kinds = ", ".join(
            words.format(f"{found.kinds[kind].texts:,}")
            for kind, words in OF_KIND.items()
            if found.kinds[kind].texts
        )
        where = _where(filters, since=min(heard, default=None))
        texts, people = found.after_stop.texts, found.after_stop.people
        sent = "1 text was" if texts == 1 else f"{texts:,} texts were"
        to = "1 person" if people == 1 else f"{people:,} people"
        sentence = f"{sent} sent to {to} after they asked{where}: {kinds}."
        state = "stop" if found.kinds[TextKind.AFTER_HELD].texts else "care"
        return answer | {"word": "Yes", "state": state, "sentence": sentence}
    if len(unwatched) == len(vendors):
        return answer | {"word": "We can't tell", "state": "care", "sentence": ""}
    confirmed = found.kinds[TextKind.CONFIRMATION].texts
    apart = f", apart from {confirmed:,} confirmation{'' if confirmed == 1 else 's'}"
    where = _where(filters, since=max(heard, default=None))
    sentence = f"No vendor told us of a text after a stop{apart if confirmed else ''}{where}."
    return answer | {"word": "Not that we know of", "state": "yes", "sentence": sentence}


def _where(filters: Filters, *, since: datetime | None) -> str:
    """Return what the answer is about, as it follows the sentence; `since` is when watching began."""
    by = f" by {Vendor(filters.vendor).label}" if filters.vendor else ""
    to = f" at {pretty(filters.number)}" if filters.number else ""
    until = filters.until and filters.until - timedelta(seconds=1)
    days = [
        f" {name} {day(moment)}"
        for name, moment in (("since", filters.since or since), ("until", until))
        if moment
    ]
    return f"{by}{to}{',' if days else ''}{''.join(days)}"


def _kinds(request: StaffRequest, found: Found) -> list[dict[str, Any]]:
    return [
        {
            "label": kind.label,
            "counted": counted,
            "url": with_changes(request, kind=kind.value, **FIRST_PAGE),
            "current": request.GET.get("kind") == kind.value,
            "alarm": kind is TextKind.AFTER_HELD and counted.texts,
        }
        for kind, counted in sorted(found.kinds.items(), key=lambda each: ORDER.index(each[0]))
        if counted.texts
    ]
