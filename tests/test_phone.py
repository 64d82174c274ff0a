from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_ui.phone import is_us_or_canada, mask, pretty, to_e164

MARTY = "+16155553338"


@pytest.mark.parametrize(
    "text",
    [
        "+16155553338",
        "16155553338",
        "6155553338",
        "(615) 555-3338",
        "(615)555-3338",
        "615-555-3338",
        "615.555.3338",
        "615 555 3338",
        "1-615-555-3338",
        "1 (615) 555-3338",
        "+1 615 555 3338",
        "  +1 (615) 555-3338  ",
        "tel:+1-615-555-3338",
        "615\u2013555\u20133338",
        "615\u00a0555\u00a03338",
        "\uff0b\uff11\uff16\uff11\uff15\uff15\uff15\uff15\uff13\uff13\uff13\uff18",
        "001 615 555 3338",
        "011 1 615 555 3338",
        "615-555-3338 ext. 12",
    ],
)
def test_any_spelling_of_a_number_is_understood(text: str) -> None:
    assert to_e164(text) == MARTY


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " ",
        "Marty",
        "call 6155553338",
        "Marty 6155553338",
        "5553338",
        "615555333",
        "61555533388",
        "+1615555333",
        "0155553338",
        "1155553338",
        "+10155553338",
        "+11155553338",
        "6155553338 6155553339",
        "marty@slicktext.com",
        "+",
        "+999123456789",
        "+44 20",
        "null",
        "7778",
    ],
)
def test_what_cannot_be_a_number_is_none(text: str | None) -> None:
    assert to_e164(text) is None


@pytest.mark.parametrize("text", ["+15551234567", "(555) 123-4567", "5550001111"])
def test_fictional_north_american_numbers_are_accepted(text: str) -> None:
    assert to_e164(text) is not None


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("+44 20 7946 0958", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"),
        ("011 44 20 7946 0958", "+442079460958"),
        ("+49 30 901820", "+4930901820"),
    ],
)
def test_numbers_of_other_countries_need_their_code(text: str, e164: str) -> None:
    assert to_e164(text) == e164


def test_another_region_may_be_the_default() -> None:
    assert to_e164("020 7946 0958", region="GB") == "+442079460958"


@settings(max_examples=50, database=None)
@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    e164 = to_e164(text)
    assert e164 is None or (e164.startswith("+") and to_e164(e164) == e164)


@settings(max_examples=50, database=None)
@given(st.from_regex(r"\A\+1[2-9][0-9]{9}\Z"))
def test_every_north_american_number_survives_being_written_for_people(e164: str) -> None:
    assert to_e164(pretty(e164)) == e164


@pytest.mark.parametrize(
    ("e164", "expected"),
    [
        ("+16155553338", True),
        ("+15551234567", True),
        ("+14165550123", True),
        ("+17875550123", True),
        ("+18765550123", False),
        ("+12425550123", False),
        ("+442079460958", False),
        ("nonsense", False),
    ],
)
def test_only_a_number_known_to_be_foreign_is_foreign(e164: str, expected: bool) -> None:
    assert is_us_or_canada(e164) is expected


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        ("+16155553338", "(615) 555-3338"),
        ("+442079460958", "+44 20 7946 0958"),
        ("nonsense", "nonsense"),
    ],
)
def test_numbers_are_shown_as_people_write_them(e164: str, shown: str) -> None:
    assert pretty(e164) == shown


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+16155553338", "+1*******338"),
        ("1 (615) 555-3338", "+1*******338"),
        ("(615) 555-3338", "*******338"),
        ("+442079460958", "*********958"),
        ("7778", "****"),
        ("", ""),
    ],
)
def test_logs_get_the_last_three_digits_at_most(text: str, masked: str) -> None:
    assert mask(text) == masked
