"""Who matches: a question as conditions in SQL, the cheapest way to look first, and how many there are."""

# ruff: noqa: S608 - the only names in the SQL are our own columns; every value is a parameter

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.core.cache import cache
from django.db import connection

from contacts_ui.models import IndexedContact
from contacts_ui.services.index.database import TABLE, TEXT, Condition, Groups, database, phrases
from contacts_ui.services.index.folding import NAME
from contacts_ui.services.index.ordering import (
    COMMON,
    STATUS_STEP,
    Marks,
    Order,
    found_marks,
    kept_marks,
    marks_of,
)
from contacts_ui.services.index.query import STATUSES, Asked, apart, no_such_status, read
from contacts_ui.services.index.words import alternatives

# Whoever counts further waits longer than the number is worth.
COUNTED: Final = 10_000
# So many matches are held together to be ranked; whoever has more is asked for another word.
HELD: Final = 1000
# So many are looked for at once: few enough to be held, and to be counted without a second look.
_LOOKED: Final = 4000
# Where fewer than so many are found as typed, a slip of the finger is considered.
FEW: Final = 5
_COUNTS: Final = "contacts_ui_indexcount"
# By a single letter, which trigrams cannot find.
_BEGINS: Final = "({0} >= %s AND {0} < %s OR name_key >= %s AND name_key < %s)"
# How far two ways are compared before the cheaper one is taken.
_COMPARED: Final = 4000
# Where one of them is known to find more, the text may be worth it, which is counted fast.
_WORTH_COUNTING: Final = 20_000
_KEPT_SECONDS: Final = 300
# The two that have an index together.
_TOGETHER: Final = ("status_key", "state_key")
# Column -> the index of it and the id.
_INDEXES: Final = {
    index.fields[0]: index.name for index in IndexedContact._meta.indexes if len(index.fields) == 2
}


@dataclass(frozen=True)
class Total:
    """How many there are; `exact` is False where it is "about" or "more than" so many."""

    number: int
    exact: bool = True


@dataclass(frozen=True)
class Match:
    """Whoever is asked for. `groups` are looked for in the text, `conditions` in columns."""

    asked: Asked
    groups: Groups = ()
    conditions: tuple[tuple[str, str, Any], ...] = ()
    corrected: Mapping[str, tuple[str, ...]] | None = None
    # Somebody whose id, not number, was typed.
    also: int | None = None
    # The first of them, one more than are looked for at once, where that was done already.
    first: tuple[int, ...] | None = None
    # About how many, where a sample says that they are many: then nobody was looked for.
    about: int = 0

    @property
    def status(self) -> str:
        """The status, where that is all that is asked for; else ""."""
        if self.groups or len(self.conditions) != 1:
            return ""
        column, _, value = self.conditions[0]
        return str(value) if column == "status_key" else ""

    @property
    def everybody(self) -> bool:
        """Whether nothing is asked for."""
        return not self.groups and not self.conditions


def match(search: str, filters: Mapping[str, str]) -> Match:
    """Read the question; where the words as typed find few, one slip of the finger in each is forgiven."""
    asked = read(search, filters, _custom_names() if ":" in search else frozenset())
    asked = replace(asked, complaints=(*asked.complaints, *_no_such_statuses(asked)))
    exact = _with_id(_match(asked, asked.words))
    if not exact.groups:
        return exact
    exact = _looked(exact)
    found = exact.about or len(exact.first or ())
    if found >= FEW:
        return exact
    if not found and (others := _apart(asked, search)) and ids(others, 1):
        return others
    forgiving = _forgiving(exact)
    if forgiving and (forgiving.about or len(forgiving.first or ())) > found:
        return forgiving
    return exact


def _looked(of: Match) -> Match:
    """With the first of them, or with about how many there are where that is plainly more than can be held."""
    if about := _sampled(of):
        return replace(of, about=about)
    return replace(of, first=tuple(ids(of, _LOOKED + 1)))


def _sampled(of: Match) -> int:
    """About how many, by those in the database's sample; 0 where there is none, or where they may be few."""
    every, condition = database().sample
    if not every:
        return 0
    sql, parameters = where(of)
    # A quarter more than are counted: no sample of so many errs by as much, and they are "more than" that.
    most = COUNTED * 5 // 4 // every + 1
    sampled = _first((f"{TABLE} WHERE {condition} AND {sql}", parameters), most)
    if sampled == most:
        return COUNTED
    return sampled * every if sampled * every > HELD * 3 // 2 else 0


def ids(of: Match, most: int) -> list[int]:
    """At most so many of whoever matches, in the order in which they are found cheapest."""
    if of.first is not None and (len(of.first) <= _LOOKED or most <= _LOOKED):
        return list(of.first[:most])
    sql, parameters = _source(of)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT contact_id FROM {sql} LIMIT %s", [*parameters, most])
        return [key for (key,) in cursor.fetchall()]


def count(of: Match) -> Total:
    """How many match: exact up to COUNTED, unless a sample was worth more; else about so many.

    Just COUNTED is then "more than COUNTED".
    """
    if of.everybody:
        return Total(counted("", ""))
    if of.about:
        return Total(of.about, exact=False)
    if of.first is not None and len(of.first) <= min(_LOOKED, COUNTED):
        return Total(len(of.first))
    sql, parameters = _source(of)
    number = _counted(f"(SELECT 1 FROM {sql} LIMIT {COUNTED + 1}) AS several", parameters)
    if number <= COUNTED:
        return Total(number)
    return Total(max(_about(of), COUNTED), exact=False)


def counted(name: str, value: str) -> int:
    """A number that is kept: of all contacts, or of those with this value when the anchors were last set."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT number FROM {_COUNTS} WHERE name = %s AND value = %s", [name, value]
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def where(of: Match, *, checked: bool = False) -> Condition:
    """The match as one condition. `checked`: not to be found by any index of its own, since another finds the rows."""
    parts, parameters = [], []
    ours = database()
    if of.groups:
        sql, more = ours.checked(of.groups) if checked else ours.matching(of.groups)
        parts.append(sql)
        parameters += more
    for column, template, value in of.conditions:
        parts.append(template.format(ours.unindexed(column) if checked else column))
        parameters += value if isinstance(value, list) else [value]
    if of.also is not None:
        return f"({' AND '.join(parts)} OR contact_id = %s)", [*parameters, of.also]
    return " AND ".join(parts) or "1 = 1", parameters


@dataclass(frozen=True)
class _Look:
    """Values that one index finds together."""

    index: str
    values: tuple[tuple[str, Any], ...]

    def condition(self, name: str) -> str:
        return " AND ".join(f"{name}.{column} = %s" for column, _ in self.values)

    @property
    def parameters(self) -> list[Any]:
        return [value for _, value in self.values]


def _source(of: Match) -> Condition:
    """What stands behind FROM: the rarest of text and filters is looked for first, the others are checked."""
    if connection.vendor == "sqlite" and of.also is None:
        looks, others = _looks(of)
        if len(looks) > 1 or (looks and of.groups):
            return _rarest_first(of, looks, others)
        if of.groups and of.conditions:
            return _text_or_columns(of)
    sql, parameters = where(of)
    return _only_text(of) or _one_letter(of) or (f"{TABLE} WHERE {sql}", parameters)


def _one_letter(of: Match) -> Condition | None:
    """Whoever has a name that begins with it, by two indexes alone until that is many."""
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
    """What the conditions let an index find, and the conditions that none does."""
    exact = {
        column: value
        for column, template, value in of.conditions
        if column in _INDEXES and template == "{} = %s"
    }
    others = tuple(each for each in of.conditions if exact.get(each[0]) is not each[2])
    looks = []
    if set(exact) >= set(_TOGETHER):
        pair = tuple((column, exact.pop(column)) for column in _TOGETHER)
        looks.append(_Look("index_status_state", pair))
    return looks + [_Look(_INDEXES[each[0]], (each,)) for each in exact.items()], others


def _rarest_first(
    of: Match, looks: list[_Look], others: tuple[tuple[str, str, Any], ...]
) -> Condition:
    """Ids alone, from one index to the next, since reading the contacts themselves costs most.

    SQLite knows no numbers of rows and would look up each contact: it is told the order and the indexes.
    """
    expected = {each: _expected(each) for each in looks}
    looks = sorted(looks, key=lambda each: expected[each])
    fewest = min(expected[looks[0]], _WORTH_COUNTING)
    texts = _only_text(replace(of, conditions=()))
    if texts and _first(texts, fewest) < fewest:
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
    if left.everybody:
        return f"(SELECT found AS contact_id FROM ({chain}) AS kept) AS several", parameters
    sql, more = where(left, checked=True)
    whole = f"({chain}) AS kept CROSS JOIN {TABLE} ON contact_id = found"
    return f"{whole} WHERE {sql}", [*parameters, *more]


def _expected(look: _Look) -> int:
    """About how many it finds: from the kept numbers, else counted no further than it takes to compare."""
    kept = [
        counted(column.removesuffix("_key"), str(value)) if column in COMMON else 0
        for column, value in look.values
    ]
    if len(kept) == 1 and kept[0]:
        return kept[0]
    sql = f"{TABLE} INDEXED BY {look.index} WHERE {look.condition(TABLE)}"
    return _first((sql, look.parameters), _COMPARED)


def _first(source: Condition, most: int) -> int:
    """How many there are, counted no further than `most`."""
    return _counted(f"(SELECT 1 FROM {source[0]} LIMIT {most}) AS several", source[1])


def _text_or_columns(of: Match) -> Condition:
    columns = replace(of, groups=())
    if _compared(columns) < _compared(replace(of, conditions=())):
        sql, parameters = where(columns)
        checks, more = database().checked(of.groups)
        return f"{TABLE} WHERE {sql} AND {checks}", [*parameters, *more]
    sql, parameters = where(columns, checked=True)
    text = f"(SELECT rowid AS found FROM {TEXT} WHERE {TEXT} MATCH %s) AS texts"
    return (
        f"{text} CROSS JOIN {TABLE} ON contact_id = found WHERE {sql}",
        [phrases(of.groups), *parameters],
    )


def _only_text(of: Match) -> Condition | None:
    """SQLite's full-text table has the ids: the contacts themselves need not be looked at."""
    if connection.vendor != "sqlite" or of.conditions or not of.groups or of.also is not None:
        return None
    text = f"(SELECT rowid AS contact_id FROM {TEXT} WHERE {TEXT} MATCH %s) AS texts"
    return text, [phrases(of.groups)]


def _compared(of: Match) -> int:
    """How many match, counted no further than it takes to compare."""
    if of.groups:
        sql, parameters = _only_text(of) or ("", [])
        return _counted(f"(SELECT 1 FROM {sql} LIMIT {_COMPARED}) AS several", parameters)
    fewest = _COMPARED
    for column, template, value in of.conditions:
        if "instr" in template:
            continue
        parameters = value if isinstance(value, list) else [value]
        sql = f"SELECT 1 FROM {TABLE} WHERE {template.format(column)} LIMIT {fewest}"
        fewest = min(fewest, _counted(f"({sql}) AS several", parameters))
    return fewest


def _counted(source: str, parameters: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {source}", parameters)
        return int(cursor.fetchone()[0])


def _about(of: Match) -> int:
    """What was counted for this within the last minutes, or what the kept numbers of its values let expect, or 0."""
    kept = cache.get(_key(of))
    if kept is not None:
        return int(kept)
    if of.groups:
        return 0
    everybody = about = float(counted("", ""))
    for column, _, value in of.conditions:
        about *= counted(column.removesuffix("_key"), str(value)) / max(everybody, 1)
    return round(about)


def marks(of: Match, order: Order) -> Marks:
    """Who stands where among whoever matches: set after the last walk, or now, and then kept for some minutes."""
    if of.everybody or (of.status and order.column != "status_key"):
        return kept_marks(order, of.status)
    key = f"{_key(of)}:{order.column}"
    found = cache.get(key)
    if found is None:
        found = marks_of(order, where(of), STATUS_STEP)
        cache.set(key, found, _KEPT_SECONDS)
        cache.set(_key(of), sum(size for size, _ in found), _KEPT_SECONDS)
    return found_marks(found)


def _key(of: Match) -> str:
    text = repr((of.groups, of.conditions))
    return f"index-count:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"


def _custom_names() -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT value FROM {_COUNTS} WHERE name = 'custom'")
        return frozenset(value for (value,) in cursor.fetchall())


def _no_such_statuses(asked: Asked) -> list[str]:
    """What is to be said of a status that may have been misspelled: it is none of those known, and nobody has it."""
    odd = [value for column, value in asked.exact if column == "status_key"]
    return [
        no_such_status(value)
        for value in odd
        if value not in STATUSES and not IndexedContact.objects.filter(status_key=value).exists()
    ]


def _with_id(match: Match) -> Match:
    """Digits alone may be an id, too."""
    word = match.asked.words[0] if match.asked.words else ""
    if len(match.asked.words) != 1 or match.conditions or not word.isdecimal() or len(word) > 18:
        return match
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT folded FROM {TABLE} WHERE contact_id = %s", [int(word)])
        row = cursor.fetchone()
    return replace(match, also=int(word)) if row and word not in row[0] else match


def _apart(asked: Asked, search: str) -> Match | None:
    """A zip and a part of a number, say, where both as one number find nobody."""
    words = tuple(apart(search))
    if ":" in search or words == asked.words:
        return None
    return _match(asked, words)


def _forgiving(exact: Match) -> Match | None:
    corrected = {}
    with connection.cursor() as cursor:
        for word in exact.asked.words:
            if others := alternatives(cursor, word):
                corrected[word] = tuple(others)
    if not corrected:
        return None
    groups = tuple(
        (*group, *_words(corrected.get(word, ())))
        for group, word in zip(exact.groups, _searched(exact.asked.words), strict=False)
    )
    groups += exact.groups[len(groups) :]
    return _looked(replace(exact, groups=groups, corrected=corrected, first=None))


def _words(others: Iterable[str]) -> list[str]:
    return [text for word in others for text in (f"{NAME}{word} ", f" {word} ")]


def _searched(words: Iterable[str]) -> list[str]:
    """The words that trigrams can find; a single letter is none."""
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
    if asked.contact_ids is not None:
        ours = database()
        those = ours.many(asked.contact_ids)
        conditions.append(("contact_id", f"{{}} {ours.among('bigint')}", those))
    return Match(asked, tuple(groups), tuple(conditions))


def _group(word: str) -> tuple[str, ...]:
    """Two letters begin a name or are a whole word: trigrams need three."""
    return (f"{NAME}{word}", f" {word} ") if len(word) == 2 else (word,)


def _initial(word: str) -> tuple[str, str, Any]:
    begins = beginning(word.removeprefix(NAME))
    return (
        "first_key",
        _BEGINS,
        [*begins, *begins],
    )


def beginning(text: str) -> tuple[str, str]:
    """Between which two values is whatever begins with this text."""
    return text, text[:-1] + chr(ord(text[-1]) + 1)


def _equal(column: str, value: str) -> list[tuple[str, str, Any]]:
    if column != "last_key":
        return [(column, "{} = %s", value)]
    # Sorted by name is sorted by last name: its index finds them.
    return [
        ("name_key", "{0} >= %s AND {0} < %s", [value, f"{value}!"]),
        (column, "{} = %s", value),
    ]
