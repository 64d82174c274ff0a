"""Answer a query from the index: search, filters, sort order, totals, any page."""

# ruff: noqa: S608 - the only names in the SQL are our own columns; every value is a parameter

from array import array
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any, Final

from django.core.cache import cache
from django.db import connection

from contacts_ui.integrations.types import Contact
from contacts_ui.services.index import conditions, marks, ranking, records, sort_order
from contacts_ui.services.index.conditions import RANKED_MAX, Match, Total
from contacts_ui.services.index.database import TABLE, Condition, database, fetch
from contacts_ui.services.index.records import Indexed
from contacts_ui.services.index.text import NAME, normalize

# Of a broad search, rank this many of each kind.
LIKELY_MAX: Final = 200
CHUNK_SIZE: Final = 2000
# Rows for exports that are held at once. Many more would start Python's garbage collector each time: 15% slower.
ROWS_OF_EXPORT: Final = 500
WIDENED_SHOWN_MAX: Final = 3
# The first jump far into a filtered list sorts all of it; the next ones start from its marks.
MARKS_KEPT_SECONDS: Final = 300


@dataclass(frozen=True)
class IndexQuery:
    """What to look for, in which order, and which page.

    - search: as typed; may hold `key:value` words
    - filters: exact except for capitals and accents, by SlickText's field names; other names are custom fields.
      `contact_id` takes several ids with commas
    - sort: a key of SORTS, with "-" in front for descending. Empty: best matches first, or by id without a search
    - after, before: tokens of a page just seen, for the page next to it that skips no one; `offset` then only says
      where that page is
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
    """One page of the answer.

    - corrected: words read as others, as (typed, read as), the latter as the best match spells it
    - widened: other words that were searched for, too, since few have the one typed
    - complaints: sentences about parts of the search that were not understood
    - first, last: tokens for `before` and `after` of the pages next to this one; "" when the best matches come first
    - answers: how many that match have each answer, whichever was asked for, "" for all; None if that is not known
    - answer: the one that was asked for, if any
    - more: whether contacts follow, if a token said where the page is. `offset` is then off by as many as came or went
    """

    found: tuple[Indexed, ...]
    total: Total
    offset: int
    corrected: tuple[tuple[str, str], ...] = ()
    widened: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    more: bool | None = None
    answers: Mapping[str, int] | None = None
    answer: str = ""

    @property
    def as_of(self) -> datetime | None:
        """Return when the oldest row of the page was read."""
        return min((each.read_at for each in self.found), default=None)


def find(query: IndexQuery) -> IndexPage:
    """Return one page of the contacts that match. Calls no vendor."""
    match = conditions.match(query.search, query.filters, counted=True)
    page = _best(query, match) if match.groups and not query.sort else _sorted(query, match)
    corrected, widened = _corrected(match, page.found)
    return replace(
        page,
        corrected=corrected,
        widened=widened,
        complaints=match.asked.complaints,
        answers=match.answers,
        answer=match.asked.answer,
    )


def _sorted(query: IndexQuery, match: Match) -> IndexPage:
    """Return a page in the order of a column."""
    order = sort_order.order_of(query.sort)
    total = conditions.count(match)
    keys, more = _keys(query, match, order, total)
    found = tuple(records.by_ids([contact_id for _, contact_id in keys]))
    tokens = [sort_order.token(order, key) for key in (keys[0], keys[-1])] if keys else ["", ""]
    return IndexPage(found, total, query.offset, first=tokens[0], last=tokens[1], more=more)


def counts_by_answer(query: IndexQuery) -> tuple[Mapping[str, int] | None, str]:
    """Return `answers` and `answer` of the pages of a query, without reading one."""
    match = conditions.match(query.search, query.filters, counted=True)
    return match.answers, match.asked.answer


def count(query: IndexQuery) -> Total:
    """Return how many match: exact if that is cheap, else "about"."""
    return conditions.count(conditions.match(query.search, query.filters))


def matching_ids(query: IndexQuery) -> Sequence[int]:
    """Return the ids of all matches in the order asked for; by id if the order is best first."""
    ids = array("q")
    for some in _selected("contact_id", query):
        ids.extend(chain.from_iterable(some))
    return ids


def _selected(columns: str, query: IndexQuery) -> Iterator[list[tuple[Any, ...]]]:
    """Yield these columns of all matches, in the order asked for, many rows at a time."""
    match = conditions.match(query.search, query.filters)
    order = sort_order.order_of(query.sort)
    condition, parameters = conditions.where(match)
    by = order.by(descending=order.descending)
    for part, more in order.parts():
        sql = f"SELECT {columns} FROM {TABLE} WHERE {condition} AND {part}"
        # On PostgreSQL the cursor stays at the server, so that a million rows are not held here.
        with connection.chunked_cursor() as cursor:
            cursor.execute(f"{sql} ORDER BY {by}", [*parameters, *more])
            while some := cursor.fetchmany(5_000):
                yield some


def matching_contacts(query: IndexQuery) -> Iterator[Indexed]:
    """Yield all matches in the order asked for, without holding them all in memory."""
    for ids in _chunks(matching_ids(query)):
        yield from records.by_ids(ids)


def matching_rows(query: IndexQuery, columns: Sequence[str]) -> Iterator[list[tuple[str, ...]]]:
    """Yield these columns of all matches as texts, many rows at a time: for exports."""
    if connection.vendor == "postgresql":
        yield from _selected(records.as_texts(columns), query)
        return
    # A cursor that stays open would keep SQLite's log of changes from being folded back.
    order = sort_order.order_of(query.sort)
    by_id = order == sort_order.Order() and "contact_id" in columns
    if by_id and conditions.match(query.search, query.filters).everyone:
        last, place = order.lowest, columns.index("contact_id")
        while some := records.texts_after(columns, last, ROWS_OF_EXPORT):
            yield some
            last = int(some[-1][place])
        return
    for ids in _chunks(matching_ids(query), ROWS_OF_EXPORT):
        yield records.texts(columns, ids)


def by_numbers(numbers: Iterable[str]) -> dict[str, list[Indexed]]:
    """Return the contacts with these numbers (E.164); a number may belong to more than one."""
    found: dict[str, list[Indexed]] = {}
    ours = database()
    for some in _chunks(list(dict.fromkeys(numbers))):
        for each in records.where(f"number {ours.among('text')}", [ours.many(some)]):
            found.setdefault(each.contact.number or "", []).append(each)
    return found


def by_ids(ids: Iterable[int]) -> dict[int, Indexed]:
    """Return the contacts with these ids at SlickText that the index knows."""
    found: dict[int, Indexed] = {}
    for some in _chunks(list(dict.fromkeys(ids))):
        found |= {each.contact.contact_id: each for each in records.by_ids(some)}
    return found


def rows_by_id(ids: Sequence[int], columns: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """Return these columns as texts, by id, of the contacts that the index knows."""
    return {
        int(row[0]): row[1:]
        for some in _chunks(ids)
        for row in records.texts(["contact_id", *columns], some)
    }


def _chunks(values: Sequence[Any], size: int = CHUNK_SIZE) -> Iterator[list[Any]]:
    for start in range(0, len(values), size):
        yield list(values[start : start + size])


def _keys(
    query: IndexQuery, match: Match, order: sort_order.Order, total: Total
) -> tuple[list[sort_order.Key], bool | None]:
    """Return the keys of a page that is sorted by a column, and whether more follow, if a token said where it is."""
    offset, limit = query.offset, query.limit
    by_id = order.column == "contact_id" and not match.groups
    within = _within(match, total, by_id=by_id)
    if after := sort_order.from_token(order, query.after):
        keys = sort_order.read_keys(order, within, 0, limit + 1, after=after)
        return keys[:limit], len(keys) > limit
    if before := sort_order.from_token(order, query.before):
        return sort_order.read_keys(order, within, 0, limit, after=before, backward=True), True
    if mark := _mark(match, order, total, offset):
        return sort_order.far_page(order, within, offset, limit, mark), None
    known = total.number if total.exact else None
    return sort_order.page(order, within, offset, limit, total=known), None


def _mark(
    match: Match, order: sort_order.Order, total: Total, offset: int
) -> sort_order.Mark | None:
    """Return the last place mark before a far page; None if counting from the nearer end is fast."""
    to_end = total.number - offset if total.exact else offset
    if min(offset, to_end) <= sort_order.NEAR_OFFSET:
        return None
    if match.everyone:
        return marks.kept_mark(order, offset)
    if match.status and (kept := marks.kept_mark(order, offset, match.status)):
        return kept
    if order.column == "contact_id" and not match.groups and len(match.conditions) == 1:
        return None
    key = f"{match.cache_key}:{order.column}:{order.descending}"
    made = cache.get(key)
    if made is None:
        made = marks.marks_of(order, conditions.where(match))
        cache.set(key, made, MARKS_KEPT_SECONDS)
    at = bisect(made, offset, key=lambda mark: mark[0]) - 1
    return made[at] if at >= 0 else None


def _within(match: Match, total: Total, *, by_id: bool) -> Condition:
    """Return the condition of a sorted page: few matches by their ids, some thousand by their text.

    Many are checked along the order's index.
    """
    if match.everyone or (by_id and match.first is None):
        return conditions.where(match)
    if total.exact and total.number <= RANKED_MAX:
        ours = database()
        return f"contact_id {ours.among('bigint')}", [ours.many(conditions.ids(match, RANKED_MAX))]
    return conditions.by_text(match) or conditions.where(match, checked=True)


def _best(query: IndexQuery, match: Match) -> IndexPage:
    """Return a page of a search, best matches first."""
    total = conditions.count(match)
    until = query.offset + query.limit
    if total.exact and total.number <= RANKED_MAX:
        best = _ranked(match, conditions.ids(match, RANKED_MAX))
    else:
        best = _ranked(match, _likely(match))
        if until > len(best):
            best = list(dict.fromkeys([*best, *conditions.ids(match, RANKED_MAX)]))
    page = best[query.offset : until]
    missing = query.limit - len(page)
    # More than were counted may follow.
    if missing and (len(best) < total.number or not total.exact):
        page += _after_the_best(match, best, max(0, query.offset - len(best)), missing)
    found = tuple(records.by_ids(page))
    return IndexPage(found, total, query.offset)


def _likely(match: Match) -> list[int]:
    """Return the matches worth ranking: names that begin with the words, and if these are few, the first found."""
    likely = _begun(match) if match.asked.words else []
    if len(likely) < LIKELY_MAX:
        likely += conditions.ids(match, LIKELY_MAX)
    return list(dict.fromkeys(likely))


def _begun(match: Match) -> list[int]:
    """Return matches whose last name begins with one word, and other names with the other words, by plain indexes."""
    words = [word.removeprefix(NAME) for word in match.asked.words]
    looks = [("name_key", word, [each for each in words if each != word]) for word in words]
    if len(words) == 1:
        looks.append(("first_key", words[0], []))
    condition, more = conditions.where(replace(match, groups=(), also=None), checked=True)
    parts: list[str] = []
    parameters: list[Any] = []
    for column, word, others in looks:
        also = "".join(f" AND {database().holds(column)}" for _ in others)
        parts.append(
            f"SELECT * FROM (SELECT contact_id FROM {TABLE} WHERE {column} >= %s AND {column} < %s{also}"
            f" AND {condition} ORDER BY {column}, contact_id LIMIT {LIKELY_MAX}) AS look{len(parts)}"
        )
        parameters += [*conditions.beginning(word), *(f" {each}" for each in others), *more]
    return [key for (key,) in fetch(" UNION ALL ".join(parts), parameters)]


def _ranked(match: Match, ids: list[int]) -> list[int]:
    """Return the ids, best first."""
    if match.texts is None:
        ours = database()
        sql = f"SELECT contact_id, folded FROM {TABLE} WHERE contact_id {ours.among('bigint')}"
        rows = fetch(sql, [ours.many(ids)])
    else:
        rows = list(match.texts.items())
    return ranking.ranked(rows, match.asked.words, match.corrected)


def _after_the_best(match: Match, best: list[int], offset: int, limit: int) -> list[int]:
    """Return the matches after those that were ranked, by id."""
    condition, parameters = conditions.where(match)
    ours = database()
    rows = fetch(
        f"SELECT contact_id FROM {TABLE} WHERE {condition}"
        f" AND NOT contact_id {ours.among('bigint')} ORDER BY contact_id LIMIT %s OFFSET %s",
        [*parameters, ours.many(best), limit, offset],
    )
    return [key for (key,) in rows]


def _corrected(
    match: Match, found: Sequence[Indexed]
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return the words that the best match has in place of those typed, and those that others on the page have."""
    corrected: dict[str, str] = {}
    widened: dict[str, None] = {}
    for at, each in enumerate(found if match.corrected else ()):
        for word, others in (match.corrected or {}).items():
            other = ranking.taken(each.text, word, others)
            written = _as_written(each.contact, other) if other else ""
            if at == 0 and other:
                corrected[word.removeprefix(NAME)] = written
            elif other and written not in corrected.values():
                widened[written] = None
    return tuple(corrected.items()), tuple(widened)[:WIDENED_SHOWN_MAX]


def _as_written(contact: Contact, word: str) -> str:
    """Return the word of a name or place as the contact has it: "Strickland" for "strickland"."""
    parts = " ".join(filter(None, (contact.first_name, contact.last_name, contact.city))).split()
    return next((part for part in parts if normalize(part) == word), word)
