"""The managers' overview: opt-outs over time, how soon they were completed, and how many people may be texted.

The database groups by boundaries that are computed here: so a day is a day in the dashboard's time zone, also where
clocks change, and neither database has to know about time zones.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from django.db.models import Case, Count, F, IntegerField, Max, Q, QuerySet, Value, When

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
    rows = OptOut.objects.filter(
        by_person=True,
        asked_at__gte=start_of(first),
        asked_at__lt=start_of(last + timedelta(days=1)),
    )
    buckets, worst = _buckets(rows, first, last)
    steps = _steps(rows)
    completed, median = sum(step.number for step in steps), None
    if completed:
        times = rows.filter(seconds_to_complete__isnull=False).order_by("seconds_to_complete")
        middle = times[(completed - 1) // 2 : completed // 2 + 1]
        median = statistics.median(row.seconds_to_complete or 0 for row in middle)
    return Overview(
        buckets=buckets,
        steps=steps,
        asked=sum(bucket.asked for bucket in buckets),
        completed=completed,
        lifted=sum(bucket.lifted for bucket in buckets),
        median_seconds=median,
        worst_seconds=worst,
    )


def days_in_a_bucket(first: date, last: date) -> int:
    """Return one day, a week, four weeks, or a multiple of those, so that there are never more than BARS_MAX bars."""
    days = (last - first).days + 1
    for size in (1, 7, 28):
        if days <= BARS_MAX * size:
            return size
    return 28 * math.ceil(days / (BARS_MAX * 28))


def _buckets(rows: QuerySet[OptOut], first: date, last: date) -> tuple[list[Bucket], float | None]:
    """Return every bucket of the range, also the empty ones, and the longest time to complete."""
    size, end = days_in_a_bucket(first, last), last + timedelta(days=1)
    many = math.ceil((end - first).days / size)
    # Where each bucket begins, then the day after the range. Whole buckets end with the range.
    starts = [max(end - timedelta(days=size * left), first) for left in range(many, -1, -1)]
    numbered = [When(asked_at__lt=start_of(day), then=Value(i)) for i, day in enumerate(starts[1:])]
    counted = (
        rows.annotate(bucket=Case(*numbered, output_field=IntegerField()))
        .order_by("bucket")
        .values_list("bucket")
        .annotate(
            asked=Count("pk"),
            open=Count("pk", filter=Q(state__in=OPEN)),
            lifted=Count("pk", filter=Q(state=OptOutState.LIFTED)),
            worst=Max("seconds_to_complete"),
        )
    )
    found = {index: counts for index, *counts in counted}
    kept = answers.of_days(first, last)
    buckets = []
    for index, (start, end) in enumerate(pairwise(starts)):
        asked, still_open, lifted = found.get(index, (0, 0, 0))[:3]
        counts = next((row for row in reversed(kept) if start <= row.day < end), None)
        buckets.append(Bucket(start, end - timedelta(days=1), asked, still_open, lifted, counts))
    worst = [counts[-1] for counts in found.values() if counts[-1] is not None]
    return buckets, max(worst, default=None)


def _steps(rows: QuerySet[OptOut]) -> list[Step]:
    """Return how many opt-outs were completed within each step; the late ones are the last."""
    late = When(completed_at__gt=F("due_at"), then=Value(len(STEPS) + 1))
    within = [
        When(seconds_to_complete__lte=seconds, then=Value(i))
        for i, (seconds, _) in enumerate(STEPS)
    ]
    step = Case(late, *within, default=Value(len(STEPS)), output_field=IntegerField())
    completed = rows.filter(seconds_to_complete__isnull=False).annotate(step=step)
    found = dict(completed.values_list("step").annotate(number=Count("pk")))
    labels = [*(label for _, label in STEPS), "Later, and in time", "After ten business days"]
    return [Step(label, found.get(index, 0)) for index, label in enumerate(labels)]
