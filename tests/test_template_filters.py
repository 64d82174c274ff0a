"""Times, days and numbers for people: the American way, in the dashboard's own time zone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django.utils.html import strip_tags

from contacts_ui.template_filters import ago, day, exactly, phone, to_the_second, when

NOON = datetime(2026, 11, 28, 20, 5, 17, tzinfo=UTC)


def test_a_time_names_its_zone_and_has_utc_for_machines() -> None:
    assert strip_tags(when(NOON)) == "Nov 28, 2026, 3:05 PM EST"
    assert 'datetime="2026-11-28T20:05:17Z"' in when(NOON)
    assert "(Nov 28, 2026, 8:05:17 PM UTC)" in when(NOON)
    assert strip_tags(when(NOON.replace(month=7))) == "Jul 28, 2026, 4:05 PM EDT"
    assert when(None) == ""


def test_the_dashboards_zone_is_everyones(settings: Any) -> None:
    settings.TIME_ZONE = "America/Los_Angeles"
    assert strip_tags(when(NOON)) == "Nov 28, 2026, 12:05 PM PST"
    assert strip_tags(exactly(NOON)) == "Nov 28, 2026, 12:05:17 PM PST (8:05:17 PM UTC)"
    assert day(NOON + timedelta(hours=8)) == "Nov 28, 2026"


def test_exactly_names_the_day_in_utc_where_it_is_another() -> None:
    later = NOON + timedelta(hours=5)
    assert (
        strip_tags(exactly(later)) == "Nov 28, 2026, 8:05:17 PM EST (Nov 29, 2026, 1:05:17 AM UTC)"
    )
    assert exactly("words") == "words"


def test_a_day() -> None:
    assert day(date(2026, 3, 8)) == "Mar 8, 2026"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (59, "just now"), (61, "1 minute ago"), (3 * 3600 + 5, "3 hours ago")],
)
def test_ago(seconds: int, words: str) -> None:
    said = ago(timezone.now() - timedelta(seconds=seconds))
    assert strip_tags(said).replace("\xa0", " ") == words
    assert "<time datetime=" in said


def test_to_the_second_leaves_out_today() -> None:
    with time_machine.travel(NOON, tick=False):
        assert to_the_second(NOON) == "3:05:17 PM EST"
        assert to_the_second(NOON - timedelta(days=1)) == "Nov 27, 2026, 3:05:17 PM EST"


@pytest.mark.parametrize(
    ("number", "words"),
    [("+14175550123", "(417) 555-0123"), ("+493012345678", "+49 30 12345678"), (None, "")],
)
def test_numbers(number: str | None, words: str) -> None:
    assert phone(number) == words
