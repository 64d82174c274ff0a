"""Report what `make chaos` found: lost, wrong, or late, by what the vendors hold and the audit log."""

import argparse
import statistics
from dataclasses import dataclass, field
from typing import Any

from chaos_storm import KINDS, Clicks
from stack import Stack, the_truth


@dataclass
class Findings:
    """The three columns, each with a line for every finding."""

    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


def report(stack: Stack, options: argparse.Namespace, clicks: Clicks, rest: float | None) -> int:
    from contacts_ui.models.ledger import Action

    found = Findings()
    # Stops that were read on a page are left out: no vendor is told until a manager starts the job.
    wanted, record = what_the_record_says(but=Action.STOPS_READ), what_the_record_says()
    look_for_lost(clicks, wanted, found)
    look_for_wrong(stack, wanted, record, found)
    waited = look_for_late(options, found)
    if rest is None:
        found.late.append("something was still on its way at the end")
    for name, lines in vars(found).items():
        for line in lines[:10]:
            print(f"{name}: {line}")
    print_table(stack, options, clicks, waited, rest)
    counts = len(found.lost), len(found.wrong), len(found.late)
    print("lost, wrong, late: {}, {}, {}".format(*counts), flush=True)
    return int(any(counts) or clicks.unclean > 0)


def what_the_record_says(but: str = "") -> dict[str, str]:
    """Return each number's status by rule 1 over its statements, without those of the action `but`.

    A call of ours that takes effect late, after a lift, is read as a stop: then the record says stopped, and the
    vendors keep the lift.
    """
    from contacts_ui.models import Statement

    said: dict[str, list[Any]] = {}
    for statement in Statement.objects.exclude(ledger_entry__action=but).order_by("pk"):
        said.setdefault(statement.number, []).append(statement)
    return {number: _status(statements) for number, statements in said.items()}


def _status(statements: list[Any]) -> str:
    stops = [each.latest for each in statements if each.kind == "stop"]
    consents = [each for each in statements if each.kind == "consent" and each.earliest]
    after = [each for each in consents if not stops or each.earliest > max(stops)]
    return max(after, key=lambda each: each.latest).status if after else "unsubscribed"


def look_for_lost(clicks: Clicks, wanted: dict[str, str], found: Findings) -> None:
    from contacts_ui.models import DesiredState, HeldPress, LedgerEntry, Vendor
    from contacts_ui.models.ledger import Action

    written = set(LedgerEntry.objects.values_list("reason", flat=True))
    found.lost += [f"click {mark} is not in the ledger" for mark in clicks.acknowledged - written]
    for contact_id, began in clicks.presses:
        # It was held then, or it ended what was held before.
        held = HeldPress.objects.filter(contact_id=contact_id, pressed_at__gte=began)
        sent = LedgerEntry.objects.filter(contact_id=contact_id, at__gte=began)
        if not held.exists() and not sent.filter(action=Action.STOP_REQUESTED).exists():
            found.lost.append(f"a press of {contact_id} at {began} left no trace")
    settled = {
        (desired.number, desired.vendor)
        for desired in DesiredState.objects.all()
        if desired.settled
    }
    found.lost += [
        f"{number} has no settled delivery to {vendor}"
        for number in wanted
        for vendor in Vendor.values
        if (number, vendor) not in settled
    ]


def look_for_wrong(
    stack: Stack, wanted: dict[str, str], record: dict[str, str], found: Findings
) -> None:
    from contacts_ui.models import ConsentState, DesiredState
    from contacts_ui.services import verification

    truth = dict(the_truth(stack))
    for number, status in wanted.items():
        held, stop = truth.get(number, {}), status == "unsubscribed"
        if (held.get("slicktext") or {}).get("opt_in_status") != status:
            found.wrong.append(f"{number} at SlickText: {held.get('slicktext')}, not {status}")
        if (held.get("cloudcontactai") or {}).get("do_not_text") is not stop:
            found.wrong.append(f"{number} at CloudContactAI: {held.get('cloudcontactai')}")
    for desired in DesiredState.objects.all():
        held = truth.get(desired.number, {}).get(desired.vendor) or {}
        believed = desired.confirmed_opt_in_status or desired.confirmed_do_not_text
        holds = held.get("opt_in_status", held.get("do_not_text"))
        if desired.state != "confirmed" or believed != holds:
            found.wrong.append(
                f"{desired.number} at {desired.vendor}: {desired.state}, {believed}, {holds}"
            )
    for state in ConsentState.objects.filter(number__in=record):
        right = "do_not_text" if record[state.number] == "unsubscribed" else "may_text"
        if state.verdict != right:
            found.wrong.append(f"{state.number} is kept as {state.verdict}, not {right}")
    found.wrong += [f"ledger: {link}" for link in verification.broken_links()]
    found.wrong += [f"record: {row}" for row in verification.changed_rows()]


def look_for_late(options: argparse.Namespace, found: Findings) -> list[float]:
    """Return seconds from recorded to confirmed, for each stop that a vendor confirmed."""
    from contacts_ui.models import HeldPress, LedgerEntry
    from contacts_ui.models.ledger import Action

    stops = LedgerEntry.objects.in_bulk(
        list(LedgerEntry.objects.filter(action=Action.STOP_REQUESTED).values_list("pk", flat=True))
    )
    waited = []
    for answer in LedgerEntry.objects.filter(action=Action.STOP_CONFIRMED):
        asked = stops.get(answer.answer["request"])
        if asked is None:
            continue
        seconds = (answer.at - asked.at).total_seconds()
        waited.append(seconds)
        if seconds > options.late:
            found.late.append(f"{asked.number} at {answer.vendor}: after {seconds:.0f} s")
    for press in HeldPress.objects.filter(state="sent"):
        if press.ended_at and (press.ended_at - press.send_at).total_seconds() > options.late:
            found.late.append(f"{press.number}: its press was sent at {press.ended_at}")
    return waited


def held_presses() -> str:
    from django.db.models import Count

    from contacts_ui.models import HeldPress

    counted = HeldPress.objects.values_list("state").annotate(Count("pk")).order_by("state")
    return ", ".join(f"{state} {count}" for state, count in counted) or "none"


def print_table(
    stack: Stack,
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
        "clicks": ", ".join(f"{door} {count}" for door, count in sorted(clicks.pressed.items()))
        + f"; acknowledged {len(clicks.acknowledged) + len(clicks.presses)}",
        "held presses": held_presses(),
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
        for name in stack.logs:
            (options.keep / f"{name}.log").write_text(stack.text_of(name))
