"""What `make chaos` finds afterwards: lost, wrong, late, by the sandbox's truth and the ledger alone."""

import argparse
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chaos_storm import KINDS, Clicks
from stage import Stage, tell


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
