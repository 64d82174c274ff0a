"""What is wrong right now, in words for the person who reads the page: managers can act, staff shall only know."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.timesince import timesince

from contacts_ui.models import Vendor
from contacts_ui.permissions import Staff, may
from contacts_ui.services.health import KEY_REFUSED
from contacts_ui.services.pulse import Health, Pulse, Waiting, pulse

# Two tries of a healthy worker fit in easily; whatever waits longer has a reason.
LATE = timedelta(minutes=5)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alarm:
    """One line for the top of every page.

    `kind` is vendor, worker, waiting, attention, textable or untold; `since` is when it began, where that is known.
    """

    kind: str
    title: str
    text: str
    since: datetime | None = None
    severe: bool = False
    count: int = 1


def alarms(staff: Staff) -> list[Alarm]:
    """The lines for this reader. Whatever goes wrong here must not take the page down: then there are none."""
    try:
        return alarms_of(pulse(), staff, timezone.now())
    except Exception:
        logger.exception("the alarms could not be read")
        return []


def asked_count() -> int:
    """Return how many messages wait for a decision; 0 where that cannot be read, for the same reason."""
    try:
        return pulse().asked
    except Exception:
        logger.exception("how many messages wait could not be read")
        return 0


def alarms_of(state: Pulse, staff: Staff, now: datetime) -> list[Alarm]:
    """The lines that follow from a pulse."""
    down = {name: health for name, health in state.vendors.items() if health.down_now(now)}
    if not may(staff, "view_status"):
        return _for_staff(state, staff, down, now)
    found = [_vendor(name, health, state.waits(name)) for name, health in down.items()]
    if state.worker_silent(now):
        found.append(_worker(state.last_beat, now))
    if late := _late(state, down, now):
        found.append(
            Alarm(
                "waiting",
                f"{_changes(late.count)} on the way for longer than five minutes",
                "They are tried until the vendor answers.",
                late.oldest,
            )
        )
    if state.textable and may(staff, "review_opt_outs"):
        found.append(_textable(state.textable))
    if state.refused and may(staff, "review_opt_outs"):
        found.append(_attention(state.refused))
    if state.texted and may(staff, "review_opt_outs"):
        found.append(_texted(state.texted))
    if state.unplaced and may(staff, "review_opt_outs"):
        found.append(_unplaced(state.unplaced))
    if state.untold and may(staff, "bulk_work") and may(staff, "stop_texts"):
        found.append(_untold(state.untold))
    return found


def _for_staff(
    state: Pulse, staff: Staff, down: dict[Vendor, Health], now: datetime
) -> list[Alarm]:
    """Who can do nothing about it is told what it means for their work, and that nothing is lost."""
    if not may(staff, "view_contacts"):
        return []
    if may(staff, "stop_texts"):
        found = [
            Alarm("vendor", _title(name, health), _kept(health), health.since)
            for name, health in down.items()
        ]
        if late := _late(state, down, now):
            text = "They are kept and sent as soon as possible. Nothing needs to be done again."
            found.append(Alarm("waiting", "Some changes take longer than usual", text, late.oldest))
        return found
    if health := down.get(Vendor.SLICKTEXT):
        text = "Pages may show how it was when it last answered."
        return [Alarm("vendor", _title(Vendor.SLICKTEXT, health), text, health.since)]
    return []


def _vendor(vendor: Vendor, health: Health, waiting: int) -> Alarm:
    text = _kept(health)
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        text += f" {_changes(waiting)} {verb} for it."
    return Alarm("vendor", _title(vendor, health), text, health.since, severe=True)


def _worker(last_beat: datetime | None, now: datetime) -> Alarm:
    title = (
        f"No worker has been seen for {timesince(last_beat, now, depth=1)}"
        if last_beat
        else "No worker is running"
    )
    text = "What the vendors did not confirm at once waits until one runs."
    return Alarm("worker", title, text, severe=True)


def _attention(count: int) -> Alarm:
    one = count == 1
    return Alarm(
        "attention",
        f"{_changes(count)} {'was' if one else 'were'} refused by a vendor",
        f"Nothing more is sent for {'it' if one else 'them'} until somebody decides.",
        count=count,
    )


def _textable(count: int) -> Alarm:
    one = count == 1
    return Alarm(
        "textable",
        f"{'1 stopped person' if one else f'{count:,} stopped people'} can be texted again at a vendor",
        f"Stop {'this person' if one else 'them'} at both vendors again.",
        severe=True,
        count=count,
    )


def _untold(count: int) -> Alarm:
    one = count == 1
    who = "1 person is" if one else f"{count:,} people are"
    return Alarm(
        "untold",
        f"{who} stopped here, but not every vendor was told",
        "A vendor that was not told can still text them.",
        count=count,
    )


def _texted(count: int) -> Alarm:
    one = count == 1
    return Alarm(
        "attention",
        "1 text was sent to a number after its stop"
        if one
        else f"{count:,} texts were sent to numbers after their stop",
        "Find out why, and close it with a note."
        if one
        else "Find out why, and close them with a note.",
        severe=True,
        count=count,
    )


def _unplaced(count: int) -> Alarm:
    what = "1 message" if count == 1 else f"{count:,} messages"
    return Alarm(
        "attention",
        f"{what} from a vendor may be a stop, and could not be acted on",
        "Say whose stop it is, or close it with a reason.",
        severe=True,
        count=count,
    )


def _late(state: Pulse, down: dict[Vendor, Health], now: datetime) -> Waiting | None:
    """What people wished and waits too long, and not for a vendor that is told to be down anyway.

    Bulk jobs take as long as the call budget makes them.
    """
    late = [
        each
        for name, each in state.waiting.items()
        if name not in down and now - each.oldest > LATE
    ]
    if not late:
        return None
    return Waiting(sum(each.count for each in late), min(each.oldest for each in late))


def _title(vendor: Vendor, health: Health) -> str:
    if health.trouble == KEY_REFUSED.format(vendor=vendor.label):
        return f"{vendor.label} does not accept our key"
    return f"{vendor.label} does not answer"


def _kept(health: Health) -> str:
    ending = "it does" if "key" not in health.trouble else "that is put right"
    return f"Stops are kept and sent as soon as {ending}."


def _changes(count: int) -> str:
    return "1 change" if count == 1 else f"{count:,} changes"
