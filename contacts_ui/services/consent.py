"""Stopping texts and allowing them again: the wish is committed first, then both vendors are called at once."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.db import connections, transaction

from contacts_ui.integrations.http import STOP_NOW
from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import Wish
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.permissions import Staff, require
from contacts_ui.services import delivery, disagreements, ledger, opt_outs, wishes
from contacts_ui.services.carry_over import Appearance, carry_over
from contacts_ui.services.disagreements import Look
from contacts_ui.services.vendors import connected
from contacts_ui.services.verdicts import Judgement, judge

logger = logging.getLogger(__name__)

_callers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="deliver")


@dataclass(frozen=True)
class Seen:
    """Whom the member of staff saw on the screen, and what SlickText had said of them then."""

    number: str
    contact_id: int | None = None
    label: str = ""
    status: str | None = None
    read_at: datetime | None = None
    # Where SlickText says the person came from, and when it says that their status changed.
    source: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Request:
    """How a person asked for texts to stop. `asked_at` None: when it was clicked."""

    channel: Channel = Channel.UNRECORDED
    asked_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Evidence:
    """Who consented to texts, how, when (aware), and in which words."""

    who: str
    channel: Channel
    at: datetime
    words: str


def stop_texts(*, staff: Staff, seen: Seen, request: Request | None = None) -> Judgement:
    """Stop texts to a number at every connected vendor; return what we may claim when the deadline is over.

    The wish and its ledger entry are committed before any vendor is called. Raises NotAllowed.
    """
    require(staff, "stop_texts")
    return write_stop(staff=staff, seen=seen, request=request or Request())


def write_stop(*, staff: Staff, seen: Seen, request: Request) -> Judgement:
    """As `stop_texts`, for use cases that have checked another permission: a stop that follows a number."""
    deliver_now(record_stop(staff=staff, seen=seen, request=request))
    return judge_one(seen)


def record_stop(
    *,
    staff: Staff | None,
    seen: Seen,
    request: Request,
    status: str = OptInStatus.UNSUBSCRIBED,
    batch: bool = False,
) -> list[int]:
    """Commit a stop at every connected vendor, and call none yet; return the keys of the wishes.

    `staff` None is the dashboard itself; `status` is what SlickText shall hold, unsubscribed or blocked. `batch` is for
    bulk jobs, whose stops are sent when no person's waits.
    """
    with transaction.atomic():
        entry = ledger.record(
            action=Action.STOP_REQUESTED,
            staff=staff,
            number=seen.number,
            contact_id=seen.contact_id,
            channel=request.channel,
            reason=request.reason,
            asked_at=request.asked_at,
            before=_as_seen(seen),
            after={"do_not_text": True},
        )
        opt_outs.opened(entry, label=seen.label)
        return wishes.wish_everywhere(entry, do_not_text=True, status=status, batch=batch)


def change_opt_in_status(*, staff: Staff, seen: Seen, status: str, evidence: Evidence) -> Judgement:
    """Set SlickText's `status` (subscribed or not subscribed) and lift the stop at CloudContactAI.

    The evidence of consent goes into the ledger before any vendor is called. Raises NotAllowed.
    """
    require(staff, "lift_stops")
    deliver_now(record_consent(staff=staff, seen=seen, status=status, evidence=evidence))
    return judge_one(seen)


def record_consent(*, staff: Staff, seen: Seen, status: str, evidence: Evidence) -> list[int]:
    """Commit a change of consent at every connected vendor, and call none yet; return the keys of the wishes.

    For use cases that have checked the permission, inside a transaction of theirs.
    """
    with transaction.atomic():
        entry = ledger.record(
            action=Action.CONSENT_REQUESTED,
            staff=staff,
            number=seen.number,
            contact_id=seen.contact_id,
            channel=evidence.channel,
            reason=evidence.words,
            asked_at=evidence.at,
            before=_as_seen(seen),
            after={"do_not_text": False, "opt_in_status": status, "consented": evidence.who},
        )
        opt_outs.ended(entry.number, by="lifted")
        return wishes.wish_everywhere(entry, do_not_text=False, status=status)


def judge_one(seen: Seen) -> Judgement:
    """What we may claim about one person now."""
    own = list(Wish.objects.filter(number=seen.number)) if seen.number else []
    carry_over([Appearance(seen.status, seen.read_at, own)])
    return judge(seen.status, seen.read_at, own, connected(), number=seen.number)


def judge_many(people: Sequence[Seen]) -> list[Judgement]:
    """What we may claim about many people, in their order, with one query; one more where some have wishes."""
    by_number: dict[str, list[Wish]] = {person.number: [] for person in people if person.number}
    for wish in Wish.objects.filter(number__in=by_number):
        by_number[wish.number].append(wish)
    carry_over(
        Appearance(person.status, person.read_at, by_number.get(person.number, ()))
        for person in people
    )
    there = connected()
    looks = []
    for person in people:
        own = by_number.get(person.number, [])
        judgement = judge(person.status, person.read_at, own, there, number=person.number)
        looks.append(Look(person, own, judgement))
    disagreements.notice(looks)
    return [look.judgement for look in looks]


def is_stopped(number: str) -> bool:
    """Whether our own records hold a stop for `number` (E.164)."""
    return Wish.objects.filter(number=number, do_not_text=True).exists()


def deliver_now(keys: Collection[int]) -> None:
    """Call the vendors of these wishes at once, and wait for them no longer than the click may take.

    What is not answered by then goes on in its thread; what dies with this process is found by the worker.
    """
    deadline = time.monotonic() + settings.STOP_DEADLINE_SECONDS
    calls = [_callers.submit(copy_context().run, _deliver_in_thread, key) for key in keys]
    done, _ = wait(calls, timeout=settings.STOP_DEADLINE_SECONDS)
    if not all(call.result() for call in done):
        # A worker took one of them first; its call is as good as ours.
        while time.monotonic() < deadline and wishes.being_sent(keys):
            time.sleep(0.05)


def _deliver_in_thread(key: int) -> bool:
    """Whether this thread was the one that called the vendor."""
    try:
        return delivery.deliver(key, manner=STOP_NOW)
    except Exception:
        # The wish is committed and due: the worker will find it. The click must not end in a 500.
        logger.exception("delivering wish %s failed", key)
        return True
    finally:
        connections.close_all()


def _as_seen(seen: Seen) -> Mapping[str, object]:
    facts = {key: value for key, value in asdict(seen).items() if key in ("label", "status")}
    if seen.read_at:
        facts["read_at"] = seen.read_at.isoformat()
    return facts
