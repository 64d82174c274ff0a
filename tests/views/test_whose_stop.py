"""Editing the number of a stopped person: the old one stays stopped, and whose stop it is, is asked."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from contacts_ui.models import LedgerEntry, Wish
from contacts_ui.models.ledger import Action
from contacts_ui.services import contacts, undo
from contacts_ui.services.consent import is_stopped
from contacts_ui.services.delivery import deliver
from contacts_ui.services.wishes import due_now
from tests.pages import Page
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY, MARTY_NUMBER, Vendors

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]
URL = f"/contacts/{MARTY}/edit/"
STAYS = {"stop_follows": "stays", "stop_why": "It never was his number."}


def save(client: Client, **changes: str) -> HttpResponse:
    return client.post(URL, Page(client.get(URL)).form(**changes))


@pytest.fixture
def stopped(ada: Client, vendors: Vendors) -> None:
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    vendors.forget_calls()


@pytest.fixture
def question(edgar: Client, stopped: None) -> Page:
    """The form with the question in it."""
    response = save(edgar, mobile_number="(615) 555-0199", city="Nashville")
    assert response.status_code == 409
    return Page(response)


def test_it_is_asked_and_nothing_is_saved(question: Page, vendors: Vendors) -> None:
    assert "(615) 555-3338 is stopped. Does the stop go with the person?" in question.text
    form = question.form()
    assert (form["stop_follows"], form["city"]) == ("follows", "Nashville")
    assert vendors.calls("slicktext", "PUT") == []
    assert not is_stopped(FREE_NUMBER)


def test_by_default_it_follows(question: Page, edgar: Client, vendors: Vendors) -> None:
    response = edgar.post(URL, question.form())
    page = Page(edgar.get(response["Location"]))
    assert "the stop follows the person to the new one" in page.text
    assert page.one("p", data_verdict="do_not_text")
    assert (vendors.stopped(MARTY_NUMBER), vendors.stopped(FREE_NUMBER)) == (True, True)
    assert vendors.status(FREE_NUMBER) == "unsubscribed"
    assert vendors.contact()["city"] == "Nashville"
    assert is_stopped(MARTY_NUMBER)
    assert is_stopped(FREE_NUMBER)


def test_it_does_not_follow(question: Page, edgar: Client, vendors: Vendors) -> None:
    response = edgar.post(URL, question.form(**STAYS))
    assert response.status_code == 302
    assert is_stopped(MARTY_NUMBER)
    assert not is_stopped(FREE_NUMBER)
    assert vendors.stopped(FREE_NUMBER) is None
    assert vendors.status(FREE_NUMBER) == "unsubscribed", "what SlickText holds stays untouched"
    entry = LedgerEntry.objects.get(action=Action.CONTACT_EDITED)
    assert (
        entry.reason == "The stop of the old number does not follow them: It never was his number."
    )
    assert entry.staff_name == "Edgar Editor"
    assert "It never was his number." in Page(edgar.get(response["Location"])).text


@pytest.mark.parametrize("why", ["", "   "])
def test_that_needs_a_reason(why: str, question: Page, edgar: Client, vendors: Vendors) -> None:
    response = edgar.post(URL, question.form(stop_follows="stays", stop_why=why))
    page = Page(response)
    assert response.status_code == 422
    assert "Say why the stop does not follow the person." in page.errors("stop_why")
    assert page.form()["stop_follows"] == "stays"
    assert vendors.calls("slicktext", "PUT") == []


def test_a_forged_answer(question: Page, edgar: Client, vendors: Vendors) -> None:
    assert edgar.post(URL, question.form(stop_follows="perhaps")).status_code == 422
    assert vendors.calls("slicktext", "PUT") == []


def test_an_answer_that_nobody_asked_for(edgar: Client, vendors: Vendors) -> None:
    """Without a stop there is nothing that could follow."""
    assert save(edgar, mobile_number=FREE_NUMBER, stop_follows="follows").status_code == 302
    assert not Wish.objects.exists()


def test_a_new_number_that_is_stopped_anyway(
    ada: Client, edgar: Client, stopped: None, vendors: Vendors
) -> None:
    ada.post("/stop-a-number/", {"number": FREE_NUMBER})
    assert save(edgar, mobile_number=FREE_NUMBER).status_code == 302
    assert is_stopped(FREE_NUMBER)


def test_another_field_is_saved_without_a_question(
    edgar: Client, stopped: None, vendors: Vendors
) -> None:
    assert save(edgar, city="Nashville").status_code == 302
    assert save(edgar, mobile_number="615-555-3338", state="TN").status_code == 302


def test_a_taken_number_keeps_the_answer(question: Page, edgar: Client, vendors: Vendors) -> None:
    vendors.create(DOC_NUMBER)
    response = edgar.post(URL, question.form(mobile_number=DOC_NUMBER, **STAYS))
    page = Page(response)
    assert response.status_code == 409
    assert page.form()["stop_why"] == STAYS["stop_why"]
    assert not is_stopped(DOC_NUMBER)


def test_a_lost_answer_does_not_lose_the_stop(
    question: Page, edgar: Client, vendors: Vendors
) -> None:
    """SlickText took the number and its answer was lost; reading settles it."""
    form = question.form()
    vendors.fault("slicktext", "drop_after", methods=["PUT"], times=1)
    assert edgar.post(URL, form).status_code == 302
    assert is_stopped(FREE_NUMBER)


def test_saved_by_an_unknown_outcome_first(
    question: Page, edgar: Client, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could be asked what became of it; saving once more still stops the new number."""
    monkeypatch.setattr(contacts, "_reread", lambda contact_id: None)
    vendors.fault("slicktext", "drop_after", methods=["PUT"], times=1)
    again = Page(edgar.post(URL, question.form()))
    assert "We do not know yet" in again.text
    assert not is_stopped(FREE_NUMBER)
    assert edgar.post(URL, again.form()).status_code == 302
    assert is_stopped(FREE_NUMBER)


def test_the_worker_respects_the_answer(
    question: Page, ada: Client, edgar: Client, vendors: Vendors
) -> None:
    """A stop of the old number that is delivered late looks where the person is now, and leaves them there."""
    edgar.post(URL, question.form(**STAYS))
    ada.post("/stop-a-number/", {"number": MARTY_NUMBER})
    Wish.objects.filter(number=MARTY_NUMBER).update(
        ledger_entry=LedgerEntry.objects.filter(contact_id=MARTY).earliest("pk"),
        state="on_its_way",
        settled_version=0,
        due_at="2020-01-01T00:00Z",
    )
    for key in due_now():
        deliver(key)
    assert not Wish.objects.unsettled().exists()
    assert not is_stopped(FREE_NUMBER)


def test_a_stop_that_followed_is_no_slip(
    ada: Client, stopped: None, vendors: Vendors, settings: Any
) -> None:
    vendors.edit(MARTY, opt_in_status="subscribed")
    form = Page(save(ada, mobile_number=FREE_NUMBER)).form()
    ada.post(URL, form)
    response = ada.post(f"/contacts/{MARTY}/undo-stop/", headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert undo.NOT_TEXTABLE in Page(response).text
    assert is_stopped(FREE_NUMBER)
