"""Bulk work: prepared, started, and each row done exactly once."""

import pytest
from django.contrib.auth.models import User

from contacts_ui.models import LedgerEntry
from contacts_ui.models.job import JobState
from contacts_ui.models.ledger import Action
from tests.jobs import NUMBERS, prepare, started, states, work_off
from tests.people import MARTY_NUMBER, Vendors

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_happens_before_the_second_press(manager: User, vendors: Vendors) -> None:
    job = prepare(manager, [MARTY_NUMBER, NUMBERS[0]])
    assert (job.state, job.total, job.counts) == (JobState.PREVIEW, 2, {"unknown": 2})
    assert not LedgerEntry.objects.filter(action=Action.STOP_REQUESTED).exists()
    assert vendors.asked() == []


def test_a_job_stops_everybody_once(manager: User, vendors: Vendors) -> None:
    job = work_off(started(manager, [MARTY_NUMBER, *NUMBERS[:5], MARTY_NUMBER, "nobody"]))
    assert job.state == JobState.DONE
    assert states(job) == {"done": 6, "skipped": 2}
    assert vendors.status() == "unsubscribed"
    assert all(vendors.stopped(number) for number in [MARTY_NUMBER, *NUMBERS[:5]])
    stops = LedgerEntry.objects.filter(action=Action.STOP_REQUESTED)
    assert stops.count() == 6
    assert {entry.staff_name for entry in stops} == {"Max Manager"}
    assert {entry.request_id for entry in stops} == {job.reference}
