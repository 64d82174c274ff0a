"""The table's pages: from the index where it may answer, else from SlickText, or the copy kept last."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import NotFound, Unreadable, VendorError
from contacts_ui.integrations.types import Contact, ContactPage
from contacts_ui.services import index, last_known, shared_reads
from contacts_ui.services.editing import as_text
from contacts_ui.services.search import Kind, Reading, Understanding, understand
from contacts_ui.services.vendors import how_to_read, to_slicktext

NO_PAGE = ContactPage(contacts=(), has_more=False, offset=0, malformed=(), received=0)


@dataclass(frozen=True)
class Question:
    """What the table is asked for. `filters` are SlickText's own field names and exact values.

    `reading` picks one of the ways in which `search` can be understood, by its index. `live` asks SlickText although
    the index could answer. `sort` is one of the index's: the vendor cannot sort. `after` and `before` are the index's
    tokens of the page that somebody comes from.
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
        """The number that is searched for, in E.164; empty where the search is for something else."""
        understanding = understand(self.search)
        return (understanding.number or "") if understanding else ""

    @property
    def key(self) -> str:
        """Under which the answer is kept."""
        parts = [self.search, self.reading, sorted(self.filters.items()), self.limit, self.offset]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Listing:
    """One page of contacts and how it came about.

    `found` are the readings of the search that found somebody, by index; `tried` says how many spellings were asked.
    `trouble` is why the page is a kept one from `as_of`. `ignored` are filters that SlickText did not apply.
    `read` says of each contact when it was read, where the index answered; `answer` is what else the index said.
    """

    page: ContactPage
    as_of: datetime
    understanding: Understanding | None = None
    found: tuple[int, ...] = ()
    tried: int = 0
    trouble: VendorError | None = None
    ignored: tuple[str, ...] = ()
    read: Mapping[int, datetime] = field(default_factory=dict)
    answer: index.IndexPage | None = None

    def read_at(self, contact: Contact) -> datetime:
        """When this contact of the page was read."""
        return self.read.get(contact.contact_id, self.as_of)

    @property
    def readings(self) -> list[tuple[int, Reading]]:
        """The readings that found somebody."""
        if self.understanding is None:
            return []
        return [(index, self.understanding.readings[index]) for index in self.found]


def list_contacts(question: Question, standing: index.IndexState) -> Listing:
    """Answer `question` from the index if it is ready and nobody asks for SlickText itself.

    Raises the VendorError when SlickText is asked and down, and there is no copy of the page either.
    """
    if standing.ready and not question.live:
        return _from_index(question, standing)
    return _from_slicktext(question)


def _from_index(question: Question, standing: index.IndexState) -> Listing:
    asked = index.IndexQuestion(
        question.search,
        question.filters,
        question.sort,
        question.limit,
        question.offset,
        question.after,
        question.before,
    )
    answer = index.find(asked)
    if question.before and len(answer.found) < question.limit:
        # Some went from in front: this is the first page now, and a whole one.
        answer = index.find(replace(asked, before="", offset=0))
    contacts = tuple(each.contact for each in answer.found)
    page = ContactPage(
        contacts, _has_more(question, answer), answer.offset, malformed=(), received=len(contacts)
    )
    return Listing(
        page,
        # That nobody was found is as old as the walk that met nobody.
        as_of=answer.as_of or standing.finished_at or timezone.now(),
        understanding=understand(question.search),
        read={each.contact.contact_id: each.read_at for each in answer.found},
        answer=answer,
    )


def _has_more(question: Question, answer: index.IndexPage) -> bool:
    if answer.more is not None:
        return answer.more
    size = len(answer.found)
    if not answer.total.exact:
        # "About" may be more than there are: a page that is not full is the last.
        return size == question.limit
    return answer.offset + size < answer.total.number


def _from_slicktext(question: Question) -> Listing:
    """From SlickText; from the last known copy, marked by `trouble`, when that is down."""
    # "Read it live" means now, and not what a colleague read seconds ago.
    share = shared_reads.read_now if question.live else shared_reads.read
    try:
        read = share(f"page:{question.key}", lambda: _ask(question))
    except VendorError as trouble:
        known = last_known.page(question.key)
        if known is None:
            raise
        return Listing(known.value, known.as_of, understand(question.search), trouble=trouble)
    return replace(read.value, as_of=read.as_of)


def _ask(question: Question) -> Listing:
    asked_at = timezone.now()
    listing = _checked(_answer(question), question)
    if listing.page.contacts or not listing.page.malformed:
        # A page of which nothing can be read is no better than the one before.
        last_known.keep_page(question.key, listing.page, asked_at)
    return listing


def _answer(question: Question) -> Listing:
    understanding = understand(question.search)
    if understanding is None:
        return Listing(_page(question, question.filters), timezone.now())
    if question.reading is not None and question.reading < len(understanding.readings):
        reading = understanding.readings[question.reading]
        page = _read(question, reading)
        return Listing(page, timezone.now(), understanding, (question.reading,), 1)
    return _search(question, understanding)


def _search(question: Question, understanding: Understanding) -> Listing:
    """Try round after round until somebody is found; the readings of one round are shown together."""
    index = 0
    for readings in understanding.rounds:
        pages = [_read(question, reading) for reading in readings]
        found = tuple(index + at for at, page in enumerate(pages) if page.received)
        index += len(readings)
        if found:
            page = _together([page for page in pages if page.received])
            return Listing(page, timezone.now(), understanding, found, index)
    return Listing(NO_PAGE, timezone.now(), understanding, (), index)


def _read(question: Question, reading: Reading) -> ContactPage:
    """Who matches one reading. Raises Unreadable where others are among them: then nobody was looked for."""
    if reading.contact_id is None:
        page = _page(question, {**question.filters, **dict(reading.filters)})
        if all(_matches(each, *asked) for each in page.contacts for asked in reading.filters):
            return page
        raise Unreadable(slicktext.VENDOR, log={"problem": "somebody else was found"})
    try:
        contact = slicktext.get_contact(to_slicktext(), reading.contact_id, manner=how_to_read())
    except NotFound:
        last_known.forget_contact(reading.contact_id)
        return NO_PAGE
    return replace(NO_PAGE, contacts=(contact,), received=1)


def _page(question: Question, filters: Mapping[str, str]) -> ContactPage:
    return slicktext.list_contacts(
        to_slicktext(),
        limit=question.limit,
        offset=question.offset,
        filters=filters,
        manner=how_to_read(),
    )


def _together(pages: list[ContactPage]) -> ContactPage:
    """The people of several readings, each once."""
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


def _checked(listing: Listing, question: Question) -> Listing:
    """Take out who does not match: a filter on a custom field may be ignored, and an id is found by itself."""
    matching, ignored = [], set()
    for contact in listing.page.contacts:
        missed = [
            name for name, value in question.filters.items() if not _matches(contact, name, value)
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


__all__ = ["Kind", "Listing", "Question", "list_contacts"]
