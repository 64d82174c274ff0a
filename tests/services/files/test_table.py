"""Which row has the headings, and which columns hold something."""

from dataclasses import replace

import pytest

from contacts_ui.services.files import read
from contacts_ui.services.files.table import Table, as_table
from tests.services.files.building import refusal


@pytest.mark.parametrize(
    ("content", "headings", "title"),
    [
        (b"Our customers,\nas of today,\n,\nName,Phone\nMarty,6155553338\n", ["Name", "Phone"], "Our customers"),
        (b"All,,\nAutumn,,2026\nName,Phone,Note\nMarty,6155553338,x\n", ["Name", "Phone", "Note"], "All"),
    ],
    ids=["one cell each", "two cells with a gap"],
)  # fmt: skip
def test_what_a_report_has_above_its_headings_is_left_out_and_said(
    content: bytes, headings: list[str], title: str
) -> None:
    table = read(content)
    assert (table.headings, len(table.lines)) == (headings, 1)
    assert title in table.notes[0]


def test_a_heading_alone_above_people_is_a_heading() -> None:
    assert read(b"Phone\n6155553338,Marty\n").headings == ["Phone", "Column B"]


def test_headings_there_twice_or_missing_get_names_of_their_own() -> None:
    table = read(b"Phone,,phone,Phone\n6155553338,a,6155550123,b,c\n")
    assert table.headings == ["Phone", "Column B", "phone (2)", "Phone (3)", "Column E"]


def test_ragged_rows_are_rows() -> None:
    table = read(b"A,B,C\n1\n1,2,3\n1,2,3\n1,2,3,4\n")
    assert table.headings == ["A", "B", "C"]
    assert [len(cells) for _, cells in table.lines] == [1, 3, 3, 4]


@pytest.mark.parametrize(
    "first",
    [
        "Marty,6155553338", "Marty,615-555-012", "Marty,555-0123", "Marty,n/a", "Marty,-", "Marty,",
        "Marty,615-555-CALL", "m@example.com,x",
    ],
)  # fmt: skip
def test_a_file_without_headings_loses_no_one(first: str) -> None:
    table = read(f"{first}\nDoc,6155550123\nJen,6155550124\n".encode())
    assert not table.has_headings
    assert (table.headings, len(table.lines)) == (["Column A", "Column B"], 3)
    assert "no headings" in table.notes[0]


@pytest.mark.parametrize("content", [b"615-555-012\n6155550123\n6155550124\n", b"615-555-012\n"])
def test_a_mistyped_number_is_no_heading(content: bytes) -> None:
    assert not read(content).has_headings


@pytest.mark.parametrize(
    "content",
    [
        "Name,Phone\nDoc,6155550123\n",
        "Name,\nDoc,6155550123\n",
        "Name,Phone 1,2021,2022\nDoc,6155550123,5,6\n",
        "Name,ZIP\nDoc,37201\n",
        "Name,Email\nDoc,doc@example.com\n",
        "Name,Phone,Do not text\nDoc,6155550123,Do not text\n",
        "Nombre,Móvil\nDoc,6155550123\n",
        "Name,Phone\nDoc,\nJen,\nAl,6155550123\n",
    ],
)
def test_words_above_a_column_are_headings(content: str) -> None:
    assert read(content.encode()).has_headings


def test_a_hundred_columns_and_more() -> None:
    heads = ",".join(f"Heading {at}" for at in range(299))
    table = read(f"{heads},Cell\n{'x,' * 299}6155553338\n".encode())
    assert (table.headings[299], len(table.lines[0][1])) == ("Cell", 300)


def test_columns_with_nothing_in_them_are_left_out() -> None:
    # Without a heading always; with one only where there are too many.
    assert read(b"Name,,Note,Cell\nMarty,,,6155553338\n").headings == ["Name", "Note", "Cell"]
    heads = ",".join(f"Heading {at}" for at in range(600))
    table = read(f"Name,{heads},Cell\nMarty,{',' * 599},6155553338\nDoc,6155550123\n".encode())
    assert table.headings == ["Name", "Heading 0", "Cell"]
    assert table.lines == [(2, ["Marty", "", "6155553338"]), (3, ["Doc", "6155550123"])]
    assert "599 columns" in table.notes[0]


def test_more_columns_or_rows_than_can_be_read() -> None:
    assert "more than 300 columns" in refusal(
        b"a," * 300 + b"Phone\n" + b"1," * 300 + b"6155553338\n"
    )
    assert "The limit is 50,000" in refusal(b"Name,Phone\n" + b"a,6155553338\n" * 50_001)


def test_cells_are_as_long_as_can_be_checked() -> None:
    table = as_table([(1, ["Name"]), (2, ["x" * 9000])])
    assert len(table.lines[0][1][0]) == 5001


TABLE = Table(
    ["Name", "Cell"],
    [(2, ["Núria", "6155553338"])],
    ["a note"],
    has_headings=False,
    sheet="People",
    sheets=["People", "Old"],
    hidden_sheets=["Old"],
    hidden_rows=[2],
    encoding="Mac OS Roman",
    encodings={"mac_roman": "Mac OS Roman"},
)


@pytest.mark.parametrize("table", [TABLE, replace(TABLE, lines=[]), Table(["A"], [], [])])
def test_all_of_a_table_is_stored(table: Table) -> None:
    assert Table.unpacked(table.packed()) == table


def test_half_a_character_does_not_stop_it() -> None:
    assert Table.unpacked(Table(["A"], [(2, ["\ud800"])], []).packed()).lines == [(2, ["?"])]
