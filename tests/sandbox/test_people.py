"""The people: the same every time, believable, and unlike one another."""

import hashlib
import re
from collections import Counter
from datetime import date

import pytest

from sandbox.people import AREA_CODES, COLUMNS, SLOTS, people
from tests.sandbox.samples import SINGLE

PEOPLE = [dict(zip(COLUMNS, row, strict=True)) for row in people(8_000, 1)]


def test_a_seed_gives_the_same_people_at_any_scale() -> None:
    few = list(people(100, 7))
    assert few == list(people(500, 7))[:100]
    assert few[1:] != list(people(100, 8))[1:]
    assert list(people(0, 7)) == []


def test_they_are_these_people() -> None:
    """Pinned: a change of the generator changes every demo and recorded test."""
    digest = hashlib.sha256(repr([list(person.values()) for person in PEOPLE[:1000]]).encode())
    assert PEOPLE[1]["mobile_number"] == "+15105554515"
    assert digest.hexdigest()[:16] == "9dc5e04fcb844b38"


def test_the_first_is_marty() -> None:
    known = {name: value for name, value in SINGLE.items() if name != "_brand_id"}
    marty = PEOPLE[0] | {"zip": 95420, "custom_fields": known["custom_fields"]}
    assert marty == known


def test_numbers_are_real_unique_and_fictional() -> None:
    numbers = [person["mobile_number"] for person in PEOPLE]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"\+1[2-9]\d\d555\d{4}", number) for number in numbers)
    assert {number[2:5] for number in numbers} <= {code for code, _ in AREA_CODES}


@pytest.mark.parametrize("seed", [1, 2])
def test_no_number_twice_where_marty_s_would_come_up(seed: int) -> None:
    from sandbox.people import MARTY_NUMBER, shuffle, slot_of

    step, start, marty = shuffle(seed)
    index = (marty - start) * pow(step, -1, SLOTS) % SLOTS
    assert slot_of(index, seed) == start
    assert start != marty
    assert MARTY_NUMBER not in {person["mobile_number"] for person in PEOPLE[1:]}


def test_there_are_only_so_many() -> None:
    with pytest.raises(ValueError, match="number of their own"):
        next(people(SLOTS + 1, 1))


def test_places_fit_their_area_codes() -> None:
    served = {code: {(p.city, p.state, p.country) for p in places} for code, places in AREA_CODES}
    for person in PEOPLE[1:]:
        place = (person["city"], person["state"], person["country"])
        assert place in served[person["mobile_number"][2:5]]


def test_there_is_some_of_everything() -> None:
    statuses = Counter(person["opt_in_status"] for person in PEOPLE)
    assert 0.67 < statuses["subscribed"] / len(PEOPLE) < 0.73
    assert set(statuses) == {"subscribed", "unsubscribed", "not subscribed", "blocked", "pending"}
    for name in ("first_name", "last_name", "email", "birthdate", "address", "timezone"):
        missing = sum(person[name] is None for person in PEOPLE)
        assert 0 < missing < len(PEOPLE) / 3, name
    names = " ".join(filter(None, (person["last_name"] for person in PEOPLE)))
    assert all(mark in names for mark in "'-éøñ")
    assert max(len(person["last_name"] or "") for person in PEOPLE) > 30


def test_times_are_in_order_and_real() -> None:
    for person in PEOPLE[1:]:
        created, changed = person["created"], person["last_opt_in_status_change"]
        updated = person["last_updated"]
        assert date.fromisoformat(created[:10]) <= date(2026, 6, 30)
        assert changed is None or created < changed <= updated
        assert updated is None or created < updated <= "2026-07-01"
        if person["opt_in_status"] in ("unsubscribed", "blocked"):
            assert changed
