"""What stands around the table's rows: headings that sort, the pager, how fresh it is, and what the index says."""

from typing import Any, Final

from django.http import HttpRequest

from contacts_ui.services import index
from contacts_ui.services.listing import Kind, Listing, Question
from contacts_ui.views.addresses import with_changes
from contacts_ui.views.columns import COLUMNS
from contacts_ui.views.paging import FIRST_PAGE, SIZES, whole_number
from contacts_ui.views.totals import pages, pages_words, total_words

_ALWAYS: Final = (("name", "Name"), ("number", "Number"))
_UNNUMBERED: Final[dict[str, Any]] = {
    "page_number": None,
    "last_url": None,
    "several_pages": False,
}
_NO_WORDS: Final[dict[str, Any]] = {
    "total": "",
    "corrected": (),
    "complaints": (),
    "said": "",
    "is_past_the_end": False,
}
INDEX_OFF: Final = (
    "The index is off. Stops at SlickText are known only for contacts that someone has opened."
)
_UNSORTED: Final = {"url": "", "direction": "none"}
# What of an address the little form "Page [ ] of N" does not carry along.
_NOT_CARRIED: Final = ("page", "reading", *FIRST_PAGE)


def headings(request: HttpRequest, columns: list[str], *, sortable: bool) -> list[dict[str, str]]:
    """The table's headings; pressed once a column sorts upwards, once more downwards, then as before."""
    labels = [*_ALWAYS, *((key, COLUMNS[key].label) for key in columns)]
    now = request.GET.get("sort", "")
    return [
        {
            "key": key,
            "label": label,
            **(_sorting(request, key, now) if _sorts(key, sortable) else _UNSORTED),
        }
        for key, label in labels
    ]


def _sorts(key: str, sortable: bool) -> bool:
    return sortable and key in index.SORTS


def _sorting(request: HttpRequest, key: str, now: str) -> dict[str, str]:
    following = {key: f"-{key}", f"-{key}": None}.get(now, key)
    state = {key: "ascending", f"-{key}": "descending"}.get(now, "none")
    url = with_changes(request, sort=following, reading=None, **FIRST_PAGE)
    return {"url": url, "direction": state}


def pager(request: HttpRequest, question: Question, listing: Listing | None) -> dict[str, Any]:
    """Where "previous" and "next" lead. The vendor tells no total: only the index knows a last page."""
    return {
        "first_url": with_changes(request, **FIRST_PAGE),
        "previous_url": _previous(request, question, listing),
        "next_url": _next(request, listing) if listing else None,
        "sizes": [
            {
                "size": size,
                "url": with_changes(request, size=size, **FIRST_PAGE),
                "current": size == question.limit,
            }
            for size in SIZES
        ],
        **(
            _numbered(request, question, listing.answer)
            if listing and listing.answer
            else _UNNUMBERED
        ),
    }


def _previous(request: HttpRequest, question: Question, listing: Listing | None) -> str | None:
    if not question.offset:
        return None
    before = max(question.offset - question.limit, 0)
    answer = listing.answer if listing else None
    # In front of the first page nobody is to be missed: it is asked for by its place.
    token = answer.first if answer and before else None
    return with_changes(request, **{**FIRST_PAGE, "offset": before or None, "before": token})


def _next(request: HttpRequest, listing: Listing) -> str | None:
    # A search that two readings answer has no second page of its own; each reading has.
    if not listing.page.has_more or (listing.answer is None and len(listing.found) > 1):
        return None
    reading = listing.found[0] if listing.found else None
    onward = listing.page.offset + listing.page.received
    after = listing.answer.last if listing.answer else None
    changes: dict[str, str | int | None] = {**FIRST_PAGE, "offset": onward, "after": after}
    return with_changes(request, reading=reading, **changes)


def _numbered(request: HttpRequest, question: Question, answer: index.IndexPage) -> dict[str, Any]:
    last = pages(answer.total, question.limit)
    end = (last - 1) * question.limit
    return {
        "page_number": question.offset // question.limit + 1,
        "page_count": pages_words(answer.total, question.limit),
        "several_pages": last > 1,
        # Also from behind the end.
        "last_url": with_changes(request, **{**FIRST_PAGE, "offset": end or None})
        if answer.total.exact and question.offset != end
        else None,
        "carried": [
            (name, value)
            for name, value in request.GET.items()
            if value and name not in _NOT_CARRIED
        ],
    }


def page_asked_for(
    request: HttpRequest, question: Question, standing: index.IndexState
) -> tuple[int, str] | None:
    """The offset of the page that somebody typed into the pager, and what to say; None where nobody did.

    Where the index knows the last page, whoever wants one behind it gets the last.
    """
    if "page" not in request.GET:
        return None
    page, said = max(whole_number(request.GET["page"].strip(), 1), 1), ""
    total = _total_of(question) if page > 1 and standing.ready and not question.live else None
    if total and total.exact and page > (last := pages(total, question.limit)):
        said = f"There is no page {page:,}. This is the last one, page {last:,}."
        page = last
    return (page - 1) * question.limit, said


def _total_of(question: Question) -> index.Total:
    return index.count(index.IndexQuestion(search=question.search, filters=question.filters))


def freshness(
    request: HttpRequest, question: Question, listing: Listing | None, standing: index.IndexState
) -> dict[str, Any]:
    """Whether this is live or as of when, and the one press to the other."""
    indexed = standing.ready and not question.live
    return {
        "indexed": indexed,
        "index_ready": standing.ready,
        "building": _building(standing),
        "live_url": with_changes(request, live=1, sort=None, reading=None, after=None, before=None)
        if indexed
        else None,
        "index_url": with_changes(request, live=None, reading=None)
        if standing.ready and question.live
        else None,
        "ask_vendor": bool(indexed and listing and _worth_asking(question, listing)),
    }


def _worth_asking(question: Question, listing: Listing) -> bool:
    """A whole number, an id or an email that the index does not know may be somebody new."""
    found = listing.understanding
    return bool(not listing.page.contacts and found and found.kind is not Kind.NAME)


def _building(standing: index.IndexState) -> str:
    """How far the index has come; without one, that not every stop at SlickText is known."""
    if not standing.enabled:
        return INDEX_OFF
    if not standing.building or not standing.walking:
        return ""
    if standing.percent is None:
        return f"The index is being built: {standing.walked:,} contacts so far"
    return f"The index is being built: {standing.percent} %"


def index_words(listing: Listing | None) -> dict[str, Any]:
    """How many there are, what was taken for what, and what was not understood."""
    if listing is None or listing.answer is None:
        return _NO_WORDS
    answer = listing.answer
    one = answer.total.exact and answer.total.number == 1
    total = f"{total_words(answer.total)} {'contact' if one else 'contacts'}"
    taken = "".join(f" Showing results for {taken}." for _, taken in answer.corrected)
    return {
        "total": total,
        "corrected": answer.corrected,
        "complaints": answer.complaints,
        "said": f"{total}.{taken}",
        "is_past_the_end": bool(answer.offset and answer.total.number and not answer.found),
    }
