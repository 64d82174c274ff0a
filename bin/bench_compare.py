"""The second half of `make bench`: the dashboard beside Django's admin and Datasette; same people, machine, and run.

Real HTTP, each site with two processes; the peers in an environment of their own (requirements/bench.txt). Datasette
and the tuned admin search by trigrams and do not count everyone. DATABASE_URL names the database of the
dashboard and the admin: an empty one that is given up to this; without it, SQLite. Times are whole requests. Each
request asks for another person. The vendor's share of ours is what `Server-Timing` says, and is the sandbox's.
"""

import argparse
import math
import random
import re
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import requests
from requests.cookies import RequestsCookieJar
from stack import (
    PASSWORD,
    ROOT,
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
    use_database,
)

PEERS = ROOT / "var" / "peers" / "bin"
COLUMNS = (
    "contact_id",
    "mobile_number",
    "first_name",
    "last_name",
    "email",
    "city",
    "state",
    "status",
)
SEARCHED = ("first_name", "last_name", "mobile_number", "email")
TABLES = ("bench_person", "bench_tuned")
INDEXES = {
    "pair": "status, state",
    "state": "state",
    "number": "mobile_number",
    "name": "last_name",
}
DATASETTE_SETTINGS = {
    "suggest_facets": "off",
    "default_page_size": "50",
    "max_csv_mb": "0",
    "sql_time_limit_ms": "60000",
}
SETTINGS = {"SLICKTEXT_CALLS_PER_SECOND": "10000", "LOG_LEVEL": "ERROR"}
WHY = "Measured"
PEOPLE_ASKED_FOR = 200
# Browsers that ask at once ask this often, each.
REQUESTS_EACH = 8
# What people do -> its address at each site. {} are of a person, or of the page in the middle.
DASHBOARD = {
    "first page": "/contacts/",
    "page in the middle": "/contacts/?offset={offset}",
    "status and state": "/contacts/?status=subscribed&state=TX",
    "part of a name": "/contacts/?q={part}",
    "first and last in parts": "/contacts/?q={parts}",
    "seven digits": "/contacts/?q={digits}",
    "open a contact": "/contacts/{id}/",
    "save": "/contacts/{id}/edit/",
    "export, rows a second": "/contacts/export/",
}
ADMIN = {
    "first page": "/admin/bench/{table}/",
    "page in the middle": "/admin/bench/{table}/?p={page}",
    "status and state": "/admin/bench/{table}/?status=subscribed&state=TX",
    "part of a name": "/admin/bench/{table}/?q={part}",
    "first and last in parts": "/admin/bench/{table}/?q={parts}",
    "seven digits": "/admin/bench/{table}/?q={digits}",
    "open a contact": "/admin/bench/{table}/{id}/change/",
    "save": "/admin/bench/{table}/{id}/change/",
    "export, rows a second": "/export/",
}
_QUICK = "/people/bench_person?_nofacet=1&_nocount=1"
DATASETTE = {
    "first page": _QUICK,
    "page in the middle": _QUICK + "&_next={middle}",
    "status and state": _QUICK + "&status=subscribed&state=TX",
    "part of a name": _QUICK + "&_search={part}",
    "first and last in parts": _QUICK + "&_search={parts}",
    "seven digits": _QUICK + "&_search={digits}",
    "open a contact": "/people/bench_person/{id}",
    "export, rows a second": "/people/bench_person.csv?_stream=on&_size=max",
}
READ = tuple(DASHBOARD)[:7]
COLORS = ("#0b6e4f", "#b3541e", "#7a4fb0", "#555")


@dataclass
class Site:
    """A site: its addresses (browsers share them out), a signed-in browser's cookies, its pages, and its processes."""

    name: str
    urls: list[str]
    cookies: RequestsCookieJar
    pages: dict[str, str]
    processes: list["subprocess.Popen[bytes]"]

    def browser(self) -> requests.Session:
        """Return a browser that keeps its connection."""
        made = requests.Session()
        made.trust_env = False
        made.cookies = self.cookies.copy()
        return made


@dataclass
class Measured:
    """One kind of request: milliseconds (median, 95th percentile, the vendor's share), and how many a second."""

    median: float = 0.0
    slow: float = 0.0
    vendor: float = 0.0
    rate: float = 0.0


# Name of a site -> what was measured there.
Row = dict[str, Measured]


def main() -> None:
    options = read_options()
    growth: dict[str, dict[int, Row]] = {}
    with running_stack(people=max(options.people), settings=SETTINGS) as stack:
        use_database(stack)
        from django.core.cache import cache
        from django.db import connection

        (name,) = make_people(agents=0, managers=1)
        collect_static(stack)
        for size in options.people:
            started = time.perf_counter()
            new = fill_index(size)
            rate = new / (time.perf_counter() - started)
            cache.clear()
            print(f"\n{size:,} contacts on {connection.vendor}; index filled at {rate:,.0f} rows/s")
            with running_sites(stack, name) as sites:
                people = asked_for(size)
                for browsers in options.browsers:
                    rows = measured(sites, people, browsers, options.runs, size)
                    print_table(rows, sites, browsers)
                    if browsers == options.browsers[0]:
                        for row, found in rows.items():
                            growth.setdefault(row, {})[size] = found
                print_memory(sites)
    if len(options.people) > 1:
        print_growth(growth)
    if options.plot:
        options.plot.write_text(plotted(growth))


def read_options() -> argparse.Namespace:
    def numbers(text: str) -> list[int]:
        return sorted(int(each) for each in text.split(","))

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--people",
        type=numbers,
        default=[100_000],
        help="how many contacts; 10000,100000 for growth",
    )
    parser.add_argument(
        "--browsers", type=numbers, default=[1], help="how many ask at once, such as 1,8,50"
    )
    parser.add_argument("--runs", type=int, default=40, help="requests of each kind (40)")
    parser.add_argument("--plot", type=Path, help="write how times grow into this SVG file")
    return parser.parse_args()


@contextmanager
def running_sites(stack: Stack, manager: str) -> Iterator[list[Site]]:
    """Start the dashboard, the admin, and two Datasettes over the people of the index; end them afterwards."""
    file = copy_people(stack)
    environment = {key: value for key, value in stack.environment.items() if "SETTINGS" not in key}
    if stack.environment["DATABASE_URL"].startswith("sqlite"):
        environment["DATABASE_URL"] = f"sqlite:///{file}"
    environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    ran: dict[str, Any] = {"cwd": ROOT / "bin", "env": environment, "stdout": subprocess.DEVNULL}
    subprocess.run([PEERS / "python", "bench_admin.py"], check=True, **ran)

    def start(command: list[Any]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command, stderr=subprocess.DEVNULL, **ran)

    admin_port, *ports = free_ports(3)
    theirs = f"http://127.0.0.1:{admin_port}"
    others = [f"http://127.0.0.1:{port}" for port in ports]
    gunicorn = start([
        PEERS / "gunicorn", "bench_admin:application", "--bind", f"127.0.0.1:{admin_port}",
        "--workers", "2", "--worker-class", "gthread", "--threads", "8",
    ])  # fmt: skip
    settings = [part for each in DATASETTE_SETTINGS.items() for part in ("--setting", *each)]
    datasettes = [
        start([PEERS / "datasette", file, "--port", str(port), *settings]) for port in ports
    ]
    try:
        stack.spawn("web")
        until(lambda: answers(f"{stack.url}/readyz"), "the dashboard")
        until(lambda: answers(f"{theirs}/admin/login/"), "the admin")
        until(lambda: all(answers(f"{url}/-/versions") for url in others), "Datasette")
        admin, tuned = (
            {row: text.replace("{table}", name) for row, text in ADMIN.items()}
            for name in ("person", "tuned")
        )
        ours, signed_in = log_in(stack, manager).cookies, log_in_to_admin(theirs)
        yield [
            Site("here", [stack.url], ours, DASHBOARD, [stack.processes["web"]]),
            Site("admin", [theirs], signed_in, admin, [gunicorn]),
            Site("admin, tuned", [theirs], signed_in, tuned, [gunicorn]),
            Site("Datasette, tuned", others, RequestsCookieJar(), DATASETTE, datasettes),
        ]
    finally:
        stack.end("web")
        for process in (gunicorn, *datasettes):
            process.terminate()
            process.wait(20)


def copy_people(stack: Stack) -> Path:
    """Copy everyone into a SQLite file with full text, and on PostgreSQL into tables for the admin; return the file."""
    from django.db import connection

    file = stack.folder / "people.db"
    for old in stack.folder.glob("people.db*"):
        old.unlink()
    names, searched = ", ".join(COLUMNS), ", ".join(SEARCHED)
    select = f"SELECT {names} FROM contacts_ui_indexedcontact"  # noqa: S608 - names from above
    indexes = [
        f"CREATE INDEX {table}_{name} ON {table} ({columns})"
        for table in TABLES
        for name, columns in INDEXES.items()
    ]
    with closing(sqlite3.connect(file)) as db, connection.chunked_cursor() as cursor:
        cursor.execute(select)
        texts = ", ".join(f"{name} text" for name in COLUMNS[1:])
        for table in TABLES:
            db.execute(f"CREATE TABLE {table} (contact_id integer PRIMARY KEY, {texts})")
        while some := cursor.fetchmany(10_000):
            for table in TABLES:
                db.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", some)  # noqa: S608
        db.execute(
            f"CREATE VIRTUAL TABLE bench_text USING fts5({searched}, content='bench_person',"
            " content_rowid='contact_id', tokenize='trigram')"
        )
        db.execute("INSERT INTO bench_text(bench_text) VALUES ('rebuild')")
        for each in (*indexes, "ANALYZE"):
            db.execute(each)
        db.commit()
        db.execute("PRAGMA journal_mode=WAL")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"DROP TABLE IF EXISTS {table}")
                cursor.execute(f"CREATE TABLE {table} AS {select}")
                cursor.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (contact_id)")
            for name in SEARCHED:
                trigrams = f"gin (upper({name}::text) gin_trgm_ops)"
                cursor.execute(f"CREATE INDEX ON bench_tuned USING {trigrams}")
            for each in (*indexes, "ANALYZE"):
                cursor.execute(each)
    return file


def log_in_to_admin(url: str) -> RequestsCookieJar:
    browser = requests.Session()
    browser.trust_env = False
    browser.get(f"{url}/admin/login/", timeout=20)
    token = browser.cookies.get("csrftoken") or ""
    form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
    browser.post(f"{url}/admin/login/?next=/admin/", form, timeout=20).raise_for_status()
    return browser.cookies


def asked_for(size: int) -> list[dict[str, Any]]:
    """Return what stands for people in addresses, the same people for each site."""
    from contacts_ui.models import IndexedContact

    everyone, half = IndexedContact.objects.order_by("pk"), size // 100 * 50
    middle = {"middle": everyone.values_list("pk", flat=True)[half - 1]}
    middle |= {"offset": half, "page": half // 50 + 1}
    named = everyone.filter(first_name__regex="^[A-Za-z]{3,}$", last_name__regex="^[A-Za-z]{5,}$")
    ids = list(named.exclude(number="").values_list("pk", flat=True))
    chosen = random.Random(1).sample(ids, min(PEOPLE_ASKED_FOR, len(ids)))  # noqa: S311
    return [
        {
            "id": each.pk,
            "part": each.last_name[1:5],
            "parts": f"{each.first_name[:3]}+{each.last_name[:4]}",
            "digits": each.number[-7:],
            **middle,
        }
        for each in everyone.filter(pk__in=chosen)
    ]


def measured(
    sites: list[Site], people: list[dict[str, Any]], browsers: int, runs: int, size: int
) -> dict[str, Row]:
    """Measure each row at each site in turns; several browsers at once only read."""
    rows: dict[str, Row] = {row: {} for row in (READ if browsers > 1 else DASHBOARD)}
    for row, found in rows.items():
        for site in sites:
            if row not in site.pages:
                continue
            if row.startswith("export"):
                found[site.name] = Measured(rate=streamed(site, size))
            elif row == "save":
                found[site.name] = saved(site, people[:runs])
            else:
                paths = [site.pages[row].format(**each) for each in people]
                found[site.name] = read(
                    site, paths, browsers, runs if browsers == 1 else REQUESTS_EACH
                )
    return rows


def read(site: Site, paths: list[str], browsers: int, each: int) -> Measured:
    """Let some browsers ask at once, each for its own people; the first requests do not count."""

    def ask(number: int) -> list[tuple[float, float]]:
        browser, url = site.browser(), site.urls[number % len(site.urls)]
        mine = islice(cycle(paths), number * each, number * each + each)
        return [one(partial(browser.get, url + path, timeout=120), 200) for path in mine]

    for number in range(4):
        ask(len(paths) - number)
    started = time.perf_counter()
    with ThreadPoolExecutor(browsers) as pool:
        times = [each for some in pool.map(ask, range(browsers)) for each in some]
    return summed(times, time.perf_counter() - started)


def saved(site: Site, people: list[dict[str, Any]]) -> Measured:
    """Post the edit form of each person with another city."""
    times, browser, started = [], site.browser(), time.perf_counter()
    for number, each in enumerate(people):
        url = site.urls[0] + site.pages["save"].format(**each)
        form = form_of(browser.get(url, timeout=120).text)
        form["city"] = f"Benchville {number}"
        post = partial(
            browser.post, url, form, headers={"Referer": url}, timeout=120, allow_redirects=False
        )
        times.append(one(post, 302))
    return summed(times, time.perf_counter() - started)


def streamed(site: Site, people: int) -> float:
    """Read an export of everyone to its end; return rows a second."""
    browser, url = site.browser(), site.urls[0] + site.pages["export, rows a second"]
    started, lines = time.perf_counter(), 0
    token = {"X-CSRFToken": browser.cookies.get("csrftoken") or "", "Referer": url}
    # Datasette exports what is asked for by GET.
    ask = browser.post if site.cookies else browser.get
    with ask(url, data={"why": WHY}, headers=token, timeout=600, stream=True) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_content(1 << 16):
            lines += chunk.count(b"\n")
    if lines < people:
        raise SystemExit(f"{url}: {lines} lines for {people} contacts")
    return people / (time.perf_counter() - started)


def one(ask: Callable[[], requests.Response], status: int) -> tuple[float, float]:
    started = time.perf_counter()
    answer = ask()
    took = (time.perf_counter() - started) * 1000
    if answer.status_code != status:
        raise SystemExit(f"{answer.url}: {answer.status_code}")
    vendor = re.search(r"vendor;dur=([\d.]+)", answer.headers.get("Server-Timing", ""))
    return took, float(vendor[1]) if vendor else 0.0


def summed(times: list[tuple[float, float]], seconds: float) -> Measured:
    took = sorted(each[0] for each in times)
    vendor = statistics.median(each[1] for each in times)
    return Measured(
        statistics.median(took), took[int(len(took) * 0.95)], vendor, len(times) / seconds
    )


def print_table(rows: dict[str, Row], sites: list[Site], browsers: int) -> None:
    """Print a Markdown table: times for one browser, or requests a second for several at once."""
    unit = "median ms (p95)" if browsers == 1 else f"{browsers} at once: requests a second (p95 ms)"
    heads = [unit, "here", "of it the vendor's", *(site.name for site in sites[1:])]
    print("\n" + table_line(heads) + "\n" + table_line(["---"] * len(heads)))
    for row, found in rows.items():
        vendor = found["here"].vendor
        cells = [cell(found.get(site.name), browsers) for site in sites]
        print(
            table_line([row, cells[0], f"{vendor:.1f}" if vendor else "–", *cells[1:]]), flush=True
        )


def table_line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(found: Measured | None, browsers: int) -> str:
    if found is None:
        return "–"
    if not found.median:
        return f"{found.rate:,.0f}"
    number = found.median if browsers == 1 else found.rate
    return f"{number:.1f} ({found.slow:.0f})"


def print_memory(sites: list[Site]) -> None:
    """Print the peak memory in MB of the largest process of each site."""
    peaks = []
    for site in sites:
        pids = [pid for each in site.processes for pid in (children_of(each) or [each.pid])]
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
        peak = max(int(re.search(r"VmHWM:\s+(\d+)", text)[1]) for text in texts) / 1024  # type: ignore[index]
        peaks.append(f"{site.name} {peak:.0f}")
    print(f"\nPeak memory, MB: {', '.join(peaks)}", flush=True)


def print_growth(growth: dict[str, dict[int, Row]]) -> None:
    """Print our medians at each size, and by how much they grow per tenfold."""
    sizes = list(growth["first page"])
    print("\n" + table_line(["median ms here", *(f"{size:,}" for size in sizes), "per tenfold"]))
    print(table_line(["---"] * (len(sizes) + 2)))
    for row in (*READ, "save"):
        if row in growth:
            medians = [growth[row][size]["here"].median for size in sizes]
            tenfold = (medians[-1] / medians[0]) ** (1 / math.log10(sizes[-1] / sizes[0]))
            print(table_line([row, *(f"{each:.1f}" for each in medians), f"{tenfold - 1:+.0%}"]))


def plotted(growth: dict[str, dict[int, Row]]) -> str:
    """Return an SVG with a small plot for each page: median ms over the number of people, both logarithmic."""
    width, height, low, high = 260, 150, 1.0, 3.7
    sizes = list(growth["first page"])
    span = math.log10(sizes[-1] / sizes[0]) or 1
    names = list(growth["first page"][sizes[0]])

    def x(size: int) -> float:
        return 30 + (width - 50) * math.log10(size / sizes[0]) / span

    def y(ms: float) -> float:
        return height - 20 - (height - 50) * (math.log10(max(ms, 1)) - low / 2) / (high - low / 2)

    parts = []
    for at, row in enumerate(each for each in (*READ, "save") if each in growth):
        parts.append(
            f'<g transform="translate({at % 4 * width} {at // 4 * height})"><text x="30" y="14">{row}</text>'
        )
        for ms in (10, 100, 1000):
            line = f'<path d="M30 {y(ms):.1f}H{width - 20}" stroke="#ddd"/>'
            parts.append(f'{line}<text x="26" y="{y(ms) + 3:.1f}" text-anchor="end">{ms}</text>')
        for size in sizes:
            parts.append(
                f'<text x="{x(size):.1f}" y="{height - 6}" text-anchor="middle">{size:,}</text>'
            )
        for name, color in zip(names, COLORS, strict=True):
            there = [(size, found[name]) for size, found in growth[row].items() if name in found]
            points = " ".join(f"{x(size):.1f},{y(found.median):.1f}" for size, found in there)
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>'
            )
        parts.append("</g>")
    for at, (name, color) in enumerate(zip(names, COLORS, strict=True)):
        parts.append(
            f'<text x="{30 + at * 130}" y="{2 * height + 14}" fill="{color}">{name}</text>'
        )
    font = 'font-family="sans-serif" font-size="10"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {4 * width + 12} {2 * height + 20}" {font}>'
        "<title>Median milliseconds over the number of people</title>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


if __name__ == "__main__":
    main()
