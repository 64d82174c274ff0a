"""What must be decided about a file: its order, and one answer for many values."""

import pytest

from contacts_ui.forms.importing import AnswersForm, ColumnsForm, in_rows
from contacts_ui.services.imports.questions import Question

STOP_OR_NOT = (("stop", "Stop texts"), ("no_stop", "Not a stop"))


def question(key: str, answer: str = "", rows: int = 1) -> Question:
    return Question(key, f"What is {key}?", STOP_OR_NOT, answer, rows)


QUESTIONS = [
    question("column:5"),
    question("value:2:a"),
    question("value:3:a"),
    question("value:2:b"),
    question("value:2:rest", rows=7),
    question("value:2:old", "no_stop"),
    question("hidden", "stop"),
]


def names(fields: list) -> list[str]:  # type: ignore[type-arg]
    return [field.name for field in fields]


def test_the_values_of_a_column_stand_together_below_their_shared_answer() -> None:
    form = AnswersForm(questions=QUESTIONS, headings=["Name", "Cell", "Do not text", "Status"])
    assert names(form.open) == [
        *["column:5", "all:value:2", "value:2:a", "value:2:b", "value:2:rest", "value:3:a"],
    ]
    assert names(form.answered) == ["value:2:old", "hidden"]
    assert form["all:value:2"].label == "One answer for all 3 in “Do not text”"


@pytest.mark.parametrize(
    ("data", "answers"),
    [
        ({}, {}),
        ({"value:3:a": "stop"}, {"value:3:a": "stop"}),
        (
            {"all:value:2": "stop"},
            {"value:2:a": "stop", "value:2:b": "stop", "value:2:rest": "stop"},
        ),
        (
            {"all:value:2": "stop", "value:2:b": "no_stop"},
            {"value:2:a": "stop", "value:2:b": "no_stop", "value:2:rest": "stop"},
        ),
        ({"value:2:old": "stop"}, {"value:2:old": "stop"}),
        ({"value:9:x": "stop"}, {}),
    ],
    ids=["none", "one", "all of a column", "all but one", "changed", "not asked"],
)
def test_answers(data: dict[str, str], answers: dict[str, str]) -> None:
    form = AnswersForm(data, questions=QUESTIONS)
    assert form.is_valid()
    assert form.answers() == answers


def test_words_beside_numbers_share_an_answer_too() -> None:
    questions = [question("value:number:a"), question("value:number:b")]
    form = AnswersForm(questions=questions, headings=["Cell"])
    assert form["all:value:number"].label == "One answer for all 2 of these"


def test_an_answer_that_was_not_offered_is_none() -> None:
    assert not AnswersForm({"hidden": "perhaps"}, questions=QUESTIONS).is_valid()


@pytest.mark.parametrize(
    ("many", "lines", "words"),
    [
        (1, [7], "row 7"),
        (1, [], "1 row"),
        (3, [2, 7, 8], "3 rows: 2, 7, 8"),
        (1200, range(2, 1202), "1,200 rows: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, and more"),
        (2, [], "2 rows"),
    ],
)
def test_in_rows(many: int, lines: list[int], words: str) -> None:
    assert in_rows(many, lines) == words


def test_numbers_and_opt_outs_may_be_chosen_for_several_columns_and_names_once() -> None:
    def errors(*targets: str) -> list[str]:
        data = {f"column_{at}": target for at, target in enumerate(targets)}
        headings, nothing = ["A"] * len(targets), [[""]] * len(targets)
        form = ColumnsForm(
            {**data, "choice": "create"},
            headings=headings,
            samples=nothing,
            mapping=targets,
            choice="create",
        )
        form.is_valid()
        return [error for each in form.errors.values() for error in each]

    assert errors(*["mobile_number"] * 2, *["do_not_text"] * 2, *["opt_in_status"] * 2) == []
    assert errors("mobile_number", "email", "email") == ["Another column is already “Email”."]
    assert errors("email") == ["Choose the column with the mobile number."]
