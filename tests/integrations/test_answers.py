import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import time_machine
from requests.structures import CaseInsensitiveDict

from contacts_ui.integrations import errors
from contacts_ui.integrations.answers import Answer, RateLimit, decode, rate_limit, retry_after
from contacts_ui.integrations.coerce import BadShape

from .people import KEY

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def answer(
    status: int, body: Any = None, headers: dict[str, str] | None = None, *, is_write: bool = True
) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer("slicktext", status, CaseInsensitiveDict(headers or {}), raw, is_write, (KEY,))


def same(data: Any) -> Any:
    return data


def error_of(answer: Answer) -> errors.VendorError:
    with pytest.raises(errors.VendorError) as raised:
        answer.read(same)
    return raised.value


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_a_reply(status: int) -> None:
    assert answer(status, {"a": 1}).read(same) == {"a": 1}


@pytest.mark.parametrize("body", [b"", b"  \n", b"\xef\xbb\xbf"])
def test_an_empty_body_is_nothing(body: bytes) -> None:
    assert answer(204, body).read(same) is None


@pytest.mark.parametrize(
    ("status", "body", "expected", "retryable", "unknown"),
    [
        (101, b"", errors.Unreadable, True, True),
        (200, b"<html>", errors.Unreadable, True, True),
        (302, b"", errors.Unreadable, True, True),
        (304, b"", errors.Unreadable, True, True),
        (400, {"message": "x"}, errors.Invalid, False, False),
        (400, {"message": "number already exists"}, errors.NumberExists, False, False),
        (401, {}, errors.BadCredentials, True, False),
        (402, {}, errors.Refused, False, False),
        (403, b"<html>", errors.BadCredentials, True, False),
        (404, {}, errors.NotFound, False, False),
        (405, {}, errors.Refused, False, False),
        (408, {}, errors.NoAnswer, True, True),
        (409, {}, errors.NumberExists, False, False),
        (418, {}, errors.Refused, False, False),
        (422, {"errors": {"zip": "x"}}, errors.Invalid, False, False),
        (422, {"message": "mobile number already exists"}, errors.NumberExists, False, False),
        (429, {}, errors.RateLimited, True, False),
        (500, b"<html>", errors.ServerError, True, True),
        (502, b"", errors.ServerError, True, True),
        (503, {}, errors.ServerError, True, True),
        (599, {}, errors.ServerError, True, True),
    ],
)
def test_every_status_has_its_error(
    status: int, body: Any, expected: type[errors.VendorError], retryable: bool, unknown: bool
) -> None:
    error = error_of(answer(status, body))
    assert type(error) is expected
    assert (error.status, error.vendor) == (status, "slicktext")
    assert (error.retryable, error.outcome_unknown) == (retryable, unknown)
    assert error_of(answer(status, body, is_write=False)).outcome_unknown is False


def test_what_the_parser_refuses_is_unreadable() -> None:
    def parse(data: Any) -> None:
        raise BadShape("too round")

    with pytest.raises(errors.Unreadable) as raised:
        answer(200, {"first_name": "Marty"}).read(parse)
    assert raised.value.log["problem"] == "too round"
    assert raised.value.words == ""
    with pytest.raises(errors.Unreadable) as raised:
        answer(200, {"error": "No such brand", "first_name": "Marty"}).read(parse)
    assert raised.value.words == "No such brand"


def test_a_body_that_says_nothing() -> None:
    assert error_of(answer(200, b'{"first_name": "Marty", ')).words == ""
    assert error_of(answer(422, {"message": "x" * 300_000})).words == ""


def test_complaints_by_field() -> None:
    error = error_of(answer(422, {"message": "Invalid.", "errors": {"zip": ["Too long."]}}))
    assert isinstance(error, errors.Invalid)
    assert error.fields == {"": ["Invalid."], "zip": ["Too long."]}
    assert error.person == "SlickText did not accept this. It said: Invalid.; zip: Too long."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!doctype html><html><body>Bad gateway</body></html>", ""),
        (b"plain words", "plain words"),
        (b'"a JSON string"', "a JSON string"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[" * 100_000, "[" * 300),
        (b"", ""),
    ],
)
def test_words_of_a_body_that_is_no_object(body: bytes, words: str) -> None:
    assert error_of(answer(500, body)).words == words


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8"])
def test_a_web_page_that_says_404_is_not_the_vendor_s_word(kind: str) -> None:
    error = error_of(answer(404, b"<html>No such route</html>", {"Content-Type": kind}))
    assert isinstance(error, errors.Unreadable)
    assert (error.retryable, error.status, error.words) == (True, 404, "")


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}])
def test_the_vendor_s_own_404_is(headers: dict[str, str]) -> None:
    assert isinstance(error_of(answer(404, {"message": "No."}, headers)), errors.NotFound)


def test_facts_for_the_log() -> None:
    headers = {"X-Request-Id": "req-1", "Content-Type": "text/html"}
    log = error_of(answer(500, b"<html>", headers)).log
    assert log["request_id"] == "req-1"
    assert (log["status"], log["content_type"], log["bytes"]) == (500, "text/html", 6)
    assert log["error"] == "ServerError"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "caf\xe9"}', {"a": "caf\ufffd"}),
        (b'{"a": "\\ud83d"}', {"a": "\ud83d"}),
        (b'{"a": "two\nlines"}', {"a": "two\nlines"}),
    ],
)
def test_small_syntax_errors_are_forgiven(body: bytes, expected: Any) -> None:
    assert decode(body) == expected


@pytest.mark.parametrize(
    "body", [b"<html>", b"{", b"{'a': 1}", b"ok", b"[" * 100_000, b'["\\ud83d",' + b"[" * 100_000]
)
def test_what_is_not_json(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(body)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, RateLimit(None, None, None)),
        (
            {"x-RateLimit": "8", "x-RateLimit-Remaining": "3", "x-RateLimit-Reset": "42"},
            RateLimit(8, 3, 42.0),
        ),
        ({"X-RATELIMIT-REMAINING": "0"}, RateLimit(None, 0, None)),
        ({"x-RateLimit-Limit": "480"}, RateLimit(480, None, None)),
        ({"x-RateLimit-Reset": "1.5"}, RateLimit(None, None, 1.5)),
        ({"x-RateLimit-Reset": "1e300"}, RateLimit(None, None, 600.0)),
        ({"x-RateLimit": "lots", "x-RateLimit-Reset": "soon"}, RateLimit(None, None, None)),
        ({"x-RateLimit-Reset": "nan"}, RateLimit(None, None, None)),
        ({"x-RateLimit-Remaining": "-1"}, RateLimit(None, None, None)),
    ],
)
def test_rate_limit_headers(headers: dict[str, str], expected: RateLimit) -> None:
    assert rate_limit(CaseInsensitiveDict(headers)) == expected


@time_machine.travel(NOW, tick=False)
def test_a_reset_given_as_a_time_is_read_as_one() -> None:
    headers = {"x-ratelimit-reset": str(int(NOW.timestamp()) + 30)}
    assert rate_limit(headers).reset_seconds == 30


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("3", 3.0),
        (" 3 ", 3.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("86400", 600.0),
        ("-5", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (format_datetime(NOW + timedelta(seconds=7), usegmt=True), 7.0),
        (format_datetime(NOW - timedelta(seconds=7), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=7), usegmt=True), 600.0),
        ("Sun, 99 Nov 2026 12:00:07 GMT", None),
    ],
)
def test_retry_after(value: str | None, expected: float | None) -> None:
    headers = {} if value is None else {"retry-after": value}
    assert retry_after(headers) == expected


def test_retry_after_goes_before_the_reset_of_the_window() -> None:
    assert error_of(answer(429, {}, {"Retry-After": "2"})).retry_after == 2.0
    assert error_of(answer(429, {}, {"x-RateLimit-Reset": "9"})).retry_after == 9.0
    both = {"Retry-After": "2", "x-RateLimit-Reset": "9"}
    assert error_of(answer(429, {}, both)).retry_after == 2.0
    assert error_of(answer(429, {})).retry_after is None
    zero = {"Retry-After": "0", "x-RateLimit-Reset": "9"}
    assert error_of(answer(429, {}, zero)).retry_after == 0.0
    assert error_of(answer(503, {}, {"Retry-After": "4"})).retry_after == 4.0
    assert error_of(answer(503, {}, {"x-RateLimit-Reset": "9"})).retry_after is None
