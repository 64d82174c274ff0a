"""Repeats, the shared budget, and what requests may raise. Sockets are in test_transport."""

import time
from dataclasses import replace
from typing import Any

import httpcore
import pytest
import requests
import responses
from structlog.testing import capture_logs

from contacts_ui.integrations import errors, http, slicktext
from contacts_ui.integrations.call_policy import DELIVER, READ, STOP_NOW, WRITE, Priority
from contacts_ui.integrations.http import Connection, may_repeat, with_default_path

from .people import CONTACTS, KEY, NUMBER, ONCE, THRICE, FakeBudget, marty

MARTY = f"{CONTACTS}/7778"


@pytest.mark.parametrize(
    ("error", "repeatable", "not_repeatable"),
    [
        (errors.Unreachable("slicktext"), True, True),
        (errors.RateLimited("slicktext"), True, True),
        (errors.NoAnswer("slicktext", outcome_unknown=True), True, False),
        (errors.NoAnswer("slicktext"), True, False),
        (errors.Unreadable("slicktext", outcome_unknown=True), True, False),
        (errors.Unreadable("slicktext"), True, False),
        (errors.ServerError("slicktext", outcome_unknown=True), True, False),
        (errors.ServerError("slicktext"), True, False),
        (errors.BudgetSpent("slicktext"), False, False),
        (errors.BadCredentials("slicktext"), False, False),
        (errors.NotConnected("slicktext"), False, False),
        (errors.Refused("slicktext"), False, False),
        (errors.NotFound("slicktext"), False, False),
        (errors.NumberExists("slicktext"), False, False),
        (errors.Invalid("slicktext"), False, False),
        (ValueError(), False, False),
    ],
)
def test_what_may_be_repeated(error: Exception, repeatable: bool, not_repeatable: bool) -> None:
    assert may_repeat(error, repeatable=True) is repeatable
    assert may_repeat(error, repeatable=False) is not_repeatable


NOT_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"}
SENT_BY_HTTPCORE = {
    *["LocalProtocolError", "NetworkError", "ProtocolError", "ReadError", "ReadTimeout"],
    *["RemoteProtocolError", "TimeoutException", "WriteError", "WriteTimeout"],
}


def test_httpcore_has_no_other_errors() -> None:
    """Proxies are not used, and the pool answers ConnectionNotAvailable itself."""
    known = NOT_SENT | SENT_BY_HTTPCORE | {"ProxyError", "ConnectionNotAvailable"}
    found = {name for name in httpcore.__all__ if isinstance(getattr(httpcore, name, None), type)}
    assert {name for name in found if issubclass(getattr(httpcore, name), Exception)} == known


@pytest.mark.parametrize(
    "error",
    [
        *(getattr(httpcore, name)("x") for name in sorted(NOT_SENT | SENT_BY_HTTPCORE)),
        requests.exceptions.ContentDecodingError("x"),
        requests.ConnectionError("x"),
        OSError("x"),
        TimeoutError("x"),
        ConnectionResetError("x"),
    ],
    ids=lambda error: f"{type(error).__module__}.{type(error).__name__}",
)
def test_every_transport_error_is_mapped(
    error: Exception, slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(MARTY, body=error)
    with pytest.raises(errors.VendorError) as raised:
        slicktext.edit_contact(slick, 7778, {"city": "x"}, policy=ONCE)
    name = type(error).__name__
    expected: type[errors.VendorError] = errors.NoAnswer
    if name in NOT_SENT:
        expected = errors.Unreachable
    elif name == "ContentDecodingError":
        expected = errors.Unreadable
    assert type(raised.value) is expected
    assert raised.value.outcome_unknown is (expected is not errors.Unreachable)
    assert raised.value.log["cause"] == name


def test_a_number_that_json_cannot_carry_is_never_sent(slick: Connection) -> None:
    with pytest.raises(errors.Unreachable):
        slicktext.edit_contact(slick, 7778, {"city": float("nan")}, policy=ONCE)


def test_our_own_mistakes_are_not_called_a_vendors_error(slick: Connection) -> None:
    with pytest.raises(TypeError):
        slicktext.edit_contact(slick, 7778, {"city": object()}, policy=ONCE)


def test_a_read_is_repeated_until_it_works(
    slick: Connection, mocked: responses.RequestsMock, budget: FakeBudget, calls: list[Any]
) -> None:
    mocked.get(MARTY, status=500)
    mocked.get(MARTY, body=requests.ReadTimeout())
    mocked.get(MARTY, json=marty())
    assert slicktext.get_contact(slick, 7778, policy=THRICE).contact_id == 7778
    assert len(budget.taken) == 3
    assert [call.error for call in calls] == ["ServerError", "NoAnswer", None]


@pytest.mark.parametrize("later", [{"status": 429}, {"status": 404}, {"body": OSError()}])
def test_a_write_that_may_have_been_carried_out_stays_in_doubt_whatever_follows(
    later: dict[str, Any], slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(MARTY, body=requests.ReadTimeout())
    mocked.put(MARTY, **later)
    with pytest.raises(errors.VendorError) as raised:
        slicktext.edit_contact(slick, 7778, {"city": "x"}, policy=THRICE)
    assert raised.value.outcome_unknown is True


def test_a_budget_that_runs_out_between_attempts_leaves_a_write_in_doubt(
    slick: Connection, mocked: responses.RequestsMock, budget: FakeBudget
) -> None:
    budget.room = 1
    mocked.put(MARTY, status=500)
    with pytest.raises(errors.BudgetSpent) as raised:
        slicktext.edit_contact(slick, 7778, {"city": "x"}, policy=THRICE)
    assert raised.value.outcome_unknown is True


def test_no_repeat_is_begun_without_time_for_it(
    slick: Connection, mocked: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "BACKOFF_MAX_SECONDS", 30)
    mocked.get(MARTY, status=500)
    with pytest.raises(errors.ServerError):
        slicktext.get_contact(slick, 7778, policy=THRICE)
    assert len(mocked.calls) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
def test_attempts_are_counted_and_a_refusal_is_not_repeated(
    status: int, slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(MARTY, status=status)
    with pytest.raises(errors.ServerError if status == 500 else errors.Refused):
        slicktext.get_contact(slick, 7778, policy=THRICE)
    assert len(mocked.calls) == (3 if status == 500 else 1)


def test_retry_after_is_waited_for(
    slick: Connection, mocked: responses.RequestsMock, budget: FakeBudget
) -> None:
    mocked.get(MARTY, status=429, headers={"Retry-After": "0.3"})
    mocked.get(MARTY, json=marty())
    started = time.monotonic()
    slicktext.get_contact(slick, 7778, policy=THRICE)
    assert time.monotonic() - started >= 0.3
    assert budget.pauses == [("slicktext", 0.3)]


def test_repeats_back_off_further_each_time(
    slick: Connection, mocked: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "BACKOFF_MIN_SECONDS", 0.05)
    monkeypatch.setattr(http, "BACKOFF_MAX_SECONDS", 1)
    times: list[float] = []

    def fails(_: object) -> tuple[int, dict[str, str], str]:
        times.append(time.monotonic())
        return 500, {}, ""

    mocked.add_callback("GET", MARTY, fails)
    with pytest.raises(errors.ServerError):
        slicktext.get_contact(slick, 7778, policy=THRICE)
    first, second, third = times
    assert second - first >= 0.05
    assert third - second >= 0.1


def test_waits_are_jittered(
    slick: Connection, mocked: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "JITTER_SECONDS", 0.2)
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    mocked.get(MARTY, status=429, headers={"Retry-After": "0"})
    mocked.get(MARTY, json=marty())
    started = time.monotonic()
    slicktext.get_contact(slick, 7778, policy=THRICE)
    assert time.monotonic() - started >= 0.2


def test_a_longer_retry_after_than_the_caller_has_time_for_is_not_waited_for(
    slick: Connection, mocked: responses.RequestsMock, budget: FakeBudget
) -> None:
    mocked.get(MARTY, status=429, headers={"Retry-After": "30"})
    with pytest.raises(errors.RateLimited) as raised:
        slicktext.get_contact(slick, 7778, policy=THRICE)
    assert raised.value.retry_after == 30
    assert budget.pauses == [("slicktext", 30)]
    assert len(mocked.calls) == 1


def test_too_many_calls_pause_everyone_even_when_no_time_is_given(
    slick: Connection, mocked: responses.RequestsMock, budget: FakeBudget
) -> None:
    mocked.get(MARTY, status=429)
    with pytest.raises(errors.RateLimited):
        slicktext.get_contact(slick, 7778, policy=ONCE)
    assert budget.pauses == [("slicktext", 1.0)]


def test_a_rate_limited_create_is_sent_again(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.post(CONTACTS, status=429, headers={"Retry-After": "0"})
    mocked.post(CONTACTS, json=marty())
    created = slicktext.create_contact(slick, {"mobile_number": NUMBER}, policy=THRICE)
    assert created.by_lookup is False
    assert len(mocked.calls) == 2


def test_rate_limit_headers_are_reported_from_good_and_bad_answers(
    slick: Connection, mocked: responses.RequestsMock, budget: FakeBudget
) -> None:
    limits = {"x-RateLimit": "8", "x-RateLimit-Remaining": "5", "x-RateLimit-Reset": "12"}
    mocked.get(MARTY, status=500, headers=limits)
    mocked.get(MARTY, json=marty(), headers={**limits, "x-RateLimit-Remaining": "4"})
    slicktext.get_contact(slick, 7778, policy=THRICE)
    assert budget.reports == [("slicktext", 8, 5, 12.0), ("slicktext", 8, 4, 12.0)]


def test_nothing_is_reported_when_the_vendor_says_nothing(
    slick: Connection, mocked: responses.RequestsMock, budget: FakeBudget
) -> None:
    mocked.get(MARTY, json=marty())
    slicktext.get_contact(slick, 7778)
    assert budget.reports == []


def test_without_budget_nothing_is_sent_or_repeated(
    slick: Connection, mocked: responses.RequestsMock, budget: FakeBudget
) -> None:
    budget.room = 0
    with pytest.raises(errors.BudgetSpent) as raised:
        slicktext.get_contact(slick, 7778, policy=THRICE)
    assert raised.value.retry_after == 2.5
    assert len(mocked.calls) == 0


def test_the_budget_is_asked_with_the_callers_priority_and_patience(
    slick: Connection, mocked: responses.RequestsMock, budget: FakeBudget
) -> None:
    mocked.get(MARTY, json=marty())
    slicktext.get_contact(slick, 7778, policy=replace(ONCE, priority=Priority.SYNC, patience=0.1))
    slicktext.get_contact(slick, 7778, policy=replace(ONCE, patience=99))
    (_, first, patience), (_, _, capped) = budget.taken
    assert (first, patience) == (Priority.SYNC, 0.1)
    assert capped <= ONCE.total_timeout


def test_waiting_for_the_budget_counts_towards_the_deadline(
    slick: Connection, mocked: responses.RequestsMock, budget: FakeBudget
) -> None:
    budget.take = lambda *_: time.sleep(0.3)  # type: ignore[method-assign]
    with pytest.raises(errors.BudgetSpent):
        slicktext.get_contact(slick, 7778, policy=replace(ONCE, total_timeout=0.2))
    assert len(mocked.calls) == 0


def test_each_attempt_is_told_to_the_listener(
    slick: Connection, mocked: responses.RequestsMock, calls: list[Any]
) -> None:
    mocked.put(MARTY, status=422)
    with pytest.raises(errors.Invalid):
        slicktext.edit_contact(slick, 7778, {"zip": "x"})
    (call,) = calls
    assert (call.vendor, call.method, call.endpoint) == ("slicktext", "PUT", "contacts.edit")
    assert (call.status, call.error) == (422, "Invalid")
    assert 0 < call.seconds < 60


@pytest.mark.parametrize("listener", ["report", "pause", "on_call"])
def test_a_broken_listener_does_not_change_the_outcome(
    listener: str, slick: Connection, mocked: responses.RequestsMock
) -> None:
    def breaks(*_: Any) -> None:
        raise RuntimeError("database is locked")

    if listener == "on_call":
        slick.on_call = breaks
    else:
        setattr(slick.budget, listener, breaks)
    mocked.put(MARTY, status=429, headers={"Retry-After": "0", "x-RateLimit": "8"})
    mocked.put(MARTY, json=marty())
    with capture_logs() as logs:
        slicktext.edit_contact(slick, 7778, {"city": "x"}, policy=THRICE)
    assert "vendor_listener_failed" in [entry["event"] for entry in logs]


def test_a_failed_attempt_is_logged_by_its_endpoint(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(MARTY, status=503, headers={"X-Request-Id": "req-1"})
    with capture_logs() as logs, pytest.raises(errors.ServerError):
        slicktext.get_contact(slick, 7778, policy=ONCE)
    (entry,) = logs
    assert (entry["event"], entry["log_level"]) == ("vendor_call_failed", "warning")
    assert (entry["endpoint"], entry["status"]) == ("contacts.read", 503)
    assert (entry["request_id"], entry["error"]) == ("req-1", "ServerError")


def test_timeouts_are_named_and_never_longer_than_the_time_left(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(MARTY, json=marty())
    slicktext.get_contact(slick, 7778, policy=READ)
    slicktext.get_contact(slick, 7778, policy=replace(READ, total_timeout=1))
    (first, second) = (call.request.req_kwargs for call in mocked.calls)  # type: ignore[attr-defined]
    *of_parts, whole = first["timeout"]
    assert of_parts == [2, 6]
    assert 1 < whole <= 9
    assert all(0 < seconds <= 1 for seconds in second["timeout"])


def test_the_manners_keep_their_promises() -> None:
    for policy in (READ, WRITE, STOP_NOW, DELIVER):
        assert policy.connect_timeout + policy.read_timeout <= policy.total_timeout
    assert STOP_NOW.priority is DELIVER.priority is Priority.STOP
    assert WRITE.attempts == STOP_NOW.attempts == DELIVER.attempts == 1


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://dev.slicktext.com", "https://dev.slicktext.com/v1"),
        ("https://dev.slicktext.com/", "https://dev.slicktext.com/v1"),
        (" https://dev.slicktext.com/v1/ ", "https://dev.slicktext.com/v1"),
        ("http://127.0.0.1:8001/slicktext", "http://127.0.0.1:8001/slicktext"),
    ],
)
def test_a_base_url_without_a_path_gets_one(given: str, used: str) -> None:
    assert with_default_path(given, "/v1") == used


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "caf\u00e9", "tab\there"])
def test_a_key_that_no_header_can_carry_is_refused_unprinted(key: str) -> None:
    with pytest.raises(ValueError, match="slicktext API key") as raised:
        slicktext.connect("http://slick.test", key, "1", FakeBudget())
    assert key not in str(raised.value)


def test_blanks_around_a_key_are_dropped(mocked: responses.RequestsMock) -> None:
    conn = slicktext.connect("http://slick.test", f" {KEY}\n", "1", FakeBudget())
    mocked.get("http://slick.test/v1/brands", json={"brand_id": 1})
    slicktext.get_brand(conn)
    assert mocked.calls[0].request.headers["Authorization"] == f"Bearer {KEY}"
