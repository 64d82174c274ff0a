"""The lines on top of every page: what is wrong, in words for who reads it, for one cheap query."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from contacts_ui.models import ConsentState, DesiredState, Vendor, VendorHealth, WorkerHeartbeat
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services.operations import alerts, system_state
from contacts_ui.template_filters import when
from tests.caching import take_away
from tests.pages import Page
from tests.people import SetDesiredState

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


@pytest.fixture
def worker() -> WorkerHeartbeat:
    now = timezone.now()
    return WorkerHeartbeat.objects.create(worker="here:1", started_at=now, beat_at=now)


@pytest.fixture
def set_desired_state(set_desired_state: SetDesiredState) -> SetDesiredState:
    """As elsewhere, with the other vendor told long ago: stops that it was not told have their own test."""

    def make(*args: Any, **kwargs: Any) -> DesiredState:
        desired = set_desired_state(*args, **kwargs)
        ConsentState.objects.update(untold=False)
        return desired

    return make


def down(
    vendor: Vendor = Vendor.SLICKTEXT, last_error: str = "It did not answer.", minutes: float = 0
) -> None:
    then = timezone.now() - timedelta(minutes=minutes)
    VendorHealth.objects.create(
        vendor=vendor,
        up=False,
        since=then,
        checked_at=then,
        last_error=last_error,
        last_error_at=then,
    )


def wait(desired: DesiredState, minutes: float) -> None:
    DesiredState.objects.filter(pk=desired.pk).update(
        requested_at=timezone.now() - timedelta(minutes=minutes)
    )


def told(staff: User) -> list[str]:
    cache.clear()
    return [f"{alarm.kind}: {alarm.title}. {alarm.text}" for alarm in alerts.alerts_for(staff)]


def test_nothing_is_wrong(
    manager: User,
    agent: User,
    viewer: User,
    worker: WorkerHeartbeat,
    set_desired_state: SetDesiredState,
) -> None:
    set_desired_state()
    assert told(manager) == told(agent) == told(viewer) == []


def test_a_vendor_is_down(
    manager: User, agent: User, viewer: User, newcomer: User, worker: WorkerHeartbeat
) -> None:
    down()
    line = "SlickText does not answer. Stops are kept and sent as soon as it does."
    assert told(manager) == told(agent) == [f"vendor: {line}"]
    assert told(viewer) == [
        "vendor: SlickText does not answer. Pages may show what it last told us."
    ]
    assert told(newcomer) == []


def test_the_one_who_can_act_is_told_how_much_waits(
    manager: User,
    agent: User,
    viewer: User,
    worker: WorkerHeartbeat,
    set_desired_state: SetDesiredState,
) -> None:
    down(Vendor.CLOUDCONTACTAI)
    wait(set_desired_state(Vendor.CLOUDCONTACTAI), minutes=20)
    (line,) = told(manager)
    assert line.endswith("as soon as it does. 1 change waits for it.")
    (line,) = told(agent)
    assert line.endswith("as soon as it does.")
    assert told(viewer) == []


def test_a_refused_key(manager: User, agent: User, worker: WorkerHeartbeat) -> None:
    down(last_error="SlickText does not accept our key. Tell an administrator.")
    line = "SlickText does not accept our key. Stops are kept and sent as soon as that is fixed."
    assert told(manager) == told(agent) == [f"vendor: {line}"]


def test_old_news_is_no_news(manager: User, agent: User, worker: WorkerHeartbeat) -> None:
    """It was not called for a long time, so it is unknown if it is still down."""
    down(minutes=16)
    assert told(manager) == told(agent) == []


def test_no_worker(manager: User, agent: User) -> None:
    (line,) = told(manager)
    assert line.startswith("worker: No worker is running.")
    assert told(agent) == []


def test_a_silent_worker(manager: User, worker: WorkerHeartbeat) -> None:
    WorkerHeartbeat.objects.update(beat_at=timezone.now() - timedelta(minutes=4, seconds=5))
    (line,) = told(manager)
    assert "No worker has been seen for 4\xa0minutes." in line


def test_one_worker_of_two_is_enough(manager: User, worker: WorkerHeartbeat) -> None:
    long_ago = timezone.now() - timedelta(minutes=4)
    WorkerHeartbeat.objects.create(worker="there:2", started_at=long_ago, beat_at=long_ago)
    assert told(manager) == []


def test_changes_that_wait_too_long(
    manager: User,
    agent: User,
    viewer: User,
    worker: WorkerHeartbeat,
    set_desired_state: SetDesiredState,
) -> None:
    wait(set_desired_state(), minutes=4)
    assert told(manager) == told(agent) == []
    wait(DesiredState.objects.get(), minutes=6)
    (line,) = told(manager)
    assert line.startswith("waiting: 1 change on the way for longer than five minutes.")
    (line,) = told(agent)
    assert line.endswith("You don't have to do anything again.")
    assert told(viewer) == []


def test_what_was_refused(
    manager: User, agent: User, worker: WorkerHeartbeat, set_desired_state: SetDesiredState
) -> None:
    set_desired_state(Vendor.SLICKTEXT)
    set_desired_state(Vendor.CLOUDCONTACTAI)
    DesiredState.objects.update(state=DeliveryState.REFUSED)
    (line,) = told(manager)
    assert line.startswith("attention: 2 changes were refused by a vendor.")
    assert told(agent) == []


def test_stops_that_a_vendor_was_not_told(
    manager: User, agent: User, worker: WorkerHeartbeat, max_: Client
) -> None:
    numbers = [f"+1615555{last}" for last in range(2000, 2003)]
    rows = [ConsentState(number=number, stopped=True, untold=True) for number in numbers[1:]]
    ConsentState.objects.bulk_create([*rows, ConsentState(number=numbers[0], stopped=True)])
    (line,) = told(manager)
    assert line.startswith("untold: 2 people are stopped here, but not every vendor was told.")
    assert told(agent) == []
    cache.clear()
    link = Page(max_.get("/contacts/new/")).one("a", href="/jobs/new/?kind=tell")
    assert link.text == "Review and tell vendors"


def test_what_is_settled_is_no_alarm(
    manager: User, worker: WorkerHeartbeat, set_desired_state: SetDesiredState
) -> None:
    wait(set_desired_state(), minutes=600)
    for state in (DeliveryState.CONFIRMED, DeliveryState.EXPIRED, DeliveryState.SETTLED):
        DesiredState.objects.update(state=state)
        assert told(manager) == []


def test_it_is_one_query_and_then_none(manager: User, worker: WorkerHeartbeat) -> None:
    manager.get_all_permissions()
    with CaptureQueriesContext(connection) as queries:
        alerts.alerts_for(manager)
        alerts.alerts_for(manager)
    assert len(queries) == 1


@pytest.mark.parametrize("broken", ["get", "set"])
def test_a_cache_that_is_away(broken: str, manager: User, monkeypatch: pytest.MonkeyPatch) -> None:
    take_away(monkeypatch, broken)
    assert [alarm.kind for alarm in alerts.alerts_for(manager)] == ["worker"]


def test_its_own_error_takes_no_page_down(max_: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseError

    monkeypatch.setattr(system_state, "read_system_state", fail)
    response = max_.get("/contacts/new/")
    assert response.status_code == 200
    assert "Alerts" not in response.content.decode()


def banners(client: Client, address: str = "/contacts/new/") -> list[str]:
    cache.clear()
    page = Page(client.get(address))
    aside = page.all("aside", aria_label="Alerts")
    return [each.text for each in page.all("p") if aside and each.inside(aside[0])]


def test_every_page_shows_it(
    max_: Client, ada: Client, worker: WorkerHeartbeat, set_desired_state: SetDesiredState
) -> None:
    down()
    set_desired_state()
    DesiredState.objects.update(state=DeliveryState.REFUSED)
    clock = strip_tags(when(VendorHealth.objects.get().since))
    vendor, attention = banners(max_)
    assert vendor == (
        f"SlickText does not answer, since {clock}. Stops are kept and sent as soon as it does. Status"
    )
    assert attention.endswith("Review it")
    assert banners(ada) == [vendor.removesuffix(" Status")]


def test_a_signed_out_visitor_learns_nothing(client: Client, worker: WorkerHeartbeat) -> None:
    down()
    assert 'aria-label="Alerts"' not in client.get("/accounts/login/").content.decode()


def test_a_fragment_does_not_ask(
    max_: Client, worker: WorkerHeartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def count(staff: User) -> list[alerts.Alert]:
        asked.append(1)
        return []

    monkeypatch.setattr(alerts, "alerts_for", count)
    fragment: Callable[..., Any] = max_.get
    fragment("/contacts/", headers={"HX-Request": "true", "HX-Target": "results"})
    assert asked == []
    max_.get("/contacts/")
    assert asked == [1]
