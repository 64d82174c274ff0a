"""Show where the processor time of whole requests goes: which part of the code ran, sampled in this process."""

import argparse
import signal
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("first page", "part of a name", "open a contact", "overview", "status page")
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
        for name in PAGES:
            show(name, measure, options.seconds, detail=options.detail)


def show(name: str, measure: Any, seconds: float, *, detail: bool) -> None:
    """Print the milliseconds of one page, the largest part first."""
    from bench_cpu import PAGES as ADDRESSES

    sampled: Counter[str] = Counter()
    signal.signal(signal.SIGPROF, lambda _, frame: sampled.update([part_of(frame, detail=detail)]))
    for _ in range(5):
        measure.request(ADDRESSES[name])
    sampled.clear()
    started, times = time.process_time(), []
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    while time.process_time() - started < seconds:
        times.append(measure.request(ADDRESSES[name]))
    signal.setitimer(signal.ITIMER_PROF, 0)
    each, whole = sum(times) / len(times), sampled.total()
    print(f"\n{name}: {each:.1f} ms, {whole} samples")
    for part, count in sampled.most_common(60 if detail else 12):
        print(f"{count / whole * each:>7.2f}  {part}")


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
