"""The sandbox, asked over HTTP: what people and vendors do there, and its clock."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from django.conf import settings

TIMEOUT_SECONDS: Final = 10
# Of each kind, for a reader to tell CloudContactAI of: many would look like an emergency.
STOPS_AT_SLICKTEXT_ALONE: Final = 3
HOOKS: Final = ("slicktext_url", "ccai_url")
# Straight to this machine, whatever proxy the environment names.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NoSandbox(Exception):
    """Real vendors are connected, so there is no sandbox."""


class Sandbox:
    """The sandbox that the settings name. Raises NoSandbox."""

    def __init__(self) -> None:
        vendor = settings.VENDORS.slicktext
        if vendor is None or not settings.VENDORS.sandbox:
            raise NoSandbox
        self._vendor = vendor
        self._url = self._vendor.base_url.removesuffix("/v1")

    @contextmanager
    def for_history(self) -> Iterator[None]:
        """Start the sandbox over, with few stops, no webhooks, and no limit; put the last two back at the end.

        The clock is put back, too. From then on CloudContactAI doesn't report repeated stops: telling it half a year of
        stops again would fill the audit log.
        """
        hooks = self._ask("GET", "webhooks")
        kept = {name: hooks[name] for name in HOOKS}
        self._ask("PUT", "webhooks", dict.fromkeys(HOOKS, ""))
        self._ask("POST", "reset")
        self._ask("POST", "agreement", {"but": STOPS_AT_SLICKTEXT_ALONE})
        self._ask("PUT", "switches", {"rate_limit": False})
        try:
            yield
        finally:
            self.clear_faults()
            self._ask("PUT", "clock", {"at": ""})
            self._ask("PUT", "switches", {"rate_limit": True, "ccai_repeat_events": False})
            self._ask("PUT", "webhooks", kept)

    def set_clock(self, moment: datetime) -> None:
        """Have everything happen there at this moment."""
        self._ask("PUT", "clock", {"at": moment.isoformat()})

    def refuse_next(self, vendor: str, *, method: str, times: int) -> None:
        """Have a vendor refuse the next calls, as one that does not take a number."""
        fault = {"kind": "error", "status": 422, "methods": [method], "times": times}
        self._ask("PUT", f"faults/{vendor}", fault)

    def clear_faults(self) -> None:
        """Have both vendors work again."""
        self._ask("DELETE", "faults")

    def person_texts(self, vendor: str, number: str, words: str) -> None:
        """Have a person text one vendor, which changes that vendor alone."""
        self._ask("POST", "texts", {"vendor": vendor, "number": number, "word": words})

    def vendor_texts(self, vendor: str, number: str, body: str, title: str) -> None:
        """Have a vendor text a person, also one who asked for no texts."""
        text = {"vendor": vendor, "number": number, "body": body, "title": title, "outcome": "sent"}
        self._ask("POST", "messages", text)

    def subscribe_at_slicktext(self, contact_id: int) -> None:
        """Have SlickText's support subscribe a contact by hand, behind our back."""
        path = f"v1/brands/{self._vendor.account}/contacts/{contact_id}"
        self._send("PUT", path, {"opt_in_status": "subscribed"})

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._send(method, f"_sandbox/{path}", body)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the sandbox's own address
            f"{self._url}/{path}",
            json.dumps(body or {}).encode() if method != "GET" else None,
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._vendor.api_key}"},
            method=method,
        )
        with _OPENER.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return json.load(answer)
