"""The storm of `make chaos`: people click, vendors fail, and `chaos_accidents` happen until time is up."""

import argparse
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chaos_accidents import Accidents
from stack import Stack, press, tell

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
CALLS_KEPT = 10_000


@dataclass
class Clicks:
    """What people did, and what they were told."""

    pressed: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)
    # Contact ids, and when their press began: a bare press leaves no words to find it by.
    presses: list[tuple[int, datetime]] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    unclean: int = 0


def set_faults(stack: Stack, share: float) -> None:
    faults = [
        {"kind": kind, "share": round(part * share, 4), **options}
        for kind, (part, options) in KINDS.items()
    ]
    for vendor in ("slicktext", "cloudcontactai"):
        tell(stack, "PUT", f"faults/{vendor}", SLOW + faults)


def storm(
    stack: Stack,
    options: argparse.Namespace,
    browsers: list[Any],
    seen: dict[int, str],
    clicks: Clicks,
) -> None:
    """Let people click and processes die until time is up."""
    over = threading.Event()
    chance = random.Random(options.seed)  # noqa: S311 - to be repeatable
    workers = [f"worker-{number}" for number in range(options.workers)]
    accidents = Accidents(stack, workers, options.kill_every, chance, clicks.killed)
    with ThreadPoolExecutor(len(browsers) + 2) as pool:
        for number, browser in enumerate(browsers):
            person = Person(stack, browser, number, seen, clicks, options.people)
            pool.submit(person.press_until, over, chance.random())
        pool.submit(count_now_and_then, stack, clicks, over)
        try:
            accidents.until(time.monotonic() + options.seconds)
        finally:
            over.set()


@dataclass
class Person:
    """Someone who presses, thinks again, records how they were asked, or lifts, one after the other."""

    stack: Stack
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
            if not lifts and chance.random() < 0.5:
                status = self.press(contact_id, chance)
            else:
                status = (self.lift if lifts else self.stop)(contact_id, mark)
                if status == 302:
                    self.clicks.acknowledged.add(mark)
                self.clicks.pressed["lift" if lifts else "stop"] += 1
            self.clicks.answers[status] += 1
            if status in (0, 500):
                # No one presses a hundred times a second while the database is away.
                over.wait(0.5)

    def press(self, contact_id: int, chance: random.Random) -> int:
        """Press the switch, then nothing, *Unsend*, or *Tell them now*; return the first status."""
        began = datetime.now(UTC)
        status = self._post(contact_id, "do-not-text")
        self.clicks.pressed["press"] += 1
        if status == 302:
            self.clicks.presses.append((contact_id, began))
        if then := chance.choice(["", "unsend", "unsend", "tell-now"]):
            time.sleep(chance.choice([0.0, 0.5, 2.0]))
            self.clicks.answers[self._post(contact_id, then)] += 1
            self.clicks.pressed[then] += 1
        return status

    def stop(self, contact_id: int, mark: str) -> int:
        return self._post(contact_id, "do-not-text", reason=mark)

    def _post(self, contact_id: int, door: str, **form: str) -> int:
        address = f"{self.stack.url}/contacts/{contact_id}/{door}/"
        return press(self.browser, address, {"ticket": self.seen[contact_id], **form})

    def lift(self, contact_id: int, mark: str) -> int:
        form = {
            "status": "subscribed",
            # At this moment: nothing older answers their newest stop.
            "consent_who": "Pat Person",
            "consent_channel": "phone",
            "consent_words": mark,
        }
        return press(self.browser, f"{self.stack.url}/contacts/{contact_id}/opt-in/", form)


def count_now_and_then(stack: Stack, clicks: Clicks, over: threading.Event) -> None:
    """Count calls on the way, since the sandbox keeps only the latest."""
    while not over.wait(10):
        count_faults(stack, clicks)


def count_faults(stack: Stack, clicks: Clicks) -> None:
    calls = tell(stack, "GET", f"calls?limit={CALLS_KEPT}")["data"]
    tell(stack, "DELETE", "calls")
    clicks.faults.update(call["fault"] or "none" for call in calls)


def calm_down(options: argparse.Namespace) -> float | None:
    """Wait until nothing is held or on its way, and no second look is due; return seconds, None if it never ended."""
    from contacts_ui.models import DesiredState, HeldPress

    started = time.monotonic()
    while time.monotonic() < started + options.late:
        held = HeldPress.objects.filter(state="held").exists()
        if not held and not DesiredState.objects.exclude(due_at=None).exists():
            return time.monotonic() - started
        time.sleep(0.25)
    return None


def end_workers(stack: Stack) -> int:
    """Send SIGTERM to all workers; return how many did not exit with 0."""
    return sum(stack.end(name) != 0 for name in stack.processes if name.startswith("worker"))
