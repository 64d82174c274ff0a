"""The query language: key:value words next to free text, and messages about those not understood."""

import pytest

from contacts_ui.services import index
from contacts_ui.services.index import IndexQuery

from .people import ids, person, store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _people() -> None:
    austin = {"city": "Austin", "state": "TX", "zip": "78701", "country": "US", "source": "import"}
    store(
        person(1, "Marty McFly", "+16155553338", opt_in_status="unsubscribed", **austin),
        person(2, "Marty Jones", "+15125550100", opt_in_status="subscribed", **austin),
        person(3, "Ana María Núñez", "+12125550177", city="New York", email="Ana+x@Example.com"),
        person(
            4,
            "Lee",
            "+13125550199",
            opt_in_status="not subscribed",
            language="es",
            timezone="America/Chicago",
            custom_fields={"loyalty_tier": "Gold", "member": 0, "note": "silver or gold"},
        ),
    )


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("status:unsubscribed city:austin marty", [1]),
        ("city:AUSTIN", [1, 2]),
        ('city:"new york"', [3]),
        ("city:“New York”", [3]),
        ("city:york", []),
        ('status:"Not Subscribed"', [4]),
        ("status:not_subscribed", [4]),
        ("state:tx zip:78701 country:us source:Import", [1, 2]),
        ("language:es timezone:america/chicago", [4]),
        ("first:marty last:jones", [2]),
        ("last:nunez", []),
        ('last:"maría nuñez"', [3]),
        ("name:mart", [1, 2]),
        ("name:arty", [1, 2]),  # one typo of Marty
        ("name:rty", []),
        ("number:6155553338", [1]),
        ("number:(615)555", [1]),
        ("email:ana+x@example.com", [3]),
        ("email:example", [3]),
        ("id:4", [4]),
        ("custom.loyalty_tier:gold", [4]),
        ("loyalty_tier:GOLD", [4]),
        ("note:gold", []),
        ("member:0", [4]),
        ("marty -x:", []),
    ],
)
def test_keys_and_words_together(typed: str, expected: list[int]) -> None:
    assert ids(typed) == expected


def test_filters_ignore_capitals_and_accents() -> None:
    assert ids(filters={"opt_in_status": "Unsubscribed", "city": "AUSTIN"}) == [1]
    assert ids(filters={"last_name": "maria nunez"}) == [3]
    assert ids(filters={"email": "ANA+X@example.com"}) == [3]
    assert ids(filters={"mobile_number": "+16155553338"}) == [1]
    assert ids(filters={"contact_id": "1,3,x"}) == [1, 3]
    assert ids(filters={"loyalty_tier": "gold"}) == [4]
    assert ids("marty", filters={"opt_in_status": "subscribed"}, sort="name") == [2]


def test_an_unknown_key_is_reported_and_searched_as_text() -> None:
    page = index.find(IndexQuery(search="town:austin"))
    assert page.found == ()
    assert "town: is not a search field" in page.complaints[0]
    assert [each.contact.contact_id for each in index.find(IndexQuery(search="x:")).found] == []


def test_an_unknown_status_is_reported() -> None:
    asked = [IndexQuery("status:foo marty"), IndexQuery(filters={"opt_in_status": "foo"})]
    for question in asked:
        page = index.find(question)
        assert page.found == ()
        assert page.complaints == (
            "No contact has the status foo. Statuses are subscribed, unsubscribed,"
            ' "not subscribed", blocked.',
        )
    assert not index.find(IndexQuery("status:blocked")).complaints, (
        "known, although no contact has it"
    )
    store(person(99, "Pia Pending", opt_in_status="Pending Subscription"))
    page = index.find(IndexQuery("status:pending_subscription"))
    assert [each.contact.contact_id for each in page.found] == [99]
    assert not page.complaints, "SlickText's own, though we do not know it"


@pytest.mark.parametrize("typed", ["id:seven", "number:none", 'city:""', "custom.shoe:9"])
def test_a_bad_value_is_reported(typed: str) -> None:
    assert len(index.find(IndexQuery(search=typed)).complaints) == 1


def test_every_key_has_a_line_of_help() -> None:
    assert {"status", "city", "custom.NAME", "id"} <= set(index.KEYS)
    assert all(index.KEYS.values())


@pytest.mark.parametrize("key", ["contact_id", "id"])
def test_an_id_that_no_database_holds_matches_no_one(key: str) -> None:
    typed = IndexQuery(f"id:{'9' * 20}") if key == "id" else IndexQuery("", {key: "9" * 20})
    page = index.find(typed)
    assert page.complaints if key == "id" else not page.found


def test_words_that_were_left_out_are_reported() -> None:
    assert not index.find(IndexQuery("a b c d e f g h")).complaints
    assert "first 8 words" in index.find(IndexQuery("a b c d e f g h i")).complaints[0]
