"""Turn a query into SQL: its conditions, what to look up first, and how many contacts match."""

# ruff: noqa: S608 - the only names in the SQL are our own columns; every value is a parameter

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Final

from django.db import connection

from contacts_ui.models import IndexedContact
from contacts_ui.services.index.answers import (
    Answered,
    answer_counts,
    answers_of,
    stopped_between,
)
from contacts_ui.services.index.counts import custom_field_names, kept_count, kept_counts
from contacts_ui.services.index.database import (
    TABLE,
    TEXT,
    Condition,
    Groups,
    database,
    fetch,
    holding,
    phrases,
    rough,
)
from contacts_ui.services.index.query import (
    ID_MAX_DIGITS,
    STATUSES,
    Asked,
    apart,
    no_such_status,
    read,
)
from contacts_ui.services.index.text import NAME
from contacts_ui.services.index.typos import alternatives

# Counting further takes longer than the number is worth. Ids are read as far, so they need no count of their own.
COUNT_MAX: Final = 1000
# More matches than this are not all ranked.
RANKED_MAX: Final = 1000
# With fewer matches than this, consider typos.
TYPOS_BELOW: Final = 5
# Names that begin with a single letter, which trigrams cannot find.
_BEGINS: Final = "({0} >= %s AND {0} < %s OR name_key >= %s AND name_key < %s)"
# How far two ways are counted to find the cheaper one.
_COMPARE_MAX: Final = 4000
# Text is counted fast, so it is counted further.
_COMPARE_TEXT_MAX: Final = 100_000
# Sorting more with a text than this takes longer than to look for them along an order.
_SORTED_MAX: Final = 10_000
# If at least one in so many meets the filter, enough are soon found among those with the text: it is not counted.
_BROAD_ONE_IN: Final = 8
# These two columns share an index.
_PAIR: Final = ("status_key", "state_key")
# Column -> the index of it and the id.
_INDEXES: Final = {
    index.fields[0]: index.name
    for index in IndexedContact._meta.indexes
    if len(index.fields) == 2 and not index.condition
}


@dataclass(frozen=True)
class Total:
    """How many there are. `exact` is False for "about" or "more than" this many."""

    number: int
    exact: bool = True


@dataclass(frozen=True)
class Match:
    """What to match: `groups` in the search text, `conditions` in columns."""

    asked: Asked
    groups: Groups = ()
    conditions: tuple[tuple[str, str, Any], ...] = ()
    corrected: Mapping[str, tuple[str, ...]] | None = None
    # A contact whose id, not number, was typed.
    also: int | None = None
    # The first ids, one more than COUNT_MAX, if they were read already.
    first: tuple[int, ...] | None = None
    # What was read of all that match, if there are few.
    rows: tuple[Answered, ...] | None = None
    # The search texts of all that match, by id, if they were read already.
    texts: Mapping[int, str] | None = None
    # About how many, if a sample says that there are many. Then no ids were read.
    about: int = 0
    # How many of them have each answer, whichever answer was asked for; None if that is not known.
    answers: Mapping[str, int] | None = None

    @property
    def status(self) -> str:
        """Return the status, if the query asks for nothing else; else ""."""
        if self.groups or len(self.conditions) != 1:
            return ""
        column, _, value = self.conditions[0]
        return str(value) if column == "status_key" else ""

    @property
    def cache_key(self) -> str:
        """Return a text that only this match has."""
        text = repr((self.groups, self.conditions))
        return f"index-match:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"

    @property
    def everyone(self) -> bool:
        """Return True if the query is empty."""
        return not self.groups and not self.conditions


def match(search: str, filters: Mapping[str, str], *, counted: bool = False) -> Match:
    """Parse a query. If the words as typed find few, allow one typo in each.

    With `counted`, also say how many have each answer, where that is cheap.
    """
    found = _found(search, filters)
    if not found.groups and counted and not found.everyone and _about(found) <= RANKED_MAX:
        # The values are rare, so all ids can be read instead of being counted.
        some = tuple(ids(found, RANKED_MAX + 1))
        found = replace(found, first=some) if len(some) <= RANKED_MAX else found
    return _answered(found, counted=counted)


def _answered(found: Match, *, counted: bool) -> Match:
    """Return the match for the answer asked for, if any, with the counts of each answer if they are cheap."""
    answer = found.asked.answer
    if not answer and not counted:
        return found
    condition = ("answer", "{} = %s", answer)
    narrowed = replace(found, conditions=(*found.conditions, condition)) if answer else found
    if found.everyone:
        return replace(narrowed, answers=answer_counts() if counted else None)
    if found.first is not None and len(found.first) <= RANKED_MAX:
        known = answers_of(found.first) if found.rows is None else found.rows
        counts = Counter(each for _, each, _ in known)
        counts[""] = counts.total()
        texts = {key: text for key, each, text in known if answer in ("", each)}
        also = found.also if found.also in texts else None
        return replace(narrowed, first=tuple(texts), texts=texts, also=also, answers=counts)
    answers = _counted(found) if counted else None
    if not answer:
        return replace(found, answers=answers)
    narrowed = replace(narrowed, first=None, rows=None, about=0, also=None, answers=answers)
    return _with_first(narrowed) if narrowed.groups else narrowed


def _counted(found: Match) -> dict[str, int] | None:
    """Return how many matches have each answer; None if there are more than COUNT_MAX."""
    if not count(found).exact:
        return None
    ours = database()
    rows = fetch(
        f"SELECT answer, count(*) FROM {TABLE} WHERE contact_id {ours.among('bigint')} GROUP BY answer",
        [ours.many(ids(found, COUNT_MAX))],
    )
    counts = {value: int(number) for value, number in rows}
    return {"": sum(counts.values()), **counts}


def _found(search: str, filters: Mapping[str, str]) -> Match:
    """Return who matches, whatever their answer is."""
    asked = read(search, filters, custom_field_names() if ":" in search else frozenset())
    asked = replace(asked, complaints=(*asked.complaints, *_no_such_statuses(asked)))
    exact = _with_id(_match(asked, asked.words))
    if not exact.groups:
        return exact
    exact = _with_ids(exact)
    found = exact.about or len(exact.first or ())
    if found >= TYPOS_BELOW:
        return exact
    others = None if found else _separate_digits(asked, search)
    if others and ids(others, 1):
        return others
    for each in (exact, others):
        for corrected in _with_typos(each) if each else ():
            if (corrected.about or len(corrected.first or ())) > found:
                return corrected
    return exact


def _with_ids(of: Match) -> Match:
    """Return the match with all that is known of few; or with its first ids."""
    rows = _rows_if_few(of)
    if rows is None:
        return _with_first(of)
    first = tuple(key for key, *_ in rows[: COUNT_MAX + 1])
    return replace(of, first=first, rows=rows if len(rows) <= COUNT_MAX else None)


def _with_first(of: Match) -> Match:
    """Return the match with its first ids, or with about how many there are if that is clearly too many."""
    if about := _sampled(of):
        return replace(of, about=about)
    return replace(of, first=tuple(ids(of, COUNT_MAX + 1)))


def _rows_if_few(of: Match) -> tuple[Answered, ...] | None:
    """Return what is known of all that match, if a rough look at their texts finds few; SQLite only."""
    if connection.vendor != "sqlite":
        return None
    # None of the trigrams of plain words is in most texts, so these are looked up whole.
    plain = all(len(group) == 1 and group[0].isalpha() for group in of.groups)
    if plain and not of.conditions:
        return None
    # Values of custom fields have a condition of their own.
    words = rough(of.groups[: len(_searched(of.asked.words))] or of.groups)
    if words == phrases(of.groups) and not of.conditions:
        return None
    sql = f"SELECT rowid FROM {TEXT} WHERE {TEXT} MATCH %s LIMIT %s"
    # Some of them only look as if they matched.
    most = COUNT_MAX * 3 // 2
    found = {key for (key,) in fetch(sql, [words, most + 1])}
    if len(found) > most:
        return None
    also = set() if of.also is None else {of.also}
    return tuple(answers_of(sorted(found | also), where(of, checked=True)))


def _sampled(of: Match) -> int:
    """Return about how many match, by the database's sample; 0 if there is no sample, or they may be few."""
    every, condition = database().sample
    if not every:
        return 0
    sql, parameters = where(of)
    # Twice COUNT_MAX: no sample of this size errs by as much.
    most = COUNT_MAX * 2 // every + 1
    sampled = _count((f"{TABLE} WHERE {condition} AND {sql}", parameters), most)
    if sampled == most:
        return COUNT_MAX
    return sampled * every if sampled * every > RANKED_MAX * 3 // 2 else 0


def ids(of: Match, most: int) -> list[int]:
    """Return at most this many ids of matches, in the order that is cheapest to read."""
    if of.first is not None and (len(of.first) <= COUNT_MAX or most <= COUNT_MAX):
        return list(of.first[:most])
    sql, parameters = _source(of)
    return [key for (key,) in fetch(f"SELECT contact_id FROM {sql} LIMIT %s", [*parameters, most])]


def count(of: Match) -> Total:
    """Return how many match: exact up to COUNT_MAX, or else about; exactly COUNT_MAX then means "more than"."""
    if of.answers is not None:
        return Total(of.answers.get(of.asked.answer, 0))
    if of.everyone:
        return Total(kept_count())
    if not of.groups and [each[0] for each in of.conditions] == ["answer"]:
        return Total(answer_counts().get(of.conditions[0][2], 0))
    if of.about:
        return Total(of.about, exact=False)
    number = _count(_source(of), COUNT_MAX + 1) if of.first is None else len(of.first)
    if number <= COUNT_MAX:
        return Total(number)
    return Total(max(_about(of), COUNT_MAX), exact=False)


def where(of: Match, *, checked: bool = False) -> Condition:
    """Return the match as one condition. With `checked`, another index finds the rows, so it uses none of its own."""
    parts, parameters = [], []
    ours = database()
    if of.groups:
        sql, more = holding(ours, of.groups) if checked else ours.matching(of.groups)
        parts.append(sql)
        parameters += more
    for column, template, value in of.conditions:
        parts.append(template.format(ours.unindexed(column) if checked else column))
        parameters += value if isinstance(value, list) else [value]
    if of.also is not None:
        return f"({' AND '.join(parts)} OR contact_id = %s)", [*parameters, of.also]
    return " AND ".join(parts) or "1 = 1", parameters


def by_text(of: Match) -> Condition | None:
    """Return the match as a condition that looks its text up, if few enough have it to be sorted; SQLite only.

    Looking for them along the order would pass by most contacts: in the order of names, one name's come together.
    """
    texts = _only_text(replace(of, conditions=()))
    if texts is None or not _has_fewer(texts, _SORTED_MAX):
        return None
    text, parameters = database().matching(of.groups)
    columns, more = where(replace(of, groups=()), checked=True)
    return f"{text} AND {columns}", [*parameters, *more]


@dataclass(frozen=True)
class _Look:
    """Values that one index looks up together."""

    index: str
    values: tuple[tuple[str, Any], ...]

    def condition(self, name: str) -> str:
        return " AND ".join(f"{name}.{column} = %s" for column, _ in self.values)

    @property
    def parameters(self) -> list[Any]:
        return [value for _, value in self.values]


def _source(of: Match) -> Condition:
    """Return the SQL after FROM: the rarest of text and filters is looked up first, the others are checked."""
    if connection.vendor == "sqlite" and of.also is None:
        looks, others = _looks(of)
        if len(looks) > 1 or (looks and of.groups):
            return _rarest_count(of, looks, others)
        if of.groups and of.conditions:
            return _text_or_columns(of)
    sql, parameters = where(of)
    return _only_text(of) or _one_letter(of) or (f"{TABLE} WHERE {sql}", parameters)


def _one_letter(of: Match) -> Condition | None:
    """Return the source of contacts with a name that begins with one letter, by two indexes alone."""
    if len(of.conditions) != 1 or of.groups or of.conditions[0][1] != _BEGINS:
        return None
    values = of.conditions[0][2]
    first, last = "first_key >= %s AND first_key < %s", "name_key >= %s AND name_key < %s"
    looks = (
        f"SELECT contact_id FROM {TABLE} WHERE {first} UNION ALL"
        f" SELECT contact_id FROM {TABLE} WHERE {last} AND NOT ({first})"
    )
    return f"({looks}) AS letters", [*values, *values[:2]]


def _looks(of: Match) -> tuple[list[_Look], tuple[tuple[str, str, Any], ...]]:
    """Return the look-ups that have an index, and the conditions that have none."""
    exact = {
        column: value
        for column, template, value in of.conditions
        if column in _INDEXES and template == "{} = %s"
    }
    others = tuple(each for each in of.conditions if exact.get(each[0]) is not each[2])
    looks = []
    if set(exact) >= set(_PAIR):
        pair = tuple((column, exact.pop(column)) for column in _PAIR)
        looks.append(_Look("index_status_state", pair))
    return looks + [_Look(_INDEXES[each[0]], (each,)) for each in exact.items()], others


def _rarest_count(
    of: Match, looks: list[_Look], others: tuple[tuple[str, str, Any], ...]
) -> Condition:
    """Return a source that goes from one index to the next by ids, since reading contacts costs most.

    SQLite does not know how many rows a value has, so the order and the indexes are given.
    """
    everyone, expected = _expected(looks)
    looks = sorted(looks, key=lambda each: expected[each])
    fewest = expected[looks[0]]
    texts = _only_text(replace(of, conditions=()))
    if texts and (
        fewest * _BROAD_ONE_IN > everyone or _has_fewer(texts, min(fewest, _COMPARE_TEXT_MAX))
    ):
        sources, parameters = [texts[0]], [*texts[1]]
        left = replace(of, groups=(), conditions=others)
    else:
        seed, *looks = looks
        sql = (
            f"SELECT contact_id FROM {TABLE} INDEXED BY {seed.index} WHERE {seed.condition(TABLE)}"
        )
        sources, parameters = [f"({sql}) AS texts"], seed.parameters
        left = replace(of, conditions=others)
    for number, look in enumerate(looks):
        name = f"also{number}"
        sources.append(
            f"{TABLE} AS {name} INDEXED BY {look.index}"
            f" ON {look.condition(name)} AND {name}.contact_id = texts.contact_id"
        )
        parameters += look.parameters
    chain = f"SELECT texts.contact_id AS found FROM {' CROSS JOIN '.join(sources)}"
    if left.everyone:
        return f"(SELECT found AS contact_id FROM ({chain}) AS kept) AS several", parameters
    sql, more = where(left, checked=True)
    whole = f"({chain}) AS kept CROSS JOIN {TABLE} ON contact_id = found"
    return f"{whole} WHERE {sql}", [*parameters, *more]


def _expected(looks: Iterable[_Look]) -> tuple[int, dict[_Look, int]]:
    """Return how many contacts there are, and about how many each look-up finds.

    By the kept counts, as if these were independent; or else counted up to _COMPARE_MAX.
    """
    everyone, part = _parts(value for look in looks for value in look.values)
    expected = {}
    for look in looks:
        about = round(everyone * prod(part[value] for value in look.values))
        sql = f"{TABLE} INDEXED BY {look.index} WHERE {look.condition(TABLE)}"
        expected[look] = about or _count((sql, look.parameters), _COMPARE_MAX)
    return everyone, expected


def _has_fewer(source: Condition, most: int) -> bool:
    """Return True if a source has fewer rows than `most`."""
    return _count(source, most) < most


def _count(source: Condition, most: int) -> int:
    """Return how many rows a source has, counted up to `most`."""
    sql, parameters = source
    counted = f"SELECT count(*) FROM (SELECT 1 FROM {sql} LIMIT {most}) AS several"
    [[number]] = fetch(counted, parameters)
    return int(number)


def _text_or_columns(of: Match) -> Condition:
    columns = replace(of, groups=())
    if _compared(columns) < _compared(replace(of, conditions=())):
        sql, parameters = where(columns)
        checks, more = holding(database(), of.groups)
        return f"{TABLE} WHERE {sql} AND {checks}", [*parameters, *more]
    sql, parameters = where(columns, checked=True)
    text = f"(SELECT rowid AS found FROM {TEXT} WHERE {TEXT} MATCH %s) AS texts"
    return (
        f"{text} CROSS JOIN {TABLE} ON contact_id = found WHERE {sql}",
        [phrases(of.groups), *parameters],
    )


def _only_text(of: Match) -> Condition | None:
    """Return the full-text table alone as the source: on SQLite it has the ids of the contacts."""
    if connection.vendor != "sqlite" or of.conditions or not of.groups or of.also is not None:
        return None
    text = f"(SELECT rowid AS contact_id FROM {TEXT} WHERE {TEXT} MATCH %s) AS texts"
    return text, [phrases(of.groups)]


def _compared(of: Match) -> int:
    """Return how many match, counted up to _COMPARE_MAX."""
    if text := _only_text(of):
        return _count(text, _COMPARE_MAX)
    fewest = _COMPARE_MAX
    for column, template, value in of.conditions:
        if "instr" in template:
            continue
        parameters = value if isinstance(value, list) else [value]
        fewest = _count((f"{TABLE} WHERE {template.format(column)}", parameters), fewest)
    return fewest


def _about(of: Match) -> int:
    """Return about how many match, as if the kept counts of the values were independent; 0 if unknown."""
    if of.groups:
        return 0
    everyone, part = _parts((column, str(value)) for column, _, value in of.conditions)
    return round(everyone * prod(part.values()))


def _parts(values: Iterable[tuple[str, Any]]) -> tuple[int, dict[tuple[str, Any], float]]:
    """Return how many contacts there are, and which part of them has each value, by the kept counts; 0 if unknown."""
    asked = list(values)
    everyone, *counts = kept_counts(("", ""), *asked)
    return everyone, {
        value: number / max(everyone, 1) for value, number in zip(asked, counts, strict=True)
    }


def _no_such_statuses(asked: Asked) -> list[str]:
    """Return what to tell about statuses that are not known and that no contact has."""
    odd = [value for column, value in asked.exact if column == "status_key"]
    return [
        no_such_status(value)
        for value in odd
        if value not in STATUSES and not IndexedContact.objects.filter(status_key=value).exists()
    ]


def _with_id(match: Match) -> Match:
    """Return the match with the contact whose id these digits are, if there is one."""
    if len(match.asked.words) != 1 or match.conditions:
        return match
    [word] = match.asked.words
    if not word.isdecimal() or len(word) > ID_MAX_DIGITS:
        return match
    texts = fetch(f"SELECT folded FROM {TABLE} WHERE contact_id = %s", [int(word)])
    return replace(match, also=int(word)) if texts and word not in texts[0][0] else match


def _separate_digits(asked: Asked, search: str) -> Match | None:
    """Return the match with digits as separate words, such as a zip and part of a number."""
    words = tuple(apart(search))
    if ":" in search or words == asked.words:
        return None
    return _match(asked, words)


def _with_typos(exact: Match) -> Iterator[Match]:
    """Yield the match with other words for those that are in no name or city; then for all."""
    known = {word: alternatives(word.removeprefix(NAME)) for word in exact.asked.words}
    others = {word: found for word, (_, found) in known.items() if found}
    unknown = {word: found for word, found in others.items() if not known[word][0]}
    for corrected in (unknown, others) if unknown != others else (others,):
        if corrected:
            yield _corrected(exact, corrected)


def _corrected(exact: Match, corrected: Mapping[str, tuple[str, ...]]) -> Match:
    """Return the match with other words, too."""
    words = _searched(exact.asked.words)
    added = [_words(corrected.get(each, ()), only_names=each.startswith(NAME)) for each in words]
    added += [[]] * (len(exact.groups) - len(words))
    both = tuple((*group, *more) for group, more in zip(exact.groups, added, strict=True))
    # Who has the only word with alternatives as it was typed is known already, and long words take long to find.
    new = tuple(tuple(more) or group for group, more in zip(exact.groups, added, strict=True))
    looked_for = replace(exact, groups=new if len(corrected) == 1 else both, first=None, rows=None)
    found = _with_ids(looked_for)
    first = found.first and tuple(dict.fromkeys((*(exact.first or ()), *found.first)))
    rows = None if exact.first else found.rows
    return replace(found, groups=both, corrected=corrected, first=first, rows=rows)


def _words(others: Iterable[str], *, only_names: bool) -> list[str]:
    before = (NAME,) if only_names else (NAME, " ")
    return [f"{each}{word} " for word in others for each in before]


def _searched(words: Iterable[str]) -> list[str]:
    """Return the words that trigrams can find, without single letters."""
    return [word for word in words if len(word.removeprefix(NAME)) > 1]


def _match(asked: Asked, words: tuple[str, ...]) -> Match:
    asked = replace(asked, words=words)
    groups = [_group(word) for word in _searched(words)]
    conditions = [_initial(word) for word in words if len(word.removeprefix(NAME)) == 1]
    for column, value in asked.exact:
        conditions += _equal(column, value)
    for pair in asked.custom:
        conditions.append(("custom_key", database().holds("{}"), pair))
        value = pair[1:-1].partition(":")[2]
        groups.append((f" {value} ",))
    for column, part in asked.within:
        conditions.append((column, database().holds("{}"), part))
    if asked.stopped is not None:
        conditions.append(("stopped_at", *stopped_between(*asked.stopped)))
    if asked.contact_ids is not None:
        ours = database()
        those = ours.many(asked.contact_ids)
        conditions.append(("contact_id", f"{{}} {ours.among('bigint')}", those))
    return Match(asked, tuple(groups), tuple(conditions))


def _group(word: str) -> tuple[str, ...]:
    """Return the texts to find a word by. Trigrams need three letters, so two must begin a name or be a word."""
    return (f"{NAME}{word}", f" {word} ", f" {word}.") if len(word) == 2 else (word,)


def _initial(word: str) -> tuple[str, str, Any]:
    begins = beginning(word.removeprefix(NAME))
    return "first_key", _BEGINS, [*begins, *begins]


def beginning(text: str) -> tuple[str, str]:
    """Return the two values between which every text with this beginning is."""
    return text, text[:-1] + chr(ord(text[-1]) + 1)


def _equal(column: str, value: str) -> list[tuple[str, str, Any]]:
    if column != "last_key":
        return [(column, "{} = %s", value)]
    # The index by name begins with the last name.
    return [
        ("name_key", "{0} >= %s AND {0} < %s", [value, f"{value}!"]),
        (column, "{} = %s", value),
    ]
