"""The managers' home: what it counts, where each number leads, and what it costs."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.models import OptOut, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services.review.opt_outs import not_completed_counts
from contacts_ui.services.review.overview import BARS_MAX, days_in_a_bucket, overview
from contacts_ui.views.overview import share
from contacts_ui.views.plots import Column, columns_plot, line_plot, steps_plot
from tests.opt_outs import NUMBERS, answer, ask
from tests.pages import Page
from tests.people import Vendors
from tests.views.index_people import index_people

pytestmark = pytest.mark.django_db
MARCH = {"first": date(2026, 3, 1), "last": date(2026, 3, 31)}


@pytest.fixture(autouse=True)
def _a_wednesday() -> Iterator[None]:
    """Far from holidays, so that thirteen days ago always means the same due date."""
    with time_machine.travel("2026-03-18T15:00:00Z"):
        yield


def honour(row: OptOut, seconds: float) -> None:
    OptOut.objects.filter(pk=row.pk).update(
        state="honoured",
        seconds_to_complete=seconds,
        completed_at=row.asked_at + timedelta(seconds=seconds),
    )


def page_of(client: Client, query: str = "") -> Page:
    response = client.get(f"/overview/{query}")
    assert response.status_code == 200
    return Page(response)


def asked(agent: User, count: int, *moments: datetime) -> list[OptOut]:
    return [
        ask(agent, NUMBERS[count + index], asked_at=moment) for index, moment in enumerate(moments)
    ]


def figures(page: Page) -> dict[str, tuple[str, str]]:
    """Each number on the page, by its label, with where it leads."""
    found = {}
    for link in page.all("a"):
        spans = [each.text for each in page.all("span", class_="figure-label") if each.inside(link)]
        if spans:
            (value,) = (each.text for each in page.all("strong") if each.inside(link))
            found[spans[0]] = (value, str(link["href"]))
    return found


@pytest.mark.parametrize("role", ["vera", "edgar"])
def test_others_begin_with_the_contacts(
    role: str, request: pytest.FixtureRequest, vendors: Vendors
) -> None:
    browser: Client = request.getfixturevalue(role)
    assert browser.get("/")["Location"] == "/contacts/"
    page = Page(browser.get("/contacts/"))
    assert not page.all("a", href="/overview/")
    assert not page.all("a", href="/opt-outs/")


def test_managers_begin_with_the_overview(max_: Client) -> None:
    assert max_.get("/")["Location"] == "/overview/"
    page = page_of(max_)
    assert page.one("a", href="/overview/", aria_current="page").text == "Overview"
    assert "Opt-outs" in [each.text for each in page.all("a", href="/opt-outs/")]


def test_an_empty_dashboard_says_so_without_zeros(max_: Client) -> None:
    page = page_of(max_)
    assert "Nothing needs a decision" in page.text
    assert "No opt-outs on these days" in page.text
    assert figures(page) == {}


def test_a_fresh_install_counts_who_may_be_texted(max_: Client) -> None:
    index_people(5)
    page = page_of(max_)
    value, address = figures(page)["May text"]
    assert value == "5"
    assert "100.0% of 5" in page.text
    assert address == "/contacts/?may=yes"


def test_each_number_leads_to_as_many_rows(max_: Client, agent: User) -> None:
    now = timezone.now()
    rows = asked(agent, 0, *[now - timedelta(days=days) for days in (40, 13, 5, 4, 3, 2, 1)])
    for row in rows[3:6]:
        answer(row.number)
    answer(rows[2].number, Vendor.SLICKTEXT, state=DeliveryState.REFUSED)
    OptOut.objects.filter(pk=rows[5].pk).update(state="lifted")
    numbers = figures(page_of(max_))
    expected = {
        "Opt-outs past due": 1,
        "Opt-outs due soon": 1,
        "Opt-outs to review": 7,
        "Opt-outs": 6,
        "Lifted": 1,
    }
    page = page_of(max_)
    for head in (each for each in page.all("div", class_="inbox-head")):
        (title,) = (each.text for each in page.all("h3") if each.inside(head))
        (link,) = (each for each in page.all("a") if each.inside(head))
        numbers[title.rsplit(" ", 1)[0]] = (title.rsplit(" ", 1)[1], str(link["href"]))
    for label, many in expected.items():
        value, address = numbers[label]
        assert value == str(many), label
        shown = Page(max_.get(address)).all("th", class_="who")
        assert len(shown) == many, label


def test_median_and_worst(max_: Client, agent: User) -> None:
    now = timezone.now()
    for index, seconds in enumerate((2, 4, 60, 86400)):
        honour(ask(agent, NUMBERS[index], asked_at=now - timedelta(days=3)), seconds)
    ask(agent, NUMBERS[9])
    numbers = figures(page_of(max_))
    assert numbers["Median time to complete"][0] == "32 seconds"
    assert numbers["Longest time to complete"][0] == "1 day"
    slowest = Page(max_.get(numbers["Longest time to complete"][1]))
    assert "In 1 day" in slowest.all("tr")[1].text


def test_repairs_and_imports_are_no_requests(agent: User) -> None:
    ask(agent, NUMBERS[0], asked_at=timezone.now() - timedelta(days=20), by_person=False)
    ask(agent, NUMBERS[1])
    today = timezone.localdate()
    assert overview(first=today - timedelta(days=30), last=today).asked == 1
    # They also have a deadline.
    assert not_completed_counts()["overdue"] == 1


def test_the_median_of_an_odd_number(agent: User) -> None:
    for index, seconds in enumerate((100.0, 1.0, 7.0)):
        honour(ask(agent, NUMBERS[index]), seconds)
    today = timezone.localdate()
    assert overview(first=today, last=today).median_seconds == 7


def test_the_steps(agent: User) -> None:
    for index, seconds in enumerate((1, 10, 11, 60, 3600, 86400, 86401, 40 * 86400)):
        honour(ask(agent, NUMBERS[index]), seconds)
    today = timezone.localdate()
    steps = overview(first=today, last=today).steps
    assert [step.number for step in steps] == [2, 2, 1, 1, 1, 1]


def test_a_day_is_a_day_in_the_readers_zone(agent: User) -> None:
    asked(
        agent,
        0,
        datetime(2026, 3, 2, 4, 59, tzinfo=UTC),
        datetime(2026, 3, 2, 5, 0, tzinfo=UTC),
        datetime(2026, 4, 1, 3, 59, tzinfo=UTC),
        datetime(2026, 4, 1, 4, 0, tzinfo=UTC),
    )
    with timezone.override("America/New_York"):
        days = {each.first.day: each.asked for each in overview(**MARCH).buckets if each.asked}
    assert days == {1: 1, 2: 1, 31: 1}
    with timezone.override("UTC"):
        days = {each.first.day: each.asked for each in overview(**MARCH).buckets if each.asked}
    assert days == {2: 2}


def test_the_day_on_which_clocks_change(agent: User) -> None:
    """8 March 2026 has 23 hours in New York, 1 November 25."""
    asked(
        agent,
        0,
        datetime(2026, 3, 9, 3, 30, tzinfo=UTC),
        datetime(2026, 3, 9, 4, 30, tzinfo=UTC),
        datetime(2026, 11, 2, 4, 30, tzinfo=UTC),
    )
    with timezone.override("America/New_York"):
        march = overview(**MARCH).buckets
        november = overview(first=date(2026, 11, 1), last=date(2026, 11, 2)).buckets
    assert [march[7].asked, march[8].asked] == [1, 1]
    assert [each.asked for each in november] == [1, 0]


@pytest.mark.parametrize("days", [1, 7, 30, 62, 63, 90, 365, 434, 435, 3000, 12000])
def test_every_day_is_in_one_bucket_and_there_are_not_too_many(days: int) -> None:
    last = date(2026, 3, 31)
    first = last - timedelta(days=days - 1)
    buckets = overview(first=first, last=last).buckets
    assert len(buckets) <= BARS_MAX + 1
    assert (buckets[0].first, buckets[-1].last) == (first, last)
    for one, next_one in pairwise(buckets):
        assert next_one.first == one.last + timedelta(days=1)
    assert (buckets[-1].last - buckets[-1].first).days + 1 == days_in_a_bucket(first, last)


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", "2026-02-15", "2026-03-16"),
        ("?days=7", "2026-03-10", "2026-03-16"),
        ("?days=8", "2026-02-15", "2026-03-16"),
        ("?days=x", "2026-02-15", "2026-03-16"),
        ("?from=2026-01-01", "2026-01-01", "2026-03-16"),
        ("?to=2026-01-30", "2026-01-01", "2026-01-30"),
        ("?from=2026-01-05&to=2026-01-07", "2026-01-05", "2026-01-07"),
        ("?from=2030-01-01", "2030-01-01", "2030-01-01"),
    ],
)
def test_the_range_is_in_the_address(max_: Client, query: str, first: str, last: str) -> None:
    with time_machine.travel("2026-03-16T15:00:00Z", tick=False):
        page = page_of(max_, query)
    days = [page.one("input", name=name)["value"] for name in ("from", "to")]
    assert days == [first, last]


@pytest.mark.parametrize("query", ["?from=x", "?from=2026-03-02&to=2026-03-01", "?to=0001-01-01"])
def test_a_range_that_makes_no_sense(max_: Client, query: str) -> None:
    assert "Fix the dates first" in page_of(max_, query).text


def test_the_table_behind_the_plot(max_: Client, agent: User) -> None:
    row = ask(agent)
    today = timezone.localdate()
    page = page_of(max_)
    (cell,) = page.all("a", href=f"/opt-outs/?from={today}&to={today}&kind=requests")
    assert cell.text.startswith("1 on ")
    assert row.state == "waiting"
    titles = [each.text for each in page.all("title")]
    assert any(title.startswith("Opt-outs a day") for title in titles)


def test_what_it_costs(max_: Client, agent: User) -> None:
    """Apart from what every page costs, four, however many opt-outs there are."""
    rows = asked(agent, 0, *[timezone.now() - timedelta(days=days) for days in range(40)])
    answer(rows[0].number)
    page_of(max_)
    with CaptureQueriesContext(connection) as queries:
        page_of(max_)
    own = [each["sql"] for each in queries if "optout" in each["sql"]]
    # One grouping, the median, the counts of all that waits, and three parts each of what is due and to review.
    assert len(own) <= 11, "\n".join(own)


def test_what_the_review_costs(max_: Client, agent: User) -> None:
    asked(agent, 0, *[timezone.now() - timedelta(days=days) for days in range(40)])
    max_.get("/opt-outs/")
    with CaptureQueriesContext(connection) as queries:
        max_.get("/opt-outs/")
    own = [each["sql"] for each in queries if "optout" in each["sql"]]
    # Who took them; what is on the clock; three counts; two parts of the page.
    assert len(own) == 7, "\n".join(own)


def test_bars_reach_from_the_ground_to_their_number() -> None:
    plot = columns_plot([Column(0, 0, "a"), Column(5, 2, "b"), Column(10, 10, "c")])
    ground, top = plot["lines"][0]["y"], plot["lines"][-1]["y"]
    assert plot["lines"][-1]["value"] >= 10
    nothing, some, all_open = plot["bars"]
    assert nothing["solid_height"] == nothing["hatched_height"] == 0
    assert some["y"] == pytest.approx((ground + top) / 2, abs=0.2)
    assert some["solid_y"] + some["solid_height"] == pytest.approx(ground, abs=0.2)
    assert some["hatched_height"] / some["solid_height"] == pytest.approx(2 / 3, abs=0.02)
    assert all_open["solid_height"] == 0


@pytest.mark.parametrize("most", [0, 1, 3, 4, 5, 9, 17, 99, 100, 101, 12345])
def test_the_scale_is_round_and_short(most: int) -> None:
    values = [line["value"] for line in columns_plot([Column(most, 0, "")])["lines"]]
    assert values[0] == 0
    assert values[-1] >= max(most, 1)
    assert len(values) <= 6
    assert len({later - sooner for sooner, later in pairwise(values)}) == 1


def test_no_step_is_longer_than_the_drawing() -> None:
    plot = steps_plot([("a", 0), ("b", 7), ("c", 1000)])
    assert plot["bars"][0]["length"] == 0
    assert plot["bars"][1]["length"] >= 2
    assert plot["bars"][2]["end"] < plot["width"]


def test_a_line_has_gaps_and_says_where_its_scale_begins() -> None:
    plot = line_plot([(4300, "a"), (4310, "b"), (None, "c"), (4290, "d"), (4295, "e")])
    assert len(plot["parts"]) == 2
    assert not plot["from_zero"]
    assert plot["lines"][-1]["y"] < plot["points"][1]["y"] < plot["points"][0]["y"]
    assert plot["points"][3]["y"] <= plot["lines"][0]["y"]
    assert line_plot([(3, "a"), (9, "b")])["from_zero"]
    assert line_plot([(0, "a"), (0, "b")])["from_zero"]
    assert line_plot([(1, "a"), (None, "b")])["parts"] == []


def test_a_few_among_many_are_not_none() -> None:
    assert [share(part, 5008) for part in (0, 2, 54)] == ["0.0%", "under 0.1%", "1.1%"]
