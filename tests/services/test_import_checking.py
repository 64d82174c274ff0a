"""What would happen to every line, and each problem at its cell; nothing happens to anybody."""

from datetime import UTC, datetime

import pytest

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexWalk, LedgerEntry
from contacts_ui.services import index
from contacts_ui.services.files import read
from contacts_ui.services.files.cells import MANGLED
from contacts_ui.services.files.columns import guess
from contacts_ui.services.imports.checking import ALREADY_STOPPED, check
from contacts_ui.services.imports.checks import Check, Choice, Fate
from contacts_ui.services.imports.values import NEEDS_EVIDENCE, STOPS
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY_NUMBER, MakeWish

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def checked(text: str, choice: Choice = Choice.CREATE) -> Check:
    table = read(text.encode())
    return check(table, guess(table), choice)


def one(heads: str, cells: str) -> tuple[dict[str, str], list[str]]:
    found = checked(f"Cell,{heads}\n6155550123,{cells}\n")
    return found.lines[0].values, [remark.sentence for remark in found.remarks]


def known(*numbers: str) -> None:
    index.learn(
        [
            Contact(contact_id=at, mobile_number=each, first_name="K")
            for at, each in enumerate(numbers, 1)
        ],
        NOW,
    )
    IndexWalk.objects.create(pk=1, next_at=NOW, finished_at=NOW)


def test_each_problem_stands_at_its_cell() -> None:
    found = checked(
        "First,Cell,Email,State,Birthday\n"
        "A,6155550123,no address,ZZ,31.12.2999\n"
        "B,1.61556E+10,b@example.com,TN,\n"
        "C,,,,\n"
        "D,12345,,,\n"
        "E,+442079460958,,,\n"
        "F,6155550199,,,,too much\n"
        "=1+1,6155553338,,,\n"
    )
    assert [line.fate for line in found.lines] == [Fate.INVALID] * 7
    places = [(remark.line, remark.column, remark.typed) for remark in found.remarks]
    assert places == [
        (2, "Email", "no address"), (2, "State", "ZZ"), (2, "Birthday", "31.12.2999"), (3, "Cell", "1.61556E+10"),
        (4, "Cell", ""), (5, "Cell", "12345"), (6, "Cell", "+442079460958"), (7, "", "too much"), (8, "First", "=1+1"),
    ]  # fmt: skip
    assert found.remarks[3].sentence == MANGLED
    assert (found.acts, found.problems) == (0, 9)


@pytest.mark.parametrize(
    ("heads", "cells", "field", "value"),
    [
        ("ST", "Tennessee", "state", "TN"),
        ("ZIP", "2116", "zip", "02116"),
        ("ZIP", "37201.0", "zip", "37201"),
        ("Birthday", "6/12/1968", "birthdate", "1968-06-12"),
        ("Language", "Spanish", "language", "es"),
        ("Time zone", "Central", "timezone", "America/Chicago"),
        (
            "Email",
            "<mailto:a@example.com>".replace("<mailto:", "mailto:").strip(">"),
            "email",
            "a@example.com",
        ),
        ("Name", '"McFly, Marty"', "last_name", "McFly"),
        ("Name", "Marty Seamus McFly", "first_name", "Marty Seamus"),
        ("Name", "Mr. Ludwig van Beethoven", "last_name", "van Beethoven"),
        ("Name", '"Martin Luther King, Jr."', "last_name", "King Jr."),
        ("Name", '"Martin Luther King, Jr."', "first_name", "Martin Luther"),
        ("Name", "Cher", "first_name", "Cher"),
        ("ZIP", "z:37201", "zip", "37201"),
        ("Custom field: Member No", "12", "custom_fields.member_no", "12"),
    ],
)
def test_values_are_read_as_people_write_them(
    heads: str, cells: str, field: str, value: str
) -> None:
    assert one(heads, cells)[0][field] == value


@pytest.mark.parametrize("word", ["subscribed", "Opted In", "TRUE", "yes"])
def test_nobody_is_subscribed_by_a_file(word: str) -> None:
    values, sentences = one("Status", word)
    assert values == {}
    assert sentences == [NEEDS_EVIDENCE]


@pytest.mark.parametrize(
    ("heads", "word"),
    [
        ("Status", "Unsubscribed"),
        ("Status", "STOP"),
        ("Opt-in status", "opted-out"),
        ("Do not text", "yes"),
        ("DNC", "1"),
        ("Unsubscribed at", "2026-02-28T10:00:00Z"),
        ("Opted out", "2/28/2026"),
    ],
)
def test_who_is_unsubscribed_in_the_file_is_stopped(heads: str, word: str) -> None:
    found = checked(f"Cell,{heads}\n6155550123,{word}\n")
    assert found.stops == 1
    assert [remark.sentence for remark in found.remarks] == [STOPS]


@pytest.mark.parametrize("word", ["no", "no stop on record", "not known", "false", ""])
def test_no_is_no_stop_and_no_consent(word: str) -> None:
    found = checked(f"Cell,Do not text\n6155550123,{word}\n")
    assert (found.stops, found.remarks) == (0, [])


def test_a_stop_counts_whatever_is_wrong_with_the_rest() -> None:
    found = checked("Cell,Email,Status\n6155550123,nonsense,unsubscribed\n")
    assert (found.lines[0].fate, found.stops, found.acts) == (Fate.STOP, 1, 1)


def test_a_number_that_is_there_twice_is_imported_once_with_the_stop_of_either() -> None:
    found = checked("Cell,First,Status\n6155550123,A,\n(615) 555-0123,B,stop\n")
    assert [line.fate for line in found.lines] == [Fate.CREATE, Fate.SAME]
    assert [line.stop for line in found.lines] == [True, False]
    assert found.lines[1].why == "The same number as row 2."


@pytest.mark.parametrize(
    ("choice", "fates"),
    [
        (Choice.CREATE, [Fate.SKIP, Fate.CREATE, Fate.STOP]),
        (Choice.UPDATE, [Fate.UPDATE, Fate.CREATE, Fate.UPDATE]),
        (Choice.ONLY_UPDATE, [Fate.UPDATE, Fate.SKIP, Fate.UPDATE]),
    ],
)
def test_who_is_there_already_is_treated_as_chosen(choice: Choice, fates: list[Fate]) -> None:
    known(MARTY_NUMBER, FREE_NUMBER)
    found = checked(
        f"Cell,First,Status\n{MARTY_NUMBER},A,\n{DOC_NUMBER},B,\n{FREE_NUMBER},C,unsubscribed\n",
        choice,
    )
    assert [line.fate for line in found.lines] == fates
    assert found.stops == 1


def test_who_is_stopped_here_is_said_to_stay_so(wish_for: MakeWish) -> None:
    wish_for()
    before = LedgerEntry.objects.count()
    found = checked(f"Cell,Status\n{MARTY_NUMBER},unsubscribed\n")
    assert (found.lines[0].fate, found.stops) == (Fate.CREATE, 0)
    assert ALREADY_STOPPED in [remark.sentence for remark in found.remarks]
    assert LedgerEntry.objects.count() == before


def test_the_last_name_first_where_the_person_says_so() -> None:
    table = read(b"Name,Cell\nMcFly Marty Seamus,6155550123\nvan Beethoven Ludwig,6155550124\n")
    found = check(table, ["last_first", "mobile_number"], Choice.CREATE)
    assert [line.values for line in found.lines] == [
        {"first_name": "Marty Seamus", "last_name": "McFly"},
        {"first_name": "Ludwig", "last_name": "van Beethoven"},
    ]


def test_a_day_that_a_spreadsheet_counts_is_not_guessed() -> None:
    assert "as a number" in one("Birthday", "25001")[1][0]
