"""CloudContactAI's reads: nested, with national digits and epoch milliseconds; off unless switched on."""

import time
from typing import Any

import pytest
import requests

from sandbox.server import Running
from tests.sandbox.conftest import CCAI, Caller

NUMBER = "+16155553338"
OTHER = "+15551234567"
PATHS = ["contacts", "contacts/withPhone", "messages/incoming"]


@pytest.fixture
def readable(server: Running) -> Running:
    server.set_switches(ccai_readable=True)
    return server


def read(server: Running, path: str, **query: object) -> requests.Response:
    url = f"{server.ccai_url}/v2/{path}"
    return requests.get(url, params=query, headers=CCAI, timeout=60)  # type: ignore[arg-type]


def contact(server: Running, number: str = NUMBER) -> dict[str, Any]:
    (found,) = read(server, "contacts", filter=number).json()["content"]
    return dict(found)


@pytest.mark.parametrize("path", PATHS)
def test_reads_are_off_unless_switched_on(server: Running, path: str) -> None:
    assert read(server, path).status_code == 404
    server.set_switches(ccai_readable=True)
    assert read(server, path).status_code == 200
    assert requests.get(f"{server.ccai_url}/v2/{path}", timeout=60).status_code == 401
    assert (
        requests.post(f"{server.ccai_url}/v2/{path}", headers=CCAI, timeout=60).status_code == 405
    )


def test_a_contact_is_nested(readable: Running) -> None:
    readable.mark_at_ccai(NUMBER)
    readable.phone(NUMBER, reassigned_at="2026-11-01 00:00:00", carrier_name="T-Test")
    person = contact(readable)
    assert (person["phone"], person["clientId"]) == ("6155553338", "sandbox-client")
    info = person["phoneInfo"]
    assert (info["phoneNumber"], info["phoneType"]) == ("6155553338", "MOBILE")
    assert info["carrierName"] == "T-Test"
    assert info["phoneManuallyUnsubscribed"] is True
    assert abs(info["phoneUnsubscribedSince"] - time.time() * 1000) < 60_000
    assert info["reassignedAtTimestamp"] == 1793491200000
    assert info["lastReassignLookupTimestamp"] > info["reassignedAtTimestamp"]


def test_a_stop_by_text_is_no_manual_mark(readable: Running, call: Caller) -> None:
    readable.texts("cloudcontactai", NUMBER, "STOP")
    info = contact(readable)["phoneInfo"]
    assert info["phoneManuallyUnsubscribed"] is False
    assert info["phoneUnsubscribedSince"]
    call.ccai({"clientId": "sandbox-client", "phone": NUMBER, "doNotText": True})
    assert contact(readable)["phoneInfo"]["phoneManuallyUnsubscribed"] is True
    readable.lift_at_ccai(NUMBER)
    info = contact(readable)["phoneInfo"]
    assert (info["phoneUnsubscribedSince"], info["phoneManuallyUnsubscribed"]) == (None, False)


def test_the_schema_has_it_flat(readable: Running) -> None:
    readable.set_switches(ccai_read_shape="flat")
    readable.mark_at_ccai(NUMBER)
    person = contact(readable)
    assert "phoneInfo" not in person
    assert person["phoneManuallyUnsubscribed"] is True
    assert person["phoneUnsubscribedSince"].endswith("Z")


def test_everyone_is_listed_once_in_pages(readable: Running, call: Caller) -> None:
    call.ccai({"clientId": "sandbox-client", "phone": OTHER, "doNotText": True})
    seen: list[str] = []
    for number in range(10):
        page = read(readable, "contacts", pageNumber=number, pageSize=100).json()
        seen += [each["phone"] for each in page["content"]]
        if page["last"]:
            break
    assert len(seen) == len(set(seen)) == page["totalElements"] == 301
    assert (page["number"], page["totalPages"]) == (3, 4)
    everyone = read(readable, "contacts/withPhone").json()
    assert sorted(each["phone"] for each in everyone) == sorted(seen)


@pytest.mark.parametrize("wanted", [NUMBER, "16155553338", "(615) 555-3338", "615555333"])
def test_a_number_is_found_by_the_filter(readable: Running, wanted: str) -> None:
    found = read(readable, "contacts/withPhone", filter=wanted).json()
    assert "6155553338" in [each["phone"] for each in found]
    assert len(found) < 20


def test_a_filter_that_matches_no_one(readable: Running) -> None:
    assert read(readable, "contacts/withPhone", filter="+12125550000").json() == []
    assert read(readable, "contacts", filter="zebra").json()["totalElements"] == 0


def test_by_id_also_those_who_are_not_in_the_register(readable: Running) -> None:
    everyone = read(readable, "contacts/withPhone").json()
    register = {e["contact_id"] for e in register_of(readable)}
    outside = next(each for each in everyone if each["id"] not in register)
    assert read(readable, f"contacts/{outside['id']}").json() == outside
    assert read(readable, "contacts/000000000000000000000000").status_code == 404


def register_of(server: Running) -> list[dict[str, Any]]:
    with server.sandbox.store.reading() as db:
        return [dict(row) for row in db.execute("SELECT contact_id FROM register")]


def test_the_texts_of_a_contact(readable: Running) -> None:
    readable.sends("cloudcontactai", NUMBER, body="hello")
    readable.texts("cloudcontactai", NUMBER, "please stop texting me")
    readable.texts("slicktext", NUMBER, "to the other vendor")
    readable.sends("cloudcontactai", NUMBER, outcome="excluded")
    path = f"messages/contact/{contact(readable)['id']}"
    asked, hello = read(readable, path).json()
    assert (hello["sender"], hello["to_phone"], hello["campaign_title"]) == (
        True, NUMBER, "Fall sale",
    )  # fmt: skip
    assert (asked["sender"], asked["sender_phone"]) == (False, NUMBER)
    assert asked["created_at"].endswith("Z")
    assert read(readable, "messages/contact/nobody").status_code == 404


def test_incoming_texts_in_pages(readable: Running) -> None:
    for words in ("one", "two", "three"):
        readable.texts("cloudcontactai", NUMBER, words)
    page = read(readable, "messages/incoming", pageSize=2).json()
    assert [each["message"] for each in page["content"]] == ["three", "two"]
    assert (page["totalElements"], page["last"]) == (3, False)
    first = page["content"][0]
    assert (first["fromPhone"], first["contact"]["phone"]) == (NUMBER, "6155553338")
    assert "id" not in first, "the documented message has none, and no time"
