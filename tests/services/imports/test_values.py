"""Cells as people and programs write them: read where that is certain, else left empty with a sentence that says so."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from contacts_ui.contact_fields import LABELS
from contacts_ui.services.files.cells import is_placeholder
from contacts_ui.services.files.columns import FULL_NAME, LAST_FIRST
from contacts_ui.services.files.days import Order
from contacts_ui.services.imports.values import read, two_names, zip_code


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 29, 12, tzinfo=UTC), tick=False):
        yield


@pytest.mark.parametrize(
    ("target", "text", "field", "said"),
    [
        ("birthdate", "0/0/00", "", ""),
        (
            "birthdate",
            "--06-12",
            "",
            "The birth date is left empty: there is no year in “--06-12”.",
        ),
        ("timezone", "CST", "America/Chicago", ""),
        (
            "timezone",
            "GMT-6",
            "",
            "The time zone is left empty: “GMT-6” can be more than one time zone.",
        ),
        (
            "email",
            "b.quill@example.com; b2@example.com",
            "b.quill@example.com",
            "Only one email can be stored: “b2@example.com” is left out.",
        ),
        (
            "email",
            "d.quill@localhost",
            "",
            "The email is left empty: “d.quill@localhost” is not an email address, as in name@example.com.",
        ),
        ("state", "US-MA", "MA", ""),
        (
            "state",
            "Jalisco",
            "",
            "The state or province is left empty: “Jalisco” is not a state or province, as in TN or Tennessee.",
        ),
    ],
)
def test_what_is_read_and_what_is_said(target: str, text: str, field: str, said: str) -> None:
    """Whole files with such cells are in tests/files/seen.py."""
    assert read(target, text) == ({target: field} if field else {}, said)


def test_the_order_of_a_column_counts() -> None:
    assert read("birthdate", "03/08/1985", Order.DAY_FIRST) == ({"birthdate": "1985-08-03"}, "")


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "NULL", "null", "(null)", "[Null]", "<null>", "\\N", "nan", "NaN", "NA", "nil"],
        *["N/A", "n/a", "N.A.", "#N/A", "#NV", "None", "none", "--None--", "- None -", "(none)"],
        *["-", "--", "—", "–", "---", ".", "...", "…", "?", "??", "/", "_"],
        *["[not provided]", "Not Provided", "(blank)", "(empty)", "(Blank)", "[missing]"],
        *["unknown", "Unknown", "not available", "Not set", "undefined", "TBD", "(No value)"],
    ],
)
def test_placeholders(text: str) -> None:
    assert is_placeholder(text)
    assert read("first_name", text) == ({}, "")


@pytest.mark.parametrize(
    "text",
    ["Null", "Na", "Nan", "Nil", "Blank", "Dash", "Nona", "0", "no", "x", "*", "✓", "#1", "A-B", "N"],
)  # fmt: skip
def test_names_and_marks_are_no_placeholders(text: str) -> None:
    assert not is_placeholder(text)
    assert read("last_name", text) == ({"last_name": text}, "")


@pytest.mark.parametrize("text", ["Null", "na", "Na", "Nan", "Blank"])
def test_elsewhere_than_in_names_these_are_placeholders_too(text: str) -> None:
    assert read("city", text) == ({}, "")
    assert read("state", text) == ({}, "")
    assert read("custom_fields.word", text) == ({"custom_fields.word": text}, "")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ada NULL", ("Ada", "")),
        ("NULL Quill", ("", "Quill")),
        ("Quill, N/A", ("", "Quill")),
        ("Ada - Quill", ("Ada", "Quill")),
        ("N/A N/A", ("", "")),
        ("Jennifer Null", ("Jennifer", "Null")),
        ("McFly, Marty", ("Marty", "McFly")),
        ("Mr. Martin King, Jr.", ("Martin", "King Jr.")),
        ("Marty Seamus McFly", ("Marty Seamus", "McFly")),
        ("Mr. Ludwig van Beethoven", ("Ludwig", "van Beethoven")),
        ("Cher", ("Cher", "")),
    ],
)
def test_names_and_those_of_which_a_part_is_missing(text: str, names: tuple[str, str]) -> None:
    found = read(FULL_NAME, text)
    fields = dict(zip(("first_name", "last_name"), names, strict=True))
    assert found == ({field: name for field, name in fields.items() if name}, "")


def test_the_last_name_first() -> None:
    assert two_names("van Beethoven Ludwig", last_first=True) == {
        "first_name": "Ludwig",
        "last_name": "van Beethoven",
    }
    assert read(LAST_FIRST, "Quill NULL") == ({"last_name": "Quill"}, "")


@pytest.mark.parametrize(
    "text", ["0/0/00", "0000-00-00", "1/0/1900", "12/30/1899", "1/1/4501", "01/00/1900 0:00"]
)
def test_a_zero_day_is_a_placeholder(text: str) -> None:
    assert read("birthdate", text) == ({}, "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("June 12", "there is no year in “June 12”."),
        ("6/12", "there is no year in “6/12”."),
        ("1604-06-12", "there is no year in “1604-06-12”."),
        ("1968", "there is only a year in “1968”."),
        (
            "24997",
            "“24997” is a spreadsheet’s own number for a day. Format the column as a date there.",
        ),
        ("6/31/1968", "“6/31/1968” is not a day, as in 1968-06-12 or 6/12/1968 (month first)."),
        ("summer", "“summer” is not a day, as in 1968-06-12 or 6/12/1968 (month first)."),
        ("12/31/2999", "Dec 31, 2999 is not a likely birthday."),
        ("6/12/1868", "Jun 12, 1868 is not a likely birthday."),
        ("x" * 90, f"“{'x' * 40}…” is not a day, as in 1968-06-12 or 6/12/1968 (month first)."),
    ],
)
def test_birthdays_that_are_left_empty(text: str, why: str) -> None:
    assert read("birthdate", text) == ({}, f"The birth date is left empty: {why}")


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("mailto:a@example.com?subject=Hello", []),
        ("SMTP:a@example.com", []),
        ("<a@example.com>", []),
        ("'a@example.com'", []),
        ("a@example.com (work)", []),
        ("Work: a@example.com", []),
        ('"Quill, Ada" <a@example.com>', []),
        ("a@example.com, A@Example.com", []),
        ("a@example.com b@example.com", ["b@example.com"]),
        ("a@example.com/b@example.com", ["b@example.com"]),
        ("a@example.com | b@example.com", ["b@example.com"]),
        ("a@example.com and b@example.com", ["b@example.com"]),
        ("a@example.com ::: b@example.com", ["b@example.com"]),
        ("Ada <a@example.com>, Ben <b@example.com>", ["b@example.com"]),
        ("no@localhost; a@example.com", ["no@localhost"]),
        ("a@example.com;b@example.com;c@example.com", ["b@example.com", "c@example.com"]),
    ],
)
def test_the_first_email_of_a_cell(text: str, others: list[str]) -> None:
    fields, said = read("email", text)
    assert fields == {"email": "a@example.com"}
    assert [other in said for other in others] == [True] * len(others)
    assert bool(said) is bool(others)


@pytest.mark.parametrize(
    "text",
    [
        *["john smith@example.com", "Ada a@example.com", "a@@example.com", "a..b@example.com"],
        *["a@example", "a@[127.0.0.1]", "a@-example.com", "josé@example.com", "a@exämple.com", "@", "no email"],
    ],
)  # fmt: skip
def test_what_is_no_email(text: str) -> None:
    fields, said = read("email", text)
    assert fields == {}
    assert said.startswith("The email is left empty: ")


@pytest.mark.parametrize("text", ["o'brien@example.com", "y@example.com", "and.or@example.com"])
def test_emails_that_look_odd_stay_whole(text: str) -> None:
    assert read("email", text) == ({"email": text}, "")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("English", "en"),
        ("EN", "en"),
        ("en-US", "en"),
        ("en_US", "en"),
        ("English (United States)", "en"),
        ("inglés", "en"),
        ("Español", "es"),
        ("es-419", "es"),
        ("spa", "es"),
        ("Français", "fr"),
        ("Tiếng Việt", ""),
        ("Vietnamese", "vi"),
        ("Haitian Creole", "ht"),
        ("sw", "sw"),
        ("Klingon", ""),
        ("English/Spanish", ""),
    ],
)
def test_languages(text: str, code: str) -> None:
    fields, said = read("language", text)
    assert fields == ({"language": code} if code else {})
    assert said == (
        ""
        if code
        else f"The language is left empty: “{text}” is not a language, as in en or English."
    )


@pytest.mark.parametrize("text", ["Hawaii", "America/Phoenix", "Europe/Berlin", "noon"])
def test_time_zones_that_are_left_empty(text: str) -> None:
    assert read("timezone", text) == (
        {},
        "The time zone is left empty: "
        f"SlickText takes Eastern, Central, Mountain, and Pacific, and “{text}” is none of them.",
    )


@pytest.mark.parametrize(
    ("code", "country", "state", "fixed"),
    [
        ("2116", "", "", "02116"),
        ("2116", "Estados Unidos", "MA", "02116"),
        ("901", "Puerto Rico", "PR", "00901"),
        ("901-1234", "US", "PR", "00901-1234"),
        ("9011234", "Puerto Rico", "", "00901-1234"),
        ("2116 1234", "", "", "02116-1234"),
    ],
)
def test_zips_get_their_zeros_back(code: str, country: str, state: str, fixed: str) -> None:
    assert zip_code(code, country, state) == (
        fixed,
        f"The zip {code} is read as {fixed}: spreadsheets drop leading zeros.",
    )


@pytest.mark.parametrize(
    ("code", "country", "state", "written"),
    [
        ("021161234", "", "", "02116-1234"),
        ("37201-", "US", "TN", "37201"),
        ("372011234", "US", "TN", "37201-1234"),
        ("37201-1234", "USA", "TN", "37201-1234"),
        ("k1a0b1", "Canada", "ON", "K1A 0B1"),
        ("K1A-0B1", "", "", "K1A 0B1"),
        # A digit is missing somewhere, and not in front.
        ("3720", "US", "TN", "3720"),
        ("120", "US", "", "120"),
        ("37", "US", "", "37"),
        ("44100", "Mexico", "", "44100"),
        ("1000", "México", "", "1000"),
        ("21161234", "Brasil", "", "21161234"),
        ("SW1A 1AA", "UK", "", "SW1A 1AA"),
        ("123456", "US", "", "123456"),
        ("zip", "", "", "zip"),
    ],
)
def test_other_zips_are_only_written_out(code: str, country: str, state: str, written: str) -> None:
    assert zip_code(code, country, state) == (written, "")


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("37201.0", {"zip": "37201"}),
        ("z:37201", {"zip": "37201"}),
        ("2116", {"zip": "2116"}),
        ("00000", {}),
        ("0", {}),
    ],
)
def test_zips_as_spreadsheets_and_facebook_write_them(text: str, fields: dict[str, str]) -> None:
    assert read("zip", text) == (fields, "")


@pytest.mark.parametrize(
    "text", ["#REF!", "#NAME?", "#DIV/0!", "#VALUE!", "#¿NOMBRE?", "#WERT!", "Err:502", "#####"]
)
def test_errors_of_spreadsheets_are_said(text: str) -> None:
    assert read("city", text) == (
        {},
        "The city is left empty. The spreadsheet shows an error here instead of a value.",
    )


def test_what_is_too_long_is_left_empty_and_never_cut() -> None:
    assert read("city", "x" * 200) == ({"city": "x" * 200}, "")
    assert read("city", "x" * 201) == (
        {},
        "The city is left empty: it has 201 characters, and the limit is 200.",
    )
    assert read("custom_fields.note", "x" * 2000)[0]
    assert read("custom_fields.note", "x" * 6000)[1] == (
        "The custom field note is left empty: it has more than 5,000 characters, and the limit is 2,000."
    )


@given(
    target=st.sampled_from([*(field for field in LABELS if field != "mobile_number"), FULL_NAME]),
    text=st.text(max_size=60),
    order=st.sampled_from(Order),
)
def test_no_cell_breaks_an_import_and_nothing_is_sent_that_is_empty(
    target: str, text: str, order: Order
) -> None:
    fields, said = read(target, text, order)
    assert all(value and len(value) <= 200 for value in fields.values())
    assert not said or said.endswith(".")
    if "zip" in fields:
        assert zip_code(fields["zip"], "")[0]
