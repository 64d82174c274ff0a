"""`make bench-delivery`: how fast wishes are delivered, and how long a click takes until both vendors have confirmed.

Real processes, real HTTP; the vendors' rate limit is off. On PostgreSQL with DATABASE_URL, else on SQLite.
"""

import argparse
import statistics
import time
from itertools import product

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

SETTINGS = {
    "LATE_EFFECT_SECONDS": "5",
    # The vendors' limit is off, so ours is too: the backlog's stops would hold up the table for a minute.
    "SLICKTEXT_CALLS_PER_SECOND": "10000",
}


def main() -> None:
    options = read_options()
    with staged(people=options.wishes + options.clicks * 3, settings=SETTINGS) as stage:
        use_database(stage)
        names = make_people(agents=1, managers=0)
        from django.db import connection

        print(
            f"on {connection.vendor}, two vendors, {options.calls} calls at once to each by each worker"
        )
        print(
            f"\n{'workers':<10}{'vendor latency':>16}{'wishes':>10}{'seconds':>10}{'a second':>10}"
        )
        for latency in options.latency:
            for workers in options.workers:
                measure(stage, workers, latency, options.wishes)
        clicks(stage, names[0], options)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wishes", type=int, default=1000, help="how many to deliver (1000)")
    parser.add_argument(
        "--workers", type=int, nargs="+", default=[1, 4], help="how many workers (1 4)"
    )
    parser.add_argument(
        "--latency", type=float, nargs="+", default=[0.0, 0.2], help="seconds (0 0.2)"
    )
    parser.add_argument("--clicks", type=int, default=80, help="how many clicks to time (80)")
    parser.add_argument("--calls", type=int, default=6, help="WORKER_CALLS_AT_ONCE (6)")
    return parser.parse_args()


def measure(stage: Stage, workers: int, latency: float, count: int) -> None:
    """Deliver a backlog, from the first confirmation to the last, so that starting Python does not count."""
    from contacts_ui.models import Wish

    slow(stage, latency, latency)
    write_backlog(stage, count)
    names = [f"worker-{number}" for number in range(workers)]
    for name in names:
        stage.spawn(name)
    done = Wish.objects.filter(state="confirmed")
    until(lambda: done.count() >= count * 0.05, "the first wishes", 120)
    first, started = done.count(), time.monotonic()
    until(lambda: done.count() >= count, "the last wish", 600)
    seconds = time.monotonic() - started
    for name in names:
        stage.end(name)
    pace = (count - first) / seconds
    print(f"{workers:<10}{latency:>14.1f} s{count:>10}{seconds:>10.1f}{pace:>10.0f}", flush=True)


def slow(stage: Stage, slicktext: float, cloudcontactai: float) -> None:
    for vendor, seconds in (("slicktext", slicktext), ("cloudcontactai", cloudcontactai)):
        fault = {"kind": "latency", "seconds": seconds} if seconds else {"kind": "none"}
        tell(stage, "PUT", f"faults/{vendor}", fault)


def write_backlog(stage: Stage, count: int) -> None:
    """Stops for `count` / 2 numbers, each at both vendors, as after an outage."""
    from django.utils import timezone

    from contacts_ui.models import Wish
    from contacts_ui.models.consent import Source
    from contacts_ui.services.consent.rules import exactly
    from contacts_ui.services.consent.stops import Stop, write_stop
    from contacts_ui.services.consent.types import Seen

    Wish.objects.all().delete()
    known = tell(stage, "GET", f"truth/all?limit={count * 2}")["data"]
    numbers = [each["number"] for each in known if each["slicktext"]]
    for number in numbers[: count // 2]:
        seen = Seen(number, status="subscribed")
        write_stop(Stop(seen, Source.STAFF, exactly(timezone.now())))


def clicks(stage: Stage, name: str, options: argparse.Namespace) -> None:
    """From the click to the answer that says both vendors confirmed, one click after the other."""
    from django.utils import timezone

    from contacts_ui.models import Wish

    slow(stage, 0, 0)
    stage.spawn("web")
    stage.spawn("worker-0")
    until(lambda: answers(f"{stage.url}/readyz"), "the dashboard")
    browser = log_in(stage, name)
    people = iter(tickets(stage, browser, options.clicks).items())
    print(
        f"\n{'click':<16}{'slower vendor':<16}{'median click':>16}{'worst':>10}"
        f"{'both confirmed in the answer':>32}"
    )
    each = options.clicks // 8
    for door, latency in product(("a request", "tell them now"), (0.0, 0.3, 1.0, 2.0)):
        slow(stage, latency / 2, latency)
        taken, began = [], timezone.now()
        for _ in range(each):
            contact_id, ticket = next(people)
            address, form = f"{stage.url}/contacts/{contact_id}", {"ticket": ticket}
            last = f"{address}/do-not-text/"
            if door == "a request":
                form["reason"] = "They asked."
            else:
                press(browser, last, form)
                last = f"{address}/tell-now/"
            started = time.monotonic()
            press(browser, last, form)
            taken.append(time.monotonic() - started)
        confirmed = Wish.objects.filter(confirmed_at__gt=began, state="confirmed").count()
        median = statistics.median(taken)
        print(
            f"{door:<16}{latency:>12.1f} s{median:>15.2f} s{max(taken):>8.2f} s"
            f"{confirmed // 2:>23} of {each}"
        )


if __name__ == "__main__":
    main()
