"""The table of contacts."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from contacts_ui.forms.finder import FilterForm, SearchForm, with_custom_field
from contacts_ui.forms.saved_views import normalised
from contacts_ui.permissions import may
from contacts_ui.phone import is_us_or_canada
from contacts_ui.services import index
from contacts_ui.services.consent.record import is_stopped
from contacts_ui.services.contacts.listing import Kind, Listing, ListQuery, list_contacts
from contacts_ui.services.people.preferences import table_look
from contacts_ui.services.review import inbox
from contacts_ui.services.vendors.vendor_errors import VendorError
from contacts_ui.views.addresses import with_changes
from contacts_ui.views.columns import COLUMNS, DEFAULT_COLUMNS, rows_of
from contacts_ui.views.consent_panel import REASONS
from contacts_ui.views.errors import error_notice, wants_a_fragment
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.list_frame import (
    freshness,
    headings,
    index_words,
    list_pager,
    page_asked_for,
    tabs,
)
from contacts_ui.views.paging import FIRST_PAGE, Page, chips_of, results_of, whole_number
from contacts_ui.views.saved_views import view_links


@require_safe
@permission("view_contacts")
def contact_list(request: StaffRequest) -> HttpResponse:
    """Show a page of contacts, from the index or live; every filter, page, order and search is in the address."""
    search, filters = SearchForm(request.GET), FilterForm(with_custom_field(request.GET))
    valid = search.is_valid() and filters.is_valid()
    query = _question(request, search, filters)
    state = index.state()
    if asked := page_asked_for(request, query, state):
        offset, said = asked
        if said:
            messages.info(request, said)
        return redirect(
            with_changes(request, page=None, **{**FIRST_PAGE, "offset": offset or None})
        )
    indexed = state.ready and not query.live
    part = wants_a_fragment(request)
    # Else they come once they are opened.
    filters_open = bool(filters.errors) or request.GET.get("panel") == "filters"
    if indexed:
        search.answer_from_the_index(request.path)
        if filters_open and not part:
            filters.offer(index.values_in_use())
    listing, failure = None, None
    if valid:
        try:
            listing = list_contacts(query, state)
        except VendorError as error:
            failure = error
    context = {
        "search_form": search,
        "filter_form": filters,
        "filters_open": filters_open,
        "active_filters": _active_filters(request, filters),
        "error_notice": error_notice(
            failure or (listing.error if listing else None), request.get_full_path()
        ),
        **_around(request, query, listing, state),
    }
    context |= {} if part else view_links(request.user, context["view_query"])
    return results_of(request, "contacts/list.html", context)


def _around(
    request: StaffRequest, query: ListQuery, listing: Listing | None, state: index.IndexState
) -> dict[str, Any]:
    """Return the rows, in the columns that this person chose, and everything around them."""
    columns, compact = table_look(request.user, tuple(COLUMNS), DEFAULT_COLUMNS)
    indexed = state.ready and not query.live
    here = request.get_full_path()
    return {
        "here": here,
        "view": "row",
        "refusals": REASONS,
        "clear_url": f"{request.path}?{urlencode({'q': request.GET['q']})}"
        if request.GET.get("q")
        else request.path,
        "columns": [COLUMNS[key] for key in columns],
        "compact": compact,
        "attention_waiting": inbox.how_many(*inbox.ATTENTION),
        "tabs": tabs(request, listing) if indexed and listing else [],
        "may": request.GET.get("may", "") if indexed else "",
        "headings": headings(request, columns, sortable=indexed),
        "sort": query.sort if indexed else "",
        **freshness(request, query, listing, state),
        "view_query": normalised(request.GET.urlencode()),
        "pager": list_pager(request, query, listing),
        **_results(request, query, listing, columns),
    }


def _question(request: StaffRequest, search: SearchForm, filters: FilterForm) -> ListQuery:
    reading, page = whole_number(request.GET.get("reading"), -1), Page.of(request)
    sort = request.GET.get("sort", "")
    return ListQuery(
        search=search.cleaned_data.get("q", "") if search.is_valid() else "",
        reading=reading if reading >= 0 else None,
        filters=filters.exact_filters(),
        limit=page.size,
        offset=page.offset,
        sort=sort if sort.removeprefix("-") in index.SORTS else "",
        live=request.GET.get("live") == "1",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )


def _active_filters(request: StaffRequest, filters: FilterForm) -> list[dict[str, str]]:
    chips = chips_of(request, filters, without=("custom_field", "custom_value"))
    custom = filters.data.get("custom_field", ""), filters.data.get("custom_value", "")
    if all(custom):
        gone = {"custom_field": None, "custom_value": None, f"custom.{custom[0]}": None}
        remove_url = with_changes(request, **gone, reading=None, **FIRST_PAGE)
        chips.append({"label": custom[0], "value": custom[1], "remove_url": remove_url})
    return chips


def _results(
    request: StaffRequest, query: ListQuery, listing: Listing | None, columns: list[str]
) -> dict[str, Any]:
    number = query.number
    # A person on the line can be stopped even while SlickText cannot say who they are.
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
            "malformed": len(listing.page.malformed),
            "as_of": listing.as_of,
            "is_old": listing.error is not None,
            "ignored_filters": listing.ignored,
            "left_out": listing.left_out,
            **index_words(listing),
        },
        "create_url": _create_url(request, number) if number else "",
        # A number without a contact may be stopped, too.
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
    """Return how the search was understood, since SlickText's search is case-sensitive."""
    if listing.understanding is None or not listing.found:
        return ""
    words = " or ".join(reading.words for _, reading in listing.readings)
    tried = ""
    if listing.understanding.kind is Kind.NAME:
        tried = " SlickText's search is case-sensitive, so we tried the usual spellings."
    return f"Found by {words}.{tried}"


def _other_readings(request: StaffRequest, listing: Listing) -> list[dict[str, str]]:
    """Return a link to each way of reading the search, if two of them found more than fits on a page."""
    if len(listing.found) < 2 or not listing.page.has_more:
        return []
    return [
        {
            "label": f"Everyone with {reading.words}",
            "url": with_changes(request, reading=index, **FIRST_PAGE),
        }
        for index, reading in listing.readings
    ]
