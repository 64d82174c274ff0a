"""`make chaos` in small: some seconds of the storm, with the real processes."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STORM = ["--seconds", "3", "--numbers", "20", "--people", "3", "--kill-every", "1"]
# However slow the machine is.
STORM += ["--late", "300"]


def test_nothing_is_lost_wrong_or_late() -> None:
    # On SQLite also in the run with PostgreSQL: the database of the tests is not ours to fill.
    environment = os.environ | dict.fromkeys(
        ("DATABASE_URL", "REDIS_URL", "TEST_DATABASE_URL", "TEST_REDIS_URL"), ""
    )
    done = subprocess.run(
        [sys.executable, "bin/chaos.py", *STORM],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("lost, wrong, late: 0, 0, 0")
