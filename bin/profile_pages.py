"""Show where the processor time of whole requests goes: which part of the code ran, sampled in this process."""

import argparse
import signal
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("frame alone", "first page", "part of a name", "open a contact", "overview", "status page")
# The part of a file's path after which the code counts for it; the innermost such frame of a sample decides.
PARTS = {
    "/templates/": "template",
    "/contacts_ui/models/": "database",
    "/django/db/": "database",
    "/contacts_ui/views/": "view",
    "/contacts_ui/forms/": "forms",
    "/contacts_ui/services/": "service",
    "/contacts_ui/sign_in/": "sign-in",
    "/contacts_ui/": "around",
    "/whitenoise/": "around",
    "/csp/": "around",
    "/allauth/": "around",
    "/django/middleware/": "around",
    "/django/contrib/": "around",
    "/django/core/handlers/": "around",
    "/dashboard/": "around",
    "/logging/": "around",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=6.0, help="CPU seconds of each page")
    parser.add_argument("--detail", action="store_true", help="each file by itself")
    options = parser.parse_args()
    from bench_cpu import prepared

    with prepared(ROOT, options.people) as measure:
        pages = {
            name: sampled(name, measure, options.seconds, detail=options.detail) for name in PAGES
        }
    parts = Counter({part: sum(page[part] for page in pages.values()) for part in parts_of(pages)})
    print(f"| CPU ms of a request | {' | '.join(pages)} |\n|---{'|---' * len(pages)}|")
    for part, _ in parts.most_common(60):
        print(f"| {part} | {' | '.join(f'{page[part]:.1f}' for page in pages.values())} |")
    print(f"| all | {' | '.join(f'{page.total():.1f}' for page in pages.values())} |")


def parts_of(pages: dict[str, Counter[str]]) -> set[str]:
    return {part for page in pages.values() for part in page}


def sampled(name: str, measure: Any, seconds: float, *, detail: bool) -> Counter[str]:
    """Return the milliseconds that each part of the code takes of one page."""
    from bench_cpu import PAGES as ADDRESSES

    samples: Counter[str] = Counter()
    signal.signal(signal.SIGPROF, lambda _, frame: samples.update([part_of(frame, detail=detail)]))
    for _ in range(5):
        measure.request(ADDRESSES[name])
    samples.clear()
    started, times = time.process_time(), []
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    while time.process_time() - started < seconds:
        times.append(measure.request(ADDRESSES[name]))
    signal.setitimer(signal.ITIMER_PROF, 0)
    each, whole = sum(times) / len(times), samples.total()
    # Fractions of milliseconds, though a Counter says that it counts.
    return Counter({part: count / whole * each for part, count in samples.items()})


def part_of(frame: FrameType | None, *, detail: bool) -> str:
    """Return the part of the code that a sample belongs to."""
    while frame is not None:
        path = frame.f_code.co_filename
        for mark, part in PARTS.items():
            if mark in path and "site-packages/jinja2" not in path:
                where = path.rpartition(mark)[2]
                return f"{part}: {where}" if detail else part
        frame = frame.f_back
    return "other"


if __name__ == "__main__":
    main()
