"""How many people may be texted, kept once a day."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from contacts_ui.models import AnswersOfDay
from contacts_ui.services.review import answers
from tests.views.index_people import index_people

pytestmark = pytest.mark.django_db


def test_nothing_is_kept_before_everyone_was_read() -> None:
    answers.note_today()
    assert answers.counts_now() is None
    assert not AnswersOfDay.objects.exists()


def test_the_last_counts_of_each_day_stay() -> None:
    today = timezone.localdate()
    index_people(3)
    answers.note_today()
    index_people(7)
    answers.note_today()
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        answers.note_today()
    rows = answers.of_days(today, today + timedelta(days=2))
    assert [row.day for row in rows] == [today, today + timedelta(days=2)]
    row, counts = rows[0], answers.counts_now()
    assert counts
    assert sum(getattr(row, name) for name in counts if name) == counts[""]
