"""Serve the sandbox's own pages under /_sandbox/: faults, switches, calls, and what the vendors really hold."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox import clock, page, phones, slicktext, texting, truth
from sandbox.app import Sandbox
from sandbox.faults import VENDORS, parse
from sandbox.switches import from_form
from sandbox.wire import Reply, Request, json_reply, whole_number

HOME = "/_sandbox/"
DEFAULT_LIMIT = 1000
LIMIT_MAX = 10_000
SENT_WITH = ("body", "source", "outcome", "source_id", "title", "reason", "custom_data", "at")


def answer(sandbox: Sandbox, request: Request) -> Reply:
    if request.method not in ("GET", "HEAD") and is_foreign(request):
        return json_reply({"error": "another site may not change the sandbox"}, 403)
    try:
        return route(sandbox, request)
    except ValueError as problem:
        return json_reply({"error": str(problem)}, 400)


def is_foreign(request: Request) -> bool:
    """Return True for a form of another site. Browsers send the origin; programs don't."""
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")


def route(sandbox: Sandbox, request: Request) -> Reply:  # noqa: C901 - a case for each address
    match (request.method, *request.segments[1:]):
        case ("GET" | "HEAD",):
            return page.home(sandbox)
        case ("GET" | "HEAD", "sandbox.css"):
            return page.style()
        case ("GET", "state"):
            return json_reply(state(sandbox))
        case ("DELETE", "calls"):
            sandbox.calls.clear()
            return json_reply(state(sandbox))
        case ("GET", "calls"):
            return list_calls(sandbox, request)
        case ("GET", "truth", *rest):
            return truth_page(sandbox, request, rest)
        case ("GET", "webhooks"):
            addresses = sandbox.webhooks.addresses.as_json()
            return json_reply(addresses | {"latest": sandbox.webhooks.latest()})
        case ("GET", "messages"):
            return list_messages(sandbox, request)
        case ("GET", "phones"):
            return json_reply(phones.of(sandbox.store, request.query.get("number", "")))
        case ("PUT", "clock"):
            clock.stop_at(form_values(request, "at").get("at", ""))
            return json_reply({"now": clock.now().isoformat()})
    return change(sandbox, request)


def change(sandbox: Sandbox, request: Request) -> Reply:  # noqa: C901 - a case for each address
    match (request.method, *request.segments[1:]):
        case ("PUT" | "DELETE" | "POST", "faults", *rest):
            return change_faults(sandbox, request, rest)
        case ("PUT" | "POST", "switches"):
            return change_switches(sandbox, request)
        case ("PUT" | "POST", "webhooks"):
            return change_webhooks(sandbox, request)
        case ("POST", "webhooks", "again"):
            return resend_webhooks(sandbox, request)
        case ("POST", "reset"):
            sandbox.reset()
            return reply_with(request, state(sandbox))
        case ("POST", "agreement"):
            return let_vendors_agree(sandbox, request)
        case ("POST", "texts"):
            return text_from_person(sandbox, request)
        case ("POST", "messages"):
            return text_from_vendor(sandbox, request)
        case ("POST", "register"):
            return press_in_register(sandbox, request)
        case ("POST" | "PUT", "phones"):
            return change_phone(sandbox, request)
    return json_reply({"error": "no such page"}, 404)


def reply_with(request: Request, value: object) -> Reply:
    """Send a form back to the page, and a program what was made or set."""
    return Reply(303, headers={"Location": HOME}) if is_form(request) else json_reply(value)


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
        "rate_limit": {name: getattr(budget, name) for name in ("limit", "remaining", "reset")},
    }


def list_calls(sandbox: Sandbox, request: Request) -> Reply:
    vendor = request.query.get("vendor", "")
    return json_reply({"data": sandbox.calls.latest(vendor, limit_of(request))})


def limit_of(request: Request) -> int:
    limit = whole_number(request.query.get("limit"), DEFAULT_LIMIT)
    if limit is None:
        raise ValueError("limit is a whole number")
    return limit


def truth_page(sandbox: Sandbox, request: Request, rest: list[str]) -> Reply:
    query = request.query
    if not rest:
        return json_reply(truth.of_number(sandbox.store, query.get("number", "")))
    limit = whole_number(query.get("limit"), DEFAULT_LIMIT, minimum=1)
    offset = whole_number(query.get("offset"), 0)
    if limit is None or offset is None:
        raise ValueError("limit and offset are whole numbers")
    limit = min(limit, LIMIT_MAX)
    if rest == ["all"]:
        after = query.get("after", "")
        return json_reply(truth.all_numbers(sandbox.store, after, offset, limit))
    if rest == ["writes"]:
        first = whole_number(query.get("after"), 0) or 0
        return json_reply(truth.writes(sandbox.store, first, limit))
    return json_reply({"error": "no such page"}, 404)


def change_faults(sandbox: Sandbox, request: Request, rest: list[str]) -> Reply:
    """Set or clear the faults of one vendor, or clear those of both."""
    vendors = list(rest) or list(VENDORS)
    if len(rest) > 1 or not set(vendors) <= set(VENDORS):
        return json_reply({"error": f"a vendor is one of {', '.join(VENDORS)}"}, 404)
    for vendor in vendors:
        if request.method == "DELETE":
            sandbox.faults[vendor].set([])
        else:
            form = page.fault_from_form(request.form()) if is_form(request) else None
            sandbox.faults[vendor].set(parse(form or request.any_json()))
    return reply_with(request, state(sandbox))


def change_switches(sandbox: Sandbox, request: Request) -> Reply:
    values = from_form(request.form()) if is_form(request) else request.any_json()
    if not isinstance(values, dict):
        raise ValueError("switches are a JSON object")
    sandbox.switches = sandbox.switches.changed(values)
    return reply_with(request, state(sandbox))


def let_vendors_agree(sandbox: Sandbox, request: Request) -> Reply:
    """Leave only the first few stops of each kind at SlickText, `but`, and none at CloudContactAI."""
    but = whole_number(form_values(request, "but").get("but"), 0)
    if but is None:
        raise ValueError("but is a whole number")
    sandbox.slicktext.contacts.subscribe_stopped(but=but)
    sandbox.cloudcontactai.forget_stops()
    return reply_with(request, state(sandbox))


def change_webhooks(sandbox: Sandbox, request: Request) -> Reply:
    values = request.form() if is_form(request) else request.any_json()
    if not isinstance(values, dict):
        raise ValueError("webhooks are a JSON object")
    sandbox.webhooks.addresses = sandbox.webhooks.addresses.changed(values)
    return reply_with(request, state(sandbox))


def resend_webhooks(sandbox: Sandbox, request: Request) -> Reply:
    count = whole_number(form_values(request, "count").get("count"), 1)
    if count is None:
        raise ValueError("count is a whole number")
    sandbox.webhooks.again(count)
    return reply_with(request, state(sandbox))


def form_values(request: Request, *names: str) -> dict[str, str]:
    """Return the named values of a form or a JSON object, as text. Raises ValueError for other names."""
    values = request.form() if is_form(request) else request.any_json()
    if not isinstance(values, dict):
        raise ValueError(f"{', '.join(names)}, as a JSON object")
    if unknown := values.keys() - set(names):
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return {name: "" if value is None else str(value) for name, value in values.items()}


def text_from_person(sandbox: Sandbox, request: Request) -> Reply:
    values = form_values(request, "vendor", "number", "word", "at")
    vendor, number = values.get("vendor", ""), values.get("number", "")
    words = values.get("word") or "STOP"
    message = texting.person_texts(sandbox, vendor, number, words, values.get("at", ""))
    return reply_with(request, {"message": message.as_json()})


def text_from_vendor(sandbox: Sandbox, request: Request) -> Reply:
    values = form_values(request, "vendor", "number", *SENT_WITH)
    vendor, number = values.pop("vendor", ""), values.pop("number", "")
    given = {name: value for name, value in values.items() if value}
    return reply_with(request, texting.vendor_texts(sandbox, vendor, number, **given))


def list_messages(sandbox: Sandbox, request: Request) -> Reply:
    query = request.query
    vendor, number = query.get("vendor", ""), query.get("number", "")
    found = sandbox.messages.find(vendor=vendor, number=number, limit=limit_of(request))
    return json_reply({"data": [each.as_json() for each in found]})


def press_in_register(sandbox: Sandbox, request: Request) -> Reply:
    """Press *Do Not Text* inside CloudContactAI, or lift it."""
    values = form_values(request, "number", "do_not_text")
    do_not_text = values.get("do_not_text", "").lower()
    if do_not_text not in ("true", "false"):
        raise ValueError("do_not_text is true or false")
    texting.changes_inside(sandbox, values.get("number", ""), do_not_text == "true")
    return reply_with(request, state(sandbox))


def change_phone(sandbox: Sandbox, request: Request) -> Reply:
    values = form_values(request, "number", "phone_type", "carrier_name", "reassigned_at")
    number = values.pop("number", "")
    return reply_with(request, texting.learns_about_phone(sandbox, number, values))
