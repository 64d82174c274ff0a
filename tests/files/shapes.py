"""The same few people in every shape of file: encodings, separators, quotes, titles, sheets, and what is no table."""

# ruff: noqa: E501 - a table is read by its rows

from datetime import date, datetime
from typing import Final

from tests.files.builders import csv_of, ods_of, text_of, xls_of, xlsx_of, zip_of
from tests.files.case import Case, case

_ROWS: Final = (
    ["Name", "Mobile", "Do not text"],
    ["Núria Quill", "615-555-3001", "Yes"],
    ["Ben Quill", "615-555-3002", "No"],
)
_END: Final = {
    "stops": [3001],
    "calm": [3002],
    "people": {3001: {"first_name": "Núria", "last_name": "Quill"}},
}


def _same(name: str, program: str, content: bytes, **more: object) -> Case:
    return case(name, program, content, **{**_END, **more})  # type: ignore[arg-type]


CASES: Final[list[Case]] = [
    _same("a mark in front and semicolons", "Excel in Europe", csv_of(*_ROWS, encoding="utf-8-sig", separator=";")),
    _same("Unicode text", "Excel", csv_of(*_ROWS, encoding="utf-16", separator="\t"), file_name="people.txt"),
    _same("UTF-16 without a mark", "a program of Windows", csv_of(*_ROWS, encoding="utf-16-le")),
    _same("UTF-16, the other end first", "a program of Java", "\ufeff".encode("utf-16-be") + csv_of(*_ROWS, encoding="utf-16-be")),
    _same("Windows", "Excel", csv_of(*_ROWS, encoding="cp1252")),
    _same("Mac", "Excel for Mac", csv_of(*_ROWS, encoding="mac_roman", line_end="\r"), reading={"encoding": "mac_roman"}),
    _same("tabs", "Google Sheets", csv_of(*_ROWS, separator="\t"), file_name="people.tsv"),
    _same("bars", "a mainframe", csv_of(*_ROWS, separator="|")),
    _same("the hint of Excel", "Excel", b"sep=;\r\n" + csv_of(*_ROWS, separator=";")),
    _same("every cell quoted", "LibreOffice", csv_of(*_ROWS, quote_all=True)),
    _same("blank lines between", "Excel", csv_of([], [], _ROWS[0], [], _ROWS[1], ["", "", ""], _ROWS[2], [], [])),
    _same("titles above", "Excel", csv_of(["Our customers"], ["as of Nov 28, 2026"], [], *_ROWS)),
    _same("NUL in it", "a mainframe", csv_of(*_ROWS).replace(b"Ben", b"Ben\0")),
    _same("a comma behind each line", "Excel", csv_of(*([*row, "", "", ""] for row in _ROWS))),
    _same("150 empty columns", "Salesforce", csv_of(*([*row, *[""] * 150] for row in _ROWS))),
    _same(
        "150 columns with headings and nothing in them", "Outlook",
        csv_of([*_ROWS[0], *(f"Custom {at}" for at in range(150))], *([*row, *[""] * 150] for row in _ROWS[1:])),
    ),
    _same(
        "a long wide export, mostly empty", "HubSpot",
        csv_of([*_ROWS[0], *(f"Property {at}" for at in range(150))], *([*row, *[""] * 150] for row in _ROWS[1:]),
               *(["P Quill", f"615-557-{at:04}", "", *[""] * 149, "x"] for at in range(9950))),
        calm=[3002, *(f"+1615557{at:04}" for at in range(9950))], is_long=True,
    ),
    case("no headings", "a list", csv_of(["Ada Quill", "615-555-3011"], ["Ben Quill", "615-555-3012"]), calm=[3011, 3012]),
    case("numbers alone", "a list", b"6155553013\n6155553014\n", calm=[3013, 3014]),
    case(
        "no headings, and stops", "a list", csv_of(["Ada Quill", "615-555-3015", "STOP"], ["Ben Quill", "615-555-3016", ""]),
        doubtful=[3015], calm=[3016],
    ),
    case(
        "a first row that looks like headings", "a list", csv_of(["Ada Quill", "615-555-3017"], ["Ben Quill", "615-555-3018"]),
        calm=[3017, 3018], reading={"headings": "no"},
    ),
    case(
        "the first line is swallowed by no one", "a list", csv_of(["Ada Quill", "615-555-30"], ["Ben Quill", "615-555-3019"]),
        calm=[3019], out=None, reading={"headings": "no"}, columns={"Column A": "full_name", "Column B": "mobile_number"},
    ),
    case("an open quote", "a text editor", b'Name,Mobile\n"Ada Quill,615-555-3021\nBen Quill,615-555-3022\nCleo,615-555-3023\n', refused=True),
    case(
        "an inch in a cell", "a text editor", b'Name,Mobile,Note\nAda Quill,615-555-3024,6" pipe\nBen Quill,615-555-3025,5\' 11"\n',
        calm=[3024, 3025],
    ),
    case(
        "backslash quotes and commas", "PHP", b'"Name","Mobile","Note"\n"Ada","615-555-3026","said \\"hi, Ann\\", then left"\n"Ben","615-555-3027","\\\\"\n',
        calm=[3026, 3027], people={3026: {"first_name": "Ada"}},
    ),
    case(
        "a note of many lines", "Outlook",
        csv_of(["Name", "Notes", "Mobile", "Do not text"], ["Ada", "1 Main St\r\nNashville, TN\r\n615-555-0188\r\nBen, 615-555-0189", "615-555-3028", "x"],
               ["Ben", '"quoted", he said', "615-555-3029", ""]),
        stops=[3028], calm=[3029],
    ),
    case(
        "a row with a comma too many", "a text editor", b"Name,Mobile,Do not text\nAda, the first,615-555-3031,yes\nBen,615-555-3032,no\n",
        may_be=[3031], calm=[3032], out=None, lost=None,
    ),
    case(
        "mixed encoding, and stops", "two files joined",
        "Name,Mobile,SMS Status\nRené,615-555-3033,Unsubscribed\n".encode() + "Chloé,615-555-3034,Désabonné\n".encode("cp1252"),
        stops=[3033], doubtful=[3034], people={3033: {"first_name": "René"}, 3034: {"first_name": "Chloé"}},
    ),
    # Workbooks.
    _same("a workbook", "Excel", xlsx_of(*_ROWS), file_name="people.xlsx"),
    _same("a workbook of old", "Excel 2003", xls_of(*_ROWS), file_name="people.xls"),
    _same("OpenDocument", "LibreOffice", ods_of(*_ROWS), file_name="people.ods"),
    case(
        "hidden rows of old", "Excel 2003",
        xls_of(["Name", "Cell", "Do not text"], ["A", 6155553041, "x"], ["B", 6155553042, "x"], ["C", 6155553043, ""], hidden=[3]),
        stops=[3041], asked=[3042], calm=[3043], file_name="people.xls",
    ),
    case(
        "rows hidden by a filter", "LibreOffice",
        ods_of(["Name", "Cell", "Do not text"], ["A", 6155553044, True], ["B", "615-555-3045", True], ["C", 6155553046, False], hidden=[3]),
        stops=[3044], asked=[3045], calm=[3046], file_name="people.ods",
    ),
    case(
        "rows hidden by hand", "LibreOffice",
        ods_of(["Name", "Cell", "Opted out on"], ["A", 6155553047, date(2024, 2, 3)], ["B", 6155553048, date(2024, 2, 4)], hidden=[3], visibility="collapse"),
        stops=[3047], asked=[3048], said={3047: "2024-02-03"}, file_name="people.ods",
    ),
    case(
        "true booleans, dates and numbers", "Excel",
        xlsx_of(["Name", "Cell", "Opted out", "Opted out at", "ZIP", "Birthday"], ["A", 6155553051, True, datetime.fromisoformat("2024-02-03T11:12:00"), 2116, date(1990, 6, 12)],
                ["B", 16155553052.0, False, None, "02116", None]),
        stops=[3051], calm=[3052], said={3051: "2024-02-03"}, people={3051: {"zip": "02116", "birthdate": "1990-06-12"}}, file_name="people.xlsx",
    ),
    _same("merged cells above", "Excel", xlsx_of(["All customers"], *_ROWS, merged=["A1:C1"]), file_name="people.xlsx"),
    _same("two merged titles", "Excel", xlsx_of(["All customers"], ["Autumn", None, "2026"], *_ROWS, merged=["A1:C1"]), file_name="people.xlsx"),
    _same(
        "an empty sheet before it", "Excel", xlsx_of(name="Cover", others={"People": _ROWS}), file_name="people.xlsx",
    ),
    _same(
        "another sheet is meant", "Excel", xlsx_of(["Name", "Cell"], ["X", 6155553061], name="Old", others={"People": _ROWS}),
        reading={"sheet": "People"}, file_name="people.xlsx",
    ),
    _same(
        "a hidden sheet behind it", "Excel", xlsx_of(*_ROWS, others={"Old": [["Cell"], [6155553062]]}, hidden_sheets=["Old"]), file_name="people.xlsx",
    ),
    _same("an xlsx named csv", "Excel", xlsx_of(*_ROWS), file_name="people.csv"),
    case(
        "formulas without results", "Excel", xlsx_of(["Name", "Mobile"], ["A", "=6155553071"], ["B", "615-555-3072"]),
        calm=[3072], may_be=[3071], out=None, file_name="people.xlsx",
    ),
    # What is no table.
    *(
        case(name, program, content, refused=True, file_name=file_name)
        for name, program, content, file_name in (
            ("nothing", "a text editor", b"", "people.csv"),
            ("headings alone", "Excel", b"Name,Mobile\n", "people.csv"),
            ("a PDF", "Acrobat", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "people.pdf"),
            ("JSON", "an API", b'[{"phone": "6155553081"}]', "people.json"),
            ("an XML spreadsheet", "Excel 2003", b'<?xml version="1.0"?><Workbook><Worksheet/></Workbook>', "people.xls"),
            ("a Word document", "Word", zip_of(word__document_dot_xml=b"<w:document/>", _Content=b"x"), "people.docx"),
            ("a Numbers document", "Apple Numbers", zip_of(Index__Document_dot_iwa=b"\0\1", Data=b"x"), "people.numbers"),
            ("an OLE file that is none", "Outlook", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000), "people.xls"),
            ("an image", "a phone", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "people.csv"),
            ("no number in it", "Excel", text_of("Name | Email\nAda | a@example.com"), "people.csv"),
        )
    ),
    case(
        "our own export", "this dashboard",
        csv_of(
            ["Contact ID", "First name", "Last name", "Mobile number", "Email", "Birth date", "Language", "Street address", "City",
             "State or province", "Zip or postal code", "Country", "Time zone", "Opt-in status", "Do not text", "Created", "Last updated"],
            ["7778", "Marty", "McFly", "(615) 555-3338", "marty@slicktext.com", "1968-06-12", "", "9303 Lyon Drive", "Hill Valley", "CA", "95420", "", "",
             "subscribed", "No stop on record", "2024-02-03 11:12:13", "2024-02-03 11:12:13"],
            ["9001", "Ada", "Quill", "(615) 555-3091", "", "", "", "", "", "", "", "", "", "unsubscribed", "Stopped", "", ""],
            ["9002", "Ben", "Quill", "(615) 555-3092", "", "", "", "", "", "", "", "", "", "not subscribed", "Not known", "", ""],
            quote_all=True, encoding="utf-8-sig",
        ),
        stops=[3091], calm=["+16155553338", 3092],
    ),
]  # fmt: skip
