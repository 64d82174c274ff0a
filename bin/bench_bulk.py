"""Stop ten thousand people from a list while web and worker are killed: was each stopped exactly once?

.venv/bin/python bin/bench_bulk.py [--stops 10000]

The pasted list holds numbers in several spellings, some of them twice, some of no contact, some that are no numbers.
The job is paused and resumed once.
Afterwards the sandbox says what each vendor was told, and the page and the results file are compared with the preview.
Ends with 1 where anything is not as it must be. DATABASE_URL: which database.
"""

import argparse
import csv
import io
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from stack import (
    Stack,
    answers,
    log_in,
    make_people,
    press,
    running_stack,
    tell,
    until,
    use_database,
)

CHANCE = random.Random(4)  # noqa: S311 - accidents, not secrets
SPELLINGS = ("{0}", "+1{0}", "({1}) {2}-{3}", "{1}.{2}.{3}", "1-{1}-{2}-{3}", '="{0}"')
ACCIDENT_EVERY_SECONDS = 12.0
NO_NUMBERS = ("call me", "1.61556E+10", "555-0123", "n/a")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stops", type=int, default=10_000)
    options = parser.parse_args()
    settings = {"SLICKTEXT_CALLS_PER_SECOND": "60", "LATE_EFFECT_SECONDS": "5"}
    with running_stack(people=options.stops, settings=settings) as stack:
        use_database(stack)
        (manager,) = make_people(0, 1)
        for name in ("web", "worker-0", "worker-1"):
            stack.spawn(name)
        until(lambda: answers(f"{stack.url}/readyz"), "the dashboard")
        given = Given.of(known_numbers(), options.stops)
        browser = log_in(stack, manager)
        url = prepared(stack, browser, given)
        before = max((int(each["id"]) for each in writes(stack)), default=0)
        press(browser, f"{url}start/", {"channel": "", "asked_at": "", "reason": "bench_bulk"})
        happened = accidents(stack, browser, url)
        print(f"ended after {happened.pop('seconds')} s; {dict(happened)}", flush=True)
        until(lambda: answers(f"{stack.url}/readyz"), "the dashboard")
        broken = list(broken_rules(stack, browser, url, given, before))
        print("\n".join(broken or ["All rules kept."]))
        sys.exit(bool(broken))


@dataclass
class Given:
    """What the list holds, in its order, and what the preview has to find in it."""

    lines: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    expected: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, numbers: list[str], stops: int) -> "Given":
        """A twentieth of the stops are of numbers without a contact. As many more are doubles, half as many none."""
        made = cls()
        made.unknown = set(unused_numbers(set(numbers), stops // 20))
        made.known = set(numbers[: stops - len(made.unknown)])
        twice = CHANCE.sample(sorted(made.known | made.unknown), stops // 20)
        bad = [NO_NUMBERS[at % len(NO_NUMBERS)] for at in range(stops // 40)]
        made.lines = [*map(spelled, [*sorted(made.known | made.unknown), *twice]), *bad]
        CHANCE.shuffle(made.lines)
        made.expected.update(known=len(made.known), unknown=len(made.unknown))
        made.expected.update(duplicate=len(twice), invalid=len(bad))
        return made


def unused_numbers(taken: set[str], many: int) -> Iterator[str]:
    numbers = (f"+1989{number:07}" for number in range(2_000_000, 2_900_000, 37))
    free = (number for number in numbers if number not in taken)
    return (next(free) for _ in range(many))


def spelled(number: str) -> str:
    bare = number.removeprefix("+1")
    return CHANCE.choice(SPELLINGS).format(bare, bare[:3], bare[3:6], bare[6:])


def known_numbers() -> list[str]:
    """Return everyone that the first sync found and that is not stopped."""
    from contacts_ui.models import IndexedContact, IndexSync

    synced = IndexSync.objects.filter(finished_at__isnull=False)
    until(lambda: synced.exists(), "the first sync", 300)
    there = IndexedContact.objects.exclude(number="").exclude(status="blocked")
    return sorted(set(there.values_list("number", flat=True)))


def prepared(stack: Stack, browser: requests.Session, given: Given) -> str:
    """Make the job; return its address."""
    data = {"kind": "stop", "numbers": "\r\n".join(given.lines)}
    headers = {"X-CSRFToken": browser.cookies.get("csrftoken") or ""}
    began = time.monotonic()
    answer = browser.post(f"{stack.url}/jobs/new/", data, headers=headers, timeout=120)
    if not re.search(r"/jobs/\d+/$", answer.url):
        raise SystemExit(f"No job was made: {answer.status_code}")
    print(f"prepared {len(given.lines):,} lines in {time.monotonic() - began:.1f} s", flush=True)
    return answer.url


def accidents(stack: Stack, browser: requests.Session, url: str) -> Counter[str]:
    """Kill one process after the other until the job has ended; pause it once, at about a third of its way."""
    from contacts_ui.models import Job

    happened, began, told = Counter[str](), time.monotonic(), 0.0
    pk = int(url.rstrip("/").rsplit("/", 1)[1])
    while Job.objects.get(pk=pk).state != "done":
        time.sleep(CHANCE.uniform(0.5, 1.5) * ACCIDENT_EVERY_SECONDS)
        settled = Job.objects.get(pk=pk).rows.filter(state="done").count()
        if time.monotonic() - told > 60:
            told = time.monotonic()
            print(f"{told - began:5.0f} s: {settled:,} confirmed, {dict(happened)}", flush=True)
        if not happened["pause"] and settled > Job.objects.get(pk=pk).total / 3:
            happened["pause"] += press(browser, f"{url}pause/", {}) == 302
            time.sleep(5)
            press(browser, f"{url}resume/", {})
        victim = CHANCE.choice(["web", "web child", "worker-0", "worker-0", "worker-1"])
        stack.strike(victim)
        happened[victim.split("-")[0]] += 1
        if time.monotonic() - began > 3600:
            raise SystemExit("The job did not end within an hour.")
    happened["seconds"] = round(time.monotonic() - began)
    return happened


def writes(stack: Stack) -> list[dict[str, str]]:
    """Return everything that was written at either vendor, in order."""
    found: list[dict[str, str]] = []
    after: Any = 0
    while after is not None:
        page = tell(stack, "GET", f"truth/writes?after={after}&limit=10000")
        found += page["data"]
        after = page["next"]
    return found


def broken_rules(
    stack: Stack, browser: requests.Session, url: str, given: Given, before: int
) -> Iterator[str]:
    from contacts_ui.models import Job, LedgerEntry
    from contacts_ui.models.ledger import Action

    job = Job.objects.get(pk=int(url.rstrip("/").rsplit("/", 1)[1]))
    expected = given.known | given.unknown
    if Counter(job.counts) != +given.expected:
        yield f"the preview counted {job.counts}, the list holds {dict(given.expected)}"
    stops = LedgerEntry.objects.filter(action=Action.STOP_REQUESTED, request_id=job.reference)
    recorded = Counter(stops.values_list("number", flat=True))
    if twice := [number for number, many in recorded.items() if many > 1]:
        yield f"{len(twice)} numbers were recorded more than once: {twice[:3]}"
    if set(recorded) != expected:
        yield f"{len(expected ^ set(recorded))} numbers were left out, or should have been"
    told = [write for write in writes(stack) if int(write["id"]) > before]
    for vendor, numbers in (("slicktext", given.known), ("cloudcontactai", expected)):
        calls = Counter(write["number"] for write in told if write["vendor"] == vendor)
        again = sum(many - 1 for many in calls.values())
        print(f"{vendor}: {len(calls):,} numbers stopped, {again} of them told again after a kill")
        if set(calls) != numbers:
            yield f"{vendor}: {len(numbers - set(calls))} never told, {len(set(calls) - numbers)} too many"
    page = browser.get(url, timeout=60).text
    if f"{job.total:,} of {job.total:,}" not in re.sub(r"\s+", " ", page):
        yield "the page does not say that all of them ended"
    headers = {"X-CSRFToken": browser.cookies.get("csrftoken") or ""}
    response = browser.post(f"{url}results/", headers=headers, timeout=120)
    file = response.content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(file, newline="")))
    found = Counter(row["Found"] for row in rows)
    print(
        f"results: {len(rows):,} lines, {dict(found)}, {dict(Counter(row['State'] for row in rows))}"
    )
    if len(rows) != len(given.lines) or len({row["Line"] for row in rows}) != len(rows):
        yield f"the results hold {len(rows)} lines, the list {len(given.lines)}"


if __name__ == "__main__":
    main()
