"""Decide in which order a vendor lists its messages. No network, no database.

No order is documented. One that cannot be relied on means that new texts can stand anywhere.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from contacts_ui.integrations.types import Message

# Texts of one second are listed as their sender's machines got to them.
SLACK: Final = timedelta(seconds=5)


class Order(StrEnum):
    """Which end of the list grows."""

    NEWEST_FIRST = "newest"
    OLDEST_FIRST = "oldest"


class UnusableOrder(Exception):
    """The list has no order by time. `words` says so on the status page."""

    def __init__(self, words: str = "SlickText lists its messages in no usable order.") -> None:
        super().__init__(words)
        self.words = words


def order_of(messages: Sequence[Message]) -> Order | None:
    """Return the order of consecutive messages, None while too few times differ to tell.

    Raises UnusableOrder for messages that are in no order, or have no times.
    """
    times = _times(messages)
    falls, rises = _largest_steps(times)
    if falls > SLACK and rises > SLACK:
        raise UnusableOrder
    if falls > SLACK or (falls and not rises):
        return Order.NEWEST_FIRST
    if rises > SLACK or (rises and not falls):
        return Order.OLDEST_FIRST
    return None


def check(messages: Sequence[Message], order: Order) -> None:
    """Raise UnusableOrder unless consecutive messages are in this order."""
    falls, rises = _largest_steps(_times(messages))
    if (rises if order == Order.NEWEST_FIRST else falls) > SLACK:
        raise UnusableOrder


def _times(messages: Sequence[Message]) -> list[datetime]:
    times = [message.created for message in messages if message.created is not None]
    if messages and not times:
        raise UnusableOrder("SlickText lists its messages without a time.")
    return times


def _largest_steps(times: Sequence[datetime]) -> tuple[timedelta, timedelta]:
    """Return by how much a time lies below, and above, any that is listed before it."""
    falls = rises = timedelta(0)
    if not times:
        return falls, rises
    lowest = highest = times[0]
    for at in times:
        falls, rises = max(falls, highest - at), max(rises, at - lowest)
        lowest, highest = min(lowest, at), max(highest, at)
    return falls, rises
