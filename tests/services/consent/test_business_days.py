"""The clock of ten business days, against tables that were published, or worked out by hand from the rule."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts_ui.services.consent.business_days import (
    due_after,
    federal_holidays,
    is_business_day,
    observed,
)

NEW_YORK = ZoneInfo("America/New_York")
# The days off of federal offices, as the US Office of Personnel Management lists them year by year.
PUBLISHED = {
    2015: "01-01 01-19 02-16 05-25 07-03 09-07 10-12 11-11 11-26 12-25",
    2020: "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25",
    2021: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
    2022: "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26",
    2023: "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25",
    2024: "01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25",
    2025: "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25",
    2026: "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
    2028: "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25",
}


@pytest.mark.parametrize("year", PUBLISHED)
def test_the_weekdays_off_of_a_year(year: int) -> None:
    days = (date(year, 1, 1) + timedelta(days=step) for step in range(366))
    off = [
        f"{day:%m-%d}"
        for day in days
        if day.year == year and day.weekday() < 5 and not is_business_day(day)
    ]
    assert off == PUBLISHED[year].split()


def test_there_are_eleven_and_inauguration_day_is_none() -> None:
    assert len(federal_holidays(2029)) == 11
    assert is_business_day(date(2029, 1, 19))
    # 20 January 2029 is a Saturday; in 2032 an ordinary Tuesday.
    assert is_business_day(date(2032, 1, 20))


def test_juneteenth_counts_from_its_first_year_on() -> None:
    assert is_business_day(date(2020, 6, 19))
    assert not is_business_day(date(2026, 6, 19))


def test_a_saturday_is_observed_before_and_a_sunday_after() -> None:
    assert observed(date(2026, 7, 4)) == date(2026, 7, 3)
    assert observed(date(2027, 7, 4)) == date(2027, 7, 5)
    assert observed(date(2025, 7, 4)) == date(2025, 7, 4)


def at(*parts: int) -> datetime:
    """A time in New York."""
    return datetime(*parts, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        # Two plain weeks.
        (at(2026, 3, 2, 9, 30), at(2026, 3, 16, 9, 30)),
        # On a Friday, a Saturday and a Sunday: the clock begins on Monday.
        (at(2026, 3, 6, 9, 0), at(2026, 3, 20, 9, 0)),
        (at(2026, 3, 7, 9, 0), at(2026, 3, 20, 9, 0)),
        (at(2026, 3, 8, 9, 0), at(2026, 3, 20, 9, 0)),
        # Thanksgiving; then Christmas and New Year's Day.
        (at(2026, 11, 20, 12, 0), at(2026, 12, 7, 12, 0)),
        (at(2026, 12, 18, 12, 0), at(2027, 1, 5, 12, 0)),
        # The New Year's Day of 2028 is a Saturday, so the last day of 2027 is off.
        (at(2027, 12, 20, 12, 0), at(2028, 1, 5, 12, 0)),
    ],
)
def test_ten_business_days(asked: datetime, due: datetime) -> None:
    assert due_after(asked) == due


def test_the_zone_of_the_settings_decides_which_day_it_is() -> None:
    # In UTC this is a Saturday, in New York still Friday evening: Monday is the first day of ten either way,
    # but the time of day is New York's.
    due = due_after(datetime(2026, 3, 21, 2, 0, tzinfo=UTC))
    assert due.astimezone(NEW_YORK) == at(2026, 4, 3, 22, 0)


def test_a_clock_change_in_between_keeps_the_time_of_day() -> None:
    # Summer time begins on 8 March 2026.
    due = due_after(at(2026, 3, 2, 9, 0))
    assert due.astimezone(UTC) == datetime(2026, 3, 16, 13, 0, tzinfo=UTC)


@given(st.integers(min_value=0, max_value=200 * 365 * 24))
def test_the_deadline_is_a_business_day_and_nine_lie_before_it(hours: int) -> None:
    asked = datetime(1991, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    due = due_after(asked).astimezone(NEW_YORK)
    between = (due.date() - asked.astimezone(NEW_YORK).date()).days
    days = [due.date() - timedelta(days=step) for step in range(between)]
    assert is_business_day(due.date())
    assert sum(is_business_day(day) for day in days) == 10
