"""How long the walk of the index takes, what it costs SlickText, and how long it keeps other writers waiting.

.venv/bin/python bin/bench_walk.py [--people 100000] [--page 10000] [--kill]

A real worker walks over a sandbox with its real rate limit: once from nothing, once when nothing has changed. Meanwhile
somebody else writes one row every 20 ms, as a stop would. With --kill the worker is killed in the middle of the first
walk. DATABASE_URL: which database.
"""

import argparse
import statistics
import threading
import time
from pathlib import Path

from stage import Stage, staged, tell, until, use_database


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--page", type=int, default=10_000, help="The most that SlickText gives")
    parser.add_argument("--kill", action="store_true", help="Kill the worker in mid-walk")
    options = parser.parse_args()
    with staged(people=options.people, settings={"INDEX_WALK_MINUTES": "0.05"}) as stage:
        tell(stage, "PUT", "switches", {"rate_limit": True, "max_page": options.page})
        use_database(stage)
        writer = Writer()
        print(
            f"{'walk':<22}{'seconds':>9}{'calls':>8}{'write median':>14}{'p99':>8}{'worst':>8} ms"
        )
        stage.spawn("worker-1")
        if options.kill:
            kill_in_mid_walk(stage)
        show("from nothing", stage, writer)
        show("nothing changed", stage, writer)
        print(size())
        writer.stop()


class Writer:
    """Writes one row again and again, and notes how long each took."""

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
            VendorHealth.objects.filter(vendor="nobody").update(trouble=str(now))
            self.times.append(1000 * (time.perf_counter() - start))
        connections.close_all()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()


def kill_in_mid_walk(stage: Stage) -> None:
    from contacts_ui.models import IndexWalk

    until(lambda: IndexWalk.objects.filter(offset__gt=0).exists(), "the first page", seconds=120)
    stage.kill("worker-1")
    print(f"killed at {IndexWalk.objects.get().offset}; its lease ends within a minute", flush=True)
    stage.spawn("worker-2")


def show(name: str, stage: Stage, writer: Writer) -> None:
    """Wait for the end of the next walk and print what it cost."""
    from django.utils import timezone

    from contacts_ui.models import IndexWalk

    since, calls = timezone.now(), calls_so_far(stage)
    writer.times.clear()
    ended = IndexWalk.objects.filter(finished_at__gt=since)
    until(lambda: ended.exists(), name, seconds=3600)
    began, finished = ended.values_list("started_at", "finished_at").get()
    seconds = (finished - began).total_seconds() if began and finished else 0.0
    times = sorted(writer.times)
    figures = (statistics.median(times), times[int(len(times) * 0.99)], times[-1])
    print(
        f"{name:<22}{seconds:>9.1f}{calls_so_far(stage) - calls:>8}"
        f"{figures[0]:>14.1f}{figures[1]:>8.1f}{figures[2]:>8.1f}",
        flush=True,
    )


def calls_so_far(stage: Stage) -> int:
    workers = [name for name in stage.logs if name.startswith("worker")]
    return sum(stage.text_of(name).count("contacts.list") for name in workers)


def size() -> str:
    from django.conf import settings

    from contacts_ui.models import IndexedContact

    file = Path(str(settings.DATABASES["default"]["NAME"]))
    weight = f", {file.stat().st_size / 1e6:.0f} MB of database" if file.exists() else ""
    return f"{IndexedContact.objects.count():,} contacts{weight}"


if __name__ == "__main__":
    main()
