"""SlickText: every endpoint, both ways of paging, filters, and what it refuses."""

from collections import Counter
from urllib.parse import quote

import pytest
import requests

from sandbox.server import Running
from tests.sandbox.conftest import CONTACTS, Caller

MARTY = f"{CONTACTS}/7778"
MARTY_BY_NUMBER = f"{CONTACTS}/%2B16155553338"
NEW = "+12125550199"


def ids(reply: requests.Response) -> list[int]:
    return [person["contact_id"] for person in reply.json()["data"]]


def test_brand(call: Caller) -> None:
    brand = call.slicktext("GET", "/brands").json()
    assert (brand["brand_id"], brand["name"]) == (26136, "Sandbox Outfitters")
    assert call.slicktext("GET", "/brands/26136").json() == brand


@pytest.mark.parametrize(("brand", "status"), [("b26136", 404), ("5", 403), ("", 404)])
def test_another_brand(call: Caller, brand: str, status: int) -> None:
    assert call.slicktext("GET", f"/brands/{brand}/contacts").status_code == status


def test_paths_without_a_brand(call: Caller) -> None:
    assert ids(call.slicktext("GET", "/contacts?limit=1")) == [7778]
    assert call.slicktext("GET", "/contacts/7778").json()["first_name"] == "Marty"


def test_custom_fields_are_listed(call: Caller) -> None:
    fields = call.slicktext("GET", "/brands/26136/custom-fields").json()["data"]
    assert "member_number" in [field["internal_name"] for field in fields]


@pytest.mark.parametrize("key", ["", "wrong", "sandbox-ccai-key"])
def test_a_wrong_key(call: Caller, key: str) -> None:
    reply = call.slicktext("GET", headers={"Authorization": f"Bearer {key}"} if key else {})
    assert reply.status_code == 401
    assert reply.json() == {"message": "unauthenticated"}
    assert "x-RateLimit" not in reply.headers


def test_default_page_is_50_and_says_nothing_of_a_total(call: Caller) -> None:
    reply = call.slicktext("GET").json()
    assert len(reply["data"]) == 50
    assert set(reply) == {"data", "pagingData"}


def test_limit_and_offset_walk_everyone_once(call: Caller) -> None:
    seen: list[int] = []
    while True:
        reply = call.slicktext("GET", f"{CONTACTS}?limit=70&offset={len(seen)}")
        seen += ids(reply)
        if not reply.json()["pagingData"]["hasMore"]:
            break
    assert seen == list(range(7778, 7778 + 300))


def test_page_and_page_size(call: Caller) -> None:
    reply = call.slicktext("GET", f"{CONTACTS}?page=1&pageSize=100")
    assert ids(reply) == list(range(7878, 7978))
    paging = reply.json()["pagingData"]
    assert (paging["prevPage"], paging["currentPage"], paging["nextPage"]) == (0, 1, 2)
    last = call.slicktext("GET", f"{CONTACTS}?page=2&pageSize=100").json()["pagingData"]
    assert (last["nextPage"], last["hasMore"]) == (None, False)


def test_pages_may_count_from_one(server: Running, call: Caller) -> None:
    server.set_switches(page_base=1)
    assert ids(call.slicktext("GET", f"{CONTACTS}?page=1&pageSize=2")) == [7778, 7779]
    assert call.slicktext("GET", f"{CONTACTS}?page=0").status_code == 422


@pytest.mark.parametrize(("generation", "rows"), [("new", 250), ("old", 300)])
def test_the_ceiling_is_silent(server: Running, call: Caller, generation: str, rows: int) -> None:
    server.set_switches(generation=generation)
    assert len(ids(call.slicktext("GET", f"{CONTACTS}?limit=10000"))) == rows


def test_the_ceiling_can_be_an_error(server: Running, call: Caller) -> None:
    server.set_switches(over_max="error", max_page=20)
    assert call.slicktext("GET", f"{CONTACTS}?limit=21").status_code == 422
    assert len(ids(call.slicktext("GET", f"{CONTACTS}?limit=20"))) == 20


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "offset=-1", "offset=1e99", f"offset={10**30}", "page=-1", "pageSize=0"],
)
def test_paging_that_makes_no_sense(call: Caller, query: str) -> None:
    assert call.slicktext("GET", f"{CONTACTS}?{query}").status_code == 422


def test_beyond_the_end(call: Caller) -> None:
    reply = call.slicktext("GET", f"{CONTACTS}?offset=300").json()
    assert (reply["data"], reply["pagingData"]["hasMore"]) == ([], False)


def test_a_deleted_contact_leaves_no_hole_in_the_pages(call: Caller) -> None:
    for contact in (7778, 7790, 7791, 8077):
        call.slicktext("DELETE", f"{CONTACTS}/{contact}")
    expected = [n for n in range(7778, 8078) if n not in (7778, 7790, 7791, 8077)]
    for offset in (0, 9, 10, 11, 12, 13, 200, 295, 296):
        page = ids(call.slicktext("GET", f"{CONTACTS}?limit=3&offset={offset}"))
        assert page == expected[offset : offset + 3]


def test_every_field_filters_exactly(call: Caller) -> None:
    people = call.slicktext("GET", f"{CONTACTS}?limit=250").json()["data"]
    people += call.slicktext("GET", f"{CONTACTS}?limit=250&offset=250").json()["data"]
    for name in set(people[0]) - {"custom_fields"}:
        counts = Counter(person[name] for person in people if person[name] is not None)
        for value, count in counts.most_common(2):
            query = f"{name}={quote(str(value), safe='')}"
            found = call.slicktext("GET", f"{CONTACTS}?limit=250&{query}")
            assert len(ids(found)) == min(count, 250), query
            assert {person[name] for person in found.json()["data"]} == {value}


@pytest.mark.parametrize(
    "query",
    ["first_name=marty", "first_name=Mart", "first_name=Mart%25", "mobile_number=+16155553338"],
)
def test_filters_know_no_case_no_wildcard_and_no_bare_plus(call: Caller, query: str) -> None:
    assert ids(call.slicktext("GET", f"{CONTACTS}?{query}")) == []


def test_filters_add_up(call: Caller) -> None:
    query = "first_name=Marty&state=CA"
    assert ids(call.slicktext("GET", f"{CONTACTS}?{query}&opt_in_status=subscribed")) == [7778]
    assert ids(call.slicktext("GET", f"{CONTACTS}?{query}&opt_in_status=blocked")) == []


def test_custom_fields_filter_by_internal_name(server: Running, call: Caller) -> None:
    query = f"{CONTACTS}?member_number=12345"
    assert ids(call.slicktext("GET", query)) == [7778]
    server.set_switches(ignore_custom_filters=True)
    assert len(ids(call.slicktext("GET", query))) == 50


def test_filtered_pages_stay_right_while_people_change(call: Caller) -> None:
    query = f"{CONTACTS}?opt_in_status=subscribed&limit=10"
    everyone = ids(call.slicktext("GET", f"{query}0"))
    assert ids(call.slicktext("GET", f"{query}&offset=10")) == everyone[10:20]
    assert ids(call.slicktext("GET", f"{query}&offset=20")) == everyone[20:30]
    call.slicktext("PUT", f"{CONTACTS}/{everyone[5]}", json={"opt_in_status": "unsubscribed"})
    assert ids(call.slicktext("GET", f"{query}&offset=20")) == everyone[21:31]


@pytest.mark.parametrize(("mode", "status", "rows"), [("ignore", 200, 50), ("nothing", 200, 0)])
def test_a_field_that_is_none(
    server: Running, call: Caller, mode: str, status: int, rows: int
) -> None:
    server.set_switches(unknown_filters=mode)
    reply = call.slicktext("GET", f"{CONTACTS}?phone_number=16155553338")
    assert (reply.status_code, len(ids(reply))) == (status, rows)
    server.set_switches(unknown_filters="error")
    assert call.slicktext("GET", f"{CONTACTS}?phone_number=1").status_code == 422


@pytest.mark.parametrize("key", ["7778", "%2B16155553338", "16155553338"])
def test_read_by_id_or_number(call: Caller, key: str) -> None:
    assert call.slicktext("GET", f"{CONTACTS}/{key}").json()["last_name"] == "McFly"


@pytest.mark.parametrize("key", ["1", "99999999999999999999", "%2B12125550000", "marty", "%00"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_no_one_by_that_name(call: Caller, method: str, key: str) -> None:
    reply = call.slicktext(method, f"{CONTACTS}/{key}", json={})
    assert (reply.status_code, reply.json()) == (404, {"message": "contact not found"})


@pytest.mark.parametrize("path", [MARTY, MARTY_BY_NUMBER])
def test_edit_changes_what_was_sent_and_nothing_else(call: Caller, path: str) -> None:
    before = call.slicktext("GET", MARTY).json()
    after = call.slicktext("PUT", path, json={"city": "Québec", "nonsense": 1}).json()
    assert after == before | {"city": "Québec", "last_updated": after["last_updated"]}
    assert after["last_updated"] > before["last_updated"]
    assert call.slicktext("GET", MARTY).json() == after


def test_edit_by_number_can_be_off(server: Running, call: Caller) -> None:
    server.set_switches(edit_by_number=False)
    assert call.slicktext("PUT", MARTY_BY_NUMBER, json={}).status_code == 404
    assert call.slicktext("PUT", MARTY, json={}).status_code == 200


def test_status_change_is_dated_only_when_it_changes(call: Caller) -> None:
    same = call.slicktext("PUT", MARTY, json={"opt_in_status": "subscribed"}).json()
    assert same["last_opt_in_status_change"] is None
    stopped = call.slicktext("PUT", MARTY, json={"opt_in_status": "unsubscribed"}).json()
    assert stopped["last_opt_in_status_change"] == stopped["last_updated"]


def test_a_stop_may_be_final(server: Running, call: Caller) -> None:
    server.set_switches(refuse_resubscribe=True)
    call.slicktext("PUT", MARTY, json={"opt_in_status": "unsubscribed"})
    reply = call.slicktext("PUT", MARTY, json={"opt_in_status": "subscribed"})
    assert reply.status_code == 422
    assert call.slicktext("GET", MARTY).json()["opt_in_status"] == "unsubscribed"


def test_custom_fields_are_written_nested_or_flat(server: Running, call: Caller) -> None:
    nested, flat = {"custom_fields": {"loyalty_tier": "gold"}}, {"favorite_store": "Airport"}
    call.slicktext("PUT", MARTY, json=nested)
    both = call.slicktext("PUT", MARTY, json=flat).json()["custom_fields"]
    assert both["member_number"] == 12345
    assert (both["loyalty_tier"], both["favorite_store"]) == ("gold", "Airport")
    gone = call.slicktext("PUT", MARTY, json={"custom_fields": {"loyalty_tier": None}}).json()
    assert "loyalty_tier" not in gone["custom_fields"]
    server.set_switches(custom_fields="nested")
    unread = call.slicktext("PUT", MARTY, json={"favorite_store": "Harbor Mall"}).json()
    assert unread["custom_fields"]["favorite_store"] == "Airport"


@pytest.mark.parametrize("typed", ["2125550199", "(212) 555-0199", "1 212 555 0199", NEW])
def test_create_normalises_the_number(call: Caller, typed: str) -> None:
    made = call.slicktext("POST", json={"mobile_number": typed, "first_name": "Zoë"}).json()
    assert (made["mobile_number"], made["first_name"]) == (NEW, "Zoë")
    assert made["opt_in_status"] == "not subscribed"
    assert made["last_updated"] is None
    assert call.slicktext("GET", f"{CONTACTS}/{made['contact_id']}").json() == made


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "required"),
        ({"mobile_number": "555-0199"}, "10 digits"),
        ({"mobile_number": "+442079460000"}, "US or Canadian"),
        ({"mobile_number": "+12425550199"}, "US or Canadian"),
        ({"mobile_number": NEW, "opt_in_status": "yes"}, "opt_in_status"),
        ({"mobile_number": NEW, "opt_in_status": None}, "opt_in_status"),
        ({"mobile_number": NEW, "birthdate": "12.06.1968"}, "YYYY-MM-DD"),
        ({"mobile_number": NEW, "birthdate": "1968-02-30"}, "YYYY-MM-DD"),
        ({"mobile_number": NEW, "email": "marty"}, "email"),
        ({"mobile_number": NEW, "timezone": "Europe/Paris"}, "timezone"),
        ({"mobile_number": NEW, "first_name": ["Zoë"]}, "string"),
        ({"mobile_number": NEW, "custom_fields": "gold"}, "object"),
    ],
)
def test_create_refuses(server: Running, call: Caller, body: dict[str, object], word: str) -> None:
    reply = call.slicktext("POST", json=body)
    assert reply.status_code == 422
    assert word in reply.json()["message"]
    assert server.truth(NEW)["slicktext"] is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object(call: Caller, body: bytes) -> None:
    assert call.slicktext("POST", data=body).status_code == 400
    assert call.slicktext("PUT", MARTY, data=body).status_code == 400


def test_a_number_that_exists(server: Running, call: Caller) -> None:
    reply = call.slicktext("POST", json={"mobile_number": "(615) 555-3338"})
    assert (reply.status_code, reply.json()) == (422, {"message": "mobile number already exists"})
    other = call.slicktext("PUT", f"{CONTACTS}/7779", json={"mobile_number": "6155553338"})
    assert other.status_code == 422
    assert call.slicktext("PUT", MARTY, json={"mobile_number": "6155553338"}).status_code == 200
    server.set_switches(exists_status=409)
    assert call.slicktext("POST", json={"mobile_number": "6155553338"}).status_code == 409


def test_double_opt_in_waits_for_the_person(server: Running, call: Caller) -> None:
    body = {"mobile_number": NEW, "opt_in_status": "subscribed", "force_double_opt_in": "true"}
    made = call.slicktext("POST", json=body).json()
    assert (made["opt_in_status"], made["force_double_opt_in"]) == ("pending", "true")
    actions = [write["action"] for write in server.truth(NEW)["history"]]
    assert actions == ["create", "text_sent"]
    server.set_switches(pending_status=False)
    other = call.slicktext("POST", json=body | {"mobile_number": "2125550198"}).json()
    assert other["opt_in_status"] == "not subscribed"


def test_delete_and_create_again(call: Caller) -> None:
    assert call.slicktext("DELETE", MARTY).json() == []
    assert call.slicktext("GET", MARTY).status_code == 404
    again = call.slicktext("POST", json={"mobile_number": "+16155553338"}).json()
    assert again["contact_id"] == 7778 + 300, "an id is never given twice"


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("message", {"message": "mobile_number is required"}),
        ("error", {"error": "mobile_number is required"}),
        ("error_list", {"error": ["mobile_number is required"]}),
        ("detail", {"detail": "mobile_number is required"}),
        ("errors", {"errors": {"mobile_number": ["mobile_number is required"]}}),
    ],
)
def test_error_bodies(server: Running, call: Caller, shape: str, body: dict[str, object]) -> None:
    server.set_switches(error_body=shape)
    assert call.slicktext("POST", json={}).json() == body


def test_error_bodies_may_be_html(server: Running, call: Caller) -> None:
    server.set_switches(error_body="html")
    reply = call.slicktext("POST", json={})
    assert (reply.status_code, reply.headers["Content-Type"][:9]) == (422, "text/html")


@pytest.mark.parametrize(("method", "path"), [("PATCH", MARTY), ("PUT", CONTACTS)])
def test_methods_that_are_not_there(call: Caller, method: str, path: str) -> None:
    assert call.slicktext(method, path, json={}).status_code == 405
