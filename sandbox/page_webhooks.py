"""The part of the page that is about what the vendors tell: where to, what was sent, and a person who texts STOP."""

from __future__ import annotations

from html import escape

from sandbox.parts import SHOWN, TITLES, select, table, text
from sandbox.webhooks import Webhooks

WORDS = [("STOP", "STOP"), ("START", "START")]


def section(webhooks: Webhooks) -> str:
    return (
        f"<section aria-label='Webhooks'>{_texts()}{_addresses(webhooks)}</section>"
        f"{_latest(webhooks)}"
    )


def _texts() -> str:
    return (
        "<h2>A person texts</h2>"
        "<p>Their word changes that vendor alone, which tells the dashboard by a webhook.</p>"
        "<form method='post' action='/_sandbox/texts'>"
        + text("texts-number", "number", "From the number")
        + select("texts-word", "word", "The word", WORDS, "STOP")
        + select("texts-vendor", "vendor", "To", list(TITLES.items()), "slicktext")
        + "<button>Send the text</button></form>"
    )


def _addresses(webhooks: Webhooks) -> str:
    addresses = webhooks.addresses
    return (
        "<h2>Webhooks</h2>"
        "<p>An empty address gets none.</p>"
        "<form method='post' action='/_sandbox/webhooks'>"
        + text("slicktext-url", "slicktext_url", "SlickText to", addresses.slicktext_url)
        + text("ccai-url", "ccai_url", "CloudContactAI to", addresses.ccai_url)
        + text("ccai-secret", "ccai_secret", "CloudContactAI's secret", addresses.ccai_secret)
        + "<button>Set webhooks</button></form>"
    )


def _latest(webhooks: Webhooks) -> str:
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
