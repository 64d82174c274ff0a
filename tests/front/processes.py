"""Real processes for the tests of the front: started, ended, and looked for afterwards."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shutil import which
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
ENDED_WITHIN_SECONDS = 60.0


def until(condition: Callable[[], object], what: str, seconds: float = 180.0) -> None:
    """Wait until the condition holds. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.05)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def ps(*options: str) -> str:
    """Return what ps says; "" for a process that is gone."""
    command = [which("ps") or "ps", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def lives(pid: int) -> bool:
    """Return True while the process runs; one that only waits to be noticed has ended."""
    state = ps("-o", "stat=", "-p", str(pid)).strip()
    return bool(state) and not state.startswith("Z")


def command_of(pid: int) -> str:
    """Return the command line of a process."""
    return ps("-o", "args=", "-ww", "-p", str(pid))


def family(pid: int) -> list[int]:
    """Return the process and all that it started, and that they started."""
    pairs = [tuple(map(int, line.split())) for line in ps("-A", "-o", "pid=,ppid=").splitlines()]
    found = [pid]
    for each in found:
        found += [child for child, parent in pairs if parent == each]
    return found


def ended(pids: Sequence[int]) -> None:
    """Wait until all have ended."""
    until(lambda: not any(map(lives, pids)), "their end", ENDED_WITHIN_SECONDS)


def hear_hangups() -> None:
    """Begin as in a terminal: under nohup the tests ignore SIGHUP, and their children would too."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextlib.contextmanager
def started(command: Sequence[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a session of its own; stop all of it at the end."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=hear_hangups,
            **options,
        )
    try:
        yield process
    finally:
        left = family(process.pid)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        finally:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def plain_environment(**more: str) -> dict[str, str]:
    """Return the environment without what is ours or make's."""
    ours = re.compile("DJANGO_|SLICKTEXT_|CCAI_|SANDBOX_|REDIS_URL|DATABASE_URL|MAKE|MFLAGS|PYTEST")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    return kept | {"DJANGO_READ_DOT_ENV": "off", "DJANGO_HTTPS": "off"} | more
