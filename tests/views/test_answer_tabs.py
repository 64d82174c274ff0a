"""The tabs above the table, one for each answer: what they count, what they keep, and what they never hide."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from contacts_ui.models import Job, SavedView, WebhookEvent
from contacts_ui.services import index
from contacts_ui.services.index import counts
from tests.pages import Element, Page
from tests.people import Vendors
from tests.services.index.people import person

from .index_people import index_people, ready
from .test_contact_list import URL, ids, query

pytestmark = pytest.mark.django_db
STATUSES = ("subscribed", "subscribed", "unsubscribed", "not subscribed", "pending")


@pytest.fixture
def _people() -> None:
    index.store(
        [
            person(
                7000 + n,
                f"Ann Lee{n}",
                state=("TX", "TN")[n % 2],
                country="US",
                opt_in_status=STATUSES[n % 5],
            )
            for n in range(10)
        ],
        timezone.now(),
    )
    ready()


def links(page: Page) -> list[Element]:
    nav = page.one("nav", aria_label="May we text?")
    return [each for each in page.all("a") if each.inside(nav)]


def tabs(page: Page) -> dict[str, str]:
    """The name and count of each tab, and its address."""
    return {each.text: str(each["href"]) for each in links(page)}


def current(page: Page) -> list[str]:
    return [each.text for each in links(page) if each["aria-current"] == "page"]


def options(page: Page, name: str) -> list[Element]:
    menu = page.one("select", name=name)
    return [each for each in page.all("option") if each.inside(menu)]


@pytest.mark.usefixtures("_people")
def test_each_tab_shows_its_answer_and_all_counts(vera: Client, vendors: Vendors) -> None:
    page = Page(vera.get(URL))
    assert list(tabs(page)) == [
        "All 10", "May text 4", "Do not text 2", "Not subscribed 2", "Not known 2", "Disagree 0",
    ]  # fmt: skip
    assert current(page) == ["All 10"]
    page = Page(vera.get(tabs(page)["Do not text 2"]))
    assert ids(page) == [7002, 7007]
    assert current(page) == ["Do not text 2"]
    assert "2 contacts" in page.text
    assert query(tabs(page)["All 10"]) == {}
    assert vendors.calls() == []


@pytest.mark.usefixtures("_people")
def test_managers_also_see_what_needs_attention(max_: Client) -> None:
    now = timezone.now()
    event = {"event": "contact.updated", "body": {}, "received_at": now, "needs_decision": True}
    WebhookEvent.objects.create(vendor="slicktext", key="1", **event)
    cache.clear()
    assert tabs(Page(max_.get(URL)))["Needs attention 1"] == "/attention/"


@pytest.mark.usefixtures("_people")
def test_an_empty_tab_does_not_say_that_there_are_no_contacts(vera: Client) -> None:
    page = Page(vera.get(f"{URL}?may=disagree"))
    assert "no contact has this answer" in page.text
    assert "No contacts yet" not in page.text
    assert current(page) == ["Disagree 0"]


@pytest.mark.usefixtures("_people")
def test_tabs_keep_the_search_and_count_within_it(vera: Client) -> None:
    page = Page(vera.get(f"{URL}?q=lee&state=tx&sort=-name&offset=0"))
    assert list(tabs(page))[:3] == ["All 5", "May text 2", "Do not text 1"]
    address = tabs(page)["Do not text 1"]
    assert query(address) == {"q": ["lee"], "state": ["tx"], "sort": ["-name"], "may": ["no"]}
    page = Page(vera.get(address))
    assert ids(page) == [7002]
    kept = page.one("input", name="may")
    assert (kept["value"], kept["form"]) == ("no", "finder"), "the next search stays on the tab"


@pytest.mark.usefixtures("_people")
def test_a_typed_answer_is_the_tab(vera: Client) -> None:
    page = Page(vera.get(f"{URL}?q=may:no+lee"))
    assert ids(page) == [7002, 7007]
    assert current(page) == ["Do not text 2"]
    assert query(tabs(page)["All 10"]) == {"q": ["lee"]}


@pytest.mark.usefixtures("_people")
def test_a_count_that_is_not_known_is_left_out(
    vera: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RANKED_MAX", "COUNT_MAX"):
        monkeypatch.setattr(f"contacts_ui.services.index.conditions.{name}", 3)
    assert list(tabs(Page(vera.get(f"{URL}?q=lee"))))[:2] == ["All", "May text"]


def test_without_the_index_there_are_no_tabs_and_no_wrong_answer(
    vera: Client, vendors: Vendors
) -> None:
    page = Page(vera.get(f"{URL}?may=no&stopped=today"))
    assert page.all("nav", aria_label="May we text?") == []
    assert "SlickText can't filter by the answer" in page.text
    assert len(ids(page)) == 50
    assert "may" not in vendors.calls()[0]["target"]


@pytest.mark.usefixtures("_people")
def test_filters_are_menus_of_what_there_is(vera: Client) -> None:
    page = Page(vera.get(f"{URL}filters/?state=tx"))
    states = options(page, "state")
    assert [(each.text, each["value"]) for each in states] == [
        ("Any", ""), ("TN", "TN"), ("TX", "tx"),
    ]  # fmt: skip
    assert "selected" in states[2].attributes
    page = Page(vera.get(f"{URL}filters/?state=Ohio"))
    assert options(page, "state")[-1].text == "Ohio"
    assert page.all("select", name="source") == [], "nobody has one"
    assert page.one("input", name="source")["type"] == "text"


def test_more_values_than_a_menu_holds_are_typed(
    vera: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "VALUES_MAX", 3)
    index_people(1)
    index.store([person(n, state=f"S{n}", country=f"C{n % 3}") for n in range(5)], timezone.now())
    values = index.values_in_use()
    assert (values["state"], values["country"]) == ([], ["C0", "C1", "C2"])


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize("typed", ["soon", "2026-11-31"])
def test_what_is_no_day_is_said_and_asked_of_no_one(typed: str, vera: Client) -> None:
    page = Page(vera.get(f"{URL}?stopped={typed}"))
    assert "Texts stopped: Use today" in page.text


@pytest.mark.usefixtures("_people")
def test_a_view_and_a_job_keep_the_answer(vera: Client, max_: Client) -> None:
    max_.post("/contacts/views/new/", {"name": "Stopped", "view": "may=no&offset=50"})
    assert SavedView.objects.get().query == "may=no"
    page = Page(vera.get(f"{URL}?may=no"))
    assert "Save this view" in page.text
    max_.post("/jobs/new/", {"kind": "stop", "scope": "all", "view": "may=no"})
    assert Job.objects.get().total == 2


@pytest.mark.usefixtures("_people")
def test_the_day_of_the_stop_can_be_a_column(vera: Client) -> None:
    at = timezone.localtime()
    index.store(
        [person(7002, opt_in_status="unsubscribed", last_opt_in_status_change=at)], timezone.now()
    )
    vera.post(f"{URL}columns/", {"columns": ["stopped"]})
    page = Page(vera.get(f"{URL}?stopped=today"))
    assert ids(page) == [7002]
    assert f"{at:%b} {at.day}, {at.year}" in page.text
