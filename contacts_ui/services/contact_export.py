"""Contacts as a table for a spreadsheet: any view of them, streamed in steady memory, with who took it along and why.

From the index the rows come as bare tuples of texts: a million of them are a matter of seconds, and an object for each
would make it minutes. Without the index they come from SlickText, page by page and behind everybody else.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Final

import msgspec
from django.utils import timezone

from contacts_ui import request_id
from contacts_ui.integrations import slicktext
from contacts_ui.integrations.manner import BULK_READ
from contacts_ui.integrations.types import Contact
from contacts_ui.models import ConsentState, LedgerEntry, Vendor, Wish
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import pretty
from contacts_ui.services import index, ledger
from contacts_ui.services.consent.verdicts import (
    STATUS_WORDS,
    STOPPED_STATUSES,
    OptInStatus,
    Verdict,
)
from contacts_ui.services.editing import as_text
from contacts_ui.services.index import IndexQuestion, Total
from contacts_ui.services.listing import Question, list_contacts
from contacts_ui.services.spreadsheets import BOM, FORMULA, safe
from contacts_ui.services.vendors import to_slicktext

# Key of the table's column -> heading in the file; those before and after are in every file.
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
    "source": "Source",
    "language": "Language",
    "timezone": "Time zone",
    "custom_fields": "Custom fields",
    "created": "Created",
    "last_updated": "Last updated",
    "contact_id": "Id",
}
ALWAYS_LAST: Final = {"do_not_text": "Do not text", "read_at": "Read from SlickText at"}
# SlickText gives 250 contacts a page at most, and the whole company makes eight calls a second.
LIVE_LIMIT: Final = 10_000
LIVE_PAGE: Final = 250
# How many rows are read and sent at once.
CHUNK: Final = 2000

YES, NO_STOP, NOT_SUBSCRIBED, NOT_KNOWN = "yes", "no stop on record", "not subscribed", "not known"
# A cell that begins so, among cells with a NUL before each, which none of them holds.
_RISKY: Final = re.compile(f"\0[{re.escape(''.join(FORMULA))}]")
Raw = Sequence[Any]


@dataclass(frozen=True)
class Outlook:
    """What an export would hold. `total` is None where nobody can tell before; then `limit` is the most."""

    headings: tuple[str, ...]
    total: Total | None
    limit: int | None


@dataclass(frozen=True)
class Export:
    """A table on its way out. `chunks` may be read once."""

    file_name: str
    chunks: Iterator[str]


def outlook(*, staff: Staff, question: IndexQuestion, columns: Sequence[str]) -> Outlook:
    """Say what would be exported. Raises NotAllowed."""
    require(staff, "export_contacts")
    headings = tuple(headings_of(columns).values())
    if index.is_ready():
        return Outlook(headings, index.count(question), None)
    return Outlook(headings, None, LIVE_LIMIT)


def export(*, staff: Staff, question: IndexQuestion, columns: Sequence[str], why: str) -> Export:
    """Export whoever matches `question`, with the person's chosen `columns` (keys of CHOICES).

    The ledger has who, why, which filters and which columns before the first byte, and how many rows went out after the
    last one, or where it broke off. Raises NotAllowed; and a VendorError where the index is off and SlickText is down.
    """
    require(staff, "export_contacts")
    headings = headings_of(columns)
    live = not index.is_ready()
    # The first page is read before anything is sent, so that a vendor that is down is a page and no torn file.
    rows = _peeked(_live_rows(question)) if live else None
    entry = begun(
        staff,
        why,
        filters={
            **question.filters,
            **({"search": question.search} if question.search else {}),
            **({"sort": question.sort} if question.sort else {}),
        },
        columns=list(headings.values()),
        read_from="SlickText" if live else "the index",
    )
    made = _chunks(headings, rows or index.rows(question, asked_for(headings)), live=live)
    name = f"contacts-{timezone.localdate():%Y-%m-%d}.csv"
    return Export(name, counted(made, staff, entry, request_id.current()))


def headings_of(columns: Sequence[str]) -> dict[str, str]:
    chosen = {key: heading for key, heading in CHOICES.items() if key in columns}
    return {**ALWAYS_FIRST, **chosen, **ALWAYS_LAST}


def asked_for(headings: Mapping[str, str]) -> list[str]:
    """The columns of the index behind the headings, and behind them what a row's answers are made of."""
    shown = ["mobile_number" if key == "do_not_text" else key for key in headings]
    return [*shown, "number", "status", "mobile_number"]


def _live_rows(question: IndexQuestion) -> Iterator[Raw]:
    """Whoever matches at SlickText, LIVE_LIMIT at most, as contacts with when they were asked for."""
    for before, contact in enumerate(_live_contacts(question)):
        if before == LIVE_LIMIT:
            # The end that was not reached.
            yield ()
            return
        yield contact


def _live_contacts(question: IndexQuestion) -> Iterator[Raw]:
    filters = [dict(question.filters)]
    if question.search:
        asked_at = timezone.now()
        live = Question(search=question.search, filters=question.filters, live=True)
        listing = list_contacts(live, index.state())
        readings = [reading for _, reading in listing.readings]
        if listing.trouble or any(reading.contact_id is not None for reading in readings):
            yield from ((contact, listing.as_of or asked_at) for contact in listing.page.contacts)
            return
        filters = [{**question.filters, **dict(reading.filters)} for reading in readings]
    seen: set[int] = set()
    for each in filters:
        for contact, read_at in _walk(each):
            if contact.contact_id not in seen:
                seen.add(contact.contact_id)
                yield contact, read_at


def _walk(filters: Mapping[str, str]) -> Iterator[tuple[Contact, Any]]:
    offset, more = 0, True
    while more:
        asked_at = timezone.now()
        page = slicktext.list_contacts(
            to_slicktext(), limit=LIVE_PAGE, offset=offset, filters=filters, manner=BULK_READ
        )
        # A filter on a custom field may be ignored, without a word.
        yield from (
            (contact, asked_at)
            for contact in page.contacts
            if all(_matches(contact, name, value) for name, value in filters.items())
        )
        offset += page.received
        more = page.has_more and page.received > 0


def _matches(contact: Contact, name: str, value: str) -> bool:
    held = getattr(contact, name) if hasattr(contact, name) else contact.custom_fields.get(name)
    if name == "mobile_number" and contact.number == value:
        return True
    return as_text(held).casefold().lstrip("0") == value.casefold().lstrip("0")


def _peeked(rows: Iterator[Raw]) -> Iterator[Raw]:
    first = list(islice(rows, 1))
    return chain(first, rows)


def _chunks(
    headings: Mapping[str, str], rows: Iterable[Raw], *, live: bool
) -> Generator[tuple[str, int]]:
    """The file in parts, each with how many rows are in it."""
    yield BOM + ",".join(headings.values()) + "\r\n", 0
    table, left = Table(headings), iter(rows)
    while some := list(islice(left, CHUNK)):
        limited = live and not some[-1]
        if limited:
            some.pop()
        buffer = io.StringIO(newline="")
        given = [_texts_of(row, headings) for row in some] if live else some
        csv.writer(buffer, lineterminator="\r\n").writerows(table.lines(given))
        yield buffer.getvalue(), len(some)
        if limited:
            yield f"Only the first {LIVE_LIMIT} contacts: the index is not ready.\r\n", 0
            return


class Table:
    """From tuples, as `asked_for` orders them, to lines: a column at a time, which is twice as fast as row by row."""

    def __init__(self, headings: Mapping[str, str]) -> None:
        self._keys = list(headings)
        self._answer = _answers()

    def lines(self, rows: Sequence[Raw]) -> Iterable[Sequence[str]]:
        if not rows:
            return ()
        columns = list(zip(*rows, strict=True))
        *_, numbers, statuses, held = columns
        made: list[Sequence[str]] = []
        for key, column in zip(self._keys, columns, strict=False):
            if key == "do_not_text":
                made.append(list(map(self._answer, numbers, statuses)))
            elif key == "number":
                made.append(
                    [
                        _number(number) if number else safe(as_held)
                        for number, as_held in zip(numbers, held, strict=True)
                    ]
                )
            elif read := _TEXTS.get(key):
                made.append(_safe_column(list(map(read, column))))
            else:
                made.append(_safe_column(column))
        return zip(*made, strict=True)


def _safe_column(cells: Sequence[str]) -> Sequence[str]:
    """`safe` for each, by one look at all of them: hardly any needs it."""
    return [safe(cell) for cell in cells] if _RISKY.search("\0" + "\0".join(cells)) else cells


def _texts_of(row: Raw, headings: Mapping[str, str]) -> list[str]:
    """A contact that was just read, as the index would give it."""
    contact, read_at = row
    names = {"number": "number", "status": "opt_in_status"}

    def held(key: str) -> str:
        value = read_at if key == "read_at" else getattr(contact, names.get(key, key))
        return json.dumps(value) if key == "custom_fields" else "" if value is None else str(value)

    return [held(key) for key in asked_for(headings)]


def _answers() -> Callable[[str, str], str]:
    """What *Do not text* says of a number and its status: never more than is known.

    The record and what the vendors were told are read once, as sets of numbers. Everything unclear counts as a stop or
    as not known.
    """
    states = ConsentState.objects.values_list("number", flat=True)
    wishes = Wish.objects.values_list("number", flat=True)
    theirs = wishes.filter(vendor=Vendor.CLOUDCONTACTAI, do_not_text=False)
    stopped = {
        *states.filter(stopped=True),
        *states.exclude(held=None),
        *wishes.filter(do_not_text=True),
        *theirs.filter(confirmed_do_not_text=True),
    }
    unclear = {
        *states.exclude(reassigned_at=None).filter(verdict=Verdict.NOT_KNOWN.key),
        *theirs.filter(confirmed_do_not_text=None),
        *theirs.filter(unanswered_at__isnull=False),
    }

    def answer(number: str, status: str) -> str:
        if number in stopped or status in STOPPED_STATUSES:
            return YES
        if not number or number in unclear:
            return NOT_KNOWN
        return _BY_STATUS.get(status, NOT_KNOWN)

    return answer


_BY_STATUS: Final[Mapping[str, str]] = {
    OptInStatus.SUBSCRIBED: NO_STOP,
    OptInStatus.NOT_SUBSCRIBED: NOT_SUBSCRIBED,
}
_WORDS: Final[Mapping[str, str]] = {str(status): word for status, word in STATUS_WORDS.items()}


@lru_cache(maxsize=5000)
def _moment(text: str) -> str:
    """ISO 8601 in UTC, from a database's or Python's text of a moment in UTC."""
    return f"{text[:10]}T{text[11:19]}Z" if text else ""


def _number(e164: str) -> str:
    """As on the screen, (615) 555-3338: readable, and neither a formula nor a number to any spreadsheet."""
    if len(e164) == 12 and e164.startswith("+1"):
        return f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
    return safe(pretty(e164))


@lru_cache(maxsize=5000)
def _custom(held: str) -> str:
    values = msgspec.json.decode(held) if held and held != "{}" else {}
    return "; ".join(f"{name}: {as_text(value)}" for name, value in sorted(values.items()))


_TEXTS: Final[dict[str, Callable[[Any], str]]] = {
    "number": _number,
    "status": lambda status: _WORDS.get(status, status),
    "custom_fields": _custom,
    "created": _moment,
    "last_updated": _moment,
    "read_at": _moment,
}


def begun(staff: Staff, why: str, **what: Any) -> LedgerEntry:
    """Who exports what, and why, in the ledger: before the first byte."""
    return ledger.record(
        action=Action.CONTACTS_EXPORTED, staff=staff, number="", reason=why, after=what
    )


def counted(
    made: Generator[tuple[str, int]], staff: Staff, entry: LedgerEntry, own_id: str
) -> Iterator[str]:
    """Hand the parts on, and write down at the end how many rows went out, also where the reader hung up."""
    count, complete = 0, False
    try:
        with closing(made):
            for text, rows in made:
                yield text
                count += rows
            complete = True
    finally:
        with request_id.request_id(own_id):
            ledger.record(
                action=Action.CONTACTS_EXPORT_ENDED,
                staff=staff,
                number="",
                after={"export": entry.pk, "count": count},
                answer={"outcome": "complete" if complete else "broken off"},
            )
