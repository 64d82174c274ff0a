from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from hypothesis import given, settings
from responses import matchers

from contacts_ui.integrations import cloudcontactai, errors
from contacts_ui.integrations.cloudcontactai_parsing import (
    parse_found,
    parse_registered,
    parse_registered_page,
)
from contacts_ui.integrations.coerce import BadShape
from contacts_ui.integrations.http import Connection
from contacts_ui.integrations.types import RegisteredContact

from .people import NUMBER, ONCE, OTHER_NUMBER
from .test_parsing import JSON

LIST = "http://ccai.test/api/v2/contacts"
FIND = f"{LIST}/withPhone"
SINCE = datetime(2026, 11, 28, 20, tzinfo=UTC)
EPOCH_MS = 1795896000000


def shown(**info: Any) -> dict[str, Any]:
    """Marty as the worked example nests him: national digits, epoch milliseconds."""
    return {
        "id": 501,
        "firstName": "Marty",
        "phoneInfo": {
            "phone": "6155553338",
            "phoneManuallyUnsubscribed": False,
            "phoneUnsubscribedSince": EPOCH_MS,
            "phoneType": "MOBILE",
            "carrierName": "Verizon",
            "lastReassignLookupTimestamp": EPOCH_MS,
            "reassignedAtTimestamp": None,
            **info,
        },
    }


MARTY = RegisteredContact("501", NUMBER, True, SINCE, "MOBILE", "Verizon", None)


def test_a_contact_nested_as_in_the_worked_example_and_flat() -> None:
    assert parse_registered(shown()) == MARTY
    flat = shown()
    info = flat.pop("phoneInfo")
    assert parse_registered(flat | info) == MARTY


@pytest.mark.parametrize("key", ["phone", "phoneNumber", "number"])
@pytest.mark.parametrize("number", ["6155553338", 6155553338, "+16155553338", "(615) 555-3338"])
def test_a_number_in_every_spelling(key: str, number: Any) -> None:
    raw = {"contactId": "c-1", "phoneInfo": {key: number}}
    assert parse_registered(raw).number == NUMBER


@pytest.mark.parametrize(
    ("flags", "stopped"),
    [
        ({"phoneManuallyUnsubscribed": True, "phoneUnsubscribedSince": None}, True),
        ({"phoneManuallyUnsubscribed": "true"}, True),
        ({"phoneManuallyUnsubscribed": False, "phoneUnsubscribedSince": EPOCH_MS}, True),
        ({"phoneUnsubscribedSince": "2026-11-28T20:00:00Z"}, True),
        ({"phoneUnsubscribedSince": "long ago"}, True),
        ({"phoneManuallyUnsubscribed": False, "phoneUnsubscribedSince": None}, False),
        ({"phoneManuallyUnsubscribed": None}, False),
        ({"phoneUnsubscribedSince": None}, False),
        ({"phoneUnsubscribedSince": 0}, False),
        ({"phoneManuallyUnsubscribed": "perhaps", "phoneUnsubscribedSince": None}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("nested", [True, False])
def test_stopped_is_unknown_where_the_flags_are_absent(
    flags: dict[str, Any], stopped: bool | None, nested: bool
) -> None:
    facts = {"phone": "6155553338", **flags}
    raw = {"id": 501, "phoneInfo": facts} if nested else {"id": 501, **facts}
    assert parse_registered(raw).stopped is stopped


def test_a_flat_stop_is_seen_beside_a_nested_no() -> None:
    raw = {**shown(phoneUnsubscribedSince=None), "phoneManuallyUnsubscribed": True}
    assert parse_registered(raw).stopped is True


@pytest.mark.parametrize("value", [EPOCH_MS, str(EPOCH_MS), "2026-11-28T20:00:00Z"])
def test_a_reassignment_has_its_time(value: Any) -> None:
    assert parse_registered(shown(reassignedAtTimestamp=value)).reassigned_at == SINCE


@pytest.mark.parametrize("value", [None, 0, "null", "soon", True, {}, -5])
def test_no_reassignment_where_there_is_no_time(value: Any) -> None:
    assert parse_registered(shown(reassignedAtTimestamp=value)).reassigned_at is None


@pytest.mark.parametrize(
    ("raw", "has_more"),
    [
        ([shown()], True),
        ([], False),
        ({"content": [shown()], "last": False, "totalPages": 9}, True),
        ({"content": [shown()], "last": True}, False),
        ({"content": [], "last": False}, False),
        ({"data": [shown()], "hasMore": False}, False),
        ({"data": {"content": [shown()], "last": True}}, False),
        ({"contacts": [shown()]}, True),
        ({"content": [shown()], "totalPages": 2}, False),
        ({"content": [shown()], "totalPages": 3}, True),
    ],
)
def test_where_contacts_go_on(raw: Any, has_more: bool) -> None:
    assert parse_registered_page(raw, 2).has_more is has_more


def test_a_row_that_cannot_be_read_is_left_out_and_counted() -> None:
    found = parse_registered_page([shown(), None, {"firstName": "Doc"}], 0)
    assert (found.contacts, found.received) == ((MARTY,), 3)


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_any_json_is_read_or_refused(raw: Any) -> None:
    for parse in (lambda: parse_registered_page(raw, 0), lambda: parse_found(raw)):
        try:
            parse()
        except BadShape:
            continue


def test_contacts_are_asked_for_by_page(ccai: Connection, mocked: responses.RequestsMock) -> None:
    query = {"filter": "", "pageNumber": "3", "pageSize": "20"}
    match = [matchers.query_param_matcher(query, strict_match=False)]
    mocked.get(LIST, json={"content": [shown()], "last": True}, match=match)
    found = cloudcontactai.list_contacts(ccai, page=3, size=20)
    assert (found.contacts, found.has_more) == ((MARTY,), False)
    assert "filter=" in str(mocked.calls[0].request.url)


@pytest.mark.parametrize(
    "reply",
    [shown(), [shown()], {"data": shown()}, {"content": [shown()]}, {"data": {"content": [shown()]}}],
)  # fmt: skip
def test_a_contact_is_found_by_number(
    reply: Any, ccai: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(FIND, json=reply, match=[matchers.query_param_matcher({"filter": NUMBER})])
    assert cloudcontactai.find_contact(ccai, NUMBER) == MARTY


def test_national_digits_are_tried_where_e164_finds_none(
    ccai: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(FIND, json=[], match=[matchers.query_param_matcher({"filter": NUMBER})])
    mocked.get(FIND, json=[shown()], match=[matchers.query_param_matcher({"filter": "6155553338"})])
    assert cloudcontactai.find_contact(ccai, NUMBER) == MARTY


@pytest.mark.parametrize(
    "reply",
    [
        {"json": []},
        {"json": {"content": []}},
        {"json": {"data": None}},
        {"json": {"error": "no such contact"}, "status": 404},
    ],
)
def test_none_is_said_only_where_it_is_certain(
    reply: dict[str, Any], ccai: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(FIND, **reply)
    assert cloudcontactai.find_contact(ccai, NUMBER) is None


@pytest.mark.parametrize(
    "reply",
    [
        {"body": ""},
        {"json": None},
        {"json": {}},
        {"json": {"error": "busy"}},
        {"json": [None]},
        {"json": shown(phone="6155550001")},
        {"json": [shown(phone=OTHER_NUMBER)]},
        {"body": "<html>", "content_type": "text/html", "status": 404},
        {"body": "", "content_type": "text/plain", "status": 404},
    ],
)
def test_anything_else_is_unreadable_never_gone(
    reply: dict[str, Any], ccai: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(FIND, **reply)
    with pytest.raises(errors.Unreadable):
        cloudcontactai.find_contact(ccai, NUMBER, policy=ONCE)


def test_of_several_contacts_with_the_number_a_stopped_one_counts(
    ccai: Connection, mocked: responses.RequestsMock
) -> None:
    lifted = shown(phoneUnsubscribedSince=None) | {"id": 500}
    other = shown(phone=OTHER_NUMBER) | {"id": 499}
    mocked.get(FIND, json=[other, lifted, shown()])
    assert cloudcontactai.find_contact(ccai, NUMBER) == MARTY
