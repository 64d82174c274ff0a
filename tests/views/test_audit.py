"""The audit: everything in the ledger, found by whatever is known about it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import LedgerEntry, LiftRequest
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services.audit_log import record
from contacts_ui.services.consent import stops
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, logged_in, make_staff

pytestmark = pytest.mark.django_db
CLOCK = "django.utils.timezone.now"


def write(action: Action = Action.CONTACT_EDITED, **facts: Any) -> LedgerEntry:
    return record(**{"action": action, "staff": None, "number": DOC_NUMBER, **facts})


@pytest.fixture
def browser() -> Client:
    """A manager's; no vendor is asked by this page."""
    return logged_in(make_staff("max"))


@pytest.fixture
def shown(browser: Client) -> Callable[..., list[int]]:
    """The ids of the entries on the page with these filters in the address."""

    def ids(**query: Any) -> list[int]:
        response = browser.get("/audit/", query)
        assert response.status_code == 200
        return [item["entry"].pk for item in response.context_data["entries"]]

    return ids


def test_it_works(browser: Client, settings: Any) -> None:
    staff = make_staff("ada")
    asked = datetime(2026, 3, 2, 9, 30, tzinfo=ZoneInfo("UTC"))
    entry = write(
        Action.STOP_REQUESTED,
        staff=staff,
        number=MARTY_NUMBER,
        contact_id=MARTY,
        channel=Channel.LETTER,
        reason="Please <stop>",
        asked_at=asked,
        before={"label": "Marty McFly", "status": "subscribed", "read_at": asked.isoformat()},
        after={"do_not_text": True},
    )
    settings.TIME_ZONE = "America/Chicago"
    page = Page(browser.get("/audit/"))
    assert "Stopped texts by Ada Agent" in page.text
    assert "The person asked Mar 2, 2026, 3:30 AM CST: letter" in page.text
    assert "“Please <stop>”" in page.text
    assert "Marty McFly" in page.text
    assert "Opt-in status on the screen Subscribed –" in page.text
    assert "Read from SlickText at Mar 2, 2026, 3:30:00 AM CST (9:30:00 AM UTC)" in page.text
    assert "Do not text – yes" in page.text
    assert entry.hash in page.text
    assert entry.previous_hash in page.text
    links = {link["href"] for link in page.all("a")}
    assert {
        f"/contacts/{MARTY}/",
        reverse("evidence", args=[MARTY_NUMBER]),
        f"/audit/?entry={entry.pk}",
    } <= links


def test_an_answer_of_a_vendor_is_shown_with_all_that_is_known(browser: Client) -> None:
    write(
        Action.STOP_REFUSED,
        vendor="slicktext",
        answer={"confirmed": False, "words": "Not yours", "status": 403, "request": 7},
    )
    text = Page(browser.get("/audit/")).text
    assert "Stop refused by SlickText" in text
    assert "In words Not yours HTTP status 403 About entry 7" in text


@pytest.mark.parametrize(
    "spelled", [MARTY_NUMBER, "(615) 555-3338", "6155553338", "+1 615.555.3338"]
)
def test_by_number_in_any_spelling(spelled: str, shown: Callable[..., list[int]]) -> None:
    write()
    entry = write(number=MARTY_NUMBER)
    assert shown(q=spelled) == [entry.pk]


def test_by_contact_id(shown: Callable[..., list[int]]) -> None:
    write()
    entry = write(contact_id=MARTY)
    assert shown(q=str(MARTY)) == [entry.pk]
    assert shown(q="77") == []


def test_by_name_finds_everything_about_the_person(shown: Callable[..., list[int]]) -> None:
    """By every name that the screen showed: with a stop, with a lift that was asked for, with a consent."""
    write(number="+16155550007")
    stop = write(Action.STOP_REQUESTED, contact_id=5, before={"label": "Doc Brown"})
    stops.open_opt_out(stop, label="Doc Brown")
    edit = write(number="+16155550001", contact_id=5)
    confirmed = write(Action.STOP_CONFIRMED)
    consent = write(
        Action.CONSENT_REQUESTED, number="+16155550002", before={"label": "Emmett Brown"}
    )
    lift = write(Action.LIFT_ASKED, number="+16155550003")
    LiftRequest.objects.create(
        number=lift.number,
        label="Clara Brown",
        opt_in_status="subscribed",
        consent_at=timezone.now(),
        asked_at=timezone.now(),
    )
    everyone = [lift.pk, consent.pk, confirmed.pk, edit.pk, stop.pk]
    assert shown(q="brown") == everyone
    assert shown(q="doc br") == [confirmed.pk, edit.pk, stop.pk]
    assert shown(q="Marty") == []


def test_a_name_of_too_many_people_says_so(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contacts_ui.services.audit_log.search.NAME_MAX_ROWS", 2)
    for n in range(4):
        stops.open_opt_out(write(Action.STOP_REQUESTED, number=f"+1615555000{n}"), label="Brown")
    assert "matches too many people to search" in Page(browser.get("/audit/?q=brown")).text
    assert "fits more" not in Page(browser.get("/audit/")).text


def test_by_staff_action_vendor_channel_and_request(shown: Callable[..., list[int]]) -> None:
    ada = make_staff("ada")
    plain = write()
    hers = write(staff=ada, action=Action.STOP_REQUESTED, channel=Channel.LETTER)
    theirs = write(action=Action.STOP_CONFIRMED, vendor="cloudcontactai")
    assert shown(staff="Ada Agent") == [hers.pk]
    assert shown(staff="-") == [theirs.pk, plain.pk]
    assert shown(action="stop:confirmed") == [theirs.pk]
    assert shown(vendor="cloudcontactai") == [theirs.pk]
    assert shown(channel="letter") == [hers.pk]
    assert shown(entry=plain.pk) == [plain.pk]
    assert shown(staff="Ada Agent", channel="phone") == []


def test_by_request_id(browser: Client, shown: Callable[..., list[int]], vendors: object) -> None:
    write()
    own = browser.post(f"/contacts/{MARTY}/do-not-text/")["X-Request-ID"]
    found = LedgerEntry.objects.filter(request_id=own).order_by("-pk")
    assert shown(request=own) == [entry.pk for entry in found]
    assert len(found) >= 1


def test_by_time_in_the_dashboards_zone(
    settings: Any,
    browser: Client,
    shown: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where a clock was set back, so that an older time stands after a newer one."""
    noon = datetime(2026, 5, 4, 12, 0, 30, tzinfo=ZoneInfo("America/Chicago"))
    keys = []
    for hours in (-30, 0, 5, 3, 40):
        moment = noon + timedelta(hours=hours)
        monkeypatch.setattr(
            "contacts_ui.services.audit_log.recording.timezone.now", lambda now=moment: now
        )
        keys.append(write().pk)
    monkeypatch.undo()
    settings.TIME_ZONE = "America/Chicago"
    first, second, third, fourth, last = keys
    assert shown(**{"from": "2026-05-04T12:01"}) == [last, fourth, third]
    assert shown(**{"from": "2026-05-04T12:00"}) == [last, fourth, third, second]
    assert shown(to="2026-05-04T11:59") == [first]
    assert shown(to="2026-05-04T12:00") == [second, first]
    assert shown(to="2026-05-04T15:30") == [fourth, second, first]
    assert shown(**{"from": "2026-05-04", "to": "2026-05-04"}) == [fourth, third, second]


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "to=2026-13-01T00:00",
        "from=2026-05-04T12:00&to=2026-05-04T11:00",
        "entry=x",
        "action=everything",
        "staff=Nobody+Here",
        f"entry={10**30}",
    ],
)
def test_a_filter_that_makes_no_sense_is_explained(query: str, browser: Client) -> None:
    write()
    page = Page(browser.get(f"/audit/?{query}"))
    assert "These filters can't be read" in page.text
    assert page.all("ul", class_="errorlist") or "errorlist" in page.html


@pytest.mark.parametrize("query", ["before=x", f"before={10**30}", "after=-1", "size=7"])
def test_an_odd_address_is_no_error(query: str, browser: Client) -> None:
    write()
    assert browser.get(f"/audit/?{query}").status_code == 200


def test_past_the_end_is_not_empty_and_empty_is_not_past_the_end(browser: Client) -> None:
    ends = "The list ends before this page"
    for query in ("before=1", "after=99999"):
        text = Page(browser.get(f"/audit/?vendor=slicktext&{query}")).text
        assert "No entries match" in text
        assert ends not in text
    write(vendor="slicktext")
    for query in ("before=1", "after=99999"):
        assert ends in Page(browser.get(f"/audit/?vendor=slicktext&{query}")).text


def test_pages_lead_to_and_fro(browser: Client) -> None:
    keys = [write().pk for _ in range(60)][::-1]
    page, seen = browser.get("/audit/?size=25&vendor="), []
    while True:
        seen.append([item["entry"].pk for item in page.context_data["entries"]])
        if not page.context_data["pager"].next_url:
            break
        page = browser.get(page.context_data["pager"].next_url)
    assert seen == [keys[:25], keys[25:50], keys[50:]]
    back = browser.get(page.context_data["pager"].previous_url)
    assert [item["entry"].pk for item in back.context_data["entries"]] == keys[25:50]
    first = browser.get(back.context_data["pager"].previous_url)
    assert [item["entry"].pk for item in first.context_data["entries"]] == keys[:25]
    assert "before" not in page.context_data["pager"].first_url
    assert "Previous" not in Page(first).text


def test_a_page_keeps_its_filters(browser: Client) -> None:
    for _ in range(30):
        write(vendor="slicktext")
        write()
    page = browser.get("/audit/?vendor=slicktext&size=25")
    assert "vendor=slicktext" in page.context_data["pager"].next_url
    older = browser.get(page.context_data["pager"].next_url)
    assert len(older.context_data["entries"]) == 5
    assert "before" not in older.context_data["active_filters"][0]["remove_url"]


def test_nothing_is_counted_and_few_questions_are_asked(browser: Client) -> None:
    for _ in range(30):
        write()
    browser.get("/audit/")
    with connection.execute_wrapper(refuse_counting):
        page = browser.get("/audit/", {"from": "2020-01-01", "to": "2030-01-01", "staff": "-"})
    assert len(page.context_data["entries"]) == 30


def refuse_counting(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
    assert not ("COUNT(" in sql and "ledgerentry" in sql), sql
    return execute(sql, *args)


def test_the_empty_ledger(browser: Client) -> None:
    assert "The audit log is empty" in Page(browser.get("/audit/")).text
    assert "No entries match" in Page(browser.get("/audit/?q=Marty")).text


def test_htmx_gets_the_results_alone(browser: Client) -> None:
    write()
    text = browser.get("/audit/", headers={"HX-Request": "true"}).content.decode()
    assert 'id="results"' in text
    assert "<html" not in text


def test_only_managers_see_the_links_on_a_contact(vera: Client, max_: Client) -> None:
    entry = write(number=MARTY_NUMBER, contact_id=MARTY)
    address = f"/contacts/{MARTY}/"
    links = {link["href"] for link in Page(max_.get(address)).all("a")}
    assert {f"/audit/?entry={entry.pk}", reverse("evidence", args=[MARTY_NUMBER])} <= links
    assert "/audit/" not in vera.get(address).content.decode()
