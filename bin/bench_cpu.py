"""Measure the processor time of whole requests in this process, so that other work on the machine counts little.

`--against PATH` measures another checkout in turns with this one, each with its own database of the same people.
"""

import argparse
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 8
REQUESTS = 8
# The first two are what every request costs: what is around it, and the frame of a page.
PAGES = {
    "no page": "/healthz",
    "frame alone": "/keyboard/",
    "first page": "/contacts/",
    "page in the middle": "/contacts/?offset={middle}",
    "status and state": "/contacts/?status=subscribed&state=TX",
    "part of a name": "/contacts/?q={part}",
    "one typo": "/contacts/?q={typo}",
    "tab Do not text": "/contacts/?may=no",
    "open a contact": "/contacts/{contact}/",
    "overview": "/overview/",
    "opt-outs": "/opt-outs/",
    "status page": "/status/",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--against", type=Path, help="another checkout, such as one of last week")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.people)
        return
    roots = [each.resolve() for each in (options.against, ROOT) if each]
    servers = [start(root, options.people) for root in roots]
    print(f"{options.people:,} contacts, CPU ms of a request, median of {ROUNDS * REQUESTS}")
    for name in PAGES:
        times: list[list[float]] = [[] for _ in servers]
        for _ in range(ROUNDS):
            for server, found in zip(servers, times, strict=True):
                found += ask(server, name)
        print(f"{name:<24}" + "".join(f"{statistics.median(each):>8.1f}" for each in times))
    for server in servers:
        server.stdin.close()
        server.wait(20)


def start(root: Path, people: int) -> Any:
    command = [sys.executable, str(Path(__file__)), "--serve", str(root), "--people", str(people)]
    server = subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    ask(server, "first page")
    return server


def ask(server: Any, name: str) -> list[float]:
    """Let a server process make some requests; return their times in ms."""
    server.stdin.write(f"{name}\n")
    server.stdin.flush()
    return [float(each) for each in server.stdout.readline().split()]


def serve(root: Path, people: int) -> None:
    """Answer each page's name on standard input with the times of some requests."""
    with prepared(root, people) as measure:
        for name in sys.stdin:
            times = [measure.request(PAGES[name.strip()]) for _ in range(REQUESTS)]
            print(*times, flush=True)


@contextmanager
def prepared(root: Path, people: int) -> Iterator["Measure"]:
    """Yield a signed-in manager's requests to a checkout, with a database of its own."""
    sys.path[:0] = [str(root / "bin"), str(root)]
    from stack import collect_static, fill_index, make_people, running_stack, use_database

    settings = {"SLICKTEXT_CALLS_PER_SECOND": "10000", "LOG_LEVEL": "ERROR"}
    with running_stack(people=people, settings=settings) as stack:
        use_database(stack)
        make_people(agents=0, managers=1)
        fill_index(people)
        collect_static(stack)
        yield Measure(people)


class Measure:
    """A signed-in manager's requests."""

    def __init__(self, people: int) -> None:
        from django.contrib.auth.models import User
        from django.test import Client

        from contacts_ui.models import IndexedContact

        headers = {"accept-encoding": "gzip", "host": "localhost"}
        self.client = Client(headers=headers)
        self.client.force_login(User.objects.get())
        named = IndexedContact.objects.exclude(first_name="").exclude(last_name="")
        self.ids = list(
            named.order_by("pk").values_list("pk", flat=True)[1000 : 1000 + people // 2]
        )
        last = str(named.get(pk=self.ids[0]).last_name)
        middle = people // 100 * 50
        self.words = {"middle": middle, "part": last[1:5], "typo": f"{last[:2]}{last[3:]}"}

    def request(self, address: str) -> float:
        """Return the CPU milliseconds of one request."""
        path = address.format(contact=self.ids.pop(), **self.words)
        started = time.process_time()
        answer = self.client.get(path)
        took = (time.process_time() - started) * 1000
        if answer.status_code == 404:
            # An older checkout does not have this page.
            return math.nan
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code}")
        return took


if __name__ == "__main__":
    main()
