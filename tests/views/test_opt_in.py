"""Lifting a stop and changing the opt-in status: managers, with the evidence written down."""

import pytest
from django.http import HttpResponse
from django.test import Client

from contacts_ui.models import DesiredState, LedgerEntry, LiftRequest
from contacts_ui.models.ledger import Action
from tests.consent import evidence_form as evidence
from tests.pages import Page
from tests.people import MARTY, MARTY_NUMBER, UNKNOWN_ID, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db(transaction=True)
URL = f"/contacts/{MARTY}/opt-in/"
HTMX = {"HX-Request": "true"}
# Opting in, and requesting it, are one form.
BOTH_FORMS = pytest.mark.parametrize(("who", "form"), [("max_", "opt-in"), ("ada", "ask-lift")])


def lift(client: Client, **changes: str) -> HttpResponse:
    return client.post(URL, evidence(**changes))


@pytest.fixture
def stopped(ada: Client, vendors: Vendors) -> None:
    """Marty, stopped by Ada."""
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    vendors.forget_calls()


def test_it_works(max_: Client, vendors: Vendors, stopped: None) -> None:
    response = lift(max_)
    assert response["Location"] == f"/contacts/{MARTY}/"
    page = Page(max_.get(f"/contacts/{MARTY}/"))
    assert "May text" in page.text
    assert page.switch()["aria-checked"] == "false"
    assert (vendors.status(), vendors.stopped()) == ("subscribed", False)


def test_the_ledger_has_the_evidence(max_: Client, stopped: None) -> None:
    lift(max_)
    entry = LedgerEntry.objects.get(action=Action.CONSENT_REQUESTED)
    assert entry.staff_name == "Max Manager"
    assert entry.after["opt_in_status"] == "subscribed"
    assert (entry.after["consented"], entry.after["do_not_text"]) == ("Marty McFly", False)
    assert (entry.channel, entry.reason) == ("phone", "You may text me again")
    said = entry.asked_at.isoformat()
    assert (entry.after["said_from"], entry.after["said_until"]) == (said, said), (
        "the moment itself"
    )
    assert LedgerEntry.objects.filter(action=Action.CONSENT_CONFIRMED).count() == 2


def test_not_subscribed_lifts_the_stop_only(max_: Client, vendors: Vendors, stopped: None) -> None:
    lift(max_, status="not subscribed")
    assert (vendors.status(), vendors.stopped()) == ("not subscribed", False)
    assert "Not subscribed" in Page(max_.get(f"/contacts/{MARTY}/")).text


@pytest.mark.django_db
@BOTH_FORMS
@pytest.mark.parametrize("missing", ["status", "consent_who", "consent_channel", "consent_words"])
def test_all_of_it_is_required(
    missing: str, who: str, form: str, request: pytest.FixtureRequest, vendors: Vendors
) -> None:
    browser = request.getfixturevalue(who)
    response = browser.post(f"/contacts/{MARTY}/{form}/", evidence(**{missing: ""}))
    assert response.status_code == 422
    assert Page(response).errors(missing)
    assert not DesiredState.objects.exists()
    assert not LiftRequest.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("consent_at", "2099-01-01T10:00", "This time has not come yet."),
        ("consent_at", "1885-01-01T10:00", "Enter a year between 1991 and 8999."),
        ("consent_who", "\u200b", "Write the person's name."),
        ("consent_who", "\u2063", "Write the person's name."),
        ("consent_who", "\u3164\u3164", "Write the person's name."),
        ("consent_who", "—", "Write the person's name."),
        ("consent_words", ".", "Write what they said, in their words."),
        ("consent_channel", "unrecorded", "Select a valid choice."),
        ("status", "blocked", "Select a valid choice."),
        ("status", "unsubscribed", "Select a valid choice."),
    ],
)
def test_what_is_no_evidence(field: str, typed: str, words: str, max_: Client) -> None:
    response = lift(max_, **{field: typed})
    page = Page(response)
    assert response.status_code == 422
    assert words in page.errors(field)
    sent = evidence(**{field: typed})
    assert page.one("input", name="consent_who")["value"] == sent["consent_who"]
    assert page.one("input", name="consent_at")["value"] == sent["consent_at"]
    assert not DesiredState.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["vera", "edgar", "ada"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_only_managers(
    method: str, who: str, request: pytest.FixtureRequest, vendors: Vendors
) -> None:
    browser = request.getfixturevalue(who)
    response = getattr(browser, method)(URL, evidence(), headers=HTMX)
    assert response.status_code == 403
    assert response.content.decode() == (
        "Only managers can allow texts again, and only with the person's recorded consent."
    )
    assert not DesiredState.objects.exists()
    assert vendors.asked() == []


@pytest.mark.django_db
@BOTH_FORMS
def test_a_contact_who_is_gone(
    who: str, form: str, request: pytest.FixtureRequest, vendors: Vendors
) -> None:
    browser, address = request.getfixturevalue(who), f"/contacts/{UNKNOWN_ID}/{form}/"
    assert browser.get(address).status_code == 404
    assert browser.post(address, evidence()).status_code == 404


@pytest.mark.django_db
def test_a_number_that_cannot_be_read(max_: Client, vendors: Vendors) -> None:
    vendors.write("UPDATE contacts SET mobile_number = '12' WHERE contact_id = ?", MARTY)
    response = lift(max_)
    assert not DesiredState.objects.exists()
    assert "not a valid phone number" in Page(response).text


def test_the_vendor_refuses(max_: Client, vendors: Vendors, stopped: None) -> None:
    """The person's own STOP: SlickText may want them to opt in by text."""
    vendors.switch(refuse_resubscribe=True)
    page = Page(max_.post(URL, evidence(), follow=True))
    assert "this contact opted out and must opt in again by text" in page.text
    assert vendors.status() == "unsubscribed"
    assert page.all("p", data_verdict="may_text") == []


def test_a_vendor_that_is_down_leaves_them_stopped(
    max_: Client, vendors: Vendors, stopped: None
) -> None:
    vendors.fault("cloudcontactai", "down")
    page = Page(max_.post(URL, evidence(), follow=True))
    assert page.all("p", data_verdict="may_text") == []
    assert "on its way" in page.text
    assert vendors.stopped() is True


def test_a_stop_after_it_wins(max_: Client, ada: Client, vendors: Vendors, stopped: None) -> None:
    lift(max_)
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert set(DesiredState.objects.values_list("do_not_text", flat=True)) == {True}


def test_htmx_puts_the_answer_into_the_row(max_: Client, stopped: None) -> None:
    form = Page(max_.get(f"{URL}?view=row", headers=HTMX))
    assert form.all("html") == []
    assert form.one("form", method="post")["hx-post"] == URL
    response = max_.post(URL, {**form.form(URL), **evidence()}, headers=HTMX)
    page = Page(response)
    assert response["HX-Retarget"] == f"#consent-{MARTY}"
    assert page.elements[0]["data-view"] == "row"
    assert page.switch("Do not text Marty McFly")["aria-checked"] == "false"


@pytest.mark.django_db
def test_an_old_copy_from_the_time_when_slicktext_answered(
    max_: Client, vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    """Without any copy there is no form, and nothing is written."""
    vendors.fault("slicktext", "down")
    page = Page(max_.post(URL, evidence()))
    assert "SlickText does not answer" in page.text
    assert not DesiredState.objects.filter(number=MARTY_NUMBER).exists()
