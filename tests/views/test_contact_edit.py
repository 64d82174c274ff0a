"""Editing: only what changed is sent, nothing is overwritten silently, nothing typed is lost."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils.html import strip_tags

from contacts_ui.models import DesiredState, LedgerEntry
from contacts_ui.models.ledger import Action
from contacts_ui.services.consent.record import is_stopped
from contacts_ui.services.consent.types import Seen
from contacts_ui.template_filters import when
from tests import consent
from tests.pages import Form, Page
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY, MARTY_NUMBER, UNKNOWN_ID, Vendors

pytestmark = pytest.mark.django_db
URL = f"/contacts/{MARTY}/edit/"


def opened(client: Client, url: str = URL, **changes: str) -> Form:
    """The form as it opens, with `changes` typed in."""
    return Page(client.get(url)).form(**changes)


def sent(vendors: Vendors) -> list[dict[str, Any]]:
    """The bodies of all edits that SlickText was sent."""
    return [json.loads(call["body"]) for call in vendors.calls("slicktext", "PUT")]


def save(client: Client, url: str = URL, **changes: str) -> HttpResponse:
    return client.post(url, opened(client, url, **changes))


def test_it_works(edgar: Client, vendors: Vendors) -> None:
    response = save(edgar, city="Nashville", state="Tennessee", last_name="")
    assert response.status_code == 302
    assert response["Location"] == f"/contacts/{MARTY}/"
    assert "Saved." in Page(edgar.get(response["Location"])).text
    assert sent(vendors) == [{"city": "Nashville", "state": "TN", "last_name": None}]
    held = vendors.contact()
    assert (held["city"], held["state"], held["last_name"]) == ("Nashville", "TN", None)
    assert held["first_name"] == "Marty"


def test_the_form_shows_every_documented_field(edgar: Client) -> None:
    form = opened(edgar)
    form.pop("base")
    assert form == {
        "first_name": "Marty",
        "last_name": "McFly",
        "birthdate": "1968-06-12",
        "language": "en",
        "mobile_number": "(615) 555-3338",
        "email": "marty@slicktext.com",
        "address": "9303 Lyon Drive",
        "city": "Hill Valley",
        "state": "CA",
        "zip": "95420",
        "country": "US",
        "timezone": "America/Los_Angeles",
        "custom-member": "1",
        "custom-member_number": "12345",
        "custom-membership_date": "1985-10-26",
        "new_custom_name_1": "",
        "new_custom_value_1": "",
        "new_custom_name_2": "",
        "new_custom_value_2": "",
    }


def test_nothing_changed_sends_nothing(edgar: Client, vendors: Vendors) -> None:
    response = save(edgar)
    assert "No changes, so nothing was sent." in Page(edgar.get(response["Location"])).text
    assert sent(vendors) == []
    assert not LedgerEntry.objects.exists()


def test_the_ledger_has_before_and_after(edgar: Client) -> None:
    save(edgar, city="Nashville")
    entry = LedgerEntry.objects.get()
    assert entry.action == Action.CONTACT_EDITED
    assert (entry.staff_name, entry.number, entry.contact_id) == (
        "Edgar Editor",
        MARTY_NUMBER,
        MARTY,
    )
    assert (entry.before, entry.after) == ({"city": "Hill Valley"}, {"city": "Nashville"})
    assert entry.answer["contact_id"] == MARTY


@pytest.mark.parametrize("spelling", ["(615) 555-0199", "615.555.0199", "1 615 555 0199"])
def test_a_number_in_any_spelling(spelling: str, edgar: Client, vendors: Vendors) -> None:
    save(edgar, mobile_number=spelling)
    assert sent(vendors) == [{"mobile_number": FREE_NUMBER, "opt_in_status": "not subscribed"}]


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("mobile_number", "", "This field is required."),
        ("mobile_number", "555-0199", "This is not a phone number. It needs ten digits"),
        ("mobile_number", "call me", "This is not a phone number."),
        ("mobile_number", "+44 20 7946 0958", "SlickText takes only US and Canadian numbers."),
        ("mobile_number", "+1 876 555 0123", "SlickText takes only US and Canadian numbers."),
        ("email", "marty at home", "This is not an email address"),
        ("birthdate", "12.06.1968", "Write the date as month/day/year"),
        ("birthdate", "1968-02-30", "Write the date as month/day/year"),
        ("birthdate", "1885-09-02", "Enter a realistic birthday."),
        ("birthdate", "2999-01-01", "Enter a realistic birthday."),
        ("state", "Hill", "This is not a state or province"),
        ("timezone", "Mars/Olympus", "Choose one of the time zones in the list."),
    ],
)
def test_what_the_vendor_would_not_take_is_said_here(
    field: str, typed: str, words: str, edgar: Client, vendors: Vendors
) -> None:
    response = save(edgar, **{field: typed, "city": "Nashville"})
    page = Page(response)
    assert response.status_code == 422
    assert words in page.errors(field)
    assert page.form()[field] == typed or field == "timezone"
    assert page.form()["city"] == "Nashville"
    assert sent(vendors) == []


def test_odd_values_that_stay_do_not_block(edgar: Client, vendors: Vendors) -> None:
    vendors.write(
        "UPDATE contacts SET email = 'not an email', birthdate = '0001-01-01', state = 'Tenn.',"
        " timezone = 'US/Eastern-ish', language = 'klingon', mobile_number = '12'"
        " WHERE contact_id = ?",
        MARTY,
    )
    form = opened(edgar, city="Nashville")
    assert form["language"] == "klingon"
    assert form["timezone"] == "US/Eastern-ish"
    assert edgar.post(URL, form).status_code == 302
    assert sent(vendors) == [{"city": "Nashville"}]


@pytest.mark.parametrize("shape", ["message", "error", "error_list", "detail", "errors"])
def test_the_vendors_complaint_is_shown(shape: str, edgar: Client, vendors: Vendors) -> None:
    vendors.switch(error_body=shape)
    response = save(edgar, timezone="America/Chicago", email="a@b.example", address="x" * 200)
    assert response.status_code == 302
    vendors.edit(MARTY, timezone="America/New_York")
    form = opened(edgar, city="Nashville")
    vendors.fault("slicktext", "error", status=422, methods=["PUT"])
    response = edgar.post(URL, form)
    assert response.status_code == 422
    assert "SlickText: something went wrong" in Page(response).text
    assert Page(response).form()["city"] == "Nashville"


def test_the_vendors_complaint_is_placed_at_its_field(edgar: Client, vendors: Vendors) -> None:
    """An email that Django takes and the vendor does not."""
    vendors.switch(error_body="errors")
    response = save(edgar, email="marty@localhost", city="Nashville")
    page = Page(response)
    assert response.status_code == 422
    assert page.errors("email") == "SlickText: email must be a valid email address"
    assert page.form()["email"] == "marty@localhost"
    assert page.form()["city"] == "Nashville"
    assert not LedgerEntry.objects.exists()


def test_custom_fields_keep_their_types(edgar: Client, vendors: Vendors) -> None:
    save(edgar, **{"custom-member": "0", "custom-membership_date": "1985-10-27"})
    assert sent(vendors) == [{"custom_fields": {"member": 0, "membership_date": "1985-10-27"}}]
    assert vendors.contact()["custom_fields"]["member_number"] == 12345


def test_a_number_that_becomes_text_is_text(edgar: Client, vendors: Vendors) -> None:
    save(edgar, **{"custom-member_number": "A-1"})
    assert sent(vendors) == [{"custom_fields": {"member_number": "A-1"}}]


def test_a_custom_field_can_be_emptied(edgar: Client, vendors: Vendors) -> None:
    save(edgar, **{"custom-member": ""})
    assert sent(vendors)[0] == {"custom_fields": {"member": None}}
    assert "member" not in vendors.contact()["custom_fields"]


def test_a_custom_field_can_be_added(edgar: Client, vendors: Vendors) -> None:
    save(edgar, new_custom_name_1="loyalty_tier", new_custom_value_1="gold")
    assert vendors.contact()["custom_fields"]["loyalty_tier"] == "gold"


@pytest.mark.parametrize(
    ("name", "value", "field", "words"),
    [
        ("", "gold", "new_custom_name_1", "Enter the custom field for this value."),
        ("loyalty tier", "gold", "new_custom_name_1", "Use only letters, digits, and _"),
        ("loyalty_tier", "", "new_custom_value_1", "Enter a value for this custom field."),
    ],
)
def test_half_a_custom_field_is_refused(
    name: str, value: str, field: str, words: str, edgar: Client
) -> None:
    response = save(edgar, new_custom_name_1=name, new_custom_value_1=value)
    assert response.status_code == 422
    assert words in Page(response).errors(field)


def test_consent_cannot_be_edited_here(edgar: Client, vendors: Vendors) -> None:
    crafted = opened(edgar, city="Nashville", opt_in_status="blocked", force_double_opt_in="true")
    edgar.post(URL, crafted)
    assert sent(vendors) == [{"city": "Nashville"}]
    assert vendors.status() == "subscribed"


@pytest.mark.parametrize("name", ["opt_in_status", "mobile_number", "contact_id", "_brand_id"])
def test_consent_cannot_be_edited_as_a_custom_field(
    name: str, edgar: Client, vendors: Vendors
) -> None:
    """The name of a field of the contact itself is not the name of a custom field."""
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    save(edgar, new_custom_name_1=name, new_custom_value_1="subscribed")
    assert vendors.status() == "unsubscribed"
    assert all(name not in body for body in sent(vendors))


def test_a_conflict_is_shown_field_by_field(edgar: Client, vendors: Vendors) -> None:
    form = opened(edgar, city="Nashville", zip="37201")
    vendors.edit(MARTY, city="Memphis", first_name="Martin")
    response = edgar.post(URL, form)
    page = Page(response)
    assert response.status_code == 409
    assert sent(vendors) == []
    assert "It was “Hill Valley” when you opened the form." in page.text
    assert "Keep theirs: Memphis" in page.text
    assert "Use mine: Nashville" in page.text
    assert "They also changed, and this is kept" in page.text
    assert "First name: Marty → Martin" in page.text
    assert "Keep theirs: 95420" not in page.text
    again = page.form()
    assert (again["city"], again["zip"], again["first_name"]) == ("Nashville", "37201", "Martin")
    assert "resolve_city" not in again


def test_a_conflict_says_who_changed_what_and_when(
    edgar: Client, ada: Client, vendors: Vendors
) -> None:
    form = opened(ada, city="Nashville", zip="37201", email="marty@example.com")
    save(edgar, city="Memphis", first_name="Martin", email="old@example.com")
    vendors.edit(MARTY, email="new@example.com", last_name="Fly")
    page = Page(ada.post(URL, form))
    by_edgar = f"Changed by Edgar Editor on {strip_tags(when(LedgerEntry.objects.get().at))}."
    assert f"{by_edgar} It was “Hill Valley” when you opened the form." in page.text
    assert f"First name: Marty → Martin {by_edgar}" in page.text
    # An edit made here is not what stands there now.
    assert "Changed at SlickText. It was “marty@slicktext.com” when you opened" in page.text
    assert "Last name: McFly → Fly Changed at SlickText." in page.text
    again = Page(ada.post(URL, page.form(resolve_email="mine")))
    assert by_edgar in again.text


@pytest.mark.parametrize(("whose", "city"), [("mine", "Nashville"), ("theirs", "Memphis")])
def test_choosing(whose: str, city: str, edgar: Client, vendors: Vendors) -> None:
    form = opened(edgar, city="Nashville", zip="37201")
    vendors.edit(MARTY, city="Memphis", first_name="Martin")
    again = Page(edgar.post(URL, form)).form(resolve_city=whose)
    assert edgar.post(URL, again).status_code == 302
    mine = {"city": "Nashville"} if whose == "mine" else {}
    assert sent(vendors) == [{**mine, "zip": "37201"}]
    assert (vendors.contact()["first_name"], vendors.contact()["city"]) == ("Martin", city)
    assert LedgerEntry.objects.get().before.get("city") == ("Memphis" if mine else None)


def test_a_conflict_about_a_custom_field(edgar: Client, vendors: Vendors) -> None:
    form = opened(edgar, **{"custom-member_number": "777"})
    vendors.edit(MARTY, custom_fields={"member_number": 54321})
    page = Page(edgar.post(URL, form))
    assert "Keep theirs: 54321" in page.text
    theirs = page.one("input", type="radio", value="theirs")["name"]
    assert edgar.post(URL, page.form(**{theirs: "theirs"})).status_code == 302
    assert vendors.contact()["custom_fields"]["member_number"] == 54321


def test_a_second_conflict_is_shown_too(edgar: Client, vendors: Vendors) -> None:
    form = opened(edgar, city="Nashville")
    vendors.edit(MARTY, city="Memphis")
    again = Page(edgar.post(URL, form)).form(resolve_city="mine")
    vendors.edit(MARTY, city="Knoxville")
    response = edgar.post(URL, again)
    assert response.status_code == 409
    assert "Keep theirs: Knoxville" in Page(response).text
    assert sent(vendors) == []


def test_the_same_change_twice_is_no_conflict(edgar: Client, vendors: Vendors) -> None:
    form = opened(edgar, city="Memphis")
    vendors.edit(MARTY, city="Memphis")
    assert edgar.post(URL, form).status_code == 302
    assert sent(vendors) == []


def test_another_field_changed_in_between_is_no_conflict(edgar: Client, vendors: Vendors) -> None:
    form = opened(edgar, city="Nashville")
    vendors.edit(MARTY, first_name="Martin")
    assert edgar.post(URL, form).status_code == 302
    assert sent(vendors) == [{"city": "Nashville"}]
    assert vendors.contact()["first_name"] == "Martin"


def test_a_form_whose_memory_was_tampered_with_overwrites_nothing(
    edgar: Client, vendors: Vendors
) -> None:
    """Without knowing what the form had shown, every difference is a conflict."""
    response = edgar.post(URL, opened(edgar, city="Nashville", base="forged"))
    assert response.status_code in (409, 422)
    assert sent(vendors) == []


def test_a_taken_number_links_to_who_has_it(edgar: Client, vendors: Vendors) -> None:
    other = vendors.create(DOC_NUMBER, first_name="Doc", last_name="Brown")
    response = save(edgar, mobile_number=DOC_NUMBER, city="Nashville")
    page = Page(response)
    assert response.status_code == 409
    assert page.one("a", href=f"/contacts/{other}/").text == "Doc Brown"
    assert page.errors("mobile_number") == "Another contact has this number."
    assert page.form()["city"] == "Nashville"
    assert vendors.contact()["city"] == "Hill Valley"


@pytest.mark.django_db(transaction=True)
def test_a_stop_follows_the_person_to_the_new_number(
    ada: Client, edgar: Client, vendors: Vendors
) -> None:
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    response = save(edgar, mobile_number=FREE_NUMBER)
    assert "The new number is stopped" in Page(edgar.get(response["Location"])).text
    assert vendors.stopped(FREE_NUMBER) is True
    assert vendors.stopped(MARTY_NUMBER) is True
    assert vendors.status(FREE_NUMBER) == "unsubscribed"
    assert is_stopped(MARTY_NUMBER)
    assert DesiredState.objects.filter(number=FREE_NUMBER).count() == 2


def test_a_lost_answer_is_settled_by_reading(edgar: Client, vendors: Vendors) -> None:
    form = opened(edgar, city="Nashville")
    vendors.fault("slicktext", "drop_after", methods=["PUT"])
    response = edgar.post(URL, form)
    assert response.status_code == 302
    assert len(sent(vendors)) == 1
    assert vendors.contact()["city"] == "Nashville"
    assert LedgerEntry.objects.get().answer.get("outcome") != "unknown"


def test_a_lost_request_is_unknown_and_keeps_what_was_typed(
    edgar: Client, vendors: Vendors
) -> None:
    form = opened(edgar, city="Nashville")
    vendors.fault("slicktext", "drop_before", methods=["PUT"])
    page = Page(edgar.post(URL, form))
    assert "We do not know yet whether the change went through." in page.text
    assert page.form()["city"] == "Nashville"
    assert LedgerEntry.objects.get().answer == {"outcome": "unknown"}
    vendors.clear_faults()
    assert edgar.post(URL, page.form()).status_code == 302
    assert vendors.contact()["city"] == "Nashville"


@pytest.mark.parametrize("fault", ["down", "error", "too_many", "unauthorized", "html"])
def test_a_failing_vendor_keeps_what_was_typed(fault: str, edgar: Client, vendors: Vendors) -> None:
    form = opened(edgar, city="Nashville")
    vendors.fault("slicktext", fault, seconds=60)
    response = edgar.post(URL, form)
    assert response.status_code < 500
    assert "SlickText" in Page(response).text
    assert Page(response).form()["city"] == "Nashville"


def test_a_copy_can_be_edited_and_what_another_person_changed_is_asked_about(
    edgar: Client, vendors: Vendors
) -> None:
    edgar.get(f"/contacts/{MARTY}/")
    vendors.fault("slicktext", "down")
    page = Page(edgar.get(URL))
    assert "SlickText does not answer" in page.text
    assert "This is our own copy" in page.text
    vendors.clear_faults()
    vendors.edit(MARTY, city="Memphis", state="TN")
    response = edgar.post(URL, page.form(city="Nashville", first_name="Martin"))
    assert response.status_code == 409
    assert sent(vendors) == []
    form = Page(response).form(resolve_city="mine")
    assert edgar.post(URL, form).status_code == 302
    assert sent(vendors) == [{"first_name": "Martin", "city": "Nashville"}]


def test_a_deleted_contact(edgar: Client) -> None:
    assert edgar.get(f"/contacts/{UNKNOWN_ID}/edit/").status_code == 404
    response = edgar.post(f"/contacts/{UNKNOWN_ID}/edit/", {**opened(edgar), "city": "Nashville"})
    assert response.status_code == 404
    page = Page(response)
    assert "does not know this contact" in page.text
    assert page.form()["city"] == "Nashville"


def test_consent_at_a_stopped_number_is_saved_once_the_form_has_shown_the_stop(
    max_: Client, agent: User, vendors: Vendors
) -> None:
    seen = Seen(FREE_NUMBER)
    consent.stop(staff=agent, seen=seen, request=consent.Request(reason="I said stop!"))
    shown = save(
        max_,
        mobile_number=FREE_NUMBER,
        consent_who="Marty McFly",
        consent_channel="phone",
        consent_words="Yes, text me",
    )
    assert shown.status_code == 409
    assert "“I said stop!”" in Page(shown).errors("consent_words")
    assert sent(vendors) == []
    assert max_.post(URL, Page(shown).form()).status_code == 302
    assert not is_stopped(FREE_NUMBER)


def test_both_generations_of_replies(edgar: Client, vendors: Vendors) -> None:
    vendors.switch(generation="old")
    vendors.edit(MARTY, zip="02134")
    form = opened(edgar, city="Nashville")
    assert edgar.post(URL, form).status_code == 302
    assert sent(vendors) == [{"city": "Nashville"}]
