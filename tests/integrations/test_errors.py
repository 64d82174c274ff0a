import pickle

import pytest

from contacts_ui.integrations import errors

TREE = [
    (errors.NotConnected, errors.VendorError),
    (errors.Unreachable, errors.VendorError),
    (errors.NoAnswer, errors.VendorError),
    (errors.Unreadable, errors.VendorError),
    (errors.ServerError, errors.VendorError),
    (errors.RateLimited, errors.VendorError),
    (errors.BudgetSpent, errors.RateLimited),
    (errors.Refused, errors.VendorError),
    (errors.BadCredentials, errors.Refused),
    (errors.NotFound, errors.Refused),
    (errors.NumberExists, errors.Refused),
    (errors.Invalid, errors.Refused),
]
MEMBERS = [member for member, _ in TREE]
JARGON = ("HTTP", "JSON", "API", "status", "4xx", "5xx", "timeout", "exception", "None", "{")


@pytest.mark.parametrize(("member", "parent"), TREE)
def test_the_tree_is_as_drawn(member: type[errors.VendorError], parent: type) -> None:
    assert member.__bases__ == (parent,)
    assert errors.__doc__
    assert f"- {member.__name__}" in errors.__doc__


def test_the_tree_has_no_other_members() -> None:
    found = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.VendorError)
    }
    assert found == {errors.VendorError, *MEMBERS}


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("vendor", ["slicktext", "cloudcontactai"])
def test_the_sentence_for_a_person_is_calm_and_names_the_vendor(
    member: type[errors.VendorError], vendor: str
) -> None:
    sentence = member(vendor, status=499).person
    assert errors.VENDOR_NAMES[vendor] in sentence
    assert sentence.endswith(".")
    assert not any(word in sentence.replace(errors.VENDOR_NAMES[vendor], "") for word in JARGON)


def test_an_unknown_outcome_is_said_to_be_unknown() -> None:
    known, unknown = (
        errors.NoAnswer("slicktext", outcome_unknown=outcome) for outcome in (False, True)
    )
    assert known.person == "SlickText did not answer in time."
    assert "do not know yet" in unknown.person


def test_the_vendors_words_are_shown_where_they_help() -> None:
    invalid = errors.Invalid("slicktext", words="The zip code is too long.")
    assert invalid.person.endswith("It said: The zip code is too long.")
    assert "token" not in errors.BadCredentials("slicktext", words="Bad token").person


def test_words_fields_and_log_are_redacted() -> None:
    error = errors.Invalid(
        "slicktext",
        words="+16155553338 is odd",
        fields={"email": ["marty@slicktext.com is odd"]},
        log={"seen": "6155553338"},
    )
    assert error.words == "+1*******338 is odd"
    assert error.fields == {"email": ["m***@slicktext.com is odd"]}
    assert error.log["seen"] == "*******338"


@pytest.mark.parametrize("member", MEMBERS)
def test_an_error_survives_a_pickle(member: type[errors.VendorError]) -> None:
    error = member("slicktext", status=499, words="odd", retry_after=2.5)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(again) is member
    assert vars(again) == vars(error)


def test_str_and_repr_tell_what_a_log_needs() -> None:
    error = errors.ServerError("slicktext", status=503, outcome_unknown=True, words="busy")
    assert str(error) == "vendor=slicktext status=503 outcome_unknown=True words='busy'"
    assert repr(error) == f"<ServerError {error}>"
