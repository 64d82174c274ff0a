"""Texts in practice: what a person or a vendor sends, what it changes, and what the vendor tells about it."""

from typing import Any

import pytest

from sandbox.server import Running
from tests.people import until
from tests.sandbox.conftest import CONTACTS, Caller
from tests.sandbox.receiving import Receiver
from tests.sandbox.test_control import assert_labelled, page_of

NUMBER = "+16155553338"
STRANGER = "+12125550199"
SLICKTEXT, CCAI = "slicktext", "cloudcontactai"
ASKS = "please stop texting me"
# Of every event; some have more.
FLAT = {
    "SmsSid", "MessageStatus", "To", "Message", "CustomData", "ClientExternalId", "CampaignId",
    "CampaignTitle",
}  # fmt: skip


def data_of(receiver: Receiver, event: str) -> dict[str, Any]:
    """The data of the one event of this name."""

    def found() -> list[dict[str, Any]]:
        return [body for _, _, body in receiver.told if body.get("eventType") == event]

    until(lambda: bool(found()))
    (body,) = found()
    assert set(body) == {"eventType", "data", "eventHash"}
    data: dict[str, Any] = body["data"]
    return data


def status(server: Running) -> str:
    held: str = server.truth(NUMBER)["slicktext"]["opt_in_status"]
    return held


def stopped(server: Running, number: str = NUMBER) -> bool:
    entry = server.truth(number)["cloudcontactai"]
    return bool(entry and entry["do_not_text"])


def test_any_words_to_slicktext_are_stored_and_told(server: Running, receiver: Receiver) -> None:
    server.texts(SLICKTEXT, NUMBER, ASKS)
    (body,) = receiver.bodies(1)
    assert body["name"] == "inbox_message_received"
    data = body["data"]
    assert (data["from"], data["body"], data["direction"]) == (NUMBER, ASKS, "incoming")
    assert data["contact"] == {"contact_id": 7778}
    assert status(server) == "subscribed", "its keywords do not know these words"
    assert [each.body for each in server.messages(NUMBER, SLICKTEXT)] == [ASKS]


def test_any_words_to_cloudcontactai_are_told_flat(server: Running, receiver: Receiver) -> None:
    server.texts(CCAI, NUMBER, ASKS)
    data = data_of(receiver, "message.incoming")
    assert set(data) == FLAT | {"From"}, "no time is documented"
    assert (data["From"], data["Message"], data["MessageStatus"]) == (NUMBER, ASKS, "RECEIVED")
    assert not stopped(server)
    assert len(receiver.told) == 1


def test_the_incoming_event_may_have_its_other_name(server: Running, receiver: Receiver) -> None:
    server.set_switches(ccai_incoming_name="message.received", ccai_message_times=True)
    server.texts(CCAI, NUMBER, ASKS)
    assert data_of(receiver, "message.received")["CreatedAt"].endswith("Z")


@pytest.mark.parametrize("word", ["Stop ", "STOPALL", "unsubscribe", "Cancel", "END", "quit"])
def test_stop_words_stop_in_any_case(server: Running, receiver: Receiver, word: str) -> None:
    for vendor in (SLICKTEXT, CCAI):
        server.texts(vendor, NUMBER, word)
    assert (status(server), stopped(server)) == ("unsubscribed", True)
    told = ["contact.unsubscribed", "contact_updated", "inbox_message_received", "message.incoming"]
    assert receiver.events(4) == told
    assert data_of(receiver, "message.incoming")["Message"] == word


def test_a_stop_at_slicktext_may_be_told_by_no_hook(server: Running, receiver: Receiver) -> None:
    server.set_switches(stop_hooks=False, inbox_hooks=False)
    server.texts(SLICKTEXT, NUMBER, "STOP")
    server.texts(SLICKTEXT, NUMBER, "START")
    assert receiver.events(1) == ["contact_updated"]
    assert receiver.told[0][2]["data"]["opt_in_status"] == "subscribed"


def test_slicktext_may_confirm_a_stop_by_a_text(server: Running) -> None:
    server.set_switches(stop_confirmation=True)
    server.texts(SLICKTEXT, NUMBER, "STOP")
    confirmation, stop = server.messages(NUMBER)
    assert (stop.incoming, confirmation.incoming, confirmation.source) == (True, False, "Keyword")


def test_yes_counts_only_where_it_is_waited_for(server: Running, call: Caller) -> None:
    server.texts(SLICKTEXT, NUMBER, "STOP")
    server.texts(SLICKTEXT, NUMBER, "yes")
    assert status(server) == "unsubscribed"
    call.slicktext("POST", json={"mobile_number": STRANGER, "force_double_opt_in": "true"})
    server.texts(SLICKTEXT, STRANGER, "Yes")
    assert server.truth(STRANGER)["slicktext"]["opt_in_status"] == "subscribed"


def test_a_stranger_may_text_any_words(server: Running, call: Caller, receiver: Receiver) -> None:
    values = {"vendor": SLICKTEXT, "number": STRANGER, "word": "who is this?"}
    message = call.control("POST", "texts", json=values).json()["message"]
    assert (message["from"], message["contact_id"]) == (STRANGER, None)
    assert receiver.bodies(1)[0]["data"]["contact"] is None
    assert server.truth(STRANGER)["slicktext"] is None


def test_cloudcontactai_reports_a_text_that_it_sent(server: Running, receiver: Receiver) -> None:
    assert server.sends(CCAI, NUMBER, body="x" * 161)["outcome"] == "message.sent"
    data = data_of(receiver, "message.sent")
    assert set(data) == FLAT | {"Segments", "TotalPrice"}
    assert (data["To"], data["MessageStatus"], data["CampaignTitle"]) == (
        NUMBER, "DELIVERED", "Fall sale",
    )  # fmt: skip
    assert (int(data["CampaignId"]), int(data["Segments"])) == (6001, 2)


def test_numbers_come_as_text_and_as_numbers(server: Running, receiver: Receiver) -> None:
    for kind in ("vary", "vary", "number", "text"):
        server.set_switches(ccai_numbers=kind)
        server.sends(CCAI, NUMBER)
    kinds = [
        {type(body["data"][name]) for name in ("SmsSid", "CampaignId", "Segments")}
        for body in receiver.bodies(4)
    ]
    assert sorted(kinds, key=str) == [{int}, {int}, {str}, {str}]


def test_a_stopped_person_is_excluded(server: Running, receiver: Receiver) -> None:
    server.sandbox.cloudcontactai.mark(NUMBER, True)
    assert server.sends(CCAI, NUMBER)["outcome"] == "message.excluded"
    data = data_of(receiver, "message.excluded")
    assert set(data) == FLAT | {"ExcludedReason"}
    assert data["ExcludedReason"] == "Contact has opted out"


@pytest.mark.parametrize(
    ("code", "event", "words"),
    [
        ("2001", "message.error.cloudcontact", "User asked to not text them (OptOut error)"),
        ("21610", "message.error.carrier", "Attempt to send to unsubscribed recipient"),
        ("30006", "message.error.carrier", "Landline or unreachable carrier"),
    ],
)
def test_errors_carry_a_code_in_words(
    server: Running, receiver: Receiver, code: str, event: str, words: str
) -> None:
    assert server.sends(CCAI, NUMBER, outcome=code)["outcome"] == event
    data = data_of(receiver, event)
    assert set(data) == FLAT | {"ErrorCode", "ErrorMessage", "ErrorType"}
    assert (str(data["ErrorCode"]), data["ErrorMessage"]) == (code, words)
    assert data["ErrorType"] == event.rpartition(".")[2]


@pytest.mark.parametrize(
    ("choice", "event"),
    [
        ("2001", "message.error.cloudcontact"),
        ("21610", "message.error.carrier"),
        ("sent", "message.sent"),
    ],
)
def test_what_becomes_of_a_text_to_a_stopped_number_is_a_switch(
    server: Running, receiver: Receiver, choice: str, event: str
) -> None:
    server.sandbox.cloudcontactai.mark(NUMBER, True)
    server.set_switches(ccai_stopped_text=choice)
    server.sends(CCAI, NUMBER)
    assert receiver.events(1) == [event]


def test_slicktext_texts_only_people_it_may(server: Running) -> None:
    server.texts(SLICKTEXT, NUMBER, "STOP")
    assert server.sends(SLICKTEXT, NUMBER) == {"outcome": "refused", "message": None}
    assert server.sends(SLICKTEXT, NUMBER, source="InboxThread")["outcome"] == "sent"
    assert server.sends(SLICKTEXT, NUMBER, outcome="sent")["message"]["status"] == "delivered"
    assert server.sends(SLICKTEXT, NUMBER, outcome="undelivered")["outcome"] == "undelivered"
    assert [each.status for each in server.messages(NUMBER)] == [
        "undelivered", "delivered", "delivered", "received",
    ]  # fmt: skip


def test_texts_are_listed_for_a_program(call: Caller) -> None:
    call.control("POST", "messages", json={"vendor": CCAI, "number": NUMBER, "body": "a"})
    call.control("POST", "messages", json={"vendor": SLICKTEXT, "number": NUMBER, "body": "b"})
    listed = call.control("GET", "messages", params={"number": NUMBER, "limit": 1}).json()["data"]
    assert [(each["vendor"], each["body"]) for each in listed] == [(SLICKTEXT, "b")]
    listed = call.control("GET", "messages", params={"vendor": CCAI}).json()["data"]
    assert [each["to"] for each in listed] == [NUMBER]


def test_a_lift_inside_cloudcontactai_is_told_to_no_one(
    call: Caller, server: Running, receiver: Receiver
) -> None:
    press = {"number": NUMBER, "do_not_text": True}
    assert call.control("POST", "register", json=press).status_code == 200
    assert stopped(server)
    call.control("POST", "register", json=press | {"do_not_text": False})
    assert not stopped(server)
    assert receiver.events(1) == ["contact.unsubscribed"]
    assert call.control("POST", "register", json={"number": NUMBER}).status_code == 400


def test_a_reassigned_number_and_a_landline_get_an_error(
    call: Caller, server: Running, receiver: Receiver
) -> None:
    facts = {"number": NUMBER, "reassigned_at": "now", "phone_type": "VOIP"}
    known = call.control("POST", "phones", json=facts).json()
    assert known["phone_type"] == "VOIP"
    assert known["reassigned_at"] <= known["looked_up_at"]
    server.sends(CCAI, NUMBER)
    assert "reassigned" in data_of(receiver, "message.error.cloudcontact")["ErrorMessage"]
    receiver.told.clear()
    server.phone(NUMBER, reassigned_at="", phone_type="LANDLINE")
    server.sends(CCAI, NUMBER)
    assert data_of(receiver, "message.error.cloudcontact")["ErrorMessage"] == "Landline"
    for wrong in ({"phone_type": "FAX"}, {"reassigned_at": "soon"}, {"colour": "red"}):
        assert call.control("POST", "phones", json={"number": NUMBER} | wrong).status_code == 400
    assert call.control("GET", "phones", params={"number": NUMBER}).json()["reassigned_at"] is None


def test_a_trainer_does_all_of_it_on_the_page(call: Caller, receiver: Receiver) -> None:
    page = call.control("GET", "").text
    for words in (ASKS, NUMBER, "A vendor texts a person", "Lift a stop", "reassigned now"):
        assert words in page
    forms = {
        "texts": {"vendor": CCAI, "number": NUMBER, "word": ASKS},
        "messages": {"vendor": CCAI, "number": NUMBER, "body": "<b>", "source": "Campaign"},
        "register": {"number": NUMBER, "do_not_text": "false"},
        "phones": {"number": NUMBER, "reassigned_at": "now", "phone_type": "MOBILE"},
        "webhooks": {"ccai_method": "PUT"},
    }
    for path, form in forms.items():
        reply = call.control("POST", path, data=form | ({"outcome": ""} if "body" in form else {}))
        assert (reply.status_code, reply.headers["Location"]) == (303, "/_sandbox/"), path
    receiver.events(2)
    page = call.control("GET", "").text
    assert "message.incoming" in page
    assert "Latest texts" in page
    found = page_of(call.control("GET", ""))
    assert not found.all("b")
    assert_labelled(found)


def test_texts_change_only_what_they_say(server: Running, call: Caller) -> None:
    """A sent text is no write to a contact: histories stay as they were."""
    server.sends(SLICKTEXT, NUMBER)
    server.texts(CCAI, NUMBER, ASKS)
    assert server.truth(NUMBER)["history"] == []
    assert call.slicktext("GET", f"{CONTACTS}/7778").json()["last_updated"].startswith("2015")
