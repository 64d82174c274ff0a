"""Serve both vendors: check keys, count calls, and make them fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox import clock, cloudcontactai, slicktext
from sandbox.calls import Calls
from sandbox.errors import error, html_page
from sandbox.faults import VENDORS, Fault, Faults
from sandbox.limits import Budget, RateLimit
from sandbox.messages import Messages
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.webhooks import Webhooks
from sandbox.wire import Reply, Request

PREFIXES = {"v1": "slicktext", "api": "cloudcontactai"}


@dataclass(frozen=True)
class Hangup:
    """No answer: the connection is closed, or reset as if by a missing machine."""

    reset: bool = False


Outcome = Reply | Hangup
Gone = Callable[[], bool]


class Sandbox:
    def __init__(self, store: Store, switches: Switches | None = None, seed: int = 1) -> None:
        self.store = store
        self.switches = switches or Switches()
        self.messages = Messages(store)
        self.slicktext = slicktext.SlickText(store, self.messages)
        self.cloudcontactai = cloudcontactai.CloudContactAI(store, self.messages)
        self.faults = {vendor: Faults(seed) for vendor in VENDORS}
        self.limits = RateLimit()
        self.calls = Calls()
        self.webhooks = Webhooks()
        self.stopping = threading.Event()

    def answer(self, vendor: str, request: Request, gone: Gone) -> Outcome:
        """Answer a vendor call, and keep what happened."""
        start = time.monotonic()
        met = self.faults[vendor].meet(request)
        if met.wait:
            self.pause(met.wait, gone)
        if self.stopping.is_set():
            return Hangup()
        outcome = self.struck(vendor, request, met.fault, gone)
        status = outcome.status if isinstance(outcome, Reply) else None
        kind = met.fault.kind if met.fault else "latency" if met.wait else None
        self.calls.add(vendor, request, status, kind, time.monotonic() - start)
        return outcome

    def struck(self, vendor: str, request: Request, fault: Fault | None, gone: Gone) -> Outcome:
        match fault.kind if fault else "":
            case "down":
                return Hangup(reset=True)
            case "drop_before":
                return Hangup()
            case "hang" if fault:
                self.pause(fault.wait, gone)
                return Hangup()
            case "drop_after":
                self.work(vendor, request)
                return Hangup()
            case "html" if fault:
                return html_page(fault.answer, "the upstream server gave no valid answer")
            case "error" if fault:
                return self.refuse(vendor, fault.answer, "something went wrong")
            case "unauthorized":
                return self.refuse(vendor, 401, "unauthorized")
            case "too_many" if fault:
                return self.too_many(vendor, max(1, round(fault.wait)))
        return self.work(vendor, request)

    def pause(self, seconds: float, gone: Gone) -> None:
        """Wait, unless the caller leaves or the program ends."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not gone():
            if self.stopping.wait(min(left, 0.25)):
                return

    def work(self, vendor: str, request: Request) -> Reply:
        reply = self.ask_slicktext(request) if vendor == "slicktext" else self.ask_ccai(request)
        self.webhooks.notice(vendor, request, reply, self.switches)
        return reply

    def ask_slicktext(self, request: Request) -> Reply:
        """Answer a call; every authenticated reply carries the three rate limit headers."""
        if request.bearer != slicktext.KEY:
            return self.refuse("slicktext", 401, "unauthenticated")
        if not self.switches.rate_limit:
            return self.slicktext.answer(request, self.switches)
        budget = self.limits.take(slicktext.KEY, self.switches.calls_per_minute)
        if budget.over:
            return self.refuse("slicktext", 429, "too many requests").with_headers(budget.headers)
        return self.slicktext.answer(request, self.switches).with_headers(budget.headers)

    def ask_ccai(self, request: Request) -> Reply:
        """Answer a call. No limit is documented; one that is switched on sends only Retry-After."""
        if request.bearer != cloudcontactai.KEY:
            return self.refuse("cloudcontactai", 401, "Unauthorized")
        limit = self.switches.ccai_calls_per_minute
        if limit and (budget := self.limits.take(cloudcontactai.KEY, limit)).over:
            reply = self.refuse("cloudcontactai", 429, "Too many requests")
            return reply.with_headers({"Retry-After": str(budget.reset)})
        return self.cloudcontactai.answer(request, self.switches)

    def too_many(self, vendor: str, seconds: int) -> Reply:
        budget = Budget(self.switches.calls_per_minute, 0, seconds, over=True)
        headers = budget.headers if vendor == "slicktext" else {"Retry-After": str(seconds)}
        return self.refuse(vendor, 429, "too many requests").with_headers(headers)

    def refuse(self, vendor: str, status: int, message: str) -> Reply:
        if vendor == "slicktext":
            return error(status, message, self.switches.error_body)
        return cloudcontactai.refuse(status, message)

    def reset(self) -> None:
        """Start over: the people of the seed, no faults, no calls, no usage. Webhooks keep their addresses."""
        clock.stop_at("")
        self.store.reset()
        self.switches = Switches()
        for faults in self.faults.values():
            faults.set([])
        self.calls.clear()
        self.webhooks.forget()
        self.limits.clear()
