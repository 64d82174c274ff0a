"""How SlickText's list of messages is read: nothing is skipped whatever happens to the list in between."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_ui.integrations.errors import Invalid, ServerError, VendorError
from contacts_ui.integrations.types import Message, MessagePage
from contacts_ui.services.messages.position import (
    Order,
    Position,
    UnusableOrder,
    check,
    first,
    order_of,
    step,
)

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
ORDERS = list(Order)


def message(key: int, at: datetime | None) -> Message:
    return Message(str(key), "+16155553338", True, "Hello", "Campaign", "sent", at, None)


def minutes(*offsets: float) -> list[Message]:
    return [message(key, START + timedelta(minutes=at)) for key, at in enumerate(offsets)]


@pytest.mark.parametrize(
    ("offsets", "order"),
    [
        ((9, 5, 5, 1), Order.NEWEST_FIRST),
        ((1, 5, 5, 9), Order.OLDEST_FIRST),
        ((1, 1, 1), None),
        ((1,), None),
        ((), None),
        ((1.02, 1), Order.NEWEST_FIRST),
        ((1, 1.02), Order.OLDEST_FIRST),
        ((1, 1.02, 1), None),
        ((9, 5, 5.02, 1), Order.NEWEST_FIRST),
    ],
)
def test_the_order_is_told_once_two_times_differ(
    offsets: tuple[float, ...], order: Order | None
) -> None:
    assert order_of(minutes(*offsets)) == order


@pytest.mark.parametrize("offsets", [(5, 9, 1), (5, 1, 9), (9, 8, 7, 9, 8, 7), (1, 2, 3, 1, 2, 3)])
def test_no_order_is_unusable(offsets: tuple[float, ...]) -> None:
    with pytest.raises(UnusableOrder):
        order_of(minutes(*offsets))


def test_pages_in_order_that_are_out_of_order_themselves_are_unusable() -> None:
    """Each sorted, the oldest page first."""
    with pytest.raises(UnusableOrder):
        order_of(minutes(3, 2, 1, 9, 8, 7))


def test_messages_without_times_are_unusable() -> None:
    with pytest.raises(UnusableOrder, match="without a time"):
        check([message(1, None)], Order.NEWEST_FIRST)
    assert order_of([message(1, None), *minutes(5, 1)]) == Order.NEWEST_FIRST


@dataclass
class Vendor:
    """A list of messages that changes while it is read."""

    order: Order
    ceiling: int = 10
    says_more: bool = True
    refuses_behind_the_end: bool = False
    last_offset: int = 1_000_000
    rows: list[Message] = field(default_factory=list)
    now: datetime = START
    calls: int = 0
    failing: VendorError | None = None
    next_key: int = 0

    def text(self, count: int = 1, seconds: float = 60) -> None:
        for _ in range(count):
            self.now += timedelta(seconds=seconds)
            self.rows.append(message(self.next_key, self.now))
            self.next_key += 1

    @property
    def listed(self) -> list[Message]:
        return self.rows if self.order == Order.OLDEST_FIRST else self.rows[::-1]

    def read(self, *, offset: int, limit: int | None = None) -> MessagePage:
        self.calls += 1
        if self.failing:
            raise self.failing
        end = len(self.rows) - 1 if self.refuses_behind_the_end else self.last_offset
        if offset and offset > end:
            raise Invalid("slicktext", status=422)
        found = self.listed[offset : offset + min(limit or self.ceiling, self.ceiling)]
        more = bool(found) if not self.says_more else offset + len(found) < len(self.rows)
        return MessagePage(tuple(found), more, offset, len(found), 0)


@dataclass
class Reader:
    """The worker's side: it saves after each page, and may be killed before."""

    vendor: Vendor
    heard: list[str] = field(default_factory=list)
    saved: Position = field(init=False)

    def __post_init__(self) -> None:
        self.saved = first(self.vendor.now, self.vendor.order, "ours")

    def page(self, *, killed: bool = False) -> bool:
        place = msgspec.convert(msgspec.json.decode(msgspec.json.encode(self.saved)), Position)
        more = step(place, self.vendor.now, self.vendor.read, self.record)
        if not killed:
            self.saved = place
        return more

    def record(self, messages: list[Message], asked_at: datetime) -> None:
        times = [each.created for each in messages if each.created]
        assert times == sorted(times), "the oldest first"
        self.heard += [each.key for each in messages]

    def all(self, most: int = 200) -> int:
        before = self.vendor.calls
        while self.page():
            assert self.vendor.calls - before < most, "it does not end"
        return self.vendor.calls - before


def begun(order: Order, *, texts: int, seconds: float = 60, **facts: bool) -> tuple[Vendor, Reader]:
    """Return a vendor with so many texts, all of them read, and who has read them."""
    vendor = Vendor(order, **facts)
    vendor.text(texts, seconds=seconds)
    reader = Reader(vendor)
    reader.all()
    return vendor, reader


@pytest.mark.parametrize("order", ORDERS)
def test_it_begins_a_day_back(order: Order) -> None:
    _, reader = begun(order, texts=100, seconds=3600)
    assert {int(key) for key in reader.heard} >= set(range(76, 100))
    assert "50" not in reader.heard


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("says_more", [True, False])
@pytest.mark.parametrize("refuses", [True, False])
def test_what_comes_later_is_read_with_few_calls(
    order: Order, says_more: bool, refuses: bool
) -> None:
    vendor, reader = begun(order, texts=300, says_more=says_more, refuses_behind_the_end=refuses)
    vendor.text(3)
    reader.heard.clear()
    assert reader.all() <= (1 if says_more or order == Order.NEWEST_FIRST else 2)
    assert {"300", "301", "302"} <= set(reader.heard)
    assert reader.saved.gap_from is None


@pytest.mark.parametrize("order", ORDERS)
def test_an_outage_leaves_no_gap(order: Order) -> None:
    vendor, reader = begun(order, texts=50)
    vendor.failing = ServerError("slicktext")
    with pytest.raises(ServerError):
        reader.page()
    vendor.text(500)
    vendor.failing = None
    reader.all()
    assert {int(key) for key in reader.heard} == set(range(550))


def test_texts_that_come_during_a_long_backlog_are_read_too() -> None:
    vendor, reader = begun(Order.NEWEST_FIRST, texts=50)
    vendor.text(200)
    while reader.page():
        vendor.text(3)
    reader.all()
    assert {int(key) for key in reader.heard} == set(range(len(vendor.rows)))


def test_rows_deleted_during_a_backlog_hide_no_others() -> None:
    vendor = Vendor(Order.NEWEST_FIRST)
    vendor.text(200)
    reader = Reader(vendor)
    for _ in range(6):
        reader.page()
    del vendor.rows[180:195]
    reader.all()
    left = {row.key for row in vendor.rows}
    assert left <= set(reader.heard)


def test_a_last_row_that_moved_is_searched_by_date() -> None:
    vendor, reader = begun(Order.OLDEST_FIRST, texts=200)
    del vendor.rows[20:60]
    vendor.text(30)
    reader.all()
    assert {str(key) for key in range(200, 230)} <= set(reader.heard)


def test_a_list_that_shows_no_more_than_so_many_is_said_to_be_unusable() -> None:
    """Oldest first, with offsets refused beyond a ceiling: what is new can never be seen."""
    vendor, reader = begun(Order.OLDEST_FIRST, texts=100, seconds=600)
    vendor.text(300, seconds=600)
    vendor.last_offset = 150
    with pytest.raises(UnusableOrder, match="newest"):
        reader.all()


def test_a_backlog_that_cannot_be_read_to_its_end_leaves_a_gap_that_is_told() -> None:
    vendor, reader = begun(Order.NEWEST_FIRST, texts=100)
    until = vendor.now
    vendor.text(300)
    vendor.last_offset = 150
    reader.all()
    assert reader.saved.gap_from is not None
    assert reader.saved.gap_from < until < reader.saved.gap_to


def test_a_text_from_the_future_hides_none_before_it() -> None:
    vendor = Vendor(Order.NEWEST_FIRST)
    vendor.text(20)
    vendor.rows.append(message(999, vendor.now + timedelta(days=400)))
    reader = Reader(vendor)
    reader.all()
    vendor.rows.insert(20, message(20, vendor.now + timedelta(minutes=1)))
    reader.all()
    assert "20" in reader.heard


@pytest.mark.parametrize("order", ORDERS)
def test_a_list_that_loses_its_order_is_unusable(order: Order) -> None:
    vendor, reader = begun(order, texts=50)
    vendor.rows[-6:] = vendor.rows[-3:] + vendor.rows[-6:-3]
    with pytest.raises(UnusableOrder):
        reader.all()


def test_a_text_that_is_listed_late_is_read() -> None:
    for order in ORDERS:
        vendor = Vendor(order)
        vendor.text(50)
        reader = Reader(vendor)
        reader.all()
        late = message(900, vendor.now - timedelta(seconds=90))
        vendor.rows.insert(len(vendor.rows) - 2, late)
        reader.all()
        assert "900" in reader.heard, order


def test_rows_deleted_past_the_end_of_the_last_page_hide_none() -> None:
    vendor = Vendor(Order.NEWEST_FIRST, says_more=False)
    vendor.text(21)
    reader = Reader(vendor)
    for _ in range(3):
        reader.page()
    del vendor.rows[3:12]
    reader.all()
    assert "0" in reader.heard


STEPS = st.lists(
    st.sampled_from(["text", "burst", "page", "killed", "down", "delete"]), max_size=40
)


@given(order=st.sampled_from(ORDERS), says_more=st.booleans(), steps=STEPS)
@settings(max_examples=150, deadline=None)
def test_whatever_happens_each_text_is_read(
    order: Order, says_more: bool, steps: list[str]
) -> None:
    vendor = Vendor(order, says_more=says_more)
    vendor.text(20)
    reader = Reader(vendor)
    do: dict[str, Callable[[], object]] = {
        "text": vendor.text,
        "burst": lambda: vendor.text(37, seconds=2),
        "page": reader.page,
        "killed": lambda: reader.page(killed=True),
        "delete": lambda: vendor.rows.__delitem__(slice(3, 3 + len(vendor.rows) // 4)),
    }
    for each in steps:
        if each == "down":
            vendor.failing = ServerError("slicktext")
            with pytest.raises(ServerError):
                reader.page()
            vendor.failing = None
        else:
            do[each]()
    reader.all()
    reader.all()
    assert {row.key for row in vendor.rows} <= set(reader.heard)


def test_the_search_is_short() -> None:
    vendor = Vendor(Order.OLDEST_FIRST)
    vendor.text(20_000, seconds=30)
    reader = Reader(vendor)
    while reader.saved.offset is None:
        reader.page()
    assert vendor.calls < 30
    assert not reader.heard
