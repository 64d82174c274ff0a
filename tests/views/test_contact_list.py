"""The table: pages, filters, what is shown when SlickText fails."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from contacts_ui.models import Vendor
from contacts_ui.services.vendors import forget_connections
from tests.pages import Page
from tests.people import MARTY, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
URL = "/contacts/"
PEOPLE = 60


def ids(page: Page) -> list[int]:
    """The contacts shown, in their order."""
    return [
        int(str(each["href"]).strip("/").split("/")[1])
        for each in page.elements
        if each.tag == "a" and "data-row-link" in each.attributes
    ]


def query(address: str | None) -> dict[str, list[str]]:
    return parse_qs(urlsplit(str(address)).query)


def asked_for(vendors: Vendors) -> dict[str, str]:
    """The query of the only call."""
    (call,) = vendors.calls()
    return {name: values[0] for name, values in query(call["target"]).items()}


def test_it_works(vera: Client, vendors: Vendors) -> None:
    response = vera.get(URL)
    page = Page(response)
    assert response.status_code == 200
    assert ids(page) == list(range(MARTY, MARTY + 50))
    box = page.one("input", name="q")
    assert box["placeholder"]
    assert page.one("label", for_=str(box["id"])).text == "Search contacts"
    assert page.all("a", href="/contacts/new/") == [], "a viewer may not create"
    assert "1–50" in page.text
    assert asked_for(vendors) == {"limit": "50", "offset": "0"}


def test_each_row_has_verdict_and_switch_and_a_reason_that_says_more(
    ada: Client, vendors: Vendors
) -> None:
    vendors.edit(MARTY + 1, opt_in_status="unsubscribed")
    page = Page(ada.get(URL))
    row = page.one("div", id=f"consent-{MARTY}")
    assert "May text" in row.text
    assert "Subscribed" not in row.text, "the ordinary reason"
    assert "Unsubscribed at SlickText." in page.one("div", id=f"consent-{MARTY + 1}").text
    assert page.switch("Do not text Marty McFly")["aria-checked"] == "false"


def test_next_and_previous_need_no_total(vera: Client) -> None:
    first = Page(vera.get(URL))
    assert first.all("a", rel="prev") == []
    second = Page(vera.get(URL + first.one("a", rel="next")["href"].removeprefix(URL)))
    assert ids(second) == list(range(MARTY + 50, MARTY + PEOPLE))
    assert second.all("a", rel="next") == []
    assert "end of list" in second.text
    assert second.one("a", rel="prev")["href"] == URL


@pytest.mark.parametrize("size", [25, 50, 100, 250])
def test_sizes(size: int, vera: Client, vendors: Vendors) -> None:
    page = Page(vera.get(f"{URL}?size={size}"))
    assert len(ids(page)) == min(size, PEOPLE)
    assert page.one("a", aria_current="true").text == str(size)
    assert asked_for(vendors)["limit"] == str(size)


def test_a_vendor_that_sends_fewer_rows_skips_no_one(vera: Client, vendors: Vendors) -> None:
    vendors.switch(max_page=20)
    address, seen = URL, []
    while address:
        page = Page(vera.get(address))
        seen += ids(page)
        onward = page.all("a", rel="next")
        address = str(onward[0]["href"]) if onward else ""
    assert seen == list(range(MARTY, MARTY + PEOPLE))


def test_every_filter_is_in_the_address_and_reaches_the_vendor(
    vera: Client, vendors: Vendors
) -> None:
    address = (
        "?status=subscribed&number=615-555-3338&first_name=Marty&last_name=McFly"
        "&email=marty%40slicktext.com&city=Hill+Valley&state=CA&zip=95420&country=US"
        "&source=api&language=en&timezone=America%2FLos_Angeles&custom.member=1&size=25"
    )
    page = Page(vera.get(URL + address))
    assert ids(page) == [MARTY]
    assert asked_for(vendors) == {
        "opt_in_status": "subscribed",
        "mobile_number": "+16155553338",
        "first_name": "Marty",
        "last_name": "McFly",
        "email": "marty@slicktext.com",
        "city": "Hill Valley",
        "state": "CA",
        "zip": "95420",
        "country": "US",
        "source": "api",
        "language": "en",
        "timezone": "America/Los_Angeles",
        "member": "1",
        "limit": "25",
        "offset": "0",
    }


def test_the_filters_stay_on_the_next_page(vera: Client) -> None:
    page = Page(vera.get(f"{URL}?country=US&size=25"))
    onward = query(page.one("a", rel="next")["href"])
    assert onward == {"country": ["US"], "size": ["25"], "offset": ["25"]}
    sizes = [query(each["href"]) for each in page.all("a") if each.text == "100"]
    assert sizes == [{"country": ["US"], "size": ["100"]}]


def test_a_filter_can_be_taken_off(vera: Client) -> None:
    page = Page(vera.get(f"{URL}?country=US&city=Hill+Valley&offset=50&custom.member=1"))
    chips = {each.text: query(each["href"]) for each in page.all("a", class_="chip")}
    assert chips["Remove the filter City: Hill Valley"] == {
        "country": ["US"],
        "custom.member": ["1"],
    }
    assert chips["Remove the filter member: 1"] == {"country": ["US"], "city": ["Hill Valley"]}


def test_the_form_of_the_filters_makes_the_same_custom_filter(
    vera: Client, vendors: Vendors
) -> None:
    page = Page(vera.get(f"{URL}?custom_field=member_number&custom_value=12345"))
    assert ids(page) == [MARTY]
    assert asked_for(vendors)["member_number"] == "12345"


@pytest.mark.parametrize(
    ("address", "field", "words"),
    [
        ("?number=nonsense", "number", "This is not a phone number."),
        ("?custom_value=1", "custom_field", "Enter the custom field for this value."),
        ("?custom_field=member", "custom_value", "Enter a value for this custom field."),
    ],
)
def test_a_wrong_filter_asks_no_one(
    address: str, field: str, words: str, vera: Client, vendors: Vendors
) -> None:
    response = vera.get(URL + address)
    assert response.status_code == 200
    assert words in Page(response).errors(field)
    assert vendors.asked() == []


def test_filters_that_the_vendor_ignores_are_applied_here_and_said(
    vera: Client, vendors: Vendors
) -> None:
    vendors.switch(ignore_custom_filters=True)
    page = Page(vera.get(f"{URL}?custom.member_number=12345"))
    assert ids(page) == [MARTY]
    assert "member_number" in page.text
    assert page.all("a", rel="next")


def test_filters_without_anybody(vera: Client) -> None:
    page = Page(vera.get(f"{URL}?city=hill+valley"))
    assert "No contacts found" in page.text
    assert ids(page) == []


def test_an_empty_brand(vera: Client, edgar: Client, vendors: Vendors) -> None:
    vendors.write("DELETE FROM contacts")
    assert "No contacts yet" in Page(vera.get(URL)).text
    assert len(Page(edgar.get(URL)).all("a", href="/contacts/new/")) > 1


def test_an_offset_beyond_the_end(vera: Client) -> None:
    page = Page(vera.get(f"{URL}?offset=5000"))
    assert "The list ends before this page" in page.text


# Columns.


def heads(page: Page) -> list[str]:
    return [each.text for each in page.all("th", scope="col")][2:-1]


def test_columns_are_remembered_for_each_person(vera: Client, ada: Client) -> None:
    assert heads(Page(vera.get(URL))) == ["Email", "City", "State"]
    response = vera.post(
        "/contacts/columns/",
        {"columns": ["zip", "status", "custom_fields", "nonsense"], "next": f"{URL}?size=25"},
    )
    assert response["Location"] == f"{URL}?size=25"
    page = Page(vera.get(URL))
    assert heads(page) == ["Zip", "Opt-in status", "Custom fields"]
    marty = next(each for each in page.all("tr") if "Marty" in each.text)
    assert "95420" in marty.text
    assert "member_number: 12345" in marty.text
    assert heads(Page(ada.get(URL))) == ["Email", "City", "State"]


def test_no_columns_is_a_choice_too_and_leads_nowhere_else(vera: Client) -> None:
    vera.post("/contacts/columns/", {})
    assert heads(Page(vera.get(URL))) == []
    response = vera.post("/contacts/columns/", {"next": "https://evil.example/"})
    assert response["Location"] == URL


def test_rows_stand_as_close_as_a_person_likes(vera: Client, ada: Client) -> None:
    vera.post("/contacts/columns/", {"columns": ["city"], "compact": "on"})
    page = Page(vera.get(URL))
    assert page.one("table")["class"] == "contacts compact"
    panel = Page(vera.get(f"{URL}columns/", headers={"HX-Request": "true"}))
    assert "checked" in panel.one("input", name="compact").attributes
    boxes = panel.all("input", name="columns")
    assert [each["value"] for each in boxes if "checked" in each.attributes] == ["city"]
    assert Page(ada.get(URL)).one("table")["class"] == "contacts"
    vera.post("/contacts/columns/", {"columns": ["city"]})
    assert Page(vera.get(URL)).one("table")["class"] == "contacts"


# Panels: asked for once they are opened.


def test_the_filters_come_once_they_are_opened_and_keep_what_is_asked(vera: Client) -> None:
    page = Page(vera.get(f"{URL}?state=TN&custom.member_number=12345"))
    assert not page.all("select")
    hidden = {
        str(each["name"]): str(each["value"])
        for each in page.all("input", type="hidden")
        if each["value"]
    }
    assert hidden["state"] == "TN"
    assert (hidden["custom_field"], hidden["custom_value"]) == ("member_number", "12345")
    opener = page.one("summary", hx_include="closest form")
    panel = Page(vera.get(str(opener["hx-get"]), hidden))
    assert panel.one("input", name="state")["value"] == "TN"
    assert panel.one("input", name="custom_value")["value"] == "12345"


@pytest.mark.parametrize(
    "address", ["?panel=filters&city=Nashville", "?custom_value=1&city=Nashville"]
)
def test_the_filters_are_open_without_scripts_and_where_one_is_to_be_corrected(
    vera: Client, address: str
) -> None:
    page = Page(vera.get(f"{URL}{address}"))
    assert "open" in page.one("details", class_="filters").attributes
    assert page.one("input", name="city")["value"] == "Nashville"
    assert page.one("input", name="city")["type"] == "text"


def test_without_scripts_help_and_columns_are_pages(vera: Client) -> None:
    assert "Use a colon" in Page(vera.get(f"{URL}search-help/")).text
    page = Page(vera.get(f"{URL}columns/", {"next": f"{URL}?q=marty"}))
    answer = vera.post(f"{URL}columns/", page.form(f"{URL}columns/", columns=["zip"]))
    assert answer["Location"] == f"{URL}?q=marty"
    assert heads(Page(vera.get(URL))) == ["Zip"]


# Who sees what.


@pytest.mark.parametrize("who", ["vera", "edgar"])
def test_who_may_not_stop_has_no_switch_that_moves(
    who: str, request: pytest.FixtureRequest, vendors: Vendors
) -> None:
    page = Page(request.getfixturevalue(who).get(URL))
    switch = page.switch("Do not text Marty McFly")
    assert switch["aria-disabled"] == "true"
    assert switch["type"] == "button"
    assert switch["hx-post"] is None
    assert switch["title"] == "Only agents and managers can stop texts."
    assert "name" not in switch.attributes


def test_who_may_not_even_ask_cannot_move_the_switch_back(edgar: Client, vendors: Vendors) -> None:
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    switch = Page(edgar.get(URL)).switch("Do not text Marty McFly")
    assert (switch["aria-checked"], switch["aria-disabled"]) == ("true", "true")
    assert switch["title"].startswith("Only managers can allow texts again")


@pytest.mark.parametrize(("who", "leads_to"), [("ada", "ask-lift"), ("max_", "opt-in")])
def test_where_the_switch_of_a_stopped_person_leads(
    who: str, leads_to: str, request: pytest.FixtureRequest, vendors: Vendors
) -> None:
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    switch = Page(request.getfixturevalue(who).get(URL)).switch("Do not text Marty McFly")
    assert (switch["aria-checked"], switch["aria-disabled"]) == ("true", None)
    assert switch["formaction"] == f"/contacts/{MARTY}/{leads_to}/"


def test_someone_without_a_name_is_called_by_number(ada: Client, vendors: Vendors) -> None:
    vendors.edit(MARTY, first_name=None, last_name=None)
    page = Page(ada.get(URL))
    assert page.switch("Do not text (615) 555-3338")
    assert page.one("a", id=f"contact-{MARTY}").text == "No name, (615) 555-3338"


def test_names_are_escaped(ada: Client, vendors: Vendors) -> None:
    vendors.edit(MARTY, first_name="<script>alert(1)</script>", last_name="\"'><b>x", city="</td>")
    page = Page(ada.get(URL))
    assert "<script>alert" not in page.html
    assert page.one("a", id=f"contact-{MARTY}").text == "<script>alert(1)</script> \"'><b>x"
    assert page.switch("Do not text <script>alert(1)</script> \"'><b>x")


# htmx.


def test_htmx_gets_the_results_alone_but_when_it_restores_history(vera: Client) -> None:
    page = Page(vera.get(URL, headers={"HX-Request": "true"}))
    assert page.elements[0]["id"] == "results"
    assert page.all("html") == []
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert Page(vera.get(URL, headers=headers)).all("html")


# Trouble.


def test_a_vendor_that_is_down_without_a_known_page(vera: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    response = vera.get(f"{URL}?size=25")
    page = Page(response)
    assert response.status_code == 200
    assert "SlickText does not answer" in page.text
    assert page.one("a", id="retry")["href"] == f"{URL}?size=25"
    assert ids(page) == []


@pytest.mark.parametrize("fault", ["down", "error", "html", "unauthorized", "drop_before"])
def test_the_last_known_page_is_shown_and_marked_as_old(
    fault: str, vera: Client, vendors: Vendors
) -> None:
    with time_machine.travel("2026-03-05T15:30:00Z", tick=False):
        vera.get(f"{URL}?size=25")
    vendors.fault("slicktext", fault)
    with time_machine.travel("2026-03-05T17:45:00Z"):
        forget_connections()
        page = Page(vera.get(f"{URL}?size=25"))
    assert len(ids(page)) == 25
    assert "Old page, as of Mar 5, 2026, 10:30 AM" in page.text
    assert "This is the page as it was 2 hours ago" in page.text
    assert page.one("a", id="retry")


def test_the_last_known_page_is_of_the_same_question(vera: Client, vendors: Vendors) -> None:
    vera.get(URL)
    vendors.fault("slicktext", "down")
    for other in ("?offset=50", "?city=Nashville", "?q=Marty+McFly", "?size=25"):
        assert ids(Page(vera.get(URL + other))) == []
    assert len(ids(Page(vera.get(URL)))) == 50


def test_an_old_page_knows_the_stops_of_the_time_between(
    ada: Client, vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    ada.get(URL)
    vendors.fault("slicktext", "down")
    set_desired_state(Vendor.SLICKTEXT)
    set_desired_state(Vendor.CLOUDCONTACTAI)
    assert Page(ada.get(URL)).switch("Do not text Marty McFly")["aria-checked"] == "true"


def test_rate_limited(vera: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "too_many", seconds=42)
    page = Page(vera.get(URL))
    assert "SlickText asks us to slow down" in page.text
    assert "Tries again automatically in 42 seconds." in page.text
    assert "delay:42s" in page.one("a", id="retry")["hx-trigger"]


def test_bad_credentials(vera: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "unauthorized")
    assert "SlickText does not accept our key" in Page(vera.get(URL)).text


def test_not_connected(vera: Client, connect_only: Callable[[str], None]) -> None:
    connect_only("cloudcontactai")
    page = Page(vera.get(URL))
    assert "SlickText is not connected" in page.text
    assert "Practice mode" not in page.html


def test_the_sandbox_is_named_on_the_page(vera: Client) -> None:
    assert "Practice mode (sandbox):" in Page(vera.get(URL)).html


def test_the_other_vendor_is_not_connected(
    vera: Client, connect_only: Callable[[str], None]
) -> None:
    connect_only("slicktext")
    page = Page(vera.get(URL))
    assert len(ids(page)) == 50
    assert "CloudContactAI is not connected" in page.html


def test_one_malformed_contact_hides_no_other(vera: Client, vendors: Vendors) -> None:
    vendors.write("UPDATE contacts SET custom_fields = '[1]' WHERE contact_id = ?", MARTY + 1)
    page = Page(vera.get(URL))
    if MARTY + 1 not in ids(page):
        assert "1 contact left out." in page.text
    assert len(ids(page)) >= 49
    assert MARTY in ids(page)


def test_an_unknown_status_is_shown_and_never_textable(vera: Client, vendors: Vendors) -> None:
    vendors.write(
        "UPDATE contacts SET opt_in_status = 'Pending Subscription' WHERE contact_id = ?", MARTY
    )
    row = Page(vera.get(URL)).one("div", id=f"consent-{MARTY}")
    assert "Not known" in row.text
    assert "“Pending Subscription”" in row.text


@pytest.mark.parametrize("generation", ["new", "old"])
def test_both_generations_of_replies(generation: str, vera: Client, vendors: Vendors) -> None:
    vendors.switch(generation=generation)
    page = Page(vera.get(URL))
    assert len(ids(page)) == 50
    assert "null" not in page.one("table").text.lower().split()


# Addresses that nobody types by accident.


@pytest.mark.parametrize(
    "address",
    [
        *["?offset=999999999", "?offset=ten", "?size=0", "?size=fifty", "?reading=-1&q=Marty"],
        *["?q=%FF%FE", "?q=" + "x" * 5000, "?q=" + "9" * 300, "?q=%F0%9F%98%80"],
        *["?q=%E2%80%AE%D7%A9", "?q=@", "?q=%2B", "?q=%2C", "?q=%27%22%3C%3E", "?city=%FF"],
        "?status=nonsense",
        "?custom.=x",
        "?custom.limit=1",
        "?custom.offset=7",
        "?custom_field=limit&custom_value=100000",
        "?custom_field=__class__&custom_value=x",
        "?custom_field=name&custom_value=x",
        "?custom_field=number&custom_value=x",
        "?q=&q=&q=Marty",
        "?" + "&".join(f"city={n}" for n in range(500)),
    ],
)
def test_no_address_is_a_500(address: str, vera: Client) -> None:
    response = vera.get(URL + address)
    assert response.status_code == 200
    assert Page(response).all("section", id="results")


def test_a_custom_filter_cannot_change_the_paging(vera: Client, vendors: Vendors) -> None:
    vera.get(f"{URL}?custom.limit=9999")
    assert all(query(call["target"])["limit"] == ["50"] for call in vendors.calls())


def test_a_page_is_kept_for_a_day(vera: Client, vendors: Vendors, settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES = 24 * 60
    vera.get(URL)
    vendors.fault("slicktext", "down")
    with time_machine.travel(timezone.now() + timedelta(hours=9)):
        forget_connections()
        assert len(ids(Page(vera.get(URL)))) == 50


def test_with_the_index_off_it_says_that_only_opened_contacts_are_known(
    vera: Client, settings: Any
) -> None:
    words = "Stops at SlickText are known only for contacts that someone has opened."
    assert words not in Page(vera.get(URL)).text
    settings.CONTACT_INDEX = False
    assert words in Page(vera.get(URL)).text
