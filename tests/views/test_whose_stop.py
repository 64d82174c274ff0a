"""Consent belongs to the number (rule 8): how another number, a deletion, and a new contact change it."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from contacts_ui.contact_fields import Merge
from contacts_ui.integrations import slicktext
from contacts_ui.models import DesiredState, LiftRequest, OptOut, Statement
from contacts_ui.models.consent import Source
from contacts_ui.services.consent import doors
from contacts_ui.services.consent.record import is_stopped
from contacts_ui.services.consent.types import Seen
from tests.pages import Page
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY, MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]
URL = f"/contacts/{MARTY}/edit/"
NEW = "/contacts/new/"
EVIDENCE = {
    "consent_who": "Marty McFly",
    "consent_channel": "phone",
    "consent_words": "Text me at my new number",
}


@pytest.fixture(autouse=True)
def _quick_look_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slicktext, "LOOKUP_PAUSES_SECONDS", (0, 0, 0))


def save(client: Client, **changes: str) -> HttpResponse:
    return client.post(URL, Page(client.get(URL)).form(**changes))


def create(client: Client, **changes: str) -> HttpResponse:
    typed = {"mobile_number": MARTY_NUMBER, "first_name": "Marty", **changes}
    return client.post(NEW, Page(client.get(NEW)).form(**typed))


def sent(vendors: Vendors, method: str = "PUT") -> list[dict[str, Any]]:
    return [json.loads(call["body"]) for call in vendors.calls("slicktext", method)]


def shown(client: Client, response: HttpResponse) -> str:
    return Page(client.get(response["Location"])).text


@pytest.fixture
def stopped(ada: Client, vendors: Vendors) -> None:
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    vendors.forget_calls()


# A stopped contact stays stopped.


def test_the_form_says_so_before_saving(edgar: Client, stopped: None) -> None:
    assert "They are stopped: they stay stopped at a new number" in Page(edgar.get(URL)).text


def test_the_stop_goes_along(edgar: Client, stopped: None, vendors: Vendors) -> None:
    response = save(edgar, mobile_number="(615) 555-0199", city="Nashville")
    assert "The new number is stopped" in shown(edgar, response)
    assert (vendors.stopped(MARTY_NUMBER), vendors.stopped(FREE_NUMBER)) == (True, True)
    assert vendors.status(FREE_NUMBER) == "unsubscribed"
    assert is_stopped(MARTY_NUMBER)
    assert is_stopped(FREE_NUMBER)
    carried = Statement.objects.get(number=FREE_NUMBER)
    assert carried.source == Source.CARRIED_OVER
    assert carried.latest == Statement.objects.get(number=MARTY_NUMBER).latest


def test_older_consent_of_the_new_number_does_not_answer_it(
    edgar: Client, agent: User, set_desired_state: SetDesiredState
) -> None:
    doors.press_stop(staff=agent, seen=Seen(MARTY_NUMBER, MARTY, "Marty", "subscribed"))
    set_desired_state(number=FREE_NUMBER, do_not_text=False)
    save(edgar, mobile_number=FREE_NUMBER)
    assert is_stopped(FREE_NUMBER)


def test_a_press_that_is_held_goes_along(
    ada: Client, edgar: Client, vendors: Vendors, settings: Any
) -> None:
    form = Page(edgar.get(URL)).form(mobile_number=FREE_NUMBER)
    settings.UNDO_SECONDS = 120
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    edgar.post(URL, form)
    assert is_stopped(MARTY_NUMBER)
    assert Statement.objects.filter(number=FREE_NUMBER, source=Source.CARRIED_OVER).exists()
    assert vendors.status(FREE_NUMBER) == "unsubscribed"
    ada.post(f"/contacts/{MARTY}/unsend/")
    assert is_stopped(MARTY_NUMBER)
    assert is_stopped(FREE_NUMBER)


@pytest.mark.parametrize("status", ["unsubscribed", "blocked"])
def test_stopped_only_at_slicktext(status: str, edgar: Client, vendors: Vendors) -> None:
    """Row 11: their old number's stop is recorded before it is left."""
    vendors.edit(MARTY, opt_in_status=status)
    save(edgar, mobile_number=FREE_NUMBER)
    assert is_stopped(MARTY_NUMBER)
    assert is_stopped(FREE_NUMBER)
    assert (vendors.stopped(MARTY_NUMBER), vendors.stopped(FREE_NUMBER)) == (True, True)
    assert vendors.status(FREE_NUMBER) == status, "a stop is never weakened"


def test_a_number_that_could_not_be_read_does_not_weaken_it(
    edgar: Client, vendors: Vendors
) -> None:
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    vendors.write("UPDATE contacts SET mobile_number = '12' WHERE contact_id = ?", MARTY)
    save(edgar, mobile_number=FREE_NUMBER)
    assert vendors.status(FREE_NUMBER) == "unsubscribed"
    assert is_stopped(FREE_NUMBER)


def test_another_field_says_nothing_about_consent(
    edgar: Client, stopped: None, vendors: Vendors
) -> None:
    assert save(edgar, city="Nashville").status_code == 302
    assert save(edgar, mobile_number="615-555-3338", state="TN").status_code == 302
    assert [body.keys() for body in sent(vendors)] == [{"city"}, {"state"}]
    assert Statement.objects.count() == 1


def test_a_taken_number_stops_no_stranger(edgar: Client, stopped: None, vendors: Vendors) -> None:
    vendors.create(DOC_NUMBER, opt_in_status="subscribed")
    response = save(edgar, mobile_number=DOC_NUMBER, city="Nashville")
    assert response.status_code == 409
    assert Page(response).form()["city"] == "Nashville"
    assert not is_stopped(DOC_NUMBER)
    assert vendors.status(DOC_NUMBER) == "subscribed"
    assert vendors.stopped(DOC_NUMBER) is None


@pytest.mark.parametrize("fault", ["down", "error", "drop_before"])
def test_an_edit_that_fails_stops_no_stranger(
    fault: str, edgar: Client, stopped: None, vendors: Vendors
) -> None:
    form = Page(edgar.get(URL)).form(mobile_number=FREE_NUMBER)
    vendors.fault("slicktext", fault, methods=["PUT"])
    assert edgar.post(URL, form).status_code < 500
    assert not is_stopped(FREE_NUMBER)
    assert vendors.stopped(FREE_NUMBER) is None


def test_a_lost_answer_does_not_lose_the_stop(
    edgar: Client, stopped: None, vendors: Vendors
) -> None:
    """SlickText took the number and its answer was lost; reading settles it."""
    form = Page(edgar.get(URL)).form(mobile_number=FREE_NUMBER)
    vendors.fault("slicktext", "drop_after", methods=["PUT"], times=1)
    assert edgar.post(URL, form).status_code == 302
    assert is_stopped(FREE_NUMBER)


def test_saved_by_an_unknown_outcome_first(
    edgar: Client, stopped: None, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What became of it could not be read; saving again still stops the new number everywhere."""
    form = Page(edgar.get(URL)).form(mobile_number=FREE_NUMBER)
    monkeypatch.setattr(Merge, "missing_in", lambda merged, contact: ("mobile_number",))
    vendors.fault("slicktext", "drop_after", methods=["PUT"], times=1)
    again = Page(edgar.post(URL, form))
    assert "We do not know yet" in again.text
    assert vendors.status(FREE_NUMBER) == "unsubscribed", "never textable in between"
    assert edgar.post(URL, again.form()).status_code == 302
    assert Statement.objects.get(number=FREE_NUMBER).source == Source.CARRIED_OVER
    assert vendors.stopped(FREE_NUMBER) is True


# A subscribed contact.


def test_the_form_says_that_consent_stays_behind(edgar: Client) -> None:
    assert "Consent belongs to the number: they are not subscribed at a new one." in (
        Page(edgar.get(URL)).text
    )


def test_not_subscribed_at_another_number(edgar: Client, vendors: Vendors) -> None:
    """Row 12."""
    response = save(edgar, mobile_number=FREE_NUMBER)
    assert sent(vendors) == [{"mobile_number": FREE_NUMBER, "opt_in_status": "not subscribed"}]
    assert "They are not subscribed at the new number." in shown(edgar, response)
    assert Page(edgar.get(response["Location"])).one("p", data_verdict="not_subscribed")
    assert not DesiredState.objects.exists()


def test_a_number_that_is_stopped_here(ada: Client, edgar: Client, vendors: Vendors) -> None:
    """Row 13: SlickText never holds the stopped number as subscribed."""
    ada.post("/stop-a-number/", {"number": FREE_NUMBER})
    response = save(edgar, mobile_number=FREE_NUMBER)
    assert "The new number is stopped" in shown(edgar, response)
    assert {"mobile_number": FREE_NUMBER, "opt_in_status": "unsubscribed"} in sent(vendors)
    assert vendors.status(FREE_NUMBER) == "unsubscribed"
    assert not is_stopped(MARTY_NUMBER)


def test_with_evidence_they_are_subscribed(max_: Client, vendors: Vendors) -> None:
    save(max_, mobile_number=FREE_NUMBER, **EVIDENCE)
    assert vendors.status(FREE_NUMBER) == "subscribed"
    consented = Statement.objects.get(number=FREE_NUMBER)
    assert (consented.kind, consented.words) == ("consent", "Text me at my new number")


def test_with_four_eyes_a_second_person_decides(
    max_: Client, vendors: Vendors, settings: Any
) -> None:
    settings.FOUR_EYES = True
    response = save(max_, mobile_number=FREE_NUMBER, **EVIDENCE)
    assert "A second person decides about their consent." in shown(max_, response)
    assert vendors.status(FREE_NUMBER) == "not subscribed"
    assert LiftRequest.objects.get().kind == "opt_in"
    card = Page(max_.get(response["Location"]))
    assert "Opt-in requested by Max Manager" in card.text
    assert "Until then they get no texts." in card.text
    assert not Statement.objects.exists()


def test_evidence_answers_the_stop_that_is_left_too(
    max_: Client, stopped: None, vendors: Vendors
) -> None:
    response = save(max_, mobile_number=FREE_NUMBER, consent_at="2020-01-01T10:00", **EVIDENCE)
    page = Page(response)
    assert response.status_code == 422
    assert "This is not later than their newest stop." in page.errors("consent_at")
    assert (page.form()["mobile_number"], page.form()["consent_words"]) == (
        "(615) 555-0199",
        EVIDENCE["consent_words"],
    )
    assert sent(vendors) == []
    asked = save(max_, mobile_number=FREE_NUMBER, **EVIDENCE)
    assert asked.status_code == 409, "the stop is shown first"
    save(max_, **Page(asked).form())
    assert vendors.status(FREE_NUMBER) == "subscribed"
    assert is_stopped(MARTY_NUMBER)
    assert not is_stopped(FREE_NUMBER)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"mobile_number": FREE_NUMBER, "consent_words": "Yes, do"}, "consent_who", "needs this"),
        ({"mobile_number": FREE_NUMBER, **EVIDENCE, "consent_who": "."}, "consent_who", "name"),
    ],
)
def test_half_of_the_evidence(
    changes: dict[str, str], field: str, words: str, max_: Client, vendors: Vendors
) -> None:
    response = save(max_, **changes)
    assert response.status_code == 422
    assert words in Page(response).errors(field)
    assert sent(vendors) == []


def test_evidence_without_another_number(max_: Client) -> None:
    response = save(max_, **EVIDENCE)
    assert response.status_code == 422
    assert "only with a new mobile number" in Page(response).text


@pytest.mark.parametrize("who", ["edgar", "ada"])
def test_a_crafted_form_gives_no_consent(
    who: str, request: pytest.FixtureRequest, vendors: Vendors
) -> None:
    save(request.getfixturevalue(who), mobile_number=FREE_NUMBER, **EVIDENCE)
    assert vendors.status(FREE_NUMBER) == "not subscribed"
    assert not Statement.objects.exists()


# A number that was deleted, or left, and is created again.


@pytest.mark.parametrize("how", ["deleted", "renumbered"])
def test_unsubscribed_only_at_slicktext_and_created_again(
    how: str, max_: Client, vendors: Vendors
) -> None:
    """Row 11: no double opt-in text goes out, and the number stays stopped."""
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    if how == "deleted":
        assert "it stays stopped" in Page(max_.get(f"/contacts/{MARTY}/delete/")).text
        max_.post(f"/contacts/{MARTY}/delete/", {"number": MARTY_NUMBER})
    else:
        save(max_, mobile_number=FREE_NUMBER)
    assert is_stopped(MARTY_NUMBER)
    assert vendors.stopped(MARTY_NUMBER) is True
    vendors.forget_calls()
    refused = create(max_, consent="double_opt_in")
    assert refused.status_code == 409
    assert "no text may be sent to it" in Page(refused).errors("consent")
    assert sent(vendors, "POST") == []
    response = create(max_)
    assert "it stays stopped" in shown(max_, response)
    assert vendors.status(MARTY_NUMBER) == "unsubscribed"


def test_created_again_with_older_evidence(
    max_: Client, vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    """Row 9, at creation."""
    set_desired_state(number=DOC_NUMBER)
    typed = {"mobile_number": DOC_NUMBER, "consent": "subscribed", **EVIDENCE}
    response = create(max_, consent_at="2020-01-01T10:00", **typed)
    page = Page(response)
    assert response.status_code == 422
    assert "This is not later than their newest stop." in page.errors("consent_at")
    assert page.form()["consent_words"] == EVIDENCE["consent_words"]
    assert sent(vendors, "POST") == []
    asked = create(max_, **typed)
    assert asked.status_code == 409, "the stop is shown first"
    create(max_, **Page(asked).form())
    assert vendors.status(DOC_NUMBER) == "subscribed"


def test_created_with_evidence_and_four_eyes(
    max_: Client, vendors: Vendors, settings: Any, set_desired_state: SetDesiredState
) -> None:
    settings.FOUR_EYES = True
    set_desired_state(number=FREE_NUMBER)
    for number, held in ((DOC_NUMBER, "not subscribed"), (FREE_NUMBER, "unsubscribed")):
        response = create(max_, mobile_number=number, consent="subscribed", **EVIDENCE)
        if held == "unsubscribed":
            assert response.status_code == 409, "the stop is shown first"
            response = create(max_, **Page(response).form())
        assert "A second person decides about their consent." in shown(max_, response)
        assert vendors.status(number) == held
    assert set(LiftRequest.objects.values_list("kind", flat=True)) == {"opt_in", "lift"}


def test_what_a_deleted_contact_was_does_not_count_for_the_new_one(
    max_: Client, vendors: Vendors, settings: Any
) -> None:
    """Our own reading of the number says *subscribed*, and the contact who had it then is gone."""
    given = {"mobile_number": DOC_NUMBER, "consent": "subscribed", **EVIDENCE}
    contact_id = int(create(max_, **given)["Location"].split("/")[2])
    max_.get(f"/contacts/{contact_id}/")
    max_.post(f"/contacts/{contact_id}/delete/", {"number": DOC_NUMBER})
    settings.FOUR_EYES = True
    response = create(max_, **given)
    assert "A second person decides about their consent." in shown(max_, response)
    assert LiftRequest.objects.get().kind == "opt_in"
    assert vendors.status(DOC_NUMBER) == "not subscribed"


def test_a_stop_while_the_contact_is_created_is_said(
    max_: Client, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contact is there, and the stop that came in the meantime is newer than the evidence."""
    really_create = slicktext.create_contact

    def stop_first(*args: Any, **kwargs: Any) -> Any:
        doors.press_stop(staff=agent, seen=Seen(DOC_NUMBER))
        return really_create(*args, **kwargs)

    monkeypatch.setattr(slicktext, "create_contact", stop_first)
    response = create(max_, mobile_number=DOC_NUMBER, consent="subscribed", **EVIDENCE)
    assert "Their consent was not recorded." in shown(max_, response)
    assert is_stopped(DOC_NUMBER)
    assert OptOut.objects.filter(number=DOC_NUMBER).count() == 1
