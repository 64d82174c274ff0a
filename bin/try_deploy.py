"""Deploy this version over an older one while people work: is a page refused, a style missing, or a stop lost?

bin/with-postgres-and-redis .venv/bin/python bin/try_deploy.py [--from COMMIT]

The order is that of "Upgrade" in docs/operations.md: the older version serves while this one migrates; then a web
process and a worker of each version run beside each other; then the older ones end. Ends with 1 if anything broke.
"""

import argparse
import re
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import requests
from stack import (
    ROOT,
    Stack,
    collect_static,
    export,
    log_in,
    make_people,
    manage,
    not_stopped,
    press,
    running_stack,
    tickets,
    until,
    use_database,
)

ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')
PAGES = ("/contacts/", "/opt-outs/", "/overview/", "/status/", "/jobs/")
STEPS = ("older version", "migrate", "both versions", "older ends", "new version")
CONFIRMED_SECONDS = 90.0


@dataclass
class Seen:
    """What people were answered; `step` is what the operator does then."""

    step: str = "older version"
    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    longest: dict[str, tuple[float, str]] = field(default_factory=dict)
    stopped: list[int] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def note(self, kind: str, status: int, began: float) -> None:
        self.answers[self.step, kind, status] += 1
        took = time.monotonic() - began, kind
        self.longest[self.step] = max(self.longest.get(self.step, took), took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="old", default="HEAD~1", help="the older version (HEAD~1)")
    parser.add_argument(
        "--people", type=int, default=6, help="who work at once; a third manage (6)"
    )
    parser.add_argument(
        "--seconds", type=float, default=10, help="each version alone, and both (10)"
    )
    parser.add_argument(
        "--stops", type=int, default=300, help="at most, a fifth in each step (300)"
    )
    parser.add_argument("--then", default="", help="a command at the end, such as rebuild_verdicts")
    options = parser.parse_args()
    with (
        export(options.old) as old,
        running_stack(people=options.stops * 3, settings={"UNDO_SECONDS": "0"}, root=old) as stack,
    ):
        use_database(stack)
        names = make_people(options.people - options.people // 3, options.people // 3)
        collect_static(stack)
        for name in ("front-0", "worker-0", "balancer"):
            stack.spawn(name)
        until(lambda: stack.ready("front-0"), "the older version")
        browsers = [log_in(stack, name) for name in names]
        # Each step has its share of the stops.
        people = list(tickets(stack, browsers[0], options.stops).items())
        todo = {step: people[at :: len(STEPS)] for at, step in enumerate(STEPS)}
        seen = Seen()
        threads = [
            threading.Thread(target=work, args=(stack, each, todo, seen)) for each in browsers
        ]
        for thread in threads:
            thread.start()
        try:
            deploy(stack, seen, options.seconds)
            if options.then:
                manage(stack, options.then)
        finally:
            seen.over.set()
            for thread in threads:
                thread.join()
        sys.exit(judge(stack, seen))


def deploy(stack: Stack, seen: Seen, seconds: float) -> None:
    """Do what the operator does."""
    time.sleep(seconds)
    stack.root = ROOT
    seen.step = "migrate"
    # Rather try again than hold up everyone who waits behind it.
    stack.environment["PGOPTIONS"] = "-c lock_timeout=5s"
    manage(stack, "migrate", "--verbosity", "0")
    del stack.environment["PGOPTIONS"]
    # Into the same folder: a page of the older version may ask the new one for its styles.
    collect_static(stack)
    seen.step = "both versions"
    for name in ("worker-1", "front-1"):
        stack.spawn(name)
    until(lambda: stack.ready("front-1"), "the new version")
    time.sleep(seconds)
    seen.step = "older ends"
    for name in ("worker-0", "front-0"):
        if stack.end(name):
            raise SystemExit(f"{name} did not end by itself.")
    seen.step = "new version"
    time.sleep(seconds)


def work(
    stack: Stack, browser: requests.Session, todo: dict[str, list[tuple[int, str]]], seen: Seen
) -> None:
    """Read pages with their styles, and stop one person after the other."""
    turn = 0
    while not seen.over.is_set():
        turn += 1
        began = time.monotonic()
        page = browser.get(stack.url + PAGES[turn % len(PAGES)], timeout=60)
        seen.note("page", page.status_code, began)
        for asset in set(ASSET.findall(page.text)):
            began = time.monotonic()
            found = browser.get(stack.url + asset, timeout=60).status_code
            seen.note("style or script", found, began)
        someone = None
        with suppress(IndexError):
            someone = todo[seen.step].pop()
        if someone:
            contact_id, ticket = someone
            began = time.monotonic()
            address = f"{stack.url}/contacts/{contact_id}/do-not-text/"
            status = press(browser, address, {"ticket": ticket, "reason": "try_deploy"})
            seen.note("stop", status, began)
            if status == 302:
                seen.stopped.append(contact_id)
        seen.over.wait(0.2)


def judge(stack: Stack, seen: Seen) -> int:
    """Print what happened; return 1 if anything broke."""
    from contacts_ui.models import DesiredState, IndexedContact, LedgerEntry
    from contacts_ui.models.ledger import Action

    open_states = DesiredState.objects.exclude(due_at=None)
    until(lambda: not open_states.exists(), "the last deliveries", CONFIRMED_SECONDS)
    for step, (seconds, longest) in seen.longest.items():
        counted = {
            f"{kind} {status}": many
            for (when, kind, status), many in sorted(seen.answers.items())
            if when == step
        }
        print(f"{step}: longest wait {seconds:.1f} s ({longest}); {counted}")
    entries = LedgerEntry.objects.filter(contact_id__in=seen.stopped, action=Action.STOP_REQUESTED)
    numbers = dict(entries.values_list("contact_id", "number"))
    lost: list[object] = [each for each in seen.stopped if each not in numbers]
    lost += not_stopped(stack, numbers.values())
    stale = IndexedContact.objects.filter(pk__in=seen.stopped).exclude(answer="do_not_text")
    # Agents may not read every page.
    broken = [each for each in seen.answers if each[2] not in (200, 302, 403)]
    print(
        f"{len(seen.stopped)} stops, {len(lost)} lost, {stale.count()} found under a wrong answer;"
        f" refused or broken: {broken or 'none'}"
    )
    return int(bool(lost or broken or stale.exists() or not seen.stopped))


if __name__ == "__main__":
    main()
