"""Running schedules one after the other, and what is said of those that fail."""

import time
import traceback
from collections import Counter
from dataclasses import dataclass, field

from .world import World


@dataclass
class Report:
    """What was run, and what failed."""

    schedules: int = 0
    steps: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def run_many(
    seed: int, schedules: int, steps: int, *, keep_going: int = 1, seconds: float | None = None
) -> Report:
    """Run `schedules` from `seed` on; stop after `keep_going` failures, or after `seconds`."""
    report, began = Report(), time.monotonic()
    for each in range(seed, seed + schedules):
        world = World(each)
        try:
            world.run(steps)
        except Exception:
            lines = "\n".join(f"  {number}. {step}" for number, step in enumerate(world.steps))
            last = traceback.format_exc().strip()
            report.failures.append(
                f"Seed {each} fails (--seed {each} --schedules 1 --steps {steps}):\n{lines}\n{last}"
            )
        report.schedules += 1
        report.steps += sum(world.kinds.values())
        report.kinds += world.kinds
        if len(report.failures) >= keep_going or (
            seconds is not None and time.monotonic() - began > seconds
        ):
            break
    return report
