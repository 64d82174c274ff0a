"""What the pages of an import say, made from a check alone."""

import pytest

from contacts_ui.services.imports.checking import LEFT, Check, Checked, Fate, Remark, Weight
from contacts_ui.services.imports.questions import Mark, Question
from contacts_ui.views import import_words

STOP_OR_NOT = (("stop", "Stop texts"), ("no_stop", "Not a stop"))


def line(at: int, fate: Fate, *, stop: bool = False, marks: tuple[str, ...] = ()) -> Checked:
    found = [Mark("Do not text", "x", key) for key in marks]
    return Checked(at, "", fate=fate, stop=stop, marks=found)


def check(*fates: Fate, stops: int = 0) -> Check:
    lines = [line(at, fate, stop=at < stops) for at, fate in enumerate(fates)]
    return Check(lines, [])


@pytest.mark.parametrize(
    ("fates", "stops", "words"),
    [
        ([Fate.CREATE], 0, "Import 1 contact"),
        ([Fate.CREATE] * 1200, 1, "Import 1,200 contacts and stop 1 number"),
        ([Fate.STOP, Fate.STOP], 2, "Stop 2 numbers"),
        (
            [Fate.UPDATE, Fate.UPDATE, Fate.CREATE],
            2,
            "Import 3 contacts and stop 2 numbers",
        ),
        ([Fate.INVALID], 0, ""),
    ],
)
def test_the_button(fates: list[Fate], stops: int, words: str) -> None:
    assert import_words.button(check(*fates, stops=stops)) == words


def summed(found: Check, *, known: bool = True) -> dict[str, tuple[int, str]]:
    lines = import_words.summary(found, "create", known=known)
    return {line["label"]: (line["many"], line["note"]) for line in lines}


def test_every_row_is_in_one_line_of_the_summary() -> None:
    every = [*Fate, Fate.SAME, Fate.CREATE]
    found = check(*every, stops=1)
    found.lines[3].why = LEFT
    lines = summed(found)
    assert sum(many for many, _ in lines.values()) == len(every)
    assert lines["New contacts"] == (2, "Created as not subscribed. 1 of them with a stop.")
    assert lines["Left out"][1].startswith("2 with the number of an earlier row. 1 already in")


def test_the_summary_leaves_away_what_there_is_none_of() -> None:
    assert summed(check(Fate.CREATE)) == {"New contacts": (1, "Created as not subscribed.")}


def test_without_the_index_no_contact_is_promised_to_be_new() -> None:
    words = "Each number is looked up first. Existing contacts are left as they are."
    assert summed(check(Fate.CREATE), known=False) == {"Contacts": (1, words)}


def remark(at: int, sentence: str, weight: Weight = Weight.NOTICE) -> Remark:
    return Remark(at, "City", f"typed {at}", sentence, weight)


def test_remarks_are_grouped_and_the_heaviest_and_largest_come_first() -> None:
    remarks = [remark(at, f"Note {chr(65 + at)}.") for at in range(30)]
    remarks += [remark(at, "The same.") for at in range(30, 33)]
    remarks += [remark(40, "No number.", Weight.KEPT_OUT), remark(50, "No stop.", Weight.LOST_STOP)]
    found = import_words.sections(Check([], remarks))
    assert [section.title for section in found] == [
        "1 stop cannot be recorded",
        "1 row cannot be imported",
        "33 notes",
    ]
    notes = found[-1]
    assert (notes.groups[0].sentence, notes.groups[0].rows) == ("The same.", "3 rows: 30, 31, 32")
    assert (len(notes.groups), notes.more) == (20, 11)


def test_one_sentence_about_several_columns_is_one_remark() -> None:
    remarks = [Remark(at, f"Phone {at}", "x", "Not a number.", Weight.NOTICE) for at in range(13)]
    (group,) = import_words.sections(Check([], remarks))[0].groups
    assert (group.many, len(group.columns)) == (13, 13)


def test_sentences_that_differ_only_in_what_was_typed_are_one_remark() -> None:
    remarks = [
        remark(2, "“bad 1” is not an email address, as in 12@example.com."),
        remark(3, "“worse” is not an email address, as in 12@example.com."),
        remark(4, "“subscribed” needs evidence."),
        remark(5, "“subscribed” needs evidence."),
        remark(8, "The zip 2116 is read as 02116: spreadsheets."),
        remark(9, "The zip 2116-1234 is read as 02116-1234: spreadsheets."),
        remark(6, "The same number as row 2."),
        remark(7, "The same number as row 1,310."),
    ]
    (section,) = import_words.sections(Check([], remarks))
    assert [group.sentence for group in section.groups] == [
        "“…” is not an email address, as in 12@example.com.",
        "“subscribed” needs evidence.",
        "The zip … is read as …: spreadsheets.",
        "The same number as row ….",
    ]


def test_rows_in_doubt_are_counted_once_each() -> None:
    """Row 3 has two values in doubt; row 4 one that shares its answer; row 5 one that was answered."""
    lines = [
        line(3, Fate.CREATE, marks=("value:2:a", "value:5:b")),
        line(4, Fate.CREATE, marks=("value:2:many",)),
        line(5, Fate.CREATE, marks=("value:2:old",)),
    ]
    questions = [
        Question("value:2:a", "?", STOP_OR_NOT),
        Question("value:5:b", "?", STOP_OR_NOT),
        Question("value:2:rest", "?", STOP_OR_NOT),
        Question("value:2:old", "?", STOP_OR_NOT, "stop"),
    ]
    found = Check(lines, [], questions)
    rows = import_words.rows_in_doubt(found)
    assert dict(rows) == {
        "value:2:a": [3],
        "value:5:b": [3],
        "value:2:rest": [4],
        "value:2:old": [5],
    }
    assert import_words.not_understood(found, rows) == 2
