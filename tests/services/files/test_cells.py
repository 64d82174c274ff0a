"""One cell: what a spreadsheet did to it is undone, and no part of an exported one is a formula."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contacts_ui.phone import MANGLED
from contacts_ui.services.files.cells import (
    guard,
    guard_cells,
    guard_text_cells,
    read_number,
    tidy,
    unguard,
)

FORMULA = re.compile(r"[\s\"]*[=+\-@＝＋－＠]")
# Whatever the guard looks at, often, and a few letters between.
TEXTS = st.text(st.sampled_from("=+-@＝＋－＠,;\t\r\n'\" \xa0()09ab_"), max_size=12)

PARTS = [
    ("=1+1", "'=1+1"),
    ("+1 615", "'+1 615"),
    ("-5", "'-5"),
    ("@SUM(1)", "'@SUM(1)"),
    ("＝1", "'＝1"),
    (" =1", "' =1"),
    ('"=1', "'\"=1"),
    ("\tx", "'\tx"),
    ("\nx", "'\nx"),
    ("note;=1+1", "note;'=1+1"),
    ("note,=1+1", "note,'=1+1"),
    ("note; =1+1", "note;' =1+1"),
    ('note;"=1+1', "note;'\"=1+1"),
    ("note\t=1+1", "note\t'=1+1"),
    ("one\n- two\n- three", "one\n'- two\n'- three"),
    # Their own apostrophe stays theirs.
    ("'=1", "''=1"),
    ("'02134", "''02134"),
    ("a;'=1", "a;''=1"),
]
AS_THEY_ARE = [
    "", "O'Neill = fine, 5-3", "02134", "(615) 555-0123", "(+44) 20 7946 0958", "'tis", "ann@example.com",
    "Smith, Ann; Lee, Bob", "https://example.com/?a=1", "‘=’",
]  # fmt: skip


@pytest.mark.parametrize(("text", "guarded"), PARTS, ids=[repr(text) for text, _ in PARTS])
def test_each_part_that_begins_like_a_formula_has_an_apostrophe(text: str, guarded: str) -> None:
    assert guard(text) == guarded
    assert unguard(guarded) == text
    assert guard_cells(["Ann", text]) == ["Ann", guarded]


@pytest.mark.parametrize("text", AS_THEY_ARE)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert guard(text) == unguard(text) == text
    assert guard_cells([text]) == guard_text_cells([text]) == [text]


@given(TEXTS)
@example('="02134"')
@example("=0")
def test_what_is_put_in_is_taken_out(text: str) -> None:
    assert unguard(guard(text)) == text
    (as_text,) = guard_text_cells([text])
    assert unguard(as_text) == text


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_one_look_finds_whatever_needs_it(texts: list[str]) -> None:
    assert list(guard_cells(texts)) == [guard(text) for text in texts]


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_no_spreadsheet_sees_a_formula_however_it_splits(texts: list[str]) -> None:
    line = ",".join('"' + guard(text).replace('"', '""') + '"' for text in texts) + "\r\n"
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(line, newline=""), delimiter=separator):
            assert not [cell for cell in row if FORMULA.match(cell)], (separator, row)


@pytest.mark.parametrize(
    ("typed", "text"), [('="02134"', "02134"), ("=02134", "02134"), ("'02134", "02134"), ("'(615", "(615")]
)  # fmt: skip
def test_how_other_programs_keep_a_zero_is_taken_out(typed: str, text: str) -> None:
    assert unguard(typed) == tidy(typed) == text


@pytest.mark.parametrize(
    "text", ["=Marty", "+Marty", "-Marty", "@Marty", "a;=b", "'=Marty", '="Marty"']
)
def test_the_import_reads_what_the_export_wrote(text: str) -> None:
    assert tidy(guard(text)) == text


@pytest.mark.parametrize("typed", ["1.61556E+10", "6,15555E+09", "1.6E10"])
def test_digits_that_are_lost_are_not_made_up(typed: str) -> None:
    assert read_number(typed) == ("", MANGLED, "")
