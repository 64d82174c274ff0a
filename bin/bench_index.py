"""`make bench-index`: the local index over a million people, by the database that DATABASE_URL names, else SQLite.

Uses a database of its own, which is made and dropped again: PEOPLE=100000 bin/bench_index.py for fewer.
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
KEPT = Path(tempfile.gettempdir()) / f"contacts-bench-{os.getuid()}"
START = datetime(2018, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
STATES = ("TX", "CA", "FL", "NY", "TN", "GA", "OH", "IL", "PA", "NC", "WA", "AZ", "MI", "VA")
SYLLABLES = (
    "bar",
    "den",
    "fel",
    "gor",
    "hal",
    "kin",
    "lor",
    "men",
    "nar",
    "pol",
    "quin",
    "ros",
    "sel",
    "tan",
    "var",
)


def main() -> None:
    import django

    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        build()
        update()
        ask()
        export()
    finally:
        teardown_databases(databases, verbosity=0)


def people(first: int, count: int, edit: str = "") -> Iterator[Any]:
    """Person number i is the same on any machine."""
    from contacts_ui.integrations.types import Contact
    from sandbox import names

    for number in range(first, first + count):
        draw = random.Random(number)  # noqa: S311 - people to measure with, no secrets
        given, family = draw.choice(names.FIRST), surname(draw, names.LAST)
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


def surname(draw: random.Random, usual: list[str]) -> str:
    """Half have a usual name, half one of twenty thousand others."""
    if draw.random() < 0.5:
        return draw.choice(usual)
    return "".join(draw.choice(SYLLABLES) for _ in range(draw.choice((2, 3, 3)))).title()


def build() -> None:
    """All at once: indexes and full text are made when everybody is there. What learning costs, `update` measures."""
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
    for some in kept_people():
        load(some)
    loaded = time.perf_counter()
    with connection.schema_editor() as editor:
        for each in indexes:
            editor.add_index(IndexedContact, each)
    index_tables.install(connection)
    indexed = time.perf_counter()
    index.rebuild_anchors()
    anchored = time.perf_counter()
    print(
        f"loaded in {loaded - started:.1f} s, indexed in {indexed - loaded:.1f} s,"
        f" anchors set in {anchored - indexed:.1f} s"
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

    from contacts_ui.services.index import writing

    moment = writing.moment(NOW)
    rows = [writing._row(each, moment, writing.digest(each)) for each in some]
    with transaction.atomic(), connection.cursor() as cursor:
        writing._upsert(cursor, rows)
        writing._learn_names(cursor, some)


def kept_people() -> Iterator[list[Any]]:
    """Everybody, made once for all runs on this machine."""
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

    some, renamed = list(people(1, 10_000)), list(people(20_001, 10_000, "x"))
    for name, whom in (("unchanged", some), ("renamed", renamed)):
        before, worked = time.perf_counter(), time.process_time()
        index.learn(whom, NOW + timedelta(days=1))
        took, worked = time.perf_counter() - before, time.process_time() - worked
        print(f"10,000 {name} learned in {took:.2f} s with gaps for others, {worked:.2f} s of work")


def ask() -> None:
    from contacts_ui.services.index import SORTS, IndexQuestion

    draw = random.Random(7)  # noqa: S311
    whom = [next(people(draw.randrange(30_001, max(30_002, PEOPLE)), 1)) for _ in range(ASKED)]
    named = [each for each in whom if each.first_name and each.last_name]
    searches: dict[str, Callable[[Any], str]] = {
        "part of a name": lambda each: cut(draw, each.last_name, 4),
        "one first name": lambda each: each.first_name,
        "first and last in parts": lambda each: f"{each.first_name[:3]} {each.last_name[:4]}",
        "first and last": lambda each: f"{each.last_name} {each.first_name}",
        "two letters": lambda each: each.first_name[:2],
        "one letter": lambda each: each.first_name[:1],
        "7 digits": lambda each: f"{each.mobile_number[5:8]}-{each.mobile_number[8:]}",
        "3 digits": lambda each: each.mobile_number[2:5],
        "part of an email": lambda each: f"{each.first_name}.{each.last_name[:3]}".lower(),
        "name and filters": lambda each: (
            f"status:unsubscribed state:{each.state} {each.first_name}"
        ),
        "broad and rare": lambda each: f'city:"{each.city}" status:blocked example',
        "nothing found": lambda each: f"{each.last_name[::-1]}qx",
    }
    print(f"{'ms in index.find':<30}{'p50':>8}{'p95':>8}")
    measured("first page", [IndexQuestion() for _ in whom])
    measured("page at row 500,000", [IndexQuestion(offset=PEOPLE // 2) for _ in whom])
    filters = [{"opt_in_status": each.opt_in_status, "state": each.state} for each in whom]
    measured("status and state", [IndexQuestion(filters=each) for each in filters])
    measured(
        "status", [IndexQuestion(filters={"opt_in_status": each.opt_in_status}) for each in whom]
    )
    measured(
        "status, by name",
        [
            IndexQuestion(filters={"opt_in_status": each.opt_in_status}, sort="name")
            for each in whom
        ],
    )
    measured("custom field", [IndexQuestion(search=f"custom.n:{each.contact_id}") for each in whom])
    for name, words in searches.items():
        measured(name, [IndexQuestion(search=words(each)) for each in named])
    measured(
        "part of a name, by city",
        [IndexQuestion(search=each.last_name[:4], sort="city") for each in named],
    )
    slips(draw, named)
    for sort in SORTS:
        deep = PEOPLE * 2 // 5
        questions = [
            IndexQuestion(sort=sign + sort, offset=offset)
            for sign in ("", "-")
            for offset in (0, 100, 3000, deep, deep + 1234, PEOPLE - 100)
        ]
        measured(f"by {sort}, six pages, both ways", questions * 4)


def cut(draw: random.Random, text: str, length: int) -> str:
    start = draw.randrange(max(1, len(text) - length))
    return text[start : start + length].strip().ljust(3, "e")


def slips(draw: random.Random, whom: list[Any]) -> None:
    """One letter left out, doubled, changed or swapped; found is whoever has the very name in the first five."""
    from contacts_ui.services.index import IndexQuestion, find, fold

    whom = [each for each in whom if len(fold(each.last_name)) > 3]
    questions = [
        IndexQuestion(search=f"{each.first_name} {slip(draw, each.last_name)}") for each in whom
    ]
    found = 0
    for each, question in zip(whom, questions, strict=True):
        first = {fold(row.contact.name) for row in find(question).found[:5]}
        found += fold(each.name) in first
    measured(f"one slip: {found} of {len(whom)} found", questions)
    alone = [IndexQuestion(search=slip(draw, each.last_name)) for each in whom]
    measured("one slip in a single word", alone)


def slip(draw: random.Random, word: str) -> str:
    at, kind = draw.randrange(1, len(word) - 1), draw.randrange(4)
    other = draw.choice("abcdefghijklmnopqrstuvwxyz")
    return (
        word[:at] + word[at + 1 :],
        word[:at] + other + word[at:],
        word[:at] + other + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    )[kind]


def measured(name: str, questions: list[Any]) -> None:
    from contacts_ui.services.index import find

    times = []
    for question in questions:
        before = time.perf_counter()
        find(question)
        times.append((time.perf_counter() - before) * 1000)
    times.sort()
    worst = times[int(len(times) * 0.95)]
    print(f"{name:<30}{statistics.median(times):>8.2f}{worst:>8.2f}", flush=True)


def export() -> None:
    from contacts_ui.services.index import IndexQuestion, rows

    columns = (
        "contact_id",
        "number",
        "first_name",
        "last_name",
        "email",
        "city",
        "state",
        "status",
        "created",
    )
    for name, question in (
        ("all", IndexQuestion()),
        ("by name", IndexQuestion(sort="name")),
        ("unsubscribed", IndexQuestion(filters={"opt_in_status": "unsubscribed"})),
    ):
        before = time.perf_counter()
        many = sum(1 for _ in rows(question, columns))
        print(f"rows, {name}: {many / (time.perf_counter() - before):,.0f} a second")


if __name__ == "__main__":
    main()
