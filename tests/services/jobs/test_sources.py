"""Where the rows of a job come from: any spelling, any column, and what spreadsheets do to numbers."""

import pytest
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.phone import MANGLED, NOT_A_NUMBER, SEVERAL
from contacts_ui.services import index
from contacts_ui.services.contacts import last_known
from contacts_ui.services.files import FILE_MAX_BYTES, Unreadable
from contacts_ui.services.index import IndexQuery
from contacts_ui.services.jobs import sources
from contacts_ui.services.jobs.sources import Candidate, CannotCreate
from tests.files.builders import xlsx_of
from tests.jobs import fill_index
from tests.people import MARTY, MARTY_NUMBER
from tests.services.files.building import workbook

OTHER = "+16155550123"
MARTIN = Contact(contact_id=MARTY, first_name="Marty", mobile_number=MARTY_NUMBER, city="Austin")


def in_file(content: bytes) -> list[Candidate]:
    return list(sources.from_file("people.csv", content).candidates)


def numbers(candidates: object) -> list[str]:
    return [each.number or each.problem for each in candidates]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        *["6155553338\n(615) 555-0123", "615-555-3338, 615.555.0123"],
        *["+1 615 555 3338;1 (615) 555-0123", "Marty McFly\t(615) 555-3338\nDoc\t6155550123\n\n"],
        *['"6155553338"\n\'6155550123', '="6155553338"\n6155550123.0'],
        *["7778, Marty, 6155553338\n7779, Doc, 6155550123", "1. 615-555-3338\n2. 615-555-0123"],
        "99) Marty 615-555-3338\n100) 615. 555. 0123",
        "3/4/2024, 615-555-3338, Nashville, 37201-1234; 615-555-0123",
    ],
)
def test_a_pasted_list_in_any_spelling(text: str) -> None:
    assert numbers(sources.from_text(text)) == [MARTY_NUMBER, OTHER]


@pytest.mark.parametrize(
    "line",
    ["615-555-3338 STOP", "(615) 555-3338,,5", "615,555,3338", "6,155,553,338", "Marty, cell: 615-555-3338 x5"],
)  # fmt: skip
def test_a_line_of_a_pasted_list_is_read_as_a_cell_of_an_import(line: str) -> None:
    assert numbers(sources.from_text(line)) == [MARTY_NUMBER]


@pytest.mark.parametrize("typo", ["615-555-012", "555-0123", "61555501234", "615-555-O123 "])
def test_a_typo_beside_a_number_of_the_same_line_is_named(typo: str) -> None:
    assert numbers(sources.from_text(f"Marty, 615-555-3338, {typo}")) == [
        MARTY_NUMBER,
        NOT_A_NUMBER,
    ]


def test_letters_in_a_pasted_list_are_no_digits() -> None:
    found = list(sources.from_text("867-5309 fax\n555-0123 Mom"))
    assert [each.problem for each in found] == [NOT_A_NUMBER] * 2


def test_each_row_of_a_file_has_its_own_mobile_number() -> None:
    found = in_file(
        b"Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value\n"
        b"Work,6155550001,Mobile,6155553338\nMobile,6155550123,Work,6155550002\n"
    )
    assert numbers(found) == [MARTY_NUMBER, OTHER]


def test_rows_that_a_filter_hides_are_said_and_can_be_left_out() -> None:
    content = xlsx_of(["Mobile"], ["6155553338"], ["6155550123"], hidden=[3])
    source = sources.from_file("people.xlsx", content)
    assert numbers(source.candidates) == [MARTY_NUMBER, OTHER]
    assert "1 row is hidden in the spreadsheet" in " ".join(source.notes)
    left = sources.from_file("people.xlsx", content, leave_hidden=True)
    assert numbers(left.candidates) == [MARTY_NUMBER]
    assert "left out, as you chose" in " ".join(left.notes)


def test_hidden_rows_can_be_left_out_of_lifts_too() -> None:
    said = ["Ann", "phone", "2026-01-01 10:00", "They said yes"]
    rows = (["Number", "Who", "How", "When", "Words"], [MARTY_NUMBER, *said], [OTHER, *said])
    content = xlsx_of(*rows, hidden=[3])
    source = sources.lifts_from_file("lifts.xlsx", content, leave_hidden=True)
    assert numbers(source.candidates) == [MARTY_NUMBER]


def test_no_lift_is_asked_for_where_a_stop_stands_beside_the_number() -> None:
    content = (
        b"Number,Who,How,When,Words\n615-555-3338 STOP,Ann,phone,2026-01-01 10:00,They said yes\n"
    )
    (found,) = sources.lifts_from_file("lifts.csv", content).candidates
    assert "“STOP” is written next to this number" in found.problem


def test_what_is_no_number_is_said_line_by_line() -> None:
    found = list(sources.from_text("call me\n1.61556E+10\n1,61556E+10\n555-3338"))
    assert [each.typed for each in found] == ["call me", "1.61556E+10", "1,61556E+10", "555-3338"]
    problems = [each.problem for each in found]
    assert problems[0] == problems[3] == NOT_A_NUMBER
    assert problems[1] == MANGLED


@pytest.mark.parametrize(
    "content",
    [
        b"6155553338\n6155550123\n",
        b"name,phone\nMarty,(615) 555-3338\nDoc,615.555.0123\n",
        "\ufeffname;mobile\r\nMárty;6155553338\r\nDoc;6155550123\r\n".encode(),
        "name;mobile\r\nM\u00e1rty;6155553338\r\nDoc;6155550123\r\n".encode("cp1252"),
        "name\tmobile\nMarty\t6155553338\nDoc\t6155550123\n".encode("utf-16"),
        b'"McFly, Marty","+1 (615) 555-3338"\n"Brown, ""Doc""","615 555 0123"\n',
        b'sep=;\nname;number\n"two\nlines";6155553338\nDoc;"=""6155550123"""\n',
        b"id,zip,cell phone\n7778,95420,6155553338.0\n7779,95420,6155550123\n",
        b"phone\r6155553338\r6155550123\r",
    ],
)
def test_a_file_with_the_numbers_in_any_column(content: bytes) -> None:
    assert numbers(in_file(content)) == [MARTY_NUMBER, OTHER]


def test_a_workbook_is_read_as_an_import_reads_it() -> None:
    rows = (("Name", "Cell #"), ("Marty", 16155553338), ("Doc", "=1+1"), ("Jen", None))
    source = sources.from_file("people.xlsx", workbook(*rows, Others=[("x",)]))
    found = list(source.candidates)
    assert [each.line for each in found] == [2, 3, 4]
    assert found[0].number == MARTY_NUMBER
    assert "formula" in found[1].problem
    assert found[2].problem == sources.EMPTY
    assert source.words == "The file people.xlsx"
    assert source.notes == (
        "Only the sheet “Sheet” is read. There are others: “Others”.",
        "Numbers are read from the column “Cell #”.",
    )


def test_a_file_of_nothing_but_numbers_is_a_list_of_all_of_them() -> None:
    assert numbers(in_file(b"6155553338,6155550123\n6155550124\n")) == [
        MARTY_NUMBER,
        OTHER,
        "+16155550124",
    ]


@pytest.mark.parametrize(
    "cell", ["615-555-3338 / 615-555-0123", "6155553338 6155550123", "6155553338 ::: 6155550123"]
)
def test_two_numbers_in_one_cell_are_none_that_is_guessed(cell: str) -> None:
    assert numbers(in_file(f"Name,Cell\nMarty,{cell}\nDoc,6155550123\n".encode())) == [
        SEVERAL,
        OTHER,
    ]
    assert numbers(sources.from_text(cell)) == [SEVERAL]


def test_of_two_columns_with_numbers_the_heading_decides() -> None:
    content = b"fax,mobile\n6155550199,6155553338\n6155550198,6155550123\n"
    assert numbers(in_file(content)) == [MARTY_NUMBER, OTHER]


def test_mangled_and_missing_numbers_keep_their_line() -> None:
    content = b"name,phone\nMarty,1.61556E+10\nDoc,\nJen,6155553338\n"
    assert numbers(in_file(content)) == [MANGLED, sources.EMPTY, MARTY_NUMBER]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "This file is empty"),
        (b"\n\n", "This file is empty"),
        (b"name,city\nMarty,Austin\n", "No column"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\xd0\xcf\x11\xe0rest", "workbook"),
        (bytes(range(256)) * 20, "not a table of text"),
        (b"x" * (FILE_MAX_BYTES + 1), "larger than 10 MB"),
        (b'a,"' + b"x" * 200_000, "cannot be read as a table"),
        (b"6155553338," * 1000, "more than 300 columns"),
        (b"cell\n" + b"6155553338\n" * 50_001, "The limit is 50,000"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(content: bytes, words: str) -> None:
    with pytest.raises((CannotCreate, Unreadable)) as refusal:
        in_file(content)
    assert words in refusal.value.sentence


def test_a_pasted_list_that_is_too_long_is_refused_at_once() -> None:
    with pytest.raises(CannotCreate, match="50,000 lines are too many"):
        next(sources.from_text("6155553338\n" * 50_001))
    assert len(list(sources.from_text("6155553338\n\n" * 50_000))) == 50_000


@pytest.mark.django_db
def test_ticked_rows_are_who_we_know() -> None:
    fill_index(MARTIN)
    last_known.keep_contact(Contact(contact_id=5, mobile_number=OTHER), timezone.now())
    last_known.keep_contact(Contact(contact_id=6, mobile_number="bad"), timezone.now())
    found = list(sources.from_ids([MARTY, 5, MARTY, 6, 123456]))
    assert numbers(found) == [MARTY_NUMBER, OTHER, sources.UNREADABLE_NUMBER, sources.WHO_IS_IT]
    assert found[0].contact.first_name == "Marty"


@pytest.mark.django_db
def test_all_that_match_a_view() -> None:
    fill_index(MARTIN, Contact(contact_id=5, mobile_number=OTHER, city="Waco"))
    question = IndexQuery(filters={"city": "Waco"}, limit=1)
    assert numbers(sources.from_view(question)) == [OTHER]
    assert numbers(sources.from_view(IndexQuery(limit=1))) == [OTHER, MARTY_NUMBER]


@pytest.mark.django_db
def test_the_index_is_asked_by_id() -> None:
    index.store([MARTIN], timezone.now())
    assert index.by_ids([MARTY, 1]).keys() == {MARTY}
