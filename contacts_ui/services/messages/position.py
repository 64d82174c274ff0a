"""How far SlickText's list of messages was read, and what to read next. No database: the caller reads and saves.

Texts come and go while we read. The list has no filter by date, and its order is not documented:

- Newest first: each descent goes from the top to a little below where the last one began. New texts move the others
  to higher offsets, so a descent that pauses reads some rows twice and skips none.
- Oldest first: continue after the last row read, if that row is still in its place. If not, search it by date.

Each page begins a few rows before the end of the last one and must show them again, since rows may have been deleted.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from contacts_ui.integrations.errors import Refused
from contacts_ui.integrations.types import Message, MessagePage
from contacts_ui.services.consent.rules import VENDOR_CLOCK_TOLERANCE

# Texts of one second are listed as their sender's machines got to them.
SLACK: Final = timedelta(seconds=5)
# A text may be listed a little after it was created, by a clock that is not ours.
OVERLAP: Final = VENDOR_CLOCK_TOLERANCE + SLACK
FIRST_LOOK_BACK: Final = timedelta(days=1)
OVERLAP_ROWS: Final = 5
MAX_STEPS_BACK: Final = 20
# Behind the last row a vendor may refuse a page instead of sending an empty one.
NOTHING_THERE: Final = (400, 404, 416, 422)
NEWEST_HIDDEN: Final = "SlickText refuses to show the newest of its messages."


class Order(StrEnum):
    """Which end of the list grows."""

    NEWEST_FIRST = "newest"
    OLDEST_FIRST = "oldest"


class UnusableOrder(Exception):
    """The list has no order by time. `words` says so on the status page."""

    def __init__(self, words: str = "SlickText lists its messages in no usable order.") -> None:
        super().__init__(words)
        self.words = words


class Read(Protocol):
    """Return one page; raise VendorError."""

    def __call__(self, *, offset: int, limit: int | None = None) -> MessagePage: ...


# Called for each page, the oldest message first, and when it was asked for.
Record = Callable[[list[Message], datetime], None]


class Position(msgspec.Struct, omit_defaults=True):
    """How far the reading has come; kept as JSON.

    Everything created up to `upto` was read. The next page begins at `offset` (None: not known) and shows `reread` rows
    again; `tail` holds their keys, unless some could not be read, and `tail_at` is the time of the last one.
    A descent (newest first) began at `top` and ends at `floor`. In a search (oldest first) rows below `low` are known
    to be too old, and those from `high` on are not. Texts created from `gap_from` to `gap_to` could not be read, nor
    could single rows, last at `unreadable_at`. At `finished_at` nothing was left to read.
    """

    upto: datetime
    order: Order
    account: str = ""
    offset: int | None = None
    reread: int = 0
    tail: list[str] = []
    tail_at: datetime | None = None
    floor: datetime | None = None
    top: datetime | None = None
    steps_back: int = 0
    low: int = 0
    high: int | None = None
    refused_at: int | None = None
    gap_from: datetime | None = None
    gap_to: datetime | None = None
    unreadable_at: datetime | None = None
    finished_at: datetime | None = None


def first(now: datetime, order: Order, account: str) -> Position:
    """Return where to begin with an account that was never read."""
    return Position(upto=now - FIRST_LOOK_BACK, order=order, account=account)


def step(position: Position, now: datetime, read: Read, record: Record) -> bool:
    """Read one page, and return True if there may be more to read at once.

    Raises VendorError with `position` as it was, so that the same page is read again; and UnusableOrder.
    """
    if position.order == Order.NEWEST_FIRST:
        return _descend(position, now, read, record)
    if position.offset is None:
        return _search(position, read)
    return _climb(position, position.offset, now, read, record)


def _descend(position: Position, now: datetime, read: Read, record: Record) -> bool:
    offset = position.offset or 0
    floor = position.floor or position.upto - OVERLAP
    try:
        page = read(offset=offset)
    except Refused as error:
        if not offset or error.status not in NOTHING_THERE:
            raise
        # Behind a page that was full it is no end of the list: pages at the end shrink to one row.
        if position.reread == OVERLAP_ROWS and position.tail_at and position.tail_at > floor:
            position.gap_from, position.gap_to = floor, position.tail_at
        return _end_descent(position, now)
    check(page.messages, Order.NEWEST_FIRST)
    if offset and _may_have_skipped(position, page) and position.steps_back < MAX_STEPS_BACK:
        position.offset = max(offset - max(page.received, OVERLAP_ROWS), 0)
        position.steps_back += 1
        return True
    record(list(reversed(page.messages)), now)
    position.unreadable_at = now if page.malformed else position.unreadable_at
    times = _times(page)
    position.floor = floor
    if times and position.top is None:
        position.top = max(times)
    if not page.received or not page.has_more or (times and min(times) < floor):
        return _end_descent(position, now)
    position.offset = offset + max(page.received - OVERLAP_ROWS, 1)
    _note_tail(position, page)
    return True


def _may_have_skipped(position: Position, page: MessagePage) -> bool:
    """Return True if rows can stand between the last page and this one, since others were deleted."""
    if not page.received:
        # It should have shown all but the first row of the last page again.
        return position.reread > 1
    times = _times(page)
    if not position.tail or position.tail_at is None or not times:
        return False
    shown_again = any(message.key in position.tail for message in page.messages)
    return not shown_again and times[0] <= position.tail_at


def _end_descent(position: Position, now: datetime) -> bool:
    if position.top:
        # No later than our clock: a text with a date in the future must not hide those before it.
        position.upto = max(position.upto, min(position.top, now))
    position.offset, position.reread, position.tail, position.tail_at = None, 0, [], None
    position.floor = position.top = None
    position.steps_back, position.finished_at = 0, now
    return False


def _climb(position: Position, behind: int, now: datetime, read: Read, record: Record) -> bool:
    """Read on; `behind` is the offset behind the last row that was read."""
    offset = behind - position.reread
    try:
        page = read(offset=offset)
    except Refused as error:
        if not offset or error.status not in NOTHING_THERE:
            raise
        if position.refused_at is not None and offset >= position.refused_at:
            # Refused again after a search, so it is not end of list.
            raise UnusableOrder(NEWEST_HIDDEN) from None
        position.refused_at = offset
        return _search_again(position)
    check(page.messages, Order.OLDEST_FIRST)
    if [message.key for message in page.messages[: len(position.tail)]] != position.tail:
        # The last rows do not stand where they were.
        return _search_again(position)
    if position.refused_at is not None and offset >= position.refused_at:
        position.refused_at = None
    record(list(page.messages), now)
    position.unreadable_at = now if page.malformed else position.unreadable_at
    if times := _times(page):
        position.upto = max(position.upto, min(max(times), now))
    more = page.has_more and page.received > position.reread
    position.offset = offset + page.received
    position.finished_at = position.finished_at if more else now
    _note_tail(position, page)
    return more


def _search_again(position: Position) -> bool:
    position.offset, position.reread, position.tail = None, 0, []
    position.low, position.high = 0, None
    return True


def _search(position: Position, read: Read) -> bool:
    """Read one row on the way to the first that is not too old: by doubling, then by halving."""
    low, high = position.low, position.high
    at = low * 2 + 50 if high is None else (low + high) // 2
    times: list[datetime] = []
    try:
        times = _times(read(offset=at, limit=1))
    except Refused as error:
        if not at or error.status not in NOTHING_THERE:
            raise
    # A row without a time, or none at all, is not too old: then more is read, not less.
    if times and times[0] < position.upto - OVERLAP:
        low = at + 1
    else:
        high = at
    position.low, position.high = low, high
    if high is not None and low >= high:
        position.offset, position.low, position.high = max(low - OVERLAP_ROWS, 0), 0, None
    return True


def _note_tail(position: Position, page: MessagePage) -> None:
    """Keep what the next page must show again."""
    position.reread = min(OVERLAP_ROWS, page.received)
    last = page.messages[-position.reread :] if position.reread else ()
    # With rows that could not be read, it is not known which these are.
    position.tail = [] if page.malformed else [message.key for message in last]
    times = _times(page)
    if times:
        position.tail_at = min(times) if position.order == Order.NEWEST_FIRST else max(times)


def _times(page: MessagePage) -> list[datetime]:
    return [message.created for message in page.messages if message.created is not None]


# --- In which order the list is -----------------------------------------------------------------------


def order_of(messages: Sequence[Message]) -> Order | None:
    """Return the order of consecutive messages, None while too few times differ to tell.

    Raises UnusableOrder for messages that are in no order, or have no times.
    """
    times = _created(messages)
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
    falls, rises = _largest_steps(_created(messages))
    if (rises if order == Order.NEWEST_FIRST else falls) > SLACK:
        raise UnusableOrder


def _created(messages: Sequence[Message]) -> list[datetime]:
    times = [message.created for message in messages if message.created is not None]
    if messages and not times:
        raise UnusableOrder("SlickText lists its messages without a time.")
    return times


def _largest_steps(times: Sequence[datetime]) -> tuple[timedelta, timedelta]:
    """Return by how much a time is below, and above, any listed before it."""
    falls = rises = timedelta(0)
    if not times:
        return falls, rises
    lowest = highest = times[0]
    for at in times:
        falls, rises = max(falls, highest - at), max(rises, at - lowest)
        lowest, highest = min(lowest, at), max(highest, at)
    return falls, rises
