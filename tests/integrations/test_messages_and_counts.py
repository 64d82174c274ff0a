from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from hypothesis import given, settings
from responses import matchers

from contacts_ui.integrations import errors, slicktext
from contacts_ui.integrations.coerce import BadShape
from contacts_ui.integrations.http import Connection
from contacts_ui.integrations.slicktext_parsing import (
    TOTAL,
    parse_brand,
    parse_counts,
    parse_message,
    parse_messages,
)
from contacts_ui.integrations.types import Message

from .people import NUMBER, ONCE, OTHER_NUMBER, page
from .test_parsing import JSON

MESSAGES = "http://slick.test/v1/brands/26136/messages"
COUNTS = "http://slick.test/v1/brands/26136/analytics/contacts"
OURS = "+18335550100"
COUNTED = {"subscribed": 5, "not subscribed": 2}
ROWS = [{"name": name, "count": count} for name, count in COUNTED.items()]


def text(**changes: Any) -> dict[str, Any]:
    """A text to Marty, as raw JSON."""
    return {
        "to": NUMBER,
        "from": OURS,
        "body": "Save 20% today",
        "direction": "outbound",
        "source": "campaign",
        "status": "delivered",
        "created": "2026-11-28 20:00:00",
        "contact": {"contact_id": 7778},
        **changes,
    }


def reply(**changes: Any) -> dict[str, Any]:
    return text(**{"to": OURS, "from": NUMBER, "direction": "inbound", **changes})


def test_a_text_as_the_vendors_page_shows_it() -> None:
    message = parse_message(text(message_id=91))
    assert message == Message(
        key="91",
        number=NUMBER,
        outbound=True,
        body="Save 20% today",
        source="campaign",
        status="delivered",
        created=datetime(2026, 11, 28, 20, tzinfo=UTC),
        contact_id=7778,
    )


@pytest.mark.parametrize(
    ("raw", "outbound", "words"),
    [
        (text(), True, ["outbound", "Outgoing", "OUT", "sent", "MT", "outbound-api"]),
        (reply(), False, ["inbound", "Incoming", "IN", "received", "mo", "inbound_api"]),
    ],
    ids=["outbound", "inbound"],
)
def test_the_person_is_who_it_went_to_or_came_from(
    raw: dict[str, Any], outbound: bool, words: list[str]
) -> None:
    for word in words:
        message = parse_message({**raw, "direction": word})
        assert (message.outbound, message.number) == (outbound, NUMBER), word


@pytest.mark.parametrize("word", [None, "", "sideways", {"a": 1}])
@pytest.mark.parametrize(
    ("raw", "outbound"),
    [
        (text(contact={"mobile_number": NUMBER}), True),
        (reply(contact={"mobile_number": "6155553338"}), False),
        (text(**{"from": "31313"}), True),
        (reply(to=313131), False),
    ],
)
def test_an_unknown_direction_is_inferred_where_it_is_certain(
    raw: dict[str, Any], outbound: bool, word: Any
) -> None:
    message = parse_message({**raw, "direction": word})
    assert (message.outbound, message.number) == (outbound, NUMBER)


@pytest.mark.parametrize(
    "raw",
    [
        text(direction="sideways"),
        text(direction=None, contact={"mobile_number": OTHER_NUMBER}),
        text(direction=None, contact={"mobile_number": NUMBER}, **{"from": NUMBER}),
        text(to=[NUMBER]),
        text(body={"text": "hello"}),
        None,
        "text",
    ],
)
def test_what_cannot_be_read_is_counted_and_spoils_nothing_else(raw: Any) -> None:
    found = parse_messages(page(text(), raw, reply()), 40)
    assert [message.outbound for message in found.messages] == [True, False]
    assert (found.received, found.malformed, found.offset) == (3, 1, 40)


def test_untidy_values_do_not_hide_a_text() -> None:
    raw = text(to="(615) 555-3338", body=None, source="null", status={}, created="soon", contact=9)
    message = parse_message(raw)
    assert (message.number, message.body, message.source, message.status) == (NUMBER, "", "", "")
    assert (message.created, message.contact_id) == (None, 9)
    assert parse_message(text(to="31313")).number is None
    assert parse_message(text(to=None, contact={"phone": NUMBER})).number == NUMBER


@pytest.mark.parametrize(
    "created", ["2026-11-28T15:00:00-05:00", "2026-11-28T20:00:00Z", 1795896000000, "1795896000"]
)
def test_times_of_every_kind(created: Any) -> None:
    assert parse_message(text(created=created)).created == datetime(2026, 11, 28, 20, tzinfo=UTC)


@pytest.mark.parametrize("name", ["message_id", "_message_id", "id", "_id"])
def test_the_key_is_the_vendors_id(name: str) -> None:
    assert parse_message(text(**{name: "a1f3"})).key == "a1f3"


def test_without_an_id_the_key_stays_while_the_status_changes() -> None:
    key = parse_message(text(status="queued")).key
    assert key == parse_message(text(status="delivered", id=None)).key
    assert len(key) == 64
    others = [
        text(body="Save 30% today"),
        text(to=OTHER_NUMBER),
        text(created="2026-11-28 20:00:01"),
        reply(**{"to": NUMBER, "from": OURS}),
    ]
    assert len({key, *(parse_message(other).key for other in others)}) == 5


@pytest.mark.parametrize(
    ("raw", "has_more"),
    [
        (page(text(), has_more=True), True),
        (page(text()), False),
        (page(has_more=True), False),
        ({"data": [text()]}, True),
        ({"messages": [text()], "pagingData": {"hasMore": "false"}}, False),
        ([text()], True),
        ([], False),
        ({"data": None}, False),
    ],
)
def test_where_messages_go_on(raw: Any, has_more: bool) -> None:
    assert parse_messages(raw, 0).has_more is has_more


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_any_json_is_read_or_refused(raw: Any) -> None:
    for parse in (lambda: parse_messages(raw, 0), lambda: parse_counts(raw)):
        try:
            parse()
        except BadShape:
            continue


def test_messages_are_asked_for_by_page_and_filter(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    query = {"limit": "20", "offset": "40", "direction": "outbound"}
    mocked.get(
        MESSAGES, json=page(text(), has_more=True), match=[matchers.query_param_matcher(query)]
    )
    found = slicktext.list_messages(slick, limit=20, offset=40, filters={"direction": "outbound"})
    assert (len(found.messages), found.has_more, found.offset) == (1, True, 40)


@pytest.mark.parametrize("ask", [slicktext.list_messages, slicktext.count_contacts])
def test_an_account_that_offers_none_is_not_found(
    ask: Any, slick: Connection, mocked: responses.RequestsMock
) -> None:
    for url in (MESSAGES, COUNTS):
        mocked.assert_all_requests_are_fired = False
        mocked.get(url, json={"message": "not found"}, status=404)
    with pytest.raises(errors.NotFound):
        ask(slick)


@pytest.mark.parametrize(
    "raw",
    [
        COUNTED,
        {"subscribed": "5", "not subscribed": {"count": 2}},
        {"data": COUNTED},
        {"data": {"groups": COUNTED}},
        {"analytics": {"opt_in_status": COUNTED}, "brand_id": 26136},
        {"subscribed": 5, "not subscribed": 2, "brand_id": 26136, "rate": 0.4},
        [{"opt_in_status": "subscribed", "count": 5}, {"status": "not subscribed", "total": 2}],
        {"data": [{"group": "subscribed", "value": 5}, {"group": "not subscribed", "value": "2"}]},
        {"group": "opt_in_status", "data": ROWS},
        {"data": [{"group": "opt_in_status", "groups": ROWS}]},
    ],
)  # fmt: skip
def test_counts_in_every_shape(raw: Any) -> None:
    assert parse_counts(raw) == COUNTED


@pytest.mark.parametrize(
    "raw",
    [
        {"total": 7, **COUNTED},
        {"total": 7, "data": COUNTED},
        {"total_contacts": "7", "data": {"groups": COUNTED}},
        {"data": {"total": 7, "groups": [{"group": k, "total": n} for k, n in COUNTED.items()]}},
        [{"group": k, "count": n} for k, n in {**COUNTED, "total": 7}.items()],
    ],
)
def test_the_total_is_under_no_name(raw: Any) -> None:
    assert parse_counts(raw) == {TOTAL: 7, **COUNTED}


def test_statuses_are_spelled_as_slicktext_does() -> None:
    rows = {"Subscribed": 5, "not_subscribed": 0, "Pending Subscription": 1}
    assert parse_counts(rows) == rows
    assert parse_counts([{"opt_in_status": None, "count": 3}]) == {"null": 3}


@pytest.mark.parametrize(
    "raw",
    [
        None, [], {}, "5", 5, {"total": 7}, {"data": []}, {"error": "none"}, {"status": "ok", "count": 5},
        {"subscribed": None}, {"subscribed": "many"}, {"subscribed": -1}, {"subscribed": 0.6},
        [{"opt_in_status": "subscribed"}],
    ],
)  # fmt: skip
def test_no_status_with_a_count_is_refused(raw: Any) -> None:
    with pytest.raises(BadShape):
        parse_counts(raw)


def test_counts_are_asked_for_by_group(slick: Connection, mocked: responses.RequestsMock) -> None:
    match = [matchers.query_param_matcher({"group": "opt_in_status"})]
    mocked.get(COUNTS, json={"data": COUNTED}, match=match)
    assert slicktext.count_contacts(slick) == COUNTED


def test_counts_in_another_shape_are_unreadable(
    slick: Connection, mocked: responses.RequestsMock
) -> None:
    mocked.get(COUNTS, json={"data": {"visits": 5}})
    with pytest.raises(errors.Unreadable):
        slicktext.count_contacts(slick, policy=ONCE)


def test_a_brand_says_how_it_handles_opt_ins_and_opt_outs() -> None:
    said = {
        "force_double_opt_in": True,
        "opt_out_intel_enabled": True,
        "opt_out_intel_action": "unsubscribe",
    }
    assert parse_brand({"brand_id": 26136, "name": "Hill Valley", **said}).extra == said
