"""Export any view of the contacts, streamed in constant memory. The audit log has who exported it and why.

The index gives plain tuples of texts: a million take seconds, where objects would take minutes. Without the index
the contacts come from SlickText, page by page, with the lowest priority.
"""

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from contextvars import Context, copy_context
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final

import msgspec
from django.utils import timezone

from contacts_ui.contact_fields import as_text
from contacts_ui.integrations import slicktext
from contacts_ui.integrations.call_policy import BULK_READ
from contacts_ui.integrations.types import Contact
from contacts_ui.models import ConsentState, DesiredState, LedgerEntry, Vendor
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import pretty
from contacts_ui.services import audit_log, index
from contacts_ui.services.consent.rules import STATUS_WORDS, STOPPED_STATUSES, OptInStatus, Verdict
from contacts_ui.services.contacts.listing import ListQuery, list_contacts
from contacts_ui.services.files.workbook_writing import MAX_ROWS, Full
from contacts_ui.services.files.writing import BLOCK_ROWS, Block, Download, Format, Part, parts_of
from contacts_ui.services.index import IndexQuery, Total
from contacts_ui.services.security import exported
from contacts_ui.services.vendors import to_slicktext

# Key of the table's column -> heading in the file. The first and last ones are in every file.
ALWAYS_FIRST: Final = {
    "first_name": "First name",
    "last_name": "Last name",
    "number": "Mobile number",
}
CHOICES: Final = {
    "email": "Email",
    "city": "City",
    "state": "State",
    "zip": "Zip",
    "country": "Country",
    "status": "Opt-in status",
    "stopped": "Texts stopped",
    "source": "Source",
    "language": "Language",
    "timezone": "Time zone",
    "custom_fields": "Custom fields",
    "created": "Created",
    "last_updated": "Last updated",
    "contact_id": "Id",
}
ALWAYS_LAST: Final = {"do_not_text": "Do not text", "read_at": "Read from SlickText at"}
# Headings of columns that hold phone numbers.
NUMBERS: Final = (ALWAYS_FIRST["number"],)
# SlickText gives 250 contacts a page at most, and the whole company makes eight calls a second.
LIVE_LIMIT: Final = 10_000
LIVE_PAGE: Final = 250

YES, NO_STOP, NOT_SUBSCRIBED, NOT_KNOWN = "yes", "no stop on record", "not subscribed", "not known"
# Key of a column -> its name in the index, where they differ.
_INDEX_NAMES: Final = {"stopped": "stopped_at"}
Raw = Sequence[Any]


@dataclass(frozen=True)
class Outlook:
    """What an export would hold. `total` is None if it is not known before; then `limit` is the maximum."""

    headings: tuple[str, ...]
    total: Total | None
    limit: int | None

    @property
    def fits_a_workbook(self) -> bool:
        """Return False where a workbook cannot hold all rows."""
        return self.total is None or self.total.number <= MAX_ROWS


def outlook(*, staff: Staff, question: IndexQuery, columns: Sequence[str]) -> Outlook:
    """Return what would be exported. Raises NotAllowed."""
    require(staff, "export_contacts")
    headings = tuple(headings_of(columns).values())
    if index.is_ready():
        return Outlook(headings, index.count(question), None)
    return Outlook(headings, None, LIVE_LIMIT)


def export(
    *,
    staff: Staff,
    question: IndexQuery,
    columns: Sequence[str],
    why: str,
    kind: Format = Format.CSV,
) -> Download:
    """Export the contacts that match `question`, with the person's chosen `columns` (keys of CHOICES).

    The audit log has who, why, filters, columns and format before the first byte, and the number of rows after the
    last one. Raises NotAllowed; Full if a workbook cannot hold them; VendorError without index and SlickText.
    """
    require(staff, "export_contacts")
    if (
        kind == Format.XLSX
        and not outlook(staff=staff, question=question, columns=columns).fits_a_workbook
    ):
        raise Full
    headings = headings_of(columns)
    live = not index.is_ready()
    # The first page is read before anything is sent: an error is shown on a page, not in a broken file.
    contacts = _live_contacts(question) if live else iter(())
    contacts = chain(list(islice(contacts, 1)), contacts)
    heads, source = list(headings.values()), "SlickText" if live else "the index"
    asked = {"search": question.search, "sort": question.sort}
    filters = {**question.filters, **{name: text for name, text in asked.items() if text}}
    entry = record_start(staff, why, kind, filters=filters, columns=heads, read_from=source)
    blocks = _live_blocks(headings, contacts) if live else _index_blocks(headings, question)
    made = parts_of(kind, heads, blocks, NUMBERS)
    chunks = counted(made, staff, entry, copy_context())
    return Download(f"contacts-{timezone.localdate():%Y-%m-%d}", kind, chunks)


def headings_of(columns: Sequence[str]) -> dict[str, str]:
    chosen = {key: heading for key, heading in CHOICES.items() if key in columns}
    return {**ALWAYS_FIRST, **chosen, **ALWAYS_LAST}


def index_columns(headings: Mapping[str, str]) -> list[str]:
    """Return the index columns for the headings, each once, with the id and those that *Do not text* is made from."""
    shown = [_INDEX_NAMES.get(key, key) for key in headings if key != "do_not_text"]
    return list(dict.fromkeys([*shown, "number", "status", "mobile_number", "contact_id"]))


def _live_contacts(question: IndexQuery) -> Iterator[Raw]:
    """Yield contacts that match at SlickText, each with when it was read."""
    filters = [dict(question.filters)]
    if question.search:
        asked_at = timezone.now()
        live = ListQuery(search=question.search, filters=question.filters, live=True)
        listing = list_contacts(live, index.state())
        readings = [reading for _, reading in listing.readings]
        if listing.error or any(reading.contact_id is not None for reading in readings):
            yield from ((contact, listing.as_of or asked_at) for contact in listing.page.contacts)
            return
        filters = [{**question.filters, **dict(reading.filters)} for reading in readings]
    seen: set[int] = set()
    for each in filters:
        offset, more = 0, True
        while more:
            asked_at = timezone.now()
            page = slicktext.list_contacts(
                to_slicktext(), limit=LIVE_PAGE, offset=offset, filters=each, policy=BULK_READ
            )
            for contact in page.contacts:
                # SlickText may silently ignore a filter on a custom field.
                is_match = all(_matches(contact, name, value) for name, value in each.items())
                if is_match and contact.contact_id not in seen:
                    seen.add(contact.contact_id)
                    yield contact, asked_at
            offset += page.received
            more = page.has_more and page.received > 0


def _matches(contact: Contact, name: str, value: str) -> bool:
    held = getattr(contact, name) if hasattr(contact, name) else contact.custom_fields.get(name)
    if name == "mobile_number" and contact.number == value:
        return True
    return as_text(held).casefold().lstrip("0") == value.casefold().lstrip("0")


def _index_blocks(headings: Mapping[str, str], question: IndexQuery) -> Generator[Block]:
    """Yield the table in blocks, each with its number of contacts."""
    table = Table(headings)
    for rows in index.matching_rows(question, index_columns(headings)):
        yield table.columns(rows), len(rows)


def _live_blocks(headings: Mapping[str, str], contacts: Iterator[Raw]) -> Generator[Block]:
    table, shown = Table(headings), islice(contacts, LIVE_LIMIT)
    while some := list(islice(shown, BLOCK_ROWS)):
        yield table.columns([_texts_of(row, headings) for row in some]), len(some)
    if next(contacts, None):
        first = f"Only the first {LIVE_LIMIT:,} contacts: the index is not ready."
        yield [[first], *[[""]] * (len(headings) - 1)], 0


class Table:
    """Turns tuples in the order of `index_columns` into texts, column by column: twice as fast as row by row."""

    def __init__(self, headings: Mapping[str, str]) -> None:
        self._keys = list(headings)
        self._names = index_columns(headings)
        self._do_not_text = _do_not_text_answers()

    def columns(self, rows: Sequence[Raw]) -> list[Sequence[str]]:
        """Return the columns of some rows."""
        if not rows:
            return [()] * len(self._keys)
        held = dict(zip(self._names, zip(*rows, strict=True), strict=True))
        return [self._column(key, held) for key in self._keys]

    def _column(self, key: str, held: Mapping[str, Sequence[str]]) -> Sequence[str]:
        if key == "do_not_text":
            return self._do_not_text(held["number"], held["status"])
        if key == "number":
            return _numbers(held["number"], held["mobile_number"])
        column = held[_INDEX_NAMES.get(key, key)]
        return _each_once(_TEXTS[key], column) if key in _TEXTS else column


def _texts_of(row: Raw, headings: Mapping[str, str]) -> list[str]:
    """Return a contact that was just read, as the index would give it."""
    contact, read_at = row
    stopped_at = contact.last_opt_in_status_change
    others = {
        "read_at": read_at,
        "status": contact.opt_in_status,
        "stopped_at": stopped_at if contact.opt_in_status in STOPPED_STATUSES else None,
    }

    def held(key: str) -> str:
        value = others[key] if key in others else getattr(contact, key)
        return json.dumps(value) if key == "custom_fields" else "" if value is None else str(value)

    return [held(key) for key in index_columns(headings)]


def _do_not_text_answers() -> Callable[[Sequence[str], Sequence[str]], list[str]]:
    """Return a function from numbers and their statuses to what *Do not text* says: never more than is known.

    The record and the desired states are read once, as sets of numbers. Anything unclear is a stop or *not known*.
    """
    states = ConsentState.objects.values_list("number", flat=True)
    desired_states = DesiredState.objects.values_list("number", flat=True)
    theirs = desired_states.filter(vendor=Vendor.CLOUDCONTACTAI, do_not_text=False)
    stopped = {
        *states.filter(stopped=True),
        *states.exclude(held=None),
        *desired_states.filter(do_not_text=True),
        *theirs.filter(confirmed_do_not_text=True),
    }
    unclear = {
        *states.exclude(reassigned_at=None).filter(verdict=Verdict.NOT_KNOWN.key),
        *theirs.filter(confirmed_do_not_text=None),
        *theirs.filter(unanswered_at__isnull=False),
    }

    known = {**dict.fromkeys(unclear, NOT_KNOWN), "": NOT_KNOWN, **dict.fromkeys(stopped, YES)}

    def answers(numbers: Sequence[str], statuses: Sequence[str]) -> list[str]:
        by_status = _each_once(lambda status: _BY_STATUS.get(status, NOT_KNOWN), statuses)
        return [
            ours if ours and theirs != YES else theirs
            for ours, theirs in zip(map(known.get, numbers), by_status, strict=True)
        ]

    return answers


_BY_STATUS: Final[Mapping[str, str]] = {
    OptInStatus.SUBSCRIBED: NO_STOP,
    OptInStatus.NOT_SUBSCRIBED: NOT_SUBSCRIBED,
    **dict.fromkeys(STOPPED_STATUSES, YES),
}
_WORDS: Final[Mapping[str, str]] = {str(status): word for status, word in STATUS_WORDS.items()}


def _each_once(read: Callable[[str], str], column: Sequence[str]) -> list[str]:
    """Read each different text of a column once."""
    texts = {text: read(text) for text in set(column)}
    return list(map(texts.__getitem__, column))


def _moment(text: str) -> str:
    """Return ISO 8601 in UTC, from a database's or Python's text of a moment in UTC."""
    return f"{text[:10]}T{text[11:19]}Z" if text else ""


def _numbers(numbers: Sequence[str], held: Sequence[str]) -> list[str]:
    """Return each number as `pretty` does, (615) 555-3338, or as SlickText holds it where it is none."""
    # US and Canadian numbers are spelled here: a call for each would take as long as reading it.
    return [
        f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
        if len(e164) == 12 and e164[:2] == "+1"
        else pretty(e164)
        if e164
        else raw
        for e164, raw in zip(numbers, held, strict=True)
    ]


def _custom(held: str) -> str:
    values = msgspec.json.decode(held) if held and held != "{}" else {}
    return "; ".join(f"{name}: {as_text(value)}" for name, value in sorted(values.items()))


_TEXTS: Final[dict[str, Callable[[str], str]]] = {
    "status": lambda status: _WORDS.get(status, status),
    "custom_fields": _custom,
    "created": _moment,
    "last_updated": _moment,
    "stopped": _moment,
    "read_at": _moment,
}


def record_start(staff: Staff, why: str, kind: Format, **what: Any) -> LedgerEntry:
    """Record in the audit log who exports what, how and why, before the first byte."""
    after = {**what, "format": str(kind)}
    return audit_log.record(
        action=Action.CONTACTS_EXPORTED, staff=staff, number="", reason=why, after=after
    )


def counted(
    made: Generator[Part],
    staff: Staff,
    entry: LedgerEntry,
    request_context: Context,
    what: str = "contacts",
) -> Iterator[str | bytes]:
    """Yield the parts, and record at the end how many rows were sent, even if the browser disconnected.

    The request is over by then: `request_context` has its id and address for the audit log.
    """
    count, complete = 0, False
    try:
        with closing(made):
            for content, rows in made:
                yield content
                count += rows
            complete = True
    finally:
        outcome = "complete" if complete else "broken off"
        request_context.run(_ended, staff, entry, what, count, outcome)


def _ended(staff: Staff, entry: LedgerEntry, what: str, count: int, outcome: str) -> None:
    exported(staff, what, rows=count, why=entry.reason, outcome=outcome)
    audit_log.record(
        action=Action.CONTACTS_EXPORT_ENDED,
        staff=staff,
        after={"export": entry.pk, "count": count},
        answer={"outcome": outcome},
    )
