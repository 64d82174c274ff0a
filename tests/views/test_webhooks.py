"""The two addresses that the vendors call: who is believed, and how soon they are answered."""

import hmac
import json
import time
from typing import Any

import pytest
from django.test import Client

from contacts_ui.models import Vendor, WebhookEvent
from contacts_ui.services import webhooks
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
def test_a_wrong_signature(wrong: str, db: None) -> None:
    event = {**unsubscribed(), "eventHash": "h"}
    # As the server decodes it: a header is Latin-1, whatever was sent.
    answer = Client().post(
        CCAI, json.dumps(event), content_type="application/json", HTTP_X_CCAI_SIGNATURE=wrong
    )
    assert answer.status_code == 401
    assert not WebhookEvent.objects.exists()


def test_no_signature(db: None) -> None:
    assert post(CCAI, unsubscribed()).status_code == 401


def test_secrets_are_compared_in_constant_time(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert tell_ccai(unsubscribed()).status_code == 401
    assert tell_slicktext(hint()).status_code == 404
    assert len(compared) == 2
    assert all(isinstance(part, bytes) for pair in compared for part in pair)


def test_the_signature_is_over_our_client_id(db: None, settings: Any, vendors: Vendors) -> None:
    from dataclasses import replace

    other = replace(settings.VENDORS.cloudcontactai, account="somebody-else")
    settings.VENDORS = replace(settings.VENDORS, cloudcontactai=other)
    assert tell_ccai(unsubscribed()).status_code == 401


@pytest.mark.parametrize("secret", ["wrong", "practice-slicktext-secre", "%C3%A4", "7778"])
def test_a_wrong_secret_in_the_address(secret: str, db: None) -> None:
    assert post(f"/webhooks/slicktext/{secret}/", hint()).status_code == 404
    assert not WebhookEvent.objects.exists()


def test_without_a_secret_there_is_no_such_address(db: None, settings: Any) -> None:
    settings.CCAI_WEBHOOK_SECRET = settings.SLICKTEXT_WEBHOOK_SECRET = ""
    assert tell_ccai(unsubscribed()).status_code == 404
    assert post("/webhooks/slicktext/x/", hint()).status_code == 404
    assert post("/webhooks/slicktext//", hint()).status_code == 404


def test_only_post(client: Client, db: None) -> None:
    for address in (CCAI, SLICKTEXT):
        for method in ("get", "put", "delete", "head"):
            assert getattr(client, method)(address).status_code == 405


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"eventHash": NaN}', b"[" * 60_000,
        b'{"eventHash": "a\\u0000b"}', b'{"eventHash": "\\ud800"}', b'{"eventHash": ' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_event(raw: bytes, db: None) -> None:
    for address in (CCAI, SLICKTEXT):
        assert post(address, raw).status_code == 400
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("event_hash", [None, "", 5, ["h"], {"h": 1}])
def test_an_event_without_a_hash(event_hash: Any, db: None) -> None:
    assert post(CCAI, {**unsubscribed(), "eventHash": event_hash}).status_code == 400


def test_a_huge_body(db: None) -> None:
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
    assert webhooks.due_now() == []


def test_a_replay_with_another_person_changes_nothing(vendors: Vendors) -> None:
    """The signature does not cover the body, so a stolen one must not stop others."""
    event = unsubscribed()
    tell_ccai(event)
    assert (
        tell_ccai({**unsubscribed(FREE_NUMBER), "eventHash": event["eventHash"]}).status_code == 200
    )
    work()
    assert vendors.stopped(FREE_NUMBER) is None


def test_the_attempts_of_one_hint_are_one(vendors: Vendors) -> None:
    tell_slicktext(hint())
    tell_slicktext({**hint(), "attempts": 2})
    assert WebhookEvent.objects.count() == 1


def test_two_changes_under_one_id_are_two(vendors: Vendors) -> None:
    """Nobody says whether the id is the event's or the webhook's."""
    tell_slicktext(hint(opt_in_status="subscribed"))
    tell_slicktext(hint(opt_in_status="unsubscribed"))
    assert WebhookEvent.objects.count() == 2


def test_events_of_other_types_are_kept_and_answered(vendors: Vendors) -> None:
    event = {**unsubscribed(), "eventType": "message.sent"}
    assert tell_ccai(event).status_code == 200
    assert tell_slicktext(hint(name="contact_deleted")).status_code == 200
    assert tell_slicktext({"anything": "else"}).status_code == 200
    assert webhooks.due_now() == []
    assert all(row.done_at and row.outcome for row in WebhookEvent.objects.all())
    assert WebhookEvent.objects.count() == 3


def test_odd_but_signed(vendors: Vendors) -> None:
    event = {"eventType": ["x"] * 100, "data": None, "eventHash": "h" * 400}
    assert tell_ccai(event).status_code == 200
    assert len(WebhookEvent.objects.get().key) <= 200


def test_a_slow_vendor_does_not_slow_the_answer(vendors: Vendors) -> None:
    for vendor in Vendor:
        vendors.fault(vendor.value, "latency", seconds=5)
    start = time.monotonic()
    tell_ccai(unsubscribed())
    tell_slicktext(hint())
    assert time.monotonic() - start < 1


def test_an_answer_costs_one_query(vendors: Vendors, django_assert_num_queries: Any) -> None:
    for tell, body in ((tell_ccai, unsubscribed()), (tell_slicktext, hint())):
        with django_assert_num_queries(1):
            tell(body)
