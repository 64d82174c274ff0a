"""The managers' review: what it shows, its addresses, and marking."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import LedgerEntry, OptOut, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.views.durations import in_words
from tests.opt_outs import NUMBERS, answer, ask, fresh
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, SetDesiredState

pytestmark = pytest.mark.django_db


def page_of(client: Client, query: str = "") -> Page:
    response = client.get(f"/opt-outs/{query}")
    assert response.status_code == 200
    return Page(response)


def rows(page: Page) -> list[str]:
    return [each.text for each in page.all("tr") if each.inside(page.one("tbody"))]


def who(page: Page) -> list[str]:
    return [each.text.split(" (")[0] for each in page.all("th", class_="who")]


def test_it_works(max_: Client, agent: User) -> None:
    asked_at = timezone.now() - timedelta(hours=5)
    row = ask(
        agent, label="Marty McFly", contact_id=MARTY, asked_at=asked_at, reason="No more of this"
    )
    answer(row.number, Vendor.SLICKTEXT)
    page = page_of(max_)
    (text,) = rows(page)
    for words in ("Marty McFly", "(615) 555-0123", "Phone call, recorded by Ada Agent", "Recorded",
                  "“No more of this”", "Waiting", "business days left", "SlickText",
                  "CloudContactAI on its way", "Not reviewed"):  # fmt: skip
        assert words in text
    assert page.one("a", href=f"/contacts/{MARTY}/").text == "Marty McFly"


def test_a_number_without_contact_and_name_leads_to_its_own_page(max_: Client, agent: User) -> None:
    ask(agent)
    link = page_of(max_).one("a", href=reverse("number-detail", args=[DOC_NUMBER]))
    assert link.text == "No name, (615) 555-0123"


def test_the_words_of_a_vendor_that_refused(
    max_: Client, agent: User, set_desired_state: SetDesiredState
) -> None:
    row = ask(agent)
    desired = set_desired_state(Vendor.SLICKTEXT, number=row.number)
    desired.state, desired.answer = DeliveryState.REFUSED, "This brand is closed."
    desired.save()
    answer(row.number, Vendor.SLICKTEXT, state=DeliveryState.REFUSED)
    assert "SlickText refused: This brand is closed." in rows(page_of(max_))[0]


def test_the_clock_in_words(max_: Client, agent: User) -> None:
    # A Monday, eight hours before it ends in New York.
    with time_machine.travel("2026-03-16T15:00:00Z", tick=False):
        asked = ("02T14:00", "02T21:00", "03T15:00", "16T15:00")
        for number, day in zip(NUMBERS, asked, strict=False):
            ask(agent, number, asked_at=datetime.fromisoformat(f"2026-03-{day}:00+00:00"))
        late = ask(agent, NUMBERS[9], asked_at=timezone.now() - timedelta(days=30))
        answer(late.number)
        past, today, tomorrow, new, honoured = rows(page_of(max_))
    assert "2 hours past due Was due Mar 16, 2026, 9:00 AM" in past
    assert "Due today Due Mar 16, 2026, 4:00 PM" in today
    assert "1 business day left Due Mar 17, 2026, 10:00 AM" in tomorrow
    assert "10 business days left Due Mar 30, 2026, 11:00 AM" in new
    assert "Late: took 30 days" in honoured


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.4, "under a second"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (61, "1 minute 1 second"),
        (3600, "1 hour"),
        (3660, "1 hour 1 minute"),
        (11 * 60 + 3, "11 minutes"),
        (90000, "1 day 1 hour"),
        (16 * 86400 + 3600, "16 days"),
    ],
)
def test_durations(seconds: float | None, words: str) -> None:
    assert in_words(seconds) == words


def test_no_opt_outs_yet(max_: Client) -> None:
    assert "No opt-outs yet" in page_of(max_).text


def test_nothing_matches(max_: Client, agent: User) -> None:
    ask(agent)
    assert "No opt-outs found" in page_of(max_, "?q=nobody").text


def test_a_page_after_the_end(max_: Client, agent: User) -> None:
    ask(agent)
    page = page_of(max_, "?offset=500")
    assert "The list ends before this page" in page.text
    assert "Go to the first page" in [each.text for each in page.all("a", href="/opt-outs/")]


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("from=nonsense", "Enter a valid date."),
        ("from=0001-01-01", "Enter a year between 1991 and 8999."),
        ("to=9999-12-31", "Enter a year between 1991 and 8999."),
        ("from=2026-03-02&to=2026-03-01", "before the first day"),
        ("state=nonsense", "not one of the available choices"),
        ("staff=Nobody+Ever", "not one of the available choices"),
    ],
)
def test_filters_that_make_no_sense(max_: Client, query: str, complaint: str) -> None:
    page = page_of(max_, f"?{query}")
    assert "Fix the filters first" in page.text
    assert complaint in page.text
    assert max_.post(f"/opt-outs/export/?{query}")["Location"] == f"/opt-outs/?{query}"


def test_filters_in_the_address(max_: Client, agent: User) -> None:
    ask(agent, NUMBERS[0], label="Marty McFly")
    ask(None, NUMBERS[1], label="Emmett Brown", channel="vendor")
    assert who(page_of(max_, "?q=brown")) == ["Emmett Brown"]
    assert who(page_of(max_, "?staff=-")) == ["Emmett Brown"]
    assert who(page_of(max_, "?staff=Ada+Agent")) == ["Marty McFly"]
    assert who(page_of(max_, "?channel=vendor")) == ["Emmett Brown"]
    assert who(page_of(max_, "?reviewed=no&state=waiting&q=615.555.1000")) == ["Marty McFly"]


def test_the_days_are_the_dashboards(max_: Client, agent: User, settings: Any) -> None:
    # In Auckland this is already the second.
    ask(agent, label="Marty", asked_at=timezone.now().replace(2026, 3, 1, 20, 0))
    settings.TIME_ZONE = "Pacific/Auckland"
    assert who(page_of(max_, "?from=2026-03-02&to=2026-03-02")) == ["Marty"]
    settings.TIME_ZONE = "America/New_York"
    assert who(page_of(max_, "?from=2026-03-02&to=2026-03-02")) == []
    assert who(page_of(max_, "?from=2026-03-01&to=2026-03-01")) == ["Marty"]


def test_chips_take_one_filter_away(max_: Client, agent: User) -> None:
    ask(agent)
    page = page_of(max_, "?q=x&state=overdue&staff=Ada+Agent&offset=50")
    chips = {each.text: each["href"] for each in page.all("a", class_="chip")}
    assert chips == {
        "Remove the filter Person: x": "/opt-outs/?state=overdue&staff=Ada+Agent",
        "Remove the filter State: Past due": "/opt-outs/?q=x&staff=Ada+Agent",
        "Remove the filter Recorded by: Ada Agent": "/opt-outs/?q=x&state=overdue",
    }


def test_the_pages(max_: Client, agent: User) -> None:
    for number in NUMBERS[:30]:
        ask(agent, number, label=number)
    first = page_of(max_, "?size=25&state=waiting")
    assert len(rows(first)) == 25
    assert "1–25 of 30" in first.text
    link = first.one("a", rel="next")["href"]
    second = page_of(max_, str(link).removeprefix("/opt-outs/"))
    assert "26–30 of 30" in second.text
    assert not second.all("a", rel="next")
    assert second.one("a", rel="prev")["href"] == "/opt-outs/?size=25&state=waiting"
    assert {*who(first), *who(second)} == set(NUMBERS[:30])


@pytest.mark.parametrize("query", ["?size=7", "?size=x&offset=-1", "?offset=99999999999999999999"])
def test_odd_pages_are_the_first(query: str, max_: Client, agent: User) -> None:
    ask(agent)
    assert len(rows(page_of(max_, query))) == 1


def test_htmx_gets_the_results_alone(max_: Client, agent: User) -> None:
    ask(agent)
    answer_ = max_.get("/opt-outs/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in answer_
    assert 'id="results"' in answer_


def test_what_was_typed_is_never_markup(max_: Client, agent: User) -> None:
    ask(agent, label="<b>bold</b>", reason="<script>1</script>" * 20)
    html = page_of(max_, "?q=%3Cb%3E").html
    assert "<b>" not in html
    assert "<script>1" not in html


def test_marking_the_ticked_ones(max_: Client, agent: User) -> None:
    kept, ticked = ask(agent, NUMBERS[0]), ask(agent, NUMBERS[1], label="Marty")
    page = page_of(max_, "?state=waiting")
    button = next(each for each in page.all("button") if "selected" in each.text)
    address, form = page.press(button)
    response = max_.post(address, form | {"opt_out": [str(ticked.pk)]}, follow=True)
    assert response.redirect_chain == [("/opt-outs/?state=waiting", 302)]
    assert "1 opt-out marked as reviewed." in Page(response).text
    assert fresh(ticked).reviewed_by_name == "Max Manager"
    assert fresh(kept).reviewed_at is None
    assert "Max Manager" in rows(Page(response))[0]


def test_marking_all_on_the_page(max_: Client, agent: User) -> None:
    shown = [ask(agent, number) for number in NUMBERS[:3]]
    other = ask(agent, NUMBERS[4])
    keys = [str(row.pk) for row in shown]
    max_.post("/opt-outs/reviewed/", {"shown": keys, "all": "1"})
    assert all(fresh(row).reviewed_at for row in shown)
    assert fresh(other).reviewed_at is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "No opt-outs selected"),
        ({"opt_out": ["x", "-1", "9" * 30, "²"]}, "No opt-outs selected"),
        ({"opt_out": ["987654"]}, "Already reviewed"),
    ],
)
def test_marking_nothing(max_: Client, data: dict[str, list[str]], words: str) -> None:
    assert words in Page(max_.post("/opt-outs/reviewed/", data, follow=True)).text
    assert not LedgerEntry.objects.filter(action=Action.OPT_OUT_REVIEWED).exists()


def test_marking_leads_nowhere_else(max_: Client) -> None:
    response = max_.post("/opt-outs/reviewed/", {"next": "https://elsewhere.example/"})
    assert response["Location"] == "/opt-outs/"


@pytest.mark.parametrize(
    ("method", "address"),
    [("get", "/opt-outs/"), ("post", "/opt-outs/export/"), ("get", "/overview/")],
)
def test_an_agent_is_told_why_not(ada: Client, method: str, address: str) -> None:
    response = getattr(ada, method)(address)
    assert response.status_code == 403
    assert "Only managers can review opt-outs." in response.content.decode()


def test_an_agent_may_not_mark(ada: Client, agent: User) -> None:
    row = ask(agent)
    assert ada.post("/opt-outs/reviewed/", {"opt_out": [row.pk]}).status_code == 403
    assert OptOut.objects.get().reviewed_at is None


def test_the_leads_count_and_lead_to_their_rows(max_: Client, agent: User) -> None:
    ask(agent, NUMBERS[0], asked_at=timezone.now() - timedelta(days=40))
    ask(agent, NUMBERS[1])
    page = page_of(max_)
    leads = {each.text: str(each["href"]) for each in page.all("a", class_="lead")}
    assert list(leads)[:4] == ["1 Past due", "0 Due soon", "0 Refused", "2 Waiting"]
    for text, href in list(leads.items())[:4]:
        shown = page_of(max_, href.removeprefix("/opt-outs/")).all("th", class_="who")
        assert len(shown) == int(text.split()[0])


def test_refused_ones_are_on_top(max_: Client, agent: User) -> None:
    now = timezone.now()
    for number, days in zip(NUMBERS, (0, 30, 1, 2), strict=False):
        ask(agent, number, asked_at=now - timedelta(days=days))
    answer(NUMBERS[2], Vendor.SLICKTEXT, state=DeliveryState.REFUSED)
    order = [row.split("555-")[1][:4] for row in rows(page_of(max_))]
    assert order == ["1002", "1001", "1000", "1003"]


def test_marking_all_shows_the_next_ones(max_: Client, agent: User) -> None:
    shown = [ask(agent, number) for number in NUMBERS[:30]]
    page = page_of(max_, "?size=25&channel=phone")
    assert "Mark 25 opt-outs on this page as reviewed" in page.text
    keys = [str(each["value"]) for each in page.all("input", name="shown")]
    here = page.one("input", name="next")["value"]
    after = max_.post("/opt-outs/reviewed/", {"shown": keys, "all": "1", "next": here})
    assert after["Location"] == "/opt-outs/?size=25&channel=phone&reviewed=no"
    next_page = Page(max_.get(after["Location"]))
    assert "25 opt-outs marked as reviewed." in next_page.text
    assert len(rows(next_page)) == 5
    max_.post("/opt-outs/reviewed/", {"shown": [row.pk for row in shown], "all": "1"})
    assert "Every opt-out is reviewed" in page_of(max_, "?reviewed=no").text


def test_our_own_sentences_are_not_quoted(max_: Client, agent: User) -> None:
    """A repair, an import, and what a vendor reported; what the person said is."""
    ours = ask(agent, NUMBERS[0], reason="Imported as unsubscribed: list.csv", by_person=False)
    told = ask(None, NUMBERS[1], reason="CloudContactAI reported it.", channel=Channel.VENDOR)
    said = ask(agent, NUMBERS[2], reason="No more of this")
    text = page_of(max_).text
    assert f"“{said.reason}”" in text
    for row in (ours, told):
        assert row.reason in text
        assert f"“{row.reason}" not in text
    assert len(rows(page_of(max_, "?kind=requests"))) == 2
    assert len(rows(page_of(max_, "?kind=carried"))) == 1
