"""Read SlickText's list of messages: the texts that it sent, and what people wrote.

With the priority of a sync, so people, stops and batches come first. Progress is in the ability's mark: workers share
it, and a restart continues it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.call_policy import SYNC_PAGE
from contacts_ui.integrations.errors import Invalid, VendorError
from contacts_ui.integrations.types import Message, MessagePage
from contacts_ui.models import Vendor
from contacts_ui.models.abilities import MESSAGES, AbilityState
from contacts_ui.services.consent import inbound_texts
from contacts_ui.services.messages import position, sent_texts
from contacts_ui.services.messages.position import UnusableOrder
from contacts_ui.services.vendors import connected, leases, offered_here, to_slicktext

logger = logging.getLogger(__name__)

# Larger pages are refused by some accounts, or cut.
PAGE_SIZE: Final = 250
SMALL_PAGE_SIZE: Final = 50
PAGES_PER_RUN: Final = 10
# Of a backlog, read one page a second at most.
PAUSE: Final = timedelta(seconds=10)
POLL_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Progress:
    """How far messages were read: all by `finished_at`, except texts created from `gap_from` to `gap_to`, if any.

    `unreadable_at` is when a row last could not be read.
    """

    finished_at: datetime | None
    gap_from: datetime | None
    gap_to: datetime | None
    unreadable_at: datetime | None


def run_due() -> int:
    """Read the next pages, if it is time, and return how many. Raise no VendorError."""
    if Vendor.SLICKTEXT not in connected():
        return 0
    ability = leases.take_ability(Vendor.SLICKTEXT, MESSAGES)
    if ability is None:
        return 0
    place = msgspec.convert(ability.mark, position.Position)
    pages = 0
    try:
        while pages < PAGES_PER_RUN:
            pages += 1
            more = position.step(place, timezone.now(), _read, _record)
            mark = msgspec.to_builtins(place)
            if not more:
                return pages if leases.release(ability, POLL_EVERY, mark=mark) else 0
            leases.renew(ability, leases.LEASE, mark=mark)
        leases.release(ability, PAUSE)
    except leases.LeaseLost:
        return pages
    except UnusableOrder as error:
        # The order may only have changed: the next probe tells.
        changes = {"state": AbilityState.NOT_OFFERED, "words": error.words, "probed_at": None}
        leases.release(ability, POLL_EVERY, **changes)
    except VendorError as error:
        leases.release_after(ability, error)
    except Exception:
        # A bug of ours: read the same page again, so that no message is lost.
        logger.exception("reading messages failed")
        leases.release(ability, leases.RETRY_PAUSE)
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
        return slicktext.list_messages(conn, limit=limit, offset=offset, policy=SYNC_PAGE)
    try:
        return slicktext.list_messages(conn, limit=PAGE_SIZE, offset=offset, policy=SYNC_PAGE)
    except Invalid:
        return slicktext.list_messages(conn, limit=SMALL_PAGE_SIZE, offset=offset, policy=SYNC_PAGE)


def _record(messages: Sequence[Message], asked_at: datetime) -> None:
    """Record each message, the oldest first. Each has a key, so a page may be recorded twice."""
    failed: Exception | None = None
    for message in messages:
        if message.number and not message.outbound:
            try:
                inbound_texts.heard(
                    vendor=Vendor.SLICKTEXT,
                    key=message.key,
                    number=message.number,
                    words=message.body,
                    said_at=message.created,
                    heard_at=asked_at,
                )
            except Exception as error:
                # One message must not delay a stop among the others.
                failed = error
    sent_texts.keep(
        sent_texts.Text(
            vendor=Vendor.SLICKTEXT,
            key=message.key,
            number=message.number,
            sent_at=message.created,
            heard_at=asked_at,
            source=message.source,
            words=message.body,
            by_person=sent_texts.is_by_person(message.source),
        )
        for message in messages
        if message.number and message.outbound and sent_texts.was_sent(message.status)
    )
    if failed:
        raise failed
