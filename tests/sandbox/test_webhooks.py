"""What the sandbox's vendors send by themselves: to which address, in which words, and how often."""

import hashlib
import hmac
import re
import time
from base64 import b64encode

import pytest

from sandbox.server import Running
from sandbox.webhooks import PAUSES
from tests.people import until
from tests.sandbox.conftest import CONTACTS, Caller
from tests.sandbox.receiving import Receiver

NUMBER = "+16155553338"
OWN = {"clientId": "sandbox-client", "phone": NUMBER, "doNotText": True}


def test_slicktext_reports_a_change(call: Caller, receiver: Receiver) -> None:
    call.slicktext("PUT", f"{CONTACTS}/7778", json={"opt_in_status": "unsubscribed"})
    (body,) = receiver.bodies(1)
    assert set(body) == {"id", "name", "url", "attempts", "date", "data"}
    assert (body["name"], body["attempts"]) == ("contact_updated", 1)
    assert re.fullmatch(r"[0-9a-f]{24}", body["id"]), "a hex string"
    assert body["data"]["contact_id"] == 7778
    assert body["data"]["opt_in_status"] == "unsubscribed"
    assert "email" not in body["data"], "a part of the record"


def test_slicktext_reports_a_new_contact(call: Caller, receiver: Receiver) -> None:
    call.slicktext("POST", json={"mobile_number": "2125550199"})
    assert receiver.bodies(1)[0]["name"] == "contact_created"


def test_cloudcontactai_tells_and_signs(call: Caller, receiver: Receiver) -> None:
    call.ccai(OWN)
    (body,) = receiver.bodies(1)
    path, headers, _ = receiver.told[0]
    assert (path, body["eventType"]) == ("/ccai", "contact.unsubscribed")
    assert body["data"]["ContactData"]["phone"] == NUMBER
    assert body["data"]["UnsubscribedAt"].endswith("Z")
    text = f"sandbox-client:{body['eventHash']}".encode()
    digest = hmac.new(b"secret", text, hashlib.sha256).digest()
    headers = {name.lower(): value for name, value in headers.items()}
    assert headers["x-ccai-signature"] == b64encode(digest).decode()


def test_what_failed_is_told_to_no_one(call: Caller, receiver: Receiver) -> None:
    call.slicktext("PUT", f"{CONTACTS}/7778", json={"opt_in_status": "perhaps"})
    call.slicktext("DELETE", f"{CONTACTS}/7779")
    call.slicktext("GET", f"{CONTACTS}/7778")
    call.ccai(OWN | {"doNotText": False})
    call.ccai(OWN)
    assert [body.get("eventType") for body in receiver.bodies(1)] == ["contact.unsubscribed"]


def test_also_when_the_caller_gets_no_answer(
    server: Running, call: Caller, receiver: Receiver
) -> None:
    server.set_fault("cloudcontactai", "drop_after")
    with pytest.raises(Exception, match=r"(?i)connection"):
        call.ccai(OWN)
    assert receiver.bodies(1)


def test_it_is_told_again_until_it_is_answered_well(
    server: Running, call: Caller, receiver: Receiver
) -> None:
    receiver.answers = [500, 404]
    call.slicktext("PUT", f"{CONTACTS}/7778", json={"city": "Reno"})
    bodies = receiver.bodies(3)
    assert [body["attempts"] for body in bodies] == [1, 2, 3]
    assert len({body["id"] for body in bodies}) == 1
    until(lambda: len(server.webhooks()[-1]["answers"]) == 3)
    assert [words.split()[0] for words in server.webhooks()[-1]["answers"]] == ["500", "404", "200"]


def test_the_documented_pauses() -> None:
    minute, hour, day = 60, 3600, 86400
    assert (minute, hour, day, day, day, day) == PAUSES, "the first attempt is at once"


def test_cloudcontactai_tells_by_put_where_the_account_chose_it(
    server: Running, call: Caller, receiver: Receiver
) -> None:
    server.set_webhooks(ccai_method="PUT")
    call.ccai(OWN)
    call.slicktext("PUT", f"{CONTACTS}/7778", json={"city": "Reno"})
    receiver.bodies(2)
    assert sorted(receiver.methods) == ["POST", "PUT"]


def test_a_repeated_stop_may_be_told_once_only(
    server: Running, call: Caller, receiver: Receiver
) -> None:
    call.ccai(OWN)
    call.ccai(OWN)
    receiver.bodies(2)
    server.set_switches(ccai_repeat_events=False)
    call.ccai(OWN)
    call.ccai(OWN | {"doNotText": False})
    call.ccai(OWN)
    assert len(receiver.bodies(3)) == 3


def test_events_come_doubled_and_out_of_order_on_demand(
    server: Running, call: Caller, receiver: Receiver
) -> None:
    call.slicktext("PUT", f"{CONTACTS}/7778", json={"city": "Reno"})
    receiver.bodies(1)
    call.ccai(OWN)
    first, second = receiver.bodies(2)
    call.control("POST", "webhooks/again", json={"count": 2})
    assert sorted(receiver.bodies(4)[2:], key=str) == sorted([second, first], key=str)
    assert [each["body"] for each in server.webhooks()] == [first, second, second, first]
    assert call.control("POST", "webhooks/again", json={"count": "x"}).status_code == 400


def test_events_come_late_on_demand(server: Running, call: Caller, receiver: Receiver) -> None:
    server.set_webhooks(delay=0.5)
    began = time.monotonic()
    call.ccai(OWN)
    assert receiver.bodies(1)
    assert time.monotonic() - began >= 0.5


def test_a_stop_by_text_is_told_with_its_own_time(server: Running, receiver: Receiver) -> None:
    for vendor in ("slicktext", "cloudcontactai"):
        server.texts(vendor, NUMBER, "STOP", at="2026-11-01 14:05:00")
    bodies = receiver.bodies(4)
    (told,) = (body for body in bodies if body.get("eventType") == "contact.unsubscribed")
    assert told["data"]["UnsubscribedAt"] == "2026-11-01T14:05:00.000Z"
    held = server.truth(NUMBER)["slicktext"]
    assert held["last_opt_in_status_change"] == "2026-11-01 14:05:00"


def test_not_for_ever(call: Caller, receiver: Receiver) -> None:
    receiver.answers = [500] * 9
    call.ccai(OWN)
    receiver.bodies(3)
    time.sleep(0.2)
    assert len(receiver.told) == 3, "the first one and two pauses"


def test_a_receiver_that_is_not_there(server: Running, call: Caller) -> None:
    server.set_webhooks(slicktext_url="http://127.0.0.1:9/", pauses=[])
    assert call.slicktext("PUT", f"{CONTACTS}/7778", json={"city": "Reno"}).status_code == 200
    until(lambda: bool(server.webhooks()[-1]["answers"]))
    assert server.webhooks()[-1]["answers"][0].startswith("no answer")
    server.set_webhooks(slicktext_url="")


@pytest.mark.parametrize(
    ("vendor", "slicktext", "ccai"),
    [("slicktext", "unsubscribed", False), ("cloudcontactai", "subscribed", True)],
)
def test_a_person_texts_stop_to_one_vendor(
    vendor: str, slicktext: str, ccai: bool, server: Running, call: Caller, receiver: Receiver
) -> None:
    call.ccai(OWN | {"doNotText": False})
    call.control("POST", "texts", json={"vendor": vendor, "number": "(615) 555-3338"})
    truth = server.truth(NUMBER)
    assert truth["slicktext"]["opt_in_status"] == slicktext
    assert truth["cloudcontactai"]["do_not_text"] is ccai
    told = {
        "slicktext": ["contact_updated", "inbox_message_received"],
        "cloudcontactai": ["contact.unsubscribed", "message.incoming"],
    }
    assert receiver.events(2) == told[vendor]


def test_a_person_texts_start(server: Running, receiver: Receiver) -> None:
    for vendor in ("slicktext", "cloudcontactai"):
        server.texts(vendor, NUMBER, "STOP")
        server.texts(vendor, NUMBER, "START")
    assert server.truth(NUMBER)["slicktext"]["opt_in_status"] == "subscribed"
    assert server.truth(NUMBER)["cloudcontactai"]["do_not_text"] is False
    events = receiver.events(7)
    assert events.count("contact.unsubscribed") == 1
    assert events.count("message.incoming") == 2, "CloudContactAI has no other event for a START"
    assert events.count("contact_updated") == events.count("inbox_message_received") == 2


def test_addresses_over_http_and_by_a_form(call: Caller, receiver: Receiver) -> None:
    call.control("PUT", "webhooks", json={"slicktext_url": f"{receiver.url}/a", "pauses": [1]})
    held = call.control("GET", "webhooks").json()
    assert (held["slicktext_url"], held["pauses"]) == (f"{receiver.url}/a", [1])
    assert call.control("POST", "webhooks", data={"ccai_secret": "other"}).status_code == 303
    assert call.control("GET", "webhooks").json()["ccai_secret"] == "other"
    call.control("POST", "reset")
    assert call.control("GET", "webhooks").json()["ccai_secret"] == "other"


def test_the_page_shows_what_was_sent(call: Caller, receiver: Receiver) -> None:
    form = {"vendor": "slicktext", "number": NUMBER, "word": "STOP"}
    assert call.control("POST", "texts", data=form).status_code == 303
    receiver.bodies(1)
    page = call.control("GET", "").text
    assert "contact_updated" in page
    assert "A person texts" in page
