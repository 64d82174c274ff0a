"""The managers' overview: opt-outs over time, how soon they were honoured, and what is not yet.

Grouping happens in the database, by boundaries that are computed here: so a day is a day in the reader's zone, also
where clocks change, and neither database has to know about zones.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Max, Q, QuerySet, Value, When

from contacts_ui.models import OptOut
from contacts_ui.models.opt_out import OPEN, OptOutState
from contacts_ui.services.opt_out_review import on_the_clock, start_of

# More bars than this nobody can read.
MOST_BARS = 62
# What a person sees as one step of waiting: at most so many seconds, and how it is called.
STEPS = (
    (10.0, "Within 10 seconds"),
    (60.0, "Within a minute"),
    (3600.0, "Within an hour"),
    (86400.0, "Within a day"),
)


@dataclass(frozen=True)
class Bucket:
    """Some days from `first` to `last`, both included, and the opt-outs that were asked for on them."""

    first: date
    last: date
    asked: int = 0
    open: int = 0
    lifted: int = 0


@dataclass(frozen=True)
class Step:
    """How many opt-outs were honoured within one step of waiting."""

    label: str
    number: int


@dataclass(frozen=True)
class Overview:
    """What a manager sees first. Seconds are from asking to the last vendor's confirmation; None where none was."""

    buckets: Sequence[Bucket]
    steps: Sequence[Step]
    asked: int
    honoured: int
    lifted: int
    median_seconds: float | None
    worst_seconds: float | None
    # By the names of the review's filters; all time.
    on_the_clock: dict[str, int]


def overview(*, first: date, last: date) -> Overview:
    """The opt-outs that were asked for from `first` to `last`, days in the active time zone, both included."""
    rows = OptOut.objects.filter(
        asked_at__gte=start_of(first), asked_at__lt=start_of(last + timedelta(days=1))
    )
    buckets, worst = _buckets(rows, first, last)
    steps = _steps(rows)
    honoured = sum(step.number for step in steps)
    return Overview(
        buckets=buckets,
        steps=steps,
        asked=sum(bucket.asked for bucket in buckets),
        honoured=honoured,
        lifted=sum(bucket.lifted for bucket in buckets),
        median_seconds=_median(rows, honoured),
        worst_seconds=worst,
        on_the_clock=on_the_clock(),
    )


def days_in_a_bucket(first: date, last: date) -> int:
    """One day, a week, four weeks or a multiple of those, so that there are never too many bars to read."""
    days = (last - first).days + 1
    for size in (1, 7, 28):
        if days <= MOST_BARS * size:
            return size
    return 28 * math.ceil(days / (MOST_BARS * 28))


def _buckets(rows: QuerySet[OptOut], first: date, last: date) -> tuple[list[Bucket], float | None]:
    """Every bucket of the range, also the empty ones, and the longest time to honour."""
    starts = _starts(first, last)
    numbered = [When(asked_at__lt=start_of(day), then=Value(i)) for i, day in enumerate(starts[1:])]
    found = {
        line["bucket"]: line
        for line in rows.annotate(bucket=Case(*numbered, output_field=IntegerField()))
        .values("bucket")
        .annotate(
            asked=Count("pk"),
            open=Count("pk", filter=Q(state__in=OPEN)),
            lifted=Count("pk", filter=Q(state=OptOutState.LIFTED)),
            worst=Max("seconds_to_honour"),
        )
        .order_by("bucket")
    }
    buckets = [
        Bucket(start, end - timedelta(days=1), *_counts(found.get(index)))
        for index, (start, end) in enumerate(pairwise(starts))
    ]
    times = [line["worst"] for line in found.values() if line["worst"] is not None]
    return buckets, max(times, default=None)


def _counts(line: Mapping[str, Any] | None) -> tuple[int, int, int]:
    return (line["asked"], line["open"], line["lifted"]) if line else (0, 0, 0)


def _starts(first: date, last: date) -> list[date]:
    """Where each bucket begins, and at the end the day after the range. Whole buckets end with the range."""
    size = days_in_a_bucket(first, last)
    end = last + timedelta(days=1)
    many = math.ceil((end - first).days / size)
    return [max(end - timedelta(days=size * left), first) for left in range(many, -1, -1)]


def _steps(rows: QuerySet[OptOut]) -> list[Step]:
    late = Q(honoured_at__gt=F("due_at"))
    conditions = [When(late, then=Value(len(STEPS) + 1))]
    conditions += [
        When(seconds_to_honour__lte=seconds, then=Value(i)) for i, (seconds, _) in enumerate(STEPS)
    ]
    honoured = rows.filter(seconds_to_honour__isnull=False)
    case = Case(*conditions, default=Value(len(STEPS)), output_field=IntegerField())
    found = dict(
        honoured.annotate(step=case)
        .values("step")
        .annotate(number=Count("pk"))
        .values_list("step", "number")
    )
    labels = [*(label for _, label in STEPS), "Later, and in time", "After ten business days"]
    return [Step(label, found.get(index, 0)) for index, label in enumerate(labels)]


def _median(rows: QuerySet[OptOut], honoured: int) -> float | None:
    """The middle one, or the mean of the two in the middle; `honoured` is how many there are."""
    if not honoured:
        return None
    times = rows.filter(seconds_to_honour__isnull=False).order_by("seconds_to_honour")
    middle = times.values_list("seconds_to_honour", flat=True)[
        (honoured - 1) // 2 : honoured // 2 + 1
    ]
    values = [seconds for seconds in middle if seconds is not None]
    return sum(values) / len(values) if values else None
