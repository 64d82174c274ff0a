"""A workbook of text cells: every spreadsheet's reader finds the very texts, and nothing that runs."""

import io
import re
import zipfile
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from contacts_ui.services.files import workbook_writing
from contacts_ui.services.files.workbook_writing import EXCEL_CELL_MAX_CHARACTERS, Full, stream
from contacts_ui.services.files.writing import Format, blocks_of, parts_of

TEXTS = [
    "02134", "=1+1", "+16155550123", "-5", "@SUM(1)", "a;=b", "'tis", "ends with a space ", " begins with one",
    "<b>&amp;", 'say "hi"', "Siobhán 山田 🎂", "one\ntwo", "one\r\ntwo", "1e5", "2026-01-02", "TRUE",
]  # fmt: skip


def book_of(*rows: tuple[str, ...], headings: list[str] | None = None) -> bytes:
    heads = headings or [f"Column {at}" for at in range(len(rows[0]))]
    return b"".join(content for content, _ in stream(heads, blocks_of(rows, 2)))


def sheet_of(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content)).active


@pytest.mark.parametrize("text", TEXTS, ids=repr)
def test_every_cell_holds_its_text(text: str) -> None:
    content = book_of((text, "x"))
    cell = sheet_of(content)["A2"]
    assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows == [["Column 0", "Column 1"], [text, "x"]]


def test_headings_are_bold_and_stay_in_sight() -> None:
    sheet = sheet_of(book_of(("x",), headings=["Zip"]))
    assert (sheet["A1"].value, sheet["A1"].font.b, sheet["A2"].font.b) == ("Zip", True, False)
    assert sheet.freeze_panes == "A2"


def test_empty_cells_keep_their_neighbors_in_place() -> None:
    (*_, row) = sheet_of(book_of(("a", "", "c"), ("", "b", ""), ("", "", "z"))).values
    assert row == (None, None, "z")


def test_columns_behind_z() -> None:
    sheet = sheet_of(book_of(tuple(str(at) for at in range(53))))
    assert [sheet[at].value for at in ("Z2", "AA2", "AZ2", "BA2")] == ["25", "26", "51", "52"]


def test_what_xml_cannot_hold_is_left_out() -> None:
    assert sheet_of(book_of(("a\x00\x0b\ufffe\ud800b",)))["A2"].value == "ab"


def test_what_excel_would_decode_is_written_so_that_it_does_not() -> None:
    """ECMA-376 Part 1, 22.9.2.19: _x0041_ is the letter A."""
    with zipfile.ZipFile(io.BytesIO(book_of(("a_x0041_", "snake_xcase_")))) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    assert ">a_x005F_x0041_<" in text
    assert ">snake_xcase_<" in text


def test_a_text_longer_than_a_cell_is_cut_and_says_so() -> None:
    fits, longer = "x" * EXCEL_CELL_MAX_CHARACTERS, "y" * (EXCEL_CELL_MAX_CHARACTERS + 1)
    one, two = (cell.value for cell in sheet_of(book_of((fits, longer)))[2])
    assert one == fits
    assert len(two) == EXCEL_CELL_MAX_CHARACTERS
    assert two.endswith(workbook_writing.CUT)


def test_one_row_too_many_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("a",), ("b",), ("c",)]
    monkeypatch.setattr(workbook_writing, "MAX_ROWS", 3)
    assert len(list(sheet_of(book_of(*rows)).values)) == 4
    monkeypatch.setattr(workbook_writing, "MAX_ROWS", 2)
    with pytest.raises(Full):
        book_of(*rows)


def test_more_than_a_part_of_a_zip_holds_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_writing, "MAX_SHEET_BYTES", 100)
    with pytest.raises(Full):
        book_of(("a" * 200,))


def test_it_is_a_whole_zip_without_long_sizes() -> None:
    content = book_of(*[(str(at),) for at in range(50)])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert not [info for info in archive.infolist() if info.extra]
        assert archive.namelist()[0] == "[Content_Types].xml"
        for name in archive.namelist():
            assert not re.search(rb"<f>|<f |externalLink|DOCTYPE", archive.read(name))


def test_no_cell_needs_a_guard_but_one_that_an_import_would_read_otherwise() -> None:
    rows = [("=1+1", "a;=b", "'=1", '="1"')]
    parts = parts_of(Format.XLSX, list("ABCD"), blocks_of(rows))
    (*_, row) = sheet_of(b"".join(bytes(content) for content, _ in parts)).values
    assert row == ("=1+1", "a;=b", "''=1", '\'="1"')
