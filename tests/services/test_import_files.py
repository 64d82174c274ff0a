"""Files of Excel, Numbers and LibreOffice, and of people who mean no good: a table, or a sentence that says why not."""

import io
import zipfile
from datetime import date
from typing import Any

import openpyxl
import pytest

from contacts_ui.services.files import read, tables, workbooks
from contacts_ui.services.files.cells import digits_are_lost, number_of, tidy
from contacts_ui.services.files.columns import guess
from contacts_ui.services.files.tables import Table, Unreadable

TEXT = "First name,Mobile\nNúria,6155553338\nO'Brien,(615) 555-0123\n"
ROWS = [(2, ["Núria", "6155553338"]), (3, ["O'Brien", "(615) 555-0123"])]


def workbook(*rows: Any, **sheets: Any) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, others in sheets.items():
        sheet = book.create_sheet(title)
        for row in others:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_part(content: bytes, name: str, text: bytes) -> bytes:
    """The same workbook with one part replaced or added."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part, old.read(part))
        new.writestr(name, text)
    return stream.getvalue()


def refusal(content: bytes) -> str:
    with pytest.raises(Unreadable) as refused:
        read(content)
    return refused.value.sentence


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_usual_spelling_of_csv(encoding: str, separator: str, line_end: str) -> None:
    table = read(TEXT.replace(",", separator).replace("\n", line_end).encode(encoding))
    assert table.headings == ["First name", "Mobile"]
    assert table.lines == ROWS


def test_quotes_line_breaks_and_excels_own_hint() -> None:
    table = read(b'sep=;\r\nName;Phone;Note\r\n"Fly; Mc ""Marty""";6155553338;"two\r\nlines"\r\n')
    assert table.lines == [(3, ['Fly; Mc "Marty"', "6155553338", "two\r\nlines"])]


@pytest.mark.parametrize("told", ["sep=;", '"sep=;"', "sep=;;;;"])
def test_the_hint_in_each_spelling(told: str) -> None:
    assert read(f"{told}\r\nName;Phone\r\nMarty, S.;6155553338;;;\r\n".encode()).lines == [
        (3, ["Marty, S.", "6155553338"])
    ]


def test_what_a_report_has_above_its_headings_is_left_out_and_said() -> None:
    table = read(b"Our customers,\nas of today,\n,\nName,Phone\nMarty,6155553338\n")
    assert (table.headings, table.lines) == (["Name", "Phone"], [(5, ["Marty", "6155553338"])])
    assert "Our customers" in table.notes[0]
    # A heading alone above people is a heading.
    assert read(b"Phone\n6155553338,Marty\n").headings == ["Phone", "Column B"]


def test_a_cell_of_several_lines_is_a_cell() -> None:
    table = read(
        b'Name,Phone,Note\nMarty,6155553338,"Call, please:\n(615) 555-0123\nafter five, at home"\n'
    )
    assert len(table.lines) == 1


def test_empty_rows_keep_the_numbers_of_the_others() -> None:
    assert read(b"\n\nName,Phone\n,\n\n  , \nMarty,6155553338\n").lines == [
        (7, ["Marty", "6155553338"])
    ]


def test_headings_there_twice_or_missing_get_names_of_their_own() -> None:
    table = read(b"Phone,,phone,Phone\n6155553338,a,6155550123,b,c\n")
    assert table.headings == ["Phone", "Column B", "phone (2)", "Phone (3)", "Column E"]


def test_ragged_rows_are_rows() -> None:
    table = read(b"A,B,C\n1\n1,2,3\n1,2,3\n1,2,3,4\n")
    assert table.headings == ["A", "B", "C"]
    assert [len(cells) for _, cells in table.lines] == [1, 3, 3, 4]


def test_a_file_without_headings_loses_nobody() -> None:
    table = read(b"Marty,6155553338\nDoc,6155550123\n")
    assert table.headings == ["Column A", "Column B"]
    assert len(table.lines) == 2
    assert guess(table) == ["first_name", "mobile_number"]


def test_nul_is_left_out_and_said() -> None:
    table = read(b"Name,Phone\nMar\0ty,6155553338\nDoc,6155550123\n")
    assert table.lines[0] == (2, ["Marty", "6155553338"])
    assert "NUL" in table.notes[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "nothing in this file"),
        (b"\xef\xbb\xbf\r\n,,\r\n", "nothing in this file"),
        (b"\0" * 500, "nothing in this file"),
        (b"Name,Phone\r\n", "nothing below"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 50, "not a table of text"),
        (b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\n", "a PDF"),
        (b"<table><tr><td>Cell</td></tr></table>", "a web page"),
        (b'[{"cell": "6155553338"}]', "JSON"),
        (b"{\\rtf1 6155553338}", "a text document"),
        (b"BEGIN:VCARD\nTEL:6155553338\n", "address cards"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "old Excel"),
        (b'Name,Phone\n"Marty,6155553338\nDoc,6155550123\n', "quotation mark"),
        # Closed by the next mark, below: people would be gone in a cell.
        (b'Name,Phone\nDoc "the,6155553339\n"Jen,6155553340\nAl,6155553341\n', "quotation mark"),
        (b'Name,Phone\n"Jen,6155553340\nAl,6155553341\n"Doc",6155553339\n', "quotation mark"),
        (b'Name,Phone\n"' + b"x" * 200_000 + b'",1\n', "longer than any person writes"),
        (b"Name,Phone\n" + b"a,6155553338\n" * 50_001, "50,000 are the most"),
        (b"," * 300 + b"Phone\n" + b"1," * 300 + b"6155553338\n", "more than 200 columns"),
        (b"x" * 10_000_001, "larger than 10 MB"),
        (b"PK\x03\x04 and then nothing", "cannot be read"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_a_sentence(content: bytes, says: str) -> None:
    assert says in refusal(content)


def test_a_hundred_columns() -> None:
    heads = ",".join(f"Heading {at}" for at in range(99))
    table = read(f"{heads},Cell\n{'x,' * 99}6155553338\n".encode())
    assert guess(table)[99] == "mobile_number"


def test_a_workbook() -> None:
    rows = (
        ("Name", "Cell", "Born", "Member"),
        ("Núria", 16155553338, date(1968, 6, 12), True),
        (None,),
        ("Doc", 6155550123.0),
    )
    table = read(workbook(*rows, Other=[("x",)]))
    assert table.lines == [
        (2, ["Núria", "16155553338", "1968-06-12", "TRUE"]),
        (4, ["Doc", "6155550123"]),
    ]
    assert "Sheet" in table.notes[0]
    assert "Other" in table.notes[0]


def test_a_workbook_may_be_as_long_as_any_file() -> None:
    rows = [(f"N{at}", 16155550000 + at) for at in range(9000)]
    assert len(read(workbook(("Name", "Cell"), *rows)).lines) == 9000


def test_a_cell_at_the_far_end_is_no_bomb() -> None:
    content = workbook(("Name", "Cell"), ("A", "6155553338"))
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read(name)
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    lying = with_part(content, name, xml.replace(b"</sheetData>", far))
    assert "more than 200 columns" in refusal(lying)
    rows = b"".join(
        b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (at, at) for at in range(3, 200)
    )
    assert (
        refusal(with_part(content, name, xml.replace(b"</sheetData>", rows + b"</sheetData>")))
        == workbooks.BOMB
    )


def test_an_empty_first_sheet_is_passed_over() -> None:
    assert read(workbook(People=[("Name", "Cell"), ("A", "6155553338")])).lines == [
        (2, ["A", "6155553338"])
    ]


def test_a_formula_counts_by_the_value_that_excel_kept() -> None:
    content = workbook(("Name", "Cell"), ("A", "=1+1"), ("B", "=2+2"))
    sheet = b"xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read(sheet.decode())
    assert b"<f>1+1</f><v" in xml
    cached = xml.replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>6155553338</v>").replace(
        b"<f>1+1</f><v/>", b"<f>1+1</f><v>6155553338</v>"
    )
    table = read(with_part(content, sheet.decode(), cached))
    # What was never reckoned stays a formula, which the check then refuses at its cell.
    assert table.lines == [(2, ["A", "6155553338"]), (3, ["B", "=2+2"])]


def test_a_zip_bomb_is_not_opened() -> None:
    bomb = with_part(workbook(("a",)), "xl/worksheets/sheet1.xml", b" " * 90_000_000)
    assert len(bomb) < 1_000_000
    assert refusal(bomb) == workbooks.BOMB


def test_xml_that_unfolds_without_end_is_not_opened() -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><worksheet>&c;</worksheet>'
    assert (
        refusal(with_part(workbook(("a",)), "xl/worksheets/sheet1.xml", laughs)) == workbooks.BROKEN
    )
    wide = laughs.decode().encode("utf-16")
    assert (
        refusal(with_part(workbook(("a",)), "xl/worksheets/sheet1.xml", wide)) == workbooks.BROKEN
    )


@pytest.mark.parametrize(
    "name", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"]
)
def test_a_broken_workbook_is_no_500(name: str) -> None:
    assert refusal(with_part(workbook(("a",), ("b",)), name, b"<broken")) == workbooks.BROKEN


def test_other_archives_are_told_apart() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("Index/Document.iwa", "x")
    assert refusal(stream.getvalue()) == workbooks.OTHER


def test_a_sheet_that_lies_about_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    content = workbook(("Name", "Cell"), ("A", "6155553338"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
    lying = xml.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')
    assert lying != xml
    assert read(with_part(content, "xl/worksheets/sheet1.xml", lying)).lines == [
        (2, ["A", "6155553338"])
    ]
    monkeypatch.setattr(workbooks, "MOST_CELLS", 3)
    assert refusal(content) == workbooks.BOMB


@pytest.mark.parametrize(
    "typed",
    [
        "6155553338", "16155553338", "+1 615-555-3338", "(615) 555.3338", "1.615.555.3338", "'6155553338",
        '="6155553338"', "6155553338.0", "16155553338,00", "1.6155553338E+10", "6,155553338e+09", "tel:+16155553338",
        "615 555 3338 ext. 12", "+1 (615) 555-3338 x12", "001-615-555-3338", "\u202a+1 615\u2011555\u20113338\u202c",
        "\u2066(615) 555-3338\u2069", "=6155553338", "Cell: 615-555-3338", "(615) 555-3338 (mobile)", "p:+16155553338",
        "615555333８", "\ufeff6155553338\u200b", "001 615 555 3338", "６１５５５５３３３８",
    ],
)  # fmt: skip
def test_what_spreadsheets_do_to_numbers_is_taken_back(typed: str) -> None:
    assert number_of(tidy(typed)) == "+16155553338"


@pytest.mark.parametrize("typed", ["1.61556E+10", "6,15555E+09", "1.6E10"])
def test_digits_that_are_lost_are_not_made_up(typed: str) -> None:
    assert digits_are_lost(typed)
    assert number_of(typed) is None


@pytest.mark.parametrize(
    ("heads", "fields"),
    [
        ("Cell,First,Surname,E-mail,ST,Postal Code", "mobile_number first_name last_name email state zip"),
        ("PHONE NUMBER,Given name,Family Name,Mail,Province,ZIP", "mobile_number first_name last_name email state zip"),
        ("mobile_number,first_name,last_name,email,state,zip", "mobile_number first_name last_name email state zip"),
        ("Mobile,Forename,Last,Email Address,Prov,Postcode", "mobile_number first_name last_name email state zip"),
        ("A,B,C,D,E,F", "mobile_number - - email - -"),
    ],
)  # fmt: skip
def test_columns_are_guessed(heads: str, fields: str) -> None:
    table = read(f"{heads}\n6155553338,Marty,McFly,m@example.com,TN,37201\n".encode())
    assert guess(table) == [field.replace("-", "") for field in fields.split()]


@pytest.mark.parametrize(
    ("heads", "fields"),
    [
        ("Cell #,Given Name,Family Name,E-mail Address,Province,Postal Code",
         "mobile_number first_name last_name email state zip"),
        ("Phone 1 - Value,First Name,Last Name,E-mail 1 - Value,Address 1 - Region,Address 1 - Postal Code",
         "mobile_number first_name last_name email state zip"),
        ("MobilePhone,FirstName,LastName,Email,MailingState,MailingPostalCode",
         "mobile_number first_name last_name email state zip"),
        ("Contact #,Customer First Name (required),Last Name / Surname,Courriel,State / Province / Region,Zip 5",
         "mobile_number first_name last_name email state zip"),
        ("Teléfono,Nombre,Apellidos,Correo electrónico,Estado,Código postal",
         "mobile_number first_name last_name email state zip"),
        ("Téléphone,Prénom,Nom,Courriel,Province,Code postal", "mobile_number first_name last_name email state zip"),
        ("Mobile #,Name,Surname,Mail,ST,Zip Code", "mobile_number first_name last_name email state zip"),
    ],
)  # fmt: skip
def test_columns_of_the_usual_programs_are_guessed(heads: str, fields: str) -> None:
    test_columns_are_guessed(heads, fields)


@pytest.mark.parametrize(
    "heading", ["Name", "Full name", "Contact", "Client Name", "Last, First", "First & Last Name"]
)
def test_a_whole_name_in_one_column(heading: str) -> None:
    table = Table([heading, "Cell"], [(2, ["Marty McFly", "6155553338"])], [])
    assert guess(table) == ["full_name", "mobile_number"]


@pytest.mark.parametrize(
    "heading", ["Opted out", "SMS Opted Out?", "Unsubscribed at", "Do Not SMS", "Opt-out status"]
)
def test_a_column_that_says_who_wants_no_texts(heading: str) -> None:
    table = Table([heading, "Cell"], [(2, ["yes", "6155553338"])], [])
    assert guess(table) == ["do_not_text", "mobile_number"]


def test_the_first_of_several_numbers_of_an_address_book() -> None:
    heads = b"Phone 1 - Label,Phone 1 - Value,Phone 2 - Value\n"
    table = read(heads + b"Mobile,6155553338,6155559999\nMobile,6155553339 ::: 6155553340,\n")
    assert guess(table) == ["", "mobile_number", ""]


def test_the_mobile_one_of_several_numbers_is_taken() -> None:
    table = read(b"Home Phone,Work phone,Mobile Phone\n6155550001,6155550002,6155550003\n")
    assert guess(table) == ["", "", "mobile_number"]


def test_a_heading_that_promises_numbers_yields_to_the_column_that_has_them() -> None:
    table = read(b"Number,Contact via\n1,6155550001\n2,6155550002\n")
    assert guess(table) == ["", "mobile_number"]


def test_a_full_name_is_offered_where_there_are_no_parts() -> None:
    assert guess(Table(["Name", "Cell"], [(2, ["Marty McFly", "6155553338"])], [])) == [
        "full_name",
        "mobile_number",
    ]
    assert guess(Table(["Name", "First", "Cell"], [(2, ["M", "M", "6155553338"])], []))[0] == ""


def test_more_cells_than_any_list_has_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(b"a," * 20_000) == tables.TOO_MUCH
    monkeypatch.setattr(tables, "MOST_CELLS", 5)
    assert refusal(b"First,Cell\nMarty,6155553338\nDoc,6155550123\n") == tables.TOO_MUCH
    # Blanks behind the last column are no cells.
    assert len(read(b"First,Cell\nMarty,6155553338,,,,,\n").lines) == 1
