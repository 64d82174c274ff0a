"""What recording the stops that a walk reads adds to the walk: first, again, and after the index was purged.

.venv/bin/python bin/bench_readings.py [--people 20000] [--stopped 10] [--page 10000]

In this process, over a sandbox without a rate limit: against a real vendor the walk takes longer, recording does not.
"""

import argparse
import logging
import time
from typing import Any

from bench import connect


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--stopped", type=int, default=10, help="Percent who are unsubscribed")
    parser.add_argument("--page", type=int, default=10_000, help="The most that SlickText gives")
    options = parser.parse_args()

    import django

    django.setup()
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    from sandbox.server import running

    setup_test_environment()
    logging.disable(logging.ERROR)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with running(people=options.people, seed=1, rate_limit=False) as vendors:
            vendors.set_switches(max_page=options.page)
            connect(vendors)
            stop_some(vendors, options.stopped)
            measure()
    finally:
        teardown_databases(databases, verbosity=0)


def stop_some(vendors: Any, percent: int) -> None:
    with vendors.sandbox.store.writing() as db:
        db.execute("UPDATE contacts SET opt_in_status = 'subscribed'")
        db.execute(
            "UPDATE contacts SET opt_in_status = 'unsubscribed',"
            " last_opt_in_status_change = '2020-01-01 00:00:00' WHERE contact_id % 100 < ?",
            (percent,),
        )


def measure() -> None:
    from django.utils import timezone

    from contacts_ui.models import Statement
    from contacts_ui.services import index

    print(f"{'walk':<16}{'seconds':>9}{'recording':>11}{'adds':>8}{'statements':>12}")
    show("from nothing")
    show("nothing changed")
    index.purge(walk_again_at=timezone.now())
    show("after a purge")
    print(f"{Statement.objects.count():,} statements")


def show(name: str) -> None:
    """Walk to the end, and print how much longer it took for what was heard."""
    from django.utils import timezone

    from contacts_ui.models import IndexWalk, Statement
    from contacts_ui.services import index
    from contacts_ui.services.consent import readings

    heard = 0.0

    def hear(contacts: Any, read_at: Any) -> None:
        nonlocal heard
        start = time.perf_counter()
        readings.hear(contacts, read_at)
        heard += time.perf_counter() - start

    since = timezone.now()
    IndexWalk.objects.update(next_at=since, walk_due_at=since)
    start = time.perf_counter()
    while not IndexWalk.objects.filter(finished_at__gt=since).exists():
        index.go_on(heard=hear)
        IndexWalk.objects.update(next_at=timezone.now())
    seconds = time.perf_counter() - start
    adds = heard / (seconds - heard)
    print(f"{name:<16}{seconds:>9.2f}{heard:>11.2f}{adds:>8.1%}{Statement.objects.count():>12,}")


if __name__ == "__main__":
    main()
