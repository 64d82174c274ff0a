"""Processes that end together, however the one that started them ends."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest

from .processes import ROOT, ended, family, hear_hangups, lives, started, until

# One part is willing, one is deaf, and one leaves a child in its group.
PROGRAM = f"""
import sys
from pathlib import Path
from shutil import which
sys.path.insert(0, {str(ROOT / "bin")!r})
import process_group
process_group.STOP_SECONDS = process_group.WATCHER_STOP_SECONDS = 0.5
SLEEP = "import time; time.sleep(300)"
DEAF = "import signal; signal.signal(15, signal.SIG_IGN); " + SLEEP
CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', " + repr(SLEEP) + "])"
with process_group.ProcessGroup() as ours:
    ours.remove_at_end(Path(sys.argv[1]))
    for name, program in {{"willing": SLEEP, "deaf": DEAF, "parent": CHILD}}.items():
        ours.start(name, [sys.executable, "-c", program])
    print(ours.processes["willing"].pid, flush=True)
    ours.watch()
sys.exit(1)
"""

Way = Callable[[int, int], None]


def to_it(number: int) -> Way:
    return lambda pid, part: os.kill(pid, number)


def to_its_group(number: int) -> Way:
    return lambda pid, part: os.killpg(pid, number)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (to_it(signal.SIGINT), 0),
        (to_it(signal.SIGTERM), 0),
        (to_it(signal.SIGHUP), 0),
        (to_its_group(signal.SIGHUP), 0),
        (to_its_group(signal.SIGTERM), 0),
        (to_it(signal.SIGKILL), -signal.SIGKILL),
        (to_its_group(signal.SIGKILL), -signal.SIGKILL),
        (lambda pid, part: os.kill(part, signal.SIGKILL), 1),
    ],
    ids=["INT", "TERM", "HUP", "HUP-group", "TERM-group", "KILL", "KILL-group", "part"],
)
def test_all_parts_end(tmp_path: Path, end: Way, code: int) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    log = tmp_path / "log"
    with started([sys.executable, "-c", PROGRAM, str(folder)], log) as process:
        # Itself, the watcher, three processes, and the child of the last.
        until(lambda: log.read_text().strip() and len(family(process.pid)) == 6, "its processes")
        everything = family(process.pid)
        end(process.pid, int(log.read_text()))
        ended(everything)
        assert process.wait() == code
        until(lambda: not folder.exists(), "its folder to go")


def test_a_closed_terminal_ends_them(tmp_path: Path) -> None:
    terminal, inside = pty.openpty()
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "folder")]
    process = subprocess.Popen(
        # Only the leader of a session has a terminal of its own.
        [which("setsid") or "setsid", "--ctty", *command],
        stdin=inside, stdout=inside, stderr=inside, preexec_fn=hear_hangups,
    )  # fmt: skip
    os.close(inside)
    assert os.read(terminal, 100)
    until(lambda: len(family(process.pid)) >= 6, "its processes")
    everything = family(process.pid)
    os.close(terminal)
    ended(everything)
    process.wait()


def test_nohup_is_respected(tmp_path: Path) -> None:
    command = ["nohup", sys.executable, "-c", PROGRAM, str(tmp_path / "folder")]
    log = tmp_path / "log"
    with started(command, log) as process:
        until(lambda: len(family(process.pid)) == 6, "its processes")
        os.kill(process.pid, signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        assert all(map(lives, family(process.pid)))


def test_they_end_with_make(tmp_path: Path) -> None:
    log = tmp_path / "log"
    make = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"
    command = [sys.executable, "-c", make, "-c", PROGRAM, str(tmp_path / "folder")]
    with started(command, log, env=os.environ | {"MAKELEVEL": "1"}) as process:
        until(lambda: len(family(process.pid)) == 7, "its processes")
        everything = family(process.pid)
        process.kill()
        ended(everything)
