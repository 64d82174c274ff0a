"""Asking the index: search, filters, sort, totals, any page."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexedContact
from contacts_ui.services.index.folding import fold

# Column of the table -> column of the index.
SORTS: Final = {
    "name": "name_key",
    "number": "number",
    "email": "email",
    "city": "city",
    "state": "state",
    "zip": "zip",
    "country": "country",
    "status": "status",
    "source": "source",
    "language": "language",
    "timezone": "timezone",
    "created": "created",
    "last_updated": "last_updated",
    "contact_id": "contact_id",
}
# Whoever counts further waits longer than the number is worth.
COUNTED = 10_000


@dataclass(frozen=True)
class IndexQuestion:
    """What the index is asked.

    `search` is as typed and may hold `key:value` words. `filters` are exact, by SlickText's names of the fields; others
    are custom fields. `sort` is a key of SORTS, with "-" in front for descending; empty: the best matches first where
    there is a search, else by id.
    """

    search: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True)
class Total:
    """How many there are; `exact` is False where it is "about" or "more than" so many."""

    number: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Indexed:
    """One contact of the index and when SlickText was asked for it."""

    contact: Contact
    read_at: datetime


@dataclass(frozen=True)
class IndexPage:
    """One page of the answer. `corrected` are words taken for others: (typed, taken)."""

    found: tuple[Indexed, ...]
    total: Total
    offset: int
    corrected: tuple[tuple[str, str], ...] = ()

    @property
    def as_of(self) -> datetime | None:
        """When the oldest row of the page was read."""
        return min((each.read_at for each in self.found), default=None)


def find(question: IndexQuestion) -> IndexPage:
    """One page of whoever matches. Asks no vendor."""
    rows = _matching(question).order_by(*_order(question.sort))
    page = rows[question.offset : question.offset + question.limit]
    found = tuple(Indexed(contact_of(row), row.read_at) for row in page)
    return IndexPage(found, count(question), question.offset)


def count(question: IndexQuestion) -> Total:
    """How many match, up to COUNTED."""
    number = _matching(question)[: COUNTED + 1].count()
    return Total(min(number, COUNTED), number <= COUNTED)


def everybody(question: IndexQuestion) -> Iterator[Indexed]:
    """Whoever matches, page or not, in the order asked for, without holding them all in memory."""
    for row in _matching(question).order_by(*_order(question.sort)).iterator(chunk_size=2000):
        yield Indexed(contact_of(row), row.read_at)


def by_numbers(numbers: Iterable[str]) -> dict[str, list[Indexed]]:
    """Who has these numbers (E.164); a number may be more than one contact's."""
    found: dict[str, list[Indexed]] = {}
    wanted = list(dict.fromkeys(numbers))
    for start in range(0, len(wanted), 500):
        for row in IndexedContact.objects.filter(number__in=wanted[start : start + 500]):
            found.setdefault(row.number, []).append(Indexed(contact_of(row), row.read_at))
    return found


def by_ids(ids: Iterable[int]) -> dict[int, Indexed]:
    """Who has these ids at SlickText, as far as the index knows them."""
    found: dict[int, Indexed] = {}
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), 500):
        for row in IndexedContact.objects.filter(pk__in=wanted[start : start + 500]):
            found[row.contact_id] = Indexed(contact_of(row), row.read_at)
    return found


def contact_of(row: IndexedContact) -> Contact:
    """A row of the index as the rest of the dashboard knows contacts; what the index does not hold is None."""
    return Contact(
        contact_id=row.contact_id,
        first_name=row.first_name or None,
        last_name=row.last_name or None,
        mobile_number=row.mobile_number or None,
        email=row.email or None,
        city=row.city or None,
        state=row.state or None,
        zip=row.zip or None,
        country=row.country or None,
        source=row.source or None,
        custom_fields=row.custom_fields,
        timezone=row.timezone or None,
        language=row.language or None,
        opt_in_status=row.status or None,
        last_opt_in_status_change=row.status_changed_at,
        created=row.created,
        last_updated=row.last_updated,
    )


def _matching(question: IndexQuestion) -> "QuerySet[IndexedContact]":
    rows = IndexedContact.objects.all()
    for name, value in question.filters.items():
        rows = rows.filter(**{_column(name): value})
    for word in fold(question.search).split():
        rows = rows.filter(folded__contains=word)
    return rows


def _column(name: str) -> str:
    """SlickText's name of a field as a look-up; whatever is no field of ours is a custom field."""
    if name == "mobile_number":
        return "number"
    if name == "opt_in_status":
        return "status"
    return name if name in SORTS else f"custom_fields__{name}"


def _order(sort: str) -> tuple[str, ...]:
    column = SORTS.get(sort.removeprefix("-"))
    if column is None:
        return ("contact_id",)
    sign = "-" if sort.startswith("-") else ""
    return (f"{sign}{column}", f"{sign}contact_id")
