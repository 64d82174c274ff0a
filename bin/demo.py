"""`make run`: the sandbox, the dashboard and the worker together, for a newcomer and for practice.

With real vendors' keys in the environment or in .env the sandbox stays away, and so do the demo logins.
"""

import fcntl
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).resolve().parent))

from process_group import POLL_SECONDS, ProcessGroup

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
# Where the page leaves its request to start practice over.
RESET = VAR / "practice" / "reset-asked"
PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")
PEOPLE = os.environ.get("SANDBOX_PEOPLE", "5000")


def main() -> int:
    VAR.mkdir(exist_ok=True)
    os.chdir(ROOT)
    RESET.parent.mkdir(exist_ok=True)
    RESET.unlink(missing_ok=True)
    with (VAR / "running").open("a+") as held:
        alone_with(held)
        # The watcher holds the lock, too, until the last process has ended.
        with ProcessGroup(hold=[held.fileno()]) as group:
            run(group, held)
            print(f"The {group.ended()} stopped by itself; stopping the others.")
    return 1


def run(group: ProcessGroup, held: IO[str]) -> None:
    """Prepare the data, start everything, say where it is, and start practice over whenever a page asks for it."""
    make_secret_key()
    os.environ.setdefault("DJANGO_HTTPS", "off")
    # What to do next stays in sight.
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ.setdefault("SECURITY_LOG_FILE", str(VAR / "security.log"))
    practice = uses_sandbox()
    port = free_port(int(os.environ.get("PORT", "8000")))
    sandbox_port = None
    if practice:
        sandbox_port = free_port(int(os.environ.get("SANDBOX_PORT", "8001")), not_this=port)
        os.environ["PRACTICE_RESET_FILE"] = str(RESET)
        os.environ["SANDBOX_URL"] = f"http://127.0.0.1:{sandbox_port}"
    held.truncate(0)
    print(f"http://127.0.0.1:{port}/ (process {os.getpid()})", file=held, flush=True)
    if sandbox_port:
        start_sandbox(group, sandbox_port, port)
    logins = prepare(group, practice)
    start(group, port)
    print(welcome(port, sandbox_port, logins), flush=True)
    while not group.ended():
        if practice and RESET.exists():
            reset_practice(group, port)
        time.sleep(POLL_SECONDS)


def alone_with(held: IO[str]) -> None:
    """Lock the data in var/ for this process. Raises SystemExit if another process has it."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.seek(0)
        where = held.read().strip() or "an address that it will print soon"
        raise SystemExit(
            f"The dashboard is already running over the data in var/: {where}."
            " Open it there, or stop it first."
        ) from None


def free_port(wanted: int, not_this: int = 0) -> int:
    """Return the wanted port, or the next one that is free."""
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port != not_this:
            if port != wanted:
                print(f"Port {wanted} is in use; taking {port}.")
            return port
    raise SystemExit(f"No free port between {wanted} and {wanted + 50}.")


def make_secret_key() -> None:
    """Make a key for this machine at the first start; the settings read it if the environment has none."""
    path = VAR / "secret-key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))


def uses_sandbox() -> bool:
    code = "from django.conf import settings; print(settings.VENDORS.sandbox)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    answer = subprocess.run(
        [PYTHON, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    if answer.returncode:
        raise SystemExit(answer.stderr.strip().splitlines()[-1])
    return answer.stdout.strip() == "True"


def start_sandbox(group: ProcessGroup, sandbox_port: int, port: int) -> None:
    """Start the sandbox, and wait until it answers: the history is made there, too."""
    sandbox = ["-m", "sandbox", "serve", "--port", str(sandbox_port), "--people", PEOPLE,
               "--db", str(VAR / "sandbox.sqlite3"), "--quiet", *webhooks(port)]  # fmt: skip
    group.start("sandbox", [PYTHON, *sandbox])
    wait_until_ready(f"http://127.0.0.1:{sandbox_port}/_sandbox/state", group)


def prepare(group: ProcessGroup, practice: bool) -> str:
    """Migrate, collect static files, make the demo logins and a history; return what the logins are."""
    group.run("migrate", [*MANAGE, "migrate", "--verbosity", "0"])
    group.run("collectstatic", [*MANAGE, "collectstatic", "--noinput", "--verbosity", "0"])
    return make_practice(group) if practice else ""


def make_practice(group: ProcessGroup) -> str:
    """Make the demo logins, and half a year of history where there is none; return what the logins are."""
    logins = group.run("demo_users", [*MANAGE, "demo_users"]).rstrip()
    print("Making half a year of practice history, if there is none.", flush=True)
    try:
        print(group.run("practice_history", [*MANAGE, "practice_history"]), end="", flush=True)
    except SystemExit as failed:
        if not failed.code:
            raise
        print("Starting without a history.", flush=True)
    return logins


def reset_practice(group: ProcessGroup, port: int) -> None:
    """Empty the database and the sandbox, fill them again, and start again what uses them.

    A database that may not be emptied is left as it is, and in use.
    """
    RESET.unlink(missing_ok=True)
    empty = [*MANAGE, "empty_practice"]
    asked = subprocess.run([*empty, "--check"], capture_output=True, text=True, check=False)
    if asked.returncode:
        print(f"Practice was not reset. {asked.stderr.strip()}", flush=True)
        return
    print("Resetting practice.", flush=True)
    for name in ("dashboard", "worker"):
        group.stop(name)
        del group.processes[name]
    group.run("empty_practice", [*empty, "--noinput"])
    make_practice(group)
    start(group, port)
    print("Practice is reset. Sign in again.", flush=True)


def start(group: ProcessGroup, port: int) -> None:
    """Start the dashboard and the worker, and wait until they are ready."""
    serve = ["bin/serve.py", "--bind", f"127.0.0.1:{port}", "--grace", "2",
             "--log-level", "warning"]  # fmt: skip
    group.start("dashboard", [PYTHON, *serve])
    group.start("worker", [*MANAGE, "worker"])
    wait_until_ready(f"http://127.0.0.1:{port}/readyz", group)


def webhooks(port: int) -> list[str]:
    """Return the sandbox's webhook options; give both sides the same secrets. A STOP there stops texts here."""
    from dashboard.vendors import PRACTICE_CCAI_SECRET, PRACTICE_SLICKTEXT_SECRET

    os.environ["SLICKTEXT_WEBHOOK_SECRET"] = PRACTICE_SLICKTEXT_SECRET
    os.environ["CCAI_WEBHOOK_SECRET"] = PRACTICE_CCAI_SECRET
    home = f"http://127.0.0.1:{port}/webhooks"
    return [
        "--slicktext-hook", f"{home}/slicktext/{PRACTICE_SLICKTEXT_SECRET}/",
        "--ccai-hook", f"{home}/cloudcontactai/", "--ccai-hook-secret", PRACTICE_CCAI_SECRET,
    ]  # fmt: skip


def wait_until_ready(url: str, group: ProcessGroup) -> None:
    """Wait until an address answers. Raises SystemExit if a process ends before that, or after a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if name := group.ended():
            raise SystemExit(f"The {name} stopped at once; its message is above.")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(POLL_SECONDS / 2)
    raise SystemExit(f"{url} did not become ready within a minute.")


def welcome(port: int, sandbox_port: int | None, logins: str) -> str:
    if sandbox_port is None:
        return f"""
  Contacts Dashboard   http://localhost:{port}/   connected to real vendors
  First account: .venv/bin/python manage.py invite --role administrator --url http://localhost:{port}
  Ctrl-C stops it.
"""
    return f"""
  Contacts Dashboard   http://localhost:{port}/
  Sandbox              http://127.0.0.1:{sandbox_port}/_sandbox/   both vendors in miniature; make them fail here

{logins}

  No texts are sent. Ctrl-C stops everything; the data stays in var/.
"""


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
