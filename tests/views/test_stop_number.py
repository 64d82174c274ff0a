"""*Stop a number*: whoever has it, and whether anybody has it or not."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from contacts_ui.models import LedgerEntry, OptOut, Wish
from contacts_ui.models.ledger import Action
from contacts_ui.models.wish import WishState
from contacts_ui.services import undo
from contacts_ui.services.consent import Seen, is_stopped, judge_many
from contacts_ui.services.delivery import deliver
from contacts_ui.services.wishes import due_now
from tests.pages import Page
from tests.people import FREE_NUMBER, MARTY, MARTY_NUMBER, Vendors

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]
URL = "/stop-a-number/"
RECEIPT = f"{URL}?stopped=%2B16155550199"
HTMX = {"HX-Request": "true"}


def stop(client: Client, number: str = FREE_NUMBER, **data: str) -> HttpResponse:
    return client.post(URL, {"number": number, **data})


def work() -> None:
    for key in due_now():
        deliver(key)


@pytest.mark.parametrize("spelling", ["(615) 555-0199", "615.555.0199", "+1 615 555 0199"])
def test_it_works(spelling: str, ada: Client, vendors: Vendors) -> None:
    response = stop(ada, spelling)
    assert response["Location"] == RECEIPT
    page = Page(ada.get(RECEIPT))
    assert page.one("h1").text == "(615) 555-0199"
    assert page.one("p", data_verdict="do_not_text").text == "Do not text"
    assert "SlickText: No such contact" in page.text
    assert "CloudContactAI: Do not text" in page.text
    assert vendors.stopped(FREE_NUMBER) is True


def test_what_was_said_is_written_down(ada: Client, vendors: Vendors) -> None:
    asked = timezone.now() - timedelta(days=2)
    typed = timezone.localtime(asked).strftime("%Y-%m-%dT%H:%M")
    stop(ada, channel="letter", asked_at=typed, reason="Never again")
    entry = LedgerEntry.objects.get(action=Action.STOP_REQUESTED)
    assert (entry.staff_name, entry.number, entry.contact_id) == ("Ada Agent", FREE_NUMBER, None)
    assert (entry.channel, entry.reason) == ("letter", "Never again")
    opt_out = OptOut.objects.get()
    assert abs(opt_out.asked_at - asked) < timedelta(minutes=1)
    assert opt_out.honoured_at


def test_a_number_abroad(ada: Client, vendors: Vendors) -> None:
    stop(ada, "+44 20 7946 0958")
    assert vendors.stopped("+442079460958") is True


@pytest.mark.parametrize("typed", ["", "12", "call me", "615-555"])
def test_what_is_no_number(typed: str, ada: Client, vendors: Vendors) -> None:
    response = stop(ada, typed, reason="Never again")
    assert response.status_code == 422
    assert Page(response).errors("number")
    assert "Not stopped yet." in Page(response).text
    assert Page(response).form()["reason"] == "Never again"
    assert not Wish.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"asked_at": "2099-01-01T10:00"}, {"channel": "pigeon"}, {"channel": "vendor"}]
)
def test_a_wrong_record(wrong: dict[str, str], ada: Client, vendors: Vendors) -> None:
    assert stop(ada, **wrong).status_code == 422
    assert not Wish.objects.exists()


@pytest.mark.parametrize("who", ["vera", "edgar"])
def test_who_may_not(who: str, request: pytest.FixtureRequest, vendors: Vendors) -> None:
    browser = request.getfixturevalue(who)
    assert stop(browser).status_code == 403
    assert browser.get(RECEIPT).status_code == 403
    assert browser.get("/contacts/").content.decode().count(URL) == 0
    assert not Wish.objects.exists()


@pytest.mark.parametrize("fault", ["down", "error", "html", "unauthorized"])
def test_no_vendors_failure_stands_in_the_way(fault: str, ada: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", fault)
    vendors.fault("cloudcontactai", fault)
    assert stop(ada).status_code == 302
    assert is_stopped(FREE_NUMBER)
    page = Page(ada.get(RECEIPT))
    assert "on its way" in page.text
    receipt = page.one("section", id="receipt")
    assert receipt["hx-get"] == RECEIPT
    vendors.clear_faults()
    Wish.objects.update(due_at=timezone.now())
    work()
    vendors.forget_calls()
    settled = Page(ada.get(RECEIPT, headers=HTMX))
    assert settled.elements[0]["id"] == "receipt"
    assert settled.elements[0]["hx-get"] is None
    assert vendors.asked() == [], "a receipt that asks again asks no vendor"


def test_somebody_has_it(ada: Client, vendors: Vendors) -> None:
    stop(ada, MARTY_NUMBER)
    page = Page(ada.get(f"{URL}?stopped=%2B16155553338"))
    assert page.one("a", href=f"/contacts/{MARTY}/").text == "Marty McFly"
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


def test_it_is_no_slip_that_could_be_undone(ada: Client, vendors: Vendors) -> None:
    """Nobody had seen this number as textable."""
    stop(ada, MARTY_NUMBER)
    response = ada.post(f"/contacts/{MARTY}/undo-stop/", headers=HTMX)
    assert response.status_code == 409
    assert undo.NOT_TEXTABLE in Page(response).text
    assert vendors.stopped() is True


def test_an_empty_search_offers_it(ada: Client, vera: Client, vendors: Vendors) -> None:
    address = f"{URL}?number=%2B16155550199"
    page = Page(ada.get("/contacts/?q=615-555-0199"))
    assert page.one("a", href=address).text == "Stop this number"
    assert Page(ada.get(address)).form()["number"] == FREE_NUMBER
    assert Page(vera.get("/contacts/?q=615-555-0199")).all("a", href=address) == []
    assert Page(ada.get("/contacts/?q=Nobody")).all("a", href=address) == []


def test_an_empty_search_says_that_the_number_is_stopped(
    ada: Client, vera: Client, vendors: Vendors
) -> None:
    address = "/contacts/?q=615-555-0199"
    assert "This number is stopped here." not in Page(vera.get(address)).text
    stop(ada)
    assert "This number is stopped here." in Page(vera.get(address)).text


def test_agents_find_it_in_the_menu(ada: Client, vendors: Vendors) -> None:
    assert Page(ada.get("/contacts/")).one("a", href=URL).text == "Stop a number"


def test_a_receipt_of_a_number_that_was_never_stopped(ada: Client, vendors: Vendors) -> None:
    page = Page(ada.get(RECEIPT))
    assert page.all("p", data_verdict="may_text") == []
    assert "Do not text" not in page.text


# They appear in SlickText later.


@pytest.mark.parametrize("status", ["subscribed", "not subscribed"])
@pytest.mark.parametrize("seen_in", ["list", "detail"])
def test_the_stop_is_carried_over(seen_in: str, status: str, ada: Client, vendors: Vendors) -> None:
    stop(ada)
    contact = vendors.create(FREE_NUMBER, first_name="Jennifer", opt_in_status=status)
    vendors.forget_calls()
    addresses = {"list": "/contacts/?q=615-555-0199", "detail": f"/contacts/{contact}/"}
    shown = Page(ada.get(addresses[seen_in]))
    assert shown.one("p", data_verdict="do_not_text")
    assert "on its way to SlickText" in shown.text or "on its way (so far:" in shown.text
    assert vendors.asked() == ["slicktext GET"], "reading a page writes to no vendor"
    work()
    assert vendors.status(FREE_NUMBER) == "unsubscribed"
    shown = Page(ada.get(addresses[seen_in]))
    assert "Stopped at SlickText and CloudContactAI." in shown.text
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
    assert due_now() == []


def test_who_is_created_here_is_created_stopped(ada: Client, vendors: Vendors) -> None:
    stop(ada)
    page = Page(ada.post("/contacts/new/", {"mobile_number": FREE_NUMBER}, follow=True))
    assert "Created as unsubscribed" in page.text
    assert page.one("p", data_verdict="do_not_text")
    assert vendors.status(FREE_NUMBER) == "unsubscribed"


def test_a_lift_since_then_is_not_carried_over(ada: Client, max_: Client, vendors: Vendors) -> None:
    stop(ada)
    contact = vendors.create(FREE_NUMBER, opt_in_status="not subscribed")
    at = timezone.localtime() - timedelta(hours=1)
    evidence = {
        "status": "not subscribed",
        "consent_who": "They",
        "consent_channel": "phone",
        "consent_at": at.strftime("%Y-%m-%dT%H:%M"),
        "consent_words": "Yes",
    }
    max_.post(f"/contacts/{contact}/consent/", evidence)
    work()
    ada.get(f"/contacts/{contact}/")
    assert due_now() == []
    assert vendors.status(FREE_NUMBER) == "not subscribed"


def test_a_stop_that_slicktext_held_is_not_ours_to_carry_over(
    ada: Client, vendors: Vendors
) -> None:
    """Somebody subscribed them again there: that is an alarm, and no carrying over."""
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    vendors.edit(MARTY, opt_in_status="subscribed")
    ada.get(f"/contacts/{MARTY}/")
    wish = Wish.objects.get(number=MARTY_NUMBER, vendor="slicktext")
    assert wish.state == WishState.CONFIRMED


def test_an_old_page_carries_nothing_over(ada: Client, vendors: Vendors) -> None:
    """It was read before SlickText said that nobody has the number."""
    contact = vendors.create(FREE_NUMBER, opt_in_status="subscribed")
    ada.get(f"/contacts/{contact}/")
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", contact)
    stop(ada)
    vendors.fault("slicktext", "down")
    ada.get(f"/contacts/{contact}/")
    assert due_now() == []


def test_it_costs_one_query_and_only_where_it_is_needed(
    ada: Client, vendors: Vendors, django_assert_num_queries: Any
) -> None:
    stop(ada)
    people = [Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())]
    with django_assert_num_queries(1):
        judge_many(people)
    people.append(Seen(FREE_NUMBER, 1, "Jennifer", "subscribed", timezone.now()))
    # Whoever has wishes is looked up among the disagreements, too.
    with django_assert_num_queries(3):
        judge_many(people)
    with django_assert_num_queries(2):
        judge_many(people)


def test_it_is_offered_while_slicktext_cannot_say_who_has_the_number(
    ada: Client, vendors: Vendors
) -> None:
    vendors.fault("slicktext", "down")
    page = ada.get("/contacts/?q=615-555-0199").text
    assert "SlickText does not answer" in page
    assert "/stop-a-number/?number=%2B16155550199" in page
