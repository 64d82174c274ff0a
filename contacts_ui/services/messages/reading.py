"""Read SlickText's messages as they come: texts after a stop, and what people wrote.

With the priority of a sync, so people, stops and batches come first. How far it came is in the ability's mark: workers
share one reading, and a restart goes on.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import Invalid, VendorError
from contacts_ui.integrations.manner import WALK
from contacts_ui.integrations.types import Message, MessagePage
from contacts_ui.models import Vendor
from contacts_ui.models.abilities import MESSAGES, AbilityState
from contacts_ui.services.consent import own_words
from contacts_ui.services.messages import position, sent
from contacts_ui.services.messages.order import UnusableOrder
from contacts_ui.services.vendors import connected, leases, offered_here, to_slicktext

logger = logging.getLogger(__name__)

# Larger pages are refused by some accounts, or cut.
PAGE_SIZE: Final = 250
SMALL_PAGE_SIZE: Final = 50
PAGES_PER_TURN: Final = 10
# A backlog: one page a second at most.
PAUSE: Final = timedelta(seconds=10)
POLL_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Progress:
    """Nothing was left to read at `finished_at`, but texts created from `gap_from` to `gap_to` are missing, if any.

    `unreadable_at` is when a row last could not be read.
    """

    finished_at: datetime | None
    gap_from: datetime | None
    gap_to: datetime | None
    unreadable_at: datetime | None


def go_on() -> int:
    """Read the next pages, if it is time, and return how many. Never raises for a vendor's failure."""
    if Vendor.SLICKTEXT not in connected():
        return 0
    ability = leases.take(Vendor.SLICKTEXT, MESSAGES)
    if ability is None:
        return 0
    place = msgspec.convert(ability.mark, position.Position)
    pages = 0
    try:
        while pages < PAGES_PER_TURN:
            pages += 1
            more = position.step(place, timezone.now(), _read, _record)
            ability.mark = msgspec.to_builtins(place)
            if not more:
                return pages if leases.save(ability, POLL_EVERY) else 0
            if not leases.save(ability, leases.LEASE):
                return pages
        leases.save(ability, PAUSE)
    except UnusableOrder as error:
        # The order may only have changed: the next probe tells.
        changes = {"state": AbilityState.NOT_OFFERED, "words": error.words, "probed_at": None}
        leases.save(ability, POLL_EVERY, **changes)
    except VendorError as error:
        leases.save(ability, leases.pause_after(error), **leases.doubts(error))
    except Exception:
        # A defect of ours: the same page is read again, so that no message ends silently.
        logger.exception("reading messages failed")
        leases.save(ability, leases.PAUSE_AFTER_ERROR)
    return pages


def progress() -> Progress | None:
    """Return how far the messages of the account that is connected were read, None if they are not. One query."""
    ability = offered_here(Vendor.SLICKTEXT, MESSAGES).first()
    if ability is None or not ability.mark:
        return None
    place = msgspec.convert(ability.mark, position.Position)
    return Progress(place.finished_at, place.gap_from, place.gap_to, place.unreadable_at)


def _read(*, offset: int, limit: int | None = None) -> MessagePage:
    conn = to_slicktext()
    if limit is not None:
        return slicktext.list_messages(conn, limit=limit, offset=offset, manner=WALK)
    try:
        return slicktext.list_messages(conn, limit=PAGE_SIZE, offset=offset, manner=WALK)
    except Invalid:
        return slicktext.list_messages(conn, limit=SMALL_PAGE_SIZE, offset=offset, manner=WALK)


def _record(messages: Sequence[Message], asked_at: datetime) -> None:
    """Hand each message on, the oldest first. Each is known by its key, so a page may be recorded twice."""
    failed: Exception | None = None
    for message in messages:
        if message.number and not message.outbound:
            try:
                own_words.heard(
                    vendor=Vendor.SLICKTEXT,
                    key=message.key,
                    number=message.number,
                    words=message.body,
                    said_at=message.created,
                    heard_at=asked_at,
                )
            except Exception as error:
                # One message must not keep a stop among the others waiting.
                failed = error
    sent.note(
        sent.Text(
            vendor=Vendor.SLICKTEXT,
            key=message.key,
            number=message.number,
            sent_at=message.created,
            heard_at=asked_at,
            source=message.source,
            words=message.body,
            by_person=sent.is_by_person(message.source),
        )
        for message in messages
        if message.number and message.outbound and sent.was_sent(message.status)
    )
    if failed:
        raise failed
