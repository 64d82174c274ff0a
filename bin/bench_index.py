"""`make bench-index`: measure the local index over a million people, on DATABASE_URL's database or SQLite.

Uses a database of its own, which is made and dropped again: PEOPLE=100000 bin/bench_index.py for fewer. KEEP=1 leaves
the database, and finds it filled the next time.
"""

import os
import pickle
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
if os.environ.get("DATABASE_URL"):
    os.environ["TEST_DATABASE_URL"] = os.environ["DATABASE_URL"]

PEOPLE = int(os.environ.get("PEOPLE", "1000000"))
ASKED = int(os.environ.get("ASKED", "200"))
KEEP = bool(os.environ.get("KEEP"))
KEPT = Path(tempfile.gettempdir()) / f"contacts-bench-{os.getuid()}"
START = datetime(2018, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
STATES = ("TX", "CA", "FL", "NY", "TN", "GA", "OH", "IL", "PA", "NC", "WA", "AZ", "MI", "VA")
SYLLABLES = (
    "bar", "den", "fel", "gor", "hal", "kin", "lor", "men", "nar", "pol", "quin", "ros", "sel", "tan", "var",
)  # fmt: skip
TYPOS = (
    "a letter missing", "one too many", "one doubled", "another letter", "two swapped", "first letter wrong",
)  # fmt: skip


def main() -> None:
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    from contacts_ui.services import index

    if KEEP and connection.vendor == "sqlite":
        KEPT.mkdir(exist_ok=True, mode=0o700)
        connection.settings_dict["TEST"]["NAME"] = KEPT / f"index-{PEOPLE}.sqlite3"
    databases = setup_databases(0, interactive=False, keepdb=KEEP, serialized_aliases=())
    try:
        if index.size() < PEOPLE:
            build()
        update()
        ask()
        export()
    finally:
        teardown_databases(databases, verbosity=0, keepdb=KEEP)


def people(first: int, count: int, edit: str = "") -> Iterator[Any]:
    """Yield people; person number i is the same on any machine."""
    from contacts_ui.integrations.types import Contact
    from sandbox import names

    for number in range(first, first + count):
        draw = random.Random(number)  # noqa: S311 - people to measure with, no secrets
        given = draw.choice(names.FIRST)
        # Half of the last names are common.
        family = draw.choice(names.LAST) if draw.random() < 0.5 else made_up(draw)
        created = START + timedelta(minutes=draw.randrange(4_000_000))
        yield Contact(
            contact_id=number,
            first_name=None if draw.random() < 0.03 else given,
            last_name=None if draw.random() < 0.03 else family + edit,
            mobile_number=f"+1{draw.randint(201, 989)}{draw.randint(200, 999)}{draw.randrange(10000):04d}",
            email=None
            if draw.random() < 0.2
            else f"{given}.{family}{draw.randrange(999)}@example.com".lower(),
            city=f"{draw.choice(names.STREETS)} {draw.choice(('City', 'Falls', 'Park', 'Springs'))}",
            state=draw.choices(STATES, range(len(STATES), 0, -1))[0],
            zip=f"{draw.randrange(10000, 99999)}",
            country="US",
            source=draw.choice(("api", "import", "keyword", "web form")),
            custom_fields={"loyalty_tier": draw.choice(("bronze", "silver", "gold")), "n": number},
            timezone=draw.choice(("America/Chicago", "America/New_York", None)),
            language="es" if draw.random() < 0.14 else "en",
            opt_in_status=draw.choices(
                ("subscribed", "unsubscribed", "not subscribed", "blocked"), (70, 14, 13, 3)
            )[0],
            created=created,
            last_updated=created + timedelta(days=draw.randrange(900)) if number % 5 else None,
        )


def made_up(draw: random.Random) -> str:
    return "".join(draw.choice(SYLLABLES) for _ in range(draw.choice((2, 3, 3)))).title()


def build() -> None:
    """Load everyone, then make indexes and full text. `update` measures what storing costs."""
    from django.db import connection

    from contacts_ui.models import IndexedContact, index_tables
    from contacts_ui.services import index

    print(f"{connection.vendor}, {PEOPLE:,} people")
    started = time.perf_counter()
    indexes = IndexedContact._meta.indexes
    index_tables.remove(connection)
    with connection.schema_editor() as editor:
        for each in indexes:
            editor.remove_index(IndexedContact, each)
    for some in everyone_in_parts():
        load(some)
    loaded = time.perf_counter()
    with connection.schema_editor() as editor:
        for each in indexes:
            editor.add_index(IndexedContact, each)
    index_tables.install(connection)
    indexed = time.perf_counter()
    index.refresh_marks()
    index.refresh_counts()
    refreshed = time.perf_counter()
    print(
        f"loaded in {loaded - started:.1f} s, indexed in {indexed - loaded:.1f} s,"
        f" marked and counted in {refreshed - indexed:.1f} s"
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE contacts_ui_indexedcontact")
            cursor.execute("SELECT pg_database_size(current_database())")
            size = cursor.fetchone()[0]
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            size = Path(connection.settings_dict["NAME"]).stat().st_size
    print(f"size {size / 2**20:,.0f} MB", flush=True)


def load(some: list[Any]) -> None:
    from django.db import connection, transaction

    from contacts_ui.services.index import answers, writing

    digests = {each.contact_id: writing.digest(each) for each in some}
    rows = writing.rows_of(some, digests, writing.moment(NOW))
    with transaction.atomic(), connection.cursor() as cursor:
        writing.upsert(cursor, writing.with_answers(rows, answers.answers_for(some, NOW)))
        writing.store_names(cursor, writing.names_of(some))


def everyone_in_parts() -> Iterator[list[Any]]:
    """Yield everyone in parts, made once for all runs on this machine."""
    path = KEPT / f"people-{PEOPLE}.pickle"
    if not path.exists():
        KEPT.mkdir(exist_ok=True, mode=0o700)
        half = path.with_suffix(f".{os.getpid()}")
        everyone = people(1, PEOPLE)
        with half.open("wb") as file:
            while some := list(islice(everyone, 10_000)):
                pickle.dump(some, file, pickle.HIGHEST_PROTOCOL)
        half.rename(path)
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)  # noqa: S301 - our own file


def update() -> None:
    from contacts_ui.services import index

    new, some = list(people(PEOPLE + 1, 10_000)), list(people(1, 10_000))
    renamed = list(people(20_001, 10_000, "x"))
    for name, chosen in (("new", new), ("unchanged", some), ("renamed", renamed)):
        before, worked = time.perf_counter(), time.process_time()
        index.store(chosen, NOW + timedelta(days=1))
        took, worked = time.perf_counter() - before, time.process_time() - worked
        print(f"10,000 {name} stored in {took:.2f} s with gaps for others, {worked:.2f} s of work")


FILTERS: dict[str, Callable[[Any], dict[str, str]]] = {
    "status": lambda each: {"opt_in_status": each.opt_in_status},
    "state": lambda each: {"state": each.state},
    "language": lambda each: {"language": each.language},
    "status and state": lambda each: {"opt_in_status": each.opt_in_status, "state": each.state},
    "status and language": lambda each: {
        "opt_in_status": each.opt_in_status,
        "language": each.language,
    },
    "city": lambda each: {"city": each.city},
}


def what_is_typed(draw: random.Random) -> dict[str, Callable[[Any], str]]:
    """Return what people would type to find a person."""
    return {
        "one letter": lambda each: each.first_name[:1],
        "two letters": lambda each: each.first_name[:2],
        "three letters inside a name": lambda each: cut(draw, each.last_name, 3),
        "four letters inside a name": lambda each: cut(draw, each.last_name, 4),
        "six letters inside a name": lambda each: cut(draw, each.last_name, 6),
        "one first name": lambda each: each.first_name,
        "one last name": lambda each: each.last_name,
        "first and last in parts": lambda each: f"{each.first_name[:3]} {each.last_name[:4]}",
        "last and first in parts": lambda each: f"{each.last_name[:3]} {each.first_name[:2]}",
        "first and last": lambda each: f"{each.last_name} {each.first_name}",
        "3 digits": lambda each: each.mobile_number[2:5],
        "4 digits": lambda each: each.mobile_number[-4:],
        "7 digits": lambda each: f"{each.mobile_number[5:8]}-{each.mobile_number[8:]}",
        "a whole number": lambda each: f"({each.mobile_number[2:5]}) {each.mobile_number[5:]}",
        "part of an email": lambda each: f"{each.first_name}.{each.last_name[:3]}".lower(),
        "email: and a part": lambda each: f"email:{each.first_name}.{each.last_name[:3]}".lower(),
        "state and a name": lambda each: f"state:{each.state} {each.first_name}",
        "two filters and a name": lambda each: (
            f"status:unsubscribed state:{each.state} {each.first_name}"
        ),
        "status, city and a part": lambda each: (
            f'status:unsubscribed city:"{each.city}" {each.first_name[:4]}'
        ),
        "broad and rare": lambda each: f'city:"{each.city}" status:blocked example',
        "almost everyone": lambda each: "example",
        "custom field": lambda each: f"custom.n:{each.contact_id}",
        "custom field of many": lambda each: "loyalty_tier:gold",
        "no match": lambda each: f"{each.last_name[::-1]}qx",
        "no match for two words": lambda each: f"{each.first_name} {each.last_name[::-1]}qx",
    }


def ask() -> None:
    """Time each kind of query: searches, filters, orders, and pages."""
    from contacts_ui.services.index import SORTS, IndexQuery

    draw = random.Random(7)  # noqa: S311
    chosen = [next(people(draw.randrange(30_001, max(30_002, PEOPLE)), 1)) for _ in range(ASKED)]
    named = [each for each in chosen if each.first_name and each.last_name]
    searches = what_is_typed(draw)
    print(f"{'ms in index.find':<34}{'p50':>8}{'p95':>8}")
    for name, words in searches.items():
        measured(name, [IndexQuery(search=words(each)) for each in named])
    for kind in TYPOS:
        search_with_typos(draw, kind, named)
    by_city = [IndexQuery(search=each.last_name[:4], sort="city") for each in named]
    measured("part of a name, by city", by_city)
    measured("everyone", [IndexQuery()] * ASKED)
    for sort in SORTS:
        for name, offset in (("first", 0), ("middle", PEOPLE // 2 + 321), ("last", PEOPLE - 50)):
            both = [IndexQuery(sort=sign + sort, offset=offset) for sign in ("", "-")]
            measured(f"everyone by {sort}, {name} page", both * 10)
    for name, filters_of in FILTERS.items():
        filtered(name, [filters_of(each) for each in chosen[: max(ASKED // 5, 1)]])


def filtered(name: str, filters: list[dict[str, str]]) -> None:
    """Time a filter by id and in other orders: first page, middle, and last."""
    from contacts_ui.services.index import IndexQuery, count

    totals = [count(IndexQuery(filters=each)).number for each in filters]
    for sort in ("", "name", "-last_updated"):
        for place, part in (("first", 0.0), ("middle", 0.5), ("last", 0.99)):
            offsets = [int(total * part) // 50 * 50 for total in totals]
            pairs = zip(filters, offsets, strict=True)
            questions = [IndexQuery(filters=f, sort=sort, offset=o) for f, o in pairs]
            measured(f"{name} by {sort or 'id'}, {place} page", questions)


def cut(draw: random.Random, text: str, length: int) -> str:
    start = draw.randrange(max(1, len(text) - length))
    return text[start : start + length].strip().ljust(3, "e")


def search_with_typos(draw: random.Random, kind: str, chosen: list[Any]) -> None:
    """Time searches with a typo, and count those that find the right name in the first five."""
    from contacts_ui.services.index import IndexQuery, find, normalize

    chosen = [each for each in chosen if len(normalize(each.last_name)) > 3]
    questions = [
        IndexQuery(search=f"{each.first_name} {with_typo(draw, kind, each.last_name)}")
        for each in chosen
    ]
    found = 0
    for each, question in zip(chosen, questions, strict=True):
        first = {normalize(row.contact.name) for row in find(question).found[:5]}
        found += normalize(each.name) in first
    measured(f"{kind}: {found} of {len(chosen)}", questions)
    alone = [IndexQuery(search=with_typo(draw, kind, each.last_name)) for each in chosen]
    measured(f"{kind}, last name alone", alone)


def with_typo(draw: random.Random, kind: str, word: str) -> str:
    at = 0 if kind == TYPOS[-1] else draw.randrange(1, len(word) - 1)
    other = draw.choice("abcdefghijklmnopqrstuvwxyz")
    return {
        "a letter missing": word[:at] + word[at + 1 :],
        "one too many": word[:at] + other + word[at:],
        "one doubled": word[:at] + word[at] + word[at:],
        "two swapped": word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    }.get(kind, word[:at] + other + word[at + 1 :])


def measured(name: str, questions: list[Any]) -> None:
    from contacts_ui.services.index import find

    times = []
    for question in questions:
        before = time.perf_counter()
        find(question)
        times.append((time.perf_counter() - before) * 1000)
    times.sort()
    worst = times[int(len(times) * 0.95)]
    print(f"{name:<34}{statistics.median(times):>8.2f}{worst:>8.2f}", flush=True)


def export() -> None:
    from contacts_ui.services.index import IndexQuery, matching_rows

    columns = [
        "contact_id",
        "number",
        "first_name",
        "last_name",
        "email",
        "city",
        "state",
        "status",
        "created",
    ]
    for name, question in (
        ("all", IndexQuery()),
        ("by name", IndexQuery(sort="name")),
        ("unsubscribed", IndexQuery(filters={"opt_in_status": "unsubscribed"})),
    ):
        before = time.perf_counter()
        many = sum(map(len, matching_rows(question, columns)))
        print(f"rows, {name}: {many / (time.perf_counter() - before):,.0f} a second")


if __name__ == "__main__":
    main()
