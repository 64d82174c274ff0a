import logging
import time

import pytest

from contacts_ui.integrations.redact import RedactingFilter, redact, redact_all

from .people import KEY

SPELLINGS = [
    *["+16155553338", "16155553338", "6155553338", "(615) 555-3338", "615-555-3338"],
    *["615.555.3338", "615 555 3338", "615/555/3338", "+1 (615) 555-3338", "1-615-555-3338"],
    *["tel:+1-615-555-3338", "%2B16155553338", "%2b1%20%28615%29%20555-3338", "+1+615+555+3338"],
    *["615\u2013555\u20133338", "615\u00a0555\u00a03338", "\\u002b16155553338"],
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_full_number_is_masked_in_every_spelling(spelling: str) -> None:
    said = redact(f"The number {spelling} is taken")
    assert said.startswith("The number ")
    assert said.endswith("338 is taken")
    assert sum(character.isdigit() for character in said) <= 4


@pytest.mark.parametrize(
    "text",
    [
        "Born 1968-06-12, see rule 422",
        "2015-10-15 07:28:00",
        "Contact 25056 of brand 123456789",
        "The zip code 95420-1234 is unknown",
    ],
)
def test_other_digits_are_left_alone(text: str) -> None:
    assert redact(text) == text


def test_an_address_keeps_its_first_letter_and_its_domain() -> None:
    assert redact("Is marty.m@slicktext.com yours?") == "Is m***@slicktext.com yours?"
    assert "marty" not in redact("email=marty%40slicktext.com")


@pytest.mark.parametrize("text", ["x", "1", "x.", "-", "a@", "%40", "1 ", "bearer "])
def test_what_is_endless_takes_no_longer_than_it_is_long(text: str) -> None:
    started = time.process_time()
    redact(text * 30_000)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "text", [f"Invalid key {KEY}.", f'{{"key":"{KEY}"}}', f"Authorization: Bearer {KEY}"]
)
def test_a_key_is_hidden(text: str) -> None:
    assert KEY not in redact(text, (KEY,))
    assert "[hidden]" in redact(text, (KEY,))


def test_a_key_is_hidden_in_its_other_forms() -> None:
    assert "abc.def" not in redact("sent Bearer abc.def, refused")
    assert "a%2Fb" not in redact("https://x/?key=a%2Fb%3D", ("a/b=",))


def test_containers_are_walked() -> None:
    value = {"+16155553338": [f"x {KEY}", {"n": "6155553338", "zip": 95420}], "none": None}
    said = redact_all(value, (KEY,))
    assert said == {"+1*******338": ["x [hidden]", {"n": "*******338", "zip": 95420}], "none": None}


def test_a_log_record_is_redacted_with_its_arguments() -> None:
    record = logging.LogRecord("x", 10, "x.py", 1, "GET %s", ("/contacts/%2B16155553338",), None)
    assert RedactingFilter().filter(record)
    assert record.getMessage() == "GET /contacts/+1*******338"
