"""`make world`: thousands of schedules of the generated world. ARGS="--schedules 2000 --seed 1 --steps 40"."""

import argparse
import os
import sys
import time

import django
from django.test.utils import setup_test_environment


def main() -> int:
    """Run the schedules; print what failed, with its steps, and how much was done."""
    options = _options()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    setup_test_environment(debug=False)
    from django.conf import settings
    from django.db import connection

    settings.CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    settings.DATABASES["default"]["TEST"]["NAME"] = None
    connection.creation.create_test_db(verbosity=0)
    from tests.world.running import run_many

    began = time.monotonic()
    report = run_many(
        options.seed,
        options.schedules,
        options.steps,
        keep_going=options.keep_going,
        seconds=options.seconds,
    )
    seconds = time.monotonic() - began
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(report.kinds.items()))
    summary = (
        f"{report.schedules} schedules, {report.steps} steps in {seconds:.0f} s "
        f"({report.steps / seconds:.0f} a second), failed: {len(report.failures)}"
    )
    sys.stdout.write("\n\n".join([*report.failures, kinds, summary]) + "\n")
    return int(bool(report.failures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=200, help="how many (200)")
    parser.add_argument("--seed", type=int, default=1, help="of the first one (1)")
    parser.add_argument("--seconds", type=float, help="begin no other schedule after so many")
    parser.add_argument("--steps", type=int, default=40, help="of each (40)")
    parser.add_argument("--keep-going", type=int, default=1, help="stop after so many failures (1)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
