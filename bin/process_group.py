"""Start processes that end together, however the process that started them ends: for `bin/serve.py` and `bin/demo.py`.

Each process has its own session, so Ctrl-C and a closed terminal reach only the process that started it, which ends
the others in order. If it is killed, a watcher of a few lines (this file, run as a program) sees its pipe close, ends
what is left, and removes the folders. On Linux the kernel tells the processes as well.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# How long after a signal processes are killed; the watcher waits less.
STOP_SECONDS = 25.0
WATCHER_STOP_SECONDS = 4.0
POLL_SECONDS = 0.2
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ProcessGroup:
    """Processes that end together. A signal that asks this process to end raises SystemExit(0) inside the `with`."""

    def __init__(self, *, hold: Sequence[int] = ()) -> None:
        """Take the file descriptors that the watcher holds open until every process has ended, such as a lock."""
        self.processes: dict[str, subprocess.Popen[Any]] = {}
        self._hold = hold
        self._asked = self._starting = False
        # If only make is killed, this would keep running behind the terminal's prompt.
        self._make = os.getppid() if "MAKELEVEL" in os.environ else 0

    def __enter__(self) -> "ProcessGroup":
        for number in ENDINGS:
            # Only nohup asks for that; a script's background processes ignore SIGINT.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._end)
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(WATCHER_STOP_SECONDS)],
            stdin=subprocess.PIPE,
            pass_fds=self._hold,
            start_new_session=True,
        )
        return self

    def __exit__(self, *raised: object) -> None:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        self.stop()
        # The watcher ends what processes left in their groups, and removes the folders.
        assert self._watcher.stdin  # noqa: S101
        with contextlib.suppress(BrokenPipeError):
            self._watcher.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._watcher.wait(timeout=2 * WATCHER_STOP_SECONDS)

    def start(self, name: str, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a process; `options` are Popen's."""
        self._starting = True
        parent = os.getpid()
        process = subprocess.Popen(
            command, start_new_session=True, preexec_fn=lambda: _die_with(parent), **options
        )
        self.processes[name] = process
        self._tell("group", process.pid)
        self._starting = False
        if self._asked:
            sys.exit(0)
        return process

    def run(self, name: str, command: Sequence[str]) -> str:
        """Run a process to its end; return what it printed. Raises SystemExit if it failed; its message is above."""
        process = self.start(name, command, stdout=subprocess.PIPE, text=True)
        printed, _ = process.communicate()
        del self.processes[name]
        if process.returncode:
            raise SystemExit(f"“{name}” failed; its message is above.")
        return str(printed)

    def remove_at_end(self, folder: Path) -> None:
        """Remove the folder when all processes have ended."""
        self._tell("folder", folder)

    def ended(self) -> str:
        """Return the name of a process that has ended; "" if all run. Raises SystemExit if make is gone."""
        if self._make and os.getppid() != self._make:
            sys.exit(0)
        return next((name for name, each in self.processes.items() if each.poll() is not None), "")

    def watch(self) -> str:
        """Wait until a process ends by itself; return its name."""
        while not (name := self.ended()):
            time.sleep(POLL_SECONDS)
        return name

    def stop(self, *names: str, how: int = signal.SIGTERM) -> None:
        """Ask the named processes (default: all) to end together; kill those that do not within STOP_SECONDS."""
        chosen = [self.processes[name] for name in names or self.processes]
        for process in chosen:
            if process.poll() is None:
                process.send_signal(how)
        until = time.monotonic() + STOP_SECONDS
        for process in chosen:
            try:
                process.wait(timeout=max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _tell(self, what: str, value: object) -> None:
        assert self._watcher.stdin  # noqa: S101
        with contextlib.suppress(BrokenPipeError):
            self._watcher.stdin.write(f"{what} {value}\n".encode())
            self._watcher.stdin.flush()

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        # This also ends a process that is just starting.
        if not self._starting:
            sys.exit(0)


def _die_with(parent: int) -> None:
    """Make the kernel end this new process when its parent is gone."""
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)


def _watch_over(patience: float) -> None:
    """Read what there is until the pipe closes; then end every group that is left, and remove the folders."""
    groups: list[int] = []
    folders: list[str] = []
    for line in sys.stdin:
        what, _, value = line.rstrip("\n").partition(" ")
        if what == "group":
            groups.append(int(value))
        else:
            folders.append(value)
    groups = _left(groups, signal.SIGTERM)
    until = time.monotonic() + patience
    while groups and time.monotonic() < until:
        time.sleep(0.05)
        groups = _left(groups, 0)
    _left(groups, signal.SIGKILL)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _left(groups: list[int], number: int) -> list[int]:
    """Send the groups a signal; return those that are there."""
    there = []
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
            there.append(group)
    return there


if __name__ == "__main__":
    _watch_over(float(sys.argv[1]))
