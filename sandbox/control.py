"""The sandbox's own door, under /_sandbox/: faults, switches, what was called, and the truth."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox import page, slicktext, truth
from sandbox.app import Sandbox
from sandbox.faults import VENDORS, parse
from sandbox.switches import from_form
from sandbox.wire import Reply, Request, json_reply, whole_number

HOME = "/_sandbox/"
PAGE = 1000
MOST = 10_000


def answer(sandbox: Sandbox, request: Request) -> Reply:
    if request.method not in ("GET", "HEAD") and is_foreign(request):
        return json_reply({"error": "another site may not change the sandbox"}, 403)
    try:
        return route(sandbox, request)
    except ValueError as problem:
        return json_reply({"error": str(problem)}, 400)


def is_foreign(request: Request) -> bool:
    """A browser says where a form came from; programs say nothing."""
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")


def route(sandbox: Sandbox, request: Request) -> Reply:
    match (request.method, *request.segments[1:]):
        case ("GET" | "HEAD",):
            return page.home(sandbox)
        case ("GET" | "HEAD", "sandbox.css"):
            return page.style()
        case ("GET", "state"):
            return json_reply(state(sandbox))
        case ("GET", "calls"):
            return calls(sandbox, request)
        case ("GET", "truth", *rest):
            return the_truth(sandbox, request, rest)
        case ("GET", "webhooks"):
            return json_reply(webhooks_state(sandbox))
    return change(sandbox, request)


def change(sandbox: Sandbox, request: Request) -> Reply:
    match (request.method, *request.segments[1:]):
        case ("DELETE", "calls"):
            sandbox.calls.clear()
            return json_reply(state(sandbox))
        case ("PUT" | "DELETE" | "POST", "faults", *rest):
            return faults(sandbox, request, rest)
        case ("PUT" | "POST", "switches"):
            return switches(sandbox, request)
        case ("PUT" | "POST", "webhooks"):
            return webhooks(sandbox, request)
        case ("POST", "texts"):
            return texts(sandbox, request)
        case ("POST", "reset"):
            sandbox.reset()
            return done(sandbox, request)
    return json_reply({"error": "no such page"}, 404)


def done(sandbox: Sandbox, request: Request) -> Reply:
    """A form goes back to the page; a program gets the state."""
    if is_form(request):
        return Reply(303, headers={"Location": HOME})
    return json_reply(state(sandbox))


def is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def state(sandbox: Sandbox) -> dict[str, Any]:
    budget = sandbox.limits.look(slicktext.KEY, sandbox.switches.calls_per_minute)
    counts = sandbox.calls.counts()
    return {
        "generation": sandbox.switches.generation,
        "faults": {vendor: sandbox.faults[vendor].as_json() for vendor in VENDORS},
        "switches": sandbox.switches.as_json(),
        "people": {
            "slicktext": sandbox.store.count("contacts"),
            "cloudcontactai": sandbox.store.count("register"),
        },
        "calls": {
            vendor: {"total": sum(counts[vendor].values()), "endpoints": counts[vendor]}
            for vendor in VENDORS
        },
        "webhooks": sandbox.webhooks.addresses.as_json(),
        "rate_limit": {
            "limit": budget.limit,
            "remaining": budget.remaining,
            "reset": budget.reset,
        },
    }


def calls(sandbox: Sandbox, request: Request) -> Reply:
    limit = whole_number(request.query.get("limit"), PAGE)
    if limit is None:
        raise ValueError("limit is a whole number")
    return json_reply({"data": sandbox.calls.latest(request.query.get("vendor", ""), limit)})


def the_truth(sandbox: Sandbox, request: Request, rest: list[str]) -> Reply:
    query = request.query
    if not rest:
        return json_reply(truth.of_number(sandbox.store, query.get("number", "")))
    limit = whole_number(query.get("limit"), PAGE, minimum=1)
    offset = whole_number(query.get("offset"), 0)
    if limit is None or offset is None:
        raise ValueError("limit and offset are whole numbers")
    limit = min(limit, MOST)
    if rest == ["all"]:
        after = query.get("after", "")
        return json_reply(truth.all_numbers(sandbox.store, after, offset, limit))
    if rest == ["writes"]:
        first = whole_number(query.get("after"), 0) or 0
        return json_reply(truth.writes(sandbox.store, first, limit))
    return json_reply({"error": "no such page"}, 404)


def faults(sandbox: Sandbox, request: Request, rest: list[str]) -> Reply:
    """For one vendor, or for both where none is named (to clear them)."""
    vendors = list(rest) or list(VENDORS)
    if len(rest) > 1 or not set(vendors) <= set(VENDORS):
        return json_reply({"error": f"a vendor is one of {', '.join(VENDORS)}"}, 404)
    for vendor in vendors:
        if request.method == "DELETE":
            sandbox.faults[vendor].set([])
        elif is_form(request):
            sandbox.faults[vendor].set(parse(page.fault_from_form(request.form())))
        else:
            sandbox.faults[vendor].set(parse(request.any_json()))
    return done(sandbox, request)


def switches(sandbox: Sandbox, request: Request) -> Reply:
    if is_form(request):
        values = from_form(request.form())
    else:
        value = request.any_json()
        if not isinstance(value, dict):
            raise ValueError("switches are a JSON object")
        values = value
    sandbox.switches = sandbox.switches.changed(values)
    return done(sandbox, request)


def webhooks_state(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.webhooks.addresses.as_json() | {"latest": sandbox.webhooks.latest()}


def webhooks(sandbox: Sandbox, request: Request) -> Reply:
    values = request.form() if is_form(request) else request.any_json()
    if not isinstance(values, dict):
        raise ValueError("webhooks are a JSON object")
    sandbox.webhooks.addresses = sandbox.webhooks.addresses.changed(values)
    return done(sandbox, request)


def texts(sandbox: Sandbox, request: Request) -> Reply:
    values = request.form() if is_form(request) else request.any_json()
    if not isinstance(values, dict):
        raise ValueError("vendor, number and word, as a JSON object")
    vendor, number, word = (str(values.get(name, "")) for name in ("vendor", "number", "word"))
    sandbox.texts(vendor, number, word or "STOP")
    return done(sandbox, request)
