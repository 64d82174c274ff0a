import re
import string
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_ui.phone import (
    MANGLED,
    MORE_DIGITS,
    NOT_A_NUMBER,
    SEVERAL,
    is_us_or_canada,
    mask,
    pretty,
    read_number,
    to_e164,
)
from tests.files.spellings import OUGHT

MARTY = "+16155553338"


@pytest.mark.parametrize(
    "text",
    [
        *[None, "", " ", "Marty", "5553338", "615555333", "61555533388", "+1615555333"],
        *["0155553338", "1155553338", "+10155553338", "+11155553338", "6155553338 6155553339"],
        *["marty@slicktext.com", "+", "+999123456789", "+44 20", "null", "7778"],
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
        ("+52 222 123 4567", "+522221234567"),
        ("(+44) 20 7946 0958", "+442079460958"),
        ("London +44 20 7946 0958 x5", "+442079460958"),
    ],
)
def test_numbers_of_other_countries_need_their_code(text: str, e164: str) -> None:
    assert to_e164(text) == e164


@settings(max_examples=50, database=None)
@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    e164 = to_e164(text)
    assert e164 is None or (e164.startswith("+") and to_e164(e164) == e164)


@settings(max_examples=300, database=None)
@given(st.text(alphabet="0123456789 -.()+/,xA１٦—\u200b#;", max_size=30))
def test_no_text_without_ten_digits_in_their_groups_ever_becomes_a_number(text: str) -> None:
    """The rule again, in other words: the folded digits of the text hold the ten, one behind the other."""
    number = to_e164(text)
    if number is None or not number.startswith("+1"):
        return
    seen = text.replace("\u200b", "")
    runs = re.split(r"\D+", "".join(str(unicodedata.digit(e)) if e.isdigit() else e for e in seen))
    assert any(number[2:] in _standing(runs[at:]) for at in range(len(runs)))


def _standing(runs: list[str]) -> set[str]:
    """The ten digits that stand in the first runs as 10, 3-7, 3-3-4 or with thousands commas."""
    first, (second, third, fourth) = runs[0], [*runs[1:4], "", "", ""][:3]
    found = {first[-10:], first[-3:] + second, first[-1:] + second + third + fourth}
    if (len(second), len(third)) == (3, 4):
        found.add(first[-3:] + second + third)
    return {each for each in found if len(each) == 10}


@settings(max_examples=300, database=None)
@given(st.text(alphabet=string.digits + " -.()+/ABCdefxyz", max_size=24))
def test_fewer_than_ten_digits_are_no_number_whatever_letters_stand_beside(text: str) -> None:
    if sum(map(str.isdigit, text)) < 10:
        assert to_e164(text) is None


@pytest.mark.parametrize(("at", "text"), OUGHT)
def test_a_whole_number_is_read_whatever_stands_around_it(at: int, text: str) -> None:
    assert read_number(text) == (f"+1615555{at:04}", "", "")
    assert to_e164(text) == f"+1615555{at:04}"


REFUSED = """867-5309 fax|555-0123 Mom|615-5550 Ann|61555501 ask|36.16266382|-86.7816133|615-5555-3338|06155553338|
61 55 55 33 38|615555 3338|1615555.3338|6155553338.5|6155553338,5|37201 615-555-3338|4111 1111 1111 1111|615-55-3338|
2026-11-28 10:15:22|1764312345|1-800-FLOWERS|(615) 555-FLOW|marty6155553338@example.com|https://example.com/6155553338|
36.16266382 -86.78161330|1.6155553338|-86.7816133801|+615-555-3338|+6155553338|
615-555-012²|1,234,567,890²|615-555-012①|6155553338 6 6155553338|1/2/2024 6155553338 3"""


@pytest.mark.parametrize("text", REFUSED.replace("\n", "").split("|"))
def test_anything_less_is_refused_with_a_sentence(text: str) -> None:
    number, problem, _ = read_number(text)
    assert (number, problem in (NOT_A_NUMBER, MORE_DIGITS)) == ("", True)


def test_what_is_said_where_no_number_can_be_read() -> None:
    assert read_number("555-0123 STOP").said == "555-0123 STOP"
    assert read_number("615-555-3338 opt-out 3/4/24").said.startswith("opt-out")
    assert read_number("555-0123 Mom").said == ""
    assert read_number("615-555-3338 / 615-555-3339").problem == SEVERAL
    assert read_number("6155553338,6155553339").problem == SEVERAL
    assert read_number("1.61556E+10").problem == MANGLED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("615-555-3338 (do not text)", "do not text"),
        ("615-555-3338 STOP", "STOP"),
        ("no texts! 615-555-3338", "no texts!"),
        ("615-555-3338 x5 opted out", "opted out"),
        ("(615) 555-3338 - unsubscribed", "unsubscribed"),
        ("615-555-3338 DNT", "DNT"),
        ("615-555-3338 don’t text", "don't text"),
        ("615-555-3338 no", "no"),
        ("615-555-3338 STOP 615-555-3338", "STOP"),
        ("615-555-3338 DoNotText", "DoNotText"),
        ("615-555-3338 notexts", "notexts"),
        ("615-555-3338 D.N.T.", "D.N.T"),
        ("615-555-3338 suppressed", "suppressed"),
        ("615-555-3338 wrong number", "wrong number"),
        ("615-555-3338 bloqueado", "bloqueado"),
        ("615-555-3338 désabonné", "désabonné"),
        ("615-555-3338 \U0001f6ab", "\U0001f6ab"),
        ("615-555-3338 (text)", ""),
        ("sms: 615-555-3338", ""),
        ("Contact: 615-555-3338", ""),
        ("615-555-3338 (Nora)", ""),
    ],
)
def test_words_that_speak_of_texts_are_never_set_aside(text: str, said: str) -> None:
    assert read_number(text) == (MARTY, "", said)


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
