"""The status page and the probes: what is asked, what is shown, and what a load balancer gets."""

import time
from collections.abc import Callable
from datetime import timedelta
from socket import gethostname
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.models import (
    CallBudget,
    DesiredState,
    IndexSync,
    Vendor,
    VendorHealth,
    WebhookEvent,
    WorkerHeartbeat,
)
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services import index
from contacts_ui.services.consent.delivery import deliver
from tests.caching import take_away
from tests.pages import Page
from tests.people import MARTY_NUMBER, SetDesiredState, Vendors, until

pytestmark = pytest.mark.django_db


def show(client: Client) -> str:
    cache.clear()
    response = client.get("/status/")
    assert response.status_code == 200
    return Page(response).text


def test_all_is_well(max_: Client, vendors: Vendors) -> None:
    vendors.forget_calls()
    text = show(max_)
    assert "SlickText Working" in text
    assert "for the brand Sandbox Outfitters" in text
    assert "Nothing is waiting" in text
    assert "Nothing was refused." in text
    assert vendors.asked() == ["slicktext GET"]


def test_slicktext_is_asked_once_and_not_for_long(max_: Client, vendors: Vendors) -> None:
    vendors.forget_calls()
    vendors.fault("slicktext", "hang", seconds=120)
    started = time.monotonic()
    assert "SlickText Not answering" in show(max_)
    assert time.monotonic() - started < 60
    vendors.clear_faults()
    # The sandbox notes a call when it lets go of it.
    until(lambda: len(vendors.asked()) == 1)


def test_a_refused_key_and_none_at_all(
    max_: Client, vendors: Vendors, connect_only: Callable[[str], None]
) -> None:
    vendors.fault("slicktext", "unauthorized")
    assert "does not accept our key" in show(max_)
    connect_only("cloudcontactai")
    assert "Its API key is not set." in show(max_)


def test_since_when_it_is_down(max_: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "error", status=503)
    then = timezone.now() - timedelta(hours=3)
    VendorHealth.objects.create(
        vendor="slicktext", up=False, since=then, checked_at=then, last_error="It broke."
    )
    html = max_.get("/status/").content.decode()
    assert then.strftime("%Y-%m-%dT%H:%M:%SZ") in html
    assert "SlickText has a problem on its side right now." in html


def test_up_again_is_no_longer_since_then(max_: Client) -> None:
    then = timezone.now() - timedelta(hours=3)
    VendorHealth.objects.create(vendor="slicktext", up=False, since=then, checked_at=then)
    html = max_.get("/status/").content.decode()
    assert then.strftime("%Y-%m-%dT%H:%M:%SZ") not in html


def test_cloudcontactai_is_known_by_what_was_sent(
    max_: Client, vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    assert "CloudContactAI Not known" in show(max_)
    desired = set_desired_state(Vendor.CLOUDCONTACTAI)
    deliver(desired.pk)
    assert "CloudContactAI Working" in show(max_)
    vendors.fault("cloudcontactai", "unauthorized")
    for number in ("+16155550151", "+16155550152"):
        deliver(set_desired_state(Vendor.CLOUDCONTACTAI, number=number).pk)
    assert "CloudContactAI Key refused" in show(max_)


def test_what_is_left_of_the_budget(max_: Client, vendors: Vendors) -> None:
    vendors.switch(rate_limit=True)
    max_.get("/status/")
    left = 480 - len(vendors.calls("slicktext"))
    CallBudget.objects.update(reported_remaining=left)
    assert f"{left} of 480 calls left, {480 - left} used" in show(max_)
    now = time.time()
    CallBudget.objects.update(reported_remaining=3, kept_for_stops_until=now + 30)
    vendors.switch(rate_limit=False)
    text = show(max_)
    assert "3 of 480 calls left, 477 used" in text
    assert "The remaining calls are reserved for stops." in text
    CallBudget.objects.update(reported_reset=now - 90, kept_for_stops_until=0)
    assert "477 were used in its last window, which ended 1 minute ago." in show(max_)


def test_what_waits_by_age(max_: Client, set_desired_state: SetDesiredState) -> None:
    ages = [timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=5), timedelta(days=5)]
    for place, age in enumerate([*ages, ages[1]]):
        desired = set_desired_state(Vendor.CLOUDCONTACTAI, number=f"+1615555014{place}")
        DesiredState.objects.filter(pk=desired.pk).update(requested_at=timezone.now() - age)
    page = Page(max_.get("/status/"))
    assert [each.text for each in page.all("th", scope="col")][1:] == [
        "SlickText",
        "CloudContactAI",
    ]
    assert [each.text for each in page.all("td")] == ["0", "1", "0", "2", "0", "1", "0", "1"]
    text = page.text
    assert "The oldest was requested 5 days ago" in text


def test_what_was_refused(max_: Client, set_desired_state: SetDesiredState) -> None:
    set_desired_state()
    DesiredState.objects.update(state=DeliveryState.REFUSED)
    page = Page(max_.get("/status/"))
    assert "1 change refused by a vendor." in page.text
    assert [
        each.text for each in page.all("a", href="/attention/") if each.inside(page.one("main"))
    ]


def test_the_workers(max_: Client) -> None:
    assert "No worker has been seen" in show(max_)
    now = timezone.now()
    WorkerHeartbeat.objects.create(worker="here:1", started_at=now, beat_at=now)
    then = now - timedelta(minutes=2)
    WorkerHeartbeat.objects.create(worker="there:2", started_at=then, beat_at=then)
    text = show(max_)
    assert "here:1 Running seen just now" in text
    assert "there:2 Not responding" in text


def test_webhooks_and_the_ledger(max_: Client, set_desired_state: SetDesiredState) -> None:
    assert "None yet" in show(max_)
    assert "No entries yet" in show(max_)
    now = timezone.now()
    WebhookEvent.objects.create(
        vendor="slicktext", key="1", event="x", body={}, received_at=now, due_at=now
    )
    set_desired_state()
    text = show(max_)
    assert "1 webhook is waiting to be processed." in text
    assert "1 entry. The newest was recorded just now." in text


def test_it_shows_no_one(max_: Client, set_desired_state: SetDesiredState) -> None:
    set_desired_state()
    html = max_.get("/status/").content.decode()
    assert MARTY_NUMBER not in html
    assert "555" not in html.replace("5555", "")


def test_whether_a_worker_here_lives() -> None:
    now = timezone.now()
    WorkerHeartbeat.objects.create(worker="elsewhere:1", started_at=now, beat_at=now)
    with pytest.raises(CommandError, match="No worker"):
        call_command("worker_alive")
    here = WorkerHeartbeat.objects.create(worker=f"{gethostname()}:1", started_at=now, beat_at=now)
    call_command("worker_alive")
    here.beat_at = now - timedelta(seconds=31)
    here.save()
    with pytest.raises(CommandError, match="No worker"):
        call_command("worker_alive")


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["10.1.2.3:8000", "[fd00::1]", "probe.internal"])
def test_a_probe_may_use_any_host_name(
    address: str, host: str, client: Client, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["dashboard.example"]
    assert client.get(address, headers={"Host": host}).status_code == 200


def test_a_person_may_not(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["dashboard.example"]
    for address in ("/contacts/", "/healthz/", "/accounts/login/"):
        assert client.get(address, headers={"Host": "10.1.2.3"}).status_code == 400, address


def test_a_probe_is_not_sent_to_https(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/readyz").status_code == 200
    assert client.get("/accounts/login/").status_code == 301


def test_ready_is_cheap_and_asks_no_vendor(client: Client, vendors: Vendors) -> None:
    client.get("/readyz")
    vendors.forget_calls()
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/readyz").content == b"ok"
    assert len(queries) <= 2
    assert vendors.asked() == []


def test_not_ready_while_migrations_are_missing(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="contacts_ui").order_by("-pk").first().delete()  # type: ignore[union-attr]
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (503, b"database: migrations are missing")


def test_not_ready_without_the_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise OperationalError("server closed the connection; password=secret")

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", fail)
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (503, b"database: OperationalError")
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("name", ["get", "set"])
def test_not_ready_without_the_cache(
    name: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_away(monkeypatch, name)
    response = client.get("/readyz")
    said = b"cache: it does not keep what it is given"
    assert (response.status_code, response.content) == (503, said)
    assert client.get("/healthz").status_code == 200


def test_health_needs_nothing(client: Client, django_db_blocker: Any) -> None:
    with django_db_blocker.block():
        assert client.get("/healthz").content == b"ok"


def test_the_index_is_not_begun(max_: Client) -> None:
    assert "A worker will start the first sync" in show(max_)


def test_the_index_is_being_built(max_: Client) -> None:
    now = timezone.now()
    IndexSync.objects.create(pk=1, next_at=now, started_at=now, offset=1500, total=6000)
    text = show(max_)
    assert "The first sync is running. Until it finishes, pages ask SlickText" in text
    assert "1,500 of about 6,000 read since" in text
    assert "25%" in text


def test_the_index_is_complete(max_: Client) -> None:
    index.run_due()
    text = show(max_)
    assert "60 contacts in the local copy. The last sync finished just now" in text
    assert "The next one starts at" in text


def test_the_walk_of_the_index_fails(max_: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    index.run_due()
    assert "The sync is paused. SlickText did not answer in time. It resumes by itself" in show(
        max_
    )


def test_the_index_is_switched_off(max_: Client, settings: Any) -> None:
    settings.CONTACT_INDEX = False
    assert "The index is turned off. Pages ask SlickText each time" in show(max_)
