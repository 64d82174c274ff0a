"""What waits for a decision: the counts of the menu and the overview."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.models import Disagreement, IncomingMessage, OptOut, Vendor, WebhookEvent
from contacts_ui.models.disagreement import DisagreementKind
from contacts_ui.services.operations import system_state
from contacts_ui.services.review import inbox
from contacts_ui.services.review.inbox import Kind
from tests.opt_outs import NUMBERS, ask

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


def test_nothing_waits() -> None:
    assert inbox.counts() == dict.fromkeys(Kind, 0)


def test_each_kind_is_counted(agent: User) -> None:
    now = timezone.now()
    for number, days in zip(NUMBERS, (40, 30, 5, 0), strict=False):
        ask(agent, number, asked_at=now - timedelta(days=days))
    OptOut.objects.filter(number=NUMBERS[1]).update(reviewed_at=now)
    for number, kind in zip(NUMBERS, DisagreementKind, strict=False):
        Disagreement.objects.create(number=number, kind=kind, found_at=now)
    message = {"vendor": Vendor.SLICKTEXT, "heard_at": now, "due_at": now}
    IncomingMessage.objects.create(number=NUMBERS[0], words="no more", **message)
    WebhookEvent.objects.create(
        vendor=Vendor.SLICKTEXT, body="{}", needs_decision=True, received_at=now
    )
    found = inbox.counts()
    assert (found[Kind.PAST_DUE], found[Kind.UNREVIEWED]) == (2, 3)
    assert (found[Kind.DISAGREE], found[Kind.ASKED], found[Kind.UNPLACED]) == (4, 1, 1)
    assert found[Kind.REFUSED] == found[Kind.LIFTS] == 0


def test_what_is_due_follows_the_clock(agent: User) -> None:
    """The query is built once, with the time of each look."""
    row = ask(agent, NUMBERS[0], asked_at=timezone.now() - timedelta(days=12))
    assert system_state.read_system_state().past_due == 0
    with time_machine.travel(row.due_at + timedelta(seconds=1)):
        assert system_state.read_system_state().past_due == 1
    with time_machine.travel(row.due_at - timedelta(seconds=1)):
        state = system_state.read_system_state()
    assert (state.past_due, state.due_soon) == (0, 1)


def test_all_counts_cost_one_query_and_then_none() -> None:
    with CaptureQueriesContext(connection) as queries:
        inbox.counts()
        inbox.counts()
    assert len(queries) == 1


def test_a_database_that_is_away_breaks_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseError

    monkeypatch.setattr(system_state, "read_system_state", fail)
    assert set(inbox.counts().values()) == {0}
