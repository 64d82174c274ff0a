"""Text files: their encoding, and CSV in any of the usual spellings."""

import pytest

from contacts_ui.services.files import read
from contacts_ui.services.files import text as text_files
from contacts_ui.services.files.table import TOO_MUCH, Line, Unreadable
from contacts_ui.services.files.text import MAC, MIXED, NAMES, TORN, WINDOWS, decode, lines_of

TEXT = "First name,Mobile\nNúria,6155553338\nO'Brien,(615) 555-0123\n"
ROWS = [(2, ["Núria", "6155553338"]), (3, ["O'Brien", "(615) 555-0123"])]


def rows_of(text: str) -> list[Line]:
    return [line for line in lines_of(text) if line[1]]


def refusal(text: str) -> str:
    with pytest.raises(Unreadable) as refused:
        list(lines_of(text))
    return refused.value.sentence


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_usual_spelling(encoding: str, separator: str, line_end: str) -> None:
    table = read(TEXT.replace(",", separator).replace("\n", line_end).encode(encoding))
    assert table.headings == ["First name", "Mobile"]
    assert table.lines == ROWS


def test_quotes_line_breaks_and_excels_own_hint() -> None:
    text = 'sep=;\r\nName;Phone;Note\r\n"Fly; Mc ""Marty""";6155553338;"two\r\nlines"\r\n'
    assert rows_of(text)[1:] == [(3, ['Fly; Mc "Marty"', "6155553338", "two\r\nlines"])]


@pytest.mark.parametrize("told", ["sep=;", '"sep=;"', "sep=;;;;"])
def test_the_hint_in_each_spelling(told: str) -> None:
    rows = rows_of(f"{told}\r\nName;Phone\r\nMarty, S.;6155553338;;;\r\n")
    assert rows == [(2, ["Name", "Phone"]), (3, ["Marty, S.", "6155553338"])]


def test_empty_rows_keep_the_numbers_of_the_others() -> None:
    rows = rows_of("\n\nName,Phone\n,\n\n  , \nMarty,6155553338\n")
    assert rows[-1] == (7, ["Marty", "6155553338"])


@pytest.mark.parametrize(
    ("cells", "read_as"),
    [
        (r'"Ada \"Ace\" Quill","x"', ['Ada "Ace" Quill', "x"]),
        (r'"Ada \"Ace\"","x"', ['Ada "Ace"', "x"]),
        (r'"\"Ace\" Quill","x"', ['"Ace" Quill', "x"]),
        (r'"Ada 5\"","x"', ['Ada 5"', "x"]),
        (r'"said \"hi, Ann\", and left","x"', ['said "hi, Ann", and left', "x"]),
        (r'Ada \"Ace\" Quill,\N', ['Ada "Ace" Quill', r"\N"]),
        (r'"Ada \"Ace\"","C:\\dir"', ['Ada "Ace"', r"C:\dir"]),
        # Literal backslashes.
        (r'"C:\dir\","x"', ["C:\\dir\\", "x"]),
        (r'"C:\dir","\\server"', [r"C:\dir", r"\\server"]),
        # Quotation marks that mean inches, and text behind a closing one.
        ('5" pipe,x', ['5" pipe', "x"]),
        ('"5"" pipe",x', ['5" pipe', "x"]),
        ('"Ada" Quill,x', ["Ada Quill", "x"]),
    ],
)  # fmt: skip
def test_quotes_inside_of_cells(cells: str, read_as: list[str]) -> None:
    rows = rows_of(f'"Name","Note"\n{cells}\n"Ben","y"\n')
    assert rows == [(1, ["Name", "Note"]), (2, read_as), (3, ["Ben", "y"])]


@pytest.mark.parametrize(
    "note",
    [
        "Emergency contact:\nMother, 615-555-0188",
        "Call, please:\n(615) 555-0123\nafter five, at home",
        "Emergency:\nMother, 615-555-0188, evenings",
        "Mother, 615-555-0188, home\nFather, 615-555-0189, work",
        "615-555-0188\n615-555-0189",
        "Mother,615-555-0188",
    ],
)
def test_a_note_of_several_lines_is_a_cell(note: str) -> None:
    for text, row in (
        ("Name,Mobile,Notes\nAda,615-555-7211,{}\nBen,615-555-7212,ok\n", ["Ada", "615-555-7211", note]),
        ("Mobile,Notes\n615-555-7211,{}\n615-555-7212,ok\n", ["615-555-7211", note]),
        ("Name,Notes,Mobile\nAda,{},615-555-7211\nBen,,615-555-7212\n", ["Ada", note, "615-555-7211"]),
    ):  # fmt: skip
        assert rows_of(text.format(f'"{note}"'))[1] == (2, row)


@pytest.mark.parametrize(
    "text",
    [
        'Name,Phone\n"Marty,6155553338\nDoc,6155550123\n',
        'Name,Phone\nDoc "the,6155553339\n"Jen,6155553340\nAl,6155553341\n',
        # Closed by the next mark, below: people would be gone in a cell.
        'Name,Phone\n"Jen,6155553340\nAl,6155553341\n"Doc",6155553339\n',
        'Name,Phone,Note\n"Jen,6155553340,x\nAl 5",6155553341,y\nDoc,6155553342,z\n',
        'Name,Phone,Note\nJen,6155553340,"x\nAl,6155553341,y\n"Doc",6155553342,z\n',
        '"Name","Phone","Note"\n"Jen","6155553340","x\n"Al","6155553341","y"\n"Doc","6155553342","z"\n',
        'Name,Phone\n"' + "x" * 200_000 + '",1\n',
    ],
    ids=["to the end", "in a cell", "two columns", "inch", "last column", "all quoted", "long"],
)
def test_a_torn_file_is_refused(text: str) -> None:
    assert refusal(text) == TORN


def test_more_cells_than_any_list_has_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal("a," * 20_000) == TOO_MUCH
    monkeypatch.setattr(text_files, "FILE_MAX_CELLS", 5)
    assert refusal("First,Cell\nMarty,6155553338\nDoc,6155550123\n") == TOO_MUCH
    # Empty cells do not count, wherever they are.
    assert len(rows_of("First,Cell\nMarty,,,,6155553338,,,,\n")) == 2


NAMES_OF_PEOPLE = [
    "René", "Zoë", "Chloé", "Núria Peña", "Jürgen Müller", "Björn Åkesson", "Françoise", "O’Brien", "José",
    "Ángel Íñigo",     "ÉLODIE", "Øyvind Bø", "Özil", "PEÑA", "Anaïs", "João Conceição", "Núñez", "D’Angelo",
    "Weiß", "MÜLLER", "Iñaki",
]  # fmt: skip


@pytest.mark.parametrize("encoding", [WINDOWS, MAC])
@pytest.mark.parametrize("name", NAMES_OF_PEOPLE)
def test_one_name_is_enough_for_a_guess(name: str, encoding: str) -> None:
    decoded = decode(f"Name,Mobile\n{name} Quill,6155553338\n".encode(encoding))
    assert decoded.encoding == NAMES[encoding]
    assert name in decoded.text


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "ascii"]
)
def test_what_is_certain_has_no_name(encoding: str) -> None:
    text = "Name,Mobile\nNuria,6155553338\n".replace("u", "u" if encoding == "ascii" else "ú")
    assert decode(text.encode(encoding)) == (text, "", {})


@pytest.mark.parametrize("other", [WINDOWS, MAC])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines_in_another_encoding_are_read_one_by_one(other: str, mark: bytes) -> None:
    content = mark + "René\nZoë\n".encode() + "Chloé\nJürgen\n".encode(other)
    decoded = decode(content)
    assert decoded.text == "René\nZoë\nChloé\nJürgen\n"
    assert decoded.encoding == NAMES[MIXED + other]
    assert decoded.choices == NAMES
    assert decode(content, WINDOWS).text.startswith("RenÃ©")


def test_a_choice_that_is_not_offered_is_not_taken() -> None:
    assert decode("René\n".encode(WINDOWS), MIXED + MAC).encoding == NAMES[WINDOWS]
