"""Workbooks of each kind, and what a hostile one may do: end its own process, and nothing else."""

import io
import struct
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final

import openpyxl
import pytest

from contacts_ui.services.files import read, workbooks
from contacts_ui.services.files.table import Unreadable
from tests.services.files.building import (
    SHEET,
    ods_row,
    open_document,
    part_of,
    saved,
    with_parts,
    with_sheet,
    workbook,
)

FIXTURES: Final = Path(__file__).with_name("fixtures")
PEOPLE: Final = [
    (1, ["Name", "Cell"]),
    (2, ["Núria", "16155553338"]),
    (3, ["Doc", "(615) 555-0123"]),
]
LAUGHS: Final = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]>'
STRINGS: Final = "xl/sharedStrings.xml"
RELATIONS: Final = "xl/_rels/workbook.xml.rels"
EMPTY_ARCHIVE: Final = b"PK\x05\x06" + bytes(18)


def refusal(content: bytes) -> str:
    with pytest.raises(Unreadable) as refused:
        workbooks.read(content)
    return refused.value.sentence


def lines_of(content: bytes) -> list[tuple[int, list[str]]]:
    return workbooks.read(content).lines


def test_xlsx() -> None:
    seen, day = map(datetime.fromisoformat, ("2024-01-02T03:04:05", "2024-01-02"))
    rows = (
        ("Name", "Cell", "Born", "Member", "Seen", "At", "Share"),
        ("Núria", 16155553338, date(1968, 6, 12), True, seen, time(3, 5), 0.25),
        (None,),
        ("Doc", 6155550123.0, None, False, day),
    )  # fmt: skip
    assert lines_of(workbook(*rows)) == [
        (1, list(rows[0])),
        (2, ["Núria", "16155553338", "1968-06-12", "TRUE", "2024-01-02 03:04:05", "03:05:00", "0.25"]),
        (4, ["Doc", "6155550123", "", "FALSE", "2024-01-02"]),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["people.xls", "people.xlsb"])
def test_binary_kinds(name: str) -> None:
    book = workbooks.read((FIXTURES / name).read_bytes())
    assert [(at, cells[:2]) for at, cells in book.lines] == PEOPLE
    assert (book.sheet, "Other" in book.sheets) == ("People", True)
    assert (workbooks.NOT_TOLD in book.notes) is (name == "people.xlsb")


def test_open_document() -> None:
    rows = ods_row("Name", "Cell") + '<table:table-row table:number-rows-repeated="3"/>'
    book = workbooks.read(
        open_document(Cover="", People=rows + ods_row("A", number_rows_repeated="2"))
    )
    assert (book.sheet, book.sheets) == ("People", ["People"])
    assert book.lines == [(1, ["Name", "Cell"]), (5, ["A"]), (6, ["A"])]


@pytest.mark.parametrize(
    ("content", "hidden"),
    [
        (with_sheet('<row r="1"><c><v>1</v></c></row><row r="3" hidden="1"><c><v>1</v></c></row>'), [3]),
        (with_sheet("<row><c><v>1</v></c></row><row hidden='true'><c><v>1</v></c></row>"), [2]),
        (with_sheet('<row><c><v>1</v></c></row><row ht="0" customHeight="1"><c><v>1</v></c></row>'), [2]),
        (with_sheet('<row ht="15"><c><v>1</v></c></row><row ht="0.75"><c><v>1</v></c></row>'), []),
        (with_sheet('<row><c t="inlineStr"><is><t>hidden="1"</t></is></c></row>'), []),
        (open_document(A=ods_row("x"), B=ods_row("x", visibility="filter")), []),
        (open_document(A=ods_row("x") + ods_row("x", visibility="filter", number_rows_repeated="2")), [2, 3]),
        (open_document(A=ods_row("x") + ods_row("x", visibility="collapse")), [2]),
        ((FIXTURES / "people.xls").read_bytes(), []),
    ],
    ids=["xlsx", "true", "no height", "heights", "a text", "ods, other sheet", "ods, filter", "ods, by hand", "xls"],
)  # fmt: skip
def test_hidden_rows(content: bytes, hidden: list[int]) -> None:
    assert workbooks.read(content).hidden_rows == hidden


def test_only_so_many_workbooks_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "_SLOTS", BoundedSemaphore(1))
    monkeypatch.setattr(workbooks, "_TIMEOUT_SECONDS", 0.05)
    with workbooks._SLOTS, pytest.raises(Unreadable) as refused:
        workbooks.read(workbook(["A"], ["1"]))
    assert refused.value.sentence == workbooks.BUSY
    monkeypatch.setattr(workbooks, "_TIMEOUT_SECONDS", 30)
    for _ in range(2):
        assert workbooks.read(workbook(["A"], ["1"])).lines


def test_hidden_rows_below_the_table_are_not_counted() -> None:
    blank = '<table:table-row table:visibility="filter" table:number-rows-repeated="99999999"/>'
    rows = ods_row("a") + ods_row("b", visibility="filter") + blank * 3
    assert workbooks.read(open_document(A=rows)).hidden_rows == [2]


def test_hidden_rows_of_an_old_workbook() -> None:
    content = (FIXTURES / "people.xls").read_bytes()
    # The ROW record of the second row: its kind, length and place, and the mark of a hidden one.
    at = content.index(struct.pack("<HHH", 0x0208, 16, 1))
    hidden = content[: at + 16] + bytes([content[at + 16] | 0x20]) + content[at + 17 :]
    assert workbooks.read(hidden).hidden_rows == [2]
    assert workbooks.read(hidden, "Other").hidden_rows == []


def test_sheets_that_are_shown_come_first() -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(workbook(Old=[("a",)], People=[("b",)], Deep=[("c",)]))
    )
    book["Old"].sheet_state, book["Deep"].sheet_state = "hidden", "veryHidden"
    book.create_chartsheet("Chart")
    content = saved(book)
    read_as = workbooks.read(content)
    assert (read_as.sheet, read_as.lines) == ("People", [(1, ["b"])])
    assert (read_as.sheets, read_as.hidden_sheets) == (["People", "Old", "Deep"], ["Old", "Deep"])
    assert read_as.notes == [
        "Only the sheet “People” is read. There are others: “Old” (hidden), “Deep” (hidden)."
    ]
    chosen = workbooks.read(content, "Old")
    assert (chosen.lines, "“Old” is hidden" in chosen.notes[1]) == ([(1, ["a"])], True)


def test_a_workbook_with_nothing_in_it() -> None:
    assert workbooks.read(workbook()).sheets == []
    with pytest.raises(Unreadable, match="This file is empty"):
        read(workbook((" ",)))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<f>1+1</f><v>6155553338</v>", "6155553338"),
        # Never computed: the formula stays, which the check then refuses at its cell.
        ("<f>1+1</f>", "=1+1"),
        ("<f>1+1</f><v/>", "=1+1"),
    ],
)
def test_a_formula_counts_by_the_value_that_was_kept(cell: str, text: str) -> None:
    rows = f'<row><c><v>1</v></c><c>{cell}</c><c t="e"><v>#REF!</v></c></row>'
    assert lines_of(with_sheet(rows)) == [(1, ["1", text, "#REF!"])]


def test_a_last_row_of_formulas_alone_is_a_row() -> None:
    rows = '<row r="1"><c><v>1</v></c></row><row r="4"><c r="B4"><f>B1</f></c></row>'
    assert lines_of(with_sheet(rows)) == [(1, ["1"]), (4, ["", "=B1"])]


@pytest.mark.parametrize(
    "content",
    [
        with_sheet('<row r="3"><c r="C3" t="b"><v>1</v></c><c r="D3"><f>1</f></c></row>'),
        open_document(
            A='<table:table-row table:number-rows-repeated="2"/><table:table-row><table:table-cell '
            'table:number-columns-repeated="2"/>' + ods_row("TRUE", "=1").removeprefix("<table:table-row>")
        ),
    ],
    ids=["xlsx", "ods"],
)  # fmt: skip
def test_a_table_that_begins_further_down(content: bytes) -> None:
    assert lines_of(content) == [(3, ["", "", "TRUE", "=1"])]


def test_a_formula_with_an_empty_result_is_empty() -> None:
    rows = '<row><c><v>1</v></c><c t="str"><f>IF(1,"")</f><v></v></c></row>'
    assert lines_of(with_sheet(rows)) == [(1, ["1"])]


@pytest.mark.parametrize(
    ("style", "value", "text"),
    [
        ("00000", 2116, "02116"),
        ("00000", 37201, "37201"),
        ("00000\\-0000", 21161234, "02116-1234"),
        ("0", 5, "5"),
        ("General", 2116, "2116"),
        ('[<=9999999]###\\-####;\\(###\\)\\ ###\\-####', 6155553338, "6155553338"),
    ],
)  # fmt: skip
def test_zeros_that_only_the_format_shows(style: str, value: int, text: str) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Zip", value])
    book.active["B1"].number_format = style
    assert lines_of(saved(book)) == [(1, ["Zip", text])]


def test_elements_with_a_prefix() -> None:
    xml = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        '<x:row hidden="1"><x:c t="inlineStr"><x:is><x:t>A</x:t></x:is></x:c><x:c><x:f>1+1</x:f></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    book = workbooks.read(with_parts(workbook(("A",)), {SHEET: xml.encode()}))
    assert (book.lines, book.hidden_rows) == ([(1, ["A", "=1+1"])], [1])


def with_entities(name: str, encoding: str = "utf-8") -> bytes:
    """Return a workbook with a part of this name that unfolds, which its relations call the shared strings."""
    content = with_sheet('<row><c t="s"><v>0</v></c></row>')
    strings = f"{LAUGHS}<sst><si><t>&c;</t></si></sst>".encode(encoding)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    relation = f'<Relationship Id="r9" Type="{kind}" Target="/{name}"/></Relationships>'
    relations = part_of(content, RELATIONS).replace(b"</Relationships>", relation.encode())
    return with_parts(content, {name: strings, RELATIONS: relations})


HOSTILE: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "last cell of a sheet": (
        lambda: with_sheet('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>'),
        workbooks.TOO_MUCH,
    ),
    "a cell beyond any sheet": (
        lambda: with_sheet('<row><c r="A1"><v>1</v></c><c r="ZZZZZZ4294967295"><v>1</v></c></row>'),
        workbooks.BROKEN,
    ),
    "unpacks to too much": (
        lambda: with_parts(workbook(("a",)), {"xl/theme.xml": b" " * 161_000_000}),
        workbooks.TOO_MUCH,
    ),
    "a cell of 150 MB": (
        lambda: with_sheet(f'<row><c t="inlineStr"><is><t>{"x" * 150_000_000}</t></is></c></row>'),
        workbooks.TOO_MUCH,
    ),
    "empty strings": (
        lambda: with_parts(workbook(("a",)), {STRINGS: b"<sst>" + b"<si/>" * 30_000_000 + b"</sst>"}),
        workbooks.TOO_MUCH,
    ),
    "many parts": (
        lambda: with_parts(workbook(("a",)), {f"xl/{at}": b"" for at in range(2001)}),
        workbooks.TOO_MUCH,
    ),
    "columns repeated": (
        lambda: open_document(
            A='<table:table-row table:number-rows-repeated="1048576"><table:table-cell office:value-type="float" '
            'office:value="1" table:number-columns-repeated="16384"/></table:table-row>'
        ),
        workbooks.BROKEN,
    ),
    "entities": (lambda: with_entities(STRINGS), workbooks.BROKEN),
    "entities in UTF-16": (lambda: with_entities(STRINGS, "utf-16"), workbooks.BROKEN),
    "entities, other ending": (lambda: with_entities("xl/sharedStrings.bin"), workbooks.BROKEN),
    "entities, capitals": (lambda: with_entities("xl/sharedStrings.XML"), workbooks.BROKEN),
    "entities, no folder": (lambda: with_entities("strings"), workbooks.BROKEN),
    "a broken list of sheets": (
        lambda: with_parts(workbook(("a",)), {"xl/workbook.xml": b"<broken"}),
        workbooks.BROKEN,
    ),
    "a broken sheet": (lambda: with_parts(workbook(("a",)), {SHEET: b"<broken"}), workbooks.BROKEN),
    "another archive": (
        lambda: with_parts(EMPTY_ARCHIVE, {"Index/Document.iwa": b"x"}),
        workbooks.OTHER,
    ),
    "encrypted": (
        lambda: b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        workbooks.LOCKED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused(name: str) -> None:
    content, sentence = HOSTILE[name]
    assert refusal(content()) == sentence


def test_what_is_hidden_among_the_pictures_does_not_unfold() -> None:
    assert refusal(with_entities("xl/media/strings.xml")) == workbooks.BROKEN
    picture = b'<!DOCTYPE svg PUBLIC "a" "b"><svg/>'
    assert lines_of(with_parts(workbook(("a",)), {"xl/media/a.svg": picture})) == [(1, ["a"])]


def test_deep_nesting_is_no_error() -> None:
    assert lines_of(with_sheet("<row>" + "<a>" * 300_000 + "</a>" * 300_000 + "</row>")) == []


def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "_TIMEOUT_SECONDS", 0.01)
    assert refusal(workbook(("a",))) == workbooks.TOO_MUCH


def test_the_reader_has_none_of_our_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    child = tmp_path / "child.py"
    child.write_text("import json, os; print(json.dumps({'sheets': list(os.environ)}))")
    monkeypatch.setattr(workbooks, "_CHILD", child)
    monkeypatch.setenv("DJANGO_SECRET_KEY", "x")
    assert set(workbooks.read(b"").sheets) <= {"LC_CTYPE"}


def test_the_reader_ends_with_a_word_that_is_not_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    child = tmp_path / "child.py"
    child.write_text("raise KeyError")
    monkeypatch.setattr(workbooks, "_CHILD", child)
    assert refusal(b"") == workbooks.BROKEN
