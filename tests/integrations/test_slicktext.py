import json
from datetime import date
from typing import Any

import pytest
import requests
import responses
from responses import matchers

from contacts_ui.integrations import errors, slicktext
from contacts_ui.integrations.call_policy import WRITE, Priority
from contacts_ui.integrations.http import Connection

from .people import CONTACTS, KEY, NUMBER, OTHER_NUMBER, THRICE, FakeBudget, marty, page

MARTY = f"{CONTACTS}/7778"
MARTY_BY_NUMBER = f"{CONTACTS}/%2B16155553338"
NEW = {"mobile_number": NUMBER, "first_name": "Marty"}

LOST = {
    "no answer": {"body": requests.ReadTimeout()},
    "dropped": {"body": requests.ConnectionError()},
    "HTML": {"body": "<html>"},
    "nothing": {"body": "", "status": 201},
    "another shape": {"json": {"ok": True}},
    "somebody else": {"json": marty(mobile_number=OTHER_NUMBER)},
    "redirect": {"status": 302},
    "server trouble": {"status": 502},
    "gateway timeout": {"status": 504, "body": "<html>"},
}


def sent(mocked: responses.RequestsMock, index: int = 0) -> Any:
    return json.loads(mocked.calls[index].request.body or "null")


def methods(mocked: responses.RequestsMock) -> list[str | None]:
    return [call.request.method for call in mocked.calls]


# connect


@pytest.mark.parametrize("brand_id", ["b26136", "26136", " B26136 "])
def test_the_path_wants_the_digits_of_the_brand(brand_id: str, budget: FakeBudget) -> None:
    conn = slicktext.connect("http://slick.test", KEY, brand_id, budget)
    assert (conn.account, conn.base_url) == ("26136", "http://slick.test/v1")


# list


def test_list_works(slick: Connection, mocked: responses.RequestsMock) -> None:
    query = {"limit": "20", "offset": "40", "opt_in_status": "subscribed"}
    mocked.get(
        CONTACTS, json=page(marty(), has_more=True), match=[matchers.query_param_matcher(query)]
    )
    found = slicktext.list_contacts(
        slick, limit=20, offset=40, filters={"opt_in_status": "subscribed"}
    )
    assert [contact.name for contact in found.contacts] == ["Marty McFly"]
    assert (found.has_more, found.offset, found.received) == (True, 40, 1)


def test_a_filter_never_overrides_the_paging(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(
        CONTACTS, json=page(), match=[matchers.query_param_matcher({"limit": "50", "offset": "0"})]
    )
    slicktext.list_contacts(slick, filters={"limit": "9", "offset": "9"})


def test_a_list_in_another_shape_is_unreadable_with_the_vendors_words(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(CONTACTS, json={"error": "No such brand"})
    with pytest.raises(errors.Unreadable) as raised:
        slicktext.list_contacts(slick)
    assert raised.value.words == "No such brand"
    assert raised.value.log["problem"] == "a list of rows expected, not an object"
    assert raised.value.outcome_unknown is False


def test_a_list_that_is_not_there_says_nothing_about_anybody(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(CONTACTS, json={"message": "not found"}, status=404)
    with pytest.raises(errors.Unreadable):
        slicktext.find_contact(slick, NUMBER)


# read


def test_read_works(slick: Connection, mocked: responses.RequestsMock) -> None:
    mocked.get(MARTY, json={"data": marty()})
    assert slicktext.get_contact(slick, 7778).city == "Hill Valley"


def test_an_answer_about_another_person_is_unreadable(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(MARTY, json=marty(contact_id=7779))
    with pytest.raises(errors.Unreadable):
        slicktext.get_contact(slick, 7778)


def test_an_unknown_id(slick: Connection, mocked: responses.RequestsMock) -> None:
    mocked.get(MARTY, status=404, json={"message": "Contact not found"})
    with pytest.raises(errors.NotFound):
        slicktext.get_contact(slick, 7778)


# find


@pytest.mark.parametrize("number", [NUMBER, "(615) 555-3338", "6155553338"])
def test_find_works_in_any_spelling(
    number: str, slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(
        CONTACTS,
        json=page(marty()),
        match=[matchers.query_param_matcher({"mobile_number": NUMBER}, strict_match=False)],
    )
    contact = slicktext.find_contact(slick, number)
    assert contact.contact_id == 7778


@pytest.mark.parametrize("found", [page(), page(marty(mobile_number=OTHER_NUMBER))])
def test_an_unknown_number_and_another_person(
    found: Any, slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(CONTACTS, json=found)
    assert slicktext.find_contact(slick, NUMBER) is None


def test_the_person_is_found_even_if_the_filter_is_ignored(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    rows = page(marty(contact_id=1, mobile_number=OTHER_NUMBER), marty(), has_more=True)
    mocked.get(CONTACTS, json=rows)
    contact = slicktext.find_contact(slick, NUMBER)
    assert contact.contact_id == 7778


@pytest.mark.parametrize(
    "rows",
    [
        page(marty(mobile_number=OTHER_NUMBER), has_more=True),
        {"data": [marty(mobile_number=OTHER_NUMBER)]},
        page(marty(mobile_number=[])),
    ],
)
def test_not_found_is_not_claimed_when_it_proves_nothing(
    rows: Any, slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(CONTACTS, json=rows)
    with pytest.raises(errors.Unreadable):
        slicktext.find_contact(slick, NUMBER)


# create


@pytest.mark.parametrize("status", [200, 201])
def test_create_works(status: int, slick: Connection, mocked: responses.RequestsMock) -> None:
    mocked.post(CONTACTS, status=status, json=marty(force_double_opt_in="true"))
    created = slicktext.create_contact(slick, {**NEW, "birthdate": date(1968, 6, 12)})
    assert created.by_lookup is False
    assert created.contact.extra == {"force_double_opt_in": "true"}
    assert sent(mocked) == {**NEW, "birthdate": "1968-06-12"}


def test_the_number_is_taken(slick: Connection, mocked: responses.RequestsMock) -> None:
    mocked.post(CONTACTS, status=422, json={"message": f"mobile number {NUMBER} already exists"})
    with pytest.raises(errors.NumberExists) as raised:
        slicktext.create_contact(slick, NEW)
    assert raised.value.words == "mobile number +1*******338 already exists"
    assert methods(mocked) == ["POST"]


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_create_whose_answer_is_lost_is_settled_by_looking(
    lost: dict[str, Any], slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.post(CONTACTS, **lost)
    mocked.get(CONTACTS, json=page())
    mocked.get(CONTACTS, json=page(marty()))
    created = slicktext.create_contact(slick, NEW, policy=THRICE)
    assert created.by_lookup is True
    assert created.contact.contact_id == 7778
    assert methods(mocked) == ["POST", "GET", "GET"]


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_create_that_cannot_be_settled_stays_unknown_and_is_not_sent_again(
    lost: dict[str, Any], slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.post(CONTACTS, **lost)
    mocked.get(CONTACTS, json=page())
    with pytest.raises(errors.VendorError) as raised:
        slicktext.create_contact(slick, NEW, policy=THRICE)
    assert raised.value.outcome_unknown is True
    assert raised.value.log["endpoint"] == "contacts.create"
    assert methods(mocked) == ["POST", "GET", "GET", "GET"]


def test_a_look_up_that_fails_leaves_the_create_unknown(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.post(CONTACTS, body=requests.ReadTimeout())
    mocked.get(CONTACTS, status=401)
    with pytest.raises(errors.NoAnswer) as raised:
        slicktext.create_contact(slick, NEW)
    assert raised.value.outcome_unknown is True
    assert methods(mocked).count("POST") == 1


def test_another_person_does_not_settle_a_create(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.post(CONTACTS, body=requests.ReadTimeout())
    mocked.get(CONTACTS, json=page(marty(mobile_number=OTHER_NUMBER)))
    with pytest.raises(errors.NoAnswer):
        slicktext.create_contact(slick, NEW)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429])
def test_a_create_that_was_refused_is_not_looked_up(
    status: int, slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.post(CONTACTS, status=status)
    with pytest.raises(errors.VendorError) as raised:
        slicktext.create_contact(slick, NEW)
    assert raised.value.outcome_unknown is False
    assert methods(mocked) == ["POST"]


@pytest.mark.parametrize("shown", ["16155553338", 16155553338, "(615) 555-3338"])
def test_the_number_may_come_back_in_another_spelling(
    shown: Any, slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.post(CONTACTS, json=marty(mobile_number=shown))
    created = slicktext.create_contact(slick, {"mobile_number": "615.555.3338"})
    assert (created.by_lookup, created.contact.number) == (False, NUMBER)


def test_the_lookup_is_shorter_than_the_call_and_keeps_its_priority() -> None:
    policy = slicktext._short(WRITE)
    assert (policy.attempts, policy.priority) == (1, Priority.PERSON)
    assert policy.total_timeout < WRITE.total_timeout / 3


# edit


def test_edit_works(slick: Connection, mocked: responses.RequestsMock) -> None:
    mocked.put(MARTY, json=marty(city="Hill Town"))
    changes = {"city": "Hill Town", "email": None, "birthdate": date(1968, 6, 12)}
    assert slicktext.edit_contact(slick, 7778, changes).city == "Hill Town"
    assert sent(mocked) == {"city": "Hill Town", "email": None, "birthdate": "1968-06-12"}


def test_edit_by_number(slick: Connection, mocked: responses.RequestsMock) -> None:
    mocked.put(MARTY_BY_NUMBER, json=marty(opt_in_status="unsubscribed"))
    contact = slicktext.edit_contact(slick, NUMBER, {"opt_in_status": "unsubscribed"})
    assert contact.textable is False
    assert mocked.calls[0].request.url == MARTY_BY_NUMBER


@pytest.mark.parametrize(
    ("who", "reply"),
    [
        (7778, marty(contact_id=7779)),
        (NUMBER, marty(mobile_number=OTHER_NUMBER)),
        (NUMBER, marty(mobile_number=None)),
        (7778, [marty(), marty()]),
        (7778, []),
        (7778, None),
    ],
)
def test_an_edit_that_confirms_something_else_is_unknown(
    who: int | str, reply: Any, slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(MARTY if who == 7778 else MARTY_BY_NUMBER, json=reply)
    with pytest.raises(errors.Unreadable) as raised:
        slicktext.edit_contact(slick, who, {"city": "x"})
    assert raised.value.outcome_unknown is True


def test_a_contact_whose_number_changes_is_still_the_same_person(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(MARTY_BY_NUMBER, json=marty(mobile_number=OTHER_NUMBER))
    contact = slicktext.edit_contact(slick, NUMBER, {"mobile_number": OTHER_NUMBER})
    assert contact.number == OTHER_NUMBER


def test_the_state_that_the_vendor_shows_is_returned_even_if_it_is_not_what_was_asked(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(MARTY, json=marty(opt_in_status="subscribed"))
    contact = slicktext.edit_contact(slick, 7778, {"opt_in_status": "unsubscribed"})
    assert contact.opt_in_status == "subscribed"


def test_a_stop_is_repeated_but_a_start_is_not(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(MARTY, status=500)
    for status in ("unsubscribed", "subscribed"):
        with pytest.raises(errors.ServerError):
            slicktext.edit_contact(slick, 7778, {"opt_in_status": status}, policy=THRICE)
    statuses = [sent(mocked, index)["opt_in_status"] for index in range(len(mocked.calls))]
    assert statuses == ["unsubscribed"] * 3 + ["subscribed"]


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        ({"member": 2}, {"member": 2}),
        ({"member": "2"}, {"member": 2}),
        ({"member": True}, {"member": "true"}),
        ({"member": None}, {"member": ""}),
        ({}, {"member": None}),
        ({"tags": ["a"]}, {"tags": ["a"]}),
    ],
)
def test_custom_fields_that_were_applied_are_sent_once(
    shown: Any, wanted: Any, slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(MARTY, json=marty(custom_fields=shown))
    slicktext.edit_contact(slick, 7778, {"custom_fields": wanted, "city": "x"})
    assert sent(mocked) == {"custom_fields": wanted, "city": "x"}
    assert len(mocked.calls) == 1


@pytest.mark.parametrize("shown", [{"member": 1}, {}, None, []])
def test_custom_fields_that_were_not_applied_are_sent_once_more_flat(
    shown: Any, slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(MARTY_BY_NUMBER, json=marty(custom_fields=shown))
    mocked.put(MARTY, json=marty(custom_fields={"member": 2}))
    contact = slicktext.edit_contact(slick, NUMBER, {"custom_fields": {"member": 2}, "city": "x"})
    assert contact.custom_fields == {"member": 2}
    assert sent(mocked, 1) == {"member": 2}


def test_custom_fields_are_sent_flat_no_more_than_once(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(MARTY, json=marty(custom_fields={}))
    contact = slicktext.edit_contact(slick, 7778, {"custom_fields": {"member": 2}})
    assert contact.custom_fields == {}
    assert len(mocked.calls) == 2


def test_a_custom_field_called_like_a_field_never_overwrites_it(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(MARTY, json=marty(custom_fields={}))
    slicktext.edit_contact(slick, 7778, {"custom_fields": {"email": "x", "mobile_number": "y"}})
    assert len(mocked.calls) == 1


def test_a_reply_without_custom_fields_proves_nothing(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    reply = marty()
    del reply["custom_fields"]
    mocked.put(MARTY, json=reply)
    slicktext.edit_contact(slick, 7778, {"custom_fields": {"member": 2}})
    assert len(mocked.calls) == 1


def test_flat_custom_fields_that_are_refused_leave_what_was_saved(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.put(MARTY, json=marty(custom_fields={}, city="x"))
    mocked.put(MARTY, status=422, json={"message": "unknown field member"})
    changes = {"custom_fields": {"member": 2}, "city": "x"}
    contact = slicktext.edit_contact(slick, 7778, changes)
    assert (contact.city, contact.custom_fields) == ("x", {})


# delete


@pytest.mark.parametrize(
    "reply", [{"json": []}, {"json": {}}, {"status": 204}, {"body": ""}, {"json": None}]
)
def test_delete_works(
    reply: dict[str, Any], slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.delete(MARTY, **reply)
    slicktext.delete_contact(slick, 7778)
    assert methods(mocked) == ["DELETE"]


def test_a_contact_that_was_gone_before_is_not_found(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.delete(MARTY, status=404)
    with pytest.raises(errors.NotFound):
        slicktext.delete_contact(slick, 7778)
    assert len(mocked.calls) == 1


@pytest.mark.parametrize("second", [{"status": 404}, {"json": []}])
def test_a_delete_whose_answer_is_lost_is_done_when_a_second_one_says_so(
    second: dict[str, Any], slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.delete(MARTY, body=requests.ReadTimeout())
    mocked.delete(MARTY, **second)
    slicktext.delete_contact(slick, 7778, policy=THRICE)
    assert len(mocked.calls) == 2


@pytest.mark.parametrize("second", [{"status": 503}, {"status": 401}, {"body": OSError()}])
def test_a_delete_that_cannot_be_settled_stays_unknown(
    second: dict[str, Any], slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.delete(MARTY, body=requests.ReadTimeout())
    mocked.delete(MARTY, **second)
    with pytest.raises(errors.NoAnswer) as raised:
        slicktext.delete_contact(slick, 7778)
    assert raised.value.outcome_unknown is True
    assert len(mocked.calls) == 2


# brand


def test_brand_works(slick: Connection, mocked: responses.RequestsMock) -> None:
    brands = [{"brand_id": 1, "name": "Other"}, {"brand_id": "26136", "name": "Acme"}]
    mocked.get("http://slick.test/v1/brands", json={"data": brands})
    brand = slicktext.get_brand(slick)
    assert (brand.brand_id, brand.name) == (26136, "Acme")


@pytest.mark.parametrize("status", [401, 403])
def test_bad_credentials(status: int, slick: Connection, mocked: responses.RequestsMock) -> None:
    mocked.get("http://slick.test/v1/brands", status=status, json={"error": "Unauthorized"})
    with pytest.raises(errors.BadCredentials):
        slicktext.get_brand(slick)
    assert len(mocked.calls) == 1
