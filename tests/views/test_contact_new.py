"""Creating: not subscribed unless a manager brings the evidence, and never sent twice."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.models import DesiredState, LedgerEntry
from contacts_ui.models.ledger import Action
from contacts_ui.services.consent.types import Seen
from tests import consent
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
URL = "/contacts/new/"
TYPED = {"mobile_number": "(615) 555-0123", "first_name": "Emmett", "last_name": "Brown"}


@pytest.fixture(autouse=True)
def _quick_look_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slicktext, "LOOKUP_PAUSES_SECONDS", (0, 0, 0))


def create(client: Client, **changes: str) -> HttpResponse:
    return client.post(URL, Page(client.get(URL)).form(**{**TYPED, **changes}))


def sent(vendors: Vendors) -> list[dict[str, Any]]:
    return [json.loads(call["body"]) for call in vendors.calls("slicktext", "POST")]


def evidence(**changes: str) -> dict[str, str]:
    at = timezone.localtime() - timedelta(hours=1)
    return {
        "consent": "subscribed",
        "consent_who": "Emmett Brown",
        "consent_channel": "in_person",
        "consent_at": at.strftime("%Y-%m-%dT%H:%M"),
        "consent_words": "Yes, text me, great Scott!",
        **changes,
    }


def test_it_works(edgar: Client, vendors: Vendors) -> None:
    response = create(edgar, city="Hill Valley", state="california")
    held = vendors.server.truth(DOC_NUMBER)["slicktext"]
    assert response["Location"] == f"/contacts/{held['contact_id']}/"
    assert "Created." in Page(edgar.get(response["Location"])).text
    assert (held["first_name"], held["city"], held["state"]) == ("Emmett", "Hill Valley", "CA")
    assert held["opt_in_status"] == "not subscribed"
    assert sent(vendors)[0]["opt_in_status"] == "not subscribed"
    assert vendors.stopped(DOC_NUMBER) is None


def test_the_ledger_says_who_created_which_contact(edgar: Client, vendors: Vendors) -> None:
    create(edgar)
    entry = LedgerEntry.objects.get()
    assert entry.action == Action.CONTACT_CREATED
    assert (entry.staff_name, entry.number) == ("Edgar Editor", DOC_NUMBER)
    assert entry.contact_id == vendors.server.truth(DOC_NUMBER)["slicktext"]["contact_id"]
    assert entry.after["first_name"] == "Emmett"


def test_empty_fields_are_not_sent(edgar: Client, vendors: Vendors) -> None:
    create(edgar)
    assert sent(vendors) == [
        {
            "mobile_number": DOC_NUMBER,
            "first_name": "Emmett",
            "last_name": "Brown",
            "country": "US",
            "language": "en",
            "opt_in_status": "not subscribed",
        }
    ]


def test_custom_fields(edgar: Client, vendors: Vendors) -> None:
    create(edgar, new_custom_name_1="loyalty_tier", new_custom_value_1="gold")
    held = vendors.server.truth(DOC_NUMBER)["slicktext"]
    assert held["custom_fields"] == {"loyalty_tier": "gold"}


def test_the_number_comes_along_from_a_search(edgar: Client) -> None:
    form = Page(edgar.get(f"{URL}?number=%2B16155550123")).form()
    assert form["mobile_number"] == "(615) 555-0123"


def test_a_known_number_links_to_who_has_it(edgar: Client, vendors: Vendors) -> None:
    response = create(edgar, mobile_number="615 555 3338")
    page = Page(response)
    assert response.status_code == 409
    assert page.one("a", href=f"/contacts/{MARTY}/").text == "Marty McFly"
    assert page.form()["first_name"] == "Emmett"
    assert sent(vendors) == []


@pytest.mark.parametrize("status", [422, 409])
@pytest.mark.parametrize("shape", ["message", "error", "error_list", "detail", "errors"])
def test_a_number_that_was_taken_in_between(
    shape: str, status: int, edgar: Client, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lookup found no contact, and the vendor then says that the number exists."""
    vendors.switch(exists_status=status, error_body=shape)
    really_find, looks = slicktext.find_contact, []

    def find(*args: Any, **kwargs: Any) -> Any:
        looks.append(args)
        return really_find(*args, **kwargs) if len(looks) > 1 else None

    monkeypatch.setattr(slicktext, "find_contact", find)
    response = create(edgar, mobile_number=MARTY_NUMBER)
    assert response.status_code == 409
    assert Page(response).one("a", href=f"/contacts/{MARTY}/").text == "Marty McFly"
    assert len(sent(vendors)) == 1


@pytest.mark.parametrize("missing", ["mobile_number"])
def test_the_number_is_required(missing: str, edgar: Client) -> None:
    response = create(edgar, mobile_number="")
    assert response.status_code == 422
    assert "This field is required." in Page(response).errors(missing)


def test_the_vendors_complaint_keeps_what_was_typed(edgar: Client, vendors: Vendors) -> None:
    vendors.switch(error_body="errors")
    page = Page(create(edgar, email="doc@localhost"))
    assert page.errors("email") == "SlickText: email must be a valid email address"
    assert page.form()["first_name"] == "Emmett"
    assert not LedgerEntry.objects.exists()


def test_editors_are_not_asked_about_consent(edgar: Client) -> None:
    assert "consent" not in {each["name"] for each in Page(edgar.get(URL)).elements}


@pytest.mark.parametrize("who", ["edgar", "ada"])
@pytest.mark.parametrize(
    "crafted",
    [
        evidence(),
        {"consent": "double_opt_in"},
        {"opt_in_status": "subscribed"},
        {"force_double_opt_in": "true"},
        {"new_custom_name_1": "opt_in_status", "new_custom_value_1": "subscribed"},
        {"new_custom_name_1": "force_double_opt_in", "new_custom_value_1": "true"},
    ],
)
def test_a_crafted_form_subscribes_no_one(
    crafted: dict[str, str], who: str, request: pytest.FixtureRequest, vendors: Vendors
) -> None:
    create(request.getfixturevalue(who), **crafted)
    assert vendors.status(DOC_NUMBER) in ("not subscribed", None)
    for body in sent(vendors):
        assert body["opt_in_status"] == "not subscribed"
        assert "force_double_opt_in" not in body
    assert not DesiredState.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_manager_subscribes_with_evidence(max_: Client, vendors: Vendors) -> None:
    response = create(max_, **evidence())
    assert response.status_code == 302
    assert sent(vendors)[0]["opt_in_status"] == "not subscribed"
    assert vendors.status(DOC_NUMBER) == "subscribed"
    assert vendors.stopped(DOC_NUMBER) is False
    entry = LedgerEntry.objects.get(action=Action.CONSENT_REQUESTED)
    assert entry.after["consented"] == "Emmett Brown"
    assert (entry.channel, entry.reason) == ("in_person", "Yes, text me, great Scott!")
    assert entry.asked_at < timezone.now() - timedelta(minutes=50)


@pytest.mark.parametrize("missing", ["consent_who", "consent_channel", "consent_words"])
def test_subscribing_needs_all_of_the_evidence(
    missing: str, max_: Client, vendors: Vendors
) -> None:
    response = create(max_, **evidence(**{missing: ""}))
    assert response.status_code == 422
    assert "needs the evidence of their consent" in Page(response).errors(missing)
    assert Page(response).form()["first_name"] == "Emmett"
    assert sent(vendors) == []


def test_consent_was_not_given_in_the_future(max_: Client, vendors: Vendors) -> None:
    response = create(max_, **evidence(consent_at="2099-01-01T10:00"))
    assert "This time has not come yet." in Page(response).errors("consent_at")
    assert sent(vendors) == []


def test_double_opt_in_lets_the_vendor_ask(max_: Client, vendors: Vendors) -> None:
    assert "a real text" in Page(max_.get(URL)).text
    create(max_, consent="double_opt_in")
    assert sent(vendors)[0]["force_double_opt_in"] == "true"
    assert "opt_in_status" not in sent(vendors)[0]
    assert vendors.status(DOC_NUMBER) == "pending"
    assert not DesiredState.objects.exists()


def test_managers_create_unsubscribed_people_by_default(max_: Client, vendors: Vendors) -> None:
    create(max_)
    assert vendors.status(DOC_NUMBER) == "not subscribed"


def test_a_stopped_number_stays_stopped(
    max_: Client, vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    set_desired_state(number=DOC_NUMBER)
    response = create(max_)
    assert vendors.status(DOC_NUMBER) == "unsubscribed"
    assert "it stays stopped" in Page(max_.get(response["Location"])).text


def test_a_stopped_number_is_not_asked_by_text(
    max_: Client, vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    set_desired_state(number=DOC_NUMBER)
    response = create(max_, consent="double_opt_in")
    page = Page(response)
    assert response.status_code == 409
    assert "no text may be sent to it" in page.errors("consent")
    assert page.form()["first_name"] == "Emmett"
    assert sent(vendors) == []


def test_consent_for_a_stopped_number_is_saved_once_the_form_has_shown_the_stop(
    max_: Client, agent: User, vendors: Vendors
) -> None:
    seen = Seen(DOC_NUMBER)
    consent.stop(staff=agent, seen=seen, request=consent.Request(reason="I said stop!"))
    shown = create(max_, **evidence(consent_at=""))
    assert shown.status_code == 409
    assert "“I said stop!”" in Page(shown).errors("consent_words")
    consent.stop(staff=agent, seen=seen, request=consent.Request(reason="Once more: stop!"))
    again = max_.post(URL, Page(shown).form())
    assert again.status_code == 409
    assert "“Once more: stop!”" in Page(again).errors("consent_words")
    assert sent(vendors) == []
    assert max_.post(URL, Page(again).form()).status_code == 302
    assert not consent.is_stopped(DOC_NUMBER)


def test_a_lost_answer_is_settled_by_looking_the_number_up(edgar: Client, vendors: Vendors) -> None:
    form = Page(edgar.get(URL)).form(**TYPED)
    vendors.fault("slicktext", "drop_after", methods=["POST"])
    response = edgar.post(URL, form)
    assert response.status_code == 302
    assert len(sent(vendors)) == 1
    assert LedgerEntry.objects.get().answer["settled"] == "by look-up"
    assert vendors.status(DOC_NUMBER) == "not subscribed"


@pytest.mark.parametrize("fault", ["drop_before", "error", "html"])
def test_an_unknown_outcome_is_said_and_never_sent_again(
    fault: str, edgar: Client, vendors: Vendors
) -> None:
    form = Page(edgar.get(URL)).form(**TYPED)
    vendors.fault("slicktext", fault, methods=["POST"])
    page = Page(edgar.post(URL, form))
    assert "We do not know yet whether the change went through." in page.text
    assert page.form()["first_name"] == "Emmett"
    assert len(sent(vendors)) == 1
    assert LedgerEntry.objects.get().answer == {"outcome": "unknown"}
    assert vendors.status(DOC_NUMBER) is None


@pytest.mark.parametrize("fault", ["too_many", "unauthorized", "down"])
def test_a_failing_vendor_keeps_what_was_typed(fault: str, edgar: Client, vendors: Vendors) -> None:
    form = Page(edgar.get(URL)).form(**TYPED)
    vendors.fault("slicktext", fault, seconds=60)
    response = edgar.post(URL, form)
    assert response.status_code < 500
    assert Page(response).form()["first_name"] == "Emmett"
    assert vendors.status(DOC_NUMBER) is None
