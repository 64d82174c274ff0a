"""The sandbox's own door: state, switches, calls, truth, the page, and starting over."""

from http.client import HTTPConnection

import pytest
import requests
from django.http import HttpResponse

from sandbox.server import Running
from tests.pages import Page
from tests.sandbox.conftest import CONTACTS, Caller

NUMBER = "+16155553338"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_state(server: Running, call: Caller) -> None:
    call.slicktext("GET", f"{CONTACTS}/7778")
    call.slicktext("GET", f"{CONTACTS}/7779")
    server.set_fault("cloudcontactai", "down")
    state = call.control("GET", "state").json()
    assert state["generation"] == "new"
    assert state["people"]["slicktext"] == 300
    assert 200 < state["people"]["cloudcontactai"] < 300
    endpoints = {"GET /v1/brands/26136/contacts/{id}": 2}
    assert state["calls"]["slicktext"] == {"total": 2, "endpoints": endpoints}
    assert state["calls"]["cloudcontactai"]["total"] == 0
    assert state["faults"] == {"slicktext": [], "cloudcontactai": [{"kind": "down"}]}
    assert state["rate_limit"]["remaining"] == 478


def test_faults_are_set_and_cleared_over_http(call: Caller) -> None:
    faults = [{"kind": "error", "share": 0.0}, {"kind": "unauthorized"}]
    assert call.control("PUT", "faults/slicktext", json=faults).status_code == 200
    assert call.slicktext("GET").status_code == 401
    call.control("DELETE", "faults/slicktext")
    assert call.slicktext("GET").status_code == 200
    call.control("PUT", "faults/slicktext", json={"kind": "error"})
    call.control("PUT", "faults/slicktext", json={"kind": "none"})
    assert call.slicktext("GET").status_code == 200
    assert call.control("PUT", "faults/twilio", json=[]).status_code == 404
    for vendor in ("slicktext", "cloudcontactai"):
        call.control("PUT", f"faults/{vendor}", json={"kind": "down"})
    faults = call.control("DELETE", "faults").json()["faults"]
    assert faults == {"slicktext": [], "cloudcontactai": []}


def test_switches(call: Caller) -> None:
    values = {"generation": "old", "calls_per_minute": 9, "ccai_readable": True}
    state = call.control("PUT", "switches", json=values).json()
    assert {name: state["switches"][name] for name in values} == values
    assert state["generation"] == "old"


def test_calls_are_kept_with_what_was_sent(server: Running, call: Caller) -> None:
    call.slicktext("PUT", f"{CONTACTS}/7778", json={"city": "Reno"})
    server.set_fault("slicktext", "drop_before")
    with pytest.raises(requests.ConnectionError):
        call.slicktext("GET")
    edit, drop = server.calls("slicktext")
    assert (edit["method"], edit["body"], edit["status"]) == ("PUT", '{"city": "Reno"}', 200)
    assert (drop["status"], drop["fault"]) == (None, "drop_before")
    assert call.control("GET", "calls?vendor=slicktext&limit=1").json()["data"] == [drop]
    assert server.calls("cloudcontactai") == []
    assert "sandbox-slicktext-key" not in call.control("GET", "calls").text


def test_truth_tells_both_vendors_and_the_writes_in_order(server: Running, call: Caller) -> None:
    call.slicktext("PUT", f"{CONTACTS}/7778", json={"opt_in_status": "unsubscribed"})
    call.ccai({"clientId": "sandbox-client", "phone": NUMBER, "doNotText": True})
    call.slicktext("PUT", f"{CONTACTS}/7778", json={"mobile_number": "2125550199"})
    truth = call.control("GET", "truth?number=%2B16155553338").json()
    assert truth == server.truth(NUMBER)
    assert truth["slicktext"] is None, "he has another number now"
    assert truth["cloudcontactai"]["do_not_text"] is True
    actions = [(write["vendor"], write["action"]) for write in truth["history"]]
    edit = ("slicktext", "edit")
    assert actions == [edit, ("cloudcontactai", "do_not_text"), edit]
    times = [write["at"] for write in truth["history"]]
    assert times == sorted(times)
    assert server.truth("+12125550199")["slicktext"]["opt_in_status"] == "unsubscribed"


def test_truth_of_all_comes_in_pages(call: Caller) -> None:
    call.ccai({"clientId": "sandbox-client", "phone": "+15551234567", "doNotText": True})
    found, after = [], ""
    while after is not None:
        page = call.control("GET", "truth/all", params={"after": after, "limit": 70}).json()
        found += [each["number"] for each in page["data"]]
        after = page["next"]
    assert len(found) == 301
    assert found == sorted(set(found))
    by_offset = call.control("GET", "truth/all?offset=300&limit=70").json()["data"]
    assert [each["number"] for each in by_offset] == found[300:]


def test_all_writes_in_order(call: Caller) -> None:
    for city in ("Reno", "Elko", "Ely"):
        call.slicktext("PUT", f"{CONTACTS}/7778", json={"city": city})
    page = call.control("GET", "truth/writes?limit=2").json()
    rest = call.control("GET", f"truth/writes?after={page['next']}").json()
    cities = [write["detail"]["city"] for write in page["data"] + rest["data"]]
    assert cities == ["Reno", "Elko", "Ely"]
    assert rest["next"] is None


def test_starting_over(server: Running, call: Caller) -> None:
    call.slicktext("DELETE", f"{CONTACTS}/7778")
    call.slicktext("POST", json={"mobile_number": "2125550199"})
    call.ccai({"clientId": "sandbox-client", "phone": "+15551234567", "doNotText": True})
    server.set_switches(generation="old")
    server.sends("slicktext", "+12125550199")
    state = call.control("POST", "reset").json()
    assert server.messages() == []
    assert state["people"]["slicktext"] == 300
    assert state["generation"] == "new"
    assert state["calls"]["slicktext"]["total"] == 0
    assert server.truth(NUMBER)["slicktext"]["first_name"] == "Marty"
    assert server.truth("+15551234567")["cloudcontactai"] is None
    assert server.truth("+15551234567")["history"] == []


def test_both_vendors_can_be_made_to_agree(server: Running, call: Caller) -> None:
    def stopped() -> dict[str, int]:
        found = call.control("GET", "truth/all?limit=1000").json()["data"]
        both = ("blocked", "unsubscribed")
        said = [each["slicktext"]["opt_in_status"] for each in found if each["slicktext"]]
        held = sum(bool((each["cloudcontactai"] or {}).get("do_not_text")) for each in found)
        return {status: said.count(status) for status in both} | {"cloudcontactai": held}

    before = stopped()
    assert min(before.values()) > 2
    assert call.control("POST", "agreement", json={"but": 2}).status_code == 200
    assert stopped() == {"blocked": 2, "unsubscribed": 2, "cloudcontactai": 0}
    call.control("POST", "reset")
    assert stopped() == before


INVALID: list[tuple[str, list[object]]] = [
    (
        "PUT switches",
        [{"colour": 1}, {"generation": "older"}, {"rate_limit": 1}, {"calls_per_minute": -1}, "x"],
    ),
    (
        "PUT faults/slicktext",
        [
            *[{"kind": "flood"}, {"seconds": 1}, "error", {"kind": "error", "status": 99}],
            *[{"kind": "error", "share": 2}, {"kind": "error", "times": "3"}],
            *[{"kind": "error", "times": True}, {"kind": "latency", "seconds": -1}],
            *[{"kind": "error", "methods": "PUT"}, {"kind": "error", "methods": ["put"]}],
            *[{"kind": "error", "path": 3}, {"kind": "error", "colour": "red"}],
        ],
    ),
    (
        "PUT webhooks",
        [
            *[{"colour": "1"}, {"ccai_url": 1}, {"ccai_url": "file:///etc/passwd"}, {"delay": -1}],
            *[{"ccai_method": "GET"}, {"pauses": ["x"]}, []],
        ],
    ),
    (
        "POST texts",
        [
            *[{"vendor": "twilio", "number": NUMBER}, {"vendor": "slicktext", "number": "12"}, []],
            *[
                {"vendor": "slicktext", "number": NUMBER, **odd}
                for odd in ({"word": " "}, {"words": "HELLO"})
            ],
            {"vendor": "slicktext", "number": NUMBER, "at": "yesterday"},
            {"vendor": "slicktext", "number": "+12125550000"},
        ],
    ),
    (
        "POST messages",
        [
            *[{"vendor": "twilio", "number": NUMBER}, {"vendor": "cloudcontactai", "number": "12"}],
            {"vendor": "cloudcontactai", "number": NUMBER, "outcome": "9999"},
            {"vendor": "cloudcontactai", "number": NUMBER, "source_id": "sale"},
            {"vendor": "slicktext", "number": NUMBER, "outcome": "2001"},
            {"vendor": "slicktext", "number": NUMBER, "colour": "red"},
        ],
    ),
]


@pytest.mark.parametrize(("door", "bodies"), INVALID, ids=[door for door, _ in INVALID])
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    server: Running, call: Caller, door: str, bodies: list[object]
) -> None:
    before = call.control("GET", "state").json()
    method, path = door.split()
    for body in bodies:
        reply = call.control(method, path, json=body)
        assert (reply.status_code, bool(reply.json()["error"])) == (400, True), body
    after = call.control("GET", "state").json()
    assert [after[name] == before[name] for name in ("switches", "faults", "people")] == [True] * 3
    assert server.messages() == []


def page_of(reply: requests.Response) -> Page:
    return Page(HttpResponse(reply.content))


def assert_labelled(page: Page) -> None:
    """Each field has a label, and no id is there twice."""
    ids = [each["id"] for each in page.elements if each["id"]]
    assert len(ids) == len(set(ids))
    fields = {each["id"] for each in page.elements if each.tag in ("input", "select")}
    assert fields == {each["for"] for each in page.all("label")}


def test_the_page_is_plain_and_labelled(server: Running, call: Caller) -> None:
    raw = HTTPConnection(server.url.removeprefix("http://"))
    raw.request("GET", "/v1/contacts?<script>alert(1)</script>")
    raw.getresponse().read()
    raw.close()
    server.set_fault("slicktext", "error", path="<b>")
    reply = call.control("GET", "")
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "alert(1)" in reply.text
    page = page_of(reply)
    assert not [each.tag for each in page.elements if each.tag in ("script", "style", "b")]
    names = {name for each in page.elements for name in each.attributes}
    assert not [name for name in names if name == "style" or name.startswith("on")]
    assert_labelled(page)
    assert '<html lang="en">' in reply.text
    style = call.control("GET", "sandbox.css")
    assert style.headers["Content-Type"].startswith("text/css")


def test_the_page_sets_faults_by_a_form(server: Running, call: Caller) -> None:
    form = {"kind": "error", "seconds": "", "status": "500", "times": "2", "share": "", "path": ""}
    reply = call.control("POST", "faults/slicktext", data=form | {"method": "GET"})
    assert (reply.status_code, reply.headers["Location"]) == (303, "/_sandbox/")
    assert [call.slicktext("GET").status_code for _ in range(3)] == [500, 500, 200]
    call.control("POST", "faults/slicktext", data={"kind": "none"})
    assert server.sandbox.faults["slicktext"].as_json() == []
    bad = call.control("POST", "faults/slicktext", data=form | {"status": "soon"})
    assert bad.status_code == 400


def test_the_page_sets_switches_by_a_form(server: Running, call: Caller) -> None:
    form = {"generation": "old", "rate_limit": "False", "page_base": "1", "calls_per_minute": "5"}
    assert call.control("POST", "switches", data=form).status_code == 303
    now = server.sandbox.switches
    assert (now.generation, now.rate_limit, now.page_base) == ("old", False, 1)
    assert now.calls_per_minute == 5
    form = {name: str(value) for name, value in now.as_json().items()}
    assert call.control("POST", "switches", data=form).status_code == 303
    assert server.sandbox.switches == now, "the whole form, posted as it stands, changes nothing"


def test_another_site_may_not_post(server: Running, call: Caller) -> None:
    form = {"data": {"kind": "down"}, "headers": {"Origin": "https://evil.example"}}
    assert call.control("POST", "faults/slicktext", **form).status_code == 403
    assert server.sandbox.faults["slicktext"].as_json() == []
    same = {"data": {"kind": "error"}, "headers": {"Origin": server.url}}
    assert call.control("POST", "faults/slicktext", **same).status_code == 303
