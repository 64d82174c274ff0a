"""Reads that people share, kept for seconds: one call, one age, and never across a change."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache, caches
from django.db import connections
from django.test import Client
from django.utils import timezone

from contacts_ui.integrations.errors import ServerError, VendorError
from contacts_ui.services.contacts import reading
from contacts_ui.services.contacts.listing import ListQuery, list_contacts
from contacts_ui.services.index import IndexState
from contacts_ui.services.vendors import shared_reads
from contacts_ui.services.vendors.shared_reads import (
    Copy,
    changed,
    present_generation,
    read,
    read_now,
    share_change,
)
from tests.caching import take_away
from tests.hooks import hint, tell_slicktext
from tests.pages import Page
from tests.people import MARTY, Vendors, until

pytestmark = pytest.mark.django_db
NO_INDEX = IndexState(enabled=False)
ROOT = Path(__file__).resolve().parents[3]
OTHER_PROCESS = """
import os
import tests.settings as settings
settings.CACHES["default"]["LOCATION"] = os.environ["CACHE"]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from django.conf import settings
from django.core.cache import caches
settings.READ_CACHE_SECONDS = 30.0
caches["default"].key_prefix = os.environ["PREFIX"]
from contacts_ui.services.vendors.shared_reads import read
def ask():
    print("asking", flush=True)
    time.sleep(float(os.environ["SLOW"]))
    return "theirs"
print(read("question", ask).value, flush=True)
"""


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """For the threads of a test too, each of which has a connection of its own to the cache."""
    if "vendors" in request.fixturenames:
        request.getfixturevalue("vendors")
    else:
        monkeypatch.setattr(caches["default"], "key_prefix", os.urandom(8).hex())
    prefix = caches["default"].key_prefix
    monkeypatch.setitem(django_settings.CACHES["default"], "KEY_PREFIX", prefix)


@pytest.fixture
def kept(settings: Any) -> None:
    settings.READ_CACHE_SECONDS = 300.0


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The calls in flight that threads wait for, one for each thread."""
    calls: list[Any] = []

    class Joined(Future[Any]):
        def result(self, timeout: float | None = None) -> Any:
            calls.append(self)
            return super().result(timeout)

    monkeypatch.setattr(shared_reads, "Future", Joined)
    return calls


class Vendor:
    """A vendor who answers as soon as `ready` says so, and counts."""

    def __init__(
        self, ready: Callable[[], Any] = lambda: True, error: VendorError | None = None
    ) -> None:
        self.asked = 0
        self._ready, self._error = ready, error

    def __call__(self) -> str:
        self.asked += 1
        number = self.asked
        until(self._ready)
        if self._error:
            raise self._error
        return f"answer {number}"


def at_once(count: int, do: Callable[[], Any]) -> list[Any]:
    """Return what each of `count` threads gets for doing it in the same moment: an answer or an error."""
    barrier = threading.Barrier(count)

    def one(_: int) -> Any:
        barrier.wait()
        try:
            return do()
        except VendorError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_without_a_cache_every_read_asks() -> None:
    vendor = Vendor()
    assert read("question", vendor).value == "answer 1"
    assert read("question", vendor).value == "answer 2", "without a cache the next one asks again"


def test_twenty_threads_one_call(joined: list[Any]) -> None:
    vendor = Vendor(lambda: len(joined) == 19)
    answers = at_once(20, lambda: read("question", vendor))
    assert vendor.asked == 1
    assert len({answer.as_of for answer in answers}) == 1
    assert not shared_reads._in_flight


def test_other_questions_are_asked_for_themselves() -> None:
    vendor = Vendor()
    names = iter(range(5))
    at_once(5, lambda: read(f"question {next(names)}", vendor))
    assert vendor.asked == 5


def test_a_failure_is_shared_and_not_kept(kept: None, joined: list[Any]) -> None:
    vendor = Vendor(lambda: len(joined) == 7, ServerError("slicktext", status=503))
    answers = at_once(8, lambda: read("question", vendor))
    assert vendor.asked == 1
    assert {type(answer) for answer in answers} == {ServerError}
    assert read("question", Vendor()).value == "answer 1"


def test_a_thread_that_is_ended_leaves_no_thread_waiting(joined: list[Any]) -> None:
    started = threading.Event()

    def ends() -> str:
        started.set()
        until(lambda: joined)
        raise SystemExit

    def lead() -> None:
        with suppress(SystemExit):
            read("question", ends)

    leader = threading.Thread(target=lead)
    leader.start()
    started.wait()
    with pytest.raises(VendorError):
        read("question", Vendor())
    leader.join()


def test_a_fresh_answer_is_kept_with_its_age(kept: None) -> None:
    vendor = Vendor()
    first = read("question", vendor)
    second = read("question", vendor)
    assert (vendor.asked, second) == (1, first)


@pytest.mark.parametrize(
    ("seconds", "end"),
    [
        (30.0, changed),
        (30.0, lambda: cache.delete(shared_reads.GENERATION_KEY)),
        (0.2, lambda: time.sleep(0.25)),
    ],
    ids=["a change", "a cache that forgot a change", "its seconds"],
)
def test_it_is_kept_until_then_only(
    seconds: float, end: Callable[[], object], settings: Any
) -> None:
    settings.READ_CACHE_SECONDS = seconds
    vendor = Vendor()
    read("question", vendor)
    end()
    assert read("question", vendor).value == "answer 2"


def test_an_answer_that_was_asked_for_before_a_change_is_not_shared_after_it(kept: None) -> None:
    asking, go = threading.Event(), threading.Event()

    def slow() -> str:
        asking.set()
        go.wait(60)
        return "before"

    got: list[str] = []
    early = threading.Thread(target=lambda: got.append(read("question", slow).value))
    early.start()
    asking.wait()
    changed()
    assert read("question", lambda: "after").value == "after", "it does not join the older read"
    go.set()
    early.join()
    assert got == ["before"]
    assert read("question", lambda: "asked").value in ("after", "asked"), "nor find its answer"


def test_read_now_asks_and_its_answer_serves_others(kept: None) -> None:
    vendor = Vendor()
    read("question", vendor)
    assert read_now("question", vendor).value == "answer 2"
    assert read("question", vendor).value == "answer 2"


def copy_of(value: str) -> Copy[str]:
    return Copy(value, timezone.now())


def test_the_answer_to_the_only_change_serves_others(kept: None) -> None:
    read("question", Vendor())
    since = present_generation()
    changed()
    share_change("question", copy_of("changed"), since)
    vendor = Vendor()
    assert (read("question", vendor).value, vendor.asked) == ("changed", 0)


@pytest.mark.parametrize("late", [False, True], ids=["before it is shared", "after it is shared"])
def test_the_answer_to_a_change_is_not_shared_across_another(kept: None, late: bool) -> None:
    since = present_generation()
    changed()
    if not late:
        changed()
    share_change("question", copy_of("changed"), since)
    if late:
        changed()
    assert read("question", Vendor()).value == "answer 1"


def test_what_was_asked_before_a_change_does_not_replace_its_answer(kept: None) -> None:
    since = present_generation()

    def slow() -> str:
        changed()
        share_change("question", copy_of("changed"), since)
        return "before"

    assert read("question", slow).value == "before"
    assert read("question", Vendor()).value == "changed"


def test_what_was_read_since_a_change_is_not_replaced_by_its_answer(kept: None) -> None:
    since = present_generation()
    changed()
    assert read("question", Vendor()).value == "answer 1"
    share_change("question", copy_of("changed"), since)
    assert read("question", Vendor()).value == "answer 1"


def test_a_full_disk_shares_nothing_across_a_change(
    kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    read("question", Vendor())
    with monkeypatch.context() as full:
        take_away(full, "set", "add", "incr")
        changed()
        assert read("question", lambda: "answer 2").value == "answer 2"
    assert read("question", lambda: "answer 3").value == "answer 3"


def test_a_change_that_never_reached_the_vendor_shares_nothing(kept: None) -> None:
    share_change("question", copy_of("changed"), present_generation())
    assert read("question", Vendor()).value == "answer 1"


def test_beside_an_older_version_that_names_its_generations(kept: None) -> None:
    cache.set(shared_reads.GENERATION_KEY, "0f3c")
    assert present_generation() is None, "what is theirs is not shared"
    assert read("question", Vendor()).value == "answer 1"
    changed()
    vendor = Vendor()
    assert [read("question", vendor).value for _ in range(2)] == ["answer 1", "answer 1"]


def test_the_page_after_a_save_costs_no_call(kept: None, edgar: Client, vendors: Vendors) -> None:
    form = Page(edgar.get(f"/contacts/{MARTY}/edit/")).form(city="Boise")
    vendors.forget_calls()
    page = Page(edgar.post(f"/contacts/{MARTY}/edit/", form, follow=True))
    assert "Boise" in page.text
    assert vendors.asked() == ["slicktext GET", "slicktext PUT"]


def test_a_cache_that_is_away_costs_calls_and_nothing_else(
    kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_away(monkeypatch)
    vendor = Vendor()
    assert [read("question", vendor).value for _ in range(2)] == ["answer 1", "answer 2"]
    changed()


def test_another_process_gets_what_we_were_answered(kept: None) -> None:
    read("question", Vendor())
    environment = {
        **os.environ,
        "CACHE": str(django_settings.CACHES["default"]["LOCATION"]),
        "PREFIX": caches["default"].key_prefix,
    }
    said = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "answer 1"


@pytest.mark.django_db(transaction=True)
def test_agents_who_open_the_same_page_at_once_cost_one_call(vendors: Vendors) -> None:
    vendors.fault("slicktext", "latency", seconds=4)
    vendors.forget_calls()
    listings = at_once(10, lambda: list_contacts(ListQuery(), NO_INDEX))
    assert vendors.asked() == ["slicktext GET"]
    assert len({listing.as_of for listing in listings}) == 1


def test_a_page_tells_its_true_age(kept: None, vendors: Vendors) -> None:
    first = list_contacts(ListQuery(), NO_INDEX)
    second = list_contacts(ListQuery(), NO_INDEX)
    assert (second.as_of, second.page) == (first.as_of, first.page)
    assert second.error is None


@pytest.mark.django_db(transaction=True)
def test_a_stop_in_between_is_not_hidden(kept: None, ada: Client, vendors: Vendors) -> None:
    page = Page(ada.get(f"/contacts/{MARTY}/"))
    assert "May text" in page.text
    ada.get("/contacts/")
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    vendors.forget_calls()
    assert "Do not text" in Page(ada.get(f"/contacts/{MARTY}/")).text
    shown = reading.read(MARTY)
    assert shown.contact.opt_in_status == "unsubscribed"
    assert vendors.asked() == ["slicktext GET"], "once for the page, and kept for the next"


def test_a_webhook_ends_what_was_kept(kept: None, vendors: Vendors) -> None:
    reading.read(MARTY)
    vendors.forget_calls()
    reading.read(MARTY)
    assert vendors.asked() == []
    assert tell_slicktext(hint()).status_code == 200
    reading.read(MARTY)
    assert vendors.asked() == ["slicktext GET"]


def test_forms_that_decide_read_past_the_cache(kept: None, max_: Client, vendors: Vendors) -> None:
    reading.read(MARTY)
    for address in ("edit/", "delete/", "opt-in/"):
        vendors.forget_calls()
        assert max_.get(f"/contacts/{MARTY}/{address}").status_code == 200
        assert vendors.asked() == ["slicktext GET"], address


def test_a_vendor_that_is_down_shows_the_old_copy_as_old(kept: None, vendors: Vendors) -> None:
    first = list_contacts(ListQuery(), NO_INDEX)
    changed()
    vendors.fault("slicktext", "down")
    old = list_contacts(ListQuery(), NO_INDEX)
    assert old.error is not None
    assert old.page == first.page
    assert abs((old.as_of - first.as_of).total_seconds()) < 30
