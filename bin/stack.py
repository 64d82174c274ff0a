"""Run the dashboard as in production, on free ports and its own database, for `make chaos` and the benchmarks.

A sandbox, gunicorn and several workers, each a process that can be killed; people who log in and press buttons over
real HTTP. Nothing here uses the dashboard's own delivery, so that it cannot agree with its mistakes.
"""

import contextlib
import html
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import requests
from requests.adapters import HTTPAdapter
from serve import CONFIGURATION, find_nginx, user
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
    web_ports: list[int]
    root: Path = ROOT
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    logs: dict[str, IO[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    def spawn(self, name: str) -> subprocess.Popen[bytes]:
        """Start "sandbox", "web", "front", "balancer", or "worker-N"; its output goes to NAME.log.

        web-0 and web-1, or front-0 and front-1, are behind "balancer", nginx at `url`. `root` has the code that runs.
        """
        log = self.logs.setdefault(name, (self.folder / f"{name}.log").open("ab"))
        process = subprocess.Popen(
            self._command(name),
            cwd=self.root,
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

    def ready(self, name: str) -> bool:
        """Return True if web-N or front-N itself can serve."""
        return answers(f"http://127.0.0.1:{self._port_of(name)}/readyz")

    def _port_of(self, name: str) -> int:
        return self.web_ports[int(name.split("-")[1])] if "-" in name else self.port

    def _command(self, name: str) -> list[str]:
        if name == "sandbox":
            people = self.environment["STACK_PEOPLE"]
            db = str(self.folder / "vendors.sqlite3")
            return [sys.executable, "-m", "sandbox", "serve", "--port", str(self.sandbox_port),
                    "--people", people, "--db", db, "--quiet"]  # fmt: skip
        if name.startswith("web"):
            return [sys.executable, "-m", "gunicorn", "dashboard.wsgi",
                    "--bind", f"127.0.0.1:{self._port_of(name)}",
                    "--worker-class", "gthread", "--workers", "2",
                    "--threads", "8", "--log-level", "warning", "--graceful-timeout", "5"]  # fmt: skip
        if name.startswith("front"):
            return [sys.executable, "bin/serve.py", "--bind", f"127.0.0.1:{self._port_of(name)}",
                    "--grace", "5", "--log-level", "warning"]  # fmt: skip
        if name == "balancer":
            return [find_nginx(), "-e", "stderr", "-p", str(self.folder), "-c", self._balancing()]
        return [sys.executable, "manage.py", "worker"]

    def _balancing(self) -> str:
        """Write the configuration of the balancer; return its path."""
        # Each browser keeps to one process: while two versions run, a page and its styles are of one.
        servers = "hash $cookie_sessionid consistent; " + " ".join(
            f"server 127.0.0.1:{port};" for port in self.web_ports
        )
        path = self.folder / "nginx.conf"
        # Its workers are another account where we are root.
        self.folder.chmod(0o711)
        path.write_text(
            CONFIGURATION.format(
                user=user(), files=1024, folder=self.folder, bodies=self.folder, root=ROOT,
                bind=f"127.0.0.1:{self.port}", servers=servers, connections=512,
            )
        )  # fmt: skip
        return str(path)


@contextlib.contextmanager
def export(commit: str) -> Iterator[Path]:
    """Yield a folder with the files of a commit."""
    with tempfile.TemporaryDirectory(prefix="older-") as folder:
        command = [shutil.which("git") or "git", "archive", commit]
        files = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(files)) as packed:
            packed.extractall(folder, filter="data")
        # nginx runs as another account where we are root.
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextlib.contextmanager
def running_stack(*, people: int, settings: dict[str, str], root: Path = ROOT) -> Iterator[Stack]:
    """Yield a stack with its sandbox running and its database migrated; the caller spawns web and workers.

    The database is DATABASE_URL, or that of `bin/with-postgres-and-redis`: an empty one that is given up to this. Else
    SQLite.
    """
    with tempfile.TemporaryDirectory(prefix="stack-") as name:
        folder = Path(name)
        port, sandbox_port, *web_ports = free_ports(4)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_THEIRS)}
        environment = kept | {
            "DATABASE_URL": given("DATABASE_URL") or f"sqlite:///{folder}/dashboard.sqlite3",
            "REDIS_URL": given("REDIS_URL"),
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
        stack = Stack(folder, port, sandbox_port, environment, web_ports, root)
        try:
            stack.spawn("sandbox")
            there = f"{stack.sandbox_url}/_sandbox/state"
            until(lambda: answers(there), "the sandbox", seconds=180 + people / 5_000)
            tell(stack, "PUT", "switches", {"rate_limit": False})
            manage(stack, "migrate", "--verbosity", "0")
            yield stack
        finally:
            for each in reversed(stack.processes):
                stack.kill(each)
            for log in stack.logs.values():
                log.close()


_THEIRS = ("DJANGO_", "SLICKTEXT_", "CCAI_", "SANDBOX_", "METRICS_", "SENTRY_")


def given(name: str) -> str:
    """Return an address from the environment; `bin/with-postgres-and-redis` gives it as TEST_NAME."""
    return os.environ.get(name) or os.environ.get(f"TEST_{name}", "")


def manage(stack: Stack, *command: str) -> None:
    """Run a command of the stack's checkout to its end."""
    subprocess.run(
        [sys.executable, "manage.py", *command], cwd=stack.root, env=stack.environment, check=True
    )


def collect_static(stack: Stack) -> None:
    """Collect static files as in production."""
    manage(stack, "collectstatic", "--noinput", "--verbosity", "0")


def use_database(stack: Stack) -> None:
    """Let this process read the stack's database through the dashboard's models."""
    for key in [key for key in os.environ if key.startswith(_THEIRS)]:
        del os.environ[key]
    os.environ |= stack.environment
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()


def fill_index(people: int) -> int:
    """Read as many people from the sandbox as the index lacks, and store them, as an index sync does; return how many.

    Needs `use_database`.
    """
    from django.utils import timezone

    from contacts_ui.integrations import slicktext
    from contacts_ui.models import IndexSync
    from contacts_ui.services import index
    from contacts_ui.services.vendors import to_slicktext

    started, before = timezone.now(), index.size()
    offset = before
    while offset < people:
        asked, limit = timezone.now(), min(PAGE_SIZE, people - offset)
        page = slicktext.list_contacts(to_slicktext(), limit=limit, offset=offset, filters={})
        if not page.received:
            raise SystemExit(f"Only {offset:,} of {people:,} people were read.")
        index.store(page.contacts, asked)
        offset += page.received
    index.refresh_marks()
    index.refresh_counts()
    now = timezone.now()
    facts = {"started_at": started, "finished_at": now, "next_at": now + HOUR, "total": offset}
    IndexSync.objects.update_or_create(pk=1, defaults=facts)
    return offset - before


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


def the_truth(stack: Stack) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what both vendors really hold, by number."""
    after = ""
    while after is not None:
        page = tell(stack, "GET", f"truth/all?limit=5000&after={after.replace('+', '%2B')}")
        yield from ((each["number"], each) for each in page["data"])
        after = page["next"]


def not_stopped(stack: Stack, numbers: Iterable[str]) -> list[tuple[str, str]]:
    """Return each of these numbers with each vendor that holds no stop for it."""
    truth, found = dict(the_truth(stack)), []
    for number in numbers:
        held = truth.get(number, {})
        if (held.get("slicktext") or {}).get("opt_in_status") != "unsubscribed":
            found.append((number, "slicktext"))
        if (held.get("cloudcontactai") or {}).get("do_not_text") is not True:
            found.append((number, "cloudcontactai"))
    return found


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
