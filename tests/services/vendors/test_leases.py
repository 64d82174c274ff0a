"""Leases on rows: one holder at a time, lost once they run out; and the pauses between tries."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model, QuerySet
from django.utils import timezone

from contacts_ui.integrations.errors import BudgetSpent, NoAnswer
from contacts_ui.models import IndexSync, ReconcileProgress
from contacts_ui.services.vendors import leases

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(
    params=[IndexSync, ReconcileProgress], ids=["lease and leased_until", "next_at alone"]
)
def due(request: pytest.FixtureRequest) -> Any:
    """Return a query for the one row of a model, if it is due and free."""
    model = request.param
    model.objects.create(pk=1, next_at=timezone.now())

    def rows() -> QuerySet[Model]:
        found: QuerySet[Model] = model.objects.filter(next_at__lte=timezone.now())
        return found.filter(leases.free()) if model is IndexSync else found

    return rows


def test_one_worker_holds_it_at_a_time(due: Any) -> None:
    row = leases.take(due(), MINUTE)
    assert row is not None
    assert leases.take(due(), MINUTE) is None
    leases.renew(row, MINUTE)
    assert leases.release(row)
    assert leases.take(due(), MINUTE) is not None


def test_a_lease_that_ran_out_is_lost_to_the_next_worker(due: Any) -> None:
    slow = leases.take(due(), timedelta(0))
    assert slow is not None
    assert leases.take(due(), MINUTE) is not None
    with pytest.raises(leases.LeaseLost):
        leases.renew(slow, MINUTE)
    assert not leases.release(slow)
    assert leases.take(due(), MINUTE) is None, "the other worker still holds it"


def test_work_is_due_again_after_its_pause() -> None:
    ReconcileProgress.objects.create(pk=1, next_at=timezone.now())
    row = leases.take(
        ReconcileProgress.objects.all(), MINUTE, lambda found: {"after": found.after + 5}
    )
    assert row.after == 5
    assert leases.release(row, MINUTE, after=7)
    kept = ReconcileProgress.objects.get()
    assert kept.after == 7
    assert timedelta(seconds=10) < kept.next_at - timezone.now() <= MINUTE


@pytest.mark.parametrize(("attempts", "least", "most"), [(1, 1, 2), (3, 4, 8), (40, 150, 300)])
def test_tries_back_off(attempts: int, least: float, most: float, settings: Any) -> None:
    settings.LONGEST_RETRY_SECONDS = 300
    assert least <= leases.back_off(attempts).total_seconds() <= most
    assert leases.back_off(attempts, retry_after=200).total_seconds() >= 200
    assert leases.back_off(attempts, retry_after=9_999).total_seconds() == 300


def test_a_task_waits_as_long_as_the_vendor_asked_for() -> None:
    assert leases.pause_after(NoAnswer("slicktext")) == leases.RETRY_PAUSE
    assert leases.pause_after(NoAnswer("slicktext", retry_after=90)) == timedelta(seconds=90)
    assert leases.pause_after(BudgetSpent("slicktext", retry_after=2)) == timedelta(seconds=2)
    assert leases.pause_after(BudgetSpent("slicktext")) == leases.ROOM_PAUSE
