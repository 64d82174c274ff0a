"""`may:` and `stopped:`, in a search and as filters; how many have each answer; sorted by either."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts_ui.models import IndexedContact
from contacts_ui.services import index
from contacts_ui.services.index import IndexQuery, Total, conditions
from contacts_ui.services.index.query import period_of

from .people import ids, person, store

pytestmark = pytest.mark.django_db
STATUSES = ("subscribed", "subscribed", "unsubscribed", "not subscribed", "pending")


@pytest.fixture
def _people() -> None:
    """Ten people: four may be texted, and two have each other answer but *disagree*."""
    store(
        *(
            person(
                key,
                f"Ann Lee{key}",
                city="Austin" if key % 2 else "Waco",
                opt_in_status=STATUSES[key % 5],
                last_opt_in_status_change=noon(key),
            )
            for key in range(10)
        )
    )


def noon(days_ago: int) -> datetime:
    at = timezone.localtime() - timedelta(days=days_ago)
    return at.replace(hour=12, minute=0, second=0, microsecond=0)


def page(search: str = "", **about: Any) -> index.IndexPage:
    return index.find(IndexQuery(search=search, **about))


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("yes", [0, 1, 5, 6]),
        ("no", [2, 7]),
        ("not-subscribed", [3, 8]),
        ("unknown", [4, 9]),
        ("disagree", []),
    ],
)
def test_each_answer_can_be_asked_for(word: str, found: list[int]) -> None:
    assert ids(f"may:{word}") == ids("", filters={"may": word}) == found
    assert page(filters={"may": word}).total == Total(len(found))
    assert ids(f"may:{word} city:austin") == [key for key in found if key % 2]
    assert sorted(ids(f"may:{word} lee")) == found
    assert list(index.matching_ids(IndexQuery(f"may:{word} lee"))) == found
    assert index.count(IndexQuery("lee", {"may": word, "city": "waco"})).number == len(
        [key for key in found if not key % 2]
    )


@pytest.mark.usefixtures("_people")
def test_the_spelling_is_forgiven() -> None:
    assert ids('may:"Not subscribed"') == ids("may:not_subscribed") == [3, 8]
    asked = page("may:maybe")
    assert (asked.found, asked.total) == ((), Total(0))
    assert asked.complaints == (
        "may: can be yes, no, not-subscribed, unknown, disagree, and maybe is none of them.",
    )


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize(("ranked", "counted"), [(1000, 10_000), (3, 10_000), (3, 4)])
def test_counts_of_each_answer_do_not_depend_on_the_one_that_is_asked_for(
    ranked: int, counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, until they are too many to count."""
    monkeypatch.setattr(conditions, "RANKED_MAX", ranked)
    monkeypatch.setattr(conditions, "COUNT_MAX", counted)
    everyone = {"": 10, "may_text": 4, "do_not_text": 2, "not_subscribed": 2, "not_known": 2}
    assert page().answers == page("may:no").answers == everyone
    austin = {"": 5, "may_text": 2, "do_not_text": 1, "not_subscribed": 1, "not_known": 1}
    for search in ("austin", "city:austin"):
        known = austin if counted > 5 else None
        assert page(search).answers == page(f"{search} may:no").answers == known
        assert page(f"{search} may:no").total == Total(1)
        assert page(f"{search} may:no").answer == "do_not_text"
    assert page("lee2 may:no").answers == {"": 1, "do_not_text": 1}
    assert page("lee2 may:yes").answers == {"": 1, "do_not_text": 1}
    assert ids("lee2 may:yes") == []


@pytest.mark.usefixtures("_people")
def test_an_id_is_found_only_with_its_answer() -> None:
    store(person(7778, "Zed", "+13125550000", opt_in_status="subscribed"))
    assert ids("7778 may:yes") == [7778]
    assert ids("7778 may:no") == []


@pytest.mark.usefixtures("_people")
def test_who_was_stopped_on_these_days() -> None:
    day = timezone.localdate() - timedelta(days=2)
    assert ids("stopped:today") == []
    assert ids(f"stopped:{day}") == ids(f"stopped:{day:%m/%d/%Y}") == [2]
    assert sorted(ids(f"stopped:{day - timedelta(days=5)}..{day}")) == [2, 7]
    assert ids("", filters={"stopped": f"{day}.."}) == [2]
    assert ids(f"stopped:..{day - timedelta(days=1)} may:no lee") == [7]
    IndexedContact.objects.filter(pk=4).update(stopped_at=timezone.now())
    assert ids("stopped:today") == [4]
    IndexedContact.objects.filter(pk=4).update(stopped_at=noon(1))
    assert ids("stopped:yesterday") == [4]


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "..",
        "2026-13-01",
        "2026-11-01..soon",
        "2026-11-31",
        "9999-12-31",
        "..12/31/9999",
        "0001-01-01..",
    ],
)
def test_what_is_no_day_finds_no_contact(text: str) -> None:
    asked = page(f'stopped:"{text}" lee')
    assert (asked.found, asked.total) == ((), Total(0))
    assert "is not a day" in asked.complaints[0]


def test_a_period_ends_with_its_last_day() -> None:
    period = period_of("2026-11-01..2026-11-28")
    assert period
    start, end = period
    assert start
    assert end
    local = [timezone.localtime(each) for each in (start, end)]
    assert [f"{each:%Y-%m-%d %H:%M}" for each in local] == ["2026-11-01 00:00", "2026-11-29 00:00"]


@pytest.mark.usefixtures("_people")
def test_sorted_by_the_answer_and_by_when_they_were_stopped() -> None:
    assert ids(sort="may") == [2, 7, 0, 1, 5, 6, 4, 9, 3, 8]
    assert ids(sort="-stopped")[:2] == [2, 7]
    assert ids(sort="stopped", limit=3) == [7, 2, 0]
    assert ids("lee", filters={"may": "no"}, sort="stopped") == [7, 2]


@pytest.mark.usefixtures("_people")
def test_many_with_one_answer_are_paged_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "COUNT_MAX", 2)
    monkeypatch.setattr("contacts_ui.services.index.search.RANKED_MAX", 1)
    for sort, found in (("", [0, 1, 5, 6]), ("name", [0, 1, 5, 6]), ("-name", [6, 5, 1, 0])):
        first = page(filters={"may": "yes"}, sort=sort, limit=3)
        assert [each.contact.contact_id for each in first.found] == found[:3]
        assert first.total == Total(4)
        assert ids(filters={"may": "yes"}, sort=sort, limit=3, after=first.last) == found[3:]
        assert ids(filters={"may": "yes"}, sort=sort, limit=3, offset=3) == found[3:]
