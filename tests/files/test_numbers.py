"""Each way in reads the same spellings, keeps words about texts in view, and makes no number of anything else."""

from typing import Any

import pytest

from tests.files.numbers import WAYS, judge


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_spelling_is_read_alike(way: Any) -> None:
    judged = judge(way)
    assert (judged.missed, judged.silent, judged.invented) == ([], [], [])
