"""The part of the page where a trainer texts: as a person, as a vendor, and inside CloudContactAI."""

from __future__ import annotations

from html import escape

from sandbox.ccai_events import CODES, REASSIGNED
from sandbox.messages import SOURCES, Messages
from sandbox.parts import SHOWN, TITLES, select, table, text
from sandbox.people import MARTY_NUMBER
from sandbox.phones import TYPES
from sandbox.texting import DEFAULT_BODY, FAILED

ASKS = "please stop texting me"
VENDORS = list(TITLES.items())
OUTCOMES = [
    ("", "what the vendor would do"),
    ("sent", "sent, even if they stopped texts"),
    ("refused", "SlickText: not sent"),
    (FAILED, "SlickText: sent, not delivered"),
    ("excluded", "CloudContactAI: excluded"),
    (REASSIGNED, "CloudContactAI: number reassigned"),
    *((code, f"CloudContactAI: {code} {words}") for code, (_, words) in CODES.items()),
]


def section() -> str:
    return (
        f"<section aria-label='Texts'>{_person()}{_vendor()}</section>"
        f"<section aria-label='Inside CloudContactAI'>{_register()}{_phone()}</section>"
    )


def _person() -> str:
    return (
        "<h2>A person texts</h2>"
        "<p>Any words. STOP and START change that vendor alone. The vendor tells the dashboard by a"
        " webhook.</p>"
        "<form method='post' action='/_sandbox/texts'>"
        + text("texts-number", "number", "From the number", MARTY_NUMBER)
        + text("texts-word", "word", "The words", ASKS)
        + select("texts-vendor", "vendor", "To", VENDORS, "cloudcontactai")
        + "<button>Send the text</button></form>"
    )


def _vendor() -> str:
    return (
        "<h2>A vendor texts a person</h2>"
        "<form method='post' action='/_sandbox/messages'>"
        + text("send-number", "number", "To the number", MARTY_NUMBER)
        + text("send-body", "body", "The words", DEFAULT_BODY)
        + select("send-vendor", "vendor", "From", VENDORS, "cloudcontactai")
        + select("send-source", "source", "Source", [(each, each) for each in SOURCES], "Campaign")
        + select("send-outcome", "outcome", "What happens", OUTCOMES, "")
        + "<button>Text them</button></form>"
    )


def _register() -> str:
    presses = [
        ("false", "Lift a stop; sends no event"),
        ("true", "Do Not Text; tells the dashboard"),
    ]
    return (
        "<h2>Inside CloudContactAI</h2>"
        "<form method='post' action='/_sandbox/register'>"
        + text("register-number", "number", "The number", MARTY_NUMBER)
        + select("register-press", "do_not_text", "Press", presses, "false")
        + "<button>Press it</button></form>"
    )


def _phone() -> str:
    times = [("now", "reassigned now"), ("", "not reassigned")]
    return (
        "<h2>What CloudContactAI knows about a phone</h2>"
        "<p>The dashboard sees it only if CCAI readable is on.</p>"
        "<form method='post' action='/_sandbox/phones'>"
        + text("phone-number", "number", "The number", MARTY_NUMBER)
        + select("phone-reassigned", "reassigned_at", "Its owner", times, "now")
        + select("phone-type", "phone_type", "Its type", [(each, each) for each in TYPES], "MOBILE")
        + "<button>Set the phone</button></form>"
    )


def latest(messages: Messages) -> str:
    """The texts of both vendors as a table; empty where there are none."""
    rows = [
        (
            each.created,
            TITLES[each.vendor],
            each.sender,
            each.to,
            each.source,
            each.status,
            each.body,
        )
        for each in messages.find(limit=SHOWN)
    ]
    if not rows:
        return ""
    heads = ("Time", "Vendor", "From", "To", "Source", "Status", "Words")
    return (
        "<section class='wide' aria-labelledby='texts'><h2 id='texts'>Latest texts</h2>"
        "<div class='scroll' tabindex='0' role='region' aria-label='Table of texts'>"
        f"{table(heads, [[escape(cell) for cell in row] for row in rows])}</div></section>"
    )
