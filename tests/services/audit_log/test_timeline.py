"""A request and what followed it are one item of the timeline."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from contacts_ui.models import LedgerEntry
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services.audit_log import by_request, history, record
from tests.consent import Request, Seen, stop_texts
from tests.people import MARTY, MARTY_NUMBER, Vendors

pytestmark = pytest.mark.django_db
SEEN = Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed")


def actions(entries: list[LedgerEntry]) -> list[list[str]]:
    return [
        [item.entry.action, *(each.action for each in item.about)] for item in by_request(entries)
    ]


@pytest.mark.usefixtures("deliver_in_this_thread")
def test_a_stop_and_its_two_confirmations_are_one_item(agent: User, vendors: Vendors) -> None:
    record(action=Action.CONTACT_EDITED, staff=agent, number=MARTY_NUMBER, contact_id=MARTY)
    stop_texts(staff=agent, seen=SEEN)
    words = Request(channel=Channel.PHONE, reason="Stop", asked_at=timezone.now())
    stop_texts(staff=agent, seen=SEEN, request=words)
    record(action=Action.CONTACT_EDITED, staff=agent, number=MARTY_NUMBER, contact_id=MARTY)
    assert actions(history(contact_id=MARTY)) == [
        [Action.CONTACT_EDITED],
        [Action.STOP_REQUESTED, Action.STOP_CONFIRMED, Action.STOP_CONFIRMED, Action.STOP_DETAILED],
        [Action.CONTACT_EDITED],
    ]


def test_each_request_has_its_own_answers() -> None:
    first, second = (record(action=Action.STOP_REQUESTED, staff=None) for _ in range(2))
    late, soon = (
        record(action=Action.STOP_CONFIRMED, staff=None, answer={"request": each.pk})
        for each in (first, second)
    )
    items = by_request([soon, late, second, first])
    assert [(item.entry, item.about) for item in items] == [(second, [soon]), (first, [late])]


def test_a_review_belongs_to_the_request_it_names() -> None:
    request = record(action=Action.STOP_REQUESTED, staff=None)
    review = record(action=Action.OPT_OUT_REVIEWED, staff=None, after={"request": request.pk})
    assert by_request([review, request])[0].about == [review]


def test_an_answer_without_its_request_stands_alone() -> None:
    """The request was too long ago for the list, or another person's entry."""
    answer = record(action=Action.STOP_CONFIRMED, staff=None, answer={"request": 1_000_000})
    assert actions([answer]) == [[Action.STOP_CONFIRMED]]


def test_it_asks_the_database_nothing(django_assert_num_queries: Any) -> None:
    entries = [record(action=Action.STOP_REQUESTED, staff=None) for _ in range(3)]
    with django_assert_num_queries(0):
        by_request(entries)
