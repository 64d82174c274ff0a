"""The page for people: what was called, what goes wrong, and what people and vendors text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from sandbox.app import Sandbox
from sandbox.ccai_events import CODES, REASSIGNED
from sandbox.faults import KINDS, METHODS, VENDORS
from sandbox.messages import SOURCES
from sandbox.people import MARTY_NUMBER
from sandbox.phones import TYPES
from sandbox.switches import Switches, choices
from sandbox.texting import DEFAULT_BODY, FAILED
from sandbox.webhooks import METHODS as HOOK_METHODS
from sandbox.wire import Reply, html_reply

STATIC = Path(__file__).parent / "static"
POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
TITLES = {"slicktext": "SlickText", "cloudcontactai": "CloudContactAI"}
ROWS_SHOWN = 25
OUTCOMES = [
    ("", "what the vendor would do"),
    ("sent", "sent, even if they stopped texts"),
    ("refused", "SlickText: not sent"),
    (FAILED, "SlickText: sent, not delivered"),
    ("excluded", "CloudContactAI: excluded"),
    (REASSIGNED, "CloudContactAI: number reassigned"),
    *((code, f"CloudContactAI: {code} {words}") for code, (_, words) in CODES.items()),
]
FAULTS = [("none", "none: works"), *((kind, f"{kind}: {words}") for kind, words in KINDS.items())]


def home(sandbox: Sandbox) -> Reply:
    """Return the page. Values that others may have sent are escaped here; the templates hold no other values."""
    addresses = sandbox.webhooks.addresses
    page = _fill(
        "page.html",
        vendors="".join(_vendor(sandbox, vendor) for vendor in VENDORS),
        number=MARTY_NUMBER,
        body=escape(DEFAULT_BODY),
        vendor_options=_options(list(TITLES.items()), "cloudcontactai"),
        sources=_options(_same(SOURCES), "Campaign"),
        outcomes=_options(OUTCOMES),
        phone_types=_options(_same(TYPES), "MOBILE"),
        slicktext_url=escape(addresses.slicktext_url),
        ccai_url=escape(addresses.ccai_url),
        ccai_secret=escape(addresses.ccai_secret),
        ccai_methods=_options(_same(HOOK_METHODS), addresses.ccai_method),
        switches="".join(_switch(sandbox.switches, field.name) for field in fields(Switches)),
        latest_texts=_latest_texts(sandbox),
        latest_webhooks=_latest_webhooks(sandbox),
        latest_calls=_latest_calls(sandbox),
    )
    return html_reply(page).with_headers(POLICY)


def style() -> Reply:
    return Reply(200, (STATIC / "sandbox.css").read_bytes(), "text/css; charset=utf-8")


def fault_from_form(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the fault that a form sets; empty boxes mean "not set". Raises ValueError for text in a number's box."""
    fault: dict[str, Any] = {"kind": form.get("kind", "none")}
    for name, kind in (("seconds", float), ("share", float), ("status", int), ("times", int)):
        if form.get(name, "").strip():
            fault[name] = kind(form[name])
    if form.get("method"):
        fault["methods"] = [form["method"]]
    if form.get("path"):
        fault["path"] = form["path"]
    return fault


def _fill(name: str, **values: str) -> str:
    return Template((STATIC / name).read_text(encoding="utf-8")).substitute(values)


def _vendor(sandbox: Sandbox, vendor: str) -> str:
    counts = sandbox.calls.counts()[vendor]
    people = sandbox.store.count("contacts" if vendor == "slicktext" else "register")
    faults = [
        ", ".join(f"{name} {value}" for name, value in fault.items())
        for fault in sandbox.faults[vendor].as_json()
    ]
    items = "".join(f"<li>{escape(fault)}</li>" for fault in faults)
    return _fill(
        "vendor.html",
        vendor=vendor,
        title=TITLES[vendor],
        people=f"{people:,}",
        calls=f"{sum(counts.values()):,}",
        faults=f'<p class="on"><strong>Faults set:</strong></p><ul>{items}</ul>'
        if faults
        else "<p><strong>Working.</strong></p>",
        kinds=_options(FAULTS),
        methods=_options([("", "any"), *_same(METHODS)]),
        endpoints=_table(("Endpoint", "Calls"), counts.items()) if counts else "",
    )


def _switch(switches: Switches, name: str) -> str:
    value, label = getattr(switches, name), name.replace("_", " ")
    label = "CCAI" + label[4:] if label.startswith("ccai") else label.capitalize()
    if options := choices(name):
        box = f'<select id="{name}" name="{name}">{_options(_same(options), str(value))}</select>'
    else:
        box = f'<input id="{name}" name="{name}" type="number" min="0" value="{value}">'
    return f'<p><label for="{name}">{label}</label>{box}</p>'


def _latest_texts(sandbox: Sandbox) -> str:
    rows = [
        (each.created, TITLES[each.vendor], each.sender, each.to, each.source, each.status, each.body)
        for each in sandbox.messages.find(limit=ROWS_SHOWN)
    ]  # fmt: skip
    heads = ("Time", "Vendor", "From", "To", "Source", "Status", "Words")
    return _listing("texts", heads, rows) if rows else ""


def _latest_webhooks(sandbox: Sandbox) -> str:
    rows = [
        (
            each["at"],
            TITLES[each["vendor"]],
            each["event"],
            each["number"],
            ", then ".join(each["answers"]) or "on its way",
        )
        for each in reversed(sandbox.webhooks.latest(ROWS_SHOWN))
    ]
    heads = ("Time", "Vendor", "Event", "Number", "Answers")
    return _listing("webhooks", heads, rows) if rows else ""


def _latest_calls(sandbox: Sandbox) -> str:
    rows = [
        (
            call["at"],
            TITLES[call["vendor"]],
            f"{call['method']} {call['target']}",
            call["status"] or "none",
            call["fault"] or "",
            call["milliseconds"],
        )
        for call in reversed(sandbox.calls.latest(limit=ROWS_SHOWN))
    ]
    return _listing("calls", ("Time", "Vendor", "Call", "Answer", "Fault", "Milliseconds"), rows)


def _listing(what: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return (
        f'<section class="wide" aria-labelledby="{what}"><h2 id="{what}">Latest {what}</h2>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Table of {what}">'
        f"{_table(heads, rows)}</div></section>"
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _options(options: Iterable[tuple[str, str]], chosen: str = "") -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(shown)}</option>'
        for value, shown in options
    )


def _same(values: Iterable[Any]) -> list[tuple[str, str]]:
    words = {"True": "on", "False": "off"}
    return [(str(value), words.get(str(value), str(value))) for value in values]
