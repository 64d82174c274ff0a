"""The table from the index: live or not, as of when, sorted, counted, any page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contacts_ui.models import IndexSync
from contacts_ui.services import index
from contacts_ui.services.index import Total, conditions
from contacts_ui.views.totals import pages_words, total_words
from tests.pages import Page
from tests.people import Vendors
from tests.services.index.people import person

from .index_people import index_people, ready, store_people
from .test_contact_list import URL, ids, query

pytestmark = pytest.mark.django_db
TYPING = {"HTTP_HX_REQUEST": "true"}


def test_a_ready_index_answers_and_no_vendor_is_asked(vera: Client, vendors: Vendors) -> None:
    store_people(5, at=timezone.now() - timedelta(seconds=12))
    ready()
    page = Page(vera.get(URL))
    assert ids(page) == [7000, 7001, 7002, 7003, 7004]
    assert "5 contacts" in page.text
    assert "updated just now" in page.text
    assert vendors.calls() == []


@pytest.mark.parametrize(("many", "offered"), [(25, False), (26, True)])
def test_page_sizes_only_where_they_change_something(
    many: int, offered: bool, vera: Client
) -> None:
    index_people(many)
    sizes = Page(vera.get(URL)).all("nav", aria_label="Rows per page")
    assert bool(sizes) is offered
    assert Page(vera.get(f"{URL}?size=25")).all("nav", aria_label="Rows per page") or not offered


def test_each_row_knows_when_it_was_read(vera: Client) -> None:
    store_people(5, at=timezone.now() - timedelta(hours=3))
    index_people(1)
    response = vera.get(URL)
    assert "updated 3 hours ago" in Page(response).text
    listing = response.context_data["listing"]
    assert (timezone.now() - listing["as_of"]) > timedelta(hours=2)


def test_read_live_is_one_press_and_so_is_the_way_back(vera: Client, vendors: Vendors) -> None:
    index_people()
    page = Page(vera.get(f"{URL}?city=Austin&sort=-name"))
    live = next(each for each in page.all("a") if each.text == "Read live")
    assert query(live["href"]) == {"city": ["Austin"], "live": ["1"]}
    page = Page(vera.get(str(live["href"])))
    assert [call["target"].split("?")[0] for call in vendors.calls()] == [
        "/v1/brands/26136/contacts"
    ]
    assert "Live" in page.text
    assert "hx-get" not in page.one("input", name="q").attributes
    back = next(each for each in page.all("a") if each.text == "Back to the index")
    assert query(back["href"]) == {"city": ["Austin"]}


def test_typing_brings_the_results_alone(vera: Client) -> None:
    index_people()
    whole = Page(vera.get(URL))
    box = whole.one("input", name="q")
    assert box["hx-trigger"] == "input changed delay:150ms"
    assert box["hx-replace-url"] == "true"
    assert box["placeholder"] == "Any part of a name, number, or email"
    part = Page(vera.get(f"{URL}?q=oneil", **TYPING))
    assert ids(part) == [7002]
    assert part.all("input", type="search") == []
    assert part.one("section", id="results")["data-announce"].startswith("1 contact.")


def test_the_query_language_goes_with_filters(vera: Client) -> None:
    index_people(10)
    assert ids(Page(vera.get(f"{URL}?q=city:austin+marty"))) == [7000]
    assert ids(Page(vera.get(f"{URL}?q=marty&city=Nashville"))) == [7005]
    assert Page(vera.get(URL)).one("button", popovertarget="search-help")
    assert "status:" in Page(vera.get(f"{URL}search-help/")).text


def test_headings_sort_up_then_down_then_not(vera: Client) -> None:
    index_people()
    page = Page(vera.get(URL))
    assert query(page.one("a", id="sort-name")["href"]) == {"sort": ["name"]}
    page = Page(vera.get(f"{URL}?sort=name"))
    assert ids(page) == [7004, 7001, 7000, 7002, 7003]
    assert [each.text for each in page.all("th", aria_sort="ascending")] == ["Name"]
    assert page.one("input", name="sort", form="finder")["value"] == "name"
    page = Page(vera.get(f"{URL}?sort=-name"))
    assert ids(page) == [7003, 7002, 7000, 7001, 7004]
    assert page.one("a", id="sort-name")["href"] == URL


def test_any_page_is_one_step_away(vera: Client) -> None:
    index_people(130)
    page = Page(vera.get(f"{URL}?size=25&offset=50"))
    assert page.one("input", name="page")["value"] == "3"
    assert "of 6" in page.text
    assert query(page.one("a", id="last-page")["href"])["offset"] == ["125"]
    response = vera.get(f"{URL}?size=25&page=6")
    assert response.status_code == 302
    assert query(response["Location"]) == {"size": ["25"], "offset": ["125"]}
    assert len(ids(Page(vera.get(response["Location"])))) == 5


@pytest.mark.parametrize("typed", ["", "0", "-3", "two", "1"])
def test_a_page_number_without_sense_is_the_first_page(typed: str, vera: Client) -> None:
    assert vera.get(f"{URL}?page={typed}")["Location"] == URL


def test_a_page_number_behind_the_end_is_the_last_page(vera: Client) -> None:
    index_people(130)
    response = vera.get(f"{URL}?size=25&page=900", follow=True)
    assert query(response.redirect_chain[0][0]) == {"size": ["25"], "offset": ["125"]}
    page = Page(response)
    assert "There is no page 900. This is the last one, page 6." in page.text
    assert len(ids(page)) == 5


def test_from_behind_the_end_the_last_page_is_one_press_away(vera: Client) -> None:
    index_people(130)
    page = Page(vera.get(f"{URL}?size=25&offset=500"))
    last = next(each for each in page.all("a") if each.text == "Go to the last page")
    assert query(last["href"])["offset"] == ["125"]


def test_one_page_needs_no_jump(vera: Client) -> None:
    index_people(5)
    assert not Page(vera.get(URL)).all("input", name="page")


def test_export_keeps_the_view_and_import_is_offered_to_who_may(vera: Client, max_: Client) -> None:
    index_people(130)
    page = Page(max_.get(f"{URL}?q=marty&city=Austin&offset=0&live="))
    export = next(each for each in page.all("a") if each.text == "Export")
    assert export["href"].startswith("/contacts/export/")
    assert query(export["href"]) == {"q": ["marty"], "city": ["Austin"]}
    assert [each["href"] for each in page.all("a") if each.text == "Import"] == [
        "/contacts/import/"
    ]
    text = [each.text for each in Page(vera.get(URL)).all("a")]
    assert "Export" not in text
    assert "Import" not in text


def test_a_page_behind_the_end_says_so(vera: Client) -> None:
    index_people(5)
    page = Page(vera.get(f"{URL}?offset=500"))
    assert "The list ends before this page" in page.text
    assert "There are 5 contacts" in page.text


@pytest.mark.parametrize("typed", ["+1 615 555 9999", "99123", "new@example.org"])
def test_who_may_be_new_can_be_asked_for_at_slicktext(
    typed: str, vera: Client, vendors: Vendors
) -> None:
    index_people(1)
    page = Page(vera.get(URL, {"q": typed}))
    assert query(next(e for e in page.all("a") if e.text == "Ask SlickText")["href"]) == {
        "q": [typed],
        "live": ["1"],
    }
    assert vendors.calls() == []


def test_a_name_that_no_one_has_is_not_asked_for(vera: Client) -> None:
    index_people(1)
    page = Page(vera.get(URL, {"q": "Zyxwvut Qponml"}))
    assert "No contacts found" in page.text
    assert "Ask SlickText" not in page.text


def test_a_vendor_that_is_down_changes_nothing(vera: Client, vendors: Vendors) -> None:
    index_people()
    vendors.fault("slicktext", "down")
    page = Page(vera.get(URL))
    assert len(ids(page)) == 5
    assert "SlickText is" not in page.text


def test_while_the_index_is_built_slicktext_answers(vera: Client, vendors: Vendors) -> None:
    now = timezone.now()
    IndexSync.objects.create(pk=1, started_at=now, next_at=now, offset=450, total=1000)
    page = Page(vera.get(URL))
    assert "The index is being built: 45%" in page.text
    assert len(vendors.calls()) == 1
    assert "hx-get" not in page.one("input", name="q").attributes


def test_switched_off_it_is_as_if_there_were_none(
    vera: Client, vendors: Vendors, settings: object
) -> None:
    index_people()
    settings.CONTACT_INDEX = False  # type: ignore[attr-defined]
    page = Page(vera.get(f"{URL}?sort=name"))
    assert len(vendors.calls()) == 1
    assert "Read live" not in page.text
    assert page.all("a", class_="sort") == []


@pytest.mark.parametrize(
    ("total", "words"),
    [
        (Total(12_345), "12,345"),
        (Total(conditions.COUNT_MAX, exact=False), "more than 1,000"),
        (Total(623_411, exact=False), "about 620,000"),
        (Total(0), "0"),
    ],
)
def test_totals_claim_no_more_than_was_counted(total: Total, words: str) -> None:
    assert total_words(total) == words


@pytest.mark.parametrize(
    ("total", "words"),
    [
        (Total(12_345), "247"),
        (Total(conditions.COUNT_MAX, exact=False), "more than 20"),
        (Total(623_411, exact=False), "about 12,000"),
        (Total(0), "1"),
    ],
)
def test_the_pager_counts_pages_and_not_contacts(total: Total, words: str) -> None:
    assert pages_words(total, 50) == words


def test_about_as_many_promises_no_page_behind_the_last(
    vera: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_people(30)
    monkeypatch.setattr(conditions, "count", lambda of: Total(2_000, exact=False))
    first = Page(vera.get(f"{URL}?q=example&size=25"))
    assert len(ids(first)) == 25
    second = Page(vera.get(_link(first, "Next")))
    assert len(ids(second)) == 5
    assert "Next" not in [each.text for each in second.all("a")]


def _link(page: Page, text: str) -> str:
    return str(next(each for each in page.all("a") if each.text == text)["href"])


def test_no_one_is_shown_twice_or_skipped_while_people_come(vera: Client) -> None:
    index_people(130)
    first = Page(vera.get(f"{URL}?size=25&sort=contact_id"))
    # Somebody new stands before all others.
    index.store([person(1, "Ann New")], timezone.now())
    second = Page(vera.get(_link(first, "Next")))
    third = Page(vera.get(_link(second, "Next")))
    assert [*ids(first), *ids(second), *ids(third)] == list(range(7000, 7075))
    assert query(_link(third, "Next"))["offset"] == ["75"]
    index.store([person(2, "Ben New")], timezone.now())
    assert ids(Page(vera.get(_link(third, "Previous")))) == ids(second)
    assert query(_link(second, "Previous")) == {"size": ["25"], "sort": ["contact_id"]}


def test_a_next_page_is_offered_also_where_many_went(vera: Client) -> None:
    index_people(60)
    first = Page(vera.get(f"{URL}?size=25&sort=contact_id"))
    for key in range(7000, 7020):
        index.remove(key)
    second = Page(vera.get(_link(first, "Next")))
    third = Page(vera.get(_link(second, "Next")))
    assert [*ids(second), *ids(third)] == list(range(7025, 7060))
    assert "Next" not in [each.text for each in third.all("a")]
    for key in range(7020, 7030):
        index.remove(key)
    # Fewer than a page are left in front of the third: it is the first page, and whole.
    back = Page(vera.get(_link(third, "Previous")))
    assert ids(back) == list(range(7030, 7055))


def test_a_token_goes_with_its_order_alone(vera: Client) -> None:
    index_people(60)
    first = Page(vera.get(f"{URL}?size=25&sort=contact_id"))
    second = Page(vera.get(_link(first, "Next")))
    assert "after" not in query(str(second.one("a", id="sort-name")["href"]))
    assert "after" not in query(_link(second, "Read live"))
    assert not [each for each in second.all("input") if each.attributes.get("name") == "after"]
    for token in ("nonsense", "W10", "é", "a" * 3000):
        page = vera.get(URL, {"size": 25, "sort": "contact_id", "offset": 25, "after": token})
        assert ids(Page(page)) == ids(second)
