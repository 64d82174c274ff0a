"""SlickText's messages, its counts of contacts, and what its brand says about opting out."""

import re
import sqlite3
from pathlib import Path

import pytest
import requests

from sandbox.schema import ADDED
from sandbox.server import Running
from sandbox.store import Store, build
from tests.sandbox.conftest import CONTACTS, Caller

NUMBER = "+16155553338"
STRANGER = "+12125550199"
MESSAGES = "/brands/26136/messages"
COUNTS = "/brands/26136/analytics/contacts?group=opt_in_status"
FIELDS = {"to", "from", "body", "direction", "source", "source_id", "status", "created", "contact"}


def bodies(reply: requests.Response) -> list[str]:
    return [each["body"] for each in reply.json()["data"]]


def three_texts(server: Running) -> None:
    server.sends("slicktext", NUMBER, body="one", at="2026-11-01 10:00:00")
    server.texts("slicktext", NUMBER, "two", at="2026-11-02T10:00:00+02:00")
    server.sends("slicktext", NUMBER, body="three", source="InboxThread", at="2026-11-03 10:00:00")
    server.sends("cloudcontactai", NUMBER, body="at the other vendor")


def test_a_message_has_the_documented_fields(server: Running, call: Caller) -> None:
    three_texts(server)
    three, two, one = call.slicktext("GET", MESSAGES).json()["data"]
    assert set(one) == FIELDS
    assert (one["to"], one["direction"], one["status"]) == (NUMBER, "outgoing", "delivered")
    assert (one["source"], one["source_id"]) == ("Campaign", "6001")
    assert (two["from"], two["direction"]) == (NUMBER, "incoming")
    assert two["created"] == "2026-11-02 08:00:00", "UTC, and no zone"
    assert three["contact"] == {"contact_id": 7778}


def test_ids_and_other_words_only_where_switched_on(server: Running, call: Caller) -> None:
    three_texts(server)
    server.set_switches(message_ids=True, message_words="inbound")
    data = call.slicktext("GET", MESSAGES).json()["data"]
    assert len({each["_id"] for each in data}) == 3
    assert re.fullmatch(r"[0-9a-f]{24}", data[0]["_id"])
    assert [each["direction"] for each in data] == ["outbound", "inbound", "outbound"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("direction=incoming", ["two"]),
        ("direction=inbound", []),
        ("source=Campaign", ["one"]),
        ("source_id=6001", ["one"]),
        ("source=campaign", []),
        ("status=delivered&direction=outgoing", ["three", "one"]),
        ("contact_id=1", ["three", "two", "one"]),
    ],
)
def test_documented_filters_match_exactly(
    server: Running, call: Caller, query: str, found: list[str]
) -> None:
    three_texts(server)
    assert bodies(call.slicktext("GET", f"{MESSAGES}?{query}")) == found


def test_paging_is_that_of_the_contacts(server: Running, call: Caller) -> None:
    three_texts(server)
    first = call.slicktext("GET", f"{MESSAGES}?limit=2")
    rest = call.slicktext("GET", f"{MESSAGES}?limit=2&offset=2")
    assert (bodies(first), bodies(rest)) == (["three", "two"], ["one"])
    paging = first.json()["pagingData"]
    assert paging.pop("hasMore") is True
    assert set(paging.values()) == {None}
    assert rest.json()["pagingData"]["hasMore"] is False
    assert call.slicktext("GET", f"{MESSAGES}?limit=x").status_code == 422


def test_the_order_is_a_switch(server: Running, call: Caller) -> None:
    for day in range(10, 30):
        server.sends("slicktext", NUMBER, body=str(day), at=f"2026-10-{day} 10:00:00")
    newest = bodies(call.slicktext("GET", MESSAGES))
    assert newest == [str(day) for day in range(29, 9, -1)]
    server.set_switches(messages_order="oldest")
    assert bodies(call.slicktext("GET", MESSAGES)) == newest[::-1]
    server.set_switches(messages_order="random")
    shuffled = bodies(call.slicktext("GET", MESSAGES))
    assert sorted(shuffled) == newest[::-1]
    assert shuffled not in (newest, newest[::-1])


def test_an_account_may_offer_neither(server: Running, call: Caller) -> None:
    assert call.slicktext("POST", MESSAGES).status_code == 405
    server.set_switches(messages_offered=False, analytics_offered=False)
    assert call.slicktext("GET", MESSAGES).status_code == 404
    assert call.slicktext("GET", COUNTS).status_code == 404


def test_a_double_opt_in_is_a_text(call: Caller) -> None:
    body = {"mobile_number": STRANGER, "force_double_opt_in": "true"}
    call.slicktext("POST", json=body)
    assert [each["to"] for each in call.slicktext("GET", MESSAGES).json()["data"]] == [STRANGER]


def test_counts_by_status_agree_with_the_contacts(call: Caller) -> None:
    counts = call.slicktext("GET", COUNTS).json()
    assert counts["total"] == 300
    by_status = {each["opt_in_status"]: each["count"] for each in counts["data"]}
    assert sum(by_status.values()) == 300
    listed = call.slicktext("GET", f"{CONTACTS}?opt_in_status=blocked&limit=250").json()["data"]
    assert by_status["blocked"] == len(listed)
    call.slicktext("PUT", f"{CONTACTS}/7778", json={"opt_in_status": "blocked"})
    after = call.slicktext("GET", COUNTS).json()["data"]
    assert {"opt_in_status": "blocked", "count": by_status["blocked"] + 1} in after


def test_counts_may_have_another_shape_and_filters(server: Running, call: Caller) -> None:
    server.set_switches(analytics_shape="map")
    counts = call.slicktext("GET", f"{COUNTS}&first_name=Marty&state=CA").json()
    assert counts == {"total": 1, "opt_in_status": {"subscribed": 1}}
    assert call.slicktext("GET", "/brands/26136/analytics/contacts").json() == {"total": 300}
    assert call.slicktext("GET", "/brands/26136/analytics/contacts?group=zip").status_code == 422


def test_the_brand_tells_about_opting_out(server: Running, call: Caller) -> None:
    brand = call.slicktext("GET", "/brands").json()
    assert brand["force_double_opt_in"] is False
    assert (brand["opt_out_intel_enabled"], brand["opt_out_intel_action"]) == (False, None)
    server.texts("slicktext", NUMBER, "please stop texting me")
    assert server.truth(NUMBER)["slicktext"]["opt_in_status"] == "subscribed"
    server.set_switches(opt_out_intel=True)
    assert call.slicktext("GET", "/brands").json()["opt_out_intel_enabled"] is True
    server.texts("slicktext", NUMBER, "please stop texting me")
    assert server.truth(NUMBER)["slicktext"]["opt_in_status"] == "unsubscribed"


def test_a_file_of_an_earlier_version_gets_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.sqlite3"
    build(path, 1, 1)
    tables = re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", ADDED)
    with sqlite3.connect(path) as db:
        for table in tables:
            db.execute(f"DROP TABLE {table}")
    store = Store(path)
    assert [store.count(table) for table in [*tables, "contacts"]] == [0, 0, 1]
    store.close()
