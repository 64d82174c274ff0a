"""Every order, both ways, empties last; any page from any side; tokens that skip no one."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts_ui.models import IndexAnchor, IndexCount, IndexedContact
from contacts_ui.services import index
from contacts_ui.services.index import IndexQuery, conditions, marks, search, sort_order

from .people import NOW, ids, person, store

pytestmark = pytest.mark.django_db

CITIES = ["austin", "Boston", "Zürich", "Ávila", ""]


@pytest.fixture
def _thirty() -> None:
    store(
        *(
            person(
                key,
                f"Ann{key % 4} Lee{key % 7}" if key % 6 else "",
                city=CITIES[key % 5] or None,
                state="TX" if key % 2 else None,
                opt_in_status="subscribed" if key % 3 else "blocked",
                created=NOW + timedelta(days=key % 9) if key % 8 else None,
            )
            for key in range(1, 31)
        )
    )


def _expected(value: Any, descending: bool) -> list[int]:
    """Return the ids by value, those without one last."""
    filled = sorted((value(key), key) for key in range(1, 31) if value(key))
    empty = [key for key in range(1, 31) if not value(key)]
    if descending:
        return [key for _, key in filled[::-1]] + empty[::-1]
    return [key for _, key in filled] + empty


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("city", lambda key: index.normalize(CITIES[key % 5])),
        ("name", lambda key: f"lee{key % 7} ann{key % 4}" if key % 6 else ""),
        ("created", lambda key: str(NOW + timedelta(days=key % 9)) if key % 8 else ""),
        ("contact_id", lambda key: key),
    ],
)
@pytest.mark.usefixtures("_thirty")
def test_sorted_both_ways_with_empties_last(sort: str, value: Any, descending: bool) -> None:
    sort, expected = f"{'-' * descending}{sort}", _expected(value, descending)
    assert ids(sort=sort) == expected
    assert list(index.matching_ids(IndexQuery(sort=sort))) == expected
    assert [key for at in range(0, 32, 4) for key in ids(sort=sort, limit=4, offset=at)] == expected
    assert _by_tokens(sort) == (expected, expected)


def _by_tokens(sort: str, **question: Any) -> tuple[list[int], list[int]]:
    """Return all ids by `after`, and back again by `before`."""
    there: list[int] = []
    page = index.find(IndexQuery(sort=sort, limit=4, **question))
    while page.found:
        there += [each.contact.contact_id for each in page.found]
        end = page
        page = index.find(IndexQuery(sort=sort, limit=4, after=page.last, **question))
    back = [each.contact.contact_id for each in end.found]
    page = index.find(IndexQuery(sort=sort, limit=4, before=end.first, **question))
    while page.found:
        back = [each.contact.contact_id for each in page.found] + back
        page = index.find(IndexQuery(sort=sort, limit=4, before=page.first, **question))
    return there, back


EVERY_SORT = [*index.SORTS, *(f"-{sort}" for sort in index.SORTS)]


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make thirty people many: every offset beyond two is far, and more than five matches are not counted."""
    monkeypatch.setattr(sort_order, "NEAR_OFFSET", 2)
    monkeypatch.setattr(marks, "ROWS_BETWEEN_MARKS", 3)
    monkeypatch.setattr(conditions, "COUNT_MAX", 5)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("chosen", [{}, {"state": "tx"}, {"opt_in_status": "subscribed"}])
@pytest.mark.parametrize("sort", EVERY_SORT)
@pytest.mark.usefixtures("_thirty")
def test_every_far_page_of_every_order_is_right(
    sort: str, chosen: dict[str, str], kept: bool, request: pytest.FixtureRequest
) -> None:
    plain = ids(sort=sort, filters=chosen)
    request.getfixturevalue("far")
    if kept:
        index.refresh_marks()
    for offset in range(32):
        page = ids(sort=sort, limit=3, offset=offset, filters=chosen)
        assert page == plain[offset : offset + 3]


@pytest.fixture
def skipped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collect how many rows each query passes over before the first that it returns."""
    many: list[int] = []
    part = sort_order._part

    def noted(*given: Any) -> Any:
        many.append(given[4])
        return part(*given)

    monkeypatch.setattr(sort_order, "_part", noted)
    return many


@pytest.mark.usefixtures("_thirty", "far")
def test_a_far_page_of_a_filter_is_read_from_the_nearest_mark(skipped: list[int]) -> None:
    for sort in ("name", "-name"):
        ids(sort=sort, limit=3, offset=14, filters={"opt_in_status": "subscribed"})
    assert max(skipped) < 3


@pytest.mark.parametrize("chosen", [{}, {"opt_in_status": "subscribed"}])
@pytest.mark.parametrize("sort", EVERY_SORT)
@pytest.mark.usefixtures("_thirty", "far")
def test_a_far_page_of_everyone_or_of_one_status_is_read_from_a_kept_mark(
    sort: str, chosen: dict[str, str], skipped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "marks_of", lambda *_: pytest.fail("The marks are kept."))
    index.refresh_marks()
    for offset in range(3, 20):
        ids(sort=sort, limit=3, offset=offset, filters=chosen)
    # Where a part begins, its first rows follow the last mark of the part before.
    assert max(skipped) <= 3


@pytest.mark.usefixtures("_thirty", "far")
def test_marks_are_replaced_when_they_are_made_again() -> None:
    index.refresh_marks()
    before = set(IndexAnchor.objects.values_list())
    index.refresh_marks()
    assert set(IndexAnchor.objects.values_list()) == before
    IndexedContact.objects.all().delete()
    index.refresh_marks()
    assert not IndexAnchor.objects.exists()
    assert not IndexCount.objects.filter(name="filled", number__gt=0).exists()


@pytest.mark.usefixtures("_thirty")
def test_tokens_skip_no_one_when_a_contact_is_added_before() -> None:
    first = index.find(IndexQuery(sort="city", limit=10))
    store(person(99, "New", city="Aaa"))
    second = ids(sort="city", limit=10, after=first.last)
    assert second == ids(sort="city", limit=10, offset=11)


def unsigned(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize("sort", ["city", "contact_id", "created"])
@pytest.mark.parametrize(
    "token",
    ["x", "!!", unsigned([10**30, 1]), unsigned(["\0", 1]), unsigned(None), "W" * 3000],
)
@pytest.mark.usefixtures("_thirty")
def test_what_we_did_not_sign_gives_the_page_of_the_offset(token: str, sort: str) -> None:
    first = index.find(IndexQuery(sort="name", limit=3))
    for each in (token, f"{token}:{first.last.rpartition(':')[2]}", first.last):
        assert ids(sort=sort, limit=3, after=each) == ids(sort=sort, limit=3)


@pytest.mark.usefixtures("_thirty")
def test_a_search_may_be_sorted_too() -> None:
    assert ids("lee3", sort="city") == [10, 3, 17]
    assert ids("lee3", sort="-city") == [17, 3, 10]
    assert _by_tokens("city", search="lee")[0] == ids("lee", sort="city")


@pytest.mark.parametrize("few", [0, 10_000])
@pytest.mark.parametrize("chosen", [{}, {"opt_in_status": "subscribed"}])
@pytest.mark.parametrize("sort", ["name", "-name", "city", "-created", "may", "-contact_id"])
@pytest.mark.usefixtures("_thirty")
def test_a_search_is_sorted_alike_from_its_text_and_along_the_order(
    sort: str,
    chosen: dict[str, str],
    few: int,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = ids("lee", sort=sort, filters=chosen)
    request.getfixturevalue("far")
    monkeypatch.setattr(conditions, "_SORTED_MAX", few)
    for module in (conditions, search):
        monkeypatch.setattr(module, "RANKED_MAX", 5)
    with CaptureQueriesContext(connection) as asked:
        assert ids("lee", sort=sort, filters=chosen) == plain
    if connection.vendor == "sqlite":
        pages = [each["sql"] for each in asked if "ORDER BY" in each["sql"]]
        assert ["MATCH" in sql for sql in pages] == [few > 0] * len(pages)
    for offset in range(0, len(plain), 3):
        page = ids("lee", sort=sort, filters=chosen, limit=3, offset=offset)
        assert page == plain[offset : offset + 3]
    assert _by_tokens(sort, search="lee", filters=chosen) == (plain, plain)


@pytest.mark.usefixtures("_thirty")
def test_a_page_by_token_tells_whether_more_follow() -> None:
    first = index.find(IndexQuery(sort="number", limit=15))
    assert first.more is None
    second = index.find(IndexQuery(sort="number", limit=15, offset=15, after=first.last))
    assert second.more is False
    assert index.find(IndexQuery(sort="number", limit=15, before=second.first)).more is True
    # Wherever the page is said to be: half of those before it are gone.
    for each in first.found:
        index.remove(each.contact.contact_id)
    page = index.find(IndexQuery(sort="number", limit=10, offset=15, after=first.last))
    assert (len(page.found), page.more) == (10, True)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("sort", ["city", "-city", "name", "-name"])
@pytest.mark.usefixtures("_thirty", "far")
def test_a_far_page_skips_no_contact_that_was_added_since_the_marks_were_made(
    sort: str, kept: bool
) -> None:
    chosen = {"opt_in_status": "subscribed"}
    if kept:
        index.refresh_marks()
    ids(sort=sort, limit=3, offset=10, filters=chosen)
    for key, city in ((98, "Aaa"), (99, "Zzz")):
        store(person(key, f"{city} {city}", city=city, opt_in_status="subscribed"))
    everyone = ids(sort=sort, filters=chosen)
    for offset in range(3, 20):
        page = ids(sort=sort, limit=3, offset=offset, filters=chosen)
        at = everyone.index(page[0])
        assert page == everyone[at:][:3]
        assert abs(at - offset) < 3
