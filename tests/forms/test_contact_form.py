"""What a person may type about a contact; no network, no database."""

import pytest

from contacts_ui.contact_fields import LABELS
from contacts_ui.forms.contact import ContactForm, NewContactForm
from contacts_ui.phone import pretty
from tests.people import FREE_NUMBER, MARTY_NUMBER

OPENED = {
    **dict.fromkeys(LABELS, ""),
    "first_name": "Marty",
    "mobile_number": MARTY_NUMBER,
    "custom_fields.member": "1",
}


def form(**typed: str) -> ContactForm:
    base = ContactForm.sign(OPENED)
    shown = {"first_name": "Marty", "mobile_number": MARTY_NUMBER, "custom-member": "1"}
    return ContactForm({**shown, "base": base, **typed})


def test_it_works() -> None:
    filled = form(last_name="McFly", mobile_number="(615) 555-0199")
    assert filled.is_valid()
    typed = filled.typed()
    assert typed["last_name"] == "McFly"
    assert typed["mobile_number"] == FREE_NUMBER
    assert typed["custom_fields.member"] == "1"


def test_it_remembers_what_it_had_shown() -> None:
    assert form().opened == OPENED


@pytest.mark.parametrize("number", [MARTY_NUMBER, "+442079460958", "12", ""])
def test_a_number_as_it_is_shown_is_the_same_number(number: str) -> None:
    """Also one that may not be typed: another country's, and what is no number."""
    opened = {**OPENED, "mobile_number": number}
    shown = str(ContactForm(opened=opened)["mobile_number"].value() or "")
    base = ContactForm.sign(opened)
    posted = {"first_name": "Ada", "mobile_number": pretty(shown), "custom-member": "1"}
    filled = ContactForm({**posted, "base": base})
    assert filled.is_valid() is bool(number)
    assert filled.cleaned_data.get("mobile_number", "") == number


@pytest.mark.parametrize("base", ["", "x", "a:b:c", ContactForm.sign(OPENED)[:-1] + "!"])
def test_a_tampered_memory_is_none(base: str) -> None:
    assert form(base=base).opened == {}


@pytest.mark.parametrize(
    ("state", "code"), [("TN", "TN"), (" tennessee ", "TN"), ("québec", "QC"), ("on", "ON")]
)
def test_a_state_or_province_is_its_code(state: str, code: str) -> None:
    filled = form(state=state)
    assert filled.is_valid()
    assert filled.typed()["state"] == code


@pytest.mark.parametrize("field", ["first_name", "last_name", "address", "city", "country", "zip"])
@pytest.mark.parametrize("typed", ["x" * 201, "a\x00b"])
def test_what_no_field_takes(field: str, typed: str) -> None:
    assert field in form(**{field: typed}).errors


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Honolulu", ""])
def test_time_zones(zone: str) -> None:
    assert form(timezone=zone).is_valid()


def test_an_odd_value_is_offered_as_it_is() -> None:
    odd = ContactForm(opened={**OPENED, "language": "klingon"})
    assert ("klingon", "klingon") in odd.fields["language"].widget.choices


def test_complaints_of_fields_that_we_do_not_show_are_on_top() -> None:
    filled = form()
    filled.place_complaints({"city": ["is odd"], "member": ["is odd too"], "brand": ["is gone"]})
    assert filled.errors["city"] == ["SlickText: is odd"]
    assert filled.errors["custom-member"] == ["SlickText: is odd too"]
    assert filled.non_field_errors() == ["SlickText: is gone"]


def test_a_new_contact_of_someone_who_may_not_subscribe() -> None:
    filled = NewContactForm(
        {"mobile_number": FREE_NUMBER, "consent": "subscribed"}, may_subscribe=False
    )
    assert filled.is_valid()
    assert "consent" not in filled.cleaned_data


def test_a_new_contact_needs_the_evidence_of_its_subscription() -> None:
    filled = NewContactForm(
        {"mobile_number": FREE_NUMBER, "consent": "subscribed"}, may_subscribe=True
    )
    assert set(filled.errors) == set(NewContactForm.EVIDENCE) - {"consent_at"}


@pytest.mark.parametrize("typed", ["1968-06-12", "6/12/1968", "06/12/1968"])
def test_a_birthday_is_typed_the_american_way_where_the_browser_has_no_calendar(typed: str) -> None:
    filled = form(birthdate=typed)
    assert filled.is_valid()
    assert filled.typed()["birthdate"] == "1968-06-12"
