"""Finding opt-outs, their order, and marking them as reviewed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from contacts_ui.models import LedgerEntry, OptOut, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import NotAllowed
from contacts_ui.services.review.opt_outs import (
    Filters,
    find,
    mark_reviewed,
    not_completed_counts,
    staff_names,
)
from tests.opt_outs import NUMBERS, answer, ask, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_wednesday() -> Iterator[None]:
    """Far from holidays, so that thirteen days ago always means the same due date."""
    with time_machine.travel("2026-03-18T15:00:00Z"):
        yield


def days_ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def labels(filters: Filters | None = None, limit: int = 50, offset: int = 0) -> list[str]:
    return [row.label for row in find(filters or Filters(), limit=limit, offset=offset).rows]


@pytest.fixture
def several(agent: User, manager: User) -> dict[str, OptOut]:
    """Past due, due soon, completed twice, waiting with time left, refused, lifted."""
    ages = {"late": 40, "close": 13, "old": 30, "refused": 1.5, "lifted": 3, "new": 1, "now": 0}
    rows = {}
    for index, (label, age) in enumerate(ages.items()):
        staff = manager if label == "lifted" else agent
        rows[label] = ask(staff, NUMBERS[index], label=label, asked_at=days_ago(age))
    for label in ("old", "lifted", "now"):
        answer(rows[label].number)
    answer(rows["refused"].number, Vendor.SLICKTEXT, state=DeliveryState.REFUSED)
    OptOut.objects.filter(label="lifted").update(state="lifted")
    return rows


def test_refused_past_due_and_due_soon_come_first_then_the_newest(
    several: dict[str, OptOut],
) -> None:
    assert labels() == ["refused", "late", "close", "now", "new", "lifted", "old"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_hold_everything_once_and_in_order(several: dict[str, OptOut], limit: int) -> None:
    pages = [labels(limit=limit, offset=offset) for offset in range(0, 9, limit)]
    assert [label for page in pages for label in page] == labels()
    assert find(Filters(), limit=limit, offset=0).total == 7


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(state="overdue"), ["late"]),
        (Filters(state="close"), ["close"]),
        (Filters(state="open"), ["refused", "late", "close", "new"]),
        (Filters(state="waiting"), ["late", "close", "new"]),
        (Filters(state="refused"), ["refused"]),
        (Filters(state="honoured"), ["now", "old"]),
        (Filters(state="lifted"), ["lifted"]),
        (Filters(staff="Max Manager"), ["lifted"]),
        (Filters(staff=""), []),
        (Filters(channel="letter"), []),
        (Filters(person="LATE"), ["late"]),
        (Filters(person="la te"), ["late"]),
        (Filters(person="615 555 1000"), ["late"]),
        (Filters(person="(615) 555-1000"), ["late"]),
        (Filters(person="1-615-555-1000"), ["late"]),
        (Filters(person="5551000"), ["late"]),
        (Filters(person="nobody"), []),
        (Filters(slowest_first=True, state="honoured"), ["old", "now"]),
    ],
)
def test_filters(several: dict[str, OptOut], filters: Filters, expected: list[str]) -> None:
    assert labels(filters) == expected


def test_from_and_to(several: dict[str, OptOut]) -> None:
    assert labels(Filters(since=days_ago(2))) == ["refused", "now", "new"]
    assert labels(Filters(since=days_ago(31), until=days_ago(2))) == ["close", "lifted", "old"]
    asked_at = several["new"].asked_at
    assert labels(Filters(since=asked_at, until=asked_at)) == []
    assert labels(Filters(since=asked_at, until=asked_at + timedelta(microseconds=1))) == ["new"]


def test_the_dashboard_itself_is_a_choice(several: dict[str, OptOut]) -> None:
    ask(None, NUMBERS[50], label="by a vendor")
    assert labels(Filters(staff="")) == ["by a vendor"]
    assert staff_names() == ["", "Ada Agent", "Max Manager"]


def test_counts_of_what_is_not_completed(several: dict[str, OptOut]) -> None:
    assert not_completed_counts() == {
        "open": 4,
        "overdue": 1,
        "close": 1,
        "waiting": 3,
        "refused": 1,
    }


def test_marking(several: dict[str, OptOut], manager: User) -> None:
    keys = [several["now"].pk, several["old"].pk]
    assert mark_reviewed(staff=manager, keys=[*keys, keys[0], 999_999]) == 2
    row = fresh(several["now"])
    assert row.reviewed_at
    assert (row.reviewed_by, row.reviewed_by_name) == (manager, "Max Manager")
    entries = LedgerEntry.objects.filter(action=Action.OPT_OUT_REVIEWED).order_by("pk")
    assert [(entry.number, entry.staff_name) for entry in entries] == [
        (several["now"].number, "Max Manager"),
        (several["old"].number, "Max Manager"),
    ]
    assert entries[0].after == {"request": row.ledger_entry_id, "state": "honoured"}
    assert labels(Filters(reviewed=True)) == ["now", "old"]
    assert "now" not in labels(Filters(reviewed=False))


def test_marking_twice_leaves_the_first(several: dict[str, OptOut], manager: User) -> None:
    mark_reviewed(staff=manager, keys=[several["now"].pk])
    first = fresh(several["now"]).reviewed_at
    assert mark_reviewed(staff=manager, keys=[several["now"].pk]) == 0
    assert fresh(several["now"]).reviewed_at == first
    assert LedgerEntry.objects.filter(action=Action.OPT_OUT_REVIEWED).count() == 1


def test_an_agent_may_not(several: dict[str, OptOut], agent: User) -> None:
    with pytest.raises(NotAllowed):
        mark_reviewed(staff=agent, keys=[several["now"].pk])
    assert fresh(several["now"]).reviewed_at is None
