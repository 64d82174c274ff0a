"""`make run`: the sandbox, the dashboard and the worker together, for a newcomer and for practice.

With real vendors' keys in the environment or in .env the sandbox stays away, and so do the demo logins.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
PYTHON = sys.executable
PEOPLE = os.environ.get("SANDBOX_PEOPLE", "5000")


def main() -> int:
    VAR.mkdir(exist_ok=True)
    os.chdir(ROOT)
    make_secret_key()
    os.environ.setdefault("DJANGO_HTTPS", "off")
    # What to do next stays in sight.
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    practice = uses_sandbox()
    port = free_port(int(os.environ.get("PORT", "8000")))
    sandbox_port = None
    if practice:
        sandbox_port = free_port(int(os.environ.get("SANDBOX_PORT", "8001")), not_this=port)
        os.environ["SANDBOX_URL"] = f"http://127.0.0.1:{sandbox_port}"
    logins = prepare(practice)
    processes = start(port, sandbox_port)
    for told in (signal.SIGINT, signal.SIGTERM):
        # Said outright, since a script that starts us in the background has SIGINT ignored.
        signal.signal(told, lambda *_: sys.exit(0))
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/readyz", processes)
        print(welcome(port, sandbox_port, logins), flush=True)
        return watch(processes)
    finally:
        stop(processes)


def free_port(wanted: int, not_this: int = 0) -> int:
    """The wanted port, or the next one that nobody listens on."""
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
    """A key for this machine, made at the first start; the settings read it where the environment has none."""
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


def prepare(practice: bool) -> str:
    """Migrate, collect the static files, and make the demo logins; return those."""
    manage = [PYTHON, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity", "0"], check=True)
    subprocess.run([*manage, "collectstatic", "--noinput", "--verbosity", "0"], check=True)
    if not practice:
        return ""
    made = subprocess.run([*manage, "demo_users"], check=True, capture_output=True, text=True)
    return made.stdout.rstrip()


def start(port: int, sandbox_port: int | None) -> dict[str, subprocess.Popen[bytes]]:
    commands = {
        "dashboard": ["-m", "gunicorn", "dashboard.wsgi", "--bind", f"127.0.0.1:{port}",
                      "--log-level", "warning"],
        "worker": ["manage.py", "worker"],
    }  # fmt: skip
    if sandbox_port:
        commands["sandbox"] = [
            "-m", "sandbox", "serve", "--port", str(sandbox_port), "--people", PEOPLE,
            "--db", str(VAR / "sandbox.sqlite3"), "--quiet", *webhooks(port),
        ]  # fmt: skip
    # Each in a session of its own: Ctrl-C reaches only us, and we stop them in order.
    return {
        name: subprocess.Popen([PYTHON, *command], start_new_session=True)
        for name, command in commands.items()
    }


def webhooks(port: int) -> list[str]:
    """So that who texts STOP in the sandbox is stopped in the dashboard. Both sides are given the same secrets."""
    from dashboard.vendors import PRACTICE_CCAI_SECRET, PRACTICE_SLICKTEXT_SECRET

    os.environ["SLICKTEXT_WEBHOOK_SECRET"] = PRACTICE_SLICKTEXT_SECRET
    os.environ["CCAI_WEBHOOK_SECRET"] = PRACTICE_CCAI_SECRET
    home = f"http://127.0.0.1:{port}/webhooks"
    return [
        "--slicktext-hook", f"{home}/slicktext/{PRACTICE_SLICKTEXT_SECRET}/",
        "--ccai-hook", f"{home}/cloudcontactai/", "--ccai-hook-secret", PRACTICE_CCAI_SECRET,
    ]  # fmt: skip


def wait_until_ready(url: str, processes: dict[str, subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for name, process in processes.items():
            if process.poll() is not None:
                raise SystemExit(f"The {name} stopped at once; its message is above.")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("The dashboard did not become ready within a minute.")


def welcome(port: int, sandbox_port: int | None, logins: str) -> str:
    if sandbox_port is None:
        return f"""
  Contacts Dashboard   http://127.0.0.1:{port}/   connected to real vendors
  First login: .venv/bin/python manage.py createsuperuser
  Ctrl-C stops it.
"""
    return f"""
  Contacts Dashboard   http://127.0.0.1:{port}/
  Sandbox              http://127.0.0.1:{sandbox_port}/_sandbox/   both vendors in miniature; make them fail here

{logins}

  Nobody is texted. Ctrl-C stops everything; the data stays in var/.
"""


def watch(processes: dict[str, subprocess.Popen[bytes]]) -> int:
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                print(f"The {name} stopped by itself; stopping the others.")
                return 1
        time.sleep(0.5)


def stop(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, signal.SIG_IGN)
    for process in processes.values():
        if process.poll() is None:
            process.terminate()
    for process in processes.values():
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
