"""What both vendors tell by themselves: sent in the background, and again when it was not answered well.

SlickText tells of every contact that was created or changed, in a body that nobody signs. CloudContactAI tells that
somebody unsubscribed, signed over its client id and the event's hash.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from sandbox.cloudcontactai import CLIENT_ID
from sandbox.store import exact_now, now
from sandbox.wire import Reply, Request

# Seconds that a receiver has, and the pauses before the six re-attempts: at once, a minute, an hour, a day ...
PATIENCE = 5.0
PAUSES = (0.0, 60.0, 3600.0, 86400.0, 86400.0, 86400.0)
KEPT = 200
# Straight to the receiver, whatever proxy the environment names.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# The data of SlickText's hooks may be a part of the record; this is the part.
TOLD = ("contact_id", "mobile_number", "first_name", "last_name", "opt_in_status", "last_updated")


@dataclass(frozen=True)
class Addresses:
    """Where to send what; an empty address gets nothing. `pauses` are the seconds before each re-attempt."""

    slicktext_url: str = ""
    ccai_url: str = ""
    ccai_secret: str = ""
    pauses: tuple[float, ...] = PAUSES

    def changed(self, values: Mapping[str, Any]) -> Addresses:
        """A copy with these values; ValueError names what is wrong."""
        known = {field.name for field in fields(Addresses)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"webhooks have no {name}")
            if name == "pauses":
                if not isinstance(value, list) or not all(_is_pause(each) for each in value):
                    raise ValueError("pauses are a list of seconds")
            elif not isinstance(value, str):
                raise ValueError(f"{name} is text")
            elif (
                name.endswith("_url") and value and urlsplit(value).scheme not in ("http", "https")
            ):
                raise ValueError(f"{name} is no address")
        pauses = {"pauses": tuple(values["pauses"])} if "pauses" in values else {}
        return replace(self, **{**values, **pauses})

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"pauses": list(self.pauses)}


@dataclass
class Delivery:
    """One event on its way: what became of each attempt so far."""

    vendor: str
    event: str
    number: str
    at: str
    answers: list[str]


class Webhooks:
    def __init__(self) -> None:
        self.addresses = Addresses()
        self._lock = threading.Lock()
        self._ids = count(1)
        self._latest: deque[Delivery] = deque(maxlen=KEPT)
        self._senders = ThreadPoolExecutor(max_workers=8, thread_name_prefix="hook")
        self._later: set[threading.Timer] = set()

    def notice(self, vendor: str, request: Request, reply: Reply) -> None:
        """Tell of what a call has just changed."""
        if request.method not in ("POST", "PUT") or reply.status not in (200, 201):
            return
        value = json.loads(reply.body)
        if vendor == "cloudcontactai" and value.get("doNotText"):
            self.unsubscribed(value["phone"])
        elif vendor == "slicktext" and "contact_id" in value:
            self.contact_written(value, created=request.method == "POST")

    def contact_written(self, contact: Mapping[str, Any], *, created: bool) -> None:
        """Tell SlickText's receiver about a contact."""
        event = "contact_created" if created else "contact_updated"
        body = {
            "id": next(self._ids),
            "name": event,
            "url": self.addresses.slicktext_url,
            "attempts": 1,
            "date": now(),
            "data": {name: contact.get(name) for name in TOLD},
        }
        number = str(contact.get("mobile_number"))
        self._send("slicktext", self.addresses.slicktext_url, event, number, body)

    def unsubscribed(self, number: str) -> None:
        """Tell CloudContactAI's receiver that somebody texted STOP or was marked."""
        body = {
            "eventType": "contact.unsubscribed",
            "data": {"ContactData": {"phone": number}, "UnsubscribedAt": exact_now()},
            "eventHash": uuid4().hex,
        }
        self._send("cloudcontactai", self.addresses.ccai_url, "contact.unsubscribed", number, body)

    def latest(self, limit: int = KEPT) -> list[dict[str, Any]]:
        """In the order in which they began."""
        with self._lock:
            return [asdict(each) for each in self._latest][-limit:]

    def forget(self) -> None:
        """No re-attempts, and an empty list; the addresses stay, so that practice goes on after a new start."""
        with self._lock:
            for timer in self._later:
                timer.cancel()
            self._later.clear()
            self._latest.clear()

    def stop(self) -> None:
        self.forget()
        self._senders.shutdown(wait=False, cancel_futures=True)

    def _send(self, vendor: str, url: str, event: str, number: str, body: dict[str, Any]) -> None:
        if not url:
            return
        delivery = Delivery(vendor, event, number, exact_now(), [])
        with self._lock:
            self._latest.append(delivery)
        self._senders.submit(self._attempt, delivery, url, body, 1)

    def _attempt(self, delivery: Delivery, url: str, body: dict[str, Any], attempt: int) -> None:
        if "attempts" in body:
            body = body | {"attempts": attempt}
        start = time.monotonic()
        status = self._post(url, body)
        milliseconds = round((time.monotonic() - start) * 1000)
        with self._lock:
            delivery.answers.append(f"{status} in {milliseconds} ms")
            pauses = self.addresses.pauses
            if status.startswith("2") or attempt > len(pauses):
                return
            again = threading.Timer(
                pauses[attempt - 1], self._again, (delivery, url, body, attempt + 1)
            )
            again.daemon = True
            self._later.add(again)
        again.start()

    def _again(self, *arguments: Any) -> None:
        with self._lock:
            self._later = {
                timer for timer in self._later if timer is not threading.current_thread()
            }
        self._attempt(*arguments)

    def _post(self, url: str, body: dict[str, Any]) -> str:
        headers = {"Content-Type": "application/json"}
        if "eventHash" in body:
            headers["X-CCAI-Signature"] = self._signature(body["eventHash"])
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - checked
        try:
            with OPENER.open(request, timeout=PATIENCE) as answer:
                return str(answer.status)
        except urllib.error.HTTPError as error:
            return str(error.code)
        except OSError as error:
            return f"no answer ({type(error).__name__})"

    def _signature(self, event_hash: str) -> str:
        message = f"{CLIENT_ID}:{event_hash}".encode()
        secret = self.addresses.ccai_secret.encode()
        return b64encode(hmac.new(secret, message, hashlib.sha256).digest()).decode()


def _is_pause(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
