"""Tables on their way out: CSV in which every cell is quoted, and numbers that need no apostrophe."""

import csv
import io

import phonenumbers
import pytest

from contacts_ui.phone import pretty, to_e164
from contacts_ui.services.files.cells import guard
from contacts_ui.services.files.writing import (
    Format,
    blocks_of,
    csv_download,
    number_cell,
    parts_of,
)

HEADINGS = ["Name", "Number"]


def as_csv(*rows: tuple[str, str]) -> str:
    return "".join(str(each) for each in csv_download("a", HEADINGS, rows, ["Number"]).chunks)


def test_every_cell_is_quoted_behind_the_mark_of_utf_8() -> None:
    text = as_csv(("Ann", "02134"), ("", 'say "hi"'))
    assert text == '\ufeff"Name","Number"\r\n"Ann","02134"\r\n"","say ""hi"""\r\n'


def test_csv_readers_read_what_was_written() -> None:
    rows = [("one\r\ntwo", 'a "quoted", one'), ("", ""), ('"', "tab\there")]
    read = list(csv.reader(io.StringIO(as_csv(*rows)[1:], newline="")))
    assert read == [HEADINGS, *map(list, rows)]


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("+16155550123", "(615) 555-0123"),
        ("+442079460958", "(+44) 20 7946 0958"),
        ("+44 20 7946 0958", "(+44) 20 7946 0958"),
        ("+52 222 123 4567", "(+52) 222 123 4567"),
        ("(615) 555-0123", "(615) 555-0123"),
        ("+1 615 call me", "'+1 615 call me"),
        ("=1+1", "'=1+1"),
        ("02134", "02134"),
    ],
)
def test_a_number_needs_no_apostrophe(number: str, written: str) -> None:
    assert as_csv(("Ann", number)).endswith(f'"Ann","{written}"\r\n')


@pytest.mark.parametrize(
    "number", ["+16155550123", "+442079460958", "+33142685300", "+81312345678"]
)
def test_our_reader_of_numbers_reads_them_again(number: str) -> None:
    assert to_e164(number_cell(number)) == number


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_number_of_another_country_never_becomes_another_number(region: str) -> None:
    number = phonenumbers.format_number(
        phonenumbers.example_number(region), phonenumbers.PhoneNumberFormat.E164
    )
    cell = number_cell(pretty(number))
    assert to_e164(cell) in (number, None)
    assert guard(cell) == cell


def test_a_name_is_guarded_and_never_spelled_like_a_number() -> None:
    assert '"\'+16155550123","x"' in as_csv(("+16155550123", "x"))


@pytest.mark.parametrize("kind", Format)
def test_each_block_is_a_part_with_its_count(kind: Format) -> None:
    blocks = blocks_of([(str(at), "x") for at in range(7)], 3)
    counts = [count for content, count in parts_of(kind, HEADINGS, blocks)]
    assert [count for count in counts if count] == [3, 3, 1]
    assert counts[0] == 0


@pytest.mark.parametrize("kind", Format)
def test_rows_are_asked_for_as_they_are_sent(kind: Format) -> None:
    asked: list[int] = []

    def rows():
        for at in range(9):
            asked.append(at)
            yield (str(at), "x")

    parts = parts_of(kind, HEADINGS, blocks_of(rows(), 3))
    next(parts)
    assert asked == []
    next(parts)
    assert asked == [0, 1, 2]
    parts.close()
    assert asked == [0, 1, 2]
