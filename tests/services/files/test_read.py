"""`files.read`: any file becomes a table of texts, or a sentence that says why not."""

import pytest

from contacts_ui.services.files import Options, read
from tests.services.files.building import ods_row, open_document, refusal, workbook

PEOPLE = "Name,Mobile\nZoë,6155553338\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "This file is empty"),
        (b"\xef\xbb\xbf\r\n,,\r\n", "This file is empty"),
        (b"\0" * 500, "This file is empty"),
        (b"Name,Phone\r\n", "no rows below"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 50, "not a table of text"),
        (b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\n", "a PDF"),
        (b"<table><tr><td>Cell</td></tr></table>", "a web page"),
        (b'[{"cell": "6155553338"}]', "JSON"),
        (b"{\\rtf1 6155553338}", "a text document"),
        (b"BEGIN:VCARD\nTEL:6155553338\n", "address cards"),
        (b"x" * 10_000_001, "larger than 10 MB"),
        (b"PK\x03\x04 and then nothing", "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 2000, "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(content: bytes, says: str) -> None:
    assert says in refusal(content)


def test_nul_is_left_out_and_said() -> None:
    table = read(b"Name,Phone\nMar\0ty,6155553338\nDoc,6155550123\n")
    assert table.lines[0] == (2, ["Marty", "6155553338"])
    assert "NUL" in table.notes[0]


def test_a_guessed_encoding_is_named_and_can_be_changed() -> None:
    content = PEOPLE.encode("mac_roman")
    table = read(content)
    assert (table.encoding, table.lines[0][1][0]) == ("Mac OS Roman", "Zoë")
    assert table.encodings == {"cp1252": "Windows (Western)", "mac_roman": "Mac OS Roman"}
    changed = read(content, Options(encoding="cp1252"))
    assert (changed.encoding, changed.lines[0][1][0]) == ("Windows (Western)", "Zo‘")
    assert changed.encodings == table.encodings


def test_a_certain_encoding_has_no_name_and_no_choices() -> None:
    table = read(PEOPLE.encode(), Options(encoding="cp1252"))
    assert (table.encoding, table.encodings, table.lines[0][1][0]) == ("", {}, "Zoë")


@pytest.mark.parametrize(
    ("headings", "rows"), [(True, ["6155553338"]), (False, ["615-555-012", "6155553338"])]
)
def test_the_person_decides_about_headings(headings: bool, rows: list[str]) -> None:
    table = read(b"615-555-012\n6155553338\n", Options(headings=headings))
    assert ([cells[0] for _, cells in table.lines], table.has_headings) == (rows, headings)


def test_a_sheet_can_be_chosen() -> None:
    content = workbook(("Name", "Cell"), ("A", "6155553338"), Other=[("Cell",), ("6155550123",)])
    table = read(content)
    assert (table.sheet, table.sheets) == ("Sheet", ["Sheet", "Other"])
    assert "Other" in table.notes[0]
    assert read(content, Options(sheet="Other")).lines == [(2, ["6155550123"])]
    assert read(content, Options(sheet="Gone")).sheet == "Sheet"


def test_hidden_rows_are_told_only_where_they_hold_something() -> None:
    rows = ods_row("Name", "Cell") + ods_row("A", "6155553338", visibility="filter")
    blank = '<table:table-row table:visibility="collapse" table:number-rows-repeated="9"/>'
    table = read(open_document(People=rows + blank))
    assert (table.hidden_rows, len(table.lines)) == ([2], 1)
    assert table.hidden_words == "1 row is hidden in the spreadsheet, by a filter or by hand."
    assert table.notes == []
