"""The switch *Do not text*: one click writes both vendors, and claims no more than they confirmed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from contacts_ui.models import DesiredState, LedgerEntry
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.services.consent import doors
from contacts_ui.views.consent_panel import issue_ticket
from tests import consent as service
from tests.jobs import deliver_all
from tests.pages import Page
from tests.people import MARTY, MARTY_NUMBER, UNKNOWN_ID, Vendors, until

pytestmark = pytest.mark.django_db(transaction=True)
URL = f"/contacts/{MARTY}/do-not-text/"
HTMX = {"HX-Request": "true"}


def ticket(**changes: Any) -> str:
    shown = {
        "number": MARTY_NUMBER,
        "contact_id": MARTY,
        "label": "Marty McFly",
        "status": "subscribed",
        "read_at": timezone.now(),
    }
    return issue_ticket(service.Seen(**{**shown, **changes}))


def click(client: Client, **data: str) -> HttpResponse:
    return client.post(URL, {"ticket": ticket(), "view": "row", **data}, headers=HTMX)


def test_it_works(ada: Client, vendors: Vendors) -> None:
    response = click(ada)
    page = Page(response)
    assert response.status_code == 200
    assert page.switch("Do not text Marty McFly")["aria-checked"] == "true"
    assert "SlickText: Unsubscribed" in page.text
    assert "CloudContactAI: Do not text" in page.text
    assert "hx-get" not in page.elements[0].attributes
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert sorted(vendors.asked()) == ["cloudcontactai PUT", "slicktext PUT"]


def test_the_fragment_is_the_row_alone(ada: Client) -> None:
    page = Page(click(ada))
    assert page.elements[0]["id"] == f"consent-{MARTY}"
    assert page.elements[0]["data-view"] == "row"
    assert page.all("html") == []


def test_it_works_without_javascript(ada: Client, vendors: Vendors) -> None:
    page = Page(ada.get(f"/contacts/{MARTY}/"))
    address, form = page.press(page.switch())
    assert address == URL
    response = ada.post(address, form, follow=True)
    assert response.redirect_chain == [(f"/contacts/{MARTY}/", 302)]
    page = Page(response)
    assert "Marty McFly: Do not text. SlickText: unsubscribed; CloudContactAI: do not text." in (
        page.text
    )
    assert page.switch()["aria-checked"] == "true"
    assert vendors.stopped() is True


def test_it_goes_back_to_the_page_of_the_table(ada: Client, vendors: Vendors) -> None:
    here = "/contacts/?size=25"
    page = Page(ada.get(here))
    address, form = page.press(page.switch("Do not text Marty McFly"))
    assert address == URL
    assert ada.post(address, form)["Location"] == here
    assert vendors.stopped() is True


def test_it_goes_nowhere_else(ada: Client) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        response = ada.post(URL, {"ticket": ticket(), "next": elsewhere})
        assert response["Location"] == f"/contacts/{MARTY}/"


def test_desired_state_and_ledger_are_committed_before_any_call(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen from another connection at the moment in which the calls begin."""
    seen: list[Any] = []

    def look(keys: list[int]) -> None:
        def count() -> tuple[int, int]:
            try:
                return DesiredState.objects.filter(pk__in=keys).count(), LedgerEntry.objects.count()
            finally:
                connections.close_all()

        with ThreadPoolExecutor() as other:
            seen.append(other.submit(count).result())

    monkeypatch.setattr(doors, "deliver_now", look)
    click(ada)
    assert seen == [(2, 1)]


def test_the_ledger_says_who_and_how(ada: Client) -> None:
    asked = timezone.now() - timedelta(hours=3)
    typed = timezone.localtime(asked).strftime("%Y-%m-%dT%H:%M")
    click(ada, channel="phone", asked_at=typed, reason="Please never again")
    entry = LedgerEntry.objects.get(action=Action.STOP_REQUESTED)
    assert entry.staff_name == "Ada Agent"
    assert (entry.number, entry.contact_id) == (MARTY_NUMBER, MARTY)
    assert (entry.channel, entry.reason) == ("phone", "Please never again")
    assert abs(entry.asked_at - asked) < timedelta(minutes=1)
    assert entry.before["status"] == "subscribed"
    confirmed = LedgerEntry.objects.filter(action=Action.STOP_CONFIRMED)
    assert sorted(each.vendor for each in confirmed) == ["cloudcontactai", "slicktext"]
    assert {each.answer["request"] for each in confirmed} == {entry.pk}


@pytest.mark.parametrize("fault", ["down", "error", "html", "drop_before", "drop_after"])
def test_both_vendors_down(fault: str, ada: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", fault)
    vendors.fault("cloudcontactai", fault)
    response = click(ada)
    page = Page(response)
    assert response.status_code == 200
    assert page.switch("Do not text Marty McFly")["aria-checked"] == "true"
    assert page.elements[0]["hx-get"].startswith(URL)
    states = {each["data-state"] for each in page.all("li", class_="vendor")}
    assert states == {"on_its_way"}
    assert DesiredState.objects.unsettled().count() == 2
    assert LedgerEntry.objects.get().action == Action.STOP_REQUESTED


def test_the_row_updates_itself_until_both_have_confirmed(ada: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    poll = Page(click(ada)).elements[0]["hx-get"]
    page = Page(ada.get(poll, headers=HTMX))
    assert page.elements[0]["hx-get"] == poll
    vendors.clear_faults()
    DesiredState.objects.filter(vendor="slicktext").update(due_at=timezone.now())
    deliver_all()
    page = Page(ada.get(poll, headers=HTMX))
    assert "hx-get" not in page.elements[0].attributes
    assert page.elements[0]["data-view"] == "row"
    assert page.switch("Do not text Marty McFly")["aria-checked"] == "true"
    assert vendors.status() == "unsubscribed"


def test_one_vendor_down_and_the_other_confirmed(ada: Client, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "down")
    page = Page(click(ada, view="card"))
    states = [each["data-state"] for each in page.all("li", class_="vendor")]
    assert states == ["confirmed", "on_its_way"]
    assert "Stopped here, on its way to CloudContactAI." in page.text
    assert vendors.status() == "unsubscribed"


def test_it_needs_no_slicktext_to_start(ada: Client, vendors: Vendors) -> None:
    """The ticket tells who it is: CloudContactAI is stopped although SlickText cannot be read."""
    vendors.fault("slicktext", "down")
    click(ada)
    assert vendors.stopped() is True
    assert vendors.calls("slicktext", "GET") == []


def test_a_refusal_is_shown_in_the_vendors_words(ada: Client, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "error", status=422)
    page = Page(click(ada, view="card"))
    assert [each["data-state"] for each in page.all("li", class_="vendor")] == [
        "confirmed",
        "refused",
    ]
    assert "something went wrong" in page.text
    assert "CloudContactAI: refused (so far: " in page.text
    assert "CloudContactAI refused the stop" in page.text
    assert Page(ada.get("/contacts/7778/")).one("button", id=f"again-{MARTY}").text == "Try again"
    assert DesiredState.objects.get(vendor="cloudcontactai").state == DeliveryState.REFUSED


def test_the_click_stays_quick_and_the_call_continues(
    ada: Client, vendors: Vendors, settings: Any
) -> None:
    settings.STOP_DEADLINE_SECONDS = 0.2
    vendors.fault("cloudcontactai", "latency", seconds=5)
    page = Page(click(ada))
    assert vendors.calls("cloudcontactai") == [], "the click waited for the answer"
    assert page.elements[0]["hx-get"]
    until(lambda: not DesiredState.objects.unsettled().exists())
    assert vendors.stopped() is True


def test_both_calls_go_out_at_once(ada: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "latency", seconds=0.8)
    vendors.fault("cloudcontactai", "latency", seconds=0.8)
    click(ada)
    assert not DesiredState.objects.unsettled().exists()
    ends = [datetime.fromisoformat(call["at"]) for call in vendors.calls()]
    starts = [
        end - timedelta(milliseconds=call["milliseconds"])
        for end, call in zip(ends, vendors.calls(), strict=True)
    ]
    assert max(starts) < min(ends)


@pytest.mark.parametrize(
    ("connected", "state"),
    [
        ("slicktext", ["confirmed", "not_connected"]),
        ("cloudcontactai", ["not_connected", "confirmed"]),
    ],
)
def test_one_vendor_is_not_connected(
    connected: str,
    state: list[str],
    ada: Client,
    vendors: Vendors,
    connect_only: Callable[[str], None],
) -> None:
    connect_only(connected)
    page = Page(click(ada))
    assert [each["data-state"] for each in page.all("li", class_="vendor")] == state
    assert {call["vendor"] for call in vendors.calls()} == {connected}
    assert DesiredState.objects.get().vendor == connected


@pytest.mark.parametrize("forged", ["", "nonsense", "a:b", "null"])
def test_a_forged_ticket_is_not_trusted(forged: str, ada: Client, vendors: Vendors) -> None:
    """Then SlickText is asked who this is."""
    response = ada.post(URL, {"ticket": forged, "view": "row"}, headers=HTMX)
    assert response.status_code == 200
    assert vendors.stopped() is True
    assert len(vendors.calls("slicktext", "GET")) == 1


def test_a_ticket_of_another_person_is_not_used(ada: Client, vendors: Vendors) -> None:
    other = "+16155550001"
    ada.post(URL, {"ticket": ticket(number=other, contact_id=1)}, headers=HTMX)
    assert vendors.stopped(MARTY_NUMBER) is True
    assert vendors.stopped(other) is None
    assert not DesiredState.objects.filter(number=other).exists()


def test_a_changed_ticket_is_not_trusted(ada: Client, vendors: Vendors) -> None:
    changed = "x" + ticket()[1:]
    ada.post(URL, {"ticket": changed}, headers=HTMX)
    assert vendors.calls("slicktext", "GET")


def test_a_person_slicktext_does_not_know(ada: Client) -> None:
    assert ada.post(f"/contacts/{UNKNOWN_ID}/do-not-text/").status_code == 404
    assert not DesiredState.objects.exists()


def test_without_a_ticket_and_without_slicktext_it_says_so(ada: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    response = ada.post(URL)
    assert response.status_code == 503
    assert "Nothing was recorded." in Page(response).text
    assert "SlickText does not answer" in Page(response).text
    assert not DesiredState.objects.exists()


def test_a_fragment_never_receives_a_whole_page(ada: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    for address in (URL, f"/contacts/{MARTY}/unsend/", f"/contacts/{MARTY}/tell-now/"):
        response = ada.post(address, headers=HTMX)
        assert response.status_code == 503
        notice = Page(response)
        assert "data-notice" in notice.elements[0].attributes
        assert notice.text.startswith("Nothing was recorded. SlickText did not answer")
        assert notice.one("a")["href"] == "/stop-a-number/"
    looked = ada.get(URL, headers=HTMX)
    assert looked.status_code == 503
    assert "<html" not in looked.text
    assert "recorded" not in looked.text


def test_a_number_that_cannot_be_read_is_not_stopped(ada: Client, vendors: Vendors) -> None:
    vendors.write("UPDATE contacts SET mobile_number = '12' WHERE contact_id = ?", MARTY)
    response = ada.post(URL, headers=HTMX)
    assert response.status_code == 422
    assert "not a valid phone number" in Page(response).text
    assert not DesiredState.objects.exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"asked_at": "2099-01-01T00:00"}, "This time has not come yet."),
        ({"asked_at": "yesterday"}, "Enter a valid date/time."),
        ({"channel": "pigeon"}, "Select a valid choice."),
    ],
)
def test_a_wrong_record_is_refused_in_place(typed: dict[str, str], words: str, ada: Client) -> None:
    response = click(ada, **typed)
    assert response.status_code == 422
    assert "Not stopped yet." in Page(response).text
    assert words in Page(response).text
    assert not DesiredState.objects.exists()


@pytest.mark.parametrize("who", ["vera", "edgar"])
def test_viewers_and_editors_are_refused_with_the_reason(
    who: str, request: pytest.FixtureRequest, vendors: Vendors
) -> None:
    response = click(request.getfixturevalue(who))
    page = Page(response)
    assert response.status_code == 403
    assert "Only agents and managers can stop texts." in page.text
    assert page.elements[0]["id"] == f"consent-{MARTY}"
    assert response["HX-Reswap"] == "outerHTML"
    assert not DesiredState.objects.exists()
    assert vendors.asked() == []


def test_a_refusal_without_javascript_is_a_page(vera: Client) -> None:
    response = vera.post(URL, {"ticket": ticket()})
    assert response.status_code == 403
    assert "Only agents and managers can stop texts." in Page(response).text
    assert Page(response).one("h1").text == "Marty McFly"


def test_pressing_twice_is_harmless(ada: Client, vendors: Vendors) -> None:
    click(ada)
    page = Page(click(ada))
    assert page.switch("Do not text Marty McFly")["aria-checked"] == "true"
    assert DesiredState.objects.count() == 2
    assert vendors.stopped() is True


def test_looking_changes_nothing(ada: Client, vendors: Vendors) -> None:
    response = ada.get(URL)
    assert response.status_code == 200
    assert Page(response).switch()["aria-checked"] == "false"
    assert not DesiredState.objects.exists()
    assert vendors.asked() == ["slicktext GET"]


def test_it_needs_the_forms_token(agent: Any, vendors: Vendors) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)
    response = client.post(URL, {"ticket": ticket()})
    assert response.status_code == 403
    assert not DesiredState.objects.exists()
