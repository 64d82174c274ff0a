"""`make chaos`: whatever breaks, is every stop at both vendors in the end, in order and in time?

Several people press, unsend, tell now, record how they were asked, and lift the same numbers over real HTTP, while the
vendors fail three calls in ten in every way that the sandbox knows, and while web and worker processes are killed
(kill -9), also inside a hold, and started again. PostgreSQL is stopped and started now and then where
TEST_DATABASE_RESTART says how (`bin/with-postgres-and-redis` does); else its connections are cut. Then faults and
accidents end. When nothing is held or on its way anymore, rule 1's verdict on each number's statements is compared
with what the sandbox's vendors really hold.

lost    a click that the dashboard acknowledged, and that left no trace; or a number with statements that has no settled
        desired state for a vendor at the end
wrong   a number and vendor where the vendor holds something else than the record says, or something else than we
        believe it confirmed; a kept verdict that is not the record's; or a ledger whose chain is broken
late    a stop that a vendor confirmed more than --late seconds after it was recorded; a press that was sent as long
        after its hold; or anything still held or on its way --late seconds after the storm
"""

import argparse
import sys
from pathlib import Path

from chaos_report import report
from chaos_storm import Clicks, calm_down, count_faults, end_workers, set_faults, storm
from stack import answers, log_in, make_people, running_stack, tell, tickets, until, use_database

# Short, so that a run ends within minutes; the rules are the same as in production.
SETTINGS = {
    "LONGEST_RETRY_SECONDS": "5",
    "LATE_EFFECT_SECONDS": "5",
    "STOP_DEADLINE_SECONDS": "0.5",
    "UNDO_SECONDS": "2",
    "FOUR_EYES": "off",
}


def main() -> int:
    options = read_options()
    settings = SETTINGS | {"WORKER_CALLS_AT_ONCE": str(options.calls)}
    with running_stack(people=options.numbers * 3, settings=settings) as stack:
        use_database(stack)
        names = make_people(agents=options.people, managers=4)
        stack.spawn("web")
        until(lambda: answers(f"{stack.url}/readyz"), "the dashboard")
        browsers = [log_in(stack, name) for name in names]
        seen = tickets(stack, browsers[0], options.numbers)
        for number in range(options.workers):
            stack.spawn(f"worker-{number}")
        clicks = Clicks()
        set_faults(stack, options.share)
        storm(stack, options, browsers, seen, clicks)
        tell(stack, "DELETE", "faults")
        after = calm_down(options)
        count_faults(stack, clicks)
        clicks.unclean += end_workers(stack)
        return report(stack, options, clicks, after)


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


if __name__ == "__main__":
    sys.exit(main())
