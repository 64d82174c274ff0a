"""What is wrong right now, for the top of every page: managers can act; staff learn what it means for their work."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.timesince import timesince

from contacts_ui.models import Vendor
from contacts_ui.permissions import Staff, may
from contacts_ui.services.operations.system_state import SystemState, Waiting, system_state
from contacts_ui.services.vendors.health import Health, error_named
from contacts_ui.services.vendors.vendor_errors import BadCredentials, kind_and_title

# A healthy worker tries twice in this time; what waits longer has a reason.
LATE_AFTER: Final = timedelta(minutes=5)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alert:
    """One line for the top of every page.

    `kind` is vendor, worker, waiting, attention, textable or untold; `since` is when it began, where that is known.
    """

    kind: str
    title: str
    text: str
    since: datetime | None = None
    severe: bool = False
    count: int = 1


def alerts_for(staff: Staff) -> list[Alert]:
    """Return the alerts for this reader. An error here must not break the page: return none then."""
    try:
        return alerts_of(system_state(), staff, timezone.now())
    except Exception:
        logger.exception("the alerts could not be read")
        return []


def alerts_of(state: SystemState, staff: Staff, now: datetime) -> list[Alert]:
    """Return the alerts that follow from a system state."""
    down = {vendor: health for vendor, health in state.vendors.items() if health.down_now(now)}
    late = _late(state, down, now)
    if may(staff, "view_status"):
        return [*_outages(state, down, late, now), *_decisions(state, staff)]
    if may(staff, "stop_texts"):
        found = [_vendor(vendor, health) for vendor, health in down.items()]
        if late:
            text = (
                "They are kept and sent as soon as possible. You don't have to do anything again."
            )
            found.append(Alert("waiting", "Some changes take longer than usual", text, late.oldest))
        return found
    if may(staff, "view_contacts") and (health := down.get(Vendor.SLICKTEXT)):
        text = "Pages may show what it last told us."
        return [_vendor(Vendor.SLICKTEXT, health, text)]
    return []


def _outages(
    state: SystemState, down: dict[Vendor, Health], late: Waiting | None, now: datetime
) -> Iterator[Alert]:
    """Yield what does not work, for managers."""
    for vendor, health in down.items():
        waiting = state.waits(vendor)
        verb = "waits" if waiting == 1 else "wait"
        more = f"{_count(waiting, 'change')} {verb} for it." if waiting else ""
        yield _vendor(vendor, health, more=more, severe=True)
    if state.worker_silent(now):
        title = "No worker is running"
        if state.last_heartbeat:
            title = f"No worker has been seen for {timesince(state.last_heartbeat, now, depth=1)}"
        text = "Changes that the vendors have not confirmed wait until one runs."
        yield Alert("worker", title, text, severe=True)
    if late:
        title = f"{_count(late.count, 'change')} on the way for longer than five minutes"
        yield Alert("waiting", title, "We retry until the vendor answers.", late.oldest)


def _decisions(state: SystemState, staff: Staff) -> Iterator[Alert]:
    """Yield what waits for a decision of this reader."""
    if may(staff, "review_opt_outs"):
        if n := state.textable:
            people = _count(n, "stopped person", "stopped people")
            text = f"Stop {'this person' if n == 1 else 'them'} at both vendors again."
            title = f"{people} can be texted again at a vendor"
            yield Alert("textable", title, text, severe=True, count=n)
        if n := state.refused:
            title = f"{_count(n, 'change')} {'was' if n == 1 else 'were'} refused by a vendor"
            text = f"Nothing more is sent for {'it' if n == 1 else 'them'} until a manager decides."
            yield Alert("attention", title, text, count=n)
        if n := state.texted:
            verb, stops = (
                ("was", "a number after its") if n == 1 else ("were", "numbers after their")
            )
            title = f"{_count(n, 'text')} {verb} sent to {stops} stop"
            text = f"Find out why, and close {'it' if n == 1 else 'them'} with a note."
            yield Alert("attention", title, text, severe=True, count=n)
        if n := state.unplaced:
            title = f"{_count(n, 'message')} from a vendor may be a stop, and could not be matched"
            text = "Say whose stop it is, or close it with a reason."
            yield Alert("attention", title, text, severe=True, count=n)
    if state.untold and may(staff, "bulk_work") and may(staff, "stop_texts"):
        people = _count(state.untold, "person is", "people are")
        title = f"{people} stopped here, but not every vendor was told"
        text = "A vendor that was not told can still text them."
        yield Alert("untold", title, text, count=state.untold)


def _late(state: SystemState, down: dict[Vendor, Health], now: datetime) -> Waiting | None:
    """Return what people changed and waits too long, though its vendor answers. Bulk jobs take their time."""
    late = [
        waiting
        for vendor, waiting in state.waiting.items()
        if vendor not in down and now - waiting.oldest > LATE_AFTER
    ]
    if not late:
        return None
    return Waiting(sum(each.count for each in late), min(each.oldest for each in late))


def _vendor(
    vendor: Vendor, health: Health, text: str = "", *, more: str = "", severe: bool = False
) -> Alert:
    error = error_named(health.last_error, vendor)
    ending = "that is fixed" if isinstance(error, BadCredentials) else "it does"
    text = text or f"Stops are kept and sent as soon as {ending}."
    title = kind_and_title(error)[1]
    return Alert("vendor", title, f"{text} {more}".strip(), health.since, severe)


def _count(number: int, one: str, many: str = "") -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many or one + 's'}"
