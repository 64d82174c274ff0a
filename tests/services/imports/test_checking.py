"""What would happen to every line, and each problem at its cell; nothing happens to anybody."""

from datetime import UTC, datetime

import pytest

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexSync, LedgerEntry
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log, index
from contacts_ui.services.consent import record
from contacts_ui.services.consent.rules import exactly
from contacts_ui.services.files import read
from contacts_ui.services.files.columns import DO_NOT_TEXT, NUMBER, guess
from contacts_ui.services.files.table import Table
from contacts_ui.services.imports.checking import (
    ALREADY_STOPPED,
    HIDDEN,
    LOST_STOP,
    NEEDS_EVIDENCE,
    NO_NUMBER,
    OUTDATED,
    SAME,
    STOPS,
    Check,
    Choice,
    Fate,
    Weight,
    check,
)
from contacts_ui.services.imports.questions import VALUES_ASKED_MAX
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY_NUMBER, SetDesiredState

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def checked(
    text: str, choice: Choice = Choice.CREATE, answers: dict[str, str] | None = None
) -> Check:
    table = read(text.encode())
    return check(table, guess(table), choice, answers)


def answered(text: str, answer: str) -> Check:
    """With the same answer to every open question."""
    open_ = checked(text).open
    assert open_
    return checked(text, answers={question.key: answer for question in open_})


def one(heads: str, cells: str) -> tuple[dict[str, str], list[str]]:
    found = checked(f"Cell,{heads}\n6155550123,{cells}\n")
    return found.lines[0].values, [remark.sentence for remark in found.remarks]


def known(*numbers: str) -> None:
    index.store(
        [
            Contact(contact_id=at, mobile_number=each, first_name="K")
            for at, each in enumerate(numbers, 1)
        ],
        NOW,
    )
    IndexSync.objects.create(pk=1, next_at=NOW, finished_at=NOW)


def test_only_the_number_keeps_a_row_out_and_each_remark_stands_at_its_cell() -> None:
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
    fates = [line.fate for line in found.lines]
    assert fates == [Fate.CREATE, *[Fate.INVALID] * 4, Fate.CREATE, Fate.CREATE]
    places = [(remark.weight, remark.line, remark.column, remark.typed) for remark in found.remarks]
    out, empty = Weight.KEPT_OUT, Weight.LEFT_EMPTY
    assert places == [
        (out, 3, "Cell", "1.61556E+10"), (out, 4, "Cell", ""), (out, 5, "Cell", "12345"),
        (out, 6, "Cell", "+442079460958"),
        (empty, 2, "Email", "no address"), (empty, 2, "State", "ZZ"), (empty, 2, "Birthday", "31.12.2999"),
        (empty, 7, "", "too much"), (empty, 8, "First", "=1+1"),
    ]  # fmt: skip
    assert [line.values for line in found.lines[::5]] == [{"first_name": "A"}, {}]
    assert (found.acts, found.weights[out], found.weights[empty]) == (3, 4, 5)


@pytest.mark.parametrize(
    ("heads", "cells", "field", "value"),
    [
        ("ZIP", "2116", "zip", "02116"),
        ("Birthday", "6/12/1968", "birthdate", "1968-06-12"),
        ("Time zone", "Central", "timezone", "America/Chicago"),
        ("Name", '"McFly, Marty"', "last_name", "McFly"),
        ("Name", '"Martin Luther King, Jr."', "last_name", "King Jr."),
        ("Custom field: Member No", "12", "custom_fields.member_no", "12"),
    ],
)
def test_values_are_read_as_people_write_them(
    heads: str, cells: str, field: str, value: str
) -> None:
    assert one(heads, cells)[0][field] == value


@pytest.mark.parametrize("word", ["subscribed", "Opted In", "TRUE", "yes"])
def test_no_one_is_subscribed_by_a_file(word: str) -> None:
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
    assert (found.lines[0].fate, found.stops, found.acts) == (Fate.CREATE, 1, 1)


def test_what_is_not_understood_is_asked_once_for_each_different_value() -> None:
    text = (
        "Cell,Do not text\n6155550123,Maybe\n6155550124, MAYBE \n6155550125,later\n6155550126,no\n"
    )
    found = checked(text)
    assert [(question.rows, question.is_open) for question in found.open] == [(2, True), (1, True)]
    assert found.open[0].sentence == "What does “Maybe” in “Do not text” mean?"
    assert (sum(each.rows for each in found.open), found.stops) == (3, 0)
    assert answered(text, "stop").stops == 3
    after = answered(text, "no_stop")
    assert (after.stops, after.open) == (0, [])


def test_an_answer_that_is_none_leaves_the_question_open() -> None:
    text = "Cell,Do not text\n6155550123,Maybe\n"
    assert len(answered(text, "whatever").open) == 1


def test_many_different_values_share_one_answer_at_last() -> None:
    rows = "".join(
        f"615555{at:04},maybe {at}x\n" for at in range(1000, 1000 + VALUES_ASKED_MAX + 5)
    )
    text = f"Cell,Do not text\n{rows}"
    questions = checked(text).open
    assert len(questions) == VALUES_ASKED_MAX + 1
    assert questions[-1].sentence.startswith("What do 5 other values in “Do not text” mean?")
    assert answered(text, "stop").stops == VALUES_ASKED_MAX + 5


def test_the_rest_of_two_number_columns_is_one_question() -> None:
    words = [f"text {one}{two}?" for one in "abcdefghij" for two in "klmnopqrst"]
    rows = "".join(
        f"615555{1000 + at} {word},\n,615556{1000 + at} {word} now\n"
        for at, word in enumerate(words)
    )
    keys = [question.key for question in checked(f"Mobile,Cell\n{rows}").questions]
    assert len(keys) == len(set(keys)) == VALUES_ASKED_MAX + 1


def test_do_not_call_alone_is_one_question_for_the_column() -> None:
    text = "Cell,Do Not Call,SMS Opt Out\n6155550123,1,1\n6155550124,yes,0\n6155550125,x,0\n6155550126,0,0\n"
    found = checked(text)
    assert [(question.sentence, question.rows) for question in found.open] == [
        ("“Do Not Call” is set. Does it cover texts?", 2)
    ]
    assert (found.stops, answered(text, "stop").stops, answered(text, "no_stop").stops) == (1, 3, 1)


def test_any_of_several_columns_stops() -> None:
    found = checked(
        "Cell,Do not text,SMS Opt Out\n6155550123,yes,no\n6155550124,no,1\n6155550125,no,no\n"
    )
    assert [line.stop for line in found.lines] == [True, True, False]


def test_words_about_texts_beside_a_number_are_never_set_aside() -> None:
    found = checked(
        "Name,Cell\nA,615-555-0123 STOP\nB,615-555-0124 (text ok?)\nC,615-555-0125 (Work)\n"
    )
    assert [line.stop for line in found.lines] == [True, False, False]
    assert [question.rows for question in found.open] == [1]
    assert {line.fate for line in found.lines} == {Fate.CREATE}


def test_a_left_out_column_that_looks_like_opt_outs_is_asked_about_first() -> None:
    table = read(b"Cell,Remark,Do not text\n6155550123,unsubscribed,maybe\n6155550124,friend,\n")
    mapping = [NUMBER, "", DO_NOT_TEXT]
    found = check(table, mapping, Choice.CREATE)
    assert found.open[0].sentence == (
        "The column “Remark” is left out, and looks like opt-outs: “unsubscribed”, “friend”."
    )
    after = check(table, mapping, Choice.CREATE, {found.open[0].key: "read"})
    assert after.stops == 1
    assert "“friend” in “Remark”" in after.open[1].sentence
    left = check(table, mapping, Choice.CREATE, {found.open[0].key: "leave"})
    assert (left.stops, len(left.open)) == (0, 1)


def test_hidden_rows_are_a_choice() -> None:
    lines = [(2, ["6155550123", "yes"]), (3, ["6155550124", "yes"]), (4, ["12", ""])]
    table = Table(["Cell", "Do not text"], lines, [], hidden_rows=[3, 4])
    mapping = [NUMBER, DO_NOT_TEXT]
    found = check(table, mapping, Choice.CREATE)
    assert found.open[0].sentence == "2 rows are hidden in the spreadsheet, by a filter or by hand."
    left = check(table, mapping, Choice.CREATE, {"hidden": "leave"})
    assert [line.fate for line in left.lines] == [Fate.CREATE, Fate.LEFT_OUT, Fate.LEFT_OUT]
    assert (left.stops, left.lines[1].why, left.open) == (1, HIDDEN, [])
    assert [remark.line for remark in left.remarks] == [2]
    kept = check(table, mapping, Choice.CREATE, {"hidden": "read"})
    assert (kept.stops, kept.open) == (2, [])


def birthdays(*days: str) -> str:
    rows = "".join(f"61555501{at:02},{day}\n" for at, day in enumerate(days))
    return f"Cell,Birthday\n{rows}"


def test_one_day_decides_the_order_for_the_whole_column() -> None:
    found = checked(birthdays("25/12/1990", "03/08/1985"))
    assert found.lines[1].values == {"birthdate": "1985-08-03"}
    assert found.questions == []


def test_without_any_proof_the_month_is_first_and_can_be_changed() -> None:
    text = birthdays("03/08/1985")
    found = checked(text)
    assert found.lines[0].values == {"birthdate": "1985-03-08"}
    assert [question.is_open for question in found.questions] == [False]
    other = checked(text, answers={found.questions[0].key: "day_first"})
    assert other.lines[0].values == {"birthdate": "1985-08-03"}


def test_a_column_that_says_both_is_asked_about() -> None:
    found = checked(birthdays("25/12/1990", "12/25/1990", "03/08/1985"))
    assert [question.rows for question in found.open] == [1]


def test_a_stop_has_the_time_of_the_file_or_none() -> None:
    found = checked(
        "Cell,SMS opted out at\n6155550123,2024-02-03T11:12:13Z\n6155550124,yes\n6155550123,2024-03-03T11:12:13Z\n"
    )
    one, two, same = found.lines
    assert (one.stop, two.stop, same.fate) == (True, True, Fate.SAME)
    assert one.said.latest.date().isoformat() == "2024-03-03"
    assert two.said is None


def test_a_stop_that_newer_consent_answers_is_said_to_change_nothing() -> None:
    entry = audit_log.record(action=Action.LIFT_APPROVED, staff=None, number=MARTY_NUMBER)
    record.add(entry, kind=StatementKind.CONSENT, source=Source.PERSON, said=exactly(NOW))
    found = checked(f"Cell,SMS opted out at\n{MARTY_NUMBER},2019-02-03\n")
    assert OUTDATED in [remark.sentence for remark in found.remarks]
    assert STOPS not in [remark.sentence for remark in found.remarks]


def test_a_stop_without_a_number_is_said_to_be_lost() -> None:
    found = checked("Cell,Do not text\n,yes\n615-555-012,no\n")
    assert (found.remarks[0].weight, found.remarks[0].sentence) == (
        Weight.LOST_STOP,
        f"{LOST_STOP} {NO_NUMBER}",
    )
    assert STOPS not in [remark.sentence for remark in found.remarks]
    assert (found.stops, [line.fate for line in found.lines]) == (0, [Fate.INVALID] * 2)


def test_of_a_row_with_a_cell_too_many_only_the_number_and_the_stop_are_taken() -> None:
    found = checked(
        "Cell,Do not text,City\n6155550123,yes,Reno,NV\n6155550124,no,Reno\n6155550125,no,Reno\n"
    )
    assert (found.lines[0].values, found.stops) == ({}, 1)


def test_placeholders_are_empty_cells() -> None:
    values, sentences = one("First,Last,Email", "N/A,-,NULL")
    assert (values, sentences) == ({}, [])


def test_who_is_in_slicktext_with_all_of_this_is_left_alone() -> None:
    known(MARTY_NUMBER)
    found = checked(f"Cell,First\n{MARTY_NUMBER},K\n", Choice.UPDATE)
    assert (found.lines[0].fate, found.lines[0].why) == (Fate.SKIP, SAME)


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


def test_who_is_stopped_here_is_said_to_stay_so(set_desired_state: SetDesiredState) -> None:
    set_desired_state()
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


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "Name,Mobile,Home Phone\nAda,6155550123,615-555-0124 do not text\n",
            "615-555-0124 do not text",
        ),
        ("Name,Phone,Other Phone\nAda,6155550123,615-555-0124 STOP\n", "615-555-0124 STOP"),
        (
            f"Phone,Street,SMS Opt Out\n6155550123,12 Main, ,yes\n{'6155550124,13 Main,no' + chr(10)}"
            + "6155550125,14 Main,no\n",
            "What does “yes” in “Column D” mean?",
        ),
        (
            "SMS Suppression List\n\nPhone,Added\n6155550123,3/1/2024\n",
            "“SMS Suppression List” lists stops",
        ),
        (
            "Unsubscribes\n615-555-0123\n",
            "“Unsubscribes” lists stops. Is every number in it a stop?",
        ),
    ],
    ids=["beside another number", "in a left-out number", "behind the row", "title", "heading"],
)
def test_a_stop_beside_the_number_that_is_taken_is_asked_about(text: str, named: str) -> None:
    found = checked(text)
    assert [named in question.sentence for question in found.open] == [True]
    assert not found.stops
    # "Read its stops" leaves what the column says.
    answers = {question.key: question.choices[0][0] for question in found.open}
    assert checked(text, answers=answers).stops == 1


def test_a_file_that_is_named_for_stops_is_asked_about() -> None:
    table = read(b"Name,Phone\nAda,6155550123\nBen,6155550124\n")
    found = check(table, guess(table), Choice.CREATE, file_name="sms_opt_outs.csv")
    (question,) = found.open
    assert (question.rows, "sms_opt_outs.csv" in question.sentence) == (2, True)
    answers = {question.key: "stop"}
    assert check(table, guess(table), Choice.CREATE, answers, "sms_opt_outs.csv").stops == 2
    table = read(b"Phone,SMS Opt Out\n6155550123,yes\n6155550124,no\n")
    found = check(table, guess(table), Choice.CREATE, file_name="sms_opt_outs.csv")
    assert (found.stops, found.open) == (1, []), "each row says it for itself"
