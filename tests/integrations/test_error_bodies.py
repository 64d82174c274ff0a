from typing import Any

import pytest

from contacts_ui.integrations.error_bodies import read_error_body

BAD_EMAIL = "The email must be a valid address."

UNNAMED = [
    BAD_EMAIL,
    [BAD_EMAIL],
    {"message": BAD_EMAIL},
    {"error": BAD_EMAIL},
    {"error": [BAD_EMAIL]},
    {"error": {"message": BAD_EMAIL, "code": 7}},
    {"detail": BAD_EMAIL},
    {"errors": BAD_EMAIL},
    {"errors": [BAD_EMAIL]},
    {"errors": [{"message": BAD_EMAIL}]},
    {"errors": [{"detail": BAD_EMAIL}]},
    {"message": "  The email\n must be\ta valid address. "},
    {"message": BAD_EMAIL, "status": 422, "success": False},
    {"error": "", "message": BAD_EMAIL},
    {"data": None, "error": None, "detail": BAD_EMAIL},
]

NAMED = [
    {"errors": {"email": [BAD_EMAIL]}},
    {"errors": {"email": BAD_EMAIL}},
    {"error": {"email": BAD_EMAIL}},
    {"message": {"email": [BAD_EMAIL]}},
    {"detail": {"email": [BAD_EMAIL]}},
    {"email": [BAD_EMAIL]},
    {"email": BAD_EMAIL},
    {"errors": [{"field": "email", "message": BAD_EMAIL}]},
    {"errors": [{"email": BAD_EMAIL}]},
    {"detail": [{"loc": ["body", "email"], "msg": BAD_EMAIL, "type": "value_error"}]},
]


@pytest.mark.parametrize(
    ("body", "field"), [*((body, "") for body in UNNAMED), *((body, "email") for body in NAMED)]
)
def test_a_complaint(body: Any, field: str) -> None:
    complaint = read_error_body(body)
    assert complaint.fields == {field: [BAD_EMAIL]}
    assert complaint.words == BAD_EMAIL


def test_a_headline_and_its_fields() -> None:
    body = {"message": "Invalid.", "errors": {"email": ["Bad."], "zip": ["Too long.", "Odd."]}}
    complaint = read_error_body(body)
    assert complaint.fields == {"": ["Invalid."], "email": ["Bad."], "zip": ["Too long.", "Odd."]}
    assert complaint.words == "Invalid.; email: Bad.; zip: Too long.; zip: Odd."


@pytest.mark.parametrize(
    "body", [None, "", {}, [], 7, {"code": 7}, {"message": None}, "<html><h1>502</h1></html>"]
)
def test_no_complaint(body: Any) -> None:
    complaint = read_error_body(body)
    assert complaint.fields == {}
    assert complaint.words == ""


def test_words_are_words_and_have_an_end() -> None:
    assert read_error_body({"message": "<!DOCTYPE html><p>oops"}).words == ""
    assert len(read_error_body({"errors": ["x" * 1000, "y" * 1000]}).words) == 300


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"code": 1001}, "1001"),
        ({"error": {"code": "E1", "message": "x"}}, "E1"),
        ({"code": None}, None),
        ({"error": "x"}, None),
        ([], None),
    ],
)
def test_code(body: Any, code: str | None) -> None:
    assert read_error_body(body).code == code


@pytest.mark.parametrize(
    "body",
    [
        {"message": "mobile number already exists"},
        {"error": "A contact with this mobile number already exists."},
        {"error": ["Contact already exists"]},
        {"errors": {"mobile_number": ["The mobile number has already been taken."]}},
        {"errors": {"mobile_number": "must be unique"}},
        {"detail": "Duplicate entry"},
        {"errors": [{"field": "mobile_number", "message": "already in use"}]},
        {"message": "The mobile number is already registered"},
    ],
)
def test_the_number_is_taken(body: Any) -> None:
    assert read_error_body(body).number_is_taken


@pytest.mark.parametrize(
    "body",
    [
        {"message": "mobile number is required"},
        {"message": "The brand does not exist"},
        {"message": "This contact doesn't exist."},
        {"message": "email already exists"},
        {"errors": {"email": ["already taken"]}},
        {"message": "Only numbers of the US and Canada are supported"},
        {},
    ],
)
def test_the_number_is_not_taken(body: Any) -> None:
    assert not read_error_body(body).number_is_taken
