"""The two addresses that the vendors call: who is believed, and how soon they are answered."""

import hmac
import json
from typing import Any

import pytest
from django.test import Client

from contacts_ui.models import WebhookEvent
from contacts_ui.services.webhooks import inbox
from tests.hooks import (
    CCAI,
    SLICKTEXT,
    hint,
    post,
    signature,
    tell_ccai,
    tell_slicktext,
    unsubscribed,
    work,
)
from tests.people import FREE_NUMBER, Vendors

pytestmark = pytest.mark.django_db


def signed(event: dict[str, Any]) -> dict[str, str]:
    return {"X-CCAI-Signature": signature(str(event["eventHash"]))}


def test_it_works(vendors: Vendors) -> None:
    assert tell_ccai(unsubscribed()).status_code == 200
    assert tell_slicktext(hint()).status_code == 200
    stored = WebhookEvent.objects.order_by("pk")
    assert [(row.vendor, row.event) for row in stored] == [
        ("cloudcontactai", "contact.unsubscribed"),
        ("slicktext", "contact_updated"),
    ]
    assert all(row.due_at and not row.done_at for row in stored)
    assert vendors.asked() == [], "the work is done afterwards"


@pytest.mark.parametrize(
    "wrong", ["", "x", "ä", signature("other"), signature("h", "other secret"), "=" * 5000]
)
def test_a_wrong_signature(wrong: str) -> None:
    event = {**unsubscribed(), "eventHash": "h"}
    # As the server decodes it: a header is Latin-1, whatever was sent.
    answer = Client().post(
        CCAI, json.dumps(event), content_type="application/json", HTTP_X_CCAI_SIGNATURE=wrong
    )
    assert answer.status_code == 401
    assert not WebhookEvent.objects.exists()


def test_no_signature() -> None:
    assert post(CCAI, unsubscribed()).status_code == 401


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert tell_ccai(unsubscribed()).status_code == 401
    assert tell_slicktext(hint()).status_code == 404
    assert len(compared) == 2
    assert all(isinstance(part, bytes) for pair in compared for part in pair)


def test_the_signature_is_over_our_client_id(settings: Any, vendors: Vendors) -> None:
    from dataclasses import replace

    other = replace(settings.VENDORS.cloudcontactai, account="somebody-else")
    settings.VENDORS = replace(settings.VENDORS, cloudcontactai=other)
    assert tell_ccai(unsubscribed()).status_code == 401


@pytest.mark.parametrize("secret", ["wrong", "practice-slicktext-secre", "%C3%A4", "7778"])
def test_a_wrong_secret_in_the_address(secret: str) -> None:
    assert post(f"/webhooks/slicktext/{secret}/", hint()).status_code == 404
    assert not WebhookEvent.objects.exists()


def test_without_a_secret_there_is_no_such_address(settings: Any) -> None:
    settings.CCAI_WEBHOOK_SECRET = settings.SLICKTEXT_WEBHOOK_SECRET = ""
    assert tell_ccai(unsubscribed()).status_code == 404
    assert post("/webhooks/slicktext/x/", hint()).status_code == 404
    assert post("/webhooks/slicktext//", hint()).status_code == 404


def test_only_post_and_for_cloudcontactai_put(client: Client) -> None:
    for address, refused in ((CCAI, ("get", "delete", "head")), (SLICKTEXT, ("get", "put"))):
        for method in refused:
            assert getattr(client, method)(address).status_code == 405


def test_cloudcontactais_hook_is_taken_by_put_as_by_post(vendors: Vendors) -> None:
    assert tell_ccai(unsubscribed(), "PUT").status_code == 200
    work()
    assert vendors.status() == "unsubscribed"
    assert tell_ccai({**unsubscribed(), "eventHash": ""}, "PUT").status_code == 400


NO_NUMBER = "a number that no database holds"
NO_TEXT = "a character that no database holds"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"data": ' * 60 + b"1" + b"}" * 60, "nested too deeply"),
        (b'{"eventHash": NaN}', NO_NUMBER),
        (b'{"data": [-Infinity]}', NO_NUMBER),
        (b'{"data": {"price": 1e999}}', NO_NUMBER),
        (b'{"data": ' + b"9" * 400 + b"}", NO_NUMBER),
        (b'{"data": ' + b"9" * 5000 + b"}", NO_NUMBER),
        (b'{"eventHash": "a\\u0000b"}', NO_TEXT),
        (b'{"eventHash": "\\ud800"}', NO_TEXT),
        (b'{"data": {"\\udfff": 1}}', NO_TEXT),
        (b'{"data": "\xed\xa0\x80"}', NO_TEXT),
    ],
)
def test_row_20_what_no_database_holds_is_refused_with_its_reason_and_logged(
    raw: bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    for address in (CCAI, SLICKTEXT):
        caplog.clear()
        answer = post(address, raw)
        assert (answer.status_code, answer.content.decode()) == (400, why)
        assert why in caplog.text
    assert not WebhookEvent.objects.exists()


def test_row_20_a_signed_stop_with_such_a_number_is_not_ok(vendors: Vendors) -> None:
    event = unsubscribed()
    raw = json.dumps(event).replace('"data": {', '"data": {"TotalPrice": 1e999, ')
    assert post(CCAI, raw.encode(), **signed(event)).status_code == 400


@pytest.mark.parametrize(
    "value", [1e300, -0.0, 10**290, 2**64, "\\u0000", "\U0001f600", [[[[]]]], {"": None}]
)
def test_what_every_database_holds_is_taken_and_worked_on(value: Any, vendors: Vendors) -> None:
    event = unsubscribed(odd=value)
    assert tell_ccai(event).status_code == 200
    assert tell_ccai(event).status_code == 200
    work()
    assert vendors.stopped() is True
    assert WebhookEvent.objects.count() == 1, "the same body again is a replay"


def test_what_the_database_still_refuses_is_not_ok(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As SQLite does, which leaves out what breaks a check without a word."""
    monkeypatch.setattr(WebhookEvent.objects, "bulk_create", lambda *_, **__: None)
    assert tell_ccai(unsubscribed()).status_code == 400
    assert tell_slicktext(hint()).status_code == 400


@pytest.mark.parametrize("event_hash", [None, "", 5, ["h"], {"h": 1}])
def test_an_event_without_a_hash(event_hash: Any) -> None:
    assert post(CCAI, {**unsubscribed(), "eventHash": event_hash}).status_code == 400


def test_a_huge_body() -> None:
    event = unsubscribed()
    event["data"]["padding"] = "x" * 70_000
    assert post(CCAI, event, **signed(event)).status_code == 413
    assert post(SLICKTEXT, hint(padding="x" * 70_000)).status_code == 413
    assert not WebhookEvent.objects.exists()


def test_a_replay_is_harmless(vendors: Vendors) -> None:
    event = unsubscribed()
    for _ in range(3):
        assert tell_ccai(event).status_code == 200
    assert len(work()) == 1
    assert tell_ccai(event).status_code == 200
    assert inbox.due_events() == []


def test_a_replay_with_another_person_is_left_to_people(vendors: Vendors) -> None:
    """The signature does not cover the body, so a stolen one must not stop others, nor end silently."""
    event = unsubscribed()
    tell_ccai(event)
    other = {**unsubscribed(FREE_NUMBER), "eventHash": event["eventHash"]}
    for _ in range(2):
        assert tell_ccai(other).status_code == 200
    work()
    assert vendors.stopped(FREE_NUMBER) is None
    waiting = WebhookEvent.objects.get(needs_decision=True)
    assert waiting.body == other
    assert "same hash as another event" in waiting.outcome


def test_a_stop_under_the_hash_of_something_else_is_left_to_people(vendors: Vendors) -> None:
    event = unsubscribed()
    tell_ccai({"eventType": "message.sent", "data": {}, "eventHash": event["eventHash"]})
    tell_ccai(event)
    assert WebhookEvent.objects.get(needs_decision=True).event == "contact.unsubscribed"


def test_one_hash_for_two_messages_is_no_news(vendors: Vendors) -> None:
    for status in ("SENT", "DELIVERED"):
        body = {"eventType": "message.sent", "data": {"MessageStatus": status}, "eventHash": "m"}
        assert tell_ccai(body).status_code == 200
    assert not WebhookEvent.objects.filter(needs_decision=True).exists()


def test_the_attempts_of_one_hint_are_one(vendors: Vendors) -> None:
    tell_slicktext(hint())
    tell_slicktext({**hint(), "attempts": 2})
    assert WebhookEvent.objects.count() == 1


def test_two_changes_under_one_id_are_two(vendors: Vendors) -> None:
    """No page says if the id is the event's or the webhook's."""
    tell_slicktext(hint(opt_in_status="subscribed"))
    tell_slicktext(hint(opt_in_status="unsubscribed"))
    assert WebhookEvent.objects.count() == 2


def test_events_of_other_types_are_kept_and_answered(vendors: Vendors) -> None:
    text = {"To": FREE_NUMBER, "Message": "Sale today. Reply STOP to unsubscribe."}
    event = {"eventType": "message.queued", "data": text, "eventHash": "sent"}
    assert tell_ccai(event).status_code == 200
    assert tell_slicktext(hint(name="contact_deleted")).status_code == 200
    assert tell_slicktext({"anything": "else"}).status_code == 200
    assert inbox.due_events() == []
    assert all(row.done_at and row.outcome for row in WebhookEvent.objects.all())
    assert WebhookEvent.objects.count() == 3


def test_odd_but_signed(vendors: Vendors) -> None:
    event = {"eventType": ["x"] * 100, "data": None, "eventHash": "h" * 400}
    assert tell_ccai(event).status_code == 200
    assert len(WebhookEvent.objects.get().key) <= 200


def test_a_slow_vendor_does_not_slow_the_answer(vendors: Vendors) -> None:
    vendors.forget_calls()
    tell_ccai(unsubscribed())
    tell_slicktext(hint())
    assert vendors.asked() == [], "none is asked before the answer"


def test_an_answer_costs_two_queries(vendors: Vendors, django_assert_num_queries: Any) -> None:
    for tell, body in ((tell_ccai, unsubscribed()), (tell_slicktext, hint())):
        with django_assert_num_queries(2):
            tell(body)
