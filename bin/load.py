"""`make load`: fifty people work on SlickText's real limit: first alone, then beside a bulk job, then with accidents.

On PostgreSQL and Redis (`bin/with-postgres-and-redis`), with two web processes behind nginx, two workers, and the
sandbox; agents are threads that speak HTTP as a browser does. The accidents: one web process and one worker are killed
(kill -9) and brought back, and PostgreSQL crashes and is started again. At the end the sandbox says which stops the
vendors hold. Ends with 1 when a rule is broken (`broken_rules`). Nothing leaves this machine.
"""

import argparse
import html
import os
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from chaos_accidents import RESTART
from requests.adapters import HTTPAdapter
from stack import (
    TICKET,
    Stack,
    fill_index,
    form_of,
    not_stopped,
    running_stack,
    tell,
    until,
    use_database,
)
from urllib3.util import Retry

TOKEN = "for-this-run"  # noqa: S105 - of a server that ends with this program
BUSY = "Try again in a moment."
LONGEST_SECONDS = 10.0
# From accepted to confirmed by both vendors, also where a worker is killed in between.
LATE_SECONDS = 60.0
# How long PostgreSQL stays away, and how long after it is back a page may still fail.
RESTART_SECONDS, RECOVERY_SECONDS = "3", 1.0
# How much slower a stop may be beside the bulk job, in seconds, at the 95th percentile.
STOP_SLOWER = 0.5
BUSY_SHARE = 0.01
MAIN_FORM = re.compile(r'<form[^>]*method="post"(?:(?!</form>).)*name="city".*?</form>', re.S)
FORMS = ("stop", "save")
DICE = random.Random(4)  # noqa: S311 - people, not secrets


def main() -> None:
    options = read_options()
    settings = {
        "METRICS_TOKEN": TOKEN,
        "LATE_EFFECT_SECONDS": "5",
        "UNDO_SECONDS": "0",
        "LOG_LEVEL": "ERROR",
    }
    with running_stack(people=options.people, settings=settings) as stack:
        stack.environment["METRICS_DIR"] = str(stack.folder / "metrics")
        use_database(stack)
        fill_index(options.people)
        numbers = subscribed()
        print(f"{len(numbers):,} of the people are subscribed")
        browsers = sessions(options.agents, options.managers)
        for vendor in ("slicktext", "cloudcontactai"):
            fault = {"kind": "latency", "seconds": options.latency}
            tell(stack, "PUT", f"faults/{vendor}", fault)
        tell(stack, "PUT", "switches", {"rate_limit": True})
        for name in ("web-0", "web-1", "worker-0", "worker-1", "balancer"):
            stack.spawn(name)
        until(lambda: stack.ready("web-0") and stack.ready("web-1"), "the dashboard")
        # The bulk job takes the second half of the people, the agents the first.
        half = len(numbers) // 2
        phases = [phase(stack, "idle", options, browsers, numbers[:half])]
        bulk_job(options.bulk)
        for name, event in (("beside the bulk job", rest), ("with accidents", accidents)):
            phases.append(phase(stack, name, options, browsers, numbers[:half], event))
        stopped = {each for phase in phases for each in phase.accepted}
        lost = not_stopped(stack, [number for pk, number, _ in numbers if pk in stopped])
        sys.exit(judge(phases, lost, options))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=40, help="support agents (40)")
    parser.add_argument("--managers", type=int, default=10, help="managers (10)")
    parser.add_argument("--seconds", type=float, default=60, help="for each of the phases (60)")
    parser.add_argument("--people", type=int, default=21_000, help="in the sandbox (21,000)")
    parser.add_argument("--bulk", type=int, default=10_000, help="stops of the bulk job (10,000)")
    parser.add_argument("--latency", type=float, default=0.15, help="of both vendors (0.15)")
    parser.add_argument("--pause", type=float, default=10, help="mean seconds between acts (10)")
    parser.add_argument("--p95", type=float, default=300, help="of all requests, ms (300)")
    options = parser.parse_args()
    if RESTART not in os.environ:
        parser.error("run it by `make load`: it needs a PostgreSQL that it can restart")
    return options


# Getting ready.


def subscribed() -> list[tuple[int, str, str]]:
    """Return the id, number, and last name of all subscribed people in the index."""
    from contacts_ui.models import IndexedContact

    people = IndexedContact.objects.filter(status="subscribed").exclude(number="")
    return list(people.values_list("contact_id", "number", "last_name"))


def sessions(agents: int, managers: int) -> list[tuple[str, str]]:
    """Return the role and session key of fifty people, with sessions as sign-in makes them."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import Group, User
    from django.contrib.sessions.backends.db import SessionStore

    made = []
    for role, count in (("Agents", agents), ("Managers", managers)):
        group = Group.objects.get(name=role)
        for number in range(count):
            user = User.objects.create(username=f"{role.lower()}-{number}")
            user.groups.add(group)
            session = SessionStore()
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.create()
            made.append((role, str(session.session_key)))
    return made


def bulk_job(count: int) -> None:
    """Start a bulk job of this many stops as a manager; return when the workers are at it."""
    from django.contrib.auth.models import User

    from contacts_ui.models import DesiredState, IndexedContact
    from contacts_ui.models.job import JobKind
    from contacts_ui.services import jobs
    from contacts_ui.services.jobs.sources import Source, from_ids

    manager = User.objects.get(username="managers-0")
    ids = list(IndexedContact.objects.order_by("-pk").values_list("pk", flat=True)[:count])
    source = Source("make load", from_ids(ids))
    job = jobs.create(staff=manager, kind=JobKind.STOP, source=source)
    jobs.start(staff=manager, pk=job.pk)
    until(lambda: DesiredState.objects.filter(batch=True).count() > 20, "the bulk job", 60)


# People at work.


@dataclass(frozen=True)
class Request:
    """One request; `began` on the monotonic clock, `status` 0 without an answer."""

    kind: str
    began: float
    seconds: float
    status: int

    def during(self, start: float, end: float) -> bool:
        return self.began <= end and self.began + self.seconds >= start


@dataclass
class Measured:
    """What one phase showed."""

    name: str
    requests: list[Request] = field(default_factory=list)
    # Contacts whose stop was answered with 200.
    accepted: list[int] = field(default_factory=list)
    killed_at: list[float] = field(default_factory=list)
    away: tuple[float, float] = (0, 0)
    busy: int = 0
    stops: list[float] = field(default_factory=list)
    unconfirmed: int = 0
    calls: dict[str, float] = field(default_factory=dict)
    refused: float = 0
    seconds: float = 0

    def taken(self, kind: str = "") -> list[float]:
        """Return the seconds of requests outside the restart."""
        return [
            each.seconds
            for each in self.requests
            if kind in ("", each.kind) and not each.during(*self.away)
        ]

    @property
    def failures(self) -> list[Request]:
        """Requests that failed, except those that a restart or a killed process explains.

        nginx sends what only reads to the other web process; a form may have had its effect, so its sender is told.
        """
        return [
            each
            for each in self.requests
            if (each.status >= 400 or not each.status)
            and not (each.status == 503 and each.during(*self.away))
            and not (
                each.status == 503
                and each.kind in FORMS
                and any(each.during(moment, moment) for moment in self.killed_at)
            )
        ]


class Person:
    """A person at a browser."""

    def __init__(self, stack: Stack, role: str, session: str, into: Measured) -> None:
        self._url, self._role, self._into = stack.url, role, into
        self._browser = requests.Session()
        self._browser.trust_env = False
        # A server may close a kept connection just as it is used; a browser asks again, and so does this.
        again = HTTPAdapter(max_retries=Retry(total=1, connect=1, read=1, redirect=0))
        self._browser.mount("http://", again)
        self._browser.cookies.set("sessionid", session)

    def get(self, kind: str, path: str, *, htmx: bool = False) -> str:
        headers = {"HX-Request": "true", "HX-Target": "results"} if htmx else {}
        return self._send(kind, "GET", path, headers=headers)

    def post(self, kind: str, path: str, data: dict[str, str], *, htmx: bool = False) -> str:
        headers = {"X-CSRFToken": self._browser.cookies.get("csrftoken") or ""}
        if htmx:
            headers["HX-Request"] = "true"
        return self._send(kind, "POST", path, headers=headers, data=data)

    def _send(self, kind: str, method: str, path: str, **more: Any) -> str:
        started, status, text = time.monotonic(), 0, ""
        try:
            answer = self._browser.request(method, self._url + path, timeout=60, **more)
            status, text = answer.status_code, answer.text
        except requests.RequestException:
            pass
        self._into.requests.append(Request(kind, started, time.monotonic() - started, status))
        self._into.busy += BUSY in text
        return text if status == 200 else ""

    def act(self, someone: tuple[int, str, str]) -> None:
        """Act once, as often as people do each thing."""
        contact_id, number, name = someone
        roll = DICE.random()
        if self._role == "Managers" and roll < 0.6:
            self.get("list", f"/contacts/?status=subscribed&size=50&offset={50 * int(roll * 100)}")
        elif roll < 0.65:
            self._type(name if roll < 0.4 else number[-7:])
            self.get("open", f"/contacts/{contact_id}/")
        elif roll < 0.93:
            self._stop(contact_id)
        else:
            self._edit(contact_id)

    def _type(self, word: str) -> None:
        for letters in range(3, min(len(word), 7) + 1):
            self.get("type", f"/contacts/?q={word[:letters]}", htmx=True)
            time.sleep(0.15)

    def _stop(self, contact_id: int) -> None:
        page = self.get("open", f"/contacts/{contact_id}/")
        if ticket := TICKET.search(page):
            data = {"ticket": html.unescape(ticket[1])}
            if self.post("stop", f"/contacts/{contact_id}/do-not-text/", data, htmx=True):
                self._into.accepted.append(contact_id)

    def _edit(self, contact_id: int) -> None:
        page = self.get("edit form", f"/contacts/{contact_id}/edit/")
        if main := MAIN_FORM.search(page):
            city = DICE.choice(["Austin", "Hill Valley", "Reno"])
            self.post("save", f"/contacts/{contact_id}/edit/", form_of(main[0]) | {"city": city})


def rest(stack: Stack, seconds: float, found: Measured) -> None:
    """Let nothing happen."""


def accidents(stack: Stack, seconds: float, found: Measured) -> None:
    """Kill a web process and a worker, each brought back a quarter of the time later; then crash PostgreSQL."""
    from django.db import connection

    for victim in ("web-1", "worker-0"):
        time.sleep(seconds / 8)
        found.killed_at.append(time.monotonic())
        stack.kill(victim)
        time.sleep(seconds / 8)
        stack.spawn(victim)
    time.sleep(seconds / 8)
    began = time.monotonic()
    subprocess.run([os.environ[RESTART], "immediate", RESTART_SECONDS], check=True, timeout=60)
    found.away = began, time.monotonic() + RECOVERY_SECONDS
    # Ours died with the others.
    connection.close()


def phase(
    stack: Stack,
    name: str,
    options: argparse.Namespace,
    people: list[tuple[str, str]],
    contacts: list[tuple[int, str, str]],
    event: Callable[[Stack, float, Measured], None] = rest,
) -> Measured:
    """Let everyone work for this many seconds; no two agents stop the same person."""
    from django.utils import timezone

    from contacts_ui.models import DesiredState

    found = Measured(name)
    began, before, started = timezone.now(), metrics(stack), time.monotonic()
    until_then = started + options.seconds
    mine = iter(DICE.sample(contacts, len(contacts)))
    lock = threading.Lock()

    def work(role: str, session: str) -> None:
        person = Person(stack, role, session, found)
        time.sleep(DICE.uniform(0, options.pause))
        while time.monotonic() < until_then:
            with lock:
                someone = next(mine)
            person.act(someone)
            left = max(until_then - time.monotonic(), 0)
            time.sleep(min(DICE.expovariate(1 / options.pause), left))

    threads = [threading.Thread(target=work, args=each, daemon=True) for each in people]
    for thread in threads:
        thread.start()
    event(stack, options.seconds, found)
    for thread in threads:
        thread.join(timeout=options.seconds + 60)
    found.seconds = time.monotonic() - started
    stops = DesiredState.objects.filter(batch=False, do_not_text=True, requested_at__gte=began)
    waited = time.monotonic() + LATE_SECONDS
    while stops.exclude(state="confirmed").exists() and time.monotonic() < waited:
        time.sleep(0.2)
    by_number: dict[str, list[float]] = defaultdict(list)
    for desired in stops:
        if desired.state == "confirmed" and desired.confirmed_at:
            by_number[desired.number].append(
                (desired.confirmed_at - desired.requested_at).total_seconds()
            )
        else:
            found.unconfirmed += 1
    found.stops = [max(each) for each in by_number.values()]
    after = metrics(stack)
    for key in after:
        count = after[key] - before.get(key, 0)
        priority, outcome = key
        found.calls[priority] = found.calls.get(priority, 0) + count
        found.refused += count if outcome == "RateLimited" else 0
    show(found)
    return found


def metrics(stack: Stack) -> dict[tuple[str, str], float]:
    """Return the calls to SlickText since the start, by priority and outcome."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    page = requests.get(f"{stack.url}/metrics", headers=headers, timeout=30).text
    found: dict[tuple[str, str], float] = defaultdict(float)
    for line in page.splitlines():
        if line.startswith("dashboard_vendor_call_seconds_count") and 'vendor="slicktext"' in line:
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            found[labels["priority"], labels["outcome"]] += float(line.rsplit(" ", 1)[1])
    return found


# What came of it.


def show(found: Measured) -> None:
    print(f"\n{found.name}: {len(found.requests):,} requests in {found.seconds:.0f} s")
    print(f"  {'':<12}{'requests':>10}{'median':>10}{'p95':>10}{'longest':>10}  milliseconds")
    for kind in sorted({each.kind for each in found.requests}):
        taken = found.taken(kind) or [0.0]
        cells = (statistics.median(taken), p95(taken), max(taken))
        print(f"  {kind:<12}{len(taken):>10}" + "".join(f"{1000 * each:>10.0f}" for each in cells))
    if found.stops:
        print(
            f"  click to both confirmed: median {statistics.median(found.stops):.2f} s, p95"
            f" {p95(found.stops):.2f} s, longest {max(found.stops):.2f} s, of {len(found.stops)} stops"
        )
    paces = (f"{name} {count / found.seconds:.2f}" for name, count in sorted(found.calls.items()))
    print(f"  calls to SlickText a second: {', '.join(paces)}")
    if away := [each for each in found.requests if each.status == 503]:
        begun = [each.began for each in away if each.during(*found.away)] or [0.0]
        print(
            f"  503: {len(away)}; during the restart, over {max(begun) - min(begun):.1f} s"
            f" of its {found.away[1] - found.away[0] - RECOVERY_SECONDS:.1f} s"
        )
    failures = [f"{each.kind}: {each.status or 'no answer'}" for each in found.failures]
    print(
        f"  429 seen: {found.refused:.0f}; no room for a page: {found.busy};"
        f" p95 of all: {1000 * p95(found.taken()):.0f} ms; failures: {failures[:5] or 'none'};"
        f" load of the machine: {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def judge(phases: list[Measured], lost: list[tuple[str, str]], options: argparse.Namespace) -> int:
    """Print which rules are broken; return 1 if any is."""
    accepted = sum(len(each.accepted) for each in phases)
    print(f"\n{accepted} accepted stops, {len(lost)} of them lost {lost[:5] or ''}")
    broken = [rule for each in phases for rule in broken_rules(each, options)]
    broken += ["a stop is lost"] * bool(lost)
    idle, busy, _ = phases
    if not busy.calls.get("batch"):
        broken.append("the bulk job had no call")
    if idle.stops and busy.stops and p95(busy.stops) > p95(idle.stops) + STOP_SLOWER:
        broken.append(
            f"a stop takes {p95(busy.stops):.2f} s beside the bulk job, {p95(idle.stops):.2f} s without"
        )
    print("\n".join(broken or ["All rules kept."]))
    return int(bool(broken))


def broken_rules(found: Measured, options: argparse.Namespace) -> Iterator[str]:
    if found.refused:
        yield f"{found.name}: SlickText answered 429 {found.refused:.0f} times"
    if found.failures:
        yield f"{found.name}: {len(found.failures)} requests failed"
    taken = found.taken()
    if max(taken) > LONGEST_SECONDS:
        yield f"{found.name}: a person waited {max(taken):.1f} s"
    if 1000 * p95(taken) > options.p95:
        yield f"{found.name}: p95 of all requests is {1000 * p95(taken):.0f} ms"
    if found.busy > BUSY_SHARE * len(found.requests):
        yield f"{found.name}: {found.busy} pages found no room for their call"
    if found.unconfirmed or not found.stops:
        yield f"{found.name}: {found.unconfirmed} stops were not confirmed in time, {len(found.stops)} were"


def p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


if __name__ == "__main__":
    main()
