"""The table's pages: from the index if it is ready, else from SlickText, or the last copy."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils import timezone

from contacts_ui.contact_fields import as_text
from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import NotFound, Unreadable, VendorError
from contacts_ui.integrations.types import Contact, ContactPage
from contacts_ui.services import index
from contacts_ui.services.contacts import last_known
from contacts_ui.services.contacts.search import Interpretation, Kind, Understanding, understand
from contacts_ui.services.vendors import how_to_read, shared_reads, to_slicktext

# Filters that only the index has.
INDEX_FILTERS = ("may", "stopped")
EMPTY_PAGE = ContactPage(contacts=(), has_more=False, offset=0, malformed=(), received=0)


@dataclass(frozen=True)
class ListQuery:
    """What the table is asked for. `filters` are SlickText's own field names and exact values.

    `reading` picks one of the ways in which `search` can be understood, by its index. `live` asks SlickText although
    the index could answer. `sort` is one of the index's: the vendor cannot sort. `after` and `before` are the index's
    tokens of the page that the person comes from.
    """

    search: str = ""
    reading: int | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    limit: int = 50
    offset: int = 0
    sort: str = ""
    live: bool = False
    after: str = ""
    before: str = ""

    @property
    def number(self) -> str:
        """Return the number that is searched for, in E.164; "" if the search is for something else."""
        understanding = understand(self.search)
        return (understanding.number or "") if understanding else ""

    @property
    def key(self) -> str:
        """Return the cache key of the answer."""
        parts = [self.search, self.reading, sorted(self.filters.items()), self.limit, self.offset]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Listing:
    """One page of contacts, and how it was found.

    `found` are the readings of the search that matched, by index.
    `error` is why this is the page kept from `as_of`. `ignored` are filters that SlickText did not apply.
    If the index answered, `read` says when each contact was read, and `answer` is what else it said.
    """

    page: ContactPage
    as_of: datetime
    understanding: Understanding | None = None
    found: tuple[int, ...] = ()
    error: VendorError | None = None
    ignored: tuple[str, ...] = ()
    left_out: bool = False
    read: Mapping[int, datetime] = field(default_factory=dict)
    answer: index.IndexPage | None = None

    def read_at(self, contact: Contact) -> datetime:
        """Return when this contact of the page was read."""
        return self.read.get(contact.contact_id, self.as_of)

    @property
    def readings(self) -> list[tuple[int, Interpretation]]:
        """Return the readings that matched."""
        if self.understanding is None:
            return []
        return [(index, self.understanding.readings[index]) for index in self.found]


def list_contacts(query: ListQuery, state: index.IndexState) -> Listing:
    """Answer `query` from the index if it is ready and SlickText itself is not asked for.

    Raises the VendorError when SlickText is asked and down, and there is no copy of the page either.
    """
    if state.ready and not query.live:
        return _from_index(query, state)
    return _from_slicktext(query)


def _from_index(query: ListQuery, state: index.IndexState) -> Listing:
    index_query = index.IndexQuery(
        query.search,
        query.filters,
        query.sort,
        query.limit,
        query.offset,
        query.after,
        query.before,
    )
    answer = index.find(index_query)
    if query.before and len(answer.found) < query.limit:
        # Contacts in front are gone, so this is the first page now: fill it.
        answer = index.find(replace(index_query, before="", offset=0))
    contacts, size = tuple(each.contact for each in answer.found), len(answer.found)
    has_more = answer.more
    if has_more is None and answer.total.exact:
        has_more = answer.offset + size < answer.total.number
    elif has_more is None:
        # The total is an estimate: a page that is not full is the last one.
        has_more = size == query.limit
    page = ContactPage(contacts, has_more, answer.offset, malformed=(), received=size)
    return Listing(
        page,
        # An empty result is as old as the sync that it comes from.
        as_of=answer.as_of or state.finished_at or timezone.now(),
        understanding=understand(query.search),
        read={each.contact.contact_id: each.read_at for each in answer.found},
        answer=answer,
    )


def _from_slicktext(query: ListQuery) -> Listing:
    """Answer from SlickText, or with the last known copy and its `error` if SlickText is down.

    The answer and the time of the stop are known to the index alone: these filters are left out, and said to be.
    """
    kept = {name: each for name, each in query.filters.items() if name not in INDEX_FILTERS}
    if len(kept) < len(query.filters):
        return replace(_from_slicktext(replace(query, filters=kept)), left_out=True)
    # "Read it live" means now, not what a colleague read seconds ago.
    share = shared_reads.read_now if query.live else shared_reads.read
    try:
        read = share(f"page:{query.key}", lambda: _ask(query))
    except VendorError as error:
        known = last_known.page(query.key)
        if known is None:
            raise
        return Listing(known.value, known.as_of, understand(query.search), error=error)
    return replace(read.value, as_of=read.as_of)


def _ask(query: ListQuery) -> Listing:
    asked_at = timezone.now()
    listing = _checked(_answer(query), query)
    if listing.page.contacts or not listing.page.malformed:
        # If nothing on the page can be read, the copy of the one before is better.
        page = last_known.keep_page(query.key, listing.page, asked_at)
        listing = replace(listing, page=page)
    return listing


def _answer(query: ListQuery) -> Listing:
    understanding = understand(query.search)
    if understanding is None:
        return Listing(_page(query, query.filters), timezone.now())
    if query.reading is not None and query.reading < len(understanding.readings):
        page = _read(query, understanding.readings[query.reading])
        return Listing(page, timezone.now(), understanding, (query.reading,))
    tried = 0
    # Round after round until one matches; the readings of one round are shown together.
    for readings in understanding.rounds:
        pages = [_read(query, reading) for reading in readings]
        found = tuple(tried + at for at, page in enumerate(pages) if page.received)
        tried += len(readings)
        if found:
            page = _together([page for page in pages if page.received])
            return Listing(page, timezone.now(), understanding, found)
    return Listing(EMPTY_PAGE, timezone.now(), understanding)


def _read(query: ListQuery, reading: Interpretation) -> ContactPage:
    """Return who matches one reading. Raises Unreadable if others are among them: SlickText ignored the filter."""
    if reading.contact_id is None:
        page = _page(query, {**query.filters, **dict(reading.filters)})
        if all(_matches(each, *asked) for each in page.contacts for asked in reading.filters):
            return page
        raise Unreadable(slicktext.VENDOR, log={"problem": "another contact was found"})
    try:
        contact = slicktext.get_contact(to_slicktext(), reading.contact_id, policy=how_to_read())
    except NotFound:
        last_known.forget_contact(reading.contact_id)
        return EMPTY_PAGE
    return replace(EMPTY_PAGE, contacts=(contact,), received=1)


def _page(query: ListQuery, filters: Mapping[str, str]) -> ContactPage:
    return slicktext.list_contacts(
        to_slicktext(),
        limit=query.limit,
        offset=query.offset,
        filters=filters,
        policy=how_to_read(),
    )


def _together(pages: list[ContactPage]) -> ContactPage:
    """Return the contacts of several readings as one page, each contact once."""
    if len(pages) == 1:
        return pages[0]
    people = {contact.contact_id: contact for page in pages for contact in page.contacts}
    return ContactPage(
        contacts=tuple(people.values()),
        has_more=any(page.has_more for page in pages),
        offset=pages[0].offset,
        malformed=tuple(problem for page in pages for problem in page.malformed),
        received=sum(page.received for page in pages),
    )


def _checked(listing: Listing, query: ListQuery) -> Listing:
    """Take out who does not match: SlickText may ignore a filter on a custom field, and an id is read by itself."""
    matching, ignored = [], set()
    for contact in listing.page.contacts:
        missed = [
            name for name, value in query.filters.items() if not _matches(contact, name, value)
        ]
        ignored.update(missed)
        if not missed:
            matching.append(contact)
    if not ignored:
        return listing
    page = replace(listing.page, contacts=tuple(matching))
    return replace(listing, page=page, ignored=tuple(sorted(ignored)))


def _matches(contact: Contact, name: str, value: str) -> bool:
    held = getattr(contact, name) if hasattr(contact, name) else contact.custom_fields.get(name)
    if name == "mobile_number":
        return contact.number == value or held == value
    return as_text(held).casefold().lstrip("0") == value.casefold().lstrip("0")


__all__ = ["Kind", "ListQuery", "Listing", "list_contacts"]
