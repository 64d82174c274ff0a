"""`make run`: however it ends its parts end, and it does not run twice over the same data."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from .processes import ROOT, command_of, ended, family, free_port, plain_environment, started, until

PROJECT = ("bin", "contacts_ui", "dashboard", "deploy", "sandbox", "static", "templates")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the project, so that its var/ is ours."""
    folder = tmp_path_factory.mktemp("project")
    for name in PROJECT:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / name, folder)
    return folder


@contextmanager
def running(project: Path, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run bin/demo.py until it says where it is; yield it, and its port."""
    port = free_port()
    environment = plain_environment(
        PORT=str(port), SANDBOX_PORT=str(free_port()), SANDBOX_PEOPLE="20", WEB_WORKERS="1"
    )
    command = [sys.executable, "bin/demo.py"]
    with started(command, log, cwd=project, env=environment) as process:
        until(lambda: "Ctrl-C stops" in log.read_text() or process.poll() is not None, "welcome")
        assert process.poll() is None, log.read_text()
        yield process, port


def kill_the_sandbox(pid: int) -> None:
    (sandbox,) = (each for each in family(pid) if "-m sandbox" in command_of(each))
    os.kill(sandbox, signal.SIGKILL)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda pid: os.killpg(pid, signal.SIGHUP), 0),
        (lambda pid: os.killpg(pid, signal.SIGTERM), 0),
        (lambda pid: os.kill(pid, signal.SIGKILL), -signal.SIGKILL),
        (kill_the_sandbox, 1),
    ],
    ids=["HUP", "TERM", "KILL", "crash"],
)
def test_all_of_it_ends(
    project: Path, tmp_path: Path, end: Callable[[int], None], code: int
) -> None:
    with running(project, tmp_path / "log") as (process, port):
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=60).ok
        everything = family(process.pid)
        # The sandbox, the worker, the web process with gunicorn and nginx, and watchers.
        assert len(everything) >= 8
        end(process.pid)
        ended(everything)
        assert process.wait() == code


def test_a_second_start_says_where_the_first_runs_and_ctrl_c_ends_that(
    project: Path, tmp_path: Path
) -> None:
    with running(project, tmp_path / "log") as (process, port):
        second = subprocess.run(
            [sys.executable, "bin/demo.py"],
            cwd=project,
            env=plain_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 1
        assert second.stdout == ""
        assert second.stderr.count("\n") == 1
        assert (
            f"is already running over the data in var/: http://127.0.0.1:{port}/" in second.stderr
        )
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=60).ok
        everything = family(process.pid)
        process.send_signal(signal.SIGINT)
        ended(everything)
        assert process.wait() == 0
