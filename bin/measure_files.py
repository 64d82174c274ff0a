"""Print how files and numbers are read: spellings accepted, rows kept out, stops lost, strangers stopped, time, memory.

.venv/bin/python bin/measure_files.py [--only WORDS] [--skip-run] [--skip-size]

Each case of `tests/files` is run twice from the upload to the last delivery, with every open question answered "stop"
and then "not a stop", and compared with what both vendors of the sandbox hold. Then 50,000 rows of 20 columns are read,
guessed and checked, as CSV and as a workbook, each in a process of its own. Ends with 1 where anything is wrong.
"""

import argparse
import csv
import io
import logging
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

ROWS, MEGABYTE = 50_000, 1024
FIRST_NAMES, LAST_NAMES = ("Ada", "Ben", "Cleo", "Núria"), ("Quill", "Reyes", "Okafor")
HEADINGS = (
    "Contact ID", "First Name", "Last Name", "Mobile Phone", "Email", "Street Address", "City", "State", "ZIP",
    "Country", "Birthday", "Language", "Time Zone", "SMS Opt Out", "SMS Opt Out Date", "Do Not Call", "Email Opt Out",
    "Source", "Notes", "Tags",
)  # fmt: skip


def main() -> None:
    import django

    options = read_options()
    django.setup()
    if options.measure:
        measure(Path(options.measure))
        return
    wrong = print_spellings()
    if not options.skip_run:
        wrong += print_cases(options.only)
    if not options.skip_size:
        print_sizes()
    sys.exit(bool(wrong))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--only", default="", help="Run the cases whose name or program has these words"
    )
    parser.add_argument("--skip-run", action="store_true", help="Run no cases")
    parser.add_argument("--skip-size", action="store_true", help="Leave out time and memory")
    parser.add_argument("--measure", metavar="FILE", help=argparse.SUPPRESS)
    return parser.parse_args()


def print_spellings() -> int:
    """Print how each entry point reads the spellings; return how many are read as another number."""
    from tests.files import numbers

    wrong = 0
    for name, way in numbers.WAYS.items():
        found = numbers.judge(way)
        wrong += len(found.invented)
        print(
            f"{name}: {found.read} of {found.ought} spellings read, "
            f"{found.spoken} of {found.speaking} that speak of texts kept in view, "
            f"{found.refused} of {found.never} that are no number refused"
        )
        for text in found.missed:
            print(f"  not read: {text!r}")
        for text in found.silent:
            print(f"  its words are lost: {text!r}")
        for text in found.invented:
            print(f"  a number was made of: {text!r}")
    return wrong


def print_cases(only: str) -> int:
    """Run the cases to the end, print what is wrong with each and the sums; return how many runs went wrong."""
    from tests.files.cases import CASES

    chosen = [
        case
        for case in CASES
        if not case.is_long and only.casefold() in f"{case.name} {case.program}".casefold()
    ]
    sums, bad, began = Counter[str](), 0, time.monotonic()
    with everything() as one_run:
        for case in chosen:
            for answer in ("stop", "no_stop"):
                lines = one_run(case, answer, sums)
                bad += bool(lines)
                for line in lines:
                    print(f"  {case.name} ({case.program}, {answer}): {line}", flush=True)
    programs = len({case.program for case in chosen})
    print(
        f"{len(chosen)} files of {programs} programs and kinds, {2 * len(chosen)} runs "
        f"in {time.monotonic() - began:.0f} s: {bad} not as they must be"
    )
    print(
        f"rows kept out {sums['out']}, stops {sums['stops']}, lost {sums['lost']}, "
        f"named as not to be recorded {sums['named']}, strangers stopped {sums['strangers']}"
    )
    return bad


@contextmanager
def everything() -> Iterator[Any]:
    """Yield what runs one case, with the sandbox and an empty database for each."""
    from bench import connect
    from django.conf import settings
    from django.core.cache import cache
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    from contacts_ui.integrations import http
    from contacts_ui.services.imports.questions import STOP
    from sandbox.server import running
    from tests.files.running import expected_stops, run, wrong
    from tests.ledger_guards import flush_past_the_guards
    from tests.people import Vendors, logged_in, make_staff

    setup_test_environment()
    logging.disable(logging.WARNING)
    settings.CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    http.BACKOFF_MIN_SECONDS = http.BACKOFF_MAX_SECONDS = http.JITTER_SECONDS = 0.001
    operations = type(connection.ops)
    operations.execute_sql_flush = flush_past_the_guards(operations)  # type: ignore[method-assign]
    databases = setup_databases(verbosity=0, interactive=False)

    def one_run(case: Any, answer: str, sums: Counter[str]) -> list[str]:
        server.reset()
        server.set_switches(rate_limit=False)
        call_command("flush", interactive=False, verbosity=0)
        cache.clear()
        found = run(case, logged_in(make_staff("max")), Vendors(server), answer)
        must, may = expected_stops(case, answer)
        if not found.refused:
            sums["stops"] += len(must)
            sums["lost"] += len(must - found.stopped_at_both)
            sums["strangers"] += len(found.stopped - may)
            if answer == STOP:
                sums["out"] += found.out
                sums["named"] += found.lost
        return wrong(case, found, answer)

    try:
        with running(people=60, seed=1) as server:
            connect(server)
            yield one_run
    finally:
        teardown_databases(databases, verbosity=0)


def print_sizes() -> None:
    """Print time and memory for a large file in each form, measured in processes of their own."""
    rows = list(large())
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("people.csv", as_csv(rows)), ("people.xlsx", as_workbook(rows))):
            path = Path(folder) / name
            path.write_bytes(content)
            print(
                f"{name}, {ROWS:,} rows of {len(HEADINGS)} columns, {len(content) / 1e6:.1f} MB:",
                flush=True,
            )
            subprocess.run([sys.executable, __file__, "--measure", str(path)], check=True)


def large() -> Iterator[list[str]]:
    """Yield people as a customer system exports them: a few stops, and a few cells that cannot be read."""
    chance = random.Random(10)  # noqa: S311 - people, not secrets
    for at in range(ROWS):
        stopped = at % 50 == 0
        first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
        number = f"(615) {200 + at // 10_000}-{at % 10_000:04}"
        address = [f"{at} Main St", "Nashville", "TN", "37201", "US"]
        stop = ["Yes", "2/3/2024 11:12 AM"] if stopped else ["No", ""]
        yield [
            *(str(9000 + at), first, last, number, f"{first}.{at}@example.com".lower()),
            *address,
            *("0/0/00" if at % 7 == 0 else "6/12/1968", "en", "Central"),
            *stop,
            *("0", "1" if at % 3 == 0 else "0", "Web", "", "vip"),
        ]


def as_csv(rows: list[list[str]]) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([HEADINGS, *rows])
    return stream.getvalue().encode()


def as_workbook(rows: list[list[str]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("People")
    for row in (HEADINGS, *rows):
        sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def measure(path: Path) -> None:
    """Print how long a file takes from its bytes to its check, and the most memory of this process and its children."""
    from django.conf import settings
    from django.db import connection

    settings.DATABASES["default"]["TEST"]["NAME"] = None
    connection.creation.create_test_db(verbosity=0)
    from contacts_ui.services.files import read
    from contacts_ui.services.files.columns import guess
    from contacts_ui.services.imports.checking import Choice, check

    content, idle = path.read_bytes(), peak()
    moments = [time.monotonic()]
    table = read(content)
    moments.append(time.monotonic())
    mapping = guess(table)
    moments.append(time.monotonic())
    found = check(table, mapping, Choice.CREATE)
    moments.append(time.monotonic())
    steps = [after - before for before, after in pairwise(moments)]
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / MEGABYTE
    print(
        f"  read {steps[0]:.1f} s, guess {steps[1]:.2f} s, check {steps[2]:.1f} s; "
        f"{found.acts:,} rows, {found.stops:,} stops; {idle:.0f} MB before, {peak():.0f} MB at most"
        f"{f', its child {child:.0f} MB' if child else ''}"
    )


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE


if __name__ == "__main__":
    main()
