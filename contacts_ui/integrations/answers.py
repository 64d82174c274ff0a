"""Turn a raw HTTP answer into a typed value or one of our errors, and its headers into numbers."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec

from contacts_ui.integrations import errors
from contacts_ui.integrations.coerce import BadShape
from contacts_ui.integrations.error_bodies import ErrorBody, error_parts, read_error_body
from contacts_ui.integrations.redact import redact, redact_all

T = TypeVar("T")

# Opt-outs are waiting, so no vendor may ask for a longer pause.
PAUSE_MAX_SECONDS = 600.0
# A longer body is a page, or people's data.
ERROR_BODY_MAX_BYTES = 256 * 1024

_REQUEST_IDS = ("x-request-id", "x-correlation-id", "cf-ray", "x-amzn-requestid")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What the x-RateLimit headers say; ``reset_seconds`` until the window starts again."""

    limit: int | None
    remaining: int | None
    reset_seconds: float | None

    def __bool__(self) -> bool:
        return (self.limit, self.remaining, self.reset_seconds) != (None, None, None)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (case-insensitive) and body as they came."""

    vendor: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    is_write: bool
    secrets: tuple[str, ...] = field(repr=False)

    def read(self, parse: Callable[[Any], T]) -> T:
        """Return a 2xx answer parsed by ``parse``; raise the matching error for any other.

        Raises Unreadable for what is not JSON, or of another shape than ``parse`` wants.
        """
        if not 200 <= self.status < 300:
            raise self._error()
        data = None
        try:
            data = decode(self.body)
            return parse(data)
        except BadShape as error:
            problem = str(error)
        except ValueError:
            problem = "not JSON"
        raise self._unreadable(problem, data)

    def _unreadable(self, problem: str, data: Any = None) -> errors.Unreadable:
        return errors.Unreadable(
            self.vendor,
            status=self.status,
            outcome_unknown=self.is_write,
            words=read_error_body(redact_all(error_parts(data), self.secrets)).words,
            log={"problem": problem, **self._facts()},
        )

    def _error(self) -> errors.VendorError:
        if self.status < 400:
            return self._unreadable("a redirect" if self.status >= 300 else "no final answer")
        if self.status == 404 and "html" in self.headers.get("content-type", "").lower():
            # A proxy knows no contacts: believed, it would turn a bad route into "deleted".
            return self._unreadable("a web page")
        said = self._said()
        facts: dict[str, Any] = {
            "status": self.status,
            "words": said.words,
            "retry_after": retry_after(self.headers),
            "log": {"code": said.code, **self._facts()},
        }
        if self.status >= 500:
            return errors.ServerError(self.vendor, outcome_unknown=self.is_write, **facts)
        if self.status == 408:
            # A proxy may give up on a request that the vendor still carries out.
            return errors.NoAnswer(self.vendor, outcome_unknown=self.is_write, **facts)
        if self.status == 429:
            facts["retry_after"] = pause_seconds(self.headers)
            return errors.RateLimited(self.vendor, **facts)
        if self.status == 409 or (self.status in (400, 422) and said.number_is_taken):
            return errors.NumberExists(self.vendor, **facts)
        if self.status in (400, 422):
            return errors.Invalid(self.vendor, fields=said.fields, **facts)
        kinds = {401: errors.BadCredentials, 403: errors.BadCredentials, 404: errors.NotFound}
        return kinds.get(self.status, errors.Refused)(self.vendor, **facts)

    def _said(self) -> ErrorBody:
        if len(self.body) > ERROR_BODY_MAX_BYTES:
            return ErrorBody({})
        try:
            data = decode(self.body)
        except ValueError:
            data = self.body.decode("utf-8", "replace")
        return read_error_body(redact_all(data, self.secrets))

    def _facts(self) -> dict[str, Any]:
        request_id = next((self.headers[k] for k in _REQUEST_IDS if k in self.headers), None)
        return {
            "request_id": request_id and redact(request_id[:100], self.secrets),
            "content_type": self.headers.get("content-type", "")[:50],
            "bytes": len(self.body),
        }


def decode(body: bytes) -> Any:
    """Decode JSON, also with a byte order mark or small syntax errors. Raises ValueError."""
    text = body.decode("utf-8-sig", "replace")
    if not text.strip():
        return None
    try:
        with suppress(msgspec.DecodeError):
            return msgspec.json.decode(text)
        # Half an emoji or a bare line break in one contact must not hide the other 49.
        return json.loads(text, strict=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def rate_limit(headers: Mapping[str, str]) -> RateLimit:
    """Read x-RateLimit, x-RateLimit-Remaining and x-RateLimit-Reset, each if it is there."""
    limit = _number(headers.get("x-ratelimit") or headers.get("x-ratelimit-limit"))
    remaining = _number(headers.get("x-ratelimit-remaining"))
    return RateLimit(
        limit=None if limit is None else int(limit),
        remaining=None if remaining is None else int(remaining),
        reset_seconds=_seconds(headers.get("x-ratelimit-reset")),
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, in seconds or as an HTTP date, as seconds from now (at most 600)."""
    value = headers.get("retry-after")
    if value is None or _number(value) is not None:
        return _seconds(value)
    try:
        wait = parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(wait, 0.0), PAUSE_MAX_SECONDS)


def pause_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After or, where it is missing, the reset asks to wait."""
    asked = retry_after(headers)
    return rate_limit(headers).reset_seconds if asked is None else asked


def _seconds(value: str | None) -> float | None:
    number = _number(value)
    if number is None:
        return None
    if number > 1_000_000_000:
        number -= time.time()
    return min(max(number, 0.0), PAUSE_MAX_SECONDS)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
