from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_ui.integrations.cloudcontactai_parsing import parse_do_not_text
from contacts_ui.integrations.coerce import BadShape
from contacts_ui.integrations.slicktext_parsing import parse_brand, parse_contact, parse_page
from contacts_ui.integrations.types import Brand, Contact, DoNotText, OptInStatus

from .people import NUMBER, marty, page

KEYS = st.sampled_from(["data", "contact_id", "brand_id", "doNotText", "pagingData", "zip", "x"])
TEXTS = st.text("0179-:T+Zabn\0 \ud83d", max_size=20) | st.sampled_from(["null", "true", NUMBER])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def test_the_contact_of_the_vendors_page() -> None:
    assert parse_contact(marty()) == Contact(
        contact_id=7778,
        brand_id=123456789,
        first_name="Marty",
        last_name="McFly",
        mobile_number=NUMBER,
        email="marty@slicktext.com",
        birthdate=date(1968, 6, 12),
        address="9303 Lyon Drive",
        city="Hill Valley",
        state="CA",
        zip="95420",
        country="US",
        source="api",
        custom_fields={"member": 1, "member_number": 12345},
        timezone="America/Los_Angeles",
        language="en",
        opt_in_status="subscribed",
        created=datetime(1955, 11, 12, 6, 38, tzinfo=UTC),
        last_updated=datetime(2015, 10, 15, 7, 28, tzinfo=UTC),
    )


def test_a_contact_of_which_only_the_id_is_known() -> None:
    contact = parse_contact({"contact_id": "7778"})
    assert contact == Contact(contact_id=7778)
    assert (contact.name, contact.number, contact.textable) == ("", None, False)


def test_numbers_as_text_and_text_as_numbers() -> None:
    raw = marty(contact_id="7778", _brand_id="5", mobile_number=16155553338, zip="95420", city=42)
    contact = parse_contact(raw)
    assert (contact.contact_id, contact.brand_id, contact.zip) == (7778, 5, "95420")
    assert (contact.number, contact.city) == (NUMBER, "42")


def test_every_null_in_words_is_none() -> None:
    raw: dict[str, Any] = {**dict.fromkeys(marty(), "null"), "contact_id": 7778}
    assert parse_contact(raw) == Contact(contact_id=7778)


def test_unknown_fields_are_kept() -> None:
    raw = marty(force_double_opt_in="true", lifetime={"value": 3})
    assert parse_contact(raw).extra == {"force_double_opt_in": "true", "lifetime": {"value": 3}}


@pytest.mark.parametrize(
    "field", ["birthdate", "created", "last_updated", "last_opt_in_status_change"]
)
def test_a_bad_date_is_none_and_kept_as_it_came(field: str) -> None:
    contact = parse_contact(marty(**{field: "0000-00-00"}))
    assert getattr(contact, field) is None
    assert contact.extra == {field: "0000-00-00"}


@pytest.mark.parametrize("field", ["first_name", "email", "zip", "opt_in_status", "_brand_id"])
def test_an_object_where_text_belongs_is_kept_and_spoils_nothing_else(field: str) -> None:
    contact = parse_contact(marty(**{field: {"a": 1}}))
    assert contact.extra == {field: {"a": 1}}
    assert contact.number == NUMBER
    if field == "opt_in_status":
        assert not contact.textable


@pytest.mark.parametrize(
    ("raw", "custom_fields", "extra"),
    [
        (None, {}, {}),
        ("null", {}, {}),
        ("", {}, {}),
        ([], {}, {}),
        ({}, {}, {}),
        ({"member": 1}, {"member": 1}, {}),
        ({"bio": "a\0b"}, {"bio": "ab"}, {}),
        ([{"name": "member"}], {}, {"custom_fields": [{"name": "member"}]}),
        ("member=1", {}, {"custom_fields": "member=1"}),
    ],
)
def test_custom_fields(raw: Any, custom_fields: dict[str, Any], extra: dict[str, Any]) -> None:
    contact = parse_contact(marty(custom_fields=raw))
    assert contact.custom_fields == custom_fields
    assert contact.extra == extra


@pytest.mark.parametrize(
    ("status", "textable"),
    [
        (OptInStatus.SUBSCRIBED, True),
        (OptInStatus.UNSUBSCRIBED, False),
        (OptInStatus.NOT_SUBSCRIBED, False),
        (OptInStatus.BLOCKED, False),
        ("Subscribed", False),
        (" subscribed", False),
        ("pending", False),
        ("Pending Subscription", False),
        (None, False),
        (1, False),
        (True, False),
    ],
)
def test_only_exactly_subscribed_is_textable(status: Any, textable: bool) -> None:
    assert parse_contact(marty(opt_in_status=status)).textable is textable


def test_an_unknown_status_survives() -> None:
    contact = parse_contact(marty(opt_in_status="Pending Subscription"))
    assert contact.opt_in_status == "Pending Subscription"


@pytest.mark.parametrize("wrap", [lambda c: {"data": c}, lambda c: {"data": [c]}, lambda c: [c]])
def test_a_wrapped_contact_is_unwrapped(wrap: Any) -> None:
    assert parse_contact(wrap(marty())).contact_id == 7778


def test_a_contact_with_a_field_called_data_is_not_unwrapped() -> None:
    assert parse_contact(marty(data="x")).extra == {"data": "x"}


MALFORMED = [
    None,
    "x",
    7778,
    [],
    {},
    {"first_name": "Marty"},
    {"contact_id": None},
    {"contact_id": "abc"},
    {"contact_id": 0},
    {"contact_id": -1},
    {"contact_id": True},
    {"contact_id": 7778, "mobile_number": {"n": NUMBER}},
    {"contact_id": 7778, "mobile_number": [NUMBER]},
]


@pytest.mark.parametrize("raw", MALFORMED)
def test_a_malformed_contact(raw: Any) -> None:
    with pytest.raises(BadShape) as raised:
        parse_contact(raw)
    assert NUMBER not in str(raised.value)


@pytest.mark.parametrize("raw", MALFORMED)
def test_one_malformed_row_does_not_hide_the_others(raw: Any) -> None:
    rows = [marty(contact_id=number) for number in range(1, 50)]
    read = parse_page(page(*rows[:7], raw, *rows[7:]), 100)
    assert [contact.contact_id for contact in read.contacts] == list(range(1, 50))
    (malformed,) = read.malformed
    assert malformed.position == 7
    assert (read.offset, read.received) == (100, 50)


def test_a_malformed_row_is_reported_with_its_id_if_it_has_one() -> None:
    (malformed,) = parse_page(page(marty(mobile_number=[])), 0).malformed
    assert malformed.contact_id == 7778
    assert malformed.problem == "mobile_number: text expected, not a list"


@pytest.mark.parametrize(
    ("said", "has_more"),
    [
        (True, True),
        ("true", True),
        (1, True),
        (False, False),
        ("false", False),
        (0, False),
        (None, True),
    ],
)
def test_has_more(said: Any, has_more: bool) -> None:
    assert parse_page(page(marty(), has_more=said), 0).has_more is has_more


def test_an_empty_page_is_the_last_whatever_it_says() -> None:
    assert parse_page(page(has_more=True), 0).has_more is False


@pytest.mark.parametrize(
    "raw",
    [
        [marty()],
        {"data": [marty()]},
        {"data": [marty()], "pagingData": None},
        {"data": [marty()], "pagingData": []},
        {"data": [marty()], "pagingData": "x"},
        {"data": {"data": [marty()]}},
    ],
)
def test_without_paging_data_only_an_empty_page_proves_the_end(raw: Any) -> None:
    read = parse_page(raw, 0)
    assert (read.received, read.has_more) == (1, True)


def test_paging_data_within_and_around_an_envelope() -> None:
    assert parse_page({"data": page(marty(), has_more=False)}, 0).has_more is False
    around = {"data": {"data": [marty()]}, "pagingData": {"hasMore": False}}
    assert parse_page(around, 0).has_more is False


@pytest.mark.parametrize("raw", [{"data": None}, {"data": []}, []])
def test_a_contact_without_data(raw: Any) -> None:
    read = parse_page(raw, 0)
    assert (read.contacts, read.received, read.has_more) == ((), 0, False)


@pytest.mark.parametrize("raw", [None, "x", 1, {}, {"message": "x"}, {"data": "x"}, marty()])
def test_no_list_of_contacts(raw: Any) -> None:
    with pytest.raises(BadShape):
        parse_page(raw, 0)


ACME = {"brand_id": 26136, "name": "Acme", "plan": "pro"}


@pytest.mark.parametrize(
    "raw",
    [
        ACME,
        [ACME],
        {"data": ACME},
        {"data": [ACME]},
        {**ACME, "brand_id": "26136"},
        [{"brand_id": 1, "name": "Other"}, ACME],
    ],
)
def test_brand(raw: Any) -> None:
    assert parse_brand(raw, "26136") == Brand(26136, "Acme", {"plan": "pro"})


@pytest.mark.parametrize("raw", [None, [], {}, {"name": "Acme"}, "x", {"brand_id": "b26136"}])
def test_no_brand(raw: Any) -> None:
    with pytest.raises(BadShape):
        parse_brand(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"contactId": "c1", "phone": NUMBER, "doNotText": True}, DoNotText("c1", NUMBER, True)),
        ({"data": {"contactId": 5, "doNotText": "false"}}, DoNotText("5", None, False)),
        ({"contactId": "null", "phone": "", "doNotText": 1}, DoNotText(None, None, True)),
    ],
)
def test_do_not_text(raw: Any, expected: DoNotText) -> None:
    assert parse_do_not_text(raw) == expected


@pytest.mark.parametrize("raw", [None, {}, [], {"doNotText": None}, {"doNotText": "perhaps"}, "ok"])
def test_no_do_not_text(raw: Any) -> None:
    with pytest.raises(BadShape):
        parse_do_not_text(raw)


@settings(max_examples=200, database=None)
@given(JSON)
def test_no_json_breaks_the_parsers(raw: Any) -> None:
    for parse in (parse_contact, lambda r: parse_page(r, 0), parse_brand, parse_do_not_text):
        try:
            parse(raw)
        except BadShape:
            continue


@settings(max_examples=60, database=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(marty(), JSON)))
def test_no_value_breaks_a_contact(row: dict[str, Any]) -> None:
    contact = parse_contact({**row, "contact_id": 1, "mobile_number": NUMBER})
    assert contact.contact_id == 1
    assert contact.textable is (row.get("opt_in_status") == "subscribed")
