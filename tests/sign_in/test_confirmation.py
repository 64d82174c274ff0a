"""A fresh confirmation before lifting, exporting, and deleting."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client

from contacts_ui.models import LedgerEntry, LiftRequest, SecurityEvent
from contacts_ui.models import SecurityEventKind as Kind
from tests.pages import Page
from tests.people import MARTY, PASSWORD, Vendors

pytestmark = pytest.mark.django_db
FORMS = (f"/contacts/{MARTY}/opt-in/", f"/contacts/{MARTY}/delete/", "/contacts/export/")
HTMX = {"HX-Request": "true", "HX-Current-URL": f"http://testserver/contacts/{MARTY}/"}


def let_pass(client: Client, minutes: float) -> None:
    session = client.session
    at = time.time() - minutes * 60
    session["account_authentication_methods"] = [{"method": "password", "at": at}]
    session.save()


@pytest.fixture
def browser(manager: User, vendors: Vendors) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.mark.parametrize("address", FORMS)
def test_a_form_asks_when_it_is_opened(address: str, browser: Client) -> None:
    assert browser.get(address).status_code == 200
    let_pass(browser, 16)
    there = browser.get(address)["Location"]
    assert there.startswith(f"/accounts/reauthenticate/?next={address}")
    page = Page(browser.get(there))
    assert "Confirm that it's you" in page.text
    done = browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": address})
    assert done["Location"] == address
    assert browser.get(address).status_code == 200
    assert SecurityEvent.objects.filter(kind=Kind.CONFIRMED).count() == 1


@pytest.mark.parametrize("address", FORMS)
def test_in_a_dialog_the_whole_page_goes(address: str, browser: Client) -> None:
    let_pass(browser, 16)
    response = browser.get(address, headers=HTMX)
    assert response.status_code == 204
    assert response["HX-Redirect"] == f"/accounts/reauthenticate/?next=/contacts/{MARTY}/"


@pytest.mark.parametrize("address", FORMS)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_was_typed_waits_an_hour_and_is_never_lost(
    address: str, headers: dict[str, str], browser: Client
) -> None:
    let_pass(browser, 60)
    assert browser.post(address, headers=headers).status_code == 422
    let_pass(browser, 76)
    response = browser.post(address, headers=headers)
    assert response.status_code == 403
    assert "Nothing was recorded" in response.text
    assert ("<html" in response.text) is not headers
    assert not LedgerEntry.objects.exists()


def test_a_press_without_a_form_comes_back_to_its_page(browser: Client) -> None:
    let_pass(browser, 16)
    response = browser.post("/opt-outs/export/", headers={"Referer": "http://testserver/opt-outs/"})
    assert response["Location"] == "/accounts/reauthenticate/?next=/opt-outs/"
    assert "Press again once you have confirmed" in Page(browser.get(response["Location"])).text
    assert not LedgerEntry.objects.exists()


def test_declining_is_no_lift(browser: Client) -> None:
    let_pass(browser, 16)
    assert not LiftRequest.objects.exists()
    decline = browser.post("/lift-requests/1/decision/", {"decision": "decline", "note": "No."})
    assert decline.status_code == 404
    approve = browser.post("/lift-requests/1/decision/", {"decision": "approve"})
    assert approve["Location"].startswith("/accounts/reauthenticate/")


def test_a_wrong_password_is_no_failed_sign_in_and_the_ways_are_named(browser: Client) -> None:
    Authenticator.objects.create(user_id=browser.session["_auth_user_id"], type="webauthn", data={})
    let_pass(browser, 16)
    page = Page(browser.post("/accounts/reauthenticate/", {"password": "wrong"}))
    assert "This password is not right." in page.text
    assert "Use your passkey" in page.text
    assert SecurityEvent.objects.get(kind=Kind.SIGN_IN_FAILED).details["way"] == "confirmation"


def test_stopping_never_asks(browser: Client) -> None:
    let_pass(browser, 999)
    assert browser.post(f"/contacts/{MARTY}/do-not-text/").status_code == 302
    assert LedgerEntry.objects.exists()


def test_without_the_limit(browser: Client, settings: Any) -> None:
    settings.CONFIRM_MINUTES = 0
    let_pass(browser, 999)
    assert browser.get(FORMS[0]).status_code == 200


@pytest.mark.parametrize("door", ["new", "edit"])
def test_a_contact_form_that_raises_consent_asks_too(door: str, browser: Client) -> None:
    """And what was typed stays in it."""
    address = "/contacts/new/" if door == "new" else f"/contacts/{MARTY}/edit/"
    typed = Page(browser.get(address)).form(
        mobile_number="(615) 555-0199",
        consent="subscribed",
        consent_who="Emmett Brown",
        consent_channel="phone",
        consent_words="Yes, text me, great Scott!",
    )
    let_pass(browser, 76)
    response = browser.post(address, typed)
    page = Page(response)
    assert response.status_code == 409
    assert "Confirm that it's you in a new tab, then save again." in page.text
    assert page.form()["consent_words"] == "Yes, text me, great Scott!"
    assert not LedgerEntry.objects.exists()
    let_pass(browser, 1)
    assert browser.post(address, typed).status_code == 302
