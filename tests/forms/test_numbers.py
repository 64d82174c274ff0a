"""One reader for every field: what a form takes is what an import takes."""

import pytest
from django.core.exceptions import ValidationError

from contacts_ui.forms.attention import MatchForm
from contacts_ui.forms.consent import StopNumberForm
from contacts_ui.forms.finder import FilterForm
from contacts_ui.forms.lift_requests import LiftRequestFilterForm
from contacts_ui.forms.numbers import NumberField
from contacts_ui.forms.texts_after_stop import TextsAfterStopForm
from contacts_ui.phone import NOT_A_NUMBER
from contacts_ui.services.contacts.search import Kind, understand
from contacts_ui.services.index.query import read

SPELLINGS = [
    "615-555-8018 mobile", "Ph: 615-555-8018", "615-555-8018 (Work)", "whatsapp:+16155558018", "[615] 555-8018",
    "615_555_8018", "+1\u200e\u00a0615-555-8018", "615-555-8018 x5", "6,155,558,018", "٦١٥٥٥٥8018",
]  # fmt: skip
FORMS = [
    (MatchForm, "number"), (StopNumberForm, "number"), (LiftRequestFilterForm, "number"), (FilterForm, "number"),
    (TextsAfterStopForm, "q"),
]  # fmt: skip


@pytest.mark.parametrize("typed", SPELLINGS)
@pytest.mark.parametrize(("form", "field"), FORMS)
def test_every_field_reads_what_an_import_reads(form: type, field: str, typed: str) -> None:
    bound = form({field: typed})
    bound.is_valid()
    assert bound.cleaned_data[field] == "+16155558018"


@pytest.mark.parametrize(("form", "field"), FORMS)
def test_letters_are_no_digits_in_any_field(form: type, field: str) -> None:
    bound = form({field: "867-5309 fax"})
    assert not bound.is_valid()
    assert bound.errors[field] == [NOT_A_NUMBER]
    assert bound[field].value() == "867-5309 fax"


def test_words_about_texts_are_refused_where_a_number_is_kept() -> None:
    with pytest.raises(ValidationError, match="“STOP” is written next to this number"):
        NumberField(with_words=False).clean("615-555-8018 STOP")
    assert NumberField().clean("615-555-8018 STOP") == "+16155558018"


@pytest.mark.parametrize("typed", SPELLINGS)
def test_a_search_finds_a_number_with_its_label(typed: str) -> None:
    understood = understand(typed)
    assert (understood.kind, understood.number) == (Kind.NUMBER, "+16155558018")
    assert read(typed, {}, frozenset()).words == ("6155558018",)


def test_a_name_beside_a_number_stays_a_name() -> None:
    assert read("marty 615-555-8018", {}, frozenset()).words == ("6155558018", "marty")
