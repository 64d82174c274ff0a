"""The second half of `make bench`: the dashboard beside Django's admin, same people, same machine, real HTTP.

Each is two gunicorn workers without DEBUG, and one browser that keeps its connection. On PostgreSQL with DATABASE_URL
(an empty database that is given up to this), else on SQLite. Times are whole requests; the vendor's share of ours is
what `Server-Timing` says, and is the sandbox's.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import requests
from stack import (
    PASSWORD,
    Stack,
    answers,
    children_of,
    collect_static,
    fill_index,
    form_of,
    free_ports,
    log_in,
    make_people,
    running_stack,
    until,
)
from stack import use_database as use

COPIED = "contact_id, mobile_number, first_name, last_name, email, city, state, status"
SETTINGS = {"SLICKTEXT_CALLS_PER_SECOND": "10000", "LOG_LEVEL": "ERROR"}
WHY = "Measured"


@dataclass
class Site:
    """One of the two sites: its address, and a browser that is signed in."""

    browser: requests.Session
    url: str


@dataclass
class Times:
    """Milliseconds of one kind of request: median, 95th percentile, and the vendor's share."""

    median: float
    slow: float
    vendor: float


def main() -> None:
    options = read_options()
    with running_stack(people=options.people, settings=SETTINGS) as stack:
        use(stack)
        from django.db import connection

        (name,) = make_people(agents=0, managers=1)
        started = time.perf_counter()
        fill_index(options.people)
        seconds = time.perf_counter() - started
        print(f"{options.people:,} contacts on {connection.vendor}, {options.runs} requests each")
        print(f"index filled from the vendor in {seconds:.1f} s, {options.people / seconds:,.0f}/s")
        collect_static(stack)
        stack.spawn("web")
        until(lambda: answers(f"{stack.url}/readyz"), "our page")
        ours = Site(log_in(stack, name), stack.url)
        theirs, process = admin_of(stack)
        try:
            compare(stack, ours, theirs, process, options)
        finally:
            process.terminate()
            process.wait(20)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000, help="how many contacts (100000)")
    parser.add_argument("--runs", type=int, default=40, help="requests of each kind (40)")
    return parser.parse_args()


def admin_of(stack: Stack) -> tuple[Site, "subprocess.Popen[bytes]"]:
    """Start the admin over a table with the same people."""
    from django.contrib.auth.models import User
    from django.db import connection

    with connection.cursor() as cursor:
        select = f"SELECT {COPIED} FROM contacts_ui_indexedcontact"  # noqa: S608 - names from above
        cursor.execute(f"CREATE TABLE bench_person AS {select}")
        cursor.execute("CREATE UNIQUE INDEX bench_person_id ON bench_person (contact_id)")
        for column in ("status", "state", "mobile_number", "last_name"):
            cursor.execute(f"CREATE INDEX bench_person_{column} ON bench_person ({column})")
        cursor.execute("ANALYZE")
    User.objects.create_superuser("admin", password=PASSWORD)
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "gunicorn", "bench_admin:application",
               "--bind", f"127.0.0.1:{port}", "--workers", "2", "--worker-class", "gthread",
               "--threads", "8", "--log-level", "error"]  # fmt: skip
    environment = {key: value for key, value in stack.environment.items() if "SETTINGS" not in key}
    process = subprocess.Popen(command, cwd=Path(__file__).resolve().parent, env=environment)
    url = f"http://127.0.0.1:{port}"
    until(lambda: answers(f"{url}/admin/login/"), "the admin")
    browser = requests.Session()
    browser.trust_env = False
    browser.get(f"{url}/admin/login/", timeout=20)
    token = browser.cookies.get("csrftoken") or ""
    form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
    browser.post(f"{url}/admin/login/?next=/admin/", form, timeout=20).raise_for_status()
    return Site(browser, url), process


def compare(
    stack: Stack,
    ours: Site,
    theirs: Site,
    process: "subprocess.Popen[bytes]",
    options: argparse.Namespace,
) -> None:
    """Print a line for each thing that people do."""
    from contacts_ui.models import IndexedContact

    half = options.people // 2
    person = IndexedContact.objects.exclude(first_name="").exclude(last_name="")[half // 2]
    last, digits = person.last_name, person.number[-7:]
    parts = f"{person.first_name[:3]}+{last[:4]}"
    pages = {
        "first page": ("", ""),
        "page in the middle": (f"?offset={half // 50 * 50}", f"?p={half // 50 + 1}"),
        "status and state": (
            "?status=subscribed&state=TX",
            "?status__exact=subscribed&state__exact=TX",
        ),
        "part of a name": (f"?q={last[1:5]}", f"?q={last[1:5]}"),
        "first and last in parts": (f"?q={parts}", f"?q={parts}"),
        "seven digits of a number": (f"?q={digits}", f"?q={digits}"),
    }
    print(
        f"\n{'median ms (95th percentile)':<28}{'ours':>16}{'vendor':>9}{'admin':>16}{'ratio':>8}"
    )
    for name, (mine, others) in pages.items():
        line(
            name,
            timed(ours, f"/contacts/{mine}", options.runs),
            timed(theirs, f"/admin/bench/person/{others}", options.runs),
        )
    at = person.contact_id
    line(
        "open a contact",
        timed(ours, f"/contacts/{at}/", options.runs),
        timed(theirs, f"/admin/bench/person/{at}/change/", options.runs),
    )
    line(
        "save an edit",
        saved(ours, f"/contacts/{at}/edit/", options.runs),
        saved(theirs, f"/admin/bench/person/{at}/change/", options.runs),
    )
    export(stack, ours, theirs, process, options.people)


def export(
    stack: Stack, ours: Site, theirs: Site, process: "subprocess.Popen[bytes]", people: int
) -> None:
    """Export everyone as CSV; print rows a second, and the peak memory of the web processes."""
    mine = streamed(ours, "/contacts/export/", people)
    others = streamed(theirs, "/export/", people)
    ratio = mine / others
    print(f"{'export, rows a second':<28}{mine:>16,.0f}{'':>9}{others:>16,.0f}{ratio:>7.1f}x")
    peaks = [peak_memory(children_of(each)) for each in (stack.processes["web"], process)]
    ratio = peaks[1] / peaks[0]
    print(f"{'peak memory, MB':<28}{peaks[0]:>16.0f}{'':>9}{peaks[1]:>16.0f}{ratio:>7.1f}x")


def streamed(site: Site, path: str, people: int) -> float:
    """Read an export to its end; return rows a second."""
    url = site.url + path
    started, lines = time.perf_counter(), 0
    token = {"X-CSRFToken": site.browser.cookies.get("csrftoken") or "", "Referer": url}
    with site.browser.post(url, {"why": WHY}, headers=token, timeout=600, stream=True) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_content(1 << 16):
            lines += chunk.count(b"\n")
    if lines < people:
        raise SystemExit(f"{url}: {lines} lines for {people} contacts")
    return people / (time.perf_counter() - started)


def peak_memory(pids: list[int]) -> float:
    """Return the peak memory in MB of the largest of these processes."""
    found = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return max(int(re.search(r"VmHWM:\s+(\d+)", text)[1]) for text in found) / 1024  # type: ignore[index]


def line(name: str, ours: Times, theirs: Times) -> None:
    mine = f"{ours.median:.1f} ({ours.slow:.1f})"
    others = f"{theirs.median:.1f} ({theirs.slow:.1f})"
    ratio = theirs.median / ours.median
    print(f"{name:<28}{mine:>16}{ours.vendor:>9.1f}{others:>16}{ratio:>7.1f}x", flush=True)


def timed(site: Site, path: str, runs: int) -> Times:
    return times_of(lambda: site.browser.get(site.url + path, timeout=120), runs)


def saved(site: Site, path: str, runs: int) -> Times:
    """Post the page's own form again and again, with another city each time."""
    times, url = [], site.url + path
    for number in range(runs):
        form = form_of(site.browser.get(url, timeout=120).text)
        form["city"] = f"Benchville {number}"
        post = partial(
            site.browser.post, url, form, headers={"Referer": url}, timeout=120,
            allow_redirects=False,
        )  # fmt: skip
        times.append(one(post, 302))
    return summed(times)


def times_of(ask: Callable[[], requests.Response], runs: int) -> Times:
    for _ in range(4):
        ask()
    return summed([one(ask, 200) for _ in range(runs)])


def one(ask: Callable[[], requests.Response], status: int) -> tuple[float, float]:
    started = time.perf_counter()
    answer = ask()
    took = (time.perf_counter() - started) * 1000
    if answer.status_code != status:
        raise SystemExit(f"{answer.url}: {answer.status_code}")
    vendor = re.search(r"vendor;dur=([\d.]+)", answer.headers.get("Server-Timing", ""))
    return took, float(vendor[1]) if vendor else 0.0


def summed(times: list[tuple[float, float]]) -> Times:
    took = sorted(each[0] for each in times)
    vendor = statistics.median(each[1] for each in times)
    return Times(statistics.median(took), took[int(len(took) * 0.95)], vendor)


if __name__ == "__main__":
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    main()
