"""Every order, both ways, empties last; any page from any side; tokens that skip nobody."""

from datetime import timedelta
from typing import Any

import pytest

from contacts_ui.services import index
from contacts_ui.services.index import IndexQuestion, matching, ordering

from .people import NOW, ids, learn, person

pytestmark = pytest.mark.django_db

CITIES = ["austin", "Boston", "Zürich", "Ávila", ""]


@pytest.fixture
def _thirty() -> None:
    learn(
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
    """By the value of each id; whoever has none comes last."""
    filled = sorted((value(key), key) for key in range(1, 31) if value(key))
    empty = [key for key in range(1, 31) if not value(key)]
    if descending:
        return [key for _, key in filled[::-1]] + empty[::-1]
    return [key for _, key in filled] + empty


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("city", lambda key: index.fold(CITIES[key % 5])),
        ("name", lambda key: f"lee{key % 7} ann{key % 4}" if key % 6 else ""),
        ("created", lambda key: str(NOW + timedelta(days=key % 9)) if key % 8 else ""),
        ("contact_id", lambda key: key),
    ],
)
@pytest.mark.usefixtures("_thirty")
def test_sorted_both_ways_with_empties_last(sort: str, value: Any, descending: bool) -> None:
    sort, expected = f"{'-' * descending}{sort}", _expected(value, descending)
    assert ids(sort=sort) == expected
    assert list(index.everybody_ids(IndexQuestion(sort=sort))) == expected
    assert [key for at in range(0, 32, 4) for key in ids(sort=sort, limit=4, offset=at)] == expected
    assert _by_tokens(sort) == (expected, expected)


def _by_tokens(sort: str, **question: Any) -> tuple[list[int], list[int]]:
    """Through all pages by `after`, and back again by `before`."""
    there: list[int] = []
    page = index.find(IndexQuestion(sort=sort, limit=4, **question))
    while page.found:
        there += [each.contact.contact_id for each in page.found]
        end = page
        page = index.find(IndexQuestion(sort=sort, limit=4, after=page.last, **question))
    back = [each.contact.contact_id for each in end.found]
    page = index.find(IndexQuestion(sort=sort, limit=4, before=end.first, **question))
    while page.found:
        back = [each.contact.contact_id for each in page.found] + back
        page = index.find(IndexQuestion(sort=sort, limit=4, before=page.first, **question))
    return there, back


@pytest.mark.parametrize("sort", [*index.SORTS, *(f"-{sort}" for sort in index.SORTS)])
@pytest.mark.usefixtures("_thirty")
def test_every_page_of_every_order_is_the_same_from_anchors_and_from_the_end(
    sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ids(sort=sort)
    filtered = ids(sort=sort, filters={"state": "tx"})
    assert sorted(plain) == list(range(1, 31))
    assert sorted(filtered) == list(range(1, 31, 2))
    monkeypatch.setattr(ordering, "STEP", 4)
    monkeypatch.setattr(ordering, "NEAR", 2)
    index.rebuild_anchors()
    for offset in range(30):
        assert ids(sort=sort, limit=3, offset=offset) == plain[offset : offset + 3]
        page = ids(sort=sort, limit=3, offset=offset, filters={"state": "tx"})
        assert page == filtered[offset : offset + 3]


@pytest.fixture
def skipped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each walk passes over before the first that it wants."""
    many: list[int] = []
    part = ordering._part

    def noted(*given: Any) -> Any:
        many.append(given[4])
        return part(*given)

    monkeypatch.setattr(ordering, "_part", noted)
    return many


@pytest.mark.usefixtures("_thirty")
def test_a_far_page_begins_at_an_anchor(
    skipped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "STEP", 4)
    monkeypatch.setattr(ordering, "NEAR", 2)
    index.rebuild_anchors()
    skipped.clear()
    ids(sort="name", limit=3, offset=19)
    ids(sort="-name", limit=3, offset=19)
    assert max(skipped) < 4


@pytest.mark.usefixtures("_thirty")
def test_tokens_skip_nobody_when_somebody_comes_in_before() -> None:
    first = index.find(IndexQuestion(sort="city", limit=10))
    learn(person(99, "New", city="Aaa"))
    second = ids(sort="city", limit=10, after=first.last)
    assert second == ids(sort="city", limit=10, offset=11)


@pytest.mark.parametrize("token", ["x", "!!", "WyJjaXR5Iiw1LDVd", "W10", "bnVsbA"])
@pytest.mark.usefixtures("_thirty")
def test_a_token_that_is_none_is_the_page_of_the_offset(token: str) -> None:
    assert ids(sort="city", limit=3, after=token) == ids(sort="city", limit=3)


@pytest.mark.usefixtures("_thirty")
def test_a_search_may_be_sorted_too() -> None:
    assert ids("lee3", sort="city") == [10, 3, 17]
    assert ids("lee3", sort="-city") == [17, 3, 10]
    assert _by_tokens("city", search="lee")[0] == ids("lee", sort="city")


@pytest.mark.usefixtures("_thirty")
def test_beside_a_page_it_is_known_whether_somebody_follows() -> None:
    first = index.find(IndexQuestion(sort="number", limit=15))
    assert first.more is None
    second = index.find(IndexQuestion(sort="number", limit=15, offset=15, after=first.last))
    assert second.more is False
    assert index.find(IndexQuestion(sort="number", limit=15, before=second.first)).more is True
    # Wherever the page is said to be: half of those in front went meanwhile.
    for each in first.found:
        index.forget(each.contact.contact_id)
    page = index.find(IndexQuestion(sort="number", limit=10, offset=15, after=first.last))
    assert (len(page.found), page.more) == (10, True)


@pytest.mark.parametrize("sort", [*index.SORTS, *(f"-{sort}" for sort in index.SORTS)])
@pytest.mark.usefixtures("_thirty")
def test_a_far_page_of_one_status_begins_at_an_anchor_of_its_own(
    sort: str, skipped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {"opt_in_status": "subscribed"}
    everybody = ids(sort=sort, filters=chosen)
    assert sorted(everybody) == [key for key in range(1, 31) if key % 3]
    for name, value in (("STEP", 4), ("STATUS_STEP", 3), ("NEAR", 2)):
        monkeypatch.setattr(ordering, name, value)
    monkeypatch.setattr(matching, "COUNTED", 5)
    index.rebuild_anchors()
    skipped.clear()
    for offset in range(22):
        assert ids(sort=sort, limit=3, offset=offset, filters=chosen) == everybody[offset:][:3]
    if sort in ("number", "-number"):
        # Whatever the offset, but for the few at the end that walk from there.
        assert sorted(skipped)[len(skipped) // 2] < 4
    chosen = {"city": "austin"}
    for offset in range(8):
        page = ids(sort=sort, limit=3, offset=offset, filters=chosen)
        assert page == ids(sort=sort, filters=chosen)[offset:][:3]


@pytest.mark.parametrize("sort", ["city", "-city", "name", "-name"])
@pytest.mark.usefixtures("_thirty")
def test_a_far_page_skips_nobody_who_came_since_the_marks_were_set(
    sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {"opt_in_status": "subscribed"}
    for name, value in (("STEP", 4), ("STATUS_STEP", 3), ("NEAR", 2)):
        monkeypatch.setattr(ordering, name, value)
    monkeypatch.setattr(matching, "COUNTED", 5)
    index.rebuild_anchors()
    for key, city in ((98, "Aaa"), (99, "Zzz")):
        learn(person(key, f"{city} {city}", city=city, opt_in_status="subscribed"))
    everybody = ids(sort=sort, filters=chosen)
    for offset in range(3, 20):
        page = ids(sort=sort, limit=3, offset=offset, filters=chosen)
        at = everybody.index(page[0])
        assert page == everybody[at:][:3]
        assert abs(at - offset) < 3
