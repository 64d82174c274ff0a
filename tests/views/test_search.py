"""*Search contacts*: a number, an email, an id or a name, in any spelling."""

from dataclasses import replace

import pytest
from django.test import Client

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.types import Malformed
from contacts_ui.services.contacts.listing import EMPTY_PAGE
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, UNKNOWN_ID, Vendors

from .test_contact_list import ids, query

pytestmark = pytest.mark.django_db
URL = "/contacts/"


def search(client: Client, typed: str, **more: str) -> Page:
    return Page(client.get(URL, {"q": typed, **more}))


BY_NUMBER = "Found by the number (615) 555-3338."
BY_EMAIL = "Found by the email marty@slicktext.com."


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        *((typed, BY_NUMBER) for typed in ("+16155553338", "6155553338", " (615) 555-3338 ")),
        *((typed, BY_NUMBER) for typed in ("001 615 555 3338", "６１５-555-3338")),
        *((typed, BY_EMAIL) for typed in ("Marty@SlickText.com", " marty@slicktext.com")),
        *((typed, f"Found by the id {MARTY}.") for typed in (str(MARTY), f"#{MARTY}")),
    ],
)
def test_a_number_an_email_and_an_id(
    typed: str, found: str, vera: Client, vendors: Vendors
) -> None:
    page = search(vera, typed)
    assert ids(page) == [MARTY]
    assert found in page.text
    assert len(vendors.calls()) == 1 or found != BY_NUMBER


@pytest.mark.parametrize(
    ("first", "last", "typed"),
    [
        ("Marty", "McFly", "marty mcfly"),
        ("Marty", "McFly", "MARTY MCFLY"),
        ("Marty", "McFly", "Marty McFly"),
        ("Marty", "McFly", "McFly, Marty"),
        ("Marty", "McFly", "mcfly marty"),
        ("Marty", "McFly", "  marty   mcfly "),
        ("Conan", "O'Brien", "conan o'brien"),
        ("Conan", "O'Brien", "o'brien, conan"),
        ("Juan", "de la Cruz", "juan de la cruz"),
        ("Juan", "de la Cruz", "JUAN DE LA CRUZ"),
        ("Mary Ann", "Smith", "mary ann smith"),
        ("Jean-Luc", "Picard", "jean-luc picard"),
        ("Élodie", "Nuñez", "élodie nuñez"),
        ("Ludwig", "van der Berg", "ludwig van der berg"),
        ("LaToya", "VanBuren", "LaToya VanBuren"),
    ],
)
def test_a_name_in_any_capitals(
    first: str, last: str, typed: str, vera: Client, vendors: Vendors
) -> None:
    found = MARTY
    if (first, last) != ("Marty", "McFly"):
        vendors.write("DELETE FROM contacts WHERE contact_id > ?", MARTY)
        found = vendors.create(DOC_NUMBER, first_name=first, last_name=last)
    page = search(vera, typed)
    assert ids(page) == [found]
    assert f"Found by {first} {last}. SlickText's search is case-sensitive" in page.text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("marty", "Found by the first name Marty."),
        ("mcfly", "Found by the last name McFly."),
        ("MCFLY", "Found by the last name McFly."),
    ],
)
def test_one_name_alone(typed: str, words: str, vera: Client, vendors: Vendors) -> None:
    vendors.write("DELETE FROM contacts WHERE contact_id > ?", MARTY)
    page = search(vera, typed)
    assert ids(page) == [MARTY]
    assert words in page.text


def test_a_name_that_is_first_and_last_finds_both(vera: Client, vendors: Vendors) -> None:
    first = vendors.create(DOC_NUMBER, first_name="Quentin", last_name="Smith")
    last = vendors.create("+16155550124", first_name="Ann", last_name="Quentin")
    page = search(vera, "quentin")
    assert ids(page) == [first, last]
    assert "the first name Quentin or the last name Quentin" in page.text


def test_two_readings_with_more_than_fits_can_be_seen_each(vera: Client, vendors: Vendors) -> None:
    for n in range(30):
        vendors.create(f"+1615555{n:04d}", first_name="Quentin")
        vendors.create(f"+1615556{n:04d}", last_name="Quentin")
    page = search(vera, "quentin", size="25")
    assert page.all("a", rel="next") == []
    links = {each.text: each["href"] for each in page.all("a") if "Everyone with" in each.text}
    assert list(links) == [
        "Everyone with the first name Quentin",
        "Everyone with the last name Quentin",
    ]
    vendors.forget_calls()
    one = Page(vera.get(links["Everyone with the last name Quentin"]))
    assert len(ids(one)) == 25
    assert len(vendors.calls()) == 1
    onward = Page(vera.get(one.one("a", rel="next")["href"]))
    assert len(ids(onward)) == 5
    assert query(onward.one("a", rel="prev")["href"])["reading"]


def test_a_name_with_filters(vera: Client) -> None:
    assert ids(search(vera, "marty mcfly", state="CA")) == [MARTY]
    assert ids(search(vera, "marty mcfly", state="TN")) == []


def test_a_number_that_no_one_has_can_be_created(edgar: Client) -> None:
    page = search(edgar, "(615) 555-0123")
    assert "No contacts found" in page.text
    assert "No contact matches “(615) 555-0123”" in page.text
    link = next(each for each in page.all("a") if each.text == "New contact with this number")
    assert link["href"] == "/contacts/new/?number=%2B16155550123"


def test_viewers_are_not_offered_to_create(vera: Client) -> None:
    assert "New contact with this number" not in search(vera, "(615) 555-0123").text


@pytest.mark.parametrize(
    "typed",
    ["nobody nowhere", "zzz", "nobody@nowhere.example", str(UNKNOWN_ID), "1" * 25, "+", "?!"],
)
def test_no_one_found(typed: str, vera: Client) -> None:
    page = search(vera, typed)
    assert "No contacts found" in page.text
    assert ids(page) == []


def test_a_search_tries_only_so_often(vera: Client, vendors: Vendors) -> None:
    search(vera, "aaa bbb ccc ddd eee")
    assert len(vendors.calls()) <= 8


def test_what_was_typed_stays_in_the_box_escaped(vera: Client) -> None:
    page = search(vera, "<script>alert(1)</script>")
    assert "<script>alert" not in page.html
    assert page.one("input", name="q")["value"] == "<script>alert(1)</script>"
    assert search(vera, "marty  mcfly").one("input", name="q")["value"] == "marty  mcfly"


def test_a_search_while_the_vendor_is_down(vera: Client, vendors: Vendors) -> None:
    search(vera, "marty mcfly")
    vendors.fault("slicktext", "down")
    page = search(vera, "marty mcfly")
    assert ids(page) == [MARTY]
    assert "Old page" in page.text


def test_contacts_that_do_not_match_are_not_shown(
    vera: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor that passes over a filter sends the first fifty of all: strangers, to be stopped by mistake."""
    listed = slicktext.list_contacts
    monkeypatch.setattr(
        slicktext, "list_contacts", lambda conn, **asked: listed(conn, **asked | {"filters": {}})
    )
    page = search(vera, DOC_NUMBER)
    assert ids(page) == []
    assert "SlickText sent an answer that we could not read." in page.text
    assert "No contacts found" not in page.text


def test_a_page_that_no_one_can_read_is_not_kept_for_later(
    vera: Client, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ids(Page(vera.get(URL)))
    torn = replace(EMPTY_PAGE, malformed=(Malformed(0, None, "an object expected"),), received=1)
    with monkeypatch.context() as patch:
        patch.setattr(slicktext, "list_contacts", lambda *_, **__: torn)
        assert not ids(Page(vera.get(URL, {"live": "1"})))
    vendors.fault("slicktext", "down")
    assert MARTY in ids(Page(vera.get(URL, {"live": "1"})))
