"""How many people may be texted, and how that moved from day to day."""

from collections.abc import Mapping
from datetime import date

from django.utils import timezone

from contacts_ui.models import AnswersOfDay
from contacts_ui.services import index


def note_today() -> None:
    """Keep the counts as those of today; the last of a day stays. Without a complete index, keep none."""
    if not index.is_ready():
        return
    counts = index.answer_counts()
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    by_answer = {answer: counts.get(answer, 0) for answer in index.ANSWERS.values()}
    AnswersOfDay.objects.update_or_create(
        day=today, defaults={**by_answer, "counted_at": timezone.now()}
    )


def counts_now() -> Mapping[str, int] | None:
    """Return how many contacts have each answer, and all as ""; None while the index is not complete."""
    return index.answer_counts() if index.is_ready() else None


def of_days(first: date, last: date) -> list[AnswersOfDay]:
    """Return the counts of the days from `first` to `last` that were kept, the oldest first."""
    return list(AnswersOfDay.objects.filter(day__range=(first, last)).order_by("day"))
