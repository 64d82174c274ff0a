"""The managers' overview: opt-outs over time, how soon they were completed, and how many people may be texted.

The database groups by boundaries that are computed here: so a day is a day in the dashboard's time zone, also where
clocks change, and neither database has to know about time zones.
"""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from django.db.models import Case, Count, F, IntegerField, Max, QuerySet, Value, When

from contacts_ui.models import AnswersOfDay, OptOut
from contacts_ui.models.opt_out import OPEN, OptOutState
from contacts_ui.services.review import answers
from contacts_ui.services.review.opt_outs import start_of

# More bars cannot be read.
BARS_MAX: Final = 62
# Steps of waiting: the most seconds of each, and its label.
STEPS: Final = (
    (10.0, "Within 10 seconds"),
    (60.0, "Within a minute"),
    (3600.0, "Within an hour"),
    (86400.0, "Within a day"),
)
STEP_LABELS: Final = (
    *(label for _, label in STEPS),
    "Later, and in time",
    "After ten business days",
)


@dataclass(frozen=True)
class Bucket:
    """Days from `first` to `last`, both included, and the opt-outs that people asked for on them."""

    first: date
    last: date
    asked: int = 0
    open: int = 0
    lifted: int = 0
    # The last counts of the answers that were kept on these days.
    answers: AnswersOfDay | None = None


@dataclass(frozen=True)
class Step:
    """How many opt-outs were completed within one step of waiting."""

    label: str
    number: int


@dataclass(frozen=True)
class Overview:
    """What a manager sees first. Seconds run from asking to the last vendor's confirmation; None if there is none."""

    buckets: Sequence[Bucket]
    steps: Sequence[Step]
    asked: int
    completed: int
    lifted: int
    median_seconds: float | None
    worst_seconds: float | None


def overview(*, first: date, last: date) -> Overview:
    """Return what people asked for from `first` to `last`, both included, as days in the active time zone.

    Repairs, imports, and moves are no requests.
    """
    starts = _starts(first, last)
    moments = tuple(start_of(day) for day in starts)
    states: dict[int, Counter[str]] = defaultdict(Counter)
    steps, slowest = Counter[int](), None
    # A copy, since the query is kept.
    for bucket, step, state, number, worst in _grouped(moments).all():
        states[bucket][state] += number
        if step is not None:
            steps[step] += number
            slowest = max(worst, slowest or 0.0)
    buckets, completed, median = _buckets(starts, states), steps.total(), None
    if completed:
        rows = _rows(moments[0], moments[-1]).filter(seconds_to_complete__isnull=False)
        times = rows.order_by("seconds_to_complete").values_list("seconds_to_complete", flat=True)
        middle = times[(completed - 1) // 2 : completed // 2 + 1]
        median = statistics.median(seconds or 0.0 for seconds in middle)
    return Overview(
        buckets=buckets,
        steps=[Step(label, steps[index]) for index, label in enumerate(STEP_LABELS)],
        asked=sum(bucket.asked for bucket in buckets),
        completed=completed,
        lifted=sum(bucket.lifted for bucket in buckets),
        median_seconds=median,
        worst_seconds=slowest,
    )


def days_in_a_bucket(first: date, last: date) -> int:
    """Return one day, a week, four weeks, or a multiple of those, so that there are never more than BARS_MAX bars."""
    days = (last - first).days + 1
    for size in (1, 7, 28):
        if days <= BARS_MAX * size:
            return size
    return 28 * math.ceil(days / (BARS_MAX * 28))


def _starts(first: date, last: date) -> list[date]:
    """Return where each bucket begins, then the day after the range. Whole buckets end with the range."""
    size, end = days_in_a_bucket(first, last), last + timedelta(days=1)
    many = math.ceil((end - first).days / size)
    return [max(end - timedelta(days=size * left), first) for left in range(many, -1, -1)]


def _rows(since: datetime, until: datetime) -> QuerySet[OptOut]:
    return OptOut.objects.filter(by_person=True, asked_at__gte=since, asked_at__lt=until)


@lru_cache(maxsize=16)
def _grouped(starts: tuple[datetime, ...]) -> QuerySet[OptOut, Any]:
    """Count the opt-outs between these moments by bucket, step, and state, with the longest time to complete.

    Kept, since building a query of so many branches takes longer than asking it.
    """
    buckets = [When(asked_at__lt=start, then=Value(i)) for i, start in enumerate(starts[1:])]
    not_yet = When(seconds_to_complete=None, then=Value(None))
    late = When(completed_at__gt=F("due_at"), then=Value(len(STEPS) + 1))
    within = [
        When(seconds_to_complete__lte=seconds, then=Value(i))
        for i, (seconds, _) in enumerate(STEPS)
    ]
    step = Case(not_yet, late, *within, default=Value(len(STEPS)), output_field=IntegerField())
    rows = _rows(starts[0], starts[-1]).order_by()
    rows = rows.annotate(bucket=Case(*buckets, output_field=IntegerField()), step=step)
    groups = rows.values_list("bucket", "step", "state")
    return groups.annotate(number=Count("pk"), worst=Max("seconds_to_complete"))


def _buckets(starts: Sequence[date], states: Mapping[int, Counter[str]]) -> list[Bucket]:
    """Return every bucket, also the empty ones, with how many opt-outs it has in each state."""
    kept = answers.of_days(starts[0], starts[-1] - timedelta(days=1))
    buckets = []
    for index, (start, end) in enumerate(pairwise(starts)):
        found = states.get(index, Counter[str]())
        counts = next((row for row in reversed(kept) if start <= row.day < end), None)
        still_open = sum(found[state] for state in OPEN)
        lifted = found[OptOutState.LIFTED]
        last = end - timedelta(days=1)
        buckets.append(Bucket(start, last, found.total(), still_open, lifted, counts))
    return buckets
