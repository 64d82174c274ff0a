"""Send both vendors' webhooks in the background, and again if they were not answered well.

SlickText reports every contact that was created or changed and every text that came in, in an unsigned
body. CloudContactAI reports texts and who unsubscribed, by POST or PUT, signed over its client id and the event's
hash.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from sandbox.cloudcontactai import CLIENT_ID
from sandbox.messages import Message, shaped
from sandbox.store import exact_now, now
from sandbox.switches import Switches
from sandbox.wire import Reply, Request

# Seconds that a receiver has, and the pauses before the six re-attempts: a minute, an hour, a day ...
PATIENCE = 5.0
PAUSES = (60.0, 3600.0, 86400.0, 86400.0, 86400.0, 86400.0)
METHODS = ("POST", "PUT")
URLS = {"slicktext": "slicktext_url", "cloudcontactai": "ccai_url"}
KEPT = 200
# Straight to the receiver, whatever proxy the environment names.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# The data of SlickText's hooks may be a part of the record; this is the part.
TOLD = ("contact_id", "mobile_number", "first_name", "last_name", "opt_in_status", "last_updated")


@dataclass(frozen=True)
class Addresses:
    """Where to send what. An empty address gets nothing. `pauses` are the seconds before each retry.

    `ccai_method` is POST or PUT, as the account chose. `delay` is how many seconds each event comes late.
    """

    slicktext_url: str = ""
    ccai_url: str = ""
    ccai_secret: str = ""
    ccai_method: str = "POST"
    pauses: tuple[float, ...] = PAUSES
    delay: float = 0.0

    def changed(self, values: Mapping[str, Any]) -> Addresses:
        """Return a copy with these values. Raises ValueError."""
        known = {field.name for field in fields(Addresses)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"webhooks have no {name}")
            if name == "pauses":
                if not isinstance(value, list) or not all(_is_pause(each) for each in value):
                    raise ValueError("pauses are a list of seconds")
            elif name == "delay":
                if not _is_pause(value):
                    raise ValueError("delay is a number of seconds")
            elif not isinstance(value, str):
                raise ValueError(f"{name} is text")
            elif name == "ccai_method" and value not in METHODS:
                raise ValueError(f"{name} is one of {', '.join(METHODS)}")
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
    """An event being sent, with the answer to each attempt."""

    vendor: str
    event: str
    number: str
    at: str
    body: dict[str, Any]
    answers: list[str]


class Webhooks:
    def __init__(self) -> None:
        self.addresses = Addresses()
        self._lock = threading.Lock()
        self._latest: deque[Delivery] = deque(maxlen=KEPT)
        self._senders = ThreadPoolExecutor(max_workers=8, thread_name_prefix="hook")
        self._later: set[threading.Timer] = set()

    def notice(self, vendor: str, request: Request, reply: Reply, switches: Switches) -> None:
        """Send what a call has just changed."""
        if request.method not in ("POST", "PUT") or reply.status not in (200, 201):
            return
        value = json.loads(reply.body)
        if vendor == "cloudcontactai":
            if value.get("doNotText") and (
                switches.ccai_repeat_events or not reply.changed_nothing
            ):
                self.unsubscribed(value["phone"])
        elif vendor == "slicktext" and "contact_id" in value:
            self.contact_written(value, created=request.method == "POST")

    def contact_written(self, contact: Mapping[str, Any], *, created: bool) -> None:
        """Tell SlickText's receiver about a contact."""
        event = "contact_created" if created else "contact_updated"
        data = {name: contact.get(name) for name in TOLD}
        self._told_by_slicktext(event, str(contact.get("mobile_number")), data)

    def inbox_message(self, message: Message, switches: Switches) -> None:
        """Tell SlickText's receiver about a text that came in; only the event's name was seen, its data is a guess."""
        data = shaped(message, switches.message_words, switches.message_ids)
        self._told_by_slicktext("inbox_message_received", message.number, data)

    def _told_by_slicktext(self, event: str, number: str, data: dict[str, Any]) -> None:
        body = {
            "id": secrets.token_hex(12),
            "name": event,
            "url": self.addresses.slicktext_url,
            "attempts": 1,
            "date": now(),
            "data": data,
        }
        self._send("slicktext", self.addresses.slicktext_url, event, number, body)

    def unsubscribed(self, number: str, at: str = "") -> None:
        """Tell CloudContactAI's receiver that a person texted STOP or was marked, now unless `at` says when."""
        data = {"ContactData": {"phone": number}, "UnsubscribedAt": at or exact_now()}
        self.told_by_ccai("contact.unsubscribed", number, data)

    def told_by_ccai(self, event: str, number: str, data: dict[str, Any]) -> None:
        """Tell CloudContactAI's receiver of any event, whatever its data."""
        body = {"eventType": event, "data": data, "eventHash": uuid4().hex}
        self._send("cloudcontactai", self.addresses.ccai_url, event, number, body)

    def latest(self, limit: int = KEPT) -> list[dict[str, Any]]:
        """Return the latest events in the order in which they began."""
        with self._lock:
            return [asdict(each) for each in self._latest][-limit:]

    def again(self, count: int) -> None:
        """Send the latest events again, newest first: doubled and out of order."""
        with self._lock:
            events = list(self._latest)[-count:] if count else []
        for each in reversed(events):
            url = getattr(self.addresses, URLS[each.vendor])
            self._send(each.vendor, url, each.event, each.number, each.body)

    def forget(self) -> None:
        """Drop retries and the list; the addresses stay, so that practice continues after a restart."""
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
        delivery = Delivery(vendor, event, number, exact_now(), body, [])
        with self._lock:
            self._latest.append(delivery)
            if delay := self.addresses.delay:
                self._start_later(delay, delivery, url, body, 1)
                return
        self._senders.submit(self._attempt, delivery, url, body, 1)

    def _attempt(self, delivery: Delivery, url: str, body: dict[str, Any], attempt: int) -> None:
        if "attempts" in body:
            body = body | {"attempts": attempt}
        start = time.monotonic()
        status = self._post(url, body)
        milliseconds = round((time.monotonic() - start) * 1000)
        with self._lock:
            self._later = {each for each in self._later if each is not threading.current_thread()}
            delivery.answers.append(f"{status} in {milliseconds} ms")
            pauses = self.addresses.pauses
            if status.startswith("2") or attempt > len(pauses):
                return
            self._start_later(pauses[attempt - 1], delivery, url, body, attempt + 1)

    def _start_later(self, seconds: float, *arguments: Any) -> None:
        """Make an attempt after a pause. The caller holds the lock."""
        later = threading.Timer(seconds, self._attempt, arguments)
        later.daemon = True
        self._later.add(later)
        later.start()

    def _post(self, url: str, body: dict[str, Any]) -> str:
        headers, method = {"Content-Type": "application/json"}, "POST"
        if "eventHash" in body:
            signed = f"{CLIENT_ID}:{body['eventHash']}".encode()
            signature = hmac.new(self.addresses.ccai_secret.encode(), signed, hashlib.sha256)
            headers["X-CCAI-Signature"] = b64encode(signature.digest()).decode()
            method = self.addresses.ccai_method
        data = json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - checked
        try:
            with OPENER.open(request, timeout=PATIENCE) as answer:
                return str(answer.status)
        except urllib.error.HTTPError as error:
            return str(error.code)
        except OSError as error:
            return f"no answer ({type(error).__name__})"


def _is_pause(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
