"""Asking the index: search, filters, sort, totals, any page."""

# ruff: noqa: S608 - the only names in the SQL are our own columns; every value is a parameter

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from django.db import connection

from contacts_ui.services.index import matching, ordering, ranking, records
from contacts_ui.services.index.database import TABLE, Condition, database
from contacts_ui.services.index.folding import NAME
from contacts_ui.services.index.matching import COUNTED, HELD, Match, Total
from contacts_ui.services.index.ordering import SORTS
from contacts_ui.services.index.records import Indexed

# Of a broad search so many of each kind are compared.
COMPARED: Final = 200
CHUNK: Final = 2000


@dataclass(frozen=True)
class IndexQuestion:
    """What the index is asked.

    `search` is as typed and may hold `key:value` words. `filters` are exact but for capitals and accents, by
    SlickText's names of the fields, of `contact_id` several with commas; others are custom fields. `sort` is a key of
    SORTS, with "-" in front for descending; empty: the best matches first where there is a search, else by id. `after`
    and `before` are tokens of a page just seen: the page next to it, with nobody skipped; `offset` then only says where
    that is.
    """

    search: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    limit: int = 50
    offset: int = 0
    after: str = ""
    before: str = ""


@dataclass(frozen=True)
class IndexPage:
    """One page of the answer. `corrected` are words taken for others: (typed, taken).

    `complaints` are sentences about what of the search was not understood. `first` and `last` are tokens for `before`
    and `after` of the pages next to this one; "" where the best matches come first.
    `more`: whether somebody follows, where a token told the place; `offset` is off then by as many as came or went.
    """

    found: tuple[Indexed, ...]
    total: Total
    offset: int
    corrected: tuple[tuple[str, str], ...] = ()
    complaints: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    more: bool | None = None

    @property
    def as_of(self) -> datetime | None:
        """When the oldest row of the page was read."""
        return min((each.read_at for each in self.found), default=None)


def find(question: IndexQuestion) -> IndexPage:
    """One page of whoever matches. Asks no vendor."""
    match = matching.match(question.search, question.filters)
    if match.groups and not question.sort:
        return _best(question, match)
    order = ordering.order_of(question.sort)
    total = matching.count(match)
    within = _within(match, total, order)
    more = None
    if beside := _beside(question, order, within):
        keys, more = beside
    else:
        keys = _page(question, match, order, within, total)
    found = tuple(records.by_ids([contact_id for _, contact_id in keys]))
    tokens = [ordering.token(order, key) for key in (keys[0], keys[-1])] if keys else ["", ""]
    corrected = _corrected(match, [contact_id for _, contact_id in keys[:1]])
    return IndexPage(
        found, total, question.offset, corrected, match.asked.complaints, tokens[0], tokens[1], more
    )


def count(question: IndexQuestion) -> Total:
    """How many match, exactly where that is cheap; else an honest "about"."""
    return matching.count(matching.match(question.search, question.filters))


def everybody_ids(question: IndexQuestion) -> Sequence[int]:
    """The ids of whoever matches, page or not, in the order asked for; by id where the order is the best first."""
    ids = array("q")
    for some in _selected("contact_id", question):
        ids.extend(key for (key,) in some)
    return ids


def _selected(columns: str, question: IndexQuestion) -> Iterator[list[tuple[Any, ...]]]:
    """These columns of whoever matches, in the order asked for."""
    match = matching.match(question.search, question.filters)
    order = ordering.order_of(question.sort)
    condition, parameters = matching.where(match)
    way = "DESC" if order.descending else "ASC"
    for part, more in order.parts():
        sql = f"SELECT {columns} FROM {TABLE} WHERE {condition} AND {part}"
        # On PostgreSQL the cursor stays at the server, so that a million rows are not held here.
        with connection.chunked_cursor() as cursor:
            cursor.execute(
                f"{sql} ORDER BY {order.column} {way}, contact_id {way}", [*parameters, *more]
            )
            while some := cursor.fetchmany(5_000):
                yield some


def everybody(question: IndexQuestion) -> Iterator[Indexed]:
    """Whoever matches, page or not, in the order asked for, without holding them all in memory."""
    for ids in _chunks(everybody_ids(question)):
        yield from records.by_ids(ids)


def rows(question: IndexQuestion, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The same as texts of these columns of IndexedContact, fast: for exports."""
    if connection.vendor == "postgresql":
        for some in _selected(records.as_texts(columns), question):
            yield from some
        return
    # A cursor that stays open would keep SQLite's log of changes from being folded back.
    for ids in _chunks(everybody_ids(question)):
        yield from records.texts(columns, ids)


def by_numbers(numbers: Iterable[str]) -> dict[str, list[Indexed]]:
    """Who has these numbers (E.164); a number may be more than one contact's."""
    found: dict[str, list[Indexed]] = {}
    ours = database()
    for some in _chunks(list(dict.fromkeys(numbers))):
        for each in records.where(f"number {ours.among('text')}", [ours.many(some)]):
            found.setdefault(each.contact.number or "", []).append(each)
    return found


def by_ids(ids: Iterable[int]) -> dict[int, Indexed]:
    """Who has these ids at SlickText, as far as the index knows them."""
    found: dict[int, Indexed] = {}
    for some in _chunks(list(dict.fromkeys(ids))):
        found |= {each.contact.contact_id: each for each in records.by_ids(some)}
    return found


def rows_of(ids: Sequence[int], columns: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """The same of the contacts with these ids, as far as the index knows them."""
    return {
        int(row[0]): row[1:]
        for some in _chunks(ids)
        for row in records.texts(["contact_id", *columns], some)
    }


def _chunks(values: Sequence[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), CHUNK):
        yield list(values[start : start + CHUNK])


def _beside(
    question: IndexQuestion, order: ordering.Order, within: Condition
) -> tuple[list[ordering.Key], bool] | None:
    """The keys of the page next to one just seen, and whether somebody follows; None without token."""
    limit = question.limit
    if after := ordering.from_token(order, question.after):
        keys = ordering.walk(order, within, 0, limit + 1, after=after)
        return keys[:limit], len(keys) > limit
    if before := ordering.from_token(order, question.before):
        keys = ordering.walk(order, within, 0, limit, after=before, backward=True)
        return keys, True
    return None


def _page(
    question: IndexQuestion, match: Match, order: ordering.Order, within: Condition, total: Total
) -> list[ordering.Key]:
    """The keys of a page that is sorted by a column, by its place."""
    offset, limit = question.offset, question.limit
    many = not total.exact or (match.everybody and offset < total.number - ordering.NEAR)
    if many and offset > ordering.NEAR:
        return ordering.far_page(order, matching.marks(match, order), offset, limit, within)
    known = total.number if total.exact else None
    return ordering.page(order, within, offset, limit, total=known)


def _within(match: Match, total: Total, order: ordering.Order) -> Condition:
    """Few matches are found first and sorted; of many, the order is walked and each is checked on the way."""
    if match.everybody:
        return "1 = 1", []
    if order.column == "contact_id" and not match.groups:
        return matching.where(match)
    if total.exact and total.number <= HELD:
        ours = database()
        return f"contact_id {ours.among('bigint')}", [ours.many(matching.ids(match, HELD))]
    return matching.where(match, checked=not total.exact)


def _best(question: IndexQuestion, match: Match) -> IndexPage:
    """A page of a search with the best matches first."""
    total = matching.count(match)
    until = question.offset + question.limit
    if total.number <= HELD:
        best = _ranked(match, matching.ids(match, HELD))
    else:
        best = _ranked(match, _likely(match))
        if until > len(best):
            best = list(dict.fromkeys([*best, *matching.ids(match, HELD)]))
    page = best[question.offset : until]
    missing = question.limit - len(page)
    if missing and len(best) < total.number:
        page += _after_the_best(match, best, max(0, question.offset - len(best)), missing)
    found = tuple(records.by_ids(page))
    return IndexPage(
        found, total, question.offset, _corrected(match, page[:1]), match.asked.complaints
    )


def _likely(match: Match) -> list[int]:
    """Of many only those are compared whose names begin with the words; if these are few, the first found, too."""
    likely = _begun(match) if match.asked.words else []
    if len(likely) < COMPARED:
        likely += matching.ids(match, COMPARED)
    return list(dict.fromkeys(likely))


def _begun(match: Match) -> list[int]:
    """Whose last name begins with one of the words, and another name with each other, by the plain index of names."""
    words = [word.removeprefix(NAME) for word in match.asked.words]
    looks = [("name_key", word, [each for each in words if each != word]) for word in words]
    if len(words) == 1:
        looks.append(("first_key", words[0], []))
    conditions, more = matching.where(replace(match, groups=(), also=None), checked=True)
    parts: list[str] = []
    parameters: list[Any] = []
    for column, word, others in looks:
        also = "".join(f" AND {database().holds(column)}" for _ in others)
        parts.append(
            f"SELECT * FROM (SELECT contact_id FROM {TABLE} WHERE {column} >= %s AND {column} < %s{also}"
            f" AND {conditions} ORDER BY {column}, contact_id LIMIT {COMPARED}) AS look{len(parts)}"
        )
        parameters += [*matching.beginning(word), *(f" {each}" for each in others), *more]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), parameters)
        return [key for (key,) in cursor.fetchall()]


def _ranked(match: Match, ids: list[int]) -> list[int]:
    """The ids, best first."""
    ours = database()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT contact_id, folded FROM {TABLE} WHERE contact_id {ours.among('bigint')}",
            [ours.many(ids)],
        )
        texts = cursor.fetchall()
    return ranking.ranked(texts, match.asked.words, match.corrected)


def _after_the_best(match: Match, best: list[int], offset: int, limit: int) -> list[int]:
    """Whoever matches beyond those that were ranked, by id."""
    condition, parameters = matching.where(match)
    ours = database()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT contact_id FROM {TABLE} WHERE {condition}"
            f" AND NOT contact_id {ours.among('bigint')} ORDER BY contact_id LIMIT %s OFFSET %s",
            [*parameters, ours.many(best), limit, offset],
        )
        return [key for (key,) in cursor.fetchall()]


def _corrected(match: Match, first: list[int]) -> tuple[tuple[str, str], ...]:
    """The words that the best match holds in place of those typed."""
    if not match.corrected or not first:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT folded FROM {TABLE} WHERE contact_id = %s", first)
        row = cursor.fetchone()
    text = row[0] if row else ""
    pairs = [(word, ranking.taken(text, word, others)) for word, others in match.corrected.items()]
    return tuple((word, other) for word, other in pairs if other)


__all__ = [
    "COUNTED", "SORTS", "IndexPage", "IndexQuestion", "Indexed", "Total", "by_ids", "by_numbers", "count", "everybody",
    "everybody_ids", "find", "rows", "rows_of",
]  # fmt: skip
