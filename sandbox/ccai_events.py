"""Make CloudContactAI's events about texts: flat, capitalized data, as its SDKs document."""

from __future__ import annotations

import math
from typing import Any

from sandbox.messages import Message
from sandbox.switches import Switches

CARRIER, OWN = "message.error.carrier", "message.error.cloudcontact"
SENT, EXCLUDED = "message.sent", "message.excluded"
OPTED_OUT = "Contact has opted out"
# Its page of delivery error codes: the code's event and words.
CODES = {
    "2001": (OWN, "User asked to not text them (OptOut error)"),
    "1001": (OWN, "This client has exceeded monthly SMS limit"),
    "CCAI-ERR-01": (OWN, "Landline"),
    "CCAI-ERR-02": (OWN, "Carrier Stated Landline"),
    "CCAI-ERR-03": (OWN, "Invalid Phone Number"),
    "CCAI-ERR-1": (OWN, "Unexpected"),
    "21211": (CARRIER, "Invalid 'To' Phone Number"),
    "21610": (CARRIER, "Attempt to send to unsubscribed recipient"),
    "30003": (CARRIER, "Unreachable destination handset"),
    "30004": (CARRIER, "Message blocked"),
    "30005": (CARRIER, "Unknown destination handset"),
    "30006": (CARRIER, "Landline or unreachable carrier"),
    "30007": (CARRIER, "Message filtered"),
}
# It sends nothing to a reassigned number and calls that an error; which code it has is not said.
REASSIGNED = "reassigned"
REASSIGNED_WORDS = "Phone number has been reassigned"
STATUSES = {SENT: "DELIVERED", EXCLUDED: "EXCLUDED", CARRIER: "FAILED", OWN: "FAILED"}
PRICE = 0.01
SEGMENT = 160
NUMBERS = ("SmsSid", "CampaignId", "Segments", "TotalPrice")


def event_of(outcome: str) -> str:
    """Return the event for "sent", "excluded", "reassigned", or a code. Raises ValueError for anything else."""
    if outcome in ("sent", "excluded"):
        return SENT if outcome == "sent" else EXCLUDED
    if outcome == REASSIGNED:
        return OWN
    if outcome not in CODES:
        raise ValueError(f"an outcome is sent, excluded, {REASSIGNED} or {', '.join(CODES)}")
    return CODES[outcome][0]


def data_of(
    message: Message, outcome: str, switches: Switches, *, reason: str = "", custom_data: str = ""
) -> dict[str, Any]:
    """Return the data of an event about a text. `outcome` is as in `event_of`, and "" for a received text."""
    happened = bool(outcome) and outcome != "excluded"
    data: dict[str, Any] = {
        "SmsSid": message.id if happened else 0,
        "MessageStatus": message.status,
        "To": message.to,
        "Message": message.body,
        "CustomData": custom_data,
        "ClientExternalId": "",
        "CampaignId": int(message.source_id or 0),
        "CampaignTitle": message.title,
    }
    if message.incoming:
        data["From"] = message.sender
    elif outcome == "sent":
        segments = max(1, math.ceil(len(message.body) / SEGMENT))
        data |= {"Segments": segments, "TotalPrice": round(segments * PRICE, 2)}
    elif outcome == "excluded":
        data["ExcludedReason"] = reason or OPTED_OUT
    else:
        kind, words = CODES.get(outcome, (OWN, REASSIGNED_WORDS))
        data["ErrorCode"] = outcome if outcome in CODES else ""
        data |= {"ErrorMessage": words, "ErrorType": kind.rpartition(".")[2]}
    if switches.ccai_message_times:
        data["CreatedAt"] = message.created
    # Numbers, prices, and ids as text or as numbers: by turns, unless switched.
    kind = switches.ccai_numbers
    if kind == "text" or (kind == "vary" and message.id % 2 == 0):
        return data | {name: str(data[name]) for name in NUMBERS if name in data}
    code = data.get("ErrorCode", "")
    return data | {"ErrorCode": int(code)} if code.isdecimal() else data
