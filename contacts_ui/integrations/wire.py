"""One request out, one answer in: no repeats, no budget, no meaning."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from contacts_ui.integrations import errors
from contacts_ui.integrations.answers import Answer
from contacts_ui.integrations.manner import Manner
from contacts_ui.integrations.transport import (
    TRANSPORT_ERRORS,
    UNDECODABLE,
    Flight,
    flying,
    new_session,
)

LARGEST_BODY = 20 * 1024 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What to send; ``deadline`` (monotonic seconds) is for the call with all its repeats."""

    method: str
    path: str = field(repr=False)
    endpoint: str
    params: Mapping[str, Any] | None = field(repr=False)
    body: Any = field(repr=False)
    manner: Manner
    repeatable: bool
    deadline: float

    @property
    def is_write(self) -> bool:
        """True for everything but GET."""
        return self.method != "GET"

    @property
    def left(self) -> float:
        """Seconds until the deadline, 0 when it is over."""
        return max(self.deadline - time.monotonic(), 0.0)


class Wire:
    """The kept-alive session with one vendor. Its repr() shows no key."""

    def __init__(self, vendor: str, base_url: str, api_key: str, accept: str) -> None:
        self._vendor = vendor
        self._base_url = base_url
        self._api_key = api_key
        self._session = new_session(api_key, accept)

    def exchange(self, request: Request) -> Answer:
        """Send ``request`` and return the answer, whatever its status.

        Raises Unreachable, NoAnswer, or Unreadable for a body that cannot be unpacked.
        """
        with flying(request.deadline) as flight:
            try:
                response = self._send(request)
                return self._answer(request, response)
            except TRANSPORT_ERRORS as error:
                failure = self._failure(error, flight, request)
        # Raised out here so that it does not drag along the requests error, whose attributes
        # hold the key and the number.
        raise failure

    def _send(self, request: Request) -> requests.Response:
        prepared = self._session.prepare_request(
            requests.Request(
                request.method,
                self._base_url + request.path,
                params=dict(request.params or {}),
                json=request.body,
            )
        )
        manner, left = request.manner, max(request.left, 0.001)
        timeout = (min(manner.connect_timeout, left), min(manner.read_timeout, left))
        return self._session.send(prepared, stream=True, timeout=timeout, allow_redirects=False)

    def _answer(self, request: Request, response: requests.Response) -> Answer:
        return Answer(
            self._vendor,
            response.status_code,
            response.headers,
            _read(response),
            is_write=request.is_write,
            secrets=(self._api_key,),
        )

    def _failure(self, error: Exception, flight: Flight, request: Request) -> errors.VendorError:
        """Map what requests, urllib3 or the socket raised; its text may hold a number."""
        facts = {"cause": type(error).__name__}
        if flight.certainly_not_sent(error):
            return errors.Unreachable(self._vendor, log=facts)
        kind = errors.Unreadable if isinstance(error, UNDECODABLE) else errors.NoAnswer
        return kind(self._vendor, outcome_unknown=request.is_write, log=facts)


def _read(response: requests.Response) -> bytes:
    """Read the body up to the cap; what was cut off is no JSON any more."""
    body = bytearray()
    try:
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > LARGEST_BODY:
                break
    except TRANSPORT_ERRORS:
        # A refusal is a refusal even if its explanation got lost.
        if response.status_code < 400:
            raise
    finally:
        response.close()
    return bytes(body)
