"""Days and moments in the spellings of programs and people; what is not one is None, and no guess."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from contacts_ui.services.files.days import (
    Order,
    day_of,
    is_no_day,
    lacks_year,
    moment_of,
    orders_of,
)

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")
MONTH_FIRST, DAY_FIRST = Order


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize(
    "text",
    [
        *["2024-06-03", "2024/6/3", "2024.06.03", "20240603", "2024-06-03T11:12:13Z"],
        *["2024-06-03 0:00", "20240603T111213Z", "6/3/2024", "06/03/24", "6-3-2024", "6.3.2024"],
        *["6 / 3 / 2024", "6/3/'24", "6/3/2024 11:12 AM", "11:12 AM 6/3/2024", "Mon 6/3/2024"],
        *["Jun 3, 2024", "JUN 3 2024", "June 3rd, 2024", "3 June 2024", "3rd of June 2024"],
        *["3-Jun-24", "03JUN2024", "Jun-03-24", "2024-Jun-03", "Monday, June 3, 2024"],
        *["Mon, 03 Jun 2024 11:12:13 -0500", "Mon Jun  3 11:12:13 CDT 2024", "3 de junio de 2024"],
        *["lunes, 3 de junio de 2024", "le 3 juin 2024 à 11h12", "lun. 3 juin 2024"],
        *["3. Juni 2024", "Montag, 3. Juni 2024, 11:12 Uhr"],
    ],
)
def test_one_day_in_many_spellings(text: str) -> None:
    assert day_of(text) == date(2024, 6, 3)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Feb. 3, 2024", date(2024, 2, 3)),
        ("3 févr. 2024", date(2024, 2, 3)),
        ("mar. 5 mars 2024", date(2024, 3, 5)),
        ("3. März 2024", date(2024, 3, 3)),
        ("1er août 2024", date(2024, 8, 1)),
        ("3 ene. 2024", date(2024, 1, 3)),
        ("3 DIC 2024", date(2024, 12, 3)),
        ("3. Okt. 2024", date(2024, 10, 3)),
        ("Sept 3, 2024", date(2024, 9, 3)),
        ("12-Jun-68", date(1968, 6, 12)),
    ],
)
def test_names_of_months_in_four_languages(text: str, day: date) -> None:
    assert day_of(text) == day


@given(
    day=st.dates(date(1900, 1, 1), date(2026, 11, 29)),
    form=st.sampled_from(["%m/%d/%Y", "%m-%d-%Y", "%Y-%m-%d", "%d %B %Y", "%b. %d, %Y", "%Y%m%d"]),
)
def test_what_is_written_is_what_is_read(day: date, form: str) -> None:
    assert day_of(day.strftime(form)) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes",
        "may",
        "at",
        "0/0/00",
        "00/00/0000",
        "0000-00-00",
        "1/0/1900",
        "--06-12",
        "6/12",
        "June 12",
        "June 1968",
        "1968",
        "13/13/2024",
        "25/12/1990",
        "6/31/2024",
        "2024-02-30",
        "2024-13-01",
        "68-Jun-12",
        "24997",
        "45446.467",
        "1717426320",
        "6155550123",
        "615-555-0123",
        "2024-06-03 by phone",
        "6/3/2024 or 6/4/2024",
        "2024-06-03 25:00",
        "2024-06-03 13:00 AM",
        "2024-06-03T11:12:13+25:00",
        "6/3/2024 stop ✓",
        "6/3/2024 11:12 нет",
        "x" * 5000,
    ],
)
def test_what_is_no_day(text: str) -> None:
    assert day_of(text) is None
    if not text.isdigit():
        assert moment_of(text) is None


@pytest.mark.parametrize(
    ("text", "month_first", "day_first"),
    [
        ("3/8/1985", date(1985, 3, 8), date(1985, 8, 3)),
        ("04.11.1988", date(1988, 4, 11), date(1988, 11, 4)),
        ("3-8-85", date(1985, 3, 8), date(1985, 8, 3)),
        ("25/12/1990", None, date(1990, 12, 25)),
        ("12/25/1990 10:00", date(1990, 12, 25), None),
        ("1985-03-08", date(1985, 3, 8), date(1985, 3, 8)),
        ("Mar 8, 1985", date(1985, 3, 8), date(1985, 3, 8)),
    ],
)
def test_the_order_counts_where_it_is_not_written(
    text: str, month_first: date | None, day_first: date | None
) -> None:
    assert (day_of(text), day_of(text, DAY_FIRST)) == (month_first, day_first)


@pytest.mark.parametrize(
    ("text", "year"),
    [("11/29/26", 2026), ("11/30/26", 1926), ("6/12/68", 1968), ("1/1/27", 1927), ("1/1/00", 2000)],
)
def test_a_year_of_two_digits_is_not_in_the_future(text: str, year: int) -> None:
    found = day_of(text)
    assert found
    assert found.year == year


@pytest.mark.parametrize(
    ("texts", "orders"),
    [
        (["25/12/1990", "03/08/1985", "31/01/1979", "04.11.1988"], {DAY_FIRST}),
        (["12/25/1990", "03/08/1985"], {MONTH_FIRST}),
        (["12/25/1990", "04.11.1988"], {MONTH_FIRST}),
        (["25/12/1990", "12/25/1990"], {MONTH_FIRST, DAY_FIRST}),
        (["04.11.1988", "03/08/1985"], {DAY_FIRST}),
        (["13/1/2024 10:00 AM", "2024-25-12"], {DAY_FIRST}),
        (["03/08/1985", "5/5/1985", "1990-12-25", "Dec 25, 1990", "0/0/00", "--06-12"], set()),
        (["45/12/1990", "25/12/1990 at Mom's", "10.11.12.13", "yes", ""], set()),
    ],
)
def test_single_values_prove_the_order_of_the_column(texts: list[str], orders: set[Order]) -> None:
    assert orders_of(texts) == orders


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "earliest", "length"),
    [
        ("2024-06-03T11:12:13Z", "2024-06-03T11:12:13", SECOND),
        ("2024-06-03 11:12:13 UTC", "2024-06-03T11:12:13", SECOND),
        ("2024-06-03 11:12:13 +0000 UTC", "2024-06-03T11:12:13", SECOND),
        ("2024-06-03T11:12:13+02:00", "2024-06-03T09:12:13", SECOND),
        ("2024-06-03 11:12:13-05", "2024-06-03T16:12:13", SECOND),
        ("2024-06-03T11:12:13-05:00[America/Chicago]", "2024-06-03T16:12:13", SECOND),
        (
            "Mon Jun 03 2024 11:12:13 GMT-0500 (Central Daylight Time)",
            "2024-06-03T16:12:13",
            SECOND,
        ),
        ("Mon, 03 Jun 2024 11:12:13 -0500", "2024-06-03T16:12:13", SECOND),
        ("2024-06-03T11:12:13.123Z", "2024-06-03T11:12:13.123", timedelta(milliseconds=1)),
        ("20240603111213", "2024-06-03T16:12:13", SECOND),
        ("2024-06-03T11:12", "2024-06-03T16:12", MINUTE),
        ("6/3/2024 11:12 AM", "2024-06-03T16:12", MINUTE),
        ("6/3/2024 11:12 p. m.", "2024-06-04T04:12", MINUTE),
        ("6/3/24, 12:05:06 AM", "2024-06-03T05:05:06", SECOND),
        ("6/3/2024 11 PM", "2024-06-04T04:00", HOUR),
        ("Feb. 3, 2024 at 11:12 AM", "2024-02-03T17:12", MINUTE),
        ("3 juin 2024 à 11 h 12", "2024-06-03T16:12", MINUTE),
        ("3.6.2024 11.12 Uhr", "2024-03-06T17:12", MINUTE),
        ("6/3/2024", "2024-06-03T05:00", 24 * HOUR),
        # In the hour of a clock change, and where the clock jumps over it.
        ("11/3/2024 1:30 AM", "2024-11-03T06:30", HOUR + MINUTE),
        ("3/10/2024 2:30 AM", "2024-03-10T07:30", HOUR + MINUTE),
        ("3/10/2024", "2024-03-10T06:00", 23 * HOUR),
        # A zone's own words; EST in summer may be what the clock on the wall says.
        ("6/3/2024 11:12 AM ET", "2024-06-03T15:12", MINUTE),
        ("6/3/2024 11:12 AM Eastern Time", "2024-06-03T15:12", MINUTE),
        ("6/3/2024 11:12 AM Central Daylight Time", "2024-06-03T16:12", MINUTE),
        ("6/3/2024 11:12 AM EDT", "2024-06-03T15:12", MINUTE),
        ("6/3/2024 11:12 AM EST", "2024-06-03T15:12", HOUR + MINUTE),
        ("1/3/2024 11:12 (PST)", "2024-01-03T19:12", MINUTE),
        ("Mon Jun  3 11:12:13 CDT 2024", "2024-06-03T16:12:13", SECOND),
        # Epochs in seconds and milliseconds.
        ("1717426320", "2024-06-03T14:52", SECOND),
        ("1717426320.0", "2024-06-03T14:52", SECOND),
        ("1717426320123", "2024-06-03T14:52:00.123", timedelta(milliseconds=1)),
    ],
)
def test_a_moment_is_as_long_as_what_is_not_written(
    text: str, earliest: str, length: timedelta
) -> None:
    first = utc(earliest)
    last = first + length - timedelta(microseconds=1)
    assert moment_of(text, tz=CHICAGO) == (first, last)


def test_the_order_counts_for_moments_too() -> None:
    found = moment_of("3/8/2024 11:12", DAY_FIRST, UTC)
    assert found
    assert found[0] == utc("2024-08-03T11:12")


def test_without_a_zone_it_is_the_companys() -> None:
    assert moment_of("2024-06-03 11:12") == moment_of(
        "2024-06-03 11:12", tz=ZoneInfo("America/New_York")
    )


def test_nothing_is_later_than_now() -> None:
    assert moment_of("2026-11-29", tz=UTC) == (utc("2026-11-29"), NOW)
    # A clock that is ahead, or a zone that is not ours.
    assert moment_of("2026-11-29 18:00", tz=UTC) == (NOW, NOW)


@pytest.mark.parametrize(
    "text",
    [
        *["2026-12-02", "12/25/26", "9999-12-31", "1970-01-01", "0001-01-01 00:00:00"],
        *["946684799", "9999999999", "6155550123", "1817426320000", "45446"],
    ],
)
def test_no_moment_is_in_the_future_or_before_text_messages(text: str) -> None:
    assert moment_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *["0/0/00", "00/00/0000", "0000-00-00", "0000-00-00 00:00:00", "1/0/1900", "01/00/1900"],
        *["1/0/00 0:00", "0-Jan-00", "00/01/1900", "Saturday, January 0, 1900", "12/30/1899"],
        *["1899-12-31T00:00:00", "1/1/1900", "1/1/4501", "0001-01-01T00:00:00Z"],
        *["1/1/0001 12:00:00 AM", "9999-12-31"],
    ],
)
def test_what_programs_write_for_no_day(text: str) -> None:
    assert is_no_day(text)


@pytest.mark.parametrize("text", ["", "0", "6/12/1968", "--06-12", "0/0/1968", "10/10/2000", "no"])
def test_what_is_a_day_or_not_read(text: str) -> None:
    assert not is_no_day(text)


@pytest.mark.parametrize(
    "text", ["--06-12", " --12-01", "--0612", "6/12", "06-12", "June 12", "12 Jun", "1604-06-12"]
)
def test_a_day_without_its_year(text: str) -> None:
    assert lacks_year(text)


@pytest.mark.parametrize("text", ["", "6/12/1968", "June 1968", "June 68", "1968-06", "1968"])
def test_a_day_with_its_year_or_none(text: str) -> None:
    assert not lacks_year(text)


@given(st.one_of(st.text(max_size=90), st.text("0123456789/.-: TZapmjun,+()", max_size=40)))
def test_no_text_breaks_anything(text: str) -> None:
    for order in Order:
        found = moment_of(text, order)
        assert not found or found[0] <= found[1] <= NOW
    is_no_day(text)
    lacks_year(text)
    orders_of([text])
