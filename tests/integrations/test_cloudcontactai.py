import json
from typing import Any

import pytest
import requests
import responses

from contacts_ui.integrations import cloudcontactai, errors
from contacts_ui.integrations.http import Connection

from .people import CLIENT, DO_NOT_TEXT, KEY, NUMBER, ONCE, OTHER_NUMBER, THRICE, FakeBudget


def confirmed(**changes: Any) -> dict[str, Any]:
    return {"contactId": "c-1", "phone": NUMBER, "doNotText": True, **changes}


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        ("https://core.cloudcontactai.com", "https://core.cloudcontactai.com/api"),
        ("https://core.cloudcontactai.com/api", "https://core.cloudcontactai.com/api"),
    ],
)
def test_connect(url: str, base_url: str) -> None:
    assert cloudcontactai.connect(url, KEY, CLIENT, FakeBudget()).base_url == base_url


@pytest.mark.parametrize("do_not_text", [True, False])
def test_it_works_by_phone(
    do_not_text: bool, ccai: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(DO_NOT_TEXT, json=confirmed(doNotText=do_not_text))
    answer = cloudcontactai.set_do_not_text(ccai, do_not_text=do_not_text, phone=NUMBER)
    assert (answer.contact_id, answer.phone, answer.do_not_text) == ("c-1", NUMBER, do_not_text)
    request = mocked.calls[0].request
    assert json.loads(request.body or "") == {
        "clientId": CLIENT,
        "phone": NUMBER,
        "doNotText": do_not_text,
    }
    assert request.headers["Accept"] == "*/*"
    assert request.headers["Content-Type"] == "application/json"


def test_it_works_by_contact_id(ccai: Connection, mocked: responses.RequestsMock) -> None:
    mocked.put(DO_NOT_TEXT, json=confirmed(phone=None))
    cloudcontactai.set_do_not_text(ccai, do_not_text=True, contact_id="c-1")
    assert json.loads(mocked.calls[0].request.body or "") == {
        "clientId": CLIENT,
        "contactId": "c-1",
        "doNotText": True,
    }


@pytest.mark.parametrize("who", [{}, {"phone": NUMBER, "contact_id": "c-1"}])
def test_one_person_is_named_in_one_way(who: dict[str, str], ccai: Connection) -> None:
    with pytest.raises(ValueError, match="either phone or contact_id"):
        cloudcontactai.set_do_not_text(ccai, do_not_text=True, **who)


@pytest.mark.parametrize(
    "reply",
    [
        confirmed(doNotText="true"),
        confirmed(doNotText=1),
        confirmed(phone="16155553338"),
        confirmed(phone="(615) 555-3338"),
        confirmed(phone=16155553338),
        confirmed(phone=None, contactId=5),
        confirmed(phone="***3338"),
        {"doNotText": True},
        {"data": confirmed()},
        [confirmed()],
    ],
)
def test_untidy_confirmations_count(
    reply: Any, ccai: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(DO_NOT_TEXT, json=reply, status=201)
    assert cloudcontactai.set_do_not_text(ccai, do_not_text=True, phone=NUMBER).do_not_text is True


@pytest.mark.parametrize(
    "reply",
    [
        {"json": confirmed(doNotText=False)},
        {"json": confirmed(doNotText="false")},
        {"json": confirmed(doNotText=None)},
        {"json": confirmed(doNotText="yes, later")},
        {"json": confirmed(phone=OTHER_NUMBER)},
        {"json": {}},
        {"json": {"error": "contact is busy"}},
        {"json": None},
        {"json": "ok"},
        {"body": "", "status": 204},
        {"body": "<html>"},
        {"status": 302},
        {"status": 500},
        {"body": requests.ReadTimeout()},
    ],
)
def test_anything_else_is_unknown_never_done(
    reply: dict[str, Any], ccai: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(DO_NOT_TEXT, **reply)
    with pytest.raises(errors.VendorError) as raised:
        cloudcontactai.set_do_not_text(ccai, do_not_text=True, phone=NUMBER, policy=ONCE)
    assert raised.value.outcome_unknown is True
    assert raised.value.retryable is True
    assert raised.value.vendor == "cloudcontactai"


def test_a_confirmation_for_another_contact_is_unknown(
    ccai: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(DO_NOT_TEXT, json=confirmed(contactId="c-2"))
    with pytest.raises(errors.Unreadable):
        cloudcontactai.set_do_not_text(ccai, do_not_text=True, contact_id="c-1")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, errors.BadCredentials),
        (403, errors.BadCredentials),
        (404, errors.NotFound),
        (429, errors.RateLimited),
    ],
)
def test_a_refusal_is_known_not_to_be_done(
    status: int,
    expected: type[errors.VendorError],
    ccai: Connection,
    mocked: responses.RequestsMock,
) -> None:
    mocked.put(DO_NOT_TEXT, status=status, json={"error": "no"})
    with pytest.raises(expected) as raised:
        cloudcontactai.set_do_not_text(ccai, do_not_text=True, phone=NUMBER)
    assert raised.value.outcome_unknown is False
    assert raised.value.words == "no"


def test_an_opt_out_is_repeated_but_an_opt_in_is_not(
    ccai: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(DO_NOT_TEXT, status=503)
    for do_not_text in (True, False):
        with pytest.raises(errors.ServerError):
            cloudcontactai.set_do_not_text(
                ccai, do_not_text=do_not_text, phone=NUMBER, policy=THRICE
            )
    desired_states = [json.loads(call.request.body or "")["doNotText"] for call in mocked.calls]
    assert desired_states == [True, True, True, False]


def test_retry_after_of_an_opt_out_is_told(
    ccai: Connection, mocked: responses.RequestsMock, budget: FakeBudget
) -> None:
    mocked.put(DO_NOT_TEXT, status=429, headers={"Retry-After": "7"})
    with pytest.raises(errors.RateLimited) as raised:
        cloudcontactai.set_do_not_text(ccai, do_not_text=True, phone=NUMBER)
    assert raised.value.retry_after == 7
    assert budget.pauses == [("cloudcontactai", 7)]
