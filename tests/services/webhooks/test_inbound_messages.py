"""What a person wrote is never lost to another event, or to a shape that we do not know (rule 11)."""

from typing import Any

import pytest

from contacts_ui.models import IncomingMessage, SentText, Statement, WebhookEvent
from contacts_ui.services.webhooks.slicktext import UNREADABLE
from tests.hooks import hint, tell_ccai, tell_slicktext, work
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, Vendors

pytestmark = pytest.mark.django_db


def message(data: object) -> dict[str, Any]:
    return {**hint(name="inbox_message_received"), "data": data}


def test_a_message_is_never_told_together_with_a_hint_about_the_same_contact(
    vendors: Vendors,
) -> None:
    """Worked on second, and the contact was read for the first after it came."""
    tell_slicktext(hint(city="Hill Valley"))
    tell_slicktext(message({"contact_id": MARTY, "body": "please leave me alone"}))
    work()
    assert IncomingMessage.objects.get().words == "please leave me alone"


@pytest.mark.parametrize("words", ["STOP", "please leave me alone"])
@pytest.mark.parametrize("shape", ["list", "last_message", "messages", "text", "message_body"])
def test_a_message_in_an_unknown_shape_is_left_to_people(
    shape: str, words: str, vendors: Vendors
) -> None:
    shapes: dict[str, object] = {
        "list": [{"from": MARTY_NUMBER, "body": words}],
        "last_message": {"contact_id": MARTY, "last_message": {"body": words}},
        "messages": {"contact_id": MARTY, "messages": [{"body": words, "from": MARTY_NUMBER}]},
        "text": {"contact_id": MARTY, "body": {"text": words}},
        "message_body": {"contact_id": MARTY, "message_body": words},
    }
    tell_slicktext(message(shapes[shape]))
    assert work() == [UNREADABLE]
    assert WebhookEvent.objects.get().needs_decision


@pytest.mark.parametrize("data", [{"contact_id": MARTY, "body": ""}, {"body": None}, {}, None])
def test_a_message_without_words_needs_no_decision(data: object, vendors: Vendors) -> None:
    tell_slicktext(message(data))
    work()
    assert not WebhookEvent.objects.filter(needs_decision=True).exists()


def ccai(kind: str, event_hash: str, data: object) -> dict[str, Any]:
    return {"eventType": kind, "eventHash": event_hash, "data": data}


@pytest.mark.parametrize("words", ["STOP", "please leave me alone"])
@pytest.mark.parametrize("shape", ["list", "content", "nested"])
def test_an_event_with_a_message_in_an_unknown_shape_is_left_to_people(
    shape: str, words: str, vendors: Vendors
) -> None:
    shapes: dict[str, object] = {
        "list": [{"From": MARTY_NUMBER, "Message": words}],
        "content": {"From": MARTY_NUMBER, "Content": words},
        "nested": {"From": MARTY_NUMBER, "Message": {"text": words}},
    }
    tell_ccai(ccai("message.incoming", "m1", shapes[shape]))
    assert work() == [UNREADABLE]
    assert WebhookEvent.objects.get().needs_decision


@pytest.mark.parametrize("same", [77, "null"])
def test_one_id_for_two_people_hides_neither_message(same: object, vendors: Vendors) -> None:
    for number in (MARTY_NUMBER, DOC_NUMBER):
        data = {"SmsSid": same, "From": number, "Message": "leave me alone"}
        tell_ccai(ccai("message.incoming", f"m{number}", data))
        data = {"SmsSid": same, "To": number, "Message": "Sale"}
        tell_ccai(ccai("message.sent", f"s{number}", data))
    work()
    assert IncomingMessage.objects.count() == SentText.objects.count() == 2


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("message.error.cloudcontact", {"ErrorCode": "9", "ErrorMessage": "User asked to not text them"}),
        ("message.excluded", {"ExcludedReason": "Person asked not to be texted"}),
    ],
)  # fmt: skip
def test_what_says_that_a_person_asked_is_a_stop_in_other_words(
    kind: str, data: dict[str, Any], vendors: Vendors
) -> None:
    tell_ccai(ccai(kind, "w1", {"SmsSid": 0, "To": MARTY_NUMBER, "Message": "Sale", **data}))
    work()
    assert Statement.objects.filter(number=MARTY_NUMBER).exists()
