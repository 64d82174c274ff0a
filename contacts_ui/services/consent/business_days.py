"""The deadline of ten business days to honor a person's request (US rule; see docs/decisions.md).

Saturdays, Sundays and the federal holidays of 5 U.S.C. 6103 do not count. Days are those of the time zone in the
settings, not the reader's: a deadline is the same for everyone.
"""

from datetime import date, datetime, timedelta
from functools import cache

from django.utils import timezone

BUSINESS_DAYS = 10
# An open opt-out with this many business days left, or fewer, is due soon.
DUE_SOON_BUSINESS_DAYS = 3
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6


def due_after(asked_at: datetime, days: int = BUSINESS_DAYS) -> datetime:
    """Return when `days` business days after `asked_at` (aware) are over, at the same time of day.

    The day of asking does not count. Stricter than the law, whose day ends at midnight.
    """
    day, left = timezone.localtime(asked_at, timezone.get_default_timezone()), days
    while left:
        day += timedelta(days=1)
        if is_business_day(day.date()):
            left -= 1
    return day


def due_soon_until() -> datetime:
    """Return the moment before which an open opt-out is due soon, or past due."""
    return due_after(timezone.now(), DUE_SOON_BUSINESS_DAYS)


def is_business_day(day: date) -> bool:
    """Return True for Monday to Friday, unless a federal holiday is observed on that day."""
    return day.weekday() < SATURDAY and day not in _days_off(day.year)


def federal_holidays(year: int) -> dict[str, date]:
    """Return the holidays of `year` by their legal names, on their own dates, not as observed."""
    holidays = {
        "New Year's Day": date(year, 1, 1),
        "Birthday of Martin Luther King, Jr.": _nth(year, 1, MONDAY, 3),
        "Washington's Birthday": _nth(year, 2, MONDAY, 3),
        "Memorial Day": _nth(year, 6, MONDAY, 1) - timedelta(weeks=1),
        "Juneteenth National Independence Day": date(year, 6, 19),
        "Independence Day": date(year, 7, 4),
        "Labor Day": _nth(year, 9, MONDAY, 1),
        "Columbus Day": _nth(year, 10, MONDAY, 2),
        "Veterans Day": date(year, 11, 11),
        "Thanksgiving Day": _nth(year, 11, THURSDAY, 4),
        "Christmas Day": date(year, 12, 25),
    }
    if year < 2021:
        del holidays["Juneteenth National Independence Day"]
    return holidays


def observed(holiday: date) -> date:
    """Return the day off for a holiday: Friday for one on a Saturday, Monday for one on a Sunday."""
    return holiday + timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(holiday.weekday(), 0))


@cache
def _days_off(year: int) -> frozenset[date]:
    """Return the days off in `year`, with December 31 if the next New Year's Day is a Saturday."""
    holidays = [*federal_holidays(year).values(), date(year + 1, 1, 1)]
    return frozenset(day for day in map(observed, holidays) if day.year == year)


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    """Return the `nth` (from 1) `weekday` (Monday is 0) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7, weeks=nth - 1)
