"""Run the dashboard as in production, on free ports and its own database, for `make chaos` and the benchmarks.

A sandbox, gunicorn and several workers, each a process that can be killed; people who log in and press buttons over
real HTTP. Nothing here uses the dashboard's own delivery, so that it cannot agree with its mistakes.
"""

import contextlib
import html
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "chaos-makes-perfect"  # noqa: S105 - for people who do not exist, in a database that is thrown away
PAGE_SIZE = 10_000
HOUR = timedelta(hours=1)
TICKET = re.compile(r'name="ticket"\s+value="([^"]+)"')


@dataclass
class Stack:
    """The running processes. `spawn` starts one by name; `kill` ends one as an accident would."""

    folder: Path
    port: int
    sandbox_port: int
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    logs: dict[str, IO[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    def spawn(self, name: str) -> subprocess.Popen[bytes]:
        """Start "sandbox", "web", "front" or "worker-N"; its output goes to NAME.log."""
        log = self.logs.setdefault(name, (self.folder / f"{name}.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, *self._command(name)],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.processes[name] = process
        return process

    def kill(self, name: str) -> None:
        """Kill a process and what it started with kill -9."""
        process = self.processes[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self, name: str, *, seconds: float = 20) -> int:
        """Send SIGTERM; return the exit code, or -9 if it had to be killed."""
        process = self.processes[name]
        process.terminate()
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill(name)
            return -9

    def strike(self, victim: str) -> None:
        """Kill a process with kill -9, and start it again as a supervisor would; "web child" is one of gunicorn's."""
        if victim == "web child":
            for child in children_of(self.processes["web"])[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        else:
            self.kill(victim)
            self.spawn(victim)

    def text_of(self, name: str) -> str:
        """Return what a process has printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _command(self, name: str) -> list[str]:
        if name == "sandbox":
            people = self.environment["STACK_PEOPLE"]
            db = str(self.folder / "vendors.sqlite3")
            return ["-m", "sandbox", "serve", "--port", str(self.sandbox_port), "--people", people,
                    "--db", db, "--quiet"]  # fmt: skip
        if name == "web":
            return ["-m", "gunicorn", "dashboard.wsgi", "--bind", f"127.0.0.1:{self.port}",
                    "--worker-class", "gthread", "--workers", "2",
                    "--threads", "8", "--log-level", "warning", "--graceful-timeout", "5"]  # fmt: skip
        if name == "front":
            return ["bin/serve.py", "--bind", f"127.0.0.1:{self.port}", "--grace", "5",
                    "--log-level", "warning"]  # fmt: skip
        return ["manage.py", "worker"]


@contextlib.contextmanager
def running_stack(*, people: int, settings: dict[str, str]) -> Iterator[Stack]:
    """Yield a stack with its sandbox running and its database migrated; the caller spawns web and workers.

    The database is DATABASE_URL, where it is set: an empty one that is given up to this. Else SQLite.
    """
    with tempfile.TemporaryDirectory(prefix="stack-") as name:
        folder = Path(name)
        port, sandbox_port = free_ports(2)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_THEIRS)}
        environment = kept | {
            "DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{folder}/dashboard.sqlite3",
            "REDIS_URL": os.environ.get("REDIS_URL", ""),
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "DJANGO_READ_DOT_ENV": "off",
            "DJANGO_SECRET_KEY": "only-for-this-run-and-never-in-production-xxxxxxxxxxxxxx",
            "DJANGO_HTTPS": "off",
            "SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}",
            "LOGIN_ATTEMPTS": "1000",
            # A benchmark reads more in a minute than a person does in a month.
            "READS_PER_HOUR": "1000000000",
            "STATIC_DIR": str(folder / "static"),
            "STACK_PEOPLE": str(people),
            **settings,
        }  # fmt: skip
        stack = Stack(folder, port, sandbox_port, environment)
        try:
            stack.spawn("sandbox")
            until(lambda: answers(f"{stack.sandbox_url}/_sandbox/state"), "the sandbox")
            tell(stack, "PUT", "switches", {"rate_limit": False})
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
            yield stack
        finally:
            for each in reversed(stack.processes):
                stack.kill(each)
            for log in stack.logs.values():
                log.close()


_THEIRS = ("DJANGO_", "SLICKTEXT_", "CCAI_", "SANDBOX_", "METRICS_", "SENTRY_")


def collect_static(stack: Stack) -> None:
    """Collect static files as in production."""
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=stack.environment, check=True)


def use_database(stack: Stack) -> None:
    """Let this process read the stack's database through the dashboard's models."""
    for key in [key for key in os.environ if key.startswith(_THEIRS)]:
        del os.environ[key]
    os.environ |= stack.environment
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()


def fill_index(people: int) -> None:
    """Read everyone from the sandbox and store them, as an index sync does. Needs `use_database`."""
    from django.utils import timezone

    from contacts_ui.integrations import slicktext
    from contacts_ui.models import IndexSync
    from contacts_ui.services import index
    from contacts_ui.services.vendors import to_slicktext

    started, offset, more = timezone.now(), 0, True
    while more:
        asked = timezone.now()
        page = slicktext.list_contacts(to_slicktext(), limit=PAGE_SIZE, offset=offset, filters={})
        index.store(page.contacts, asked)
        offset, more = offset + page.received, page.has_more and page.received > 0
    if offset < people:
        raise SystemExit(f"Only {offset:,} of {people:,} people were read.")
    index.refresh_marks()
    index.refresh_counts()
    now = timezone.now()
    facts = {"started_at": started, "finished_at": now, "next_at": now + HOUR, "total": offset}
    IndexSync.objects.update_or_create(pk=1, defaults=facts)


def make_people(agents: int, managers: int) -> list[str]:
    """Make accounts in their roles; return the usernames, agents first. Needs `use_database`."""
    from django.contrib.auth.models import Group, User

    names = []
    for role, count in (("Agents", agents), ("Managers", managers)):
        for number in range(1, count + 1):
            name = f"{role.lower()[:-1]}-{number}"
            user = User.objects.create_user(name, password=PASSWORD)
            user.groups.add(Group.objects.get(name=role))
            names.append(name)
    return names


def log_in(stack: Stack, username: str) -> requests.Session:
    """Sign in; return the browser."""
    browser = requests.Session()
    browser.trust_env = False
    # As browsers do: a page is read again where gunicorn closed the connection that was kept for it.
    browser.mount("http://", HTTPAdapter(max_retries=Retry(3, respect_retry_after_header=False)))
    browser.get(f"{stack.url}/accounts/login/", timeout=20)
    answer = browser.post(
        f"{stack.url}/accounts/login/",
        {"login": username, "password": PASSWORD},
        headers=_token(browser),
        timeout=20,
        allow_redirects=False,
    )
    if answer.status_code != 302:
        raise SystemExit(f"{username} could not log in: {answer.status_code}")
    return browser


def press(browser: requests.Session, url: str, data: dict[str, str]) -> int:
    """Post a form; return the status, or 0 without an answer."""
    try:
        answer = browser.post(url, data, headers=_token(browser), timeout=30, allow_redirects=False)
    except requests.RequestException:
        return 0
    return answer.status_code


def tickets(stack: Stack, browser: requests.Session, how_many: int) -> dict[int, str]:
    """Return the tickets that the table shows, by contact id: what a page sends with a click."""
    found: dict[int, str] = {}
    offset = 0
    while len(found) < how_many:
        page = browser.get(
            f"{stack.url}/contacts/",
            params={"status": "subscribed", "size": "250", "offset": str(offset)},
            timeout=60,
        ).text
        shown = (html.unescape(ticket) for ticket in TICKET.findall(page))
        here = {int(ticket.split("|")[1]): ticket for ticket in shown}
        if not here.keys() - found.keys():
            raise SystemExit(f"The table shows only {len(found)} people.")
        found |= here
        offset += 250
    return dict(list(found.items())[:how_many])


def form_of(page: str) -> dict[str, str]:
    """Return what a browser would send of a page's fields: enough for an edit form."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]+>", page):
        facts = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in facts and facts.get("type") not in ("checkbox", "radio", "submit"):
            found.setdefault(facts["name"], html.unescape(facts.get("value", "")))
    for name, options in re.findall(r'<select[^>]*name="(\w+)".*?>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)"[^>]*\bselected', options)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    return found


def tell(stack: Stack, method: str, path: str, body: Any = None) -> Any:
    """Call the sandbox's own pages."""
    answer = requests.request(method, f"{stack.sandbox_url}/_sandbox/{path}", json=body, timeout=60)
    answer.raise_for_status()
    return answer.json()


def answers(url: str) -> bool:
    """Return True if the address answers with 200."""
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def until(condition: Callable[[], object], what: str, seconds: float = 180) -> None:
    """Wait until `condition` holds, or give up with a message."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited {seconds:.0f} s in vain for {what}.")
        time.sleep(0.1)


def children_of(process: "subprocess.Popen[bytes]") -> list[int]:
    """Return the ids of the processes that this one has started, such as gunicorn's workers."""
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    with contextlib.suppress(OSError):
        return [int(pid) for pid in path.read_text().split()]
    return []


def free_ports(count: int) -> list[int]:
    """Return free ports."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _token(browser: requests.Session) -> dict[str, str]:
    return {"X-CSRFToken": browser.cookies.get("csrftoken") or "", "Referer": ""}
