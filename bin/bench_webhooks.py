"""How soon a webhook is answered by the real views, while both vendors take five seconds for every call.

.venv/bin/python bin/bench_webhooks.py [--runs 400] [--senders 1]
"""

import argparse
import logging
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench import connect

Tell = Callable[[int], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--senders", type=int, default=1, help="So many send at the same time")
    options = parser.parse_args()

    import django

    django.setup()
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    from sandbox.server import running

    setup_test_environment()
    logging.disable(logging.ERROR)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with running(people=1000, seed=1, rate_limit=False) as vendors:
            connect(vendors)
            for vendor in ("slicktext", "cloudcontactai"):
                vendors.set_fault(vendor, "latency", seconds=5)
            measure(options.runs, options.senders)
    finally:
        teardown_databases(databases, verbosity=0)


def measure(runs: int, senders: int) -> None:
    """Send both kinds while a worker is at work on what came before."""
    from contacts_ui.services.webhooks import work_due
    from tests.hooks import hint, tell_ccai, tell_slicktext, unsubscribed

    done = threading.Event()
    worker = threading.Thread(target=keep_doing, args=(work_due, done), daemon=True)
    worker.start()
    print(f"{'webhook':<16}{'median':>10}{'p99':>10}{'worst':>10}  milliseconds to the answer")
    show("CloudContactAI", lambda n: tell_ccai(unsubscribed(f"+1615555{n:04}")), runs, senders)
    show("SlickText", lambda n: tell_slicktext(hint(7778 + n, city=str(n))), runs, senders)
    done.set()
    worker.join(timeout=60)


def show(name: str, tell: Tell, runs: int, senders: int) -> None:
    with ThreadPoolExecutor(max_workers=senders) as pool:
        # The first answers of a process pay for its start.
        list(pool.map(tell, range(runs, runs + 2 * senders)))
        times = sorted(pool.map(lambda n: timed(tell, n), range(runs)))
        all_here = threading.Barrier(senders)
        list(pool.map(lambda _: close_connections(all_here), range(senders)))
    figures = (statistics.median(times), times[int(runs * 0.99)], times[-1])
    print(f"{name:<16}" + "".join(f"{figure:>10.1f}" for figure in figures), flush=True)


def timed(tell: Tell, n: int) -> float:
    """Milliseconds to the answer."""
    start = time.perf_counter()
    answer = tell(n)
    milliseconds = 1000 * (time.perf_counter() - start)
    if answer.status_code != 200:
        raise SystemExit(f"it was answered {answer.status_code}")
    return milliseconds


def close_connections(all_here: threading.Barrier) -> None:
    """Of every sender once, since each waits for the others."""
    from django.db import connections

    connections.close_all()
    all_here.wait()


def keep_doing(what: Callable[[], object], done: threading.Event) -> None:
    from django.db import connections

    while not done.wait(1):
        what()
    connections.close_all()


if __name__ == "__main__":
    main()
