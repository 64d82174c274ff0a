"""What an export costs: rows a second and memory, over a million contacts (PEOPLE) in a temporary database.

With PostgreSQL: `bin/with-postgres-and-redis .venv/bin/python bin/bench_export.py`.
"""

import logging
import os
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
    """By the database itself, which takes seconds; the search's own tables are not needed."""
    from django.db import connection

    from contacts_ui.models import IndexWalk, Vendor, Wish
    from contacts_ui.models.ledger import Action
    from contacts_ui.services import ledger

    now = datetime.now(UTC)
    series = (
        "SELECT value AS n FROM generate_series(1, %s) AS value"
        if connection.vendor == "postgresql"
        else "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %s) SELECT n FROM s"
    )
    number = "'+1615' || substr(CAST(10000000 + n AS text), 2)"
    values = {
        "contact_id": "n",
        "number": number,
        "mobile_number": number,
        "first_name": "'Siobhán'",
        "last_name": "'Person ' || n",
        "email": "'person' || n || '@example.com'",
        "city": "'Hill Valley'",
        "state": "'CA'",
        "zip": "'95420'",
        "country": "'US'",
        "status": "CASE WHEN n % 5 = 0 THEN 'unsubscribed' ELSE 'subscribed' END",
        "source": "'Web form'",
        "language": "'en'",
        "timezone": "'America/Chicago'",
        "custom_fields": "'{\"member\": 12}'",
        "created": "%s",
        "last_updated": "%s",
        "name_key": "'person ' || n",
        "folded": "'person ' || n",
        "read_at": "%s",
    }
    if connection.vendor == "postgresql":
        values["custom_fields"] += "::jsonb"
        for name in ("created", "last_updated", "read_at"):
            values[name] += "::timestamptz"
    values["digest"] = "0"
    held = columns_of_the_index()
    values |= {name: "''" for name in held if name not in values and name != "status_changed_at"}
    sql = (
        f"INSERT INTO contacts_ui_indexedcontact ({', '.join(values)})"  # noqa: S608 - our own columns
        f" SELECT {', '.join(values.values())} FROM ({series}) AS numbers"
    )
    at = now if connection.vendor == "postgresql" else f"{now:%Y-%m-%d %H:%M:%S}"
    sql = sql.replace(" % 5", " %% 5")
    with connection.cursor() as cursor:
        cursor.execute(sql, [at, at, at, PEOPLE])
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


def columns_of_the_index() -> list[str]:
    from contacts_ui.models import IndexedContact

    return [str(field.column) for field in IndexedContact._meta.concrete_fields]


def measure(what: str, columns: list[str] | None, sort: str) -> None:
    from django.contrib.auth.models import User

    from contacts_ui.services.contact_export import CHOICES, export
    from contacts_ui.services.index import IndexQuestion

    staff = User(pk=1, username="bench", is_superuser=True, is_active=True)
    before, peak, stop = memory(), [0], threading.Event()
    watcher = threading.Thread(target=watch, args=(peak, stop))
    watcher.start()
    began, worked = time.perf_counter(), time.process_time()
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
    busy = time.process_time() - worked
    stop.set()
    watcher.join()
    print(
        f"{what}: {PEOPLE / took:,.0f} rows a second, {size / 1e6:.0f} MB in {took:.1f} s ({busy:.1f} s of this "
        f"processor), first byte after {first * 1000:.0f} ms, "
        f"memory {before:.0f} MB before and {peak[0]:.0f} MB at most"
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
