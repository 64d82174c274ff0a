"""Deleting: managers only, the number typed again; ledger and stop outlive the contact."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from contacts_ui.models import DesiredState, HeldPress, LedgerEntry, Statement
from contacts_ui.models.ledger import Action
from contacts_ui.services.consent.record import is_stopped
from tests.pages import Page
from tests.people import MARTY, MARTY_NUMBER, UNKNOWN_ID, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
URL = f"/contacts/{MARTY}/delete/"


def delete(client: Client, number: str = MARTY_NUMBER) -> HttpResponse:
    return client.post(URL, {"number": number})


@pytest.mark.parametrize("spelling", [MARTY_NUMBER, "(615) 555-3338", "615 555 3338"])
def test_it_works(spelling: str, max_: Client, vendors: Vendors) -> None:
    response = delete(max_, spelling)
    assert response["Location"] == "/contacts/"
    assert "Marty McFly was deleted from SlickText." in Page(max_.get("/contacts/")).text
    assert vendors.contact() is None
    assert max_.get(f"/contacts/{MARTY}/").status_code == 404


def test_it_says_what_it_does(max_: Client, set_desired_state: SetDesiredState) -> None:
    text = Page(max_.get(URL)).text
    assert "Delete Marty McFly?" in text
    assert "The audit log here keeps its entries" in text
    assert "stays stopped" not in text
    set_desired_state()
    assert "This number is stopped, and it stays stopped, even if" in Page(max_.get(URL)).text


def test_ledger_and_stop_stay(max_: Client, set_desired_state: SetDesiredState) -> None:
    set_desired_state()
    delete(max_)
    assert is_stopped(MARTY_NUMBER)
    assert DesiredState.objects.filter(number=MARTY_NUMBER, do_not_text=True).exists()
    asked, deleted = LedgerEntry.objects.order_by("pk")
    assert (asked.action, deleted.action) == (Action.STOP_REQUESTED, Action.CONTACT_DELETED)
    assert (deleted.staff_name, deleted.number) == ("Max Manager", MARTY_NUMBER)
    assert deleted.before["first_name"] == "Marty"
    assert deleted.before["opt_in_status"] == "subscribed"


def test_a_press_that_is_held_is_sent_before_they_go(
    ada: Client, max_: Client, settings: Any
) -> None:
    settings.UNDO_SECONDS = 120
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    delete(max_)
    assert Statement.objects.get().number == MARTY_NUMBER
    assert not HeldPress.objects.filter(state="held").exists()


@pytest.mark.parametrize("typed", ["", "+16155550199", "Marty McFly", "615 555 333"])
def test_another_number_deletes_no_one(typed: str, max_: Client, vendors: Vendors) -> None:
    response = delete(max_, typed)
    assert response.status_code == 422
    assert Page(response).errors("number")
    assert vendors.contact() is not None
    assert vendors.calls("slicktext", "DELETE") == []
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("who", ["vera", "edgar", "ada"])
def test_only_managers(who: str, request: pytest.FixtureRequest, vendors: Vendors) -> None:
    response = delete(request.getfixturevalue(who))
    assert response.status_code == 403
    assert "Only managers can delete contacts." in Page(response).text
    assert vendors.asked() == []


def test_a_deleted_contact(max_: Client) -> None:
    assert max_.get(f"/contacts/{UNKNOWN_ID}/delete/").status_code == 404
    response = max_.post(f"/contacts/{UNKNOWN_ID}/delete/", {"number": MARTY_NUMBER})
    assert response.status_code == 404


def test_a_lost_answer_is_settled(max_: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "drop_after", methods=["DELETE"])
    assert delete(max_).status_code == 302
    assert LedgerEntry.objects.get().answer == {"outcome": "deleted"}


def test_a_lost_request_is_unknown(max_: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "drop_before", methods=["DELETE"])
    response = delete(max_)
    assert "We do not know yet whether the change went through." in Page(response).text
    assert Page(response).form()["number"] == MARTY_NUMBER
    assert LedgerEntry.objects.get().answer == {"outcome": "unknown"}
    assert vendors.contact() is not None


def test_a_vendor_that_is_down(max_: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    response = delete(max_)
    assert response.status_code == 503
    assert "SlickText does not answer" in Page(response).text
    assert vendors.contact() is not None
