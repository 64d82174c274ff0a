"""The small page for people: what was called, and what shall go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from html import escape
from pathlib import Path
from typing import Any

from sandbox import page_texts, page_webhooks
from sandbox.app import Sandbox
from sandbox.faults import KINDS, METHODS, VENDORS
from sandbox.parts import SHOWN, TITLES, number, select, table, text
from sandbox.switches import Switches, choices
from sandbox.wire import Reply, html_reply

STYLE = Path(__file__).parent / "static" / "sandbox.css"
POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Vendor sandbox</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/_sandbox/sandbox.css">
</head>
<body>
<header><h1>Vendor sandbox</h1>
<p>Stands in for SlickText and CloudContactAI. Nobody is texted; nobody here is real.</p></header>
<main>{main}</main>
</body>
</html>
"""


def home(sandbox: Sandbox) -> Reply:
    parts = [_vendor(sandbox, vendor) for vendor in VENDORS]
    parts += [page_texts.section(), page_webhooks.section(sandbox.webhooks)]
    parts += [page_texts.latest(sandbox.messages), page_webhooks.latest(sandbox.webhooks)]
    parts += [_switches(sandbox.switches), _calls(sandbox), _reset()]
    return html_reply(PAGE.format(main="".join(parts))).with_headers(POLICY)


def style() -> Reply:
    return Reply(200, STYLE.read_bytes(), "text/css; charset=utf-8")


def fault_from_form(form: Mapping[str, str]) -> dict[str, Any]:
    """Empty boxes mean "not set"; ValueError where a number is none."""
    fault: dict[str, Any] = {"kind": form.get("kind", "none")}
    for name, kind in (("seconds", float), ("share", float), ("status", int), ("times", int)):
        if form.get(name, "").strip():
            fault[name] = kind(form[name])
    if form.get("method"):
        fault["methods"] = [form["method"]]
    if form.get("path"):
        fault["path"] = form["path"]
    return fault


def _vendor(sandbox: Sandbox, vendor: str) -> str:
    people = "contacts" if vendor == "slicktext" else "register"
    counts = sandbox.calls.counts()[vendor]
    rows = [(escape(name), str(calls)) for name, calls in counts.items()]
    listing = table(("Endpoint", "Calls"), rows)
    return (
        f"<section aria-labelledby='{vendor}'><h2 id='{vendor}'>{TITLES[vendor]}</h2>"
        f"<p>{sandbox.store.count(people):,} people, {sum(counts.values()):,} calls.</p>"
        f"{_active(sandbox, vendor)}{_fault_form(vendor)}{listing if rows else ''}</section>"
    )


def _active(sandbox: Sandbox, vendor: str) -> str:
    faults = sandbox.faults[vendor].as_json()
    if not faults:
        return "<p><strong>Working.</strong></p>"
    items = "".join(
        "<li>" + escape(", ".join(f"{name} {value}" for name, value in fault.items())) + "</li>"
        for fault in faults
    )
    return f"<p class='on'><strong>Faults set:</strong></p><ul>{items}</ul>"


def _fault_form(vendor: str) -> str:
    kinds = [("none", "none: works")] + [(kind, f"{kind}: {text}") for kind, text in KINDS.items()]
    return (
        f"<form method='post' action='/_sandbox/faults/{vendor}'>"
        + select(f"{vendor}-kind", "kind", "Fault", kinds, "none")
        + number(f"{vendor}-seconds", "seconds", "Seconds")
        + number(f"{vendor}-status", "status", "Status")
        + number(f"{vendor}-times", "times", "Only so many times")
        + number(f"{vendor}-share", "share", "Share of calls, 0 to 1")
        + select(f"{vendor}-method", "method", "Method", [("", "any"), *_same(METHODS)], "")
        + text(f"{vendor}-path", "path", "Address contains")
        + f"<button>Set for {TITLES[vendor]}</button></form>"
    )


def _switches(switches: Switches) -> str:
    boxes = []
    for field in fields(Switches):
        value, label = getattr(switches, field.name), _label(field.name)
        options = choices(field.name)
        box = (
            select(field.name, field.name, label, _same(options), str(value))
            if options
            else number(field.name, field.name, label, str(value))
        )
        boxes.append(box)
    return (
        "<section class='wide' aria-labelledby='switches'><h2 id='switches'>Switches</h2>"
        "<p>What the vendors leave open. 0 means: none, or as the generation has it.</p>"
        f"<form class='many' method='post' action='/_sandbox/switches'>{''.join(boxes)}"
        "<button>Set switches</button></form></section>"
    )


def _calls(sandbox: Sandbox) -> str:
    latest = reversed(sandbox.calls.latest(limit=SHOWN))
    rows = [[escape(str(value)) for value in _cells(call)] for call in latest]
    heads = ("Time", "Vendor", "Call", "Answer", "Fault", "Milliseconds")
    return (
        "<section class='wide' aria-labelledby='calls'><h2 id='calls'>Latest calls</h2>"
        "<div class='scroll' tabindex='0' role='region' aria-label='Table of calls'>"
        f"{table(heads, rows)}</div></section>"
    )


def _cells(call: Mapping[str, Any]) -> tuple[object, ...]:
    what = f"{call['method']} {call['target']}"
    answer = call["status"] or "none"
    return (
        call["at"],
        TITLES[call["vendor"]],
        what,
        answer,
        call["fault"] or "",
        call["milliseconds"],
    )


def _reset() -> str:
    return (
        "<section aria-labelledby='reset'><h2 id='reset'>Start over</h2>"
        "<p>The people of the seed again; every change, text, fault, switch and call is forgotten.</p>"
        "<form method='post' action='/_sandbox/reset'><button>Start over</button></form></section>"
    )


def _label(name: str) -> str:
    words = name.replace("_", " ")
    return "CCAI" + words[4:] if words.startswith("ccai") else words.capitalize()


def _same(values: tuple[Any, ...]) -> list[tuple[str, str]]:
    words = {"True": "on", "False": "off"}
    return [(str(value), words.get(str(value), str(value))) for value in values]
