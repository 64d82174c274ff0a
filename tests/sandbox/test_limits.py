"""The rate limit: three headers on each authenticated reply, 429 beyond, a window of 60 seconds."""

from sandbox.limits import RateLimit
from sandbox.server import Running
from tests.sandbox.conftest import CONTACTS, Caller

NAMES = ["x-RateLimit", "x-RateLimit-Remaining", "x-RateLimit-Reset"]


def test_headers_are_spelled_as_documented(call: Caller) -> None:
    reply = call.slicktext("GET", "/brands")
    assert [name for name in reply.headers if name.lower().startswith("x-")] == NAMES
    limit, remaining, reset = (int(reply.headers[name]) for name in NAMES)
    assert (limit, remaining) == (480, 479)
    assert 0 < reset <= 60


def test_they_are_on_refusals_too(call: Caller) -> None:
    for reply in (call.slicktext("GET", f"{CONTACTS}/1"), call.slicktext("POST", json={})):
        assert all(name in reply.headers for name in NAMES)


def test_over_the_limit(server: Running, call: Caller) -> None:
    server.set_switches(calls_per_minute=3)
    replies = [call.slicktext("DELETE", f"{CONTACTS}/{7778 + n}") for n in range(5)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429, 429]
    assert [reply.headers[NAMES[1]] for reply in replies] == ["2", "1", "0", "0", "0"]
    assert replies[3].headers["Retry-After"] == replies[3].headers[NAMES[2]]
    assert server.sandbox.store.count("contacts") == 297


def test_a_wrong_key_costs_nothing(call: Caller) -> None:
    call.slicktext("GET", headers={"Authorization": "Bearer wrong"})
    assert call.slicktext("GET", "/brands").headers[NAMES[1]] == "479"


def test_it_can_be_off(server: Running, call: Caller) -> None:
    server.set_switches(rate_limit=False, calls_per_minute=1)
    replies = [call.slicktext("GET", "/brands") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200] * 3
    assert NAMES[0] not in replies[0].headers


def test_the_window_opens_with_its_first_call_and_closes_after_a_minute() -> None:
    time = [1000.0]
    limits = RateLimit(clock=lambda: time[0])
    assert limits.take("a", 2).reset == 60
    time[0] += 59.5
    assert (limits.take("a", 2).over, limits.take("a", 2).over) == (False, True)
    assert limits.take("a", 2).reset == 1
    assert not limits.take("b", 2).over, "each key has its own"
    time[0] += 0.5
    fresh = limits.take("a", 2)
    assert (fresh.over, fresh.remaining, fresh.reset) == (False, 1, 60)
