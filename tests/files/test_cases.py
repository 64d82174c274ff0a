"""Each file ends as it must: all of them checked, and some run to the end and compared with both vendors."""

# ruff: noqa: E501 - a table is read by its rows

from dataclasses import replace

import pytest
from django.test import Client

from contacts_ui.services.imports.questions import NO_STOP, STOP
from tests.files.case import Case
from tests.files.cases import CASES
from tests.files.running import checked, run, wrong
from tests.people import Vendors

# One of each kind; `bin/measure_files.py` runs all of them.
TO_THE_END = (
    "salesforce report", "no stop without its number", "filtered", "klaviyo", "outlook zero dates", "letters", "words in the number cell",
    "columns that contradict", "placeholders overwrite no one", "only those who are there", "no number, and a stop", "our own export",
    "rows hidden by a filter",
)  # fmt: skip
ANSWERS = pytest.mark.parametrize("answer", [STOP, NO_STOP])


@pytest.mark.django_db
@ANSWERS
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_check_says_what_the_file_must_end_as(case: Case, answer: str) -> None:
    # What is there already and stays is known to the vendor alone.
    predicted = case if case.choice == "create" else replace(case, people={})
    assert wrong(predicted, checked(case, answer), answer) == []


@pytest.mark.django_db(transaction=True)
@ANSWERS
@pytest.mark.parametrize("case", [case for case in CASES if case.name in TO_THE_END], ids=str)
def test_both_vendors_hold_what_the_file_says(
    case: Case, answer: str, max_: Client, vendors: Vendors
) -> None:
    assert wrong(case, run(case, max_, vendors, answer), answer) == []


def test_each_case_that_is_run_to_the_end_is_there() -> None:
    assert {case.name for case in CASES} >= set(TO_THE_END)
