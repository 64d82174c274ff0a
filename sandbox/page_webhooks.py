"""The part of the page that is about what the vendors tell: where to, and what was sent."""

from __future__ import annotations

from html import escape

from sandbox.parts import SHOWN, TITLES, select, table, text
from sandbox.parts import number as count
from sandbox.webhooks import METHODS, Webhooks


def section(webhooks: Webhooks) -> str:
    return f"<section aria-label='Webhooks'>{_addresses(webhooks)}</section>"


def _addresses(webhooks: Webhooks) -> str:
    addresses = webhooks.addresses
    methods = [(each, each) for each in METHODS]
    return (
        "<h2>Webhooks</h2>"
        "<p>An empty address gets none.</p>"
        "<form method='post' action='/_sandbox/webhooks'>"
        + text("slicktext-url", "slicktext_url", "SlickText to", addresses.slicktext_url)
        + text("ccai-url", "ccai_url", "CloudContactAI to", addresses.ccai_url)
        + text("ccai-secret", "ccai_secret", "CloudContactAI's secret", addresses.ccai_secret)
        + select("ccai-method", "ccai_method", "CloudContactAI by", methods, addresses.ccai_method)
        + "<button>Set webhooks</button></form>"
        "<form method='post' action='/_sandbox/webhooks/again'>"
        + count("again-count", "count", "The latest events", "1")
        + "<button>Send them again</button></form>"
    )


def latest(webhooks: Webhooks) -> str:
    """What was sent lately as a table; empty where nothing was."""
    rows = [
        (each["at"], TITLES[each["vendor"]], each["event"], each["number"], _answers(each))
        for each in reversed(webhooks.latest(SHOWN))
    ]
    if not rows:
        return ""
    heads = ("Time", "Vendor", "Event", "Number", "Answers")
    return (
        "<section class='wide' aria-labelledby='sent'><h2 id='sent'>Latest webhooks</h2>"
        "<div class='scroll' tabindex='0' role='region' aria-label='Table of webhooks'>"
        f"{table(heads, [[escape(str(cell)) for cell in row] for row in rows])}</div></section>"
    )


def _answers(delivery: dict[str, object]) -> str:
    answers = delivery["answers"]
    return ", then ".join(answers) if isinstance(answers, list) and answers else "on its way"
