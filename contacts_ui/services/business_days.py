"""The clock of ten business days, in which a sender must honour a person's wish (US rule; see vendor-apis.md)."""

from datetime import date, datetime, timedelta

BUSINESS_DAYS = 10


def due_after(asked_at: datetime, days: int = BUSINESS_DAYS) -> datetime:
    """When `days` business days after `asked_at` are over: Saturdays, Sundays and US federal holidays do not count."""
    day, left = asked_at, days
    while left:
        day += timedelta(days=1)
        if is_business_day(day.date()):
            left -= 1
    return day


def is_business_day(day: date) -> bool:
    """Whether `day` counts: Monday to Friday, and no federal holiday."""
    return day.weekday() < 5
