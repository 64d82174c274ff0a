"""The table of contacts."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from contacts_ui.forms import FilterForm, SearchForm, with_custom_field
from contacts_ui.forms.saved_views import normalised
from contacts_ui.permissions import may
from contacts_ui.phone import is_us_or_canada
from contacts_ui.services import index
from contacts_ui.services.consent.looking import is_stopped
from contacts_ui.services.listing import Kind, Listing, Question, list_contacts
from contacts_ui.services.preferences import choose_columns, chosen_columns
from contacts_ui.services.troubles import VendorError
from contacts_ui.views.addresses import safe_next, with_changes
from contacts_ui.views.columns import COLUMNS, DEFAULT_COLUMNS, rows_of
from contacts_ui.views.consent_panel import REASONS
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.list_frame import (
    freshness,
    headings,
    index_words,
    page_asked_for,
    pager,
)
from contacts_ui.views.paging import DEFAULT_SIZE, FIRST_PAGE, SIZES, whole_number
from contacts_ui.views.saved_views import view_links
from contacts_ui.views.troubles import trouble_of


@require_safe
@permission("view_contacts")
def contact_list(request: StaffRequest) -> HttpResponse:
    """A page of contacts, from the index or live; every filter, page, order and search is in the address."""
    search, filters = SearchForm(request.GET), FilterForm(with_custom_field(request.GET))
    valid = search.is_valid() and filters.is_valid()
    question = _question(request, search, filters)
    standing = index.state()
    if asked := page_asked_for(request, question, standing):
        offset, said = asked
        if said:
            messages.info(request, said)
        return redirect(
            with_changes(request, page=None, **{**FIRST_PAGE, "offset": offset or None})
        )
    indexed = standing.ready and not question.live
    if indexed:
        search.answer_from_the_index(request.path)
    listing, failure = None, None
    if valid:
        try:
            listing = list_contacts(question, standing)
        except VendorError as error:
            failure = error
    # The results alone where htmx swaps them; the whole page where it asks for one (a reload after "back").
    part = request.htmx and not request.htmx.history_restore_request
    context = {
        "search_form": search,
        "filter_form": filters,
        "active_filters": _active_filters(request, filters),
        "trouble": trouble_of(
            failure or (listing.trouble if listing else None), request.get_full_path()
        ),
        **_around(request, question, listing, standing),
    }
    context |= {} if part else view_links(request.user, context["view_query"])
    template = "contacts/list.html"
    if part:
        template += "#results"
    return TemplateResponse(request, template, context)


@require_POST
@permission("view_contacts")
def contact_columns(request: StaffRequest) -> HttpResponse:
    """Remember which columns this person wants to see."""
    wanted = request.POST.getlist("columns")
    choose_columns(request.user, [key for key in COLUMNS if key in wanted])
    return redirect(safe_next(request, reverse("contact-list")))


def _around(
    request: StaffRequest, question: Question, listing: Listing | None, standing: index.IndexState
) -> dict[str, Any]:
    """The rows, in the columns that this person chose, and everything that stands around them."""
    columns = chosen_columns(request.user, tuple(COLUMNS), DEFAULT_COLUMNS)
    indexed = standing.ready and not question.live
    here = request.get_full_path()
    return {
        "here": here,
        "view": "row",
        "refusals": REASONS,
        "clear_url": f"{request.path}?{urlencode({'q': request.GET['q']})}"
        if request.GET.get("q")
        else request.path,
        "columns": [COLUMNS[key] for key in columns],
        "column_choices": [
            {"key": key, "label": column.label, "chosen": key in columns}
            for key, column in COLUMNS.items()
        ],
        "headings": headings(request, columns, sortable=indexed),
        "help_keys": index.KEYS if indexed else {},
        "sort": question.sort if indexed else "",
        **freshness(request, question, listing, standing),
        "view_query": normalised(request.GET.urlencode()),
        **pager(request, question, listing),
        **_results(request, question, listing, columns),
    }


def _question(request: StaffRequest, search: SearchForm, filters: FilterForm) -> Question:
    reading = whole_number(request.GET.get("reading"), -1)
    size = whole_number(request.GET.get("size"), DEFAULT_SIZE)
    sort = request.GET.get("sort", "")
    return Question(
        search=search.cleaned_data.get("q", "") if search.is_valid() else "",
        reading=reading if reading >= 0 else None,
        filters=filters.exact_filters(),
        limit=size if size in SIZES else DEFAULT_SIZE,
        offset=whole_number(request.GET.get("offset"), 0),
        sort=sort if sort.removeprefix("-") in index.SORTS else "",
        live=request.GET.get("live") == "1",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )


def _active_filters(request: StaffRequest, filters: FilterForm) -> list[dict[str, str]]:
    active = []
    for name, field in filters.fields.items():
        value = request.GET.get(name, "")
        if value and name not in ("size", "custom_field", "custom_value"):
            remove_url = with_changes(request, **{name: None, "reading": None, **FIRST_PAGE})
            active.append({"label": str(field.label), "value": value, "remove_url": remove_url})
    custom = filters.data.get("custom_field", ""), filters.data.get("custom_value", "")
    if all(custom):
        gone = {"custom_field": None, "custom_value": None, f"custom.{custom[0]}": None}
        remove_url = with_changes(request, **gone, reading=None, **FIRST_PAGE)
        active.append({"label": custom[0], "value": custom[1], "remove_url": remove_url})
    return active


def _results(
    request: StaffRequest, question: Question, listing: Listing | None, columns: list[str]
) -> dict[str, Any]:
    number = question.number
    # Somebody on the line is stopped also while SlickText cannot say who they are.
    offers = {
        "stop_url": _stop_url(request, number) if number else "",
        "number_url": reverse("number-detail", args=[number]) if number else "",
    }
    if listing is None:
        return {"listing": None, **offers}
    return {
        **offers,
        "listing": {
            "rows": rows_of(request.user, listing, columns),
            "explanation": _explanation(listing),
            "links": _other_readings(request, listing),
            "offset": listing.page.offset,
            "first": f"{listing.page.offset + 1:,}",
            "last": f"{listing.page.offset + len(listing.page.contacts):,}",
            "malformed": len(listing.page.malformed),
            "as_of": listing.as_of,
            "is_old": listing.trouble is not None,
            "ignored_filters": listing.ignored,
            **index_words(listing),
        },
        "create_url": _create_url(request, number) if number else "",
        # A number of nobody's may be stopped all the same.
        "is_stopped": bool(number and not listing.page.contacts and is_stopped(number)),
    }


def _create_url(request: StaffRequest, number: str) -> str:
    if not may(request.user, "edit_contacts") or not is_us_or_canada(number):
        return ""
    return f"{reverse('contact-new')}?{urlencode({'number': number})}"


def _stop_url(request: StaffRequest, number: str) -> str:
    if not may(request.user, "stop_texts"):
        return ""
    return f"{reverse('stop-number')}?{urlencode({'number': number})}"


def _explanation(listing: Listing) -> str:
    """How the search was understood, since SlickText minds every capital letter."""
    if listing.understanding is None or not listing.found:
        return ""
    words = " or ".join(reading.words for _, reading in listing.readings)
    tried = ""
    if listing.understanding.kind is Kind.NAME:
        tried = " SlickText minds capital letters, so we tried the usual ones."
    return f"Found by {words}.{tried}"


def _other_readings(request: StaffRequest, listing: Listing) -> list[dict[str, str]]:
    """Where two readings found more than fits, each can be seen by itself."""
    if len(listing.found) < 2 or not listing.page.has_more:
        return []
    return [
        {
            "label": f"Everyone with {reading.words}",
            "url": with_changes(request, reading=index, **FIRST_PAGE),
        }
        for index, reading in listing.readings
    ]
