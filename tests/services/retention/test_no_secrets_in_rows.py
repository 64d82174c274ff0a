"""No stored row holds a secret of ours, whatever a vendor sends back."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.db import models
from django.utils import timezone

from contacts_ui.models import Vendor, WebhookEvent
from contacts_ui.services import retention
from contacts_ui.services.webhooks import inbox
from contacts_ui.services.webhooks.payloads import without_secrets
from dashboard.vendors import PRACTICE_CCAI_SECRET, PRACTICE_SLICKTEXT_SECRET
from tests import hooks
from tests.people import Vendors

pytestmark = pytest.mark.django_db
ADDRESS = f"https://dashboard.example.com/webhooks/slicktext/{PRACTICE_SLICKTEXT_SECRET}/"


def texts_of_all_rows() -> Iterator[str]:
    """Yield every text and JSON value in the database."""
    for model in apps.get_models():
        if not model._meta.managed:
            continue
        names = [
            field.attname
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
        ]
        for row in model._default_manager.values_list(*names) if names else ():
            yield from map(str, row)


def holds(*secrets: str) -> bool:
    return any(secret in text for text in texts_of_all_rows() for secret in secrets)


@pytest.mark.parametrize(
    "url",
    [
        ADDRESS,
        ADDRESS.upper().replace(PRACTICE_SLICKTEXT_SECRET.upper(), PRACTICE_SLICKTEXT_SECRET),
        f"{ADDRESS}?a=b",
        PRACTICE_SLICKTEXT_SECRET,
        {"hook": {"address": [ADDRESS]}},
        {ADDRESS: "x"},
    ],
)
def test_slicktexts_hooks_are_stored_without_our_address(url: Any, vendors: Vendors) -> None:
    body = {**hooks.hint(name="contact_updated", opt_in_status="unsubscribed"), "url": url}
    assert hooks.tell_slicktext({**body, "registration": {"url": url}}).status_code == 200
    hooks.work()
    assert WebhookEvent.objects.count() == 1
    assert not holds(PRACTICE_SLICKTEXT_SECRET)


def test_cloudcontactais_events_are_stored_without_secrets(vendors: Vendors) -> None:
    body = hooks.unsubscribed(secret=PRACTICE_CCAI_SECRET, hook=ADDRESS)
    for _ in range(2):
        assert hooks.tell_ccai(body).status_code == 200
    # The second one is still known as the same.
    assert [event.needs_decision for event in WebhookEvent.objects.all()] == [False]
    assert not holds(PRACTICE_CCAI_SECRET, PRACTICE_SLICKTEXT_SECRET)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("/webhooks/slicktext/abc/", "/webhooks/slicktext/[hidden]/"),
        ("https://x/webhooks/slicktext/a%2Fb?c", "https://x/webhooks/slicktext/[hidden]?c"),
        ("/webhooks/slicktext/[hidden]/", "/webhooks/slicktext/[hidden]/"),
        ("/webhooks/slicktext/", "/webhooks/slicktext/"),
        ("they wrote STOP", "they wrote STOP"),
        (f"a{quote('long secret/+', safe='')}b", "a[hidden]b"),
    ],
)
def test_what_is_hidden(text: str, stored: str) -> None:
    # A short secret stands in many a word: only our address is removed for it.
    assert without_secrets({"a": [text], "n": 1.5}, ("STOP", "long secret/+")) == {
        "a": [stored],
        "n": 1.5,
    }


def test_what_was_stored_before_is_cleaned_once() -> None:
    now = timezone.now()
    bodies = [{"url": ADDRESS, "data": {"contact_id": n}} for n in range(3)]
    old = "https://x/webhooks/slicktext/of-years-ago/"
    for place, body in enumerate([*bodies, {"url": old}, {"url": "https://example.com/"}]):
        WebhookEvent.objects.create(
            vendor=Vendor.SLICKTEXT, key=str(place), event="x", body=body, received_at=now
        )
    assert retention.clean_stored() == 4
    assert not holds(PRACTICE_SLICKTEXT_SECRET, "of-years-ago")
    assert WebhookEvent.objects.get(key="2").body["data"] == {"contact_id": 2}
    assert retention.clean_stored() == 0


def test_a_replay_is_known_after_its_body_was_emptied(vendors: Vendors) -> None:
    body = {**hooks.unsubscribed(), "amount": 1e300}
    hooks.tell_ccai(body)
    hooks.work()
    event = WebhookEvent.objects.get()
    event.body = inbox.emptied(event.body)
    event.save()
    hooks.tell_ccai(body)
    assert WebhookEvent.objects.count() == 1
    # The hash that is signed does not cover the body: another one is still left to people.
    hooks.tell_ccai({**body, "eventType": "contact.unsubscribed", "more": 1})
    assert list(WebhookEvent.objects.order_by("pk").values_list("needs_decision", flat=True)) == [
        False,
        True,
    ]


def test_a_hint_of_slicktexts_is_known_after_its_body_was_emptied() -> None:
    body = hooks.hint(first_name="Marty")
    hooks.tell_slicktext(body)
    WebhookEvent.objects.update(body={inbox.EMPTIED: "x"}, done_at=timezone.now(), due_at=None)
    hooks.tell_slicktext({**body, "attempts": 2})
    assert WebhookEvent.objects.count() == 1
