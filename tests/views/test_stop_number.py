"""*Stop a number*, whether a contact has it or not."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import (
    ConsentState,
    DesiredState,
    HeldPress,
    IndexSync,
    LedgerEntry,
    OptOut,
    Statement,
)
from contacts_ui.models.consent import PressState
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.services.consent import vendor_events
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.consent.desired_state import due_now
from contacts_ui.services.consent.record import is_stopped, judge_many
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.contacts.reading import read
from contacts_ui.services.webhooks import processing
from tests.pages import Page
from tests.people import FREE_NUMBER, MARTY, MARTY_NUMBER, Vendors

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("deliver_in_this_thread", "walk_has_begun"),
]
URL = "/stop-a-number/"
KNOWN = f"{URL}known/"
HTMX = {"HX-Request": "true"}


def receipt(number: str = FREE_NUMBER) -> str:
    """The page of the number."""
    return reverse("number-detail", args=[number])


def stop(client: Client, number: str = FREE_NUMBER, **data: str) -> HttpResponse:
    return client.post(URL, {"number": number, **data})


def work() -> None:
    for key in due_now():
        deliver(key)


@pytest.mark.parametrize("spelling", ["(615) 555-0199", "615.555.0199", "+1 615 555 0199"])
def test_it_works(spelling: str, ada: Client, vendors: Vendors) -> None:
    response = stop(ada, spelling)
    assert response["Location"] == receipt()
    page = Page(ada.get(receipt()))
    assert page.one("h1").text == "(615) 555-0199"
    assert page.one("p", data_verdict="do_not_text").text == "Do not text"
    assert "SlickText: No such contact" in page.text
    assert "CloudContactAI: Do not text" in page.text
    assert vendors.stopped(FREE_NUMBER) is True


def test_what_was_said_is_written_down(ada: Client) -> None:
    asked = timezone.now() - timedelta(days=2)
    typed = timezone.localtime(asked).strftime("%Y-%m-%dT%H:%M")
    stop(ada, channel="letter", asked_at=typed, reason="Never again")
    entry = LedgerEntry.objects.get(action=Action.STOP_REQUESTED)
    assert (entry.staff_name, entry.number, entry.contact_id) == ("Ada Agent", FREE_NUMBER, None)
    assert (entry.channel, entry.reason) == ("letter", "Never again")
    opt_out = OptOut.objects.get()
    assert abs(opt_out.asked_at - asked) < timedelta(minutes=1)
    assert opt_out.completed_at


def test_a_number_abroad(ada: Client, vendors: Vendors) -> None:
    stop(ada, "+44 20 7946 0958")
    assert vendors.stopped("+442079460958") is True


@pytest.mark.parametrize("typed", ["", "12", "call me", "615-555"])
def test_what_is_no_number(typed: str, ada: Client) -> None:
    response = stop(ada, typed, reason="Never again")
    assert response.status_code == 422
    assert Page(response).errors("number")
    assert "Not stopped yet." in Page(response).text
    assert Page(response).form()["reason"] == "Never again"
    assert not DesiredState.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"asked_at": "2099-01-01T10:00"}, {"channel": "pigeon"}, {"channel": "vendor"}]
)
def test_a_wrong_record(wrong: dict[str, str], ada: Client) -> None:
    assert stop(ada, **wrong).status_code == 422
    assert not DesiredState.objects.exists()


@pytest.mark.parametrize("who", ["vera", "edgar"])
def test_who_may_not(who: str, request: pytest.FixtureRequest, vendors: Vendors) -> None:
    browser = request.getfixturevalue(who)
    assert stop(browser).status_code == 403
    assert browser.get(f"{URL}?stopped=%2B16155550199").status_code == 403
    assert browser.get(KNOWN, {"number": FREE_NUMBER}).status_code == 403
    assert browser.get("/contacts/").content.decode().count(URL) == 0
    assert not DesiredState.objects.exists()


@pytest.mark.parametrize("fault", ["down", "error", "html", "unauthorized"])
def test_no_vendors_failure_stands_in_the_way(fault: str, ada: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", fault)
    vendors.fault("cloudcontactai", fault)
    assert stop(ada).status_code == 302
    assert is_stopped(FREE_NUMBER)
    page = Page(ada.get(receipt()))
    assert "on its way" in page.text
    card = next(each for each in page.all("div") if each["class"] == "consent")
    vendors.clear_faults()
    DesiredState.objects.update(due_at=timezone.now())
    work()
    vendors.forget_calls()
    settled = Page(ada.get(str(card["hx-get"]), headers=HTMX))
    assert settled.elements[0]["class"] == "consent"
    assert settled.elements[0]["hx-get"] is None
    assert vendors.asked() == [], "a receipt that asks again asks no vendor"


def test_a_contact_has_it(ada: Client, vendors: Vendors) -> None:
    stop(ada, MARTY_NUMBER)
    page = Page(ada.get(receipt(MARTY_NUMBER)))
    assert page.one("a", href=f"/contacts/{MARTY}/").text == "Marty McFly"
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


def test_old_receipts_lead_to_the_page_of_the_number(ada: Client) -> None:
    response = ada.get(f"{URL}?stopped=%2B16155550199")
    assert (response.status_code, response["Location"]) == (301, receipt())


def test_a_bare_press_is_held_and_can_be_unsent(
    ada: Client, vendors: Vendors, settings: Any
) -> None:
    settings.UNDO_SECONDS = 60
    shown = Page(ada.post(URL, {"number": FREE_NUMBER}, follow=True))
    assert vendors.asked() == []
    unsend = shown.one("button", formaction=f"{receipt()}unsend/")
    address, form = shown.press(unsend)
    assert ada.post(address, form)["Location"] == receipt()
    assert HeldPress.objects.get().state == PressState.UNSENT
    assert not is_stopped(FREE_NUMBER)


def test_with_words_it_goes_at_once(ada: Client, vendors: Vendors, settings: Any) -> None:
    settings.UNDO_SECONDS = 60
    stop(ada, reason="Never again")
    assert not HeldPress.objects.exists()
    assert vendors.stopped(FREE_NUMBER) is True


# What is known, before the press.


def test_whose_number_it_is_is_shown_while_it_is_typed(ada: Client, vendors: Vendors) -> None:
    read(MARTY, now=True)
    field = Page(ada.get(URL)).one("input", name="number")
    assert (field["hx-get"], field["hx-target"]) == (KNOWN, "#known")
    assert "delay" in str(field["hx-trigger"])
    vendors.forget_calls()
    known = Page(ada.get(KNOWN, {"number": "(615) 555-3338"}, headers=HTMX))
    assert "(615) 555-3338 is Marty McFly." in known.html.replace("</a>", "").replace(
        "\n", " "
    ) or ("is Marty McFly." in known.elements[0].text)
    assert known.one("span", data_verdict="may_text")
    assert known.one("a")["href"] == receipt(MARTY_NUMBER)
    assert vendors.asked() == []


@pytest.mark.parametrize("typed", ["", "6", "615-555", "call me"])
def test_what_is_no_number_yet_says_nothing(typed: str, ada: Client) -> None:
    response = ada.get(KNOWN, {"number": typed}, headers=HTMX)
    assert response.status_code == 200
    assert Page(response).elements == []


def test_it_is_announced_politely_and_empty_at_first(ada: Client) -> None:
    assert Page(ada.get(URL)).one("div", id="known")["role"] == "status"
    assert Page(ada.get(URL)).one("div", id="known").text == ""


def test_a_prefilled_number_is_looked_up_at_once(ada: Client) -> None:
    page = Page(ada.get(URL, {"number": FREE_NUMBER}))
    assert "(615) 555-0199" in page.one("div", id="known").text


@pytest.mark.parametrize("ready", [False, True])
def test_a_number_that_no_contact_has(ready: bool, ada: Client) -> None:
    IndexSync.objects.update(finished_at=timezone.now() if ready else None)
    text = Page(ada.get(KNOWN, {"number": FREE_NUMBER})).elements[0].text
    assert ("is not in the contact list." in text) is ready
    assert ("may be in the contact list." in text) is not ready


def test_looking_up_without_javascript_writes_nothing(ada: Client) -> None:
    page = Page(ada.get(URL))
    assert page.one("button", name="look_up").inside(page.one("noscript"))
    response = stop(ada, MARTY_NUMBER, look_up="1", reason="Never again", channel="email")
    page = Page(response)
    assert response.status_code == 200
    assert "(615) 555-3338" in page.one("div", id="known").text
    assert page.form()["reason"] == "Never again"
    assert page.form()["channel"] == "email"
    assert not Statement.objects.exists()
    assert not HeldPress.objects.exists()


def test_looking_changes_nothing(ada: Client) -> None:
    before = LedgerEntry.objects.count(), Statement.objects.count(), ConsentState.objects.count()
    ada.get(KNOWN, {"number": FREE_NUMBER})
    assert before == (
        LedgerEntry.objects.count(), Statement.objects.count(), ConsentState.objects.count()
    )  # fmt: skip


def test_a_number_that_is_stopped_already(ada: Client, max_: Client) -> None:
    stop(ada, reason="Never again")
    said = timezone.localtime(Statement.objects.get().latest)
    text = Page(max_.get(KNOWN, {"number": FREE_NUMBER})).elements[0].text
    moment = f"{said:%b} {said.day}, {said.year}, {said.hour % 12 or 12}:{said:%M %p %Z}"
    assert f"Already stopped since {moment} by Ada Agent. Nothing more is needed." in text
    assert "If they ask again, stop the number again. That is recorded as a new request." in text
    assert "Never again" not in text


def test_the_first_stop_that_stands_is_the_one_since_when(ada: Client, max_: Client) -> None:
    stop(ada, reason="Never again")
    stop(max_, reason="I said never")
    assert OptOut.objects.count() == 2
    text = Page(ada.get(KNOWN, {"number": FREE_NUMBER})).elements[0].text
    assert "by Ada Agent. Nothing more is needed." in text


def test_a_vendors_stop_names_the_vendor(ada: Client) -> None:
    now = timezone.now()
    vendor_events.cloudcontactai_marked(
        number=FREE_NUMBER, at=now, heard_at=now, label="", event="1"
    )
    text = Page(ada.get(KNOWN, {"number": FREE_NUMBER})).elements[0].text
    assert ": reported by CloudContactAI. Nothing more is needed." in text


def test_how_they_asked_is_added_to_the_same_request(ada: Client, vendors: Vendors) -> None:
    stop(ada)
    text = Page(ada.get(KNOWN, {"number": FREE_NUMBER})).elements[0].text
    assert "To record how they asked, fill in the form below." in text
    vendors.forget_calls()
    stop(ada, channel="email", reason="Never again")
    row = OptOut.objects.get()
    assert (row.channel, row.reason) == ("email", "Never again")
    assert vendors.asked() == [], "nothing new to tell"
    text = Page(ada.get(KNOWN, {"number": FREE_NUMBER})).elements[0].text
    assert "To record how they asked" not in text


def test_a_press_that_is_still_held_is_said(ada: Client, max_: Client, settings: Any) -> None:
    settings.UNDO_SECONDS = 60
    stop(ada)
    text = Page(max_.get(KNOWN, {"number": FREE_NUMBER})).elements[0].text
    assert "Ada Agent just stopped this number." in text


def test_an_empty_search_offers_it(ada: Client, vera: Client) -> None:
    address = f"{URL}?number=%2B16155550199"
    page = Page(ada.get("/contacts/?q=615-555-0199"))
    assert page.one("a", href=address).text == "Stop this number"
    assert Page(ada.get(address)).form()["number"] == FREE_NUMBER
    assert Page(vera.get("/contacts/?q=615-555-0199")).all("a", href=address) == []
    assert Page(ada.get("/contacts/?q=Nobody")).all("a", href=address) == []


def test_an_empty_search_says_that_the_number_is_stopped(ada: Client, vera: Client) -> None:
    address = "/contacts/?q=615-555-0199"
    assert "This number is stopped here." not in Page(vera.get(address)).text
    stop(ada)
    assert "This number is stopped here." in Page(vera.get(address)).text


def test_agents_find_it_in_the_menu(ada: Client) -> None:
    assert Page(ada.get("/contacts/")).one("a", href=URL).text == "Stop a number"


def test_a_receipt_of_a_number_that_was_never_stopped(ada: Client) -> None:
    page = Page(ada.get(receipt()))
    assert page.all("p", data_verdict="may_text") == []
    assert page.all("p", data_verdict="do_not_text") == []


# They appear in SlickText later.


@pytest.mark.parametrize("status", ["subscribed", "not subscribed"])
@pytest.mark.parametrize("seen_in", ["list", "detail"])
def test_the_stop_is_carried_over(seen_in: str, status: str, ada: Client, vendors: Vendors) -> None:
    stop(ada)
    contact = vendors.create(FREE_NUMBER, first_name="Jennifer", opt_in_status=status)
    vendors.forget_calls()
    addresses = {"list": "/contacts/?q=615-555-0199", "detail": f"/contacts/{contact}/"}
    shown = Page(ada.get(addresses[seen_in]))
    assert shown.all("p", data_verdict="may_text") == []
    assert vendors.asked() == ["slicktext GET"], "reading a page writes to no vendor"
    processing.process_due()
    shown = Page(ada.get(addresses[seen_in]))
    assert shown.one("p", data_verdict="do_not_text")
    assert "on its way to SlickText" in shown.text or "on its way (so far:" in shown.text
    work()
    assert vendors.status(FREE_NUMBER) == "unsubscribed"
    shown = Page(ada.get(addresses[seen_in]))
    assert shown.one("p", data_verdict="do_not_text")
    assert "on its way" not in shown.text
    confirmed = LedgerEntry.objects.filter(action=Action.STOP_CONFIRMED, vendor="slicktext")
    assert confirmed.count() == 2


@pytest.mark.parametrize("status", ["unsubscribed", "blocked"])
def test_who_is_stopped_there_anyway_is_left_alone(
    status: str, ada: Client, vendors: Vendors
) -> None:
    stop(ada)
    contact = vendors.create(FREE_NUMBER, opt_in_status=status)
    page = Page(ada.get(f"/contacts/{contact}/"))
    assert page.one("p", data_verdict="do_not_text")
    processing.process_due()
    assert due_now() == []
    assert vendors.status(FREE_NUMBER) == status


def test_who_is_created_here_is_created_stopped(ada: Client, vendors: Vendors) -> None:
    stop(ada)
    page = Page(ada.post("/contacts/new/", {"mobile_number": FREE_NUMBER}, follow=True))
    assert "Created as unsubscribed" in page.text
    assert page.one("p", data_verdict="do_not_text")
    assert vendors.status(FREE_NUMBER) == "unsubscribed"


def test_a_lift_since_then_is_not_carried_over(ada: Client, max_: Client, vendors: Vendors) -> None:
    stop(ada)
    contact = vendors.create(FREE_NUMBER, opt_in_status="not subscribed")
    evidence = {
        "status": "not subscribed",
        "consent_who": "Jennifer",
        "consent_channel": "phone",
        "consent_at": "",
        "consent_words": "Yes",
    }
    max_.post(f"/contacts/{contact}/opt-in/", evidence)
    work()
    ada.get(f"/contacts/{contact}/")
    processing.process_due()
    assert due_now() == []
    assert vendors.status(FREE_NUMBER) == "not subscribed"


def test_a_stop_that_slicktext_held_is_not_ours_to_carry_over(
    ada: Client, vendors: Vendors
) -> None:
    """Someone subscribed them again there: that raises an alarm, and nothing is carried over."""
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    vendors.edit(MARTY, opt_in_status="subscribed")
    ada.get(f"/contacts/{MARTY}/")
    processing.process_due()
    desired = DesiredState.objects.get(number=MARTY_NUMBER, vendor="slicktext")
    assert desired.state == DeliveryState.CONFIRMED


def test_an_old_page_carries_nothing_over(ada: Client, vendors: Vendors) -> None:
    """It was read before SlickText said that no contact has the number."""
    contact = vendors.create(FREE_NUMBER, opt_in_status="subscribed")
    ada.get(f"/contacts/{contact}/")
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", contact)
    stop(ada)
    vendors.fault("slicktext", "down")
    ada.get(f"/contacts/{contact}/")
    processing.process_due()
    assert due_now() == []


def test_judging_costs_two_queries_for_however_many(
    ada: Client, django_assert_num_queries: Any
) -> None:
    stop(ada)
    people = [Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())]
    people.append(Seen(FREE_NUMBER, 1, "Jennifer", "subscribed", timezone.now()))
    with django_assert_num_queries(2):
        judge_many(people)


def test_it_is_offered_while_slicktext_cannot_say_who_has_the_number(
    ada: Client, vendors: Vendors
) -> None:
    vendors.fault("slicktext", "down")
    page = ada.get("/contacts/?q=615-555-0199").text
    assert "SlickText does not answer" in page
    assert "/stop-a-number/?number=%2B16155550199" in page
