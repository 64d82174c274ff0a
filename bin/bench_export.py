"""What an export costs: rows a second and memory, over a million contacts (PEOPLE) in a temporary database.

With PostgreSQL: `bin/with-postgres-and-redis .venv/bin/python bin/bench_export.py`.
"""

import logging
import os
import random
import resource
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

PEOPLE = int(os.environ.get("PEOPLE", "1000000"))
STOPS = 20_000
NAMES = ("Marty", "Emmett", "Lorraine", "George", "Jennifer", "Biff", "Núria", "Siobhán")
PLACES = (("Hill Valley", "CA", "95420"), ("Austin", "TX", "78701"), ("Boston", "MA", "02116"))


def main() -> None:
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()
    logging.disable(logging.WARNING)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        fill()
        print(f"{connection.vendor}, {PEOPLE:,} contacts, {STOPS:,} stops")
        few = ["email", "city", "state"]
        measure("the usual columns, by id", few, "")
        measure("the usual columns, by name", few, "name")
        measure("every column", None, "")
    finally:
        teardown_databases(databases, verbosity=0)


def fill() -> None:
    from contacts_ui.models import IndexedContact, IndexWalk, Vendor, Wish
    from contacts_ui.models.ledger import Action
    from contacts_ui.services import ledger

    chance, now = random.Random(1), datetime.now(UTC)  # noqa: S311
    for start in range(0, PEOPLE, 10_000):
        rows = []
        for key in range(start, min(start + 10_000, PEOPLE)):
            first, (city, state, code) = chance.choice(NAMES), chance.choice(PLACES)
            number = f"+1615{key:07}"
            rows.append(
                IndexedContact(
                    contact_id=key + 1,
                    number=number,
                    mobile_number=number,
                    first_name=first,
                    last_name=f"Person {key}",
                    email=f"person{key}@example.com",
                    city=city,
                    state=state,
                    zip=code,
                    country="US",
                    status="subscribed" if key % 5 else "unsubscribed",
                    source="Web form",
                    custom_fields={"member": key} if key % 3 == 0 else {},
                    created=now,
                    last_updated=now,
                    name_key=f"person {key} {first.lower()}",
                    folded=f"1615{key:07} {first.lower()} person {key}",
                    read_at=now,
                )
            )
        IndexedContact.objects.bulk_create(rows)
    IndexWalk.objects.create(pk=1, next_at=now, finished_at=now)
    entry = ledger.record(action=Action.STOP_REQUESTED, staff=None, number="")
    stops = (
        Wish(
            number=f"+1615{key * 7:07}",
            vendor=Vendor.CLOUDCONTACTAI,
            do_not_text=True,
            wished_at=now,
            ledger_entry=entry,
        )
        for key in range(STOPS)
    )
    Wish.objects.bulk_create(stops, batch_size=5000)


def measure(what: str, columns: list[str] | None, sort: str) -> None:
    from django.contrib.auth.models import User

    from contacts_ui.services.contact_export import CHOICES, export
    from contacts_ui.services.index import IndexQuestion

    staff = User(pk=1, username="bench", is_superuser=True, is_active=True)
    before, peak, stop = memory(), [0], threading.Event()
    watcher = threading.Thread(target=watch, args=(peak, stop))
    watcher.start()
    began = time.perf_counter()
    made = export(
        staff=staff,
        question=IndexQuestion(sort=sort),
        columns=list(CHOICES) if columns is None else columns,
        why="Measured",
    )
    size, first = 0, 0.0
    for chunk in made.chunks:
        first = first or time.perf_counter() - began
        size += len(chunk.encode())
    took = time.perf_counter() - began
    stop.set()
    watcher.join()
    print(
        f"{what}: {PEOPLE / took:,.0f} rows a second, {size / 1e6:.0f} MB in {took:.1f} s, first byte after "
        f"{first * 1000:.0f} ms, memory {before:.0f} MB before and {peak[0]:.0f} MB at most"
    )


def watch(peak: list[float], stop: threading.Event) -> None:
    while not stop.wait(0.05):
        peak[0] = max(peak[0], memory())


def memory() -> float:
    """What this process holds now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
