"""The sandbox against the samples of the vendors' documents, field by field and type by type."""

import pytest

from sandbox.server import Running
from tests.sandbox.conftest import CONTACTS, Caller
from tests.sandbox.samples import CREATED, DO_NOT_TEXT, EDITED, LIST, SINGLE, ours

MARTY = f"{CONTACTS}/7778"
WRITABLE = set(EDITED) - {
    "contact_id", "_brand_id", "mobile_number_carrier", "source", "created", "last_updated",
    "last_opt_in_status_change",
}  # fmt: skip


def test_list_is_the_sample(server: Running, call: Caller) -> None:
    server.set_switches(generation="old")
    reply = call.slicktext("GET", f"{CONTACTS}?limit=1").json()
    assert reply == LIST | {"data": [ours(LIST["data"][0])]}
    assert list(reply["data"][0]) == list(LIST["data"][0]), "the same order of fields"


def test_single_is_the_sample(server: Running, call: Caller) -> None:
    server.set_switches(generation="old")
    reply = call.slicktext("GET", MARTY).json()
    assert reply == ours(SINGLE)
    assert list(reply) == list(SINGLE)


def test_edit_is_the_sample(server: Running, call: Caller) -> None:
    server.set_switches(generation="old")
    reply = call.slicktext("PUT", MARTY, json={"email": "mcfly@slicktext.com"}).json()
    assert reply["last_updated"] > EDITED["last_updated"]
    assert reply == ours(EDITED, contact_id=7778, last_updated=reply["last_updated"])
    assert list(reply) == list(EDITED)


def test_create_is_the_sample(server: Running, call: Caller) -> None:
    server.set_switches(generation="old")
    call.slicktext("DELETE", MARTY)
    body = {name: EDITED[name] for name in WRITABLE}
    reply = call.slicktext("POST", json=body | {"force_double_opt_in": "true"})
    made = reply.json()
    expected = ours(
        CREATED,
        contact_id=7778 + 300,
        created=made["created"],
        last_updated=None,
        opt_in_status="pending",
    )
    assert (reply.status_code, made) == (200, expected)
    assert list(made) == list(CREATED)


def test_delete_is_the_sample(call: Caller) -> None:
    reply = call.slicktext("DELETE", MARTY)
    assert (reply.status_code, reply.json()) == (200, [])


def test_new_generation_has_every_field_as_text_or_null(call: Caller) -> None:
    single = call.slicktext("GET", MARTY).json()
    listed = call.slicktext("GET", f"{CONTACTS}?limit=1").json()["data"][0]
    assert single == listed == ours(SINGLE, zip="95420")


@pytest.mark.parametrize("status", [200, 201])
def test_new_generation_creates_with_all_fields(server: Running, call: Caller, status: int) -> None:
    if status != 200:
        server.set_switches(create_status=status)
    reply = call.slicktext("POST", json={"mobile_number": "2125550199"})
    assert reply.status_code == status
    assert list(reply.json()) == list(SINGLE)
    assert reply.json()["custom_fields"] == {}


def test_old_generation_is_untidy(server: Running, call: Caller) -> None:
    server.set_switches(generation="old")
    people = call.slicktext("GET", f"{CONTACTS}?limit=300").json()["data"]
    zips = {type(person["zip"]) for person in people}
    assert zips == {int, str}, "numbers in the US, text in Canada"
    assert any(person["zip"] < 10_000 for person in people if isinstance(person["zip"], int))
    assert any(person["birthdate"] == "null" for person in people)
    assert all(person["birthdate"] for person in people)
    assert any(person["custom_fields"] is None for person in people)
    assert any(person["last_updated"] is None for person in people)
    assert {person["sub_source"] for person in people} == {"null"}


def test_do_not_text_has_the_three_fields_of_the_guide(call: Caller) -> None:
    for desired in (True, False):
        body = {"clientId": "sandbox-client", "phone": "+15551234567", "doNotText": desired}
        reply = call.ccai(body)
        assert reply.status_code == 200
        assert {name: type(value) for name, value in reply.json().items()} == DO_NOT_TEXT
        assert reply.json()["phone"] == "+15551234567"
        assert reply.json()["doNotText"] is desired
