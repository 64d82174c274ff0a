"""A contact while SlickText cannot be read: the newest copy, at once, with its age, and never more than it knows."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from contacts_ui.models import DesiredState, Vendor, VendorHealth
from contacts_ui.services import index
from contacts_ui.services.contacts import last_known
from contacts_ui.services.vendors import forget_connections
from tests.pages import Page
from tests.people import MARTY, MARTY_NUMBER, Vendors
from tests.services.index.people import person

from .index_people import ready

pytestmark = pytest.mark.django_db
URL = f"/contacts/{MARTY}/"
HOUR = timedelta(hours=1)


def marty(**facts: str) -> None:
    """The index knows Marty since an hour ago, and everyone else."""
    ready()
    known = {"city": "Austin", "opt_in_status": "subscribed", **facts}
    index.store([person(MARTY, "Marty McFly", MARTY_NUMBER, **known)], timezone.now() - HOUR)


def labels(page: Page) -> list[str]:
    return [each.text for each in page.all("dt")]


def verdict(page: Page) -> str:
    return page.one("p", class_="verdict").text


def everyone_saw_it_fail(seconds_ago: int = 5) -> None:
    """Another process wrote down that SlickText is down."""
    at = timezone.now() - timedelta(seconds=seconds_ago)
    VendorHealth.objects.update_or_create(
        vendor=Vendor.SLICKTEXT,
        defaults={
            "up": False,
            "since": at,
            "checked_at": at,
            "last_error": "SlickText has a problem on its side right now.",
        },
    )
    cache.delete("system_state")


def test_the_index_has_the_contact_that_no_one_opened_before(ada: Client, vendors: Vendors) -> None:
    marty()
    vendors.fault("slicktext", "down")
    page = Page(ada.get(URL))
    assert page.one("h1").text == "Marty McFly"
    assert "SlickText does not answer" in page.text
    assert "This is our own copy, updated 1 hour ago" in page.text
    assert verdict(page) == "May text"


def test_what_the_index_does_not_keep_is_not_called_empty(ada: Client, vendors: Vendors) -> None:
    marty()
    vendors.fault("slicktext", "down")
    page = Page(ada.get(URL))
    assert "It holds no birth date, carrier, street address, sub-source." in page.text
    assert not {"Birth date", "Carrier", "Street address", "Sub-source"} & set(labels(page))
    assert "City" in labels(page)


def test_once_it_is_known_to_fail_no_one_waits_for_it(ada: Client, vendors: Vendors) -> None:
    marty()
    everyone_saw_it_fail()
    page = Page(ada.get(URL))
    assert vendors.asked() == []
    assert "SlickText has a problem on its side right now." in page.text
    live = next(each for each in page.all("a") if each.text == "Read live")
    assert live["href"] == f"{URL}?live=1"
    page = Page(ada.get(live["href"] or ""))
    assert vendors.asked() == ["slicktext GET"]
    assert "our own copy" not in page.text


def test_news_of_a_failure_that_is_old_is_no_reason_not_to_ask(
    ada: Client, vendors: Vendors
) -> None:
    marty()
    everyone_saw_it_fail(seconds_ago=120)
    assert "our own copy" not in Page(ada.get(URL)).text
    assert vendors.asked() == ["slicktext GET"]


def test_without_a_copy_it_is_asked_anyway(ada: Client) -> None:
    everyone_saw_it_fail()
    assert Page(ada.get(URL)).one("h1").text == "Marty McFly"


def test_a_stop_from_a_copy_needs_no_reading(
    ada: Client, vendors: Vendors, deliver_in_this_thread: None
) -> None:
    marty()
    everyone_saw_it_fail()
    form = Page(ada.get(URL)).form(action=f"{URL}do-not-text/")
    assert ada.post(f"{URL}do-not-text/", form).status_code == 302
    assert DesiredState.objects.filter(number=MARTY_NUMBER, do_not_text=True).count() == 2
    assert vendors.status() == "unsubscribed"
    assert vendors.stopped() is True
    assert "GET" not in " ".join(vendors.asked())


def test_the_newer_of_two_copies_is_shown(ada: Client, vendors: Vendors) -> None:
    ada.get(URL)
    ready()
    later = timezone.now() + timedelta(seconds=1)
    index.store([person(MARTY, "Martin McFly", MARTY_NUMBER, opt_in_status="blocked")], later)
    vendors.fault("slicktext", "down")
    page = Page(ada.get(URL))
    assert page.one("h1").text == "Martin McFly"
    assert verdict(page) == "Do not text"


def test_the_whole_copy_is_shown_where_the_index_knows_nothing_newer(
    ada: Client, vendors: Vendors
) -> None:
    ready()
    ada.get(URL)
    vendors.fault("slicktext", "down")
    page = Page(ada.get(URL))
    assert "Street address" in labels(page)
    assert "It holds no" not in page.text
    assert verdict(page) == "May text"


def test_a_person_that_the_index_has_come_to_doubt_is_not_textable(
    ada: Client, vendors: Vendors
) -> None:
    """Their number was read as another person's, who is stopped: they were deleted and created again."""
    ready()
    ada.get(URL)
    again_read = person(7999, "Marty McFly", MARTY_NUMBER, opt_in_status="unsubscribed")
    index.store([again_read], timezone.now() + timedelta(seconds=1))
    vendors.fault("slicktext", "down")
    assert verdict(Page(ada.get(URL))) == "Not known"


def test_a_person_that_the_index_has_forgotten_is_not_textable(
    ada: Client, vendors: Vendors
) -> None:
    ready()
    ada.get(URL)
    index.remove(MARTY)
    assert last_known.contact(MARTY)
    vendors.fault("slicktext", "down")
    assert verdict(Page(ada.get(URL))) == "Not known"


def test_the_index_of_another_account_is_not_asked(ada: Client, vendors: Vendors) -> None:
    marty()
    ready(account="of somebody else")
    vendors.fault("slicktext", "down")
    page = Page(ada.get(URL))
    assert "SlickText does not answer" in page.text
    assert "Marty" not in page.text


def test_the_edit_form_leaves_out_what_the_copy_does_not_hold(
    edgar: Client, vendors: Vendors
) -> None:
    marty(city="Hill Valley")
    everyone_saw_it_fail()
    page = Page(edgar.get(f"{URL}edit/"))
    assert vendors.asked() == []
    assert "You can save when SlickText answers" in page.text
    assert not page.all("input", name="address")
    assert not page.all("input", name="birthdate")
    form = page.form(city="Nashville")
    vendors.fault("slicktext", "down")
    page = Page(edgar.post(f"{URL}edit/", form))
    assert page.form()["city"] == "Nashville"
    assert not page.all("input", name="address"), "an empty one would be a claim"
    vendors.clear_faults()
    before = vendors.contact() or {}
    response = edgar.post(f"{URL}edit/", page.form())
    assert response.status_code == 302
    after = vendors.contact() or {}
    assert after["city"] == "Nashville"
    assert after["address"] == before["address"]
    assert after["birthdate"] == before["birthdate"]


def test_what_the_copy_did_not_hold_was_changed_by_no_one(edgar: Client, vendors: Vendors) -> None:
    marty(city="Hill Valley")
    everyone_saw_it_fail()
    form = Page(edgar.get(f"{URL}edit/")).form(city="Nashville")
    forget_connections()
    vendors.edit(city="Memphis", address="9303 Lyon Drive")
    response = edgar.post(f"{URL}edit/", form)
    page = Page(response)
    assert response.status_code == 409
    assert "Email: none → marty@slicktext.com" in page.text
    assert "Street address: none" not in page.text
    again = page.form(resolve_city="mine")
    assert again["address"] == "9303 Lyon Drive"
    assert edgar.post(f"{URL}edit/", again).status_code == 302
    after = vendors.contact() or {}
    assert (after["city"], after["address"]) == ("Nashville", "9303 Lyon Drive")


def test_a_bulk_selection_waits_for_no_one_either(max_: Client, vendors: Vendors) -> None:
    marty()
    everyone_saw_it_fail()
    forget_connections()
    response = max_.post("/jobs/new/", {"scope": "ticked", "kind": "stop", "ids": [str(MARTY)]})
    assert response.status_code == 302
    assert vendors.asked() == []
