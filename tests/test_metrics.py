"""/metrics: closed without a token, and what it says is counted over several processes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client import values

from contacts_ui import metrics
from contacts_ui.integrations.call_policy import CallRecord
from contacts_ui.models import DesiredState, Vendor, VendorHealth, WebhookEvent, WorkerHeartbeat
from contacts_ui.models.desired_state import DeliveryState

from .hooks import CCAI, SLICKTEXT, post, unsubscribed
from .people import SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
TOKEN = "let-me-scrape"
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def scrape(
    client: Client, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., str]]:
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    # The process as a whole counts otherwise.
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    counters = metrics.counters
    counters.cache_clear()

    def get() -> str:
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        return response.content.decode()

    yield get
    counters.cache_clear()


def value(page: str, name: str, **labels: str) -> float:
    """The number on the one line with this name and these labels."""
    found = [
        line
        for line in page.splitlines()
        if line.startswith((f"{name}{{", f"{name} "))
        and all(f'{label}="{text}"' in line for label, text in labels.items())
    ]
    assert len(found) == 1, (name, labels, found)
    return float(found[0].split()[-1])


def test_without_a_token_there_is_no_such_page(max_: Client) -> None:
    assert max_.get("/metrics").status_code == 404
    assert max_.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer ", "Bearer wrong", TOKEN, "Basic eDp5"])
def test_only_with_the_token(sent: str, max_: Client, scrape: Callable[..., str]) -> None:
    response = max_.get("/metrics", headers={"Authorization": sent})
    assert response.status_code == 401
    assert b"dashboard_" not in response.content


def test_nothing_is_counted_without_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise AssertionError("it was loaded")

    monkeypatch.setattr(metrics, "counters", fail)
    metrics.request_done("home", 200, 0.1)
    metrics.vendor_called(CallRecord("slicktext", "GET", "brands.read", 200, 0.1, None))


def test_requests_and_calls(scrape: Callable[..., str], max_: Client, vendors: Vendors) -> None:
    max_.get("/contacts/?q=7778")
    max_.get("/nowhere/6155553338/")
    vendors.fault("slicktext", "error", status=500)
    max_.get("/contacts/7778/")
    page = scrape()
    count = "dashboard_request_seconds_count"
    assert value(page, count, view="contact-list", status="200") == 1
    assert value(page, count, view="none", status="404") == 1
    calls = "dashboard_vendor_call_seconds_count"
    assert value(page, calls, vendor="slicktext", outcome="ok") == 1
    assert value(page, calls, vendor="slicktext", outcome="ServerError") == 2
    assert "6155553338" not in page


def test_row_20_refused_webhooks_are_counted_by_their_reason(
    scrape: Callable[..., str], vendors: Vendors
) -> None:
    for body in (b'{"data": 1e999}', b'{"data": NaN}', b"{"):
        assert post(SLICKTEXT, body).status_code == 400
    assert post(CCAI, unsubscribed()).status_code == 401
    page = scrape()
    count = "dashboard_webhooks_refused_total"
    assert value(page, count, vendor="slicktext", why="a number that no database holds") == 2
    assert value(page, count, vendor="slicktext", why="not JSON") == 1
    assert value(page, count, vendor="cloudcontactai", why="wrong signature") == 1


def test_what_waits(
    scrape: Callable[..., str], set_desired_state: SetDesiredState, manager: Any
) -> None:
    page = scrape()
    assert value(page, "dashboard_deliveries_waiting", vendor="slicktext") == 0
    assert value(page, "dashboard_worker_last_heartbeat_timestamp_seconds") == 0
    now = timezone.now()
    set_desired_state(Vendor.SLICKTEXT)
    DesiredState.objects.update(requested_at=now - timedelta(seconds=90))
    set_desired_state(Vendor.CLOUDCONTACTAI)
    DesiredState.objects.filter(vendor="cloudcontactai").update(state=DeliveryState.REFUSED)
    WorkerHeartbeat.objects.create(worker="here:1", started_at=now, beat_at=now)
    VendorHealth.objects.create(vendor="slicktext", up=False, since=now, checked_at=now)
    WebhookEvent.objects.create(
        vendor="slicktext", key="1", event="x", body={}, received_at=now, due_at=now
    )
    page = scrape()
    assert value(page, "dashboard_deliveries_waiting", vendor="slicktext") == 1
    assert value(page, "dashboard_stops_waiting", vendor="slicktext") == 1
    assert 90 <= value(page, "dashboard_deliveries_oldest_seconds", vendor="slicktext") < 600
    assert value(page, "dashboard_deliveries_waiting", vendor="cloudcontactai") == 0
    assert value(page, "dashboard_deliveries_refused", vendor="cloudcontactai") == 1
    assert value(page, "dashboard_workers") == 1
    assert value(page, "dashboard_vendor_up", vendor="slicktext") == 0
    assert value(page, "dashboard_webhooks_waiting") == 1


OTHER_PROCESS = """
import django
django.setup()
from contacts_ui import metrics
from contacts_ui.integrations.call_policy import CallRecord
metrics.vendor_called(CallRecord("slicktext", "PUT", "contacts.edit", 200, 0.1, None))
"""


def test_a_counter_that_cannot_be_written_costs_no_page(
    scrape: Callable[..., str], max_: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(metrics, "counters", fail)
    assert max_.get("/contacts/").status_code == 200


def test_several_processes_are_one(scrape: Callable[..., str], tmp_path: Path) -> None:
    """As gunicorn's workers and our own worker are: each in a process of its own."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DJANGO_SECRET_KEY": "only-for-tests",
        "DJANGO_READ_DOT_ENV": "off",
        "METRICS_TOKEN": TOKEN,
        "METRICS_DIR": str(tmp_path),
    }
    for _ in range(2):
        subprocess.run([sys.executable, "-c", OTHER_PROCESS], cwd=ROOT, env=environment, check=True)
    metrics.vendor_called(CallRecord("slicktext", "PUT", "contacts.edit", 200, 0.1, None))
    page = scrape()
    name = "dashboard_vendor_call_seconds_count"
    assert value(page, name, endpoint="contacts.edit", outcome="ok") == 3


def test_counters_of_long_ago_are_forgotten(tmp_path: Path) -> None:
    import os

    from dashboard.metrics import metrics_dir

    old, new = tmp_path / "histogram_old-1.db", tmp_path / "histogram_new-2.db"
    for path in (old, new):
        path.touch()
    os.utime(old, (1, 1))
    assert metrics_dir(str(tmp_path), ROOT) == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == [new.name]
