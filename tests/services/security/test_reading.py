"""How many contacts an account was shown: one row an hour, one statement a page, one event an hour above the limit."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from contacts_ui.models import ContactReads, SecurityEvent, SecurityEventKind
from contacts_ui.services.security import reading
from tests.caching import take_away

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 18, 14, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(settings: Any) -> Iterator[Any]:
    settings.READS_PER_HOUR = 100
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    with time_machine.travel(START, tick=False) as clock:
        yield clock
    reading.cache.clear()


def events() -> list[SecurityEvent]:
    return list(SecurityEvent.objects.filter(kind=SecurityEventKind.READ_MUCH))


def test_a_row_an_hour_and_account(viewer: User, agent: User, clock: Any) -> None:
    assert [reading.shown(viewer, 30), reading.shown(viewer, 20)] == [30, 50]
    assert reading.shown(agent, 7) == 7
    clock.shift(timedelta(hours=1))
    reading.shown(viewer, 5)
    rows = ContactReads.objects.order_by("account", "hour").values_list("account", "contacts")
    assert list(rows) == sorted(
        [(viewer.pk, 50), (viewer.pk, 5), (agent.pk, 7)], key=lambda row: (row[0], -row[1])
    )


@pytest.mark.parametrize(("minutes", "expected"), [(60, 81), (90, 41), (119, 2), (121, 1)])
def test_the_last_hour_counts_by_its_share(
    minutes: int, expected: int, viewer: User, clock: Any
) -> None:
    reading.shown(viewer, 80)
    clock.shift(timedelta(minutes=minutes))
    assert reading.shown(viewer, 1) == expected


def test_it_costs_one_statement(viewer: User) -> None:
    reading.shown(viewer, 1)
    with CaptureQueriesContext(connection) as queries:
        reading.shown(viewer, 50)
    assert len([each for each in queries if "INSERT" in each["sql"]]) == 1
    assert len([each for each in queries if "SAVEPOINT" not in each["sql"]]) == 1


def test_above_the_limit_lists_wait_and_one_event_an_hour_tells(viewer: User, clock: Any) -> None:
    reading.shown(viewer, 100)
    assert (reading.wait_seconds(viewer), events()) == ((0, 0), [])
    for _ in range(3):
        reading.shown(viewer, 10)
    (event,) = events()
    assert (event.account_id, event.details) == (viewer.pk, {"contacts": 110, "limit": 100})
    assert reading.wait_seconds(viewer) == (0, 130)
    assert reading.wait_seconds(viewer) == (10, 130)
    clock.shift(4)
    assert reading.wait_seconds(viewer) == (6, 130)
    clock.shift(6.1)
    assert reading.wait_seconds(viewer) == (0, 130)
    clock.shift(timedelta(hours=1))
    reading.shown(viewer, 90)
    assert len(events()) == 2


def test_who_reads_little_never_waits(viewer: User, agent: User) -> None:
    reading.shown(viewer, 500)
    reading.shown(agent, 5)
    assert [reading.wait_seconds(agent) for _ in range(2)] == [(0, 0)] * 2


@pytest.mark.parametrize(
    ("before", "then", "told"),
    [(0, 3214, (3214, 14, 15)), (90, 60, (150, 13, 15))],
    ids=["in one hour", "in two"],
)
def test_managers_are_told_how_many_in_which_hours(
    before: int, then: int, told: tuple[int, int, int], viewer: User, clock: Any
) -> None:
    assert reading.much_read() == []
    clock.shift(timedelta(hours=-1))
    reading.shown(viewer, before)
    clock.shift(timedelta(hours=1))
    reading.shown(viewer, then)
    clock.shift(timedelta(hours=5))
    (read,) = reading.much_read()
    assert (read.name, read.contacts, read.since.hour, read.until.hour) == ("Vera Viewer", *told)
    clock.shift(timedelta(days=1))
    assert reading.much_read() == []


def test_what_cannot_be_counted_is_shown_anyway(
    viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> int:
        raise DatabaseError

    monkeypatch.setattr(reading, "_added", broken)
    assert reading.shown(viewer, 500) == 0


def test_without_a_cache_no_one_waits(
    viewer: User, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {"BACKEND": "dashboard.file_cache.FileCache", "LOCATION": tmp_path}
    settings.CACHES = {"default": ours}
    take_away(monkeypatch)
    assert reading.shown(viewer, 500) == 500
    assert reading.wait_seconds(viewer) == (0, 0)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="there writers wait for a row alone")
def test_a_page_does_not_wait_long_for_another_writer(
    viewer: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait_now(*_: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            return int(cursor.fetchone()[0])

    settings.READS_PER_HOUR = 100_000
    usual = wait_now()
    monkeypatch.setattr(reading, "_added", wait_now)
    assert reading.shown(viewer, 1) == reading.WRITER_WAIT_MILLISECONDS < usual
    assert wait_now() == usual


@pytest.mark.django_db(transaction=True)
def test_pages_at_the_same_time_all_count_and_tell_once(
    viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine writes slowly.
    monkeypatch.setattr(reading, "WRITER_WAIT_MILLISECONDS", 60_000)

    def show(_: int) -> int:
        try:
            return reading.shown(viewer, 30)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        totals = sorted(pool.map(show, range(8)))
    assert totals == [30 * each for each in range(1, 9)]
    assert len(events()) == 1
