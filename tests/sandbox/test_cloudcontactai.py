"""CloudContactAI: do-not-text by contactId or phone, and what it refuses."""

from typing import Any

import pytest
import requests

from sandbox.server import Running
from tests.sandbox.conftest import Caller

PHONE = "+15551234567"


def desired(stop: object = True, **who: object) -> dict[str, Any]:
    return {"clientId": "sandbox-client", "doNotText": stop, **who}


def test_by_phone_and_then_by_contact_id(server: Running, call: Caller) -> None:
    made = call.ccai(desired(phone=PHONE, contactId=None)).json()
    assert not made["contactId"].isdecimal(), "an id of its own"
    assert server.truth(PHONE)["cloudcontactai"]["do_not_text"] is True
    lifted = call.ccai(desired(False, contactId=made["contactId"])).json()
    assert lifted == made | {"doNotText": False}
    assert server.truth(PHONE)["cloudcontactai"]["do_not_text"] is False


def test_the_same_desired_state_twice_is_the_same_desired_state(
    server: Running, call: Caller
) -> None:
    first, second = (call.ccai(desired(phone=PHONE)).json() for _ in range(2))
    assert first == second
    assert [write["detail"]["created"] for write in server.truth(PHONE)["history"]] == [True, False]


def test_the_register_starts_with_some_of_the_stops(server: Running) -> None:
    data = requests.get(f"{server.url}/_sandbox/truth/all", timeout=60).json()["data"]
    known = [(e["slicktext"]["opt_in_status"], e["cloudcontactai"]) for e in data]
    stopped = [c is not None and c["do_not_text"] for status, c in known if status != "subscribed"]
    assert 0 < sum(stopped) < len(stopped)
    assert not any(c and c["do_not_text"] for status, c in known if status == "subscribed")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"clientId": "sandbox-client", "phone": PHONE}, 400),
        ({"doNotText": True, "phone": PHONE}, 400),
        (desired(), 400),
        (desired("true", phone=PHONE), 400),
        (desired(1, phone=PHONE), 400),
        (desired(phone="5551234567"), 400),
        (desired(phone=5551234567), 400),
        (desired(contactId=7), 400),
        (["clientId"], 400),
        (desired(phone=PHONE) | {"clientId": "another"}, 403),
        (desired(contactId="unknown"), 404),
        (desired(contactId="unknown", phone=PHONE), 404),
    ],
)
def test_it_refuses(server: Running, call: Caller, body: object, status: int) -> None:
    reply = call.ccai(body)
    assert reply.status_code == status
    assert isinstance(reply.json()["error"], str)
    assert server.truth(PHONE)["cloudcontactai"] is None


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sandbox-slicktext-key"}])
def test_a_wrong_key(call: Caller, headers: dict[str, str]) -> None:
    assert call.ccai(desired(phone=PHONE), headers=headers).status_code == 401


def test_an_unknown_phone_may_be_404(server: Running, call: Caller) -> None:
    server.set_switches(unknown_phone="404")
    assert call.ccai(desired(phone=PHONE)).status_code == 404
    assert server.truth(PHONE)["cloudcontactai"] is None


def test_there_is_no_rate_limit_unless_switched_on(server: Running, call: Caller) -> None:
    assert "x-RateLimit" not in call.ccai(desired(phone=PHONE)).headers
    server.set_switches(ccai_calls_per_minute=1)
    call.ccai(desired(phone=PHONE))
    over = call.ccai(desired(phone=PHONE))
    assert over.status_code == 429
    assert int(over.headers["Retry-After"]) > 0
