"""What is around the table's rows: headings that sort, the pager, how fresh it is, and what the index says."""

import re
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from contacts_ui.forms.finder import index_question
from contacts_ui.services import index
from contacts_ui.services.contacts.listing import Kind, Listing, ListQuery
from contacts_ui.views.addresses import page_of, with_changes
from contacts_ui.views.columns import COLUMNS
from contacts_ui.views.paging import FIRST_PAGE, Changes, Jump, Pager, pager, whole_number
from contacts_ui.views.totals import pages, pages_words, total_words

INDEX_OFF: Final = (
    "The index is off. Stops at SlickText are known only for contacts that someone has opened."
)
# Parts of the address that the small form "Page [ ] of N" leaves out.
_NOT_CARRIED: Final = ("page", "reading", *FIRST_PAGE)


# The tabs above the table: the word of the address, "" for everyone, and the name.
TABS: Final = {
    "": "All",
    "yes": "May text",
    "no": "Do not text",
    "not-subscribed": "Not subscribed",
    "unknown": "Not known",
    "disagree": "Disagree",
}
# `may:no` in the search is the tab *Do not text*.
_TYPED_ANSWER: Final = re.compile(r"(?<!\S)may:(\"[^\"]*\"|\S+)", re.IGNORECASE)


def tabs(request: HttpRequest, listing: Listing) -> list[dict[str, Any]]:
    """Return a tab for each answer, with how many of those searched for have it, where that is known."""
    answer = listing.answer
    if answer is None:
        return []
    counts, asked = tab_counts(answer.answers), answer.answer
    search = " ".join(_TYPED_ANSWER.sub(" ", request.GET.get("q", "")).split())
    return [
        {
            "key": word or "all",
            "label": label,
            "count": counts.get(word or "all", ""),
            "current": index.ANSWERS.get(word, "") == asked,
            "url": with_changes(
                request, may=word or None, q=search or None, reading=None, **FIRST_PAGE
            ),
        }
        for word, label in TABS.items()
    ]


def tab_counts(counts: Mapping[str, int] | None) -> dict[str, str]:
    """Return the number on each tab, by its key; {} if they are not known."""
    if counts is None:
        return {}
    return {word or "all": f"{counts.get(index.ANSWERS.get(word, ''), 0):,}" for word in TABS}


def counts_after_press(request: HttpRequest) -> tuple[dict[str, str], str]:
    """Return the numbers on the tabs and the total of the table on which something was pressed; ({}, "") elsewhere."""
    path, _, query = page_of(request).partition("?")
    data = QueryDict(query)
    if path != reverse("contact-list") or data.get("live") == "1" or not index.is_ready():
        return {}, ""
    question = index_question(data)
    counts, asked = index.counts_by_answer(question) if question else (None, "")
    if counts is None:
        return {}, ""
    return tab_counts(counts), total_in_words(index.Total(counts.get(asked, 0)))


def total_in_words(total: index.Total) -> str:
    """Return how many contacts match, in words."""
    one = total.exact and total.number == 1
    return f"{total_words(total)} {'contact' if one else 'contacts'}"


def headings(request: HttpRequest, columns: list[str], *, sortable: bool) -> list[dict[str, str]]:
    """Return the headings, the answer's last. A press sorts up, the next one down, and a third one not at all."""
    labels = {"name": "Name", "number": "Number"} | {key: COLUMNS[key].label for key in columns}
    labels |= {"may": "May we text?"}
    sort = request.GET.get("sort", "")
    found = []
    for key, label in labels.items():
        url, direction = "", "none"
        if sortable and key in index.SORTS:
            direction = {key: "ascending", f"-{key}": "descending"}.get(sort, "none")
            following = {"ascending": f"-{key}", "descending": None}.get(direction, key)
            url = with_changes(request, sort=following, reading=None, **FIRST_PAGE)
        found.append({"key": key, "label": label, "url": url, "direction": direction})
    return found


def list_pager(request: HttpRequest, query: ListQuery, listing: Listing | None) -> Pager:
    """Return the pager. SlickText tells no total, so only the index knows the number of pages and a last page."""
    answer = listing.answer if listing else None
    links: dict[str, Changes | None] = {"previous": None, "next_": None, "last": None}
    if query.offset:
        offset = max(query.offset - query.limit, 0)
        # The first page is asked for by its place, so that no new contact in front is missed.
        token = answer.first if answer and offset else None
        links["previous"] = {"offset": offset or None, "before": token}
    # A search that matched in two ways has no second page of its own; each way has.
    if listing and listing.page.has_more and (answer or len(listing.found) < 2):
        links["next_"] = {
            "offset": listing.page.offset + listing.page.received,
            "after": answer.last if answer else None,
            "reading": listing.found[0] if listing.found else None,
        }
    jump = None
    if answer is not None:
        page_count = pages(answer.total, query.limit)
        last_offset = (page_count - 1) * query.limit
        # Also for an address behind the end.
        if answer.total.exact and query.offset != last_offset:
            links["last"] = {"offset": last_offset or None}
        if page_count > 1:
            jump = Jump(
                action=request.path,
                page=query.offset // query.limit + 1,
                pages=pages_words(answer.total, query.limit),
                carried=[
                    (name, str(value))
                    for name, value in request.GET.items()
                    if value and name not in _NOT_CARRIED
                ],
            )
    shown = ""
    if listing:
        first, last = listing.page.offset + 1, listing.page.offset + len(listing.page.contacts)
        shown = f"{first:,}–{last:,}{'' if links['next_'] else ', end of list'}"
    rows = len(listing.page.contacts) if listing else 0
    return pager(request, query.limit, rows=rows, shown=shown, jump=jump, **links)


def page_asked_for(
    request: HttpRequest, query: ListQuery, state: index.IndexState
) -> tuple[int, str] | None:
    """Return the offset of the page number that was typed into the pager, and what to say; None if none was typed.

    A page behind the end becomes the last one, if the index knows it.
    """
    if "page" not in request.GET:
        return None
    page, said = max(whole_number(request.GET["page"].strip(), 1), 1), ""
    if page > 1 and state.ready and not query.live:
        total = index.count(index.IndexQuery(search=query.search, filters=query.filters))
        last = pages(total, query.limit)
        if total.exact and page > last:
            said = f"There is no page {page:,}. This is the last one, page {last:,}."
            page = last
    return (page - 1) * query.limit, said


def freshness(
    request: HttpRequest, query: ListQuery, listing: Listing | None, state: index.IndexState
) -> dict[str, Any]:
    """Return whether this is live or from the index, and the link to the other."""
    indexed = state.ready and not query.live
    search = listing.understanding if listing else None
    no_matches = bool(listing and not listing.page.contacts)
    return {
        "indexed": indexed,
        "index_ready": state.ready,
        "building": _building(state),
        "live_url": with_changes(request, live=1, sort=None, reading=None, after=None, before=None)
        if indexed
        else None,
        "index_url": with_changes(request, live=None, reading=None)
        if state.ready and query.live
        else None,
        # A whole number, an id or an email that the index does not know may be a new contact.
        "ask_vendor": bool(indexed and no_matches and search and search.kind is not Kind.NAME),
    }


def _building(state: index.IndexState) -> str:
    """Return how far the index has come; without one, that not every stop at SlickText is known."""
    if not state.enabled:
        return INDEX_OFF
    if not state.building or not state.syncing:
        return ""
    if state.percent is None:
        return f"The index is being built: {state.synced:,} contacts so far"
    return f"The index is being built: {state.percent}%"


def index_words(listing: Listing) -> dict[str, Any]:
    """Return how many contacts match, which words the index corrected, and which it did not understand."""
    answer = listing.answer
    if answer is None:
        return {
            "total": "",
            "corrected": (),
            "widened": "",
            "complaints": (),
            "said": "",
            "is_past_the_end": False,
        }
    total = total_in_words(answer.total)
    corrected = "".join(f" Showing results for {word}." for _, word in answer.corrected)
    widened = ", ".join(answer.widened)
    corrected += f" Also showing results for {widened}." if widened else ""
    return {
        "total": total,
        "corrected": answer.corrected,
        "widened": widened,
        "complaints": answer.complaints,
        "said": f"{total}.{corrected}",
        "is_past_the_end": bool(answer.offset and answer.total.number and not answer.found),
    }
