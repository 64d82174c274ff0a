"""One contact: every field, both vendors' states, and everything that was done from here."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from contacts_ui.models import LedgerEntry
from contacts_ui.services.vendors import forget_connections
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, UNKNOWN_ID, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
URL = f"/contacts/{MARTY}/"


def facts(page: Page) -> dict[str, str]:
    """Every label and its value."""
    labels = [each.text for each in page.all("dt")]
    return dict(zip(labels, (each.text for each in page.all("dd")), strict=True))


def test_it_works(vera: Client, vendors: Vendors) -> None:
    page = Page(vera.get(URL))
    assert page.one("h1").text == "Marty McFly"
    assert facts(page) == {
        "First name": "Marty",
        "Last name": "McFly",
        "Birth date": "Jun 12, 1968",
        "Language": "English",
        "Mobile number": "(615) 555-3338",
        "Email": "marty@slicktext.com",
        "Street address": "9303 Lyon Drive",
        "City": "Hill Valley",
        "State or province": "California",
        "Zip or postal code": "95420",
        "Country": "US",
        "Time zone": "Pacific (America/Los_Angeles)",
        "Source": "api",
        "Sub-source": "api",
        "Created": "Nov 12, 1955, 1:38 AM EST",
        "Last updated": "Oct 15, 2015, 3:28 AM EDT",
        "SlickText id": "7778",
        "member": "1",
        "member_number": "12345",
        "membership_date": "Oct 26, 1985",
    }
    assert vendors.asked() == ["slicktext GET"]


def test_the_groups_are_in_their_order(vera: Client) -> None:
    titles = [each.text for each in Page(vera.get(URL)).all("h2")]
    assert titles[1:] == [
        *["Who", "How to reach", "Where", "Where it came from", "Custom fields"],
        "History",
    ]


def test_both_vendors_states_are_shown(vera: Client, set_desired_state: SetDesiredState) -> None:
    page = Page(vera.get(URL))
    texts = [each.text for each in page.all("li", class_="vendor")]
    assert texts[0].startswith("SlickText: Subscribed")
    assert texts[1] == "CloudContactAI: No stop on record here"
    set_desired_state()
    states = [each["data-state"] for each in Page(vera.get(URL)).all("li", class_="vendor")]
    assert states == ["read", "on_its_way"]


@pytest.mark.usefixtures("deliver_in_this_thread")
def test_after_a_stop_the_page_contradicts_itself_nowhere(ada: Client, vendors: Vendors) -> None:
    Page(ada.get(URL))
    ada.post(f"{URL}do-not-text/")
    page = Page(ada.get(URL))
    assert "Stopped at SlickText and CloudContactAI. Stop on record:" in page.text
    assert "Unsubscribed" in page.text
    assert "Subscribed" not in page.text


@pytest.mark.usefixtures("deliver_in_this_thread")
def test_people_who_were_stopped_and_can_be_texted_again(ada: Client, vendors: Vendors) -> None:
    """The switch doesn't say that nothing was stopped."""
    ada.post(f"{URL}do-not-text/")
    vendors.edit(MARTY, opt_in_status="subscribed")
    forget_connections()
    page = Page(ada.get(f"{URL}?live=1"))
    assert page.one("p", data_verdict="disagree")
    assert page.switch().text == "Do not textNot at both"
    assert "We stopped them, but SlickText says again: subscribed." in page.text
    assert "Turn on Do not text to stop them at both vendors." in page.text


def test_the_history_says_who_did_what(
    vera: Client, edgar: Client, set_desired_state: SetDesiredState
) -> None:
    assert "No changes yet." in Page(vera.get(URL)).text
    edgar.post(f"{URL}edit/", Page(edgar.get(f"{URL}edit/")).form(city="Nashville"))
    set_desired_state()
    text = Page(vera.get(URL)).text
    assert "Edited the contact by Edgar Editor, SlickText" in text
    assert "City: Hill Valley → Nashville" in text
    assert "Stopped texts by Ada Agent" in text
    assert text.index("Stopped texts by") < text.index("Edited the contact by")


@pytest.mark.usefixtures("deliver_in_this_thread")
def test_a_stop_and_its_confirmations_are_one_item(ada: Client, vendors: Vendors) -> None:
    ada.post(f"{URL}do-not-text/")
    page = Page(ada.get(URL))
    item = next(each for each in page.all("li") if each.text.count("Stopped texts by"))
    assert "Stopped texts by Ada Agent" in item.text
    assert "Confirmed by SlickText and CloudContactAI." in item.text
    assert "How they asked: not recorded." in item.text
    folded = next(each for each in page.all("details") if each.inside(item))
    assert folded.text.startswith("2 events")
    assert "Stop confirmed by SlickText" in folded.text


def test_the_history_follows_the_number(
    vera: Client, max_: Client, vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    """A person who was deleted and came back has a new id and the old history."""
    set_desired_state()
    max_.post(f"{URL}delete/", {"number": MARTY_NUMBER})
    again = vendors.create(MARTY_NUMBER, first_name="Marty")
    text = Page(vera.get(f"/contacts/{again}/")).text
    assert "Stopped texts by Ada Agent" in text
    assert "Deleted the contact by Max Manager" in text


def test_the_history_of_others_stays_away(
    vera: Client, vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    other = vendors.create(DOC_NUMBER)
    set_desired_state()
    assert "No changes yet." in Page(vera.get(f"/contacts/{other}/")).text


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("America/New_York", "Oct 15, 2015, 3:28 AM EDT"),
        ("America/Los_Angeles", "Oct 15, 2015, 12:28 AM PDT"),
        ("Asia/Tokyo", "Oct 15, 2015, 4:28 PM JST"),
        ("UTC", "Oct 15, 2015, 7:28 AM UTC"),
    ],
)
def test_times_are_in_the_dashboards_zone_with_utc_on_hover(
    zone: str, shown: str, vera: Client, settings: Any
) -> None:
    """What a browser says about its own zone changes nothing: everyone reads the same time."""
    settings.TIME_ZONE = zone
    vera.cookies["tz"] = "Europe/Berlin"
    page = Page(vera.get(URL))
    time = page.one("time", datetime="2015-10-15T07:28:00Z")
    assert time.text == shown
    assert str(time["title"]).endswith("(Oct 15, 2015, 7:28:00 AM UTC)")


@pytest.mark.parametrize("fault", ["down", "error", "html", "unauthorized", "too_many"])
def test_the_last_known_copy_is_marked(fault: str, vera: Client, vendors: Vendors) -> None:
    with time_machine.travel("2026-03-05T15:30:00Z", tick=False):
        vera.get(URL)
    vendors.fault("slicktext", fault, seconds=60)
    with time_machine.travel("2026-03-05T17:45:00Z"):
        forget_connections()
        page = Page(vera.get(URL))
    assert page.one("h1").text == "Marty McFly"
    assert "This is our own copy, updated 2 hours ago (Mar 5, 2026, 10:30 AM EST)." in page.text


def test_the_copy_from_the_time_of_an_edit_is_the_new_one(edgar: Client, vendors: Vendors) -> None:
    edgar.post(f"{URL}edit/", Page(edgar.get(f"{URL}edit/")).form(city="Nashville"))
    vendors.fault("slicktext", "down")
    assert facts(Page(edgar.get(URL)))["City"] == "Nashville"


def test_down_and_never_read(vera: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    response = vera.get(URL)
    assert response.status_code == 503
    assert "SlickText does not answer" in Page(response).text
    retry = next(each for each in Page(response).all("a") if each.text == "Try again")
    assert retry["href"] == URL


@pytest.mark.parametrize("contact_id", [str(UNKNOWN_ID), "0", "9" * 18, "9" * 30])
def test_someone_who_is_not_there(contact_id: str, vera: Client) -> None:
    assert vera.get(f"/contacts/{contact_id}/").status_code == 404


FOUND = "/contacts/?q=marty&sort=-name"
CARRIED = "?from=%2Fcontacts%2F%3Fq%3Dmarty%26sort%3D-name"


def test_the_way_back_leads_to_the_search(edgar: Client) -> None:
    """By the page before at first; then the address carries it through the form and back."""
    page = Page(edgar.get(URL, headers={"Referer": f"http://testserver{FOUND}"}))
    assert page.one("a", href=FOUND).text == "← Back to results"
    edit = f"{URL}edit/{CARRIED}"
    assert page.one("a", href=edit)
    form = Page(edgar.get(edit))
    assert form.one("a", href=f"{URL}{CARRIED}").text == "Cancel"
    saved = edgar.post(edit, form.form(city="Nashville"))
    assert saved["Location"] == f"{URL}{CARRIED}"
    assert Page(edgar.get(saved["Location"])).one("a", href=FOUND)


@pytest.mark.parametrize(
    "address",
    [
        "", "https://evil.example/contacts/", "//evil.example/contacts/", "/\\evil.example", "javascript:alert(1)",
        "/contacts/../..", "/contacts/7778/", "/nowhere/", "contacts/",
    ],
)  # fmt: skip
def test_no_way_back_but_to_a_list_of_ours(address: str, vera: Client) -> None:
    pages = [
        Page(vera.get(URL, {"from": address})),
        Page(vera.get(URL, headers={"Referer": address})),
    ]
    for page in pages:
        back = next(each for each in page.all("a") if each.text.startswith("←"))
        assert (back["href"], back.text) == ("/contacts/", "← All contacts")


def test_someone_who_was_deleted_elsewhere_is_forgotten(vera: Client, vendors: Vendors) -> None:
    vera.get(URL)
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    assert vera.get(URL).status_code == 404
    vendors.fault("slicktext", "down")
    assert "SlickText does not answer" in Page(vera.get(URL)).text
    assert "Marty" not in Page(vera.get(URL)).text


def test_not_connected(vera: Client, connect_only: Callable[[str], None]) -> None:
    connect_only("cloudcontactai")
    assert "SlickText is not connected" in Page(vera.get(URL)).text


def test_what_each_role_is_offered(vera: Client, edgar: Client, ada: Client, max_: Client) -> None:
    def offered(browser: Client) -> tuple[bool, ...]:
        page = Page(browser.get(URL))
        links = {each["href"] for each in page.all("a")}
        return (
            f"{URL}edit/" in links,
            page.switch()["aria-disabled"] is None,
            f"{URL}opt-in/" in links,
            f"{URL}delete/" in links,
        )

    assert offered(vera) == (False, False, False, False)
    assert offered(edgar) == (True, False, False, False)
    assert offered(ada) == (True, True, False, False)
    assert offered(max_) == (True, True, True, True)


def test_everything_is_escaped(
    vera: Client, vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    evil = "<img src=x onerror=alert(1)>"
    vendors.edit(
        MARTY, first_name=evil, address=evil, custom_fields={"favorite_store": evil}, city=evil
    )
    set_desired_state()
    page = Page(vera.get(URL))
    assert "<img" not in page.html
    assert evil in page.one("h1").text


def test_an_unknown_status_is_shown_as_it_is(vera: Client, vendors: Vendors) -> None:
    vendors.write("UPDATE contacts SET opt_in_status = 'on hold' WHERE contact_id = ?", MARTY)
    page = Page(vera.get(URL))
    assert page.all("li", class_="vendor")[0].text.startswith("SlickText: “on hold”")
    assert page.one("p", data_verdict="not_known")


def test_a_ledger_entry_of_ten_years_ago_has_its_time(
    vera: Client, set_desired_state: SetDesiredState
) -> None:
    with time_machine.travel(datetime(2016, 7, 1, 12, tzinfo=UTC), tick=False):
        set_desired_state()
    assert LedgerEntry.objects.get().at - datetime(2016, 7, 1, 12, tzinfo=UTC) < timedelta(1)
    assert "Jul 1, 2016, 8:00 AM EDT" in Page(vera.get(URL)).text
