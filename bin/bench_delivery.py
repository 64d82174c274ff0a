"""`make bench-delivery`: measure deliveries a second, and the time from a click to both vendors' confirmation.

Real processes, real HTTP; the vendors' rate limit is off. On PostgreSQL with DATABASE_URL, else on SQLite.
"""

import argparse
import statistics
import time
from itertools import product

from stack import (
    Stack,
    answers,
    log_in,
    make_people,
    press,
    running_stack,
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
    with running_stack(people=options.deliveries + options.clicks * 3, settings=SETTINGS) as stack:
        use_database(stack)
        names = make_people(agents=1, managers=0)
        from django.db import connection

        print(
            f"on {connection.vendor}, two vendors, {options.calls} calls at once to each by each worker"
        )
        print(
            f"\n{'workers':<10}{'vendor latency':>16}{'deliveries':>10}{'seconds':>10}{'a second':>10}"
        )
        for latency in options.latency:
            for workers in options.workers:
                measure(stack, workers, latency, options.deliveries)
        clicks(stack, names[0], options)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=1000, help="how many to deliver (1000)")
    parser.add_argument(
        "--workers", type=int, nargs="+", default=[1, 4], help="how many workers (1 4)"
    )
    parser.add_argument(
        "--latency", type=float, nargs="+", default=[0.0, 0.2], help="seconds (0 0.2)"
    )
    parser.add_argument("--clicks", type=int, default=80, help="how many clicks to time (80)")
    parser.add_argument("--calls", type=int, default=6, help="WORKER_CALLS_AT_ONCE (6)")
    return parser.parse_args()


def measure(stack: Stack, workers: int, latency: float, count: int) -> None:
    """Deliver a backlog, from the first confirmation to the last, so that starting Python does not count."""
    from contacts_ui.models import DesiredState

    slow(stack, latency, latency)
    write_backlog(stack, count)
    names = [f"worker-{number}" for number in range(workers)]
    for name in names:
        stack.spawn(name)
    done = DesiredState.objects.filter(state="confirmed")
    until(lambda: done.count() >= count * 0.05, "the first deliveries", 120)
    first, started = done.count(), time.monotonic()
    until(lambda: done.count() >= count, "the last delivery", 600)
    seconds = time.monotonic() - started
    for name in names:
        stack.end(name)
    pace = (count - first) / seconds
    print(f"{workers:<10}{latency:>14.1f} s{count:>10}{seconds:>10.1f}{pace:>10.0f}", flush=True)


def slow(stack: Stack, slicktext: float, cloudcontactai: float) -> None:
    for vendor, seconds in (("slicktext", slicktext), ("cloudcontactai", cloudcontactai)):
        fault = {"kind": "latency", "seconds": seconds} if seconds else {"kind": "none"}
        tell(stack, "PUT", f"faults/{vendor}", fault)


def write_backlog(stack: Stack, count: int) -> None:
    """Write stops for `count` / 2 numbers, each at both vendors, as after an outage."""
    from django.utils import timezone

    from contacts_ui.models import DesiredState
    from contacts_ui.models.consent import Source
    from contacts_ui.services.consent.rules import exactly
    from contacts_ui.services.consent.stops import Stop, write_stop
    from contacts_ui.services.consent.types import Seen

    DesiredState.objects.all().delete()
    known = tell(stack, "GET", f"truth/all?limit={count * 2}")["data"]
    numbers = [each["number"] for each in known if each["slicktext"]]
    for number in numbers[: count // 2]:
        seen = Seen(number, status="subscribed")
        write_stop(Stop(seen, Source.STAFF, exactly(timezone.now())))


def clicks(stack: Stack, name: str, options: argparse.Namespace) -> None:
    """Time clicks, one after the other, until the answer says that both vendors confirmed."""
    from django.utils import timezone

    from contacts_ui.models import DesiredState

    slow(stack, 0, 0)
    stack.spawn("web")
    stack.spawn("worker-0")
    until(lambda: answers(f"{stack.url}/readyz"), "the dashboard")
    browser = log_in(stack, name)
    people = iter(tickets(stack, browser, options.clicks).items())
    print(
        f"\n{'click':<16}{'slower vendor':<16}{'median click':>16}{'worst':>10}"
        f"{'both confirmed in the answer':>32}"
    )
    each = options.clicks // 8
    for door, latency in product(("a request", "tell them now"), (0.0, 0.3, 1.0, 2.0)):
        slow(stack, latency / 2, latency)
        taken, began = [], timezone.now()
        for _ in range(each):
            contact_id, ticket = next(people)
            address, form = f"{stack.url}/contacts/{contact_id}", {"ticket": ticket}
            last = f"{address}/do-not-text/"
            if door == "a request":
                form["reason"] = "They asked."
            else:
                press(browser, last, form)
                last = f"{address}/tell-now/"
            started = time.monotonic()
            press(browser, last, form)
            taken.append(time.monotonic() - started)
        confirmed = DesiredState.objects.filter(confirmed_at__gt=began, state="confirmed").count()
        median = statistics.median(taken)
        print(
            f"{door:<16}{latency:>12.1f} s{median:>15.2f} s{max(taken):>8.2f} s"
            f"{confirmed // 2:>23} of {each}"
        )


if __name__ == "__main__":
    main()
