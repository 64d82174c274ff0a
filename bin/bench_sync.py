"""Measure how long an index sync takes, how many calls it needs, and how long other writers wait for it.

.venv/bin/python bin/bench_sync.py [--people 100000] [--page 10000] [--kill]

A real worker syncs from a sandbox with its real rate limit: once from nothing, once when nothing has changed. At the
same time a row is written every 20 ms, as a stop would be. --kill kills the worker in the middle of the first sync.
DATABASE_URL: which database.
"""

import argparse
import statistics
import threading
import time
from pathlib import Path

from stack import Stack, running_stack, tell, until, use_database


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--page", type=int, default=10_000, help="The most that SlickText gives")
    parser.add_argument(
        "--kill", action="store_true", help="Kill the worker in the middle of a sync"
    )
    options = parser.parse_args()
    with running_stack(people=options.people, settings={"INDEX_SYNC_MINUTES": "0.05"}) as stack:
        tell(stack, "PUT", "switches", {"rate_limit": True, "max_page": options.page})
        use_database(stack)
        writer = Writer()
        print(
            f"{'sync':<22}{'seconds':>9}{'calls':>8}{'write median':>14}{'p99':>8}{'worst':>8} ms"
        )
        stack.spawn("worker-1")
        if options.kill:
            kill_in_mid_sync(stack)
        show("from nothing", stack, writer)
        show("nothing changed", stack, writer)
        print(size())
        writer.stop()


class Writer:
    """Write a row again and again, and note how long each write took."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self) -> None:
        from django.db import connections

        from contacts_ui.models import VendorHealth

        now = time.time()
        while not self._done.wait(0.02):
            start = time.perf_counter()
            VendorHealth.objects.filter(vendor="none").update(last_error=str(now))
            self.times.append(1000 * (time.perf_counter() - start))
        connections.close_all()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()


def kill_in_mid_sync(stack: Stack) -> None:
    from contacts_ui.models import IndexSync

    until(lambda: IndexSync.objects.filter(offset__gt=0).exists(), "the first page", seconds=120)
    stack.kill("worker-1")
    print(f"killed at {IndexSync.objects.get().offset}; its lease ends within a minute", flush=True)
    stack.spawn("worker-2")


def show(name: str, stack: Stack, writer: Writer) -> None:
    """Wait for the end of the next sync, and print what it cost."""
    from django.utils import timezone

    from contacts_ui.models import IndexSync

    since, calls = timezone.now(), calls_so_far(stack)
    writer.times.clear()
    ended = IndexSync.objects.filter(finished_at__gt=since)
    until(lambda: ended.exists(), name, seconds=3600)
    began, finished = ended.values_list("started_at", "finished_at").get()
    seconds = (finished - began).total_seconds() if began and finished else 0.0
    times = sorted(writer.times)
    figures = (statistics.median(times), times[int(len(times) * 0.99)], times[-1])
    print(
        f"{name:<22}{seconds:>9.1f}{calls_so_far(stack) - calls:>8}"
        f"{figures[0]:>14.1f}{figures[1]:>8.1f}{figures[2]:>8.1f}",
        flush=True,
    )


def calls_so_far(stack: Stack) -> int:
    workers = [name for name in stack.logs if name.startswith("worker")]
    return sum(stack.text_of(name).count("contacts.list") for name in workers)


def size() -> str:
    from django.conf import settings

    from contacts_ui.models import IndexedContact

    file = Path(str(settings.DATABASES["default"]["NAME"]))
    weight = f", {file.stat().st_size / 1e6:.0f} MB of database" if file.exists() else ""
    return f"{IndexedContact.objects.count():,} contacts{weight}"


if __name__ == "__main__":
    main()
