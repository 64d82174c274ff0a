"""Every fault for each vendor: what the caller sees, and whether the work was done."""

import time
from collections import Counter
from threading import Thread

import pytest
import requests

from sandbox.faults import VENDORS
from sandbox.server import Running
from tests.sandbox.conftest import CONTACTS, Caller

NUMBER = "+16155553338"


def stop(call: Caller, vendor: str, **kwargs: float) -> requests.Response:
    """The call that matters most, at either vendor."""
    if vendor == "slicktext":
        body = {"opt_in_status": "unsubscribed"}
        return call.slicktext("PUT", f"{CONTACTS}/7778", json=body, **kwargs)
    desired = {"clientId": "sandbox-client", "phone": NUMBER, "doNotText": True}
    return call.ccai(desired, **kwargs)


def stopped(server: Running, vendor: str) -> bool:
    return vendor in [write["vendor"] for write in server.truth(NUMBER)["history"]]


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


ANSWERS: list[tuple[dict[str, object], int, str]] = [
    ({"kind": "error", "status": 500}, 500, "application/json"),
    ({"kind": "error"}, 503, "application/json"),
    ({"kind": "html", "status": 200}, 200, "text/html"),
    ({"kind": "html"}, 502, "text/html"),
    ({"kind": "unauthorized"}, 401, "application/json"),
    ({"kind": "too_many", "seconds": 7}, 429, "application/json"),
]


@pytest.mark.parametrize(("fault", "status", "form"), ANSWERS)
def test_an_answer_instead_of_the_work(
    server: Running, call: Caller, vendor: str, fault: dict[str, object], status: int, form: str
) -> None:
    server.set_fault(vendor, [fault])
    reply = stop(call, vendor)
    assert reply.status_code == status
    assert reply.headers["Content-Type"].startswith(form)
    assert reply.text.startswith("<!DOCTYPE html>" if form == "text/html" else "{")
    assert reply.headers.get("Retry-After") == ("7" if status == 429 else None)
    if status == 429:
        assert ("x-RateLimit-Remaining" in reply.headers) == (vendor == "slicktext")
    assert not stopped(server, vendor)
    (other,) = {*VENDORS} - {vendor}
    assert stop(call, other).status_code == 200, "it fails alone"


def test_latency(server: Running, call: Caller, vendor: str) -> None:
    server.set_fault(vendor, "latency", seconds=0.2)
    start = time.monotonic()
    assert stop(call, vendor).status_code == 200
    assert time.monotonic() - start >= 0.2
    assert stopped(server, vendor)
    server.set_fault(vendor, [{"kind": "error"}, {"kind": "latency", "seconds": 0.1, "up_to": 0.2}])
    start = time.monotonic()
    assert stop(call, vendor).status_code == 503, "it goes with another fault"
    assert time.monotonic() - start >= 0.1


@pytest.mark.parametrize(
    ("kind", "done"), [("drop_before", False), ("drop_after", True), ("down", False)]
)
def test_no_answer(server: Running, call: Caller, vendor: str, kind: str, done: bool) -> None:
    server.set_fault(vendor, kind)
    with pytest.raises(requests.ConnectionError):
        stop(call, vendor)
    assert stopped(server, vendor) is done
    server.clear_faults()
    assert stop(call, vendor).status_code == 200


def test_hang(server: Running, call: Caller, vendor: str) -> None:
    server.set_fault(vendor, "hang")
    with pytest.raises(requests.ReadTimeout):
        stop(call, vendor, timeout=0.2)
    assert not stopped(server, vendor)
    server.set_fault(vendor, "hang", seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        stop(call, vendor)
    assert not stopped(server, vendor)


def test_only_so_many_times(server: Running, call: Caller, vendor: str) -> None:
    server.set_fault(vendor, "error", times=2)
    assert [stop(call, vendor).status_code for _ in range(3)] == [503, 503, 200]


def test_only_some_methods_and_paths(server: Running, call: Caller) -> None:
    server.set_fault("slicktext", "error", methods=["PUT"])
    assert call.slicktext("GET").status_code == 200
    assert stop(call, "slicktext").status_code == 503
    server.set_fault("slicktext", "error", path="limit=7")
    assert call.slicktext("GET").status_code == 200
    assert call.slicktext("GET", f"{CONTACTS}?limit=7").status_code == 503


def outcomes(server: Running, call: Caller, faults: list[dict[str, object]]) -> list[int]:
    server.set_fault("slicktext", faults)
    return [call.slicktext("GET", "/brands").status_code for _ in range(200)]


def test_shares_lie_side_by_side_and_repeat(server: Running, call: Caller) -> None:
    faults: list[dict[str, object]] = [
        {"kind": "error", "share": 0.2},
        {"kind": "unauthorized", "share": 0.2},
        {"kind": "html", "share": 0.2, "status": 504},
    ]
    first = outcomes(server, call, faults)
    assert first == outcomes(server, call, faults)
    counts = Counter(first)
    assert set(counts) == {200, 401, 503, 504}
    assert all(20 < counts[status] < 60 for status in (401, 503, 504))


def test_hanging_calls_do_not_hold_up_others(server: Running, call: Caller) -> None:
    server.set_fault("slicktext", "hang", methods=["PUT"])
    waiting = [Thread(target=hang, args=(Caller(server),)) for _ in range(50)]
    for thread in waiting:
        thread.start()
    assert call.slicktext("GET").status_code == 200, "while the others wait"
    for thread in waiting:
        thread.join()


def hang(call: Caller) -> None:
    with call.session, pytest.raises(requests.Timeout):
        stop(call, "slicktext", timeout=2)
