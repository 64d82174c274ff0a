"""Every case: those that were handed over, and others of the same kinds."""

from typing import Final

from tests.files import by_hand, programs, second_look, seen, shapes
from tests.files.case import Case

CASES: Final[list[Case]] = [
    *seen.CASES,
    *programs.CASES,
    *by_hand.CASES,
    *shapes.CASES,
    *second_look.CASES,
]
