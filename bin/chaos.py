"""`make chaos`: whatever breaks, is every stop at both vendors in the end, in order and in time?

Several people stop and lift the same numbers over real HTTP, while the vendors fail three calls in ten in every way
that the sandbox knows, and while web and worker processes are killed (kill -9) and started again. On PostgreSQL all
database connections are cut now and then, as by a restart. Then faults and kills end. When nothing is on its way
any more, the ledger's newest request for each number is compared with what the sandbox's vendors really hold.

lost    a click that the dashboard acknowledged, and that is not in the ledger; or a number whose newest request has no
        settled wish for a vendor at the end
wrong   a number and vendor where the vendor holds something else than the newest request in the ledger, or something
        else than we believe it confirmed; or a ledger whose chain is broken
late    a stop that was the newest request and that a vendor confirmed more than --late seconds after it was recorded;
        or anything still on its way --late seconds after the storm
"""

import argparse
import contextlib
import os
import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stage import (
    Stage,
    answers,
    log_in,
    make_people,
    press,
    staged,
    tell,
    tickets,
    until,
    use_database,
)

# Every way in which the sandbox can fail a call, with its part of --share.
KINDS: dict[str, tuple[float, dict[str, Any]]] = {
    "error": (0.2, {}),
    "html": (0.12, {}),
    "drop_before": (0.16, {}),
    "drop_after": (0.2, {}),
    "hang": (0.05, {"seconds": 30}),
    "unauthorized": (0.1, {}),
    "down": (0.14, {}),
    "too_many": (0.03, {"seconds": 1}),
}
SLOW = [
    {"kind": "latency", "seconds": 0, "up_to": 0.2},
    # Longer than anybody waits: carried out when the caller has gone.
    {"kind": "latency", "seconds": 20, "share": 0.005},
]
# Short, so that a run ends within minutes; the rules are the same as in production.
SETTINGS = {
    "LONGEST_RETRY_SECONDS": "5",
    "LATE_EFFECT_SECONDS": "5",
    "STOP_DEADLINE_SECONDS": "0.5",
}
CALLS_KEPT = 10_000


@dataclass
class Clicks:
    """What people did, and what they were told."""

    pressed: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    unclean: int = 0


def main() -> int:
    options = read_options()
    settings = SETTINGS | {"WORKER_CALLS_AT_ONCE": str(options.calls)}
    with staged(people=options.numbers * 3, settings=settings) as stage:
        use_database(stage)
        names = make_people(agents=options.people, managers=4)
        stage.spawn("web")
        until(lambda: answers(f"{stage.url}/readyz"), "the dashboard")
        browsers = [log_in(stage, name) for name in names]
        seen = tickets(stage, browsers[0], options.numbers)
        for number in range(options.workers):
            stage.spawn(f"worker-{number}")
        clicks = Clicks()
        set_faults(stage, options.share)
        storm(stage, options, browsers, seen, clicks)
        tell(stage, "DELETE", "faults")
        after = calm_down(stage, options)
        count_faults(stage, clicks)
        clicks.unclean += end_workers(stage)
        return report(stage, options, clicks, after)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=100, help="how long the storm lasts (100)")
    parser.add_argument("--numbers", type=int, default=500, help="how many phone numbers (500)")
    parser.add_argument(
        "--people", type=int, default=16, help="agents who press; 4 managers more (16)"
    )
    parser.add_argument("--workers", type=int, default=2, help="worker processes (2)")
    parser.add_argument("--calls", type=int, default=6, help="calls at once: worker and vendor (6)")
    parser.add_argument(
        "--share", type=float, default=0.3, help="part of vendor calls that fail (0.3)"
    )
    parser.add_argument("--kill-every", type=float, default=4, help="seconds between kills (4)")
    parser.add_argument(
        "--late", type=float, default=90, help="seconds after which it is late (90)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="who presses what, and what is killed (1)"
    )
    parser.add_argument("--keep", type=Path, help="a folder for the logs of all processes")
    return parser.parse_args()


def set_faults(stage: Stage, share: float) -> None:
    faults = [
        {"kind": kind, "share": round(part * share, 4), **options}
        for kind, (part, options) in KINDS.items()
    ]
    for vendor in ("slicktext", "cloudcontactai"):
        tell(stage, "PUT", f"faults/{vendor}", SLOW + faults)


# The storm.


def storm(
    stage: Stage,
    options: argparse.Namespace,
    browsers: list[Any],
    seen: dict[int, str],
    clicks: Clicks,
) -> None:
    """People press, processes die, until the time is over."""
    over = threading.Event()
    chance = random.Random(options.seed)  # noqa: S311 - to be repeatable
    with ThreadPoolExecutor(len(browsers) + 2) as everybody:
        for number, browser in enumerate(browsers):
            person = Person(stage, browser, number, seen, clicks, options.people)
            everybody.submit(person.press_until, over, chance.random())
        everybody.submit(count_now_and_then, stage, clicks, over)
        try:
            kill_until(stage, options, chance, clicks, time.monotonic() + options.seconds)
        finally:
            over.set()


@dataclass
class Person:
    """Somebody who stops numbers, or lifts stops, one after the other."""

    stage: Stage
    browser: Any
    number: int
    seen: dict[int, str]
    clicks: Clicks
    agents: int

    def press_until(self, over: threading.Event, seed: float) -> None:
        chance, count = random.Random(seed), 0  # noqa: S311
        people = list(self.seen)
        while not over.is_set():
            count += 1
            mark = f"chaos {self.number}-{count}"
            contact_id = chance.choice(people)
            lifts = self.number >= self.agents and chance.random() < 0.8
            status = (self.lift if lifts else self.stop)(contact_id, mark)
            self.clicks.answers[status] += 1
            if status == 302:
                self.clicks.acknowledged.add(mark)
            self.clicks.pressed["lift" if lifts else "stop"] += 1
            if status == 0:
                over.wait(0.2)

    def stop(self, contact_id: int, mark: str) -> int:
        address = f"{self.stage.url}/contacts/{contact_id}/do-not-text/"
        return press(self.browser, address, {"ticket": self.seen[contact_id], "reason": mark})

    def lift(self, contact_id: int, mark: str) -> int:
        form = {
            "status": "subscribed",
            "consent_who": "Somebody",
            "consent_channel": "phone",
            "consent_at": f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT%H:%M}",
            "consent_words": mark,
        }
        return press(self.browser, f"{self.stage.url}/contacts/{contact_id}/consent/", form)


def kill_until(
    stage: Stage, options: argparse.Namespace, chance: random.Random, clicks: Clicks, end: float
) -> None:
    """Accidents, one after the other; a supervisor starts again what died."""
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, chance.uniform(0.5, 1.5) * options.kill_every))
        workers = [f"worker-{n}" for n in range(options.workers)]
        victim = chance.choice(["web child", "web child", "web", *workers, "database"])
        if victim == "database" and not cut_connections(stage):
            victim = "worker-0"
        if victim == "web child":
            for child in stage.children_of("web")[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, 9)
        elif victim != "database":
            stage.kill(victim)
            stage.spawn(victim)
        clicks.killed[victim.split("-")[0]] += 1


def cut_connections(stage: Stage) -> bool:
    """End every connection to PostgreSQL, as a restart does; False on SQLite, which has none."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    return True


def count_now_and_then(stage: Stage, clicks: Clicks, over: threading.Event) -> None:
    """The sandbox keeps its latest calls only, so they are counted on the way."""
    while not over.wait(10):
        count_faults(stage, clicks)


def count_faults(stage: Stage, clicks: Clicks) -> None:
    calls = tell(stage, "GET", f"calls?limit={CALLS_KEPT}")["data"]
    tell(stage, "DELETE", "calls")
    clicks.faults.update(call["fault"] or "none" for call in calls)


# Afterwards.


def calm_down(stage: Stage, options: argparse.Namespace) -> float | None:
    """Wait until nothing is on its way and no second look is due; seconds, or None when it never came to rest."""
    from contacts_ui.models import Wish

    started = time.monotonic()
    while time.monotonic() < started + options.late:
        if not Wish.objects.exclude(due_at=None).exists():
            return time.monotonic() - started
        time.sleep(0.25)
    return None


def end_workers(stage: Stage) -> int:
    """SIGTERM to all; how many did not end by themselves with 0."""
    return sum(stage.end(name) != 0 for name in stage.processes if name.startswith("worker"))


@dataclass
class Findings:
    """The three columns, each with a line for every finding."""

    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


def report(stage: Stage, options: argparse.Namespace, clicks: Clicks, rest: float | None) -> int:
    found = Findings()
    requests = newest_requests()
    look_for_lost(clicks, requests, found)
    look_for_wrong(stage, requests, found)
    waited = look_for_late(options, requests, found)
    if rest is None:
        found.late.append("something was still on its way at the end")
    for name, lines in vars(found).items():
        for line in lines[:10]:
            print(f"{name}: {line}")
    print_table(stage, options, clicks, waited, rest)
    counts = len(found.lost), len(found.wrong), len(found.late)
    print("lost, wrong, late: {}, {}, {}".format(*counts), flush=True)
    return int(any(counts) or clicks.unclean > 0)


def newest_requests() -> dict[str, Any]:
    """The last thing that was asked for each number, by the ledger alone."""
    from contacts_ui.models import LedgerEntry
    from contacts_ui.models.ledger import Action

    asked = LedgerEntry.objects.filter(action__in=(Action.STOP_REQUESTED, Action.CONSENT_REQUESTED))
    return {entry.number: entry for entry in asked.order_by("pk")}


def look_for_lost(clicks: Clicks, requests: dict[str, Any], found: Findings) -> None:
    from contacts_ui.models import LedgerEntry, Vendor, Wish

    written = set(LedgerEntry.objects.values_list("reason", flat=True))
    found.lost += [f"click {mark} is not in the ledger" for mark in clicks.acknowledged - written]
    settled = {(wish.number, wish.vendor) for wish in Wish.objects.all() if wish.settled}
    found.lost += [
        f"{number} has no settled wish for {vendor}"
        for number in requests
        for vendor in Vendor.values
        if (number, vendor) not in settled
    ]


def look_for_wrong(stage: Stage, requests: dict[str, Any], found: Findings) -> None:
    from contacts_ui.models import Wish
    from contacts_ui.services import proof

    truth = dict(the_truth(stage))
    for number, entry in requests.items():
        held, stop = truth.get(number, {}), bool(entry.after["do_not_text"])
        status = "unsubscribed" if stop else entry.after["opt_in_status"]
        if (held.get("slicktext") or {}).get("opt_in_status") != status:
            found.wrong.append(f"{number} at SlickText: {held.get('slicktext')}, not {status}")
        if (held.get("cloudcontactai") or {}).get("do_not_text") is not stop:
            found.wrong.append(f"{number} at CloudContactAI: {held.get('cloudcontactai')}")
    for wish in Wish.objects.all():
        held = truth.get(wish.number, {}).get(wish.vendor) or {}
        believed = wish.confirmed_opt_in_status or wish.confirmed_do_not_text
        holds = held.get("opt_in_status", held.get("do_not_text"))
        if wish.state != "confirmed" or believed != holds:
            found.wrong.append(f"{wish.number} at {wish.vendor}: {wish.state}, {believed}, {holds}")
    found.wrong += [f"ledger: {link}" for link in proof.broken_links()]


def the_truth(stage: Stage) -> Iterator[tuple[str, dict[str, Any]]]:
    """What both vendors really hold, by number."""
    after = ""
    while after is not None:
        page = tell(stage, "GET", f"truth/all?limit=5000&after={after.replace('+', '%2B')}")
        yield from ((each["number"], each) for each in page["data"])
        after = page["next"]


def look_for_late(
    options: argparse.Namespace, requests: dict[str, Any], found: Findings
) -> list[float]:
    """Seconds from recorded to confirmed, for every newest stop and vendor."""
    from contacts_ui.models import LedgerEntry
    from contacts_ui.models.ledger import Action

    stops = {entry.pk: entry for entry in requests.values() if entry.after["do_not_text"]}
    waited = []
    for answer in LedgerEntry.objects.filter(action=Action.STOP_CONFIRMED):
        asked = stops.get(answer.answer["request"])
        if asked is None:
            continue
        seconds = (answer.at - asked.at).total_seconds()
        waited.append(seconds)
        if seconds > options.late:
            found.late.append(f"{asked.number} at {answer.vendor}: after {seconds:.0f} s")
    return waited


def print_table(
    stage: Stage,
    options: argparse.Namespace,
    clicks: Clicks,
    waited: list[float],
    rest: float | None,
) -> None:
    from django.db import connection

    calls = sum(clicks.faults.values())
    struck = {kind: clicks.faults[kind] for kind in KINDS}
    failed = sum(struck.values())
    kills = ", ".join(f"{name} {count}" for name, count in clicks.killed.items()) or "none"
    ordered = sorted(waited) or [0.0]
    rows = {
        "on": f"{connection.vendor}, {options.workers} workers, {options.people + 4} people, "
        f"{options.numbers} numbers, seed {options.seed}",
        "storm": f"{options.seconds:.0f} s",
        "clicks": f"{sum(clicks.pressed.values())}: {clicks.pressed['stop']} stops, "
        f"{clicks.pressed['lift']} lifts; acknowledged {len(clicks.acknowledged)}",
        "answers": ", ".join(
            f"{status or 'none'} {count}" for status, count in sorted(clicks.answers.items())
        ),
        "vendor calls": f"{calls}, of which {failed} failed on purpose ({failed / max(calls, 1):.0%})",
        "": ", ".join(f"{kind} {count}" for kind, count in struck.items()),
        "killed": f"{kills}; workers that did not end cleanly on SIGTERM: {clicks.unclean}",
        "stop to confirmed": f"median {statistics.median(ordered):.1f} s, "
        f"99 % within {ordered[int(len(ordered) * 0.99) - 1]:.1f} s, worst {ordered[-1]:.1f} s",
        "at rest": "never" if rest is None else f"{rest:.1f} s after the storm",
    }
    print()
    for name, text in rows.items():
        print(f"{name:<20}{text}")
    if options.keep:
        for name in stage.logs:
            (options.keep / f"{name}.log").write_text(stage.text_of(name))


if __name__ == "__main__":
    sys.exit(main())
